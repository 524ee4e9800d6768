"""The verbs of ``mien data`` but pack: check, stats, prepare."""

from __future__ import annotations

import json as json_format
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from tyro.conf import Positional, UseAppendAction, arg, subcommand

from .cli_arguments import deferred
from .cli_lab import parse_settings, show_log
from .drafts import output_file, refuse_source, try_to_write
from .errors import DataError, InputError, SplitMissing, require
from .progress import create_progress

if TYPE_CHECKING:
    from .data.preparing.prepare_report import PrepareReport
    from .data.reader import Reader

Dataset: TypeAlias = Positional[Annotated[str, arg(metavar="DATASET")]]
# A folder or a file, or for some data sets an address.
Root: TypeAlias = Annotated[str, arg(metavar="ROOT")]
Splits: TypeAlias = Annotated[
    UseAppendAction[tuple[str, ...]], arg(metavar="SPLIT", help_behavior_hint="(default: all)")
]
Settings: TypeAlias = Annotated[
    UseAppendAction[tuple[str, ...]], arg(metavar="KEY=VALUE", help_behavior_hint="")
]
Jobs: TypeAlias = Annotated[
    int | None, arg(metavar="INT", help_behavior_hint="(default: one per core)")
]

_NAMED = 5


def check(
    dataset: Dataset,
    *,
    root: Root,
    split: Splits = (),
    set: Settings = (),
    equal_only: bool = False,
    jobs: Jobs = None,
    limit: int = 20,
    json: bool = False,
    output: Annotated[
        Path | None, arg(metavar="FILE", aliases=["-o"], help_behavior_hint="")
    ] = None,
    debug: bool = False,
) -> int:
    """Tell whether a copy of a data set is right.

    Every picture is decoded, and numbers, sizes, boxes, labels, names and groups are compared
    with what they should be; a problem with these makes the exit code 1. Copies and near copies,
    and files that no table names, are told as well, and are no problem.

    Args:
        dataset: Name of the data set.
        root: The copy, a folder or a zip file.
        split: Only this split; may be given several times.
        set: An option of the data set's reader; may be given several times.
        equal_only: Seek copies that are equal pixel for pixel, and no near copies.
        jobs: Pictures that are decoded at a time.
        limit: How many problems of each kind are named; the rest is counted.
        json: Write the report as JSON.
        output: Write the report as JSON to this file.
        debug: Show the traceback of an error.
    """
    del debug
    require("scipy", "train")
    from .data.checking.check import check as run
    from .data.reader_options import options_from_text

    if jobs is not None and jobs < 1:
        raise InputError(f"--jobs is {jobs}, not at least 1")
    if limit < 0:
        raise InputError(f"--limit is {limit}, not at least 0")
    if output is not None:
        refuse_source(output, root)
        try_to_write(output)
    with create_progress(rows_on_terminal=False) as progress:
        report = run(
            dataset,
            root,
            splits=split or None,
            options=options_from_text(dataset, parse_settings(set)),
            near=not equal_only,
            jobs=jobs,
            limit=limit,
            progress=progress.count,
        )
    for reason in report.absent.values():
        print(f"mien: {reason}", file=sys.stderr)
    print(report.to_json() if json else report, flush=True)
    if output is not None:
        with output_file(output) as draft:
            draft.write_text(report.to_json() + "\n", encoding="utf-8")
    return 0 if report.ok else 1


def stats(
    dataset: Dataset,
    *,
    root: Root,
    split: Splits = (),
    set: Settings = (),
    by: Annotated[
        str | None, arg(metavar="COLUMN", help_behavior_hint="(default: class, or all there is)")
    ] = None,
    output: Annotated[
        Path | None, arg(metavar="FOLDER", aliases=["-o"], help_behavior_hint="")
    ] = None,
    samples: int = 10,
    seed: int = 0,
    json: bool = False,
    debug: bool = False,
) -> int:
    """Count the classes of a data set, and show samples of each.

    Args:
        dataset: Name of the data set.
        root: The copy, a folder or a zip file.
        split: Only this split; may be given several times.
        set: An option of the data set's reader; may be given several times.
        by: What is counted; class, action unit, or an attribute such as age.
        output: Folder for a bar chart, and for each split a sheet of samples.
        samples: Pictures of each class on the sheet.
        seed: Of the choice of samples.
        json: Write the numbers as JSON.
        debug: Show the traceback of an error.
    """
    del debug
    if samples < 1:
        raise InputError(f"--samples is {samples}, not at least 1")
    if seed < 0:
        raise InputError(f"--seed is {seed}, not at least 0")
    if output is not None:
        require("matplotlib", "explain")
    from .data.stats import chosen_spreads, format_spreads

    readers, failures = open_splits(dataset, root, split, set)
    rows = chosen_spreads(readers, by)
    if json:
        print(json_format.dumps([one.to_dict() for one in rows], ensure_ascii=False, indent=2))
    else:
        print(format_spreads(rows))
    if output is not None:
        from .data.stats_pictures import write_pictures

        for path in write_pictures(readers, rows, output, samples=samples, seed=seed):
            print(f"mien: {path}", file=sys.stderr)
    return 1 if failures else 0


def prepare(
    dataset: Dataset,
    *,
    root: Root,
    output: Annotated[Path, arg(metavar="FOLDER", aliases=["-o"])],
    split: Splits = (),
    set: Settings = (),
    size: int = 112,
    detector: Literal["mtcnn", "yunet", "retinaface", "none"] = "mtcnn",
    detector_model: Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")] = None,
    missing: Literal["keep", "drop"] = "keep",
    unreadable: Literal["stop", "drop"] = "stop",
    align: Annotated[
        Literal["similarity", "square"] | None,
        arg(
            metavar="{similarity,square}",
            help_behavior_hint="(default: similarity, without a detector square)",
        ),
    ] = None,
    like: Annotated[str | None, arg(metavar="MODEL", help_behavior_hint="")] = None,
    format: Literal["png", "jpg"] = "png",
    jobs: Jobs = None,
    debug: bool = False,
) -> int:
    """Find, align and store the faces of a data set; goes on where it was interrupted.

    The result is a copy that mien reads in place of the original.

    Args:
        dataset: Name of the data set.
        root: The copy, a folder or a zip file.
        output: Folder for the prepared copy.
        split: Only this split; may be given several times.
        set: An option of the data set's reader; may be given several times.
        size: Side of the stored faces, in pixels.
        detector: How faces are found; none takes the data set's own boxes.
        detector_model: File of the detector's network, for yunet and retinaface.
        missing: Keep pictures in which no face is found, or drop them.
        unreadable: Leave a split unfinished when pictures cannot be read, or drop them.
        align: Onto a template by the landmarks, or the upright square around the face.
        like: Cut faces as this model does, for which the copy is meant.
        format: Of the stored pictures.
        jobs: Processes at work.
        debug: Show the traceback of an error.
    """
    del debug
    from .cli_models import card_of
    from .data.preparing.prepare import prepare as run

    show_log()
    cut = None if like is None else card_of(like).preprocess
    readers, failures = open_splits(dataset, root, split, set)
    failed: list[DataError] = []
    for reader in readers:
        try:
            with create_progress(rows_on_terminal=False) as progress:
                report = run(
                    reader,
                    output,
                    size=size,
                    detector=detector,
                    detector_model=detector_model,
                    missing=missing,
                    unreadable=unreadable,
                    align=align,
                    like=cut,
                    picture_format=format,
                    jobs=jobs,
                    progress=progress.count,
                )
        except DataError as error:
            failed.append(error)
            continue
        print(report.sentence())
        _name_missing(report)
    for one in failed[:-1]:
        print(f"mien: error: {one}", file=sys.stderr)
    if failed:
        raise failed[-1]
    return 1 if failures else 0


Verb: TypeAlias = (
    Annotated[Any, subcommand("check", constructor=deferred(check))]
    | Annotated[Any, subcommand("stats", constructor=deferred(stats))]
    | Annotated[Any, subcommand("prepare", constructor=deferred(prepare))]
)
"""One of these verbs, to be run for its exit code."""


def open_splits(
    dataset: str, root: str, splits: tuple[str, ...], settings: tuple[str, ...]
) -> tuple[list[Reader], int]:
    """The splits asked for, or all that the copy has; how many could not be opened.

    A split of which nothing is in the copy is named, and does not count.
    """
    from .data.catalogue import open_reader
    from .data.reader_options import options_from_text, splits_of

    options: dict[str, Any] = options_from_text(dataset, parse_settings(settings))
    readers = []
    errors = []
    for split in dict.fromkeys(splits or splits_of(dataset, root, options)):
        try:
            readers.append(open_reader(dataset, root, split, **options))
        except DataError as error:
            if splits:
                raise
            errors.append(error)
    if not readers:
        raise errors[0]
    for reader in readers:
        for note in reader.notes[:_NAMED]:
            print(f"mien: {reader.split}: {note}", file=sys.stderr)
        if len(reader.notes) > _NAMED:
            more = len(reader.notes) - _NAMED
            print(f"mien: {reader.split}: {more} more; mien data check tells all", file=sys.stderr)
    failures = [one for one in errors if not isinstance(one, SplitMissing)]
    for one in errors:
        print(f"mien: {'error: ' if one in failures else ''}{one}", file=sys.stderr)
    return readers, len(failures)


def _name_missing(report: PrepareReport) -> None:
    """The first pictures without a face, unless an earlier run named them, and the list of all."""
    for what, names in (
        ("no face found in", report.not_found),
        ("could not be read:", report.unreadable),
    ):
        for name in () if report.done_before else names[:_NAMED]:
            print(f"mien: {report.split}: {what} {name}", file=sys.stderr)
    if report.not_found or report.unreadable:
        print(f"mien: {report.split}: all are listed in {report.listing}", file=sys.stderr)
