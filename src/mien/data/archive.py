"""Copies of data sets are folders, or zip files that are read as they are."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from ..errors import DataError, NotFound


def open_archive(root: Path, dataset: str) -> Callable[[str], bytes | None]:
    """How to read a member of a folder or of a zip file; ``None`` where it is missing.

    Args:
        root: the copy.
        dataset: its name, for messages.

    Raises:
        NotFound: if there is nothing at ``root``.
        DataError: if ``root`` is neither; the function too, if a member is damaged.
    """
    if not root.exists():
        raise NotFound(f"{root}: there is no {dataset} at this path")
    if root.is_dir():

        def from_folder(member: str) -> bytes | None:
            path = root / member
            return path.read_bytes() if path.is_file() else None

        return from_folder
    try:
        archive = zipfile.ZipFile(root)
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"{root}: neither a folder nor a zip file ({error})") from None
    members = set(archive.namelist())

    def from_zip(member: str) -> bytes | None:
        try:
            return archive.read(member) if member in members else None
        except (zipfile.BadZipFile, zlib.error, RuntimeError, OSError) as error:
            raise DataError(
                f"{root}: {member} cannot be read ({error}); copy the zip file again"
            ) from None

    return from_zip
