"""A plain folder of pictures, sorted into one folder for each expression.

Two layouts are read, as folders or inside a zip file, and told apart by the names of the
folders: ``<split>/<class>/…``, with whatever names the splits have, and ``<class>/…``, which
is one split called ``all``. Classes go by any name that
:mod:`~mien.data.parts.expression_names` knows; below them pictures may lie as deep as they like.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path, PurePosixPath

import numpy as np

from ..errors import DataError
from ..expressions import Expression
from .annotations import Annotations
from .archive import Archive
from .parts.expression_names import expression_named, in_usual_order, is_among, is_expression
from .parts.layouts import guess_layout
from .parts.own_classes import of_prepared, splits_of_prepared, without
from .reader import Reader

WHOLE = "all"
"""The split of a copy that is not divided."""

PICTURES = frozenset(
    (
        *(".avif", ".bmp", ".dib", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm"),
        *(".png", ".ppm", ".tif", ".tiff", ".webp"),
    )
)
"""What the names of pictures end in; other files are passed over."""

HUB_FILES = ("dataset_dict.json", "dataset_info.json", "state.json")
"""What the library ``datasets`` writes at the root of a data set that it saves."""


class ImageFolder(Reader):
    """One split of a folder of pictures. Constructing it lists the pictures of this split.

    Its label set are the classes that have a folder in any split, in the order of
    :data:`~mien.expressions.BASIC8`.

    Args:
        root: folder or zip file.
        split: name of a split's folder, or ``"all"`` where there are none.
        ignore: names of class folders that are left out, such as ``"unknown"``.

    Raises:
        NotFound: if there is nothing at ``root``.
        UnknownName: if there is no such split.
        DataError: if the layout is another one, or a class folder has an unknown name.
    """

    name = "folder"
    title = "image folder"
    licence = "that of the pictures, as their owner gives it"
    splits: tuple[str, ...] = ("train", "val", "test", WHOLE)
    finds_labels = True

    def __init__(
        self, root: Path | str, split: str = "train", *, ignore: Collection[str] = ()
    ) -> None:
        archive = Archive(root, self.title)
        prepared = of_prepared(archive, split)
        if prepared is not None:
            self.splits, self.labels = prepared[0], prepared[1] or self.labels
        else:
            layout = _layout(archive, ignore)
            self.splits = tuple(layout)
            self._folders = layout.get(split, [])
            every = {_last(one) for folders in layout.values() for one in folders}
            self.labels = in_usual_order(map(expression_named, every))
        super().__init__(root, split)
        if self.prepared:
            self.table, self.labels = without(self.table, self.labels, ignore, str(root))

    @classmethod
    def splits_in(cls, root: Path | str, *, ignore: Collection[str] = ()) -> tuple[str, ...]:
        """The splits that a copy has.

        Raises:
            NotFound: if there is nothing at ``root``.
            DataError: if the layout is another one.
        """
        archive = Archive(root, cls.title)
        return splits_of_prepared(archive) or tuple(_layout(archive, ignore))

    def _annotations(self) -> Annotations:
        names: list[str] = []
        files: list[str] = []
        classes: list[int] = []
        for folder in self._folders:
            found = [one for one in self.archive.files(folder, deep=True) if _is_picture(one)]
            # Class and file, without the split: the same in both layouts.
            above = len(folder) - len(_last(folder))
            files += found
            names += [one[above:] for one in found]
            classes += [self.labels.index(expression_named(_last(folder)))] * len(found)
        for name in names:
            if not _is_text(name):
                raise DataError(f"{self.root}: the file name {name!r} is not UTF-8; rename it")
        return Annotations(names=names, files=files, classes=np.array(classes, np.int64))


def _layout(archive: Archive, ignore: Collection[str]) -> dict[str, list[str]]:
    """The class folders of each split, as paths, both in the order of their names."""
    top = archive.folders()
    splits = _splits(archive, top)
    if not splits:
        raise DataError(f"{archive.root}: {_what_else(archive, top)}")
    splits = {split: _classes(archive, classes, ignore) for split, classes in splits.items()}
    if not any(splits.values()):
        raise DataError(f"{archive.root}: every picture is left out")
    return splits


def _splits(archive: Archive, folders: list[str]) -> dict[str, list[str]]:
    if any(map(is_expression, map(_last, folders))):
        return {WHOLE: folders}
    inner = {_last(folder): _folders(archive, folder) for folder in folders}
    # Folders without a class, such as one of documents, are no splits.
    return {
        split: classes
        for split, classes in inner.items()
        if any(map(is_expression, map(_last, classes)))
    }


def _classes(archive: Archive, folders: list[str], ignore: Collection[str]) -> list[str]:
    folders = [folder for folder in folders if not is_among(_last(folder), ignore)]
    for folder in folders:
        if not is_expression(_last(folder)):
            raise DataError(
                f"{archive.root}: the class folder {folder} is no expression; rename it to "
                f"one of {', '.join(Expression)}, or leave it out with ignore"
            )
    return folders


def _folders(archive: Archive, parent: str) -> list[str]:
    """Paths of the folders in a folder."""
    return [f"{parent}/{name}" for name in archive.folders(parent)]


def _last(path: str) -> str:
    return PurePosixPath(path).name


def _what_else(archive: Archive, top: list[str]) -> str:
    hint = guess_layout(archive)
    if top and not any(next(archive.files(one, deep=True), None) for one in top):
        hint = "they are empty" if len(top) > 1 else "it is empty"
    for file in archive.files():
        if file in HUB_FILES:
            hint = f"{file} is of a Hugging Face data set, which is read as huggingface"
        elif file.lower().endswith((".csv", ".parquet")) and not top:
            hint = f"if {file} lists pictures, it is read as list"
    return (
        "there are no class folders; <split>/<class>/ or <class>/ with names such as happiness "
        f"are read, the folders here are: {', '.join(top[:10]) or 'none'}; {hint}"
    )


def _is_picture(member: str) -> bool:
    return PurePosixPath(member).suffix.lower() in PICTURES


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
