"""What ``mien data check`` found, for people and as JSON.

The rule: a *problem* makes a copy unfit, and the command exits with 1. Problems are a split
that cannot be read, fewer pictures than any source publishes, published numbers of pictures
but other numbers of classes, a file that is missing, empty, cut off or does not decode, a
picture of another size than the data set's, a box that lies outside its picture (of which less
than half is inside, or a side is below one pixel), a class that does not exist, a name that
comes twice in a split, and a group (video, person) that is in two splits.

Everything else is a *finding*: copies and near copies, which published data sets have, files
that no table names, more pictures than published, and a split of which nothing at all is in
the copy, such as test labels that are held back. Numbers measured on such a copy hold;
what they mean is for the reader to say.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .completeness import Fit

KINDS = {
    "unreadable": "splits that cannot be read",
    "incomplete": "splits with fewer pictures than published",
    "classes": "splits with other class counts than published",
    "missing": "files that are missing",
    "empty": "files that are empty",
    "cut off": "files that are cut off or damaged",
    "undecodable": "files that do not decode as pictures",
    "size": "pictures of another size",
    "box": "boxes outside their pictures",
    "label": "labels out of range",
    "name": "names that come twice",
    "group": "groups that are in two splits",
}
"""Kinds of problems, and how they are called."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that makes the copy unfit.

    Attributes:
        kind: one of :data:`KINDS`.
        split: where.
        name: of the picture or group; empty if it is the whole split.
        message: what is wrong.
    """

    kind: str
    split: str
    name: str
    message: str


@dataclass(frozen=True, slots=True)
class SplitReport:
    """One split.

    Attributes:
        images: number of pictures that its annotations list.
        files: number of pictures that were looked at: fewer than ``images`` where these are
            faces in larger pictures.
        decoded: how many of ``files`` decode.
        classes: number by class; empty without classes.
        unlabelled: number of pictures without a class, where the data set has classes.
        fits: published sizes, the nearest first.
        sizes: smallest and largest width and height in pixels; ``None`` if nothing decodes.
        groups: number of videos or people; 0 if the data set names none.
        fingerprint: see :attr:`.reader.Reader.fingerprint`; ``None`` if damage forbids it.
    """

    images: int
    files: int
    decoded: int
    classes: Mapping[str, int]
    unlabelled: int
    fits: tuple[Fit, ...]
    sizes: tuple[tuple[int, int], tuple[int, int]] | None
    groups: int
    fingerprint: str | None


@dataclass(frozen=True, slots=True)
class Copies:
    """Pictures of ``split`` of which there is a copy in ``other``.

    Within a split, the first of several equal pictures does not count.

    Attributes:
        pictures: number of pictures of ``split`` that were compared.
        equal: how many have an equal picture in ``other``.
        near: how many have an equal one or a near copy; ``None`` if that was not sought.
        examples: names of some, with those of their copies.
        by_file: whether the pictures are the files that several rows share, one for each face.
    """

    split: str
    other: str
    pictures: int
    equal: int
    near: int | None
    examples: tuple[tuple[str, str], ...]
    by_file: bool = False

    def __str__(self) -> str:
        where = "the same split" if self.split == self.other else self.other
        what = f"{self.pictures:,} picture files" if self.by_file else f"{self.pictures:,}"
        text = f"{self.equal:,} of {what} in {self.split} have a copy in {where}"
        return text if self.near is None else f"{text}, {self.near:,} with near copies"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All that was found.

    Attributes:
        dataset: name of the data set.
        root: the copy.
        options: of the reader.
        splits: by name.
        copies: inside and across splits.
        unlisted: number of picture files beside the listed ones that no table names; ``None``
            if not all splits were checked.
        problems: the first of each kind.
        counts: number of problems by kind, with those that are not named.
        notes: what else should be known.
        absent: splits of which nothing is in the copy, and why that is known.
    """

    dataset: str
    root: str
    options: Mapping[str, Any]
    splits: Mapping[str, SplitReport]
    copies: tuple[Copies, ...]
    unlisted: int | None
    problems: tuple[Problem, ...]
    counts: Mapping[str, int]
    notes: tuple[str, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether there is no problem; findings do not count."""
        return not self.counts

    def to_dict(self) -> dict[str, Any]:
        """The report as values of JSON."""
        plain = asdict(self)
        plain["options"] = {name: _plain(value) for name, value in self.options.items()}
        for name, split in self.splits.items():
            for row, fit in zip(plain["splits"][name]["fits"], split.fits, strict=True):
                row["exact"] = fit.exact
        return {"ok": self.ok, **plain}

    def to_json(self) -> str:
        """The report as one JSON object."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def __str__(self) -> str:
        """The report for people, several lines."""
        lines = [f"{self.dataset} at {self.root}"]
        for name, split in self.splits.items():
            lines += ["", f"{name}: {split.images:,} pictures{_sizes(split)}", *_details(split)]
        if self.copies:
            lines += ["", "copies"]
            lines += [f"  {one}" for one in self.copies if one.equal or one.near]
            if not any(one.equal or one.near for one in self.copies):
                lines += ["  none"]
        lines += [""]
        if self.unlisted:
            lines += [f"picture files that no table names: {self.unlisted:,}"]
        return "\n".join([*lines, *self.notes, *self._problem_lines()])

    def _problem_lines(self) -> list[str]:
        if self.ok:
            return ["problems: none"]
        lines = [f"problems: {sum(self.counts.values()):,}"]
        named = Counter(one.kind for one in self.problems)
        for kind, number in self.counts.items():
            lines += [f"  {KINDS[kind]}: {number:,}"]
            lines += [f"    {_line(one)}" for one in self.problems if one.kind == kind]
            if number > named[kind]:
                lines += [f"    and {number - named[kind]:,} more"]
        return lines


@dataclass
class Findings:
    """Collects problems: names the first of each kind, counts the rest."""

    limit: int
    problems: list[Problem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, split: str, name: str, message: str) -> None:
        """One more."""
        self.counts[kind] += 1
        if self.counts[kind] <= self.limit:
            self.problems.append(Problem(kind, split, name, message))

    def in_order(self) -> dict[str, int]:
        """Numbers by kind, in the order of :data:`KINDS`."""
        return {kind: self.counts[kind] for kind in KINDS if self.counts[kind]}


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | str | list | type(None)) else str(value)


def _line(problem: Problem) -> str:
    name = f" {problem.name}" if problem.name else ""
    return f"{problem.split}{name}: {problem.message}"


def _sizes(split: SplitReport) -> str:
    if split.sizes is None:
        return ""
    smallest, largest = ("x".join(map(str, one)) for one in split.sizes)
    return f" of {smallest}" if smallest == largest else f" of {smallest} to {largest}"


def _details(split: SplitReport) -> list[str]:
    lines = [f"  {fit}" for fit in split.fits if fit.exact] or [f"  {fit}" for fit in split.fits]
    if split.files < split.images:
        lines += [f"  faces in {split.files:,} picture files"]
    if split.decoded < split.files:
        lines += [f"  {split.decoded:,} of {split.files:,} decode"]
    if split.classes:
        counts = [f"{name} {number:,}" for name, number in split.classes.items()]
        if split.unlabelled:
            counts += [f"without a class {split.unlabelled:,}"]
        lines += [f"  {', '.join(counts)}"]
    if split.groups:
        lines += [f"  {split.groups:,} groups"]
    return [*lines, f"  fingerprint {split.fingerprint or 'none, because of the damage'}"]
