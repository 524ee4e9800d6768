import errno
from pathlib import Path

import pytest

from mien.data.preparing.journal import Entry, Journal, alone_in, remove_parts, write_whole, writing
from mien.errors import OutputError

OURS = {"source": "abc"}


def write(path: Path, count: int) -> None:
    with Journal(path, OURS) as journal:
        for index in range(count):
            journal.add(Entry(index, "found", 10 + index))


def test_entries_come_back(tmp_path: Path) -> None:
    write(tmp_path / "j", 3)
    with Journal(tmp_path / "j", OURS) as journal:
        assert journal.entries == {index: Entry(index, "found", 10 + index) for index in range(3)}


def test_reasons_come_back_and_a_new_journal_begins_with_what_is_known(tmp_path: Path) -> None:
    first = [Entry(3, "found", 5), Entry(1, "unreadable", reason='is "cut"\noff')]
    for later in (first, [Entry(9, "dropped")]):  # only the first time
        with Journal(tmp_path / "j", OURS, later) as journal:
            assert list(journal.entries.values()) == first


def test_a_file_in_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "a" / "b"):
        with (
            pytest.raises(OutputError, match="/file: is a file where a folder is needed"),
            writing(path),
        ):
            path.mkdir(parents=True, exist_ok=True)


def test_cut_off_lines_are_forgotten_wherever_they_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "j"
    write(path, 3)
    data = path.read_bytes()
    ends = [place for place, byte in enumerate(data, 1) if byte == ord("\n")]
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with Journal(path, OURS) as journal:
            known = max(sum(end <= length for end in ends) - 1, 0)
            assert sorted(journal.entries) == list(range(known))
            journal.add(Entry(7, "dropped"))
        with Journal(path, OURS) as journal:
            assert sorted(journal.entries) == [*range(known), 7]


def test_another_or_a_damaged_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "j"
    write(path, 2)
    with pytest.raises(OutputError, match="begun with other annotations"):
        Journal(path, {"source": "xyz"})
    data = path.read_bytes()
    for damage in (data.replace(b"found", b"lost!", 1), data.replace(b"[0", b"{0", 1)):
        path.write_bytes(damage)
        with pytest.raises(OutputError, match="line 2 is damaged"):
            Journal(path, OURS)


def test_a_full_disk_leaves_the_old_file_and_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "table.csv"
    write_whole(path, b"old")

    def full(part: Path, data: bytes) -> int:
        with part.open("wb") as file:
            file.write(data[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match=r"table\.csv: cannot be written \(No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["table.csv"]


def test_unwritable_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="j: cannot be written"):
        Journal(tmp_path / "no" / "j", OURS)
    with pytest.raises(OutputError, match="x: cannot be written"):
        write_whole(tmp_path / "no" / "x", b"")


def test_parts_of_killed_processes_are_removed(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a/b/.x.png.123.part").write_bytes(b"")
    (tmp_path / "a/b/x.png").write_bytes(b"")
    remove_parts(tmp_path)
    assert [one.name for one in tmp_path.rglob("*.*")] == ["x.png"]


def test_only_one_process_prepares_into_a_folder(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    with (
        alone_in(tmp_path),
        pytest.raises(OutputError, match="another process"),
        alone_in(tmp_path),
    ):
        pass
    with alone_in(tmp_path):
        assert list(tmp_path.iterdir()) == []
