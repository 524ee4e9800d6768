"""``mien data pack``: splits of a data set as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from tyro.conf import arg, subcommand

from . import cli_data
from .cli_arguments import deferred
from .cli_data import Dataset, Root, Settings, Splits, open_splits
from .drafts import refuse_source
from .errors import InputError, require
from .progress import create_progress


def pack(
    dataset: Dataset,
    *,
    root: Root,
    output: Annotated[Path, arg(metavar="FILE", aliases=["-o"])],
    split: Splits = (),
    set: Settings = (),
    size: Annotated[
        int | None, arg(metavar="INT", help_behavior_hint="(default: as they are, or 112)")
    ] = None,
    colour: Annotated[
        Literal["grey", "rgb"] | None,
        arg(metavar="{grey,rgb}", help_behavior_hint="(default: rgb, of FER+ grey)"),
    ] = None,
    debug: bool = False,
) -> int:
    """Put splits of a data set into one file, without loss, to be trained from elsewhere.

    The file is a copy that mien reads in place of the original. Faces are cut by their boxes
    where the data set has such.

    Args:
        dataset: Name of the data set.
        root: The copy, a folder or a zip file.
        output: The packed file.
        split: Only this split; may be given several times.
        set: An option of the data set's reader; may be given several times.
        size: Side of the stored pictures, in pixels.
        colour: Of the stored pictures.
        debug: Show the traceback of an error.
    """
    del debug
    require("scipy", "train")
    from dataclasses import replace

    from .data.packed import default_preprocess
    from .data.packed import pack as run

    refuse_source(output, root)
    if size is not None and size < 1:
        raise InputError(f"--size is {size}, not at least 1")
    readers, failures = open_splits(dataset, root, split, set)
    usual = default_preprocess(readers[0])
    preprocess = replace(usual, size=size or usual.size, colour=colour or usual.colour)
    with create_progress(rows_on_terminal=False) as progress:
        packed = run(readers, output, preprocess, progress=progress.count)
    print(packed.sentence())
    return 1 if failures else 0


Verb: TypeAlias = cli_data.Verb | Annotated[Any, subcommand("pack", constructor=deferred(pack))]
"""All verbs of ``mien data``: to be run for their exit code."""
