"""Where the verb ``evaluate`` writes: records as they are finished, then the report."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from .drafts import output_file, output_folder
from .errors import InputError, MienError, OutputError, require

if TYPE_CHECKING:
    from .evaluation.evaluate import Evaluation
    from .evaluation.record import Result


class Places:
    """The files that were asked for; whether they can be written is seen before the work.

    Args:
        output: file of the record, or folder of the records of several models.
        report: file of the page.
        several: whether there are several models.

    Raises:
        InputError: if both are the same file, or the page would be one of the records.
        OutputError: if a place is of the wrong kind, or cannot be written to.
        MissingExtra: if a report is asked for and Jinja is not installed.
    """

    def __init__(self, output: Path | None, report: Path | None, *, several: bool) -> None:
        self.output, self.report, self._several = output, report, several
        self._kept: set[Path] = set()
        if report is not None:
            require("jinja2", "train")
            if output is not None and output.resolve() == report.resolve():
                raise InputError(f"--output and --report are the same file, {report}")
            beside = several and output is not None and output.resolve() == report.resolve().parent
            if beside and report.suffix.lower() == ".json":
                raise InputError(f"--report {report}: would be among the records; end it in .html")
            _require_file(report, "the report")
        if output is None:
            return
        if several:
            if output.exists() and not output.is_dir():
                raise OutputError(
                    f"{output}: records of several models go to a folder, and this is a file"
                )
            _require_folder(output)
        else:
            _require_file(output, "the record")

    def keep(self, result: Result) -> None:
        """Write a record that is finished, whatever becomes of the next."""
        from .evaluation.record import write_result

        if self.output is not None:
            path = self._place(result) if self._several else self.output
            self._kept.add(path)
            write_result(result, path)

    def write(self, found: Evaluation) -> None:
        """Write what there is at the end; one that fails does not keep the other from it.

        Raises:
            OutputError: if a file cannot be written.
        """
        failed: MienError | None = None
        if self.output is not None and self._several:
            try:
                _write_comparisons(found, self.output / "comparisons.json")
            except OutputError as error:
                failed = error
        if self.report is not None:
            from .evaluation.reports.page import write_report

            write_report(found.results, found.comparisons, found.mistakes, self.report)
        if failed is not None:
            raise failed

    def _place(self, result: Result) -> Path:
        """A file for the record that no other record of this call has."""
        if self.output is None:
            raise ValueError("there is no folder for records")
        name = re.sub(r"[^\w.+-]+", "-", f"{result.model}.{result.dataset}.{result.split}")
        path, number = self.output / f"{name}.json", 2
        while path in self._kept:
            path, number = self.output / f"{name}-{number}.json", number + 1
        return path


def _write_comparisons(found: Evaluation, path: Path) -> None:
    text = json.dumps([asdict(one) for one in found.comparisons], indent=2)
    with output_file(path) as draft:
        draft.write_text(text + "\n", encoding="utf-8")


def _require_file(path: Path, what: str) -> None:
    if path.is_dir():
        raise OutputError(f"{path}: {what} goes to a file, and this is a folder")
    _require_folder(path.parent)


def _require_folder(path: Path) -> None:
    output_folder(path)
    if not os.access(path, os.W_OK):
        raise OutputError(f"{path}: nothing can be written to this folder")
