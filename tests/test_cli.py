"""The command in a process of its own where it matters, else called in this one."""

import csv
import io
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien import __version__
from mien.card import Card, Origin
from mien.cli import DONE, INTERRUPTED, SOME_FAILED, WRONG_USAGE, main
from mien.errors import OutputError
from mien.expressions import BASIC8
from mien.inference.recognizer import Recognizer
from mien.preprocess import Preprocess

MakeModel = Callable[..., Path]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "photo.png"
    path.parent.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (60, 50, 3), dtype=np.uint8)
    path.write_bytes(cv2.imencode(".png", noise)[1].tobytes())
    return path


@pytest.fixture
def predict(tiny_model: Path) -> Callable[..., int]:
    """``mien predict`` with the small model on pictures that are face crops."""

    def run(*arguments: object) -> int:
        options = ["--model", str(tiny_model), "--detector", "none", "--threads", "1"]
        return main(["predict", *map(str, arguments), *options])

    return run


def process(*arguments: object, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "mien", *map(str, arguments)],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def write_video(path: Path, frames: int = 20, size: tuple[int, int] = (160, 96)) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 25, size)
    draw = np.random.default_rng(0)
    for _ in range(frames):
        writer.write(draw.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8))
    writer.release()
    return path


@pytest.mark.parametrize(("chosen", "used"), [(None, "utf-8"), ("cp437", "cp437")])
def test_a_file_of_output_is_utf8_unless_python_is_told_otherwise(
    chosen: str | None, used: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, whose code pages lack most names and signs."""
    file = io.BytesIO()
    output = io.TextIOWrapper(file, encoding="cp437", errors="surrogateescape")
    monkeypatch.setattr("sys.stdout", output)
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    if chosen:
        monkeypatch.setenv("PYTHONIOENCODING", chosen)
    assert main(["--version"]) == 0
    output.write("é\udcff")  # and a byte of a file's name that is no text
    output.flush()
    assert file.getvalue().endswith("é".encode(used) + b"\xff")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == DONE
    assert capsys.readouterr().out == f"mien {__version__}\n"


def test_json_lines_go_to_standard_output_and_nothing_else_does(
    predict: Callable[..., int], photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict(photo, "--format", "json") == DONE
    captured = capsys.readouterr()
    (row,) = map(json.loads, captured.out.splitlines())
    assert captured.err == ""
    assert (row["source"], row["face"], row["model"]) == (str(photo), 0, "tiny")
    assert (row["x"], row["y"], row["width"], row["height"]) == (0, 0, 50, 60)
    assert sum(row[name] for name in list(row)[13:-1]) == pytest.approx(1, abs=1e-5)


def test_json_csv_and_parquet_hold_the_same_rows(
    predict: Callable[..., int], photo: Path, tmp_path: Path
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    video = write_video(tmp_path / "clip.avi", frames=3)
    outputs = [tmp_path / f"rows.{suffix}" for suffix in ("jsonl", "csv", "parquet")]
    for output in outputs:
        assert predict(photo, video, "--output", output) == DONE
    lines = [json.loads(line) for line in outputs[0].read_text().splitlines()]
    assert len(lines) == 4
    assert parquet.read_table(outputs[2]).to_pylist() == lines
    with outputs[1].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [list(row) for row in rows] == [list(line) for line in lines]
    for row, line in zip(rows, lines, strict=True):
        assert row == {name: "" if value is None else str(value) for name, value in line.items()}
    assert sorted(tmp_path.glob("rows*")) == sorted(outputs)


def test_the_table_is_the_default(
    predict: Callable[..., int], photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict(photo) == DONE
    head, row = capsys.readouterr().out.splitlines()
    assert head.split()[:4] == ["source", "face", "expression", "confidence"]
    assert "photo.png" in row
    assert "%" in row


def test_no_source_is_written_over(
    predict: Callable[..., int], photo: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = photo.read_bytes()
    assert predict(photo, "--format", "json", "--output", photo) == WRONG_USAGE
    assert "is one of the sources, and would be lost" in capsys.readouterr().err
    model = str(shutil.copy(tiny_model, photo.parent / "own.onnx"))
    arguments = ["predict", str(photo), "--format", "csv", "--detector", "none"]
    assert main([*arguments, "--output", model, "--model", model]) == WRONG_USAGE
    assert "own.onnx: is read here, and would be lost" in capsys.readouterr().err
    assert Path(model).read_bytes() == tiny_model.read_bytes()
    # Another picture of the same name would become the photo.
    deeper = photo.parent / "deeper" / photo.name
    deeper.parent.mkdir()
    deeper.write_bytes(content)
    assert predict(deeper, photo, "--annotate", photo.parent) == SOME_FAILED
    assert "annotating would replace the source" in capsys.readouterr().err
    assert photo.read_bytes() == content


def test_annotated_pictures_are_no_sources(
    predict: Callable[..., int], photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = photo.parent / "out"
    for _ in range(2):  # the second time there are annotated pictures from the start
        assert predict(photo.parent, "--annotate", out, "--format", "json") == DONE
        (row,) = capsys.readouterr().out.splitlines()
        assert json.loads(row)["source"] == str(photo)
        assert [path.name for path in out.iterdir()] == [photo.name]


def test_annotated_pictures_and_videos(
    predict: Callable[..., int], photo: Path, tmp_path: Path
) -> None:
    twin = tmp_path / "other" / "photo.png"
    twin.parent.mkdir()
    shutil.copy(photo, twin)
    video = write_video(tmp_path / "clip.avi", frames=20)
    out = tmp_path / "annotated"
    output = tmp_path / "rows.csv"
    assert predict(photo, twin, video, "--annotate", out, "--output", output) == DONE
    assert sorted(path.name for path in out.iterdir()) == ["clip.mp4", "photo-2.png", "photo.png"]
    capture = cv2.VideoCapture(str(out / "clip.mp4"))
    assert capture.get(cv2.CAP_PROP_FPS) == 25
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 20


# --- bad input -------------------------------------------------------------------------------


def _bad_files(folder: Path) -> dict[Path, str]:
    """Each bad file with the words that its line must have besides its name."""
    noise = np.random.default_rng(0).integers(0, 255, (80, 80, 3), dtype=np.uint8)
    jpeg = cv2.imencode(".jpg", noise)[1].tobytes()
    head = b"IHDR" + struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    huge = b"\x89PNG\r\n\x1a\n\0\0\0\r" + head + struct.pack(">I", zlib.crc32(head))
    huge += b"\0\0\0\0IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    avi = write_video(folder / "whole.avi").read_bytes()
    (folder / "whole.avi").unlink()
    write_video(folder / "none.avi", frames=0)
    small, large = (cv2.imencode(".jpg", noise[:side])[1].tobytes() for side in (40, 80))
    contents = {
        "empty.jpg": (b"", "the file is empty"),
        "truncated.jpg": (jpeg[: len(jpeg) // 2], "is cut off or damaged"),
        "text.jpg": (b"no picture at all\n" * 9, "is not a picture"),
        "huge.png": (huge, "20000 x 20000 pixels are more than"),
        "truncated.avi": (avi[: len(avi) // 2], "the video is cut off here"),
        "none.avi": ((folder / "none.avi").read_bytes(), "has no frames"),
        "resized.mjpeg": (small * 3 + large * 3, "frame 3: the size changes"),
        "Größe 写真.jpg": (b"", "the file is empty"),
    }
    for name, (data, _) in contents.items():
        (folder / name).write_bytes(data)
    (folder / "no pictures").mkdir()
    lines = {folder / name: words for name, (_, words) in contents.items()}
    lines[folder / "no pictures"] = "holds no pictures and no videos"
    lines[folder / "missing.jpg"] = "there is no such file"
    lines[folder / "*.nothing"] = "no file matches"
    return lines


def test_each_bad_input_is_one_line_and_the_others_are_done(
    tiny_model: Path, photo: Path, tmp_path: Path
) -> None:
    bad = _bad_files(tmp_path)
    output = tmp_path / "rows.jsonl"
    options = ("--model", tiny_model, "--detector", "none", "--output", output)
    with process("predict", photo, *bad, photo, *options) as command:
        out, err = command.communicate(timeout=300)
    assert command.returncode == SOME_FAILED
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == len(bad), err
    for line, (path, words) in zip(lines, bad.items(), strict=True):
        assert line.startswith(f"mien: error: {path}: ")
        assert words in line
    rows = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    sources = [row["source"] for row in rows]
    assert sources[0] == sources[-1] == str(photo)
    assert sources.count(str(tmp_path / "resized.mjpeg")) == 3
    assert sources.count(str(tmp_path / "truncated.avi")) >= 3


def test_unusual_pictures_are_done(
    predict: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "Łódź, naïve café"
    folder.mkdir()
    deep = np.random.default_rng(0).integers(0, 2**16, (30, 30, 4), dtype=np.uint16)
    for name, pixels in {
        "1 pixel.png": np.zeros((1, 1, 3), np.uint8),
        "alpha 16.png": deep,
        "deep.tiff": deep[..., 0],
        "grey.jpg": np.zeros((30, 30), np.uint8),
    }.items():
        (folder / name).write_bytes(cv2.imencode(Path(name).suffix, pixels)[1].tobytes())
    assert predict(folder, "--format", "json", "--annotate", tmp_path / "ä ö") == DONE
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [Path(row["source"]).name for row in rows] == sorted(p.name for p in folder.iterdir())
    assert len(list((tmp_path / "ä ö").iterdir())) == 4


def test_a_model_without_card_or_with_a_newer_one_is_one_line(
    photo: Path, tmp_path: Path, make_model: MakeModel, capsys: pytest.CaptureFixture[str]
) -> None:
    for card, words in ((None, "has no card"), ('{"format": 3}', "has format 3")):
        path = make_model(tmp_path / "other.onnx", card=card)
        assert main(["predict", str(photo), "--model", str(path)]) == SOME_FAILED
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"mien: error: {path}: ")
        assert words in line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
@pytest.mark.parametrize("format", ["table", "json", "csv"])
def test_a_full_disk_is_one_line(
    format: str, predict: Callable[..., int], photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict(photo, "--output", "/dev/full", "--format", format) == SOME_FAILED
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("mien: error: /dev/full: cannot be written (No space left on device)")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
@pytest.mark.parametrize("arguments", [["--version"], ["models", "--json"], ["predict", "--help"]])
def test_standard_output_that_is_full_is_named(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "mien", *arguments]
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert done.returncode == SOME_FAILED
    (line,) = done.stderr.splitlines()
    assert line.startswith("mien: error: standard output: No space left on device")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
@pytest.mark.parametrize("format", ["table", "json", "csv"])
@pytest.mark.parametrize("buffered", ["", "1"])
def test_rows_for_a_full_standard_output_are_one_line_and_a_code(
    format: str, buffered: str, tiny_model: Path, photo: Path
) -> None:
    options = ["--model", tiny_model, "--detector", "none", "--format", format]
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "mien", "predict", photo, *options]
        done = subprocess.run(
            [*map(str, command)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
            env={**os.environ, "PYTHONUNBUFFERED": buffered},
        )
    assert done.returncode == SOME_FAILED
    (line,) = done.stderr.splitlines()
    assert line.startswith("mien: error: standard output: cannot be written (No space left on")


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of file sizes")
def test_a_file_that_rows_are_added_to_keeps_what_it_held(tiny_model: Path, tmp_path: Path) -> None:
    video, output = write_video(tmp_path / "clip.avi", frames=30), tmp_path / "rows.jsonl"
    earlier = '{"before": 1}\n' * 50
    output.write_text(earlier)
    options = ("--model", tiny_model, "--detector", "none", "--format", "json")
    command = [sys.executable, "-m", "mien", *map(str, ("predict", video, *options))]
    with output.open("a") as stream:
        done = subprocess.run(
            command,
            stdout=stream,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=300,
            preexec_fn=_limit_file_size,
        )
    assert done.returncode == SOME_FAILED
    text = output.read_text()
    assert text.startswith(earlier)
    rows = [json.loads(line)["frame"] for line in text.removeprefix(earlier).splitlines()]
    assert rows == list(range(len(rows)))
    assert rows


def test_a_dash_is_standard_output(
    predict: Callable[..., int],
    photo: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(photo.parent)
    assert predict(photo, "--format", "csv", "--output", "-") == DONE
    assert capfd.readouterr().out.startswith("source,frame,")
    assert not Path("-").exists()


def _limit_file_size() -> None:
    """A file that may not grow stands for a full disk: writing fails with an OSError."""
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of file sizes")
def test_rows_before_the_disk_is_full_stay_whole(tiny_model: Path, tmp_path: Path) -> None:
    video, output = write_video(tmp_path / "clip.avi", frames=30), tmp_path / "rows.csv"
    options = ("--model", tiny_model, "--detector", "none", "--output", output)
    with process("predict", video, *options, preexec_fn=_limit_file_size) as command:
        _, err = command.communicate(timeout=300)
    assert command.returncode == SOME_FAILED
    (line,) = err.splitlines()
    assert line.startswith(f"mien: error: {output}: cannot be written (File too large)")
    text = output.read_text()
    assert text.endswith("\n")
    rows = [row["frame"] for row in csv.DictReader(io.StringIO(text))]
    assert rows == [str(number) for number in range(len(rows))]
    assert 2 <= len(rows) < 30


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of file sizes")
def test_annotating_on_a_full_disk_names_the_files_and_keeps_the_rows(
    tiny_model: Path, photo: Path, tmp_path: Path
) -> None:
    video = write_video(tmp_path / "clip.avi", frames=3)
    folder = tmp_path / "annotated"
    options = (
        "--model",
        tiny_model,
        "--detector",
        "none",
        "--annotate",
        folder,
        "--format",
        "json",
    )
    with process("predict", photo, video, photo, *options, preexec_fn=_limit_file_size) as command:
        out, err = command.communicate(timeout=300)
    assert command.returncode == SOME_FAILED
    assert len(out.splitlines()) == 5
    starts = [
        f"mien: error: {folder / name}: " for name in ("photo.png", "clip.mp4", "photo-2.png")
    ]
    lines = err.splitlines()
    assert len(lines) == 3, err
    assert all(any(line.startswith(start) for line in lines) for start in starts), err
    assert list(folder.iterdir()) == []


def test_ctrl_c_leaves_the_finished_rows(
    tiny_model: Path,
    photo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stream = Recognizer.stream

    def interrupted(self: Recognizer, *arguments: object, **options: object) -> object:
        yield from stream(self, *arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(Recognizer, "stream", interrupted)
    output = tmp_path / "rows.csv"
    options = ["--model", str(tiny_model), "--detector", "none", "--output", str(output)]
    assert main(["predict", str(photo), *options]) == INTERRUPTED
    assert len(output.read_text().splitlines()) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "mien: interrupted; the rows up to here are written"


def test_an_interruption_while_modules_are_loaded_is_one_line() -> None:
    code = (
        "import sys\n"
        "class Stop:\n"
        "    def find_spec(name, *_):\n"
        "        if name == 'mien.cli': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Stop)\n"
        "from mien.__main__ import main\n"
        "sys.exit(main())"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (INTERRUPTED, "")
    assert done.stderr == "mien: interrupted; nothing was changed\n"


def test_a_reader_that_leaves_ends_the_command_quietly(tiny_model: Path, tmp_path: Path) -> None:
    video = write_video(tmp_path / "clip.avi", frames=300, size=(32, 32))
    options = ("--model", tiny_model, "--detector", "none", "--format", "json")
    with process("predict", video, *options) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.readline()
        command.stdout.close()
        assert command.stderr.read() == ""
        assert command.wait(60) == 141


# --- usage -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--every", "0"], "--every is 0"),
        (["--min-confidence", "2"], "min_confidence is 2.0"),
        (["--min-face", "0"], "at least 1"),
        (["--format", "parquet"], "Parquet goes to a file"),
        (["--output", "rows.xlsx"], "no format goes by the suffix .xlsx"),
        (["--model", "mien-smal"], "did you mean mien-small or mien-robust?"),
    ],
)
def test_wrong_options_are_wrong_usage(
    options: list[str],
    words: str,
    photo: Path,
    tiny_model: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = [] if "--model" in options else ["--model", str(tiny_model)]
    assert main(["predict", str(photo), *model, *options]) == WRONG_USAGE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("mien: error: ")
    assert words in line


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["predict", "x", "--nonsense"], ["predict", "x", "--every", "a"]],
)
def test_what_cannot_be_parsed_is_wrong_usage(arguments: list[str]) -> None:
    assert main(arguments) == WRONG_USAGE


def test_predict_without_a_path_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict"]) == WRONG_USAGE
    assert "no PATH is given" in capsys.readouterr().err


def test_a_suffix_that_contradicts_the_format_is_warned_of(
    predict: Callable[..., int], photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "rows.csv"
    assert predict(photo, "--output", output, "--format", "json") == DONE
    assert json.loads(output.read_text())["face"] == 0
    assert capsys.readouterr().err.startswith(f"mien: warning: {output} is written as json")


def test_debug_lets_the_error_through(tiny_model: Path, tmp_path: Path, photo: Path) -> None:
    (tmp_path / "no folder").touch()
    output = tmp_path / "no folder" / "rows.csv"
    arguments = ["predict", str(photo), "--model", str(tiny_model), "--output", str(output)]
    assert main(arguments) == SOME_FAILED
    with pytest.raises(OutputError):
        main([*arguments, "--debug"])


def test_an_unforeseen_error_is_one_line(
    predict: Callable[..., int],
    photo: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("two\nlines")

    monkeypatch.setattr(Recognizer, "stream", broken)
    assert predict(photo) == SOME_FAILED
    line = capsys.readouterr().err
    assert line == "mien: error: ZeroDivisionError: two lines; this is a bug, --debug shows where\n"


def test_models_lists_cards(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mien.zoo.shipped_model", lambda _: tiny_model)
    assert main(["models"]) == DONE
    assert "neutral, happiness" in capsys.readouterr().out
    assert main(["models", "--json"]) == DONE
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    # The default comes first.
    for one, words in zip(listed, ("made for a CPU", "noisy, blurred"), strict=True):
        assert (one["name"], one["card"]["name"]) == ("tiny", "tiny")
        assert one["bytes"] == tiny_model.stat().st_size
        assert words in one["summary"]


def test_models_tells_what_a_file_of_ones_own_says(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", str(tiny_model)]) == DONE
    first = capsys.readouterr().out.splitlines()[0]
    assert first == f"tiny  {tiny_model}, {tiny_model.stat().st_size / 1e6:.1f} MB"
    assert main(["models", str(tmp_path / "gone.onnx")]) == SOME_FAILED
    assert "gone.onnx: there is no such model file" in capsys.readouterr().err
    assert main(["models", "mien-small", "--cost"]) == WRONG_USAGE
    assert "takes no NAME or FILE" in capsys.readouterr().err


def test_models_tells_a_past_once(
    make_model: MakeModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    same, other = "FER+", "FairFace"
    past = (
        Origin(role="averaged from", name="a", sha256="1" * 64, data=same),
        Origin(role="averaged from", name="b", sha256="2" * 64, data=same),
        Origin(role="starts from", name="a", sha256="1" * 64, data=same, of="2" * 64),
        Origin(role="taught by", name="c", sha256="3" * 64, data=other, of="2" * 64),
        Origin(role="taught by", name="d", sha256="4" * 64, data=other, of="2" * 64),
    )
    card = Card(
        name="a",
        architecture="none",
        labels=BASIC8,
        preprocess=Preprocess(size=48),
        data=same,
        origins=past,
    )
    path = make_model(tmp_path / "one.onnx", card=card.to_json())
    monkeypatch.setattr("mien.zoo.shipped_model", lambda _: path)
    assert main(["models"]) == DONE
    said = capsys.readouterr().out
    assert " ".join(said[said.index("  made from") :].split()).startswith(
        "made from averaged from a (111111111111) and b (222222222222) "
        "b (222222222222) starts from a (111111111111); taught by c (333333333333, trained on: "
        "FairFace) and d (444444444444)"
    )


def test_the_command_line_itself_imports_nothing_slow() -> None:
    slow = "{'cv2', 'numpy', 'onnxruntime', 'torch'}"
    code = f"import sys, mien.cli; print({slow} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_predict_never_imports_torch(tiny_model: Path, photo: Path) -> None:
    code = (
        "import sys; from mien.cli import main; code = main(sys.argv[1:]); "
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'torch', 'pandas', 'matplotlib',"
        " 'tensorflow', 'sklearn', 'pyarrow'})); sys.exit(code)"
    )
    options = ["--model", str(tiny_model), "--output", os.devnull, "--format", "csv"]
    command = [sys.executable, "-c", code, "predict", str(photo), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
