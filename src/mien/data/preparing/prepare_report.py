"""What ``mien data prepare`` says of a split, and its lists of faces not found and not read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import DataError
from .journal import Entry

NOT_FOUND, UNREADABLE = "face not found", "unreadable"
_LISTED = {("kept", "dropped"): NOT_FOUND, ("unreadable",): UNREADABLE}
_HEADER = ["name", "what", "why"]


@dataclass(frozen=True, slots=True)
class PrepareReport:
    """What became of a split's pictures.

    Attributes:
        output: folder of the prepared copy.
        title: of the data set.
        split: the one prepared.
        size: side of the faces in pixels.
        detector: how faces were looked for; with ``"none"`` all count as found, but for
            those without a usable box where the set has boxes.
        pictures: how many the prepared copy has.
        found: in how many the face was found.
        not_found: names of those in which it was not.
        unreadable: names of those that could not be read and are left out.
        kept: whether pictures whose face was not found are among ``pictures``.
        earlier: how many pictures were done by earlier runs.
        listing: the file that lists what was not found or read, and why.
    """

    output: Path
    title: str
    split: str
    size: int
    detector: str
    pictures: int
    found: int
    not_found: tuple[str, ...]
    unreadable: tuple[str, ...]
    kept: bool
    earlier: int
    listing: Path

    @property
    def done_before(self) -> bool:
        """Whether nothing was left to do."""
        return self.earlier == self.found + len(self.not_found) + len(self.unreadable)

    def sentence(self) -> str:
        """All of it in one line."""
        looked = self.found + len(self.not_found)
        text = f"{self.title}'s {self.split}: "
        if self.detector == "none":
            text += f"{self.found:,} of {looked:,} pictures cut without a detector"
        else:
            share = self.found / max(looked, 1)
            text += f"{self.found:,} of {looked:,} faces found by {self.detector} ({share:.2%})"
        if self.not_found:
            text += f", the others {self._rule()}"
        if self.unreadable:
            number = len(self.unreadable)
            text += f"; {counted(number, 'picture')} could not be read and "
            text += "is left out" if number == 1 else "are left out"
        if self.done_before:
            text += "; all was done before"
        elif self.earlier:
            text += f"; {self.earlier:,} were done before"
        size = f"{self.size}x{self.size}"
        return f"{text}; {counted(self.pictures, 'picture')} of {size} in {self.output}"

    def _rule(self) -> str:
        if not self.kept:
            return "dropped"
        whole = "the whole picture, resized"
        if self.detector == "none":
            return f"(without a usable box) kept as {whole}"
        return f"kept as what is around the set's box or {whole}"


def counted(number: int, what: str) -> str:
    """Such as "1 picture" or "2 pictures"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def missing_text(names: Sequence[str], entries: Iterable[Entry]) -> str:
    """The list of what was not found or read, as CSV.

    Args:
        names: of all pictures of the split.
        entries: of those to be listed; others are passed over.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_HEADER)
    for state, what in _LISTED.items():
        writer.writerows(
            [names[one.index], what, one.reason]
            for one in sorted(entries, key=lambda one: one.index)
            if one.state in state
        )
    return text.getvalue()


def read_missing(data: bytes) -> dict[str, tuple[str, str]]:
    """What is listed of each picture, and why, by names.

    Raises:
        DataError: if the list is damaged.
    """
    try:
        header, *rows = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
        if header != _HEADER:
            raise ValueError("no header")
        return {name: (what, reason) for name, what, reason in rows}
    except (ValueError, csv.Error) as error:
        raise DataError(f"damaged ({error})") from None
