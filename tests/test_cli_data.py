"""``mien data check``, ``stats`` and ``prepare``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("scipy")

import fairface_copy
import tiny_set

from mien.cli import DONE, INTERRUPTED, SOME_FAILED, WRONG_USAGE, main


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tiny_set.register(monkeypatch)
    return tiny_set.write(tmp_path / "copy")


def test_check_tells_what_is_wrong(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["data", "check", "tiny", "--root", str(root)]
    assert main(arguments) == DONE
    printed = capsys.readouterr()
    assert "problems: none" in printed.out
    assert printed.err == ""
    (root / "train/3.png").write_bytes(b"")
    assert main(arguments) == SOME_FAILED
    assert "train 3: train/3.png is empty" in capsys.readouterr().out
    assert main([*arguments, "--json", "--output", str(tmp_path / "report.json")]) == SOME_FAILED
    report = json.loads(capsys.readouterr().out)
    assert report == json.loads((tmp_path / "report.json").read_text())
    assert report["counts"] == {"empty": 1}
    assert main([*arguments, "--split", "test", "--equal-only"]) == DONE
    printed = capsys.readouterr()
    assert "train" not in printed.out.replace("in train", "")


def test_check_finds_out_first_whether_the_report_can_be_written(
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["data", "check", "tiny", "--root", str(root), "--output"]
    with monkeypatch.context() as patch:
        patch.setattr("mien.data.checking.check.check", lambda *_, **__: pytest.fail("too late"))
        (tmp_path / "file").touch()
        for path, reason in (
            (tmp_path / "file/report.json", "the folder"),
            (tmp_path, "cannot be"),
        ):
            assert main([*arguments, str(path)]) == SOME_FAILED
            printed = capsys.readouterr()
            assert printed.out == ""
            assert printed.err.startswith("mien: error: ")
            assert reason in printed.err
    # An interrupted check leaves no empty file, and an old report as it was.
    with monkeypatch.context() as patch:
        patch.setattr("mien.data.checking.check.check", _interrupted)
        (tmp_path / "old.json").write_text("old")
        for name in ("new/new.json", "old.json"):
            assert main([*arguments, str(tmp_path / name)]) == INTERRUPTED
    assert list((tmp_path / "new").iterdir()) == []
    assert (tmp_path / "old.json").read_text() == "old"
    capsys.readouterr()
    if Path("/dev/full").exists():
        assert main([*arguments, "/dev/full"]) == SOME_FAILED
        printed = capsys.readouterr()
        assert "problems: none" in printed.out, "what cost so much time is shown"
        assert "/dev/full: cannot be written (No space left on device)" in printed.err


def _interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_check_passes_options_to_the_reader(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["data", "check", "tiny", "--root", str(root), "--json", "--jobs", "1"]
    assert main([*arguments, "--split", "train", "--set", "classes=1"]) == DONE
    report = json.loads(capsys.readouterr().out)
    assert report["options"] == {"classes": 1}
    assert report["splits"]["train"]["images"] == 4


def test_stats_are_printed_and_drawn(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["data", "stats", "tiny", "--root", str(root)]
    assert main(arguments) == DONE
    printed = capsys.readouterr()
    assert printed.out.splitlines()[0].split() == ["class", "train", "%", "test", "%"]
    assert printed.err == ""
    assert main([*arguments, "--json", "--split", "test"]) == DONE
    (spread,) = json.loads(capsys.readouterr().out)
    assert (spread["split"], spread["counts"]["neutral"], spread["images"]) == ("test", 4, 4)
    assert main([*arguments, "--json", "--split", "test", "--split", "test"]) == DONE
    assert json.loads(capsys.readouterr().out) == [spread]
    pytest.importorskip("matplotlib")
    assert main([*arguments, "--output", str(tmp_path / "out"), "--samples", "2"]) == DONE
    files = ["class.png", "class-train.png", "class-test.png"]
    assert capsys.readouterr().err.splitlines() == [
        f"mien: {tmp_path / 'out' / name}" for name in files
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(files)


def test_a_split_that_is_not_there_is_named_and_the_others_are_counted(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "test.csv").unlink()
    assert main(["data", "stats", "tiny", "--root", str(root)]) == SOME_FAILED
    printed = capsys.readouterr()
    assert "train" in printed.out
    assert printed.err.strip() == f"mien: error: {root}: test.csv is missing"


@pytest.mark.parametrize("verb", ["check", "stats", "prepare"])
def test_a_split_of_which_nothing_is_there_is_told_and_is_no_error(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = fairface_copy.write(tmp_path / "fairface", 4)
    output = ["-o", str(tmp_path / "out"), "--detector", "none", "--jobs", "1"]
    options = ["--root", str(copy), *(output if verb == "prepare" else [])]
    # Four pictures are fewer than published, which check must still say.
    assert main(["data", verb, "fairface", *options]) == (1 if verb == "check" else DONE)
    printed = capsys.readouterr()
    reason = f"{copy}: the split val is not in this copy, fairface_label_val.csv is missing"
    first, *others = printed.err.splitlines()
    assert first == f"mien: {reason}"
    assert not any("error" in one for one in others)
    assert "train" in printed.out
    assert "cannot be read" not in printed.out
    assert main(["data", verb, "fairface", *options, "--split", "val"]) == SOME_FAILED
    assert capsys.readouterr().err.strip() == f"mien: error: {reason}"


def test_a_prepared_copy_without_a_split_that_is_done_is_refused(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "prepared"
    arguments = ["data", "prepare", "tiny", "--root", str(root), "--output", str(output)]
    assert main([*arguments, "--detector", "none", "--jobs", "1", "--split", "test"]) == DONE
    manifest = json.loads((output / "prepared.json").read_text())
    (output / "prepared.json").write_text(json.dumps(manifest | {"splits": {}}))
    capsys.readouterr()
    for verb in ("check", "stats"):
        assert main(["data", verb, "tiny", "--root", str(output)]) == SOME_FAILED
        said = capsys.readouterr().err
        assert said.startswith(f"mien: error: {output}: no split is prepared to its end; run mien")
        assert said.count("\n") == 1


def test_prepared_faces_are_read_in_place_of_the_original(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "prepared"
    arguments = ["data", "prepare", "tiny", "--root", str(root), "--output", str(output)]
    assert main([*arguments, "--detector", "none", "--size", "48", "--jobs", "1"]) == DONE
    sentences = capsys.readouterr().out.splitlines()
    assert len(sentences) == 2
    assert all("48x48" in sentence for sentence in sentences)
    assert main(["data", "check", "tiny", "--root", str(output), "--json"]) == DONE
    report = json.loads(capsys.readouterr().out)
    assert report["splits"]["train"]["sizes"] == [[48, 48], [48, 48]]
    assert report["splits"]["train"]["classes"]["happiness"] == 3


def test_a_split_with_unreadable_pictures_does_not_stop_the_next(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "prepared"
    arguments = ["data", "prepare", "tiny", "--root", str(root), "-o", str(output)]
    arguments += ["--detector", "none", "--jobs", "1"]
    for number in range(7):
        (root / f"train/{number}.png").write_bytes(b"" if number else b"no picture")
    assert main(arguments) == SOME_FAILED
    printed = capsys.readouterr()
    assert printed.out.startswith("Tiny's test: 4 of 4 pictures cut")
    assert "7 pictures of train cannot be read, all others of train are done" in printed.err
    assert "train/0.png is not a picture" in printed.err
    assert f"{output / 'train.unreadable.csv'} lists all" in printed.err
    (root / "test/8.png").unlink()
    (output / "test/000/0000001-8.png").unlink()
    assert main(arguments) == SOME_FAILED
    errors = [one for one in capsys.readouterr().err.splitlines() if "error: " in one]
    assert ["of train" in errors[0], "1 picture of test" in errors[1]] == [True, True]
    assert main([*arguments, "--unreadable", "drop", "--split", "test"]) == DONE
    assert capsys.readouterr().err.splitlines() == [
        "mien: test: could not be read: 8",
        f"mien: test: all are listed in {output / 'test.missing.csv'}",
    ]
    assert main([*arguments, "--unreadable", "drop", "--split", "test"]) == DONE
    (said,) = capsys.readouterr().err.splitlines()
    assert said == f"mien: test: all are listed in {output / 'test.missing.csv'}"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["check", "tyny", "--root", "."], WRONG_USAGE, "did you mean tiny"),
        (["check", "tiny", "--root", "nowhere"], SOME_FAILED, "nowhere: there is no Tiny"),
        (["check", "tiny", "--root", ".", "--split", "trian"], WRONG_USAGE, "did you mean train"),
        (["check", "tiny", "--root", ".", "--set", "x=1"], WRONG_USAGE, "option of Tiny"),
        (["check", "tiny", "--root", ".", "--set", "boxes"], WRONG_USAGE, "KEY=VALUE"),
        (["check", "tiny", "--root", ".", "--set", "boxes=2"], WRONG_USAGE, "true or false"),
        (["check", "tiny", "--root", ".", "--jobs", "0"], WRONG_USAGE, "not at least 1"),
        (["check", "tiny", "--root", "."], SOME_FAILED, "train.csv is missing"),
        (["stats", "tiny", "--root", "."], SOME_FAILED, "train.csv is missing"),
        (["stats", "tiny", "--root", ".", "--samples", "0"], WRONG_USAGE, "--samples is 0"),
        (["stats", "tiny", "--root", ".", "--seed", "-1"], WRONG_USAGE, "--seed is -1"),
        (["prepare", "tyny", "--root", ".", "-o", "x"], WRONG_USAGE, "did you mean tiny"),
    ],
)
def test_wrong_use_is_one_line(
    root: Path,  # noqa: ARG001  # registers the data set
    arguments: list[str],
    code: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["data", *arguments]) == code
    said = capsys.readouterr().err.strip()
    assert said.startswith("mien: error: ")
    assert message in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("verb", "more", "kept"),
    [
        ("check", [], "nothing was changed"),
        ("prepare", ["-o", "x"], "the same command goes on with the next picture"),
    ],
)
def test_interrupted_verbs_say_what_stays(
    verb: str,
    more: list[str],
    kept: str,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(tiny_set.TinySet, "_annotations", _interrupted)
    assert main(["data", verb, "tiny", "--root", str(root), *more]) == INTERRUPTED
    assert capsys.readouterr().err.strip() == f"mien: interrupted; {kept}"


def test_wrong_verbs_are_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["data"], ["data", "chekc"]):
        assert main(arguments) == WRONG_USAGE
        assert "check, stats, prepare, pack" in capsys.readouterr().err
    for arguments in (["data", "--help"], ["data", "check", "--help"]):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == DONE
        assert "check" in capsys.readouterr().out


def test_the_command_line_starts_without_the_data_sets() -> None:
    code = "import sys, mien.cli; print(*(m for m in sys.modules if m.startswith('mien.data')))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == ""
