"""The verbs of the lab that have no file of their own. Each imports what it needs late."""

from __future__ import annotations

import json as json_format
import logging
import shlex
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from .drafts import refuse_ending, refuse_source, try_to_write
from .errors import InputError, require
from .progress import create_progress

if TYPE_CHECKING:
    from .card import Measurement


def costs(*, json: bool) -> int:
    """Parameters and operations of the networks in their papers' settings."""
    require("torch", "train")
    from .evaluation.reports.table import format_costs
    from .models import VARIANTS, variant_costs

    if json:
        for row in variant_costs():
            print(json_format.dumps(row.record()), flush=True)
        return 0
    with create_progress(rows_on_terminal=False) as progress:
        rows = []
        for row in variant_costs():
            rows.append(row)
            progress.count(len(rows), len(VARIANTS))
    print(format_costs(rows))
    return 0


def export(
    checkpoint: Positional[Annotated[Path, arg(metavar="CHECKPOINT")]],
    *,
    output: Annotated[Path, arg(metavar="FILE", aliases=["-o"])],
    faces: Annotated[Path | None, arg(metavar="ROOT", help_behavior_hint="")] = None,
    name: Annotated[
        str | None, arg(metavar="NAME", help_behavior_hint="(default: the card's)")
    ] = None,
    results: Annotated[
        UseAppendAction[tuple[Path, ...]], arg(metavar="FILE", help_behavior_hint="")
    ] = (),
    int8: bool = False,
    debug: bool = False,
) -> int:
    """Turn a checkpoint into a runtime model, checked against PyTorch.

    Args:
        checkpoint: A safetensors file with a card.
        output: The ONNX file.
        faces: A copy of FER+; both are compared on 256 of its faces instead of on noise.
        name: Name of the model.
        results: Record of mien evaluate, whose numbers take the place of the card's; may be
            repeated.
        int8: Store the weights as eight-bit whole numbers: a quarter of the size.
        debug: Show the traceback of an error.
    """
    del debug
    require("torch", "export")
    from .card import CHECKPOINT
    from .data.ferplus import FERPlus
    from .export import export as write

    refuse_source(output, checkpoint, faces, *results)
    refuse_ending(output, CHECKPOINT, "an ONNX model")
    try_to_write(output)
    numbers = _measured(checkpoint, results)
    pictures = None if faces is None else FERPlus(faces, "public-test").images[:256]
    done = write(
        checkpoint,
        output,
        pictures,
        source=("ferplus", "public-test"),
        name=name,
        measurements=numbers,
        int8=int8,
    )
    print(
        f"{done.path}: probabilities differ from PyTorch by {done.parity:.1e} at most, "
        + ("" if done.attention is None else f"attention maps by {done.attention:.1e}, ")
        + f"on {done.images} pictures"
    )
    return 0


def _measured(checkpoint: Path, results: Sequence[Path]) -> list[Measurement]:
    """What records of the checkpoint's own training say, each split and protocol once."""
    from .evaluation.record import read_result
    from .models.checkpoint import load_card

    if not results:
        return []
    card = load_card(checkpoint)
    if not card.recipe:
        raise InputError(
            f"{checkpoint}: its card tells of no training, so that no record can be seen to be its "
            "own; leave --results out"
        )
    numbers: dict[tuple[str, str, str], Measurement] = {}
    for file in results:
        record = read_result(file)
        said = (("recipe", record.recipe, card.recipe), ("seed", record.seed, card.seed))
        for what, theirs, ours in (*said, ("commit", record.trained_at, card.commit)):
            if theirs != ours:
                raise InputError(
                    f"{file}: is of another model, {record.model}; the {what} of its training is "
                    f"{theirs or 'not told'}, that of {checkpoint} {ours or 'not told'}"
                )
        for one in record.measurements(file.name if file.is_absolute() else file.as_posix()):
            key = (one.dataset, one.split, one.protocol)
            if key in numbers:
                raise InputError(f"{file}: {' '.join(key)} is told by another --results already")
            numbers[key] = one
    return list(numbers.values())


def import_checkpoint(
    source: Positional[Annotated[Path, arg(metavar="SOURCE")]],
    *,
    model: Literal["dan", "apvit", "retinaface"],
    output: Annotated[Path, arg(metavar="FILE", aliases=["-o"])],
    dataset: Annotated[
        Literal["rafdb", "affectnet7", "affectnet8"] | None,
        arg(
            metavar="{rafdb,affectnet7,affectnet8}",
            help_behavior_hint="(default: by the number of classes)",
        ),
    ] = None,
    debug: bool = False,
) -> int:
    """Turn a checkpoint that a paper's authors released into one of mien, with a card.

    The public weights of RetinaFace become a file for --detector-model.

    Args:
        source: The authors' file; no code from it is run.
        model: The network.
        output: The safetensors file; for retinaface an ONNX file.
        dataset: What it was trained on, which decides what its classes are.
        debug: Show the traceback of an error.
    """
    del debug
    require("torch", "train")
    from .card import CHECKPOINT, RUNTIME_MODEL
    from .models.checkpoint import save_model
    from .models.released import import_released
    from .models.retinaface import import_retinaface

    refuse_source(output, source)
    if model == "retinaface":
        refuse_ending(output, CHECKPOINT, "an ONNX model")
        if dataset is not None:
            raise InputError("--dataset is for networks with classes; retinaface has none")
        import_retinaface(source, output)
        quoted = shlex.quote(str(output))
        print(f"{output}: use it with --detector retinaface --detector-model {quoted}")
        return 0
    refuse_ending(output, RUNTIME_MODEL, "a checkpoint")
    network, card = import_released(model, source, dataset=dataset)
    save_model(network, card, output)
    print(f"{output}: {card.name}, {len(card.labels)} classes: {card.labels}")
    return 0


def parse_settings(pairs: tuple[str, ...]) -> dict[str, str]:
    """The pairs of ``--set KEY=VALUE``."""
    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise InputError(f"--set {pair}: this needs the form KEY=VALUE")
        settings[key] = value
    return settings


def show_log() -> None:
    """All that the library says of a run, where the command line shows its warnings."""
    logging.getLogger("mien").setLevel(logging.INFO)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    # Of Lightning's own making, and nothing that a user could act on.
    warnings.filterwarnings("ignore", module=r"lightning\.")
    warnings.filterwarnings("ignore", message=".*does not have a deterministic implementation")
