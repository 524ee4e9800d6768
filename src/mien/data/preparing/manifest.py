"""``prepared.json``: what prepared and packed copies say of themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ...errors import CardError, DataError
from ...preprocess import Preprocess
from ..mosaics import AGAIN, Mosaic

if TYPE_CHECKING:
    from ..archive import Archive

MANIFEST = "prepared.json"
FORMAT = 2
"""The newest that is read. Copies with a file for each picture are written as format 1, which
all versions of mien read."""


@dataclass(frozen=True)
class PreparedSplit:
    """What a manifest says of one split that is done.

    Attributes:
        table: name of its table.
        listed: how many pictures the original lists.
        pictures: how many it has.
        found: in how many of these the face was found.
        missing: in how many pictures of the original it was not, kept here or not.
        unreadable: how many pictures of the original could not be read, and are left out.
        source: :func:`source_of` the original.
        class_names: what the classes of the original are called.
        pixels: of a packed split, SHA-256 over those of all pictures.
    """

    table: str
    listed: int
    pictures: int
    found: int
    missing: int
    unreadable: int
    source: str
    class_names: tuple[str, ...]
    pixels: str = ""


@dataclass(frozen=True)
class Manifest:
    """What ``prepared.json`` says.

    Attributes:
        dataset: name of the data set.
        settings: how all splits were prepared; ``preprocess`` is how their faces are cut, if
            they are, and ``originals`` what a packed copy's reader was asked to choose.
        splits: those that are done.
        version: of mien, that began the copy.
        mosaic: how the pictures of a packed copy lie in its files; ``None`` where each has a
            file of its own.
    """

    dataset: str
    settings: Mapping[str, Any]
    splits: Mapping[str, PreparedSplit] = field(default_factory=dict)
    version: str = ""
    mosaic: Mosaic | None = None

    @property
    def preprocess(self) -> Preprocess | None:
        """How the faces are cut; ``None`` if they are not."""
        values = self.settings["preprocess"]
        return None if values is None else Preprocess.from_dict(values)

    @property
    def side(self) -> int | None:
        """Width and height of every picture."""
        if self.mosaic is not None:
            return self.mosaic.side
        return None if self.preprocess is None else self.preprocess.size

    def to_json(self) -> str:
        """The file's text."""
        values: dict[str, Any] = {"format": 1 if self.mosaic is None else 2, **asdict(self)}
        if self.mosaic is None:
            del values["mosaic"]
            for split in values["splits"].values():
                del split["pixels"]
        return json.dumps(values, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: bytes, where: str) -> Manifest:
        """Read it back.

        Raises:
            DataError: if it is damaged, or of a newer format.
        """
        try:
            values = json.loads(text)
            if values["format"] > FORMAT:
                raise DataError(
                    f"{where}: written by a newer mien (format {values['format']}, this one "
                    f"reads {FORMAT}); upgrade mien"
                )
            splits = {
                name: PreparedSplit(**one | {"class_names": tuple(one["class_names"])})
                for name, one in values["splits"].items()
            }
            mosaic = None if values["format"] == 1 else Mosaic(**values["mosaic"])
            found = cls(values["dataset"], values["settings"], splits, values["version"], mosaic)
            if found.side is None:
                raise ValueError("it does not say how faces are cut")
        except (ValueError, KeyError, TypeError, AttributeError, CardError) as error:
            reason = " ".join(str(error).split())
            again = AGAIN if b'"mosaic"' in text else "prepare the copy anew, into another folder"
            raise DataError(
                f"{where}: damaged ({type(error).__name__}: {reason}); {again}"
            ) from None
        return found


def read_manifest(archive: Archive) -> Manifest | None:
    """What a copy says of its preparation; ``None`` for an original copy.

    Raises:
        DataError: if the manifest is damaged, or of a newer format.
    """
    data = archive.read(MANIFEST)
    return None if data is None else Manifest.from_json(data, f"{archive.root}: {MANIFEST}")
