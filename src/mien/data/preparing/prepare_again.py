"""What is known of a split that is finished, so that only what has been damaged is done again."""

from __future__ import annotations

from ...errors import DataError
from ..archive import Archive
from .face_store import FaceStore
from .journal import Entry
from .manifest import Manifest
from .prepare_report import NOT_FOUND, UNREADABLE, read_missing
from .prepared import Prepared


def finished_entries(store: FaceStore, manifest: Manifest, listing: str) -> dict[int, Entry]:
    """What table and list of a split say, by rows. What they do not tell is left out.

    Args:
        store: of the split.
        manifest: of the prepared copy, in which the split is done.
        listing: name of the list of what was not found or read.
    """
    reader = store.reader
    archive = Archive(store.output, reader.title)
    try:
        prepared = Prepared(archive, manifest, reader.split)
        sizes, found = prepared.sizes(), prepared.found().tolist()
    except DataError:
        return {}  # without its table nothing is known of a split
    try:
        listed = read_missing(archive.read(listing) or b"")
    except DataError:
        listed = {}
    stored = dict(zip(sizes, found, strict=True))
    entries = {}
    for row, name in enumerate(reader.names):
        what, reason = listed.get(name, ("", ""))
        if (file := store.file(row)) in stored:
            entries[row] = Entry(row, "found" if stored[file] else "kept", sizes[file])
        elif what == UNREADABLE:
            entries[row] = Entry(row, "unreadable", reason=reason)
        elif what == NOT_FOUND and store.settings.missing == "drop":
            entries[row] = Entry(row, "dropped")
    return entries
