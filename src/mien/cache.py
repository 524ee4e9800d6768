"""Files that can always be made again, kept in the user's cache.

Each starts with the SHA-256 of the rest, so that a damaged one counts as none.
"""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from pathlib import Path

from .drafts import draft_of

_DIGEST = hashlib.sha256().digest_size


def recalled(name: str) -> bytes | None:
    """What was remembered under a name; ``None`` if nothing was, or it is damaged."""
    with suppress(OSError):
        kept = (cache_folder() / name).read_bytes()
        if hashlib.sha256(kept[_DIGEST:]).digest() == kept[:_DIGEST]:
            return kept[_DIGEST:]
    return None


def remember(name: str, content: bytes) -> None:
    """Keep content under the name of a file; where nothing can be written, nothing is kept."""
    with suppress(OSError):
        path = cache_folder() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft_of(path) as draft:
            draft.write_bytes(hashlib.sha256(content).digest() + content)


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
