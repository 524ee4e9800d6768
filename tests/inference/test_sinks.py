import errno
import io
import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError, OutputError
from mien.expressions import BASIC7, Expression
from mien.inference.results import Face, columns
from mien.inference.rows import CsvSink, JsonSink, RowFile, Sink
from mien.inference.sinks import Format, create_sink
from mien.inference.table import TableSink


def face(number: int, source: str = "clip.mp4") -> Face:
    return Face(
        source=source,
        frame=number,
        time_s=number / 25,
        face=0,
        track=0,
        box=(1.0, 2.0, 3.0, 4.0),
        detection_score=0.9,
        landmarks=np.zeros((5, 2), np.float32),
        expression=Expression.ANGER,
        confidence=0.6,
        probabilities=dict.fromkeys(BASIC7, 1 / 7),
        model="tiny",
    )


def write_all(sink: Sink, faces: list[Face], at_once: int) -> None:
    for start in range(0, len(faces), at_once):
        sink.write(faces[start : start + at_once])


class FullDisk(io.BytesIO):
    """Has room for some bytes, takes what fits, and then refuses."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def write(self, data: bytes) -> int:
        fits = self.room - self.tell()
        if not fits:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data[:fits])


@pytest.mark.parametrize("room", range(250, 1200, 97))
@pytest.mark.parametrize("at_once", [1, 3])
def test_a_full_disk_leaves_only_whole_rows(room: int, at_once: int) -> None:
    disk = FullDisk(room)
    sink = JsonSink(RowFile(Path("rows.jsonl"), disk), BASIC7)
    faces = [face(number) for number in range(12)]
    with pytest.raises(OutputError, match=r"rows\.jsonl: cannot be written \(No space left"):
        write_all(sink, faces, at_once)
    text = disk.getvalue().decode()
    assert text == "" or text.endswith("\n")
    rows = [json.loads(line)["frame"] for line in text.splitlines()]
    assert rows == list(range(len(rows)))
    # The next row would not have fitted.
    line = len(json.dumps(faces[10].to_row(BASIC7)).encode()) + 1
    assert len(text) + line > room


def test_a_full_disk_leaves_only_whole_lines_of_csv() -> None:
    disk = FullDisk(700)
    sink = CsvSink(RowFile(Path("rows.csv"), disk), BASIC7)
    faces = [face(number, "two\nlines, quoted.mp4") for number in range(12)]
    with pytest.raises(OutputError):
        write_all(sink, faces, 1)
    text = disk.getvalue().decode()
    assert text.endswith(",tiny\r\n")


def test_a_full_disk_takes_nothing_of_what_others_wrote() -> None:
    disk = FullDisk(900)
    disk.write(b"earlier\n" * 20)
    sink = JsonSink(RowFile(None, disk), BASIC7)
    with pytest.raises(OutputError):
        write_all(sink, [face(number) for number in range(12)], 1)
    text = disk.getvalue().decode()
    assert text.startswith("earlier\n" * 20)
    rows = [json.loads(line)["frame"] for line in text.splitlines()[20:]]
    assert rows == list(range(len(rows)))
    assert text.endswith("\n")


def test_what_others_write_in_between_is_not_shortened() -> None:
    disk = FullDisk(900)
    sink = JsonSink(RowFile(None, disk), BASIC7)
    write_all(sink, [face(0)], 1)
    disk.write(b"from elsewhere\n")
    with pytest.raises(OutputError):
        write_all(sink, [face(number) for number in range(12)], 1)
    assert len(disk.getvalue()) == 900
    assert b"from elsewhere\n" in disk.getvalue()


def test_csv_quotes_what_needs_it_and_has_a_head() -> None:
    stream = io.BytesIO()
    sink = CsvSink(RowFile(None, stream), BASIC7)
    sink.write([Face(source='a, "b".png', model="tiny")])
    head, row, end = stream.getvalue().decode().split("\r\n")
    assert head == ",".join(columns(BASIC7))
    assert row == '"a, ""b"".png"' + "," * (len(columns(BASIC7)) - 1) + "tiny"
    assert end == ""


def test_names_that_are_not_unicode_pass_through_unchanged() -> None:
    stream = io.BytesIO()
    name = b"caf\xe9.png".decode(errors="surrogateescape")
    JsonSink(RowFile(None, stream), BASIC7).write([Face(source=name)])
    assert b'"source": "caf\xe9.png"' in stream.getvalue()


def test_parquet_needs_a_file() -> None:
    with pytest.raises(InputError, match="--output"):
        create_sink("parquet", None, BASIC7)


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_a_folder_that_is_not_there_is_made_or_named(name: str, tmp_path: Path) -> None:
    kind = name.partition(".")[2]
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    with create_sink(kind, tmp_path / "new" / "er" / name, BASIC7) as sink:
        sink.write([face(0)])
    assert (tmp_path / "new" / "er" / name).stat().st_size > 0
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"rows\..*: cannot be written \("):
        create_sink(kind, tmp_path / "file" / name, BASIC7)


def test_an_interrupted_parquet_is_whole_and_a_broken_one_keeps_its_rows(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    output = tmp_path / "rows.parquet"
    with suppress(KeyboardInterrupt), create_sink("parquet", output, BASIC7) as sink:
        sink.write([face(0), face(1)])
        raise KeyboardInterrupt
    table = parquet.read_table(output)
    assert table.column_names == list(columns(BASIC7))
    assert table.to_pylist() == [face(0).to_row(BASIC7), face(1).to_row(BASIC7)]
    assert list(tmp_path.iterdir()) == [output]

    output.unlink()
    output.mkdir()  # nothing can be moved there
    sink = create_sink("parquet", output, BASIC7)
    sink.write([face(0)])
    with pytest.raises(OutputError, match=r"its rows are complete in .*rows\.parquet\.rows\.jsonl"):
        sink.close()
    spool = tmp_path / "rows.parquet.rows.jsonl"
    assert json.loads(spool.read_text()) == face(0).to_row(BASIC7)
    assert sorted(tmp_path.iterdir()) == [output, spool]


@pytest.mark.parametrize("format", ["table", "json", "csv", "parquet"])
def test_what_was_there_stays_until_rows_come(format: Format, tmp_path: Path) -> None:
    if format == "parquet":
        pytest.importorskip("pyarrow")
    output = tmp_path / "rows"
    output.write_bytes(b"former rows" * 1000)
    with create_sink(format, output, BASIC7):
        pass
    assert output.read_bytes() == b"former rows" * 1000
    assert list(tmp_path.iterdir()) == [output]
    with create_sink(format, output, BASIC7) as sink:
        sink.write([face(0)])
        sink.write([face(1)])
    written = output.read_bytes()
    assert b"former" not in written
    with create_sink(format, tmp_path / "new", BASIC7) as sink:
        sink.write([face(0), face(1)])
    if format != "parquet":
        assert written == (tmp_path / "new").read_bytes()


def test_rows_of_a_killed_run_stay_where_no_new_ones_come(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    output, spool = tmp_path / "rows.parquet", tmp_path / "rows.parquet.rows.jsonl"
    spool.write_text("rows of a run that was killed\n")
    with create_sink("parquet", output, BASIC7):
        pass
    assert spool.read_text() == "rows of a run that was killed\n"
    assert not output.exists()
    with create_sink("parquet", output, BASIC7) as sink:
        sink.write([face(0)])
    assert parquet.read_table(output).num_rows == 1
    assert list(tmp_path.iterdir()) == [output]


def test_a_csv_without_rows_has_its_head(tmp_path: Path) -> None:
    with create_sink("csv", tmp_path / "rows.csv", BASIC7):
        pass
    assert (tmp_path / "rows.csv").read_text().strip() == ",".join(columns(BASIC7))


def test_parquet_without_rows_has_its_columns(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    with create_sink("parquet", tmp_path / "rows.parquet", BASIC7):
        pass
    assert parquet.read_table(tmp_path / "rows.parquet").column_names == list(columns(BASIC7))


@pytest.mark.parametrize("legacy", [False, True])
def test_a_console_without_escape_codes_gets_none(
    legacy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("rich.console.detect_legacy_windows", lambda: legacy)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    line = TableSink(None)._line(face(0, "a.png"))
    assert (b"\x1b[" in line) != legacy


def test_the_table_is_aligned_and_shortens_long_names() -> None:
    stream = io.BytesIO()
    sink = TableSink(None, RowFile(None, stream))
    names = ["写真/" * 40 + "last.png", "short.png"]
    sink.write([face(0, names[0]), face(1, names[1]), Face(source="bare\n.png")])
    head, long, short, none = stream.getvalue().decode().splitlines()
    assert "last.png 0 0.00s" in long
    assert long.startswith("…")
    assert short.startswith("short.png 1 0.04s  ")
    assert "anger" in short
    assert " 60%  1, 2, 3 x 4" in short
    assert head.index("expression") == short.index("anger")
    assert none.startswith("bare?.png")
    assert none.endswith("no face")
