"""Folders that are links to others."""

from __future__ import annotations

import os
from pathlib import Path


def leads_back(folder: Path) -> bool:
    """Whether a linked folder is one that it is itself reached through, so that it has no end."""
    target = os.path.realpath(folder)
    return any(os.path.realpath(one) == target for one in folder.absolute().parents)
