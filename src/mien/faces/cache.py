"""Where files live that can always be made again."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """The user's cache folder for mien; it need not exist yet.

    The environment variable ``MIEN_CACHE`` names it; else it is the platform's own place
    (``XDG_CACHE_HOME`` or ``~/.cache``, ``~/Library/Caches``, ``%LOCALAPPDATA%``).
    """
    if own := os.environ.get("MIEN_CACHE"):
        return Path(own)
    if shared := os.environ.get("XDG_CACHE_HOME"):
        return Path(shared) / "mien"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else _home() / "AppData" / "Local") / "mien" / "cache"
    if sys.platform == "darwin":
        return _home() / "Library" / "Caches" / "mien"
    return _home() / ".cache" / "mien"


def _home() -> Path:
    # A service may run without a home; a relative folder would litter the working directory.
    try:
        return Path.home()
    except RuntimeError:
        import tempfile

        return Path(tempfile.gettempdir())
