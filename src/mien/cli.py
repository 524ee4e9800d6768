"""The command ``mien``: one thin function per verb.

Data goes to standard output, everything else to standard error. Exit codes: 0 done, 1 some
inputs failed (each named in one line, the rest done), 2 wrong usage, 130 interrupted.

A verb is a function whose parameters are its options and which returns the exit code; it is
listed in ``_VERBS``. What is slow to import, it imports itself.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from tyro.conf import OmitArgPrefixes, OmitSubcommandPrefixes, Positional, arg

from . import (
    __version__,
    cli_ablate,
    cli_data,
    cli_evaluate,
    cli_explain,
    cli_lab,
    cli_models,
    cli_pack,
    cli_train,
)
from .cli_arguments import read
from .drafts import refuse_source
from .errors import InputError, MienError, UnknownName

# As in inference.sinks, whose import is slow.
Format: TypeAlias = Literal["table", "json", "csv", "parquet"]

DONE, SOME_FAILED, WRONG_USAGE, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141

_DESCRIPTION = """Recognise facial expressions in photos and videos.

An expression is what a face shows, not what a person feels."""


def predict(
    paths: Positional[Annotated[tuple[str, ...], arg(metavar="PATH...", help_behavior_hint="")]],
    *,
    format: Annotated[
        Format | None,
        arg(
            metavar="{table,json,csv,parquet}", help_behavior_hint="(default: by suffix, or table)"
        ),
    ] = None,
    output: Annotated[
        Path | None,
        arg(metavar="FILE", aliases=["-o"], help_behavior_hint="(default: standard output)"),
    ] = None,
    annotate: Annotated[Path | None, arg(metavar="FOLDER", help_behavior_hint="")] = None,
    heatmap: bool = False,
    detector: Literal["mtcnn", "yunet", "retinaface", "none"] = "mtcnn",
    detector_model: Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")] = None,
    min_face: int = 40,
    min_confidence: float = 0.0,
    model: Annotated[
        str | None, arg(metavar="NAME|FILE", help_behavior_hint="(default: the shipped one)")
    ] = None,
    threads: Annotated[
        int | None, arg(metavar="INT", help_behavior_hint="(default: one per core)")
    ] = None,
    every: int = 1,
    debug: bool = False,
) -> int:
    """Find faces in photos and videos and recognise their expressions.

    Args:
        paths: Photos, videos, folders, globs, or camera:N.
        format: How the rows are written; json is one object a line.
        output: File for the rows; - for standard output, as without it.
        annotate: Folder for pictures and videos with the faces drawn in.
        heatmap: Draw in as well where the network looked; for models with attention.
        detector: How faces are found; none if the pictures are face crops already.
        detector_model: File of the detector's network, for yunet and retinaface.
        min_face: Side of the smallest face, in pixels.
        min_confidence: Below this probability a face gets no expression.
        model: A shipped model, or an ONNX file with a card.
        threads: For the networks.
        every: Of videos, take every how many-th frame.
        debug: Show the traceback of an error.
    """
    del debug  # main() looks for it
    from .inference.annotated_files import Annotator
    from .inference.recognizer import Recognizer
    from .inference.sinks import create_sink
    from .inference.source_files import is_source
    from .progress import create_progress

    if not paths:
        raise InputError("no PATH is given; see: mien predict --help")
    if every < 1:
        raise InputError(f"--every is {every}, not at least 1")
    if heatmap and annotate is None:
        raise InputError("--heatmap is drawn into the pictures of --annotate FOLDER; give both")
    if str(output) == "-":
        output = None
    if output is not None and is_source(output, paths, annotate):
        raise InputError(
            f"{output}: is one of the sources, and would be lost; name another --output"
        )
    if output is not None:
        refuse_source(output, model, detector_model)
    chosen = _format(format, output)
    recognizer = Recognizer(
        model,
        detector=detector,
        detector_model=detector_model,
        min_face=min_face,
        threads=threads,
        min_confidence=min_confidence,
        heatmap=heatmap,
    )
    report = _Report()
    on_terminal = output is None and sys.stdout is not None and sys.stdout.isatty()
    with (
        create_sink(chosen, output, recognizer.labels) as sink,
        Annotator(annotate, report, paths) if annotate else nullcontext() as annotator,
        create_progress(rows_on_terminal=on_terminal) as progress,
    ):
        frames = recognizer.stream(paths, every=every, on_error=report, leave_out=annotate)
        for frame, faces in frames:
            sink.write(faces)
            if annotator:
                annotator.write(frame, faces)
            progress.step(frame)
    return SOME_FAILED if report.failures else DONE


def data(verb: OmitArgPrefixes[OmitSubcommandPrefixes[cli_pack.Verb]]) -> int:
    """Check, count, prepare or pack the copy of a data set."""
    return int(verb())


_VERBS: dict[str, Callable[..., int]] = {
    "predict": predict,
    "models": cli_models.models,
    "train": cli_train.train,
    "average": cli_train.average,
    "ablate": cli_ablate.ablate,
    "evaluate": cli_evaluate.evaluate,
    "explain": cli_explain.explain,
    "export": cli_lab.export,
    "import-checkpoint": cli_lab.import_checkpoint,
    "data": data,
}


_ROOMS = (
    *(cli_ablate, cli_data, cli_evaluate, cli_explain, cli_lab, cli_models, cli_pack),
    cli_train,
)
_FILES = {Path(str(one)).name for one in (__file__, *(room.__file__ for room in _ROOMS))}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code; help is printed and exits at once."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if sys.stderr is None:  # closed by whoever called; print() would take standard output
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
    _write_utf8()
    _show_warnings()
    try:
        if arguments == ["--version"]:
            print(f"mien {__version__}", flush=True)
            return DONE
        code = read(_VERBS, arguments, program="mien", description=_DESCRIPTION)()
        if sys.stdout is not None:
            sys.stdout.flush()  # a full disk is told here, and not by Python after the end
        return int(code)
    except KeyboardInterrupt:
        kept = {
            "predict": "the rows up to here are written",
            "train": "the same command goes on from the last checkpoint",
            "ablate": "finished runs have their records; the same command goes on",
            "evaluate": "finished records are in --output, if it was given",
            "explain": "the grids up to here are written",
            "data stats": "finished files are in --output, if it was given",
            "data prepare": "the same command goes on with the next picture",
        }
        verb = " ".join(arguments[: 2 if arguments[:1] == ["data"] else 1])
        _say("interrupted; " + kept.get(verb, "nothing was changed"))
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has enough.
        _drop_output()
        return PIPE_CLOSED
    except Exception as error:
        if "--debug" in arguments:
            raise
        if isinstance(error, OSError):
            where = error.filename or "a file"
            if not error.filename and _in_command_line(error):
                where = "standard output"
                _drop_output()
            _say(f"error: {where}: {error.strerror or error}; check the path and the free space")
            return SOME_FAILED
        if not isinstance(error, MienError):
            _say(f"error: {_one_line(error)}; this is a bug, --debug shows where")
            return SOME_FAILED
        _say(f"error: {_one_line(error)}")
        return WRONG_USAGE if _is_usage(error) else SOME_FAILED


def _drop_output() -> None:
    """What is not written yet is not: Python would complain once more when it tries at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write_utf8() -> None:
    """In files and pipes: code pages and Latin-1 have no room for all names and signs."""
    output = sys.stdout
    chosen = "PYTHONIOENCODING" in os.environ
    if isinstance(output, TextIOWrapper) and not output.isatty() and not chosen:
        output.reconfigure(encoding="utf-8", errors=output.errors)


def _show_warnings() -> None:
    """What the library has to say, on standard error; a verb of the lab asks for more of it."""
    logging.getLogger("mien").handlers[:] = [_Warnings()]


def _in_command_line(error: OSError) -> bool:
    """Whether the command line or tyro's help raised it, which write to no file unguarded."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    raised = Path(place.tb_frame.f_code.co_filename if place is not None else "")
    return raised.name in _FILES or "tyro" in raised.parts


class _Warnings(logging.Handler):
    """Says them where standard error is by then: a progress bar takes its place for a while."""

    def emit(self, record: logging.LogRecord) -> None:
        _say(record.getMessage())


class _Report:
    """Names what failed, one line each, and counts."""

    def __init__(self) -> None:
        self.failures = 0

    def __call__(self, error: MienError) -> None:
        self.failures += 1
        _say(f"error: {_one_line(error)}")


def _say(text: str) -> None:
    print(f"mien: {text}", file=sys.stderr, flush=True)


def _one_line(error: Exception) -> str:
    text = str(error) if isinstance(error, MienError) else f"{type(error).__name__}: {error}"
    return " ".join(text.splitlines())


def _is_usage(error: MienError) -> bool:
    """Whether an option was wrong, rather than a file: those have errors of their own."""
    return type(error) in (MienError, InputError) or isinstance(error, UnknownName)


def _format(format: Format | None, output: Path | None) -> Format:
    """The format asked for, or the one that the output's suffix stands for."""
    from .inference.sinks import SUFFIXES

    suffix = "" if output is None else output.suffix.lower()
    meant = SUFFIXES.get(suffix)
    if format is None:
        if suffix and meant is None:
            raise InputError(
                f"{output}: no format goes by the suffix {suffix}; name one with --format"
            )
        return meant or "table"
    if meant not in (None, format):
        _say(f"warning: {output} is written as {format}, its suffix says {meant}")
    return format
