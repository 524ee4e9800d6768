"""Whether a copy holds what its data set should, without decoding a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...errors import DataError
from ..annotations import Published
from ..reader import Reader

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Fit:
    """How far a split is off a published size.

    Attributes:
        source: who published it.
        images: the published number of pictures.
        difference: ours minus theirs.
        classes: ours minus theirs, for the classes whose published number is another.
    """

    source: str
    images: int
    difference: int
    classes: Mapping[str, int] = field(default_factory=dict)

    @property
    def exact(self) -> bool:
        """Whether all published numbers are met."""
        return not self.difference and not self.classes

    def __str__(self) -> str:
        if self.exact:
            return f"as published: {self.source}"
        text = f"the {self.images:,} of {self.source}"
        if self.difference:
            text = (
                f"{abs(self.difference):,} {'more' if self.difference > 0 else 'fewer'} than {text}"
            )
        elif self.classes:
            text += f"; {', '.join(f'{name} {by:+,}' for name, by in self.classes.items())}"
        return text


@dataclass(frozen=True, slots=True)
class Completeness:
    """What of a split is there.

    Attributes:
        dataset: title of the data set.
        split: its name.
        images: number of pictures that the annotations list.
        fits: the published sizes, the nearest first.
        missing: number of pictures whose file is not in the copy.
        named: names of the first of these.
        absent: number of pictures of the original that a prepared copy leaves out. They count
            where sizes are compared.
    """

    dataset: str
    split: str
    images: int
    fits: tuple[Fit, ...]
    missing: int
    named: tuple[str, ...]
    absent: int = 0

    @property
    def too_few(self) -> bool:
        """Whether the original copy lists fewer pictures than any source says there are."""
        return bool(self.fits) and all(one.difference < 0 for one in self.fits)

    def sentence(self) -> str:
        """One sentence for a card or a log."""
        text = f"{self.dataset} {self.split}: {self.images:,} pictures, "
        if self.absent:
            text += f"of {self.images + self.absent:,} in the original, "
        text += str(self.fits[0]) if self.fits else "no published number to compare with"
        if self.missing:
            text += f"; {self.missing:,} files are missing, such as {', '.join(self.named)}"
        elif self.too_few:
            text += "; an incomplete copy"
        return text

    def require(self) -> None:
        """Refuse a copy that lacks files.

        Raises:
            DataError: with their number and the first names.
        """
        if self.missing:
            raise DataError(
                f"{self.dataset} {self.split}: {self.missing:,} of {self.images:,} pictures "
                f"are missing, such as {', '.join(self.named)}; complete the copy, or take them "
                "out of its tables (mien data check lists what is wrong)"
            )


def completeness(reader: Reader, *, files: bool = True) -> Completeness:
    """Compare a split with its published sizes, and look whether each file is there.

    Args:
        reader: the split.
        files: without it, no file is looked for.
    """
    listed = set(reader.table.files) if files else set()
    absent = {file for file in listed if not reader.archive.has(file)}
    missing = [
        name
        for name, file in zip(reader.names, reader.table.files, strict=True)
        if absent and file in absent
    ]
    return Completeness(
        dataset=reader.title,
        split=reader.split,
        images=len(reader),
        fits=published_fits(reader),
        missing=len(missing),
        named=tuple(missing[:_NAMED]),
        absent=reader.absent,
    )


def class_counts(reader: Reader) -> dict[str, int]:
    """Number of pictures of each class, in the native order; empty without classes."""
    classes = reader.table.classes
    if classes is None:
        return {}
    names = reader.class_names
    known = classes[(classes >= 0) & (classes < len(names))]
    return dict(zip(names, np.bincount(known, minlength=len(names)).tolist(), strict=True))


def published_fits(reader: Reader) -> tuple[Fit, ...]:
    """How far the split is off each of its published sizes, the nearest first.

    A size that lacks one of our classes, such as that of seven of eight, does not count.
    """
    counts = class_counts(reader)
    images = len(reader) + reader.absent
    occurring = {name for name, number in counts.items() if number}
    fits = [
        # Which classes the absent pictures have is not known.
        _fit(one, images, {} if reader.absent else counts)
        for one in reader.published
        if one.split == reader.split and (one.classes is None or occurring <= set(one.classes))
    ]
    return tuple(
        sorted(fits, key=lambda fit: (abs(fit.difference), sum(map(abs, fit.classes.values()))))
    )


def _fit(published: Published, images: int, counts: Mapping[str, int]) -> Fit:
    theirs = published.classes or {}
    off = {name: counts.get(name, 0) - number for name, number in theirs.items() if counts}
    return Fit(
        source=published.source,
        images=published.images,
        difference=images - published.images,
        classes={name: by for name, by in off.items() if by},
    )
