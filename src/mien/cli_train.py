"""The verb ``train``: a recipe, run on the data sets that are there."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, UseAppendAction, arg

from .cli_lab import parse_settings, show_log
from .drafts import refuse_ending, refuse_source
from .errors import InputError, require


def train(
    recipe: Positional[
        Annotated[str | None, arg(metavar="RECIPE", help_behavior_hint="(default: list them)")]
    ] = None,
    *,
    data: Annotated[
        UseAppendAction[tuple[str, ...]], arg(metavar="[NAME=]ROOT", help_behavior_hint="")
    ] = (),
    packed: Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")] = None,
    output: Annotated[
        Path | None,
        arg(metavar="FOLDER", aliases=["-o"], help_behavior_hint="(default: runs/RECIPE)"),
    ] = None,
    start: Annotated[
        UseAppendAction[tuple[str, ...]], arg(metavar="MODEL", help_behavior_hint="")
    ] = (),
    teacher: Annotated[
        UseAppendAction[tuple[str, ...]], arg(metavar="MODEL", help_behavior_hint="")
    ] = (),
    unlabelled: Annotated[Path | None, arg(metavar="ROOT", help_behavior_hint="")] = None,
    smoke: bool = False,
    set: Annotated[
        UseAppendAction[tuple[str, ...]], arg(metavar="KEY=VALUE", help_behavior_hint="")
    ] = (),
    restart: bool = False,
    minutes: float = 0.0,
    accelerator: str = "auto",
    devices: int = 1,
    nodes: int = 1,
    debug: bool = False,
) -> int:
    """Train a recipe; a run that was interrupted is continued by the same command.

    Args:
        recipe: Name of the recipe, such as dan.ferplus.cpu; without one, all are listed.
        data: Copy of a data set, a folder or a zip file; may be repeated. Without a name it is
            the recipe's (first) set; another set than the recipe's own takes its place.
        packed: A file of mien data pack, instead of a copy.
        output: Folder of the run.
        start: Checkpoint, backbone, ONNX model or shipped model to begin with; may be repeated.
        teacher: Checkpoint, ONNX model or shipped model that gives soft targets; may be repeated.
        unlabelled: Faces without labels, to be learned from the teachers' answers.
        smoke: A size that runs in seconds, to try everything out.
        set: Change a field of the recipe; may be repeated.
        restart: Start again, whatever the folder holds.
        minutes: Pause after so many; 0 for never.
        accelerator: Lightning's name of what to run on, such as cpu or gpu.
        devices: Of a machine; the recipe's batch is shared out among them.
        nodes: Number of machines; the same command runs on each.
        debug: Show the traceback of an error.
    """
    del debug
    require("lightning", "train")
    show_log()
    if minutes < 0:
        raise InputError(f"--minutes is {minutes:g}; it is at least 0")
    from .training.copies import Copies
    from .training.hardware import Hardware, leads
    from .training.moved import moved_to_what_is_there
    from .training.recipes import RECIPES, find_recipe
    from .training.run import train as run
    from .zoo import model_file

    if recipe is None:
        for one in RECIPES.values():
            sets = ", ".join(dict.fromkeys(source.dataset for source in one.data))
            print(f"{one.name:<32} {one.model} on {sets}")
        return 0

    if not leads():
        logging.getLogger("mien").setLevel(logging.ERROR)
    named = find_recipe(recipe)
    copies = Copies(roots(data, named.data[0].dataset), packed)
    chosen = moved_to_what_is_there(named, copies.roots).with_settings(parse_settings(set))
    if smoke:
        chosen = chosen.smoke()
    path = run(
        chosen,
        copies,
        output or Path("runs") / chosen.name,
        start=[model_file(one) for one in start],
        teachers=[model_file(one) for one in teacher],
        unlabelled=unlabelled,
        resume=not restart,
        hardware=Hardware(accelerator, devices, nodes),
        minutes=minutes,
    )
    if path is None and leads():
        again = "the same command without --restart" if restart else "the same command"
        print(f"mien: paused; {again} goes on", file=sys.stderr, flush=True)
    elif leads():
        print(path)
    return 0


def average(
    checkpoints: Positional[
        Annotated[tuple[Path, ...], arg(metavar="CHECKPOINT...", help_behavior_hint="")]
    ],
    *,
    output: Annotated[Path, arg(metavar="FILE", aliases=["-o"])],
    data: Annotated[
        UseAppendAction[tuple[str, ...]], arg(metavar="[NAME=]ROOT", help_behavior_hint="")
    ] = (),
    packed: Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")] = None,
    debug: bool = False,
) -> int:
    """Make one network of several with a common past: the mean of their weights.

    It is calibrated on the part that the last one's recipe holds out, and its accuracy there is
    printed, so that it can be compared with theirs. Nothing is trained.

    Args:
        checkpoints: Of the same network; the last one's card says how faces are cut.
        output: The safetensors file.
        data: Copy of the recipe's data set, as for mien train; may be repeated.
        packed: A file of mien data pack, instead of a copy.
        debug: Show the traceback of an error.
    """
    del debug
    require("lightning", "train")
    show_log()
    from .card import RUNTIME_MODEL
    from .training.copies import Copies
    from .training.moved import dataset_of
    from .training.soup import average as run
    from .training.soup import recipe_name

    if not checkpoints:
        raise InputError("no CHECKPOINT is given; see: mien average --help")
    places = (one.partition("=")[2] or one for one in data)
    refuse_source(output, *checkpoints, *places, packed)
    refuse_ending(output, RUNTIME_MODEL, "a checkpoint")
    dataset = dataset_of(recipe_name(checkpoints[-1]))
    card = run(checkpoints, output, Copies(roots(data, dataset), packed))
    (found,) = card.measurements
    print(
        f"{output}: {100 * found.values['accuracy']:.1f} % on {found.images:,} pictures, "
        f"{found.split}"
    )
    return 0


def roots(data: Iterable[str], dataset: str) -> dict[str, Path | str]:
    """The copies of ``--data [NAME=]ROOT`` by name; one without a name is of ``dataset``."""
    found: dict[str, Path | str] = {}
    for pair in data:
        name, equals, root = pair.partition("=")
        if not equals or Path(pair).exists():
            name, root = dataset, pair
        if name in found:
            raise InputError(f"--data {pair}: there is a copy of {name} already, {found[name]}")
        found[name] = root if "://" in root else Path(root)  # a set of the hub has no path
    return found
