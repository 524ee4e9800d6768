"""Faces without labels, for learning from a teacher's answers alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import DataError, MienError
from ..preprocess import Picture, Preprocess
from .archive import Archive
from .catalogue import READERS, open_reader
from .decoding import read_picture
from .fairface import FairFace
from .hugging_face import HuggingFace
from .image_folder import PICTURES, ImageFolder
from .listing import Listing
from .loading.pictures import Pictures
from .preparing.manifest import read_manifest
from .reader import Reader

_FAIRFACE = "fairface_label_train.csv"
_TRAIN = "train"
_ANY_PICTURES = (HuggingFace.name, ImageFolder.name, Listing.name)


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """Faces without labels.

    Attributes:
        pictures: the faces, to be cut by :func:`mien.data.loading.pictures.crops`.
        citation: what they are, and of which split, for the card of a model.
        licence: of the pictures.
        reader: the data set they come from; ``None`` for a plain folder.
    """

    pictures: Pictures
    citation: str
    licence: str
    reader: Reader | None = None


def open_unlabelled(root: Path) -> Unlabelled:
    """The faces at a place; of a data set those of its training split alone.

    Args:
        root: a copy of FairFace, a prepared or packed copy of any data set, or a folder or zip
            file of face crops, however deep.

    Raises:
        NotFound: if there is nothing at ``root``.
        DataError: if it holds no pictures, is an original copy of another data set, or a
            prepared or packed one without a split ``train``: on faces of the others, results
            are measured.
    """
    archive = Archive(root, "folder of faces")
    manifest = read_manifest(archive)
    if manifest is None and not archive.has(_FAIRFACE):
        _refuse_original(root)
        return Unlabelled(FaceFiles(archive), "face crops without labels", Reader.licence)
    if manifest is not None and _TRAIN not in manifest.splits:
        held = ", ".join(manifest.splits) or "none"
        raise DataError(
            f"{root}: of a data set only the split {_TRAIN} is learned from without labels, and "
            f"this copy lacks it (it has: {held}); prepare or pack that split, too"
        )
    name = FairFace.name if manifest is None else manifest.dataset
    reader = open_reader(name, root, _TRAIN)
    pictures = FairFaceFaces(reader) if isinstance(reader, FairFace) else reader
    citation = f"{reader.citation or reader.title}, training split"
    return Unlabelled(pictures, citation, reader.licence, reader)


def _refuse_original(root: Path) -> None:
    """A copy of a data set as its authors give it out has more than its training faces."""
    for name, kind in READERS.items():
        if name in _ANY_PICTURES:
            continue
        for split in kind.splits:
            try:
                open_reader(name, root, split)
            except MienError:
                continue
            raise DataError(
                f"{root}: is {kind.title} as its authors give it out, of whose faces all splits "
                f"would be learned; prepare or pack its split {_TRAIN}, with mien data"
            )


class FairFaceFaces:
    """FairFace's pictures, whose faces are cut where its alignment puts them."""

    def __init__(self, reader: FairFace, preprocess: Preprocess | None = None) -> None:
        self._reader, self._preprocess = reader, preprocess

    def __len__(self) -> int:
        return len(self._reader)

    @property
    def names(self) -> Sequence[str]:
        """The pictures' files."""
        return self._reader.names

    def picture(self, index: int) -> Picture:
        """A whole picture; of :meth:`crops` a face."""
        if self._preprocess is None:
            return self._reader.picture(index)
        face: Picture = self._reader.faces(self._preprocess, [index])[0]
        return face

    def crops(self, preprocess: Preprocess) -> Pictures:
        """Faces as a model sees them behind a detector."""
        return FairFaceFaces(self._reader, preprocess)


class FaceFiles:
    """All pictures of a folder or zip file, each a face."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.names = [
            file
            for file in archive.files(deep=True)
            if PurePosixPath(file).suffix.lower() in PICTURES
        ]
        if not self.names:
            raise DataError(f"{archive.root}: no picture is here")

    def __len__(self) -> int:
        return len(self.names)

    def picture(self, index: int) -> Picture:
        """A picture, uint8 (H, W, 3) RGB.

        Raises:
            DataError: if it is missing or does not decode.
        """
        return read_picture(self._archive, self.names[index])
