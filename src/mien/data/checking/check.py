"""Whether a copy of a data set is right: what ``mien data check`` does.

What counts as a problem and what as a finding stands in :mod:`.check_report`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from ...errors import DataError, SplitMissing
from ...faces.session import cores
from ..archive import Archive
from ..catalogue import open_reader
from ..image_folder import PICTURES
from ..reader import Reader
from ..reader_options import splits_of
from .check_pictures import Seen, look, rows_to_look_at
from .check_report import CheckReport, Copies, Findings, SplitReport
from .completeness import class_counts, completeness
from .copies import Sketches, sketch_groups, sketch_matches

MOST_FOR_NEAR_COPIES = 500_000
"""Near copies are compared pair by pair; among more pictures only equal ones are sought."""

_EXAMPLES = 5


def check(
    name: str,
    root: Path | str,
    *,
    splits: Sequence[str] | None = None,
    options: Mapping[str, Any] | None = None,
    near: bool = True,
    jobs: int | None = None,
    limit: int = 20,
    progress: Callable[[int, int], None] | None = None,
) -> CheckReport:
    """Read all annotations, decode every picture, and compare.

    Args:
        name: of the data set.
        root: the copy.
        splits: those to check; ``None`` for all that the data set has.
        options: of the reader.
        near: whether near copies are sought, besides equal pictures.
        jobs: number of threads; ``None`` for one per core.
        limit: how many problems of each kind are named; the rest is counted.
        progress: told how many of how many pictures are done.

    Raises:
        UnknownName: if there is no such data set or split.
        NotFound: if there is nothing at ``root``.
        DataError: if no split can be read. If only some can, the others are problems, unless
            ``splits`` is ``None`` and nothing of them is in the copy.
    """
    options = dict(options or {})
    findings = Findings(limit)
    wanted = splits_of(name, root, options) if splits is None else tuple(dict.fromkeys(splits))
    readers, errors = _opened(name, root, wanted, options)
    absent = {split: str(one) for split, one in errors.items() if isinstance(one, SplitMissing)}
    absent = absent if splits is None else {}
    for split, error in errors.items():
        if split not in absent:
            findings.add("unreadable", split, "", str(error).removeprefix(f"{root}: "))
    for reader in readers.values():
        _check_tables(reader, bool(options), findings)
    _check_groups(readers, findings)
    notes = [f"{split}: {note}" for split, one in readers.items() for note in one.notes]
    total = sum(len(rows_to_look_at(reader)) for reader in readers.values())
    if near and total > MOST_FOR_NEAR_COPIES:
        near = False
        notes.append(
            f"near copies are not sought among more than {MOST_FOR_NEAR_COPIES:,} pictures"
        )
    seen = _look_at_all(readers, near, jobs or cores(), findings, progress, total)
    everything = set(readers) == set(wanted) and splits is None and not options
    return CheckReport(
        dataset=name,
        root=str(root),
        options=options,
        splits={split: _split_report(readers[split], seen[split]) for split in readers},
        copies=tuple(_copies(readers, seen)),
        unlisted=_unlisted(list(readers.values())) if everything else None,
        absent=absent,
        problems=tuple(findings.problems),
        counts=findings.in_order(),
        notes=tuple(notes),
    )


def _opened(
    name: str, root: Path | str, splits: Sequence[str], options: dict[str, Any]
) -> tuple[dict[str, Reader], dict[str, DataError]]:
    """The splits that can be read, and why the others cannot."""
    readers: dict[str, Reader] = {}
    errors: dict[str, DataError] = {}
    for split in splits:
        try:
            readers[split] = open_reader(name, root, split, **options)
        except DataError as error:
            errors[split] = error
    if not readers:
        raise next(iter(errors.values()))
    return readers, errors


def _check_tables(reader: Reader, chosen: bool, findings: Findings) -> None:
    """What the annotations say by themselves. With options, rows may be chosen on purpose."""
    state = completeness(reader, files=False)
    nearest = state.fits[0] if state.fits else None
    if state.too_few and not chosen:
        findings.add("incomplete", reader.split, "", f"{state.images:,} pictures, {nearest}")
    elif nearest and not nearest.difference and nearest.classes and not chosen:
        findings.add("classes", reader.split, "", str(nearest))
    for name, number in Counter(reader.names).items():
        if number > 1:
            findings.add("name", reader.split, name, f"the name comes {number} times")
    classes = reader.table.classes
    if classes is not None:
        for row in np.flatnonzero((classes < -1) | (classes >= len(reader.class_names))).tolist():
            message = f"the class {classes[row]} is not one of 0 to {len(reader.class_names) - 1}"
            findings.add("label", reader.split, reader.names[row], message)


def _check_groups(readers: Mapping[str, Reader], findings: Findings) -> None:
    groups = {split: set(reader.table.groups or ()) for split, reader in readers.items()}
    for one, other in combinations(groups, 2):
        for group in sorted(groups[one] & groups[other]):
            findings.add("group", one, group, f"the group is also in {other}")


def _look_at_all(
    readers: Mapping[str, Reader],
    near: bool,
    jobs: int,
    findings: Findings,
    progress: Callable[[int, int], None] | None,
    total: int,
) -> dict[str, Seen]:
    seen: dict[str, Seen] = {}
    before = 0
    for split, reader in readers.items():

        def found(row: int, kind: str, message: str, reader: Reader = reader) -> None:
            findings.add(kind, reader.split, reader.names[row], message)

        def done(number: int, before: int = before) -> None:
            if progress is not None:
                progress(before + number, total)

        seen[split] = look(reader, near=near, jobs=jobs, found=found, progress=done)
        before += len(seen[split].rows)
    return seen


def _split_report(reader: Reader, seen: Seen) -> SplitReport:
    counts = class_counts(reader)
    sizes = seen.sizes[seen.decoded]
    ends = [tuple(end(axis=0).tolist()) for end in (sizes.min, sizes.max)] if len(sizes) else None
    return SplitReport(
        images=len(reader),
        files=len(seen.rows),
        decoded=int(seen.decoded.sum()),
        classes=counts,
        unlabelled=len(reader) - sum(counts.values()) if counts else 0,
        fits=completeness(reader, files=False).fits,
        sizes=None if ends is None else (ends[0], ends[1]),
        groups=len(set(reader.table.groups or ())),
        fingerprint=seen.fingerprint(reader),
    )


def _copies(readers: Mapping[str, Reader], seen: Mapping[str, Seen]) -> list[Copies]:
    """Copies inside each split, and then across each two, in both directions."""
    sketches = {split: one.sketches[one.decoded] for split, one in seen.items()}
    names = {
        split: [readers[split].names[row] for row in one.rows[one.decoded]]
        for split, one in seen.items()
    }
    shared = {split: len(seen[split].rows) < len(reader) for split, reader in readers.items()}
    found = [_inside(one, sketches[one], names[one], shared[one]) for one in readers]
    for one, other in combinations(readers, 2):
        equal = sketch_matches(_without_values(sketches[one]), sketches[other])
        either = sketch_matches(sketches[one], sketches[other])
        sought = sketches[one].values is not None
        for (here, there), exact, any_ in zip(
            ((one, other), (other, one)), equal, either, strict=True
        ):
            places = np.flatnonzero(any_ >= 0)[:_EXAMPLES]
            found.append(
                Copies(
                    split=here,
                    other=there,
                    pictures=len(any_),
                    equal=int((exact >= 0).sum()),
                    near=int((any_ >= 0).sum()) if sought else None,
                    examples=tuple((names[here][p], names[there][any_[p]]) for p in places),
                    by_file=shared[here],
                )
            )
    return found


def _inside(split: str, sketches: Sketches, names: Sequence[str], shared: bool) -> Copies:
    equal = sketch_groups(_without_values(sketches))
    either = equal if sketches.values is None else sketch_groups(sketches)
    _, first, group = np.unique(either, return_index=True, return_inverse=True)
    again = np.flatnonzero(first[group] != np.arange(len(names)))[:_EXAMPLES]
    return Copies(
        split=split,
        other=split,
        pictures=len(names),
        equal=len(names) - len(set(equal.tolist())),
        near=None if sketches.values is None else len(names) - len(first),
        examples=tuple((names[place], names[first[group[place]]]) for place in again),
        by_file=shared,
    )


def _without_values(sketches: Sketches) -> Sketches:
    return Sketches(sketches.hashes)


def _unlisted(readers: Sequence[Reader]) -> int | None:
    """Number of picture files in the folders of listed ones that no table names."""
    if type(readers[0].archive) is not Archive:
        return None  # rows of a table
    listed = {file for reader in readers for file in reader.table.files}
    parents = {str(PurePosixPath(file).parent) for file in listed}
    archive = readers[0].archive
    if archive.root.is_dir():
        files = (file for parent in sorted(parents) for file in archive.files(parent))
    else:  # a zip file's directory is known as a whole
        files = (
            file for file in archive.files(deep=True) if str(PurePosixPath(file).parent) in parents
        )
    try:
        return sum(
            file not in listed and PurePosixPath(file).suffix.lower() in PICTURES for file in files
        )
    except DataError:
        return None
