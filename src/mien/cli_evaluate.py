"""The verb ``evaluate``: models, or somebody's predictions, measured on a data set."""

from __future__ import annotations

import json as json_format
import os
import shlex
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from .cli_evaluate_options import (
    Counted,
    FaceOptions,
    OnnxOptions,
    PictureOptions,
    Shown,
    WithoutCard,
    Words,
)
from .cli_evaluate_places import Places
from .cli_lab import parse_settings, show_log
from .drafts import refuse_source
from .errors import InputError, require
from .progress import create_progress

if TYPE_CHECKING:
    from .evaluation.evaluate import Evaluation
    from .progress import Bar, Lines

_SAMPLE = 1000
"""On how many pictures robustness is measured, unless the user says."""


def evaluate(
    models: Positional[
        Annotated[tuple[str, ...], arg(metavar="MODEL... DATASET", help_behavior_hint="")]
    ],
    *,
    root: Annotated[str, arg(metavar="ROOT")],
    counted: PictureOptions = Counted(),  # noqa: B008
    shown: FaceOptions = Shown(),  # noqa: B008
    without_card: OnnxOptions = WithoutCard(),  # noqa: B008
    robustness: Annotated[tuple[int, ...] | None, arg(metavar="[N]", help_behavior_hint="")] = None,
    groups: Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")] = None,
    column: Annotated[Words, arg(metavar="NAME", help_behavior_hint="")] = (),
    output: Annotated[
        Path | None, arg(metavar="FILE|FOLDER", aliases=["-o"], help_behavior_hint="")
    ] = None,
    report: Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")] = None,
    json: bool = False,
    debug: bool = False,
) -> int:
    """Measure models on a data set, with 95 % intervals.

    Args:
        models: Shipped models, ONNX files, checkpoints or tables of predictions; then the data set.
        root: The copy of the data set, a folder or a zip file.
        counted: Which pictures count.
        shown: How faces are found and shown.
        without_card: What an ONNX file takes and answers that has no card.
        robustness: Measure damaged pictures as well: N of them, 0 for all, or 1000.
        groups: A table of the pictures, such as of people's age and gender, to compare groups.
        column: Only this column of it, or one that the data set has; may be given several times.
        output: Write the whole record to this file; of several models, to files in this folder.
        report: Write a page with charts and the worst mistakes to this HTML file.
        json: Write records and comparisons to standard output instead of tables.
        debug: Show the traceback of an error.
    """
    del debug  # main() looks for it
    require("sklearn", "train")
    show_log()
    if len(models) < 2:
        raise InputError("give what to measure and then the data set: mien evaluate MODEL DATASET")
    *names, dataset = models
    if shown.threads is not None and shown.threads < 1:
        raise InputError(f"--threads is {shown.threads}, not at least 1")
    sample = _sample(robustness)
    for place in filter(None, (output, report)):
        refuse_source(place, *names, root, groups, shown.detector_model, *counted.subset)
    places = Places(output, report, several=len(names) > 1)
    asked = {"robustness": sample, "groups": groups, "column": column}
    with create_progress(rows_on_terminal=False) as progress:
        if shown.scenes:
            _refuse_beside_scenes(counted, shown, without_card, asked)
            found = _scenes(names, dataset, root, counted, shown, places, progress)
        else:
            found = _measured(
                names, dataset, root, counted, shown, without_card, asked, places, progress
            )
    print(_json(found) if json else _tables(found))
    places.write(found)
    return 0


def _measured(
    names: Sequence[str],
    dataset: str,
    root: str,
    counted: Counted,
    shown: Shown,
    without_card: WithoutCard,
    asked: dict[str, Any],
    places: Places,
    progress: Bar | Lines,
) -> Evaluation:
    from .data.reader_options import options_from_text
    from .evaluation.command import Arguments
    from .evaluation.evaluate import evaluate as run
    from .evaluation.manner import Manner

    options = options_from_text(dataset, parse_settings(counted.set))
    return run(
        names,
        dataset,
        root=root,
        split=counted.split,
        options=options,
        protocol=counted.protocol,
        subsets=counted.subset,
        lists=counted.lists,
        ignore=counted.ignore,
        manner=Manner(
            view=shown.views,
            detector=shown.find(),
            found_by=shown.settings(),
            robustness=asked["robustness"],
        ),
        metadata=asked["groups"],
        columns=asked["column"],
        foreign=without_card.foreign(),
        threads=shown.threads,
        arguments=Arguments(
            shared=_arguments(counted, shown, {**asked, "robustness": None}),
            without_card=_arguments(without_card),
            damaged=_arguments({"robustness": asked["robustness"]}),
        ),
        with_faces=places.report is not None,
        finished=places.keep,
        progress=progress.count,
    )


def _refuse_beside_scenes(
    counted: Counted, shown: Shown, without_card: WithoutCard, asked: dict[str, Any]
) -> None:
    """Refuse options that the scenes would pass over."""
    others = (
        replace(counted, protocol=None),
        replace(
            shown, scenes=False, detector="mtcnn", detector_model=None, min_face=40, threads=None
        ),
        without_card,
        asked,
    )
    words = _arguments(*others)
    if words:
        raise InputError(f"--scenes does not go together with {words[0]}")


def _scenes(
    names: Sequence[str],
    dataset: str,
    root: str,
    counted: Counted,
    shown: Shown,
    places: Places,
    progress: Bar | Lines,
) -> Evaluation:
    from .evaluation.end_to_end import run_scenes
    from .evaluation.evaluate import Evaluation
    from .evaluation.predictions import is_table
    from .evaluation.provenance import recorded_place
    from .inference.recognizer import Recognizer

    for model in names:
        if is_table(model):
            raise InputError(f"{model}: --scenes needs the model itself, and this is a table")
    split, protocol = counted.split or "public-test", counted.protocol or "majority"
    recognizers = [
        Recognizer(
            model,
            detector=shown.detector,
            detector_model=shown.detector_model,
            min_face=shown.min_face,
            threads=shown.threads,
        )
        for model in names
    ]
    further = _arguments(replace(shown, scenes=False, detector="mtcnn"))
    results = []
    for model, recognizer in zip(names, recognizers, strict=True):
        words = [Path(model).name, dataset, "--root", recorded_place(root)]
        words += ["--split", split, "--protocol", protocol, "--scenes"]
        words += ["--detector", shown.detector, *further]
        result = run_scenes(
            recognizer,
            dataset,
            root=Path(root),
            split=split,
            protocol=protocol,
            command=shlex.join(["mien", "evaluate", *words]),
            settings=shown.settings(),
            progress=progress.count,
        )
        places.keep(result)
        results.append(result)
    return Evaluation(tuple(results))


def _arguments(*records: Any) -> list[str]:
    """What the command line was given beside models, data set, root and split; without paths."""
    words: list[str] = []
    for record in records:
        values = record if isinstance(record, dict) else asdict(record)
        usual = {} if isinstance(record, dict) else asdict(type(record)())
        for name, value in values.items():
            if value in (usual.get(name), None, ()) or name == "split":
                continue
            for one in value if isinstance(value, tuple) else (value,):
                words.append("--" + name.replace("_", "-"))
                if one is not True:
                    words.append(_without_folder(one))
    return words


def _without_folder(value: object) -> str:
    """A file's own name, also behind ``KEY=``; what only looks like a path, as ``a/b``, stays."""
    from .evaluation.provenance import recorded_place

    if isinstance(value, Path):
        return recorded_place(value)
    key, equals, word = str(value).rpartition("=")
    is_path = os.sep in word and os.path.exists(os.path.expanduser(word))  # noqa: PTH110, PTH111
    return key + equals + (recorded_place(word) if is_path else word)


def _sample(robustness: tuple[int, ...] | None) -> int | None:
    if robustness is None:
        return None
    if len(robustness) > 1 or min(robustness, default=0) < 0:
        raise InputError("--robustness takes one number of pictures, at least 0, or none")
    return robustness[0] if robustness else _SAMPLE


def _json(found: Evaluation) -> str:
    """The record; of several models their records and the comparisons."""
    texts = [one.to_json().rstrip() for one in found.results]
    if len(texts) == 1:
        return texts[0]
    compared = json_format.dumps([asdict(one) for one in found.comparisons], indent=2)
    return '{"results": [\n' + ",\n".join(texts) + '\n],\n"comparisons": ' + compared + "}"


def _tables(found: Evaluation) -> str:
    from .evaluation.reports.table import (
        format_comparisons,
        format_groups,
        format_robustness,
        format_table,
    )

    parts = [format_table(found.results)]
    if found.comparisons:
        parts.append(format_comparisons(found.comparisons))
    if any(one.groups for one in found.results):
        parts.append(format_groups(found.results))
    if any(one.robustness for one in found.results):
        parts.append(format_robustness(found.results))
    return "\n\n".join(parts)
