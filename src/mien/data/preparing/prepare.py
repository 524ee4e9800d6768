"""Detect, align and store the faces of a data set (``mien data prepare``).

What is done is never done again: each picture appears whole under its name, and then in the
split's journal. The table and the manifest's entry, and with them the split for readers,
appear at the very end. A run that was killed at any moment is followed by one with the same
settings, which goes on. A split that is finished is looked through: pictures that have gone
or changed in size since are made again, and so are its table and list.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Literal

from ...drafts import ENDING
from ...errors import DataError, InputError, OutputError
from ...faces.session import cores
from ...preprocess import Preprocess
from ..archive import Archive
from ..checking.completeness import completeness
from ..reader import Reader
from .alignment import Align
from .crew import in_processes
from .face_store import FaceStore
from .journal import Entry, Journal, alone_in, remove_parts, write_whole, writing
from .manifest import MANIFEST, Manifest, PreparedSplit, read_manifest
from .prepare_again import finished_entries
from .prepare_report import PrepareReport, counted, missing_text
from .prepare_settings import Missing, PictureFormat, Settings, check_words, differences
from .prepared_table import folder_of, source_of, table_text

log = logging.getLogger("mien")

_NAMED = 5  # of the pictures that cannot be read, in the message


def prepare(
    reader: Reader,
    output: Path | str,
    *,
    size: int = 112,
    detector: str = "mtcnn",
    detector_model: Path | str | None = None,
    missing: Missing = "keep",
    align: Align | None = None,
    like: Preprocess | None = None,
    picture_format: PictureFormat = "png",
    unreadable: Literal["stop", "drop"] = "stop",
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PrepareReport:
    """Make a copy of a reader's split with aligned faces, or go on with one.

    Several splits of a data set go into the same folder, one after the other.

    Args:
        reader: of an original copy.
        output: folder of the prepared copy: new, empty, or begun with the same settings.
        size: side of the faces in pixels.
        detector: as :func:`~mien.faces.create_detector` knows it; ``"none"`` takes the set's
            own boxes, or whole pictures.
        detector_model: the detector's file, for those that need one.
        missing: pictures whose face is not found are kept, as what is around the set's own
            box or as the whole picture, resized, or dropped. Without a detector, these are
            the pictures without a usable box where the set has boxes.
        align: ``"similarity"`` onto the template, or an upright ``"square"``; by default the
            first, and without a detector the second.
        like: cut faces as a model does that has this preprocessing, instead of ``align``.
        picture_format: ``"png"``, or ``"jpg"`` of quality 95.
        unreadable: pictures that cannot be read stop the split, after all others are done and
            with a list in ``<split>.unreadable.csv``, or are dropped. A split that was
            finished without such pictures is gone on with, unless they are to be dropped.
        jobs: number of processes; by default one for each core.
        progress: told how many pictures of how many are done.

    Raises:
        InputError: if an option is out of range, the copy is a prepared one already, or the
            data set has no faces.
        UnknownName: if an option's word is unknown.
        ModelError: if the detector's file is missing or wrong.
        DataError: if pictures cannot be read.
        OutputError: if ``output`` lies in the original copy, holds something else or was begun
            with other settings, or cannot be written. What is done stays, and the same call
            goes on.
    """
    check_words("rule for unreadable pictures", unreadable, ("stop", "drop"))
    if jobs is not None and jobs < 1:
        raise InputError(f"the number of processes is {jobs}; it must be at least 1")
    if reader.prepared:
        raise InputError(f"{reader.root}: prepared already; name the original copy")
    if not reader.has_faces:
        raise InputError(f"{reader.title} has no faces to be found; use the copy as it is")
    _refuse_inside(reader.root, Path(output))
    settings = Settings(size, detector, detector_model, missing, align, picture_format, like)
    store = FaceStore(reader, Path(output), settings)
    run = _Run(store, source_of(reader.table, reader.class_names, reader.units))
    with writing(store.output):
        store.output.mkdir(parents=True, exist_ok=True)
    state = completeness(reader, files=False)
    if state.too_few:
        log.warning("%s", state.sentence())
    with alone_in(store.output):
        return run(jobs or cores(), progress or (lambda _done, _total: None), unreadable == "drop")


@dataclass(frozen=True)
class _Run:
    """One split on its way into a prepared copy.

    Attributes:
        store: cuts and stores faces.
        source: the SHA-256 of the original's annotations.
    """

    store: FaceStore
    source: str

    def __call__(
        self, jobs: int, progress: Callable[[int, int], None], drop_unreadable: bool
    ) -> PrepareReport:
        reader, manifest = self.store.reader, self._manifest()
        journal_file = self._file(".journal")
        first: dict[int, Entry] = {}
        if reader.split in manifest.splits and not journal_file.exists():
            self._check_source(manifest.splits[reader.split])
            known = finished_entries(self.store, manifest, self._file(".missing.csv").name)
            first = self._still_there(known, drop_unreadable)
            if len(first) == len(reader) and self._is_written(manifest, first):
                return self._report(first, len(first))
        belongs_to = {"source": self.source, "split": reader.split}
        with Journal(journal_file, belongs_to, first.values()) as journal:
            entries = self._still_there(journal.entries, drop_unreadable)
            earlier = len(entries)
            progress(earlier, len(reader))
            rows = [row for row in range(len(reader)) if row not in entries]
            failed: list[Entry] = []
            for entry in in_processes(self.store, rows, min(jobs, len(rows) // 8 + 1)):
                if entry.state == "unreadable" and not drop_unreadable:
                    failed.append(entry)
                else:
                    journal.add(entry)
                    entries[entry.index] = entry
                progress(len(entries) + len(failed), len(reader))
        if failed:
            raise self._unreadable(sorted(failed, key=lambda entry: entry.index))
        self._finish(manifest, entries)
        for file in (self._file(".unreadable.csv"), journal_file):
            if file.exists():
                with writing(file):
                    file.unlink()
        return self._report(entries, earlier)

    def _manifest(self) -> Manifest:
        """The manifest of the folder, which is begun if it is empty."""
        output, reader = self.store.output, self.store.reader
        manifest = read_manifest(Archive(output, reader.title))
        settings = self.store.settings.to_dict()
        if manifest is None:
            with writing(output):
                others = [one.name for one in output.iterdir() if not one.name.endswith(ENDING)]
            if others:
                raise OutputError(
                    f"{output}: not empty, and not a prepared copy ({others[0]} is in it); "
                    "name a new folder"
                )
            manifest = Manifest(reader.name, settings, {}, metadata.version("mien"))
            self._write(MANIFEST, manifest.to_json())
        if manifest.dataset != reader.name:
            raise OutputError(
                f"{output}: begun from {manifest.dataset}, not from {reader.name}; "
                "name another folder"
            )
        if other := differences(manifest.settings, settings):
            raise OutputError(
                f"{output}: begun with {other}; name another folder, or use the same settings"
            )
        return manifest

    def _check_source(self, done: PreparedSplit) -> None:
        if done.source != self.source:
            raise OutputError(
                f"{self.store.output}: the split {self.store.reader.split} was prepared from other "
                "annotations; name another folder"
            )

    def _still_there(self, entries: Mapping[int, Entry], drop_unreadable: bool) -> dict[int, Entry]:
        """What is known, without pictures that have gone or changed in size since."""
        kept = {}
        for row, entry in entries.items():
            if entry.state == "unreadable" and not drop_unreadable:
                continue
            path = self.store.output / self.store.file(row)
            if not entry.size or (path.is_file() and path.stat().st_size == entry.size):
                kept[row] = entry
        return kept

    def _finish(self, manifest: Manifest, entries: Mapping[int, Entry]) -> None:
        """Write table, list of what is missing, and manifest, in this order."""
        reader = self.store.reader
        if not any(one.size for one in entries.values()):
            raise DataError(
                f"{reader.root}: of {reader.split}'s {counted(len(reader), 'picture')} none is "
                "left to be stored"
            )
        remove_parts(self.store.output)
        for name, text in self._texts(entries).items():
            self._write(name, text)
        splits = {**manifest.splits, reader.split: self._done(entries)}
        self._write(MANIFEST, replace(manifest, splits=splits).to_json())

    def _is_written(self, manifest: Manifest, entries: Mapping[int, Entry]) -> bool:
        """Whether a split is finished just so."""
        if manifest.splits[self.store.reader.split] != self._done(entries):
            return False
        files = ((self.store.output / name, text) for name, text in self._texts(entries).items())
        return all(one.is_file() and one.read_bytes() == text.encode() for one, text in files)

    def _texts(self, entries: Mapping[int, Entry]) -> dict[str, str]:
        """A split's table and list, by the names of their files."""
        reader = self.store.reader
        sizes = {row: one.size for row, one in entries.items() if one.size}
        stored = {row: self.store.file(row) for row in sizes}
        found = {row: one.state == "found" for row, one in entries.items()}
        table = table_text(reader.table, stored, found, sizes, reader.class_names, reader.units)
        return {
            self._file(".csv").name: table,
            self._file(".missing.csv").name: missing_text(reader.names, entries.values()),
        }

    def _done(self, entries: Mapping[int, Entry]) -> PreparedSplit:
        reader, states = self.store.reader, [one.state for one in entries.values()]
        return PreparedSplit(
            table=self._file(".csv").name,
            listed=len(reader),
            pictures=sum(one.size > 0 for one in entries.values()),
            found=states.count("found"),
            missing=states.count("kept") + states.count("dropped"),
            unreadable=states.count("unreadable"),
            source=self.source,
            class_names=reader.class_names,
        )

    def _report(self, entries: Mapping[int, Entry], earlier: int) -> PrepareReport:
        reader, settings, done = self.store.reader, self.store.settings, self._done(entries)
        not_found, unreadable = (
            tuple(reader.names[row] for row in sorted(entries) if entries[row].state in states)
            for states in (("kept", "dropped"), ("unreadable",))
        )
        return PrepareReport(
            output=self.store.output,
            title=reader.title,
            split=reader.split,
            size=settings.size,
            detector=settings.detector,
            pictures=done.pictures,
            found=done.found,
            not_found=not_found,
            unreadable=unreadable,
            kept=settings.missing == "keep",
            earlier=earlier,
            listing=self._file(".missing.csv"),
        )

    def _unreadable(self, failed: list[Entry]) -> DataError:
        """List all of them, and name the first."""
        reader, listing = self.store.reader, self._file(".unreadable.csv")
        self._write(listing.name, missing_text(reader.names, failed))
        number, split = counted(len(failed), "picture"), reader.split
        rest = f", and so on; {listing} lists all" if len(failed) > _NAMED else f" ({listing})"
        return DataError(
            f"{reader.root}: {number} of {split} cannot be read, all others of {split} are done: "
            f"{'; '.join(one.reason for one in failed[:_NAMED])}{rest}; repair the copy and run "
            "the same command again, or leave such pictures out with --unreadable drop (in "
            'Python unreadable="drop")'
        )

    def _file(self, ending: str) -> Path:
        return self.store.output / f"{folder_of(self.store.reader.split)}{ending}"

    def _write(self, name: str, text: str) -> None:
        write_whole(self.store.output / name, text.encode())


def _refuse_inside(root: Path, output: Path) -> None:
    """A prepared copy in its original would be taken for a part of it."""
    original, place = root.resolve(), output.resolve()
    if original.is_dir() and place.is_relative_to(original):
        raise OutputError(
            f"{output}: lies in the original copy {root}, which stays as it is; name a folder "
            "elsewhere"
        )
