"""Which data set a copy looks like, for the message when it is not the expected one."""

from __future__ import annotations

from collections.abc import Callable

from ..archive import Archive
from .layout_signs import SIGNS

_FOLDERS = 32


def guess_layout(archive: Archive) -> str:
    """What lies at the root, or else in one of its folders: the end of a message.

    Returns:
        Such as ``"it looks like RAF-DB"`` or ``"RAF-DB seems to lie in its folder basic"``.
    """
    has = _contents(archive)
    for sign, layout in SIGNS:
        if has(sign):
            return f"it looks like {layout}"
    for folder in archive.folders()[:_FOLDERS]:
        for sign, layout in SIGNS:
            if has(f"{folder}/{sign}"):
                return f"{layout} seems to lie in its folder {folder}"
    return "it looks like no layout that is known"


def _contents(archive: Archive) -> Callable[[str], bool]:
    """Whether there is such a file or folder."""
    root = archive.root
    if root.is_dir():
        return lambda sign: (root / sign).exists()
    found: set[str] = set()
    for member in archive.files(deep=True):
        while member and member not in found:
            found.add(member)
            member = member.rpartition("/")[0]
    return found.__contains__
