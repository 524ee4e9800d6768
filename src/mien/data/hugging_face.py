"""Image data sets of Hugging Face: saved with ``save_to_disk``, Parquet, pictures, the hub.

Only the address ``hf://owner/name`` downloads. Pictures stay on disk, and are decoded by the
same code as those of every other data set. They have no names of their own in this format,
so each is called by the number of its row.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import require
from ..expressions import LabelSet
from .annotations import Annotations
from .archive import Archive
from .parts.expression_names import in_usual_order, is_among, label_set_named
from .parts.hugging_face_columns import Columns
from .parts.hugging_face_copy import RowArchive, is_address, open_copy
from .parts.own_classes import of_prepared, splits_of_prepared, without
from .reader import Reader


class HuggingFace(Reader):
    """One split of a Hugging Face image data set.

    Labels are classes with names, text, or numbers whose meaning ``labels`` tells; without a
    column ``label``, the only one whose classes are all expressions is taken. The label set
    has the order of the named classes; of text, the order of
    :data:`~mien.expressions.BASIC8`. Pictures without a label have no class. Every other column
    of text or numbers becomes one of ``table.attributes``.

    Args:
        root: a folder, or ``hf://owner/name[@revision]``, which downloads.
        split: as the data set calls it; ``"all"`` if it has no splits.
        image_column: of the pictures; ``None`` for the only one.
        label_column: of the labels; ``None`` for pictures without.
        group_column: of what must not cross a split, such as the person.
        labels: what the numbers from 0 stand for: a label set, or names in their order.
        ignore: names of classes whose pictures are left out, such as ``"unknown"``; ``""``
            leaves out pictures without a label.
        configuration: which one, where the data set has several.
        cache: folder of what is downloaded or converted; by default that of ``datasets``.

    A prepared copy takes none of the columns and no configuration: they were chosen when it was
    made.

    Raises:
        MissingExtra: if ``datasets`` is not installed.
        NotFound: if there is nothing at ``root``.
        UnknownName: if there is no such split.
        DataError: if the data set has no pictures, or its labels are no expressions.
    """

    name = "huggingface"
    title = "Hugging Face data set"
    licence = "that of the pictures, as their owner gives it"
    splits: tuple[str, ...] = ("train", "validation", "test")

    def __init__(
        self,
        root: Path | str,
        split: str = "train",
        *,
        image_column: str | None = None,
        label_column: str | None = "label",
        group_column: str | None = None,
        labels: LabelSet | Sequence[str] | None = None,
        ignore: Collection[str] = (),
        configuration: str | None = None,
        cache: Path | str | None = None,
    ) -> None:
        self._known = None if labels is None else label_set_named(labels)
        self.finds_labels = self._known is None
        archive = None if is_address(root) else Archive(root, self.title)
        prepared = archive and of_prepared(archive, split)
        if prepared:
            self.splits, self.labels = prepared[0], self._known or prepared[1] or self.labels
            chosen = {
                "image_column": image_column,
                "label_column": label_column,
                "group_column": group_column,
                "configuration": configuration,
            }
            super().__init__(root, split, originals=chosen)
            self.table, self.labels = without(self.table, self.labels, ignore, str(root))
            return
        copy = open_copy(root, configuration=configuration, cache=cache)
        self.splits = tuple(copy)
        first = next(iter(copy.values()))
        self._columns = columns = Columns(str(root), first.features)
        self._image = columns.picture(image_column)
        self._label = label_column and columns.label(label_column, ignore)
        self._group = group_column and columns.group(group_column)
        self._meanings = self._read_labels(copy, ignore)
        self._rows: Any = copy.get(split)
        # What was downloaded lies in the cache.
        folder = Path(first.cache_files[0]["filename"]).parent if is_address(root) else root
        super().__init__(folder, split)
        self.archive = self._pictures()
        # All of use is in the table now, and readers travel to worker processes.
        del self._rows, self._meanings, self._columns

    @classmethod
    def splits_in(
        cls,
        root: Path | str,
        *,
        configuration: str | None = None,
        cache: Path | str | None = None,
        **_: object,
    ) -> tuple[str, ...]:
        """The splits that a copy has.

        Raises:
            MissingExtra: if ``datasets`` is not installed.
            NotFound: if there is nothing at ``root``.
            DataError: if there is something else.
        """
        prepared = None if is_address(root) else splits_of_prepared(Archive(root, cls.title))
        return prepared or tuple(open_copy(root, configuration=configuration, cache=cache))

    def _annotations(self) -> Annotations:
        texts = [name for name in self._columns.of_text() if name != self._image]
        values = _values(self._rows, texts)
        classes = None
        rows = list(range(len(self._rows)))
        if self._label:
            labels = values.pop(self._label)
            rows = [row for row in rows if self._meanings[labels[row]] is not None]
            classes = np.array([self._meanings[labels[row]] for row in rows], np.int64)
        attributes = {
            name: [self._columns.text(name, column[row]) for row in rows]
            for name, column in values.items()
        }
        files = [RowArchive.member(row) for row in rows]
        groups = attributes.pop(self._group) if self._group else None
        return Annotations(
            names=files,
            files=files,
            classes=classes,
            # A picture of nobody is a group of its own.
            groups=groups and [one or file for one, file in zip(groups, files, strict=True)],
            attributes=attributes,
        )

    def _read_labels(
        self, copy: Mapping[str, Any], ignore: Collection[str]
    ) -> dict[Hashable, int | None]:
        """The class of each label: -1 for none, ``None`` where it is left out."""
        self.labels = self._known or self.labels
        if not self._label:
            return {}
        if self._columns.has_classes(self._label):
            values = list(range(len(self._columns.features[self._label].names)))
        else:
            # Of all splits, so that every split has the same label set.
            found = (_values(one, [self._label])[self._label] for one in copy.values())
            values = sorted({value for column in found for value in column} - {None, "", -1})
        meanings = self._columns.meanings(self._label, values, self._known, ignore)
        occurring = [one for one in meanings.values() if one is not None]
        if self._known is None and occurring:
            in_order = self._columns.has_classes(self._label)
            distinct = tuple(dict.fromkeys(occurring))
            self.labels = LabelSet(distinct) if in_order else in_usual_order(distinct)
        unlabelled = None if is_among("", ignore) else -1
        classes: dict[Hashable, int | None] = dict.fromkeys((None, "", -1), unlabelled)
        for value, meaning in meanings.items():
            classes[value] = None if meaning is None else self.labels.index(meaning)
        return classes

    def _pictures(self) -> RowArchive:
        datasets = require("datasets", "hub")
        pictures = self._rows.select_columns([self._image]).with_format(None)
        pictures = pictures.cast_column(self._image, datasets.Image(decode=False))
        return RowArchive(self.root, self.title, pictures, self._image)


def _values(rows: Any, names: list[str]) -> dict[str, list[Any]]:
    """Some columns of a ``datasets.Dataset`` as lists, without reading the others."""
    return dict(rows.select_columns(names).with_format(None)[:]) if names else {}
