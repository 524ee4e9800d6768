"""Files appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mien.drafts import draft_of, output_file, output_folder, refuse_source, try_to_write
from mien.errors import InputError, OutputError


def test_the_target_changes_only_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text("old")
    with draft_of(path) as draft:
        draft.write_text("new")
        assert path.read_text() == "old"
        assert (draft.parent, draft.name) == (tmp_path, f".result.json.{os.getpid()}.part")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("reason", [ValueError, KeyboardInterrupt, OSError])
def test_whatever_goes_wrong_leaves_the_old_file_alone(
    tmp_path: Path, reason: type[BaseException]
) -> None:
    path = tmp_path / "result.json"
    path.write_text("old")

    def interrupted() -> None:
        with draft_of(path) as draft:
            draft.write_text("half")
            raise reason

    with pytest.raises(reason):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_draft_that_was_never_begun_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), draft_of(tmp_path / "nowhere" / "result.json"):
        pass


def test_a_file_that_was_asked_for_gets_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "report.html"
    with output_file(path, "the report") as draft:
        draft.write_text("page")
    assert path.read_text() == "page"
    assert list(path.parent.iterdir()) == [path]


def write_half(path: Path, error: Exception, *words: str) -> None:
    with output_file(path, *words) as draft:
        draft.write_text("half")
        raise error


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "report.html: cannot be written (No space left on device)"),
        (("the report",), "report.html: the report cannot be written (No space left on device)"),
        (
            ("the report", "choose another"),
            "report.html: the report cannot be written (No space left on device); choose another",
        ),
    ],
)
def test_what_cannot_be_written_is_said_in_one_line(
    tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    with pytest.raises(OutputError) as caught:
        write_half(path, OSError(28, "No space left on device"), *words)
    assert str(caught.value) == f"{tmp_path / message}"
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_other_errors_pass_through(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not ours"):
        write_half(tmp_path / "a", ValueError("not ours"))
    assert not list(tmp_path.iterdir())


def test_a_folder_is_made_or_named(tmp_path: Path) -> None:
    output_folder(tmp_path / "a" / "b")
    output_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"file: the folder cannot be made \(File exists\)"):
        output_folder(tmp_path / "file")
    with pytest.raises(OutputError, match=r"x: the file cannot be written \(File exists\)"):
        write_half(tmp_path / "file" / "x", ValueError("not reached"), "the file")


def test_what_is_no_file_is_written_to_itself(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("named pipes are Unix's")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with output_file(pipe) as draft:
        assert draft == pipe
    assert pipe.is_fifo()
    link = tmp_path / "link"
    link.symlink_to(pipe)  # as /dev/stdout is one
    with output_file(link) as draft:
        assert draft == link
    link.unlink()
    assert list(tmp_path.iterdir()) == [pipe]


def test_what_is_read_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "faces.zip"
    source.write_text("faces")
    (tmp_path / "link").symlink_to(source)
    monkeypatch.chdir(tmp_path)
    for output in (source, tmp_path / "link", Path("faces.zip")):
        with pytest.raises(InputError, match="is read here, and would be lost"):
            refuse_source(output, "mien-small", None, source)
    # What is not there, is no file, or could be none is no source.
    refuse_source(tmp_path / "new.json", source, "x" * 5000, "a\0b", "hf://some/set", tmp_path)
    refuse_source(source, tmp_path / "other.zip", "https://example.org/faces.zip")


def test_the_longest_name_has_a_draft(tmp_path: Path) -> None:
    for name in ("a" * 251 + ".csv", "\u00e9" * 125 + ".csv"):
        with draft_of(tmp_path / name) as draft:
            draft.write_text("new")
        assert (tmp_path / name).read_text() == "new"


@pytest.mark.skipif(os.name == "nt", reason="Windows makes no links without a right to")
def test_a_link_stays_one_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    target, link = tmp_path / "disk" / "real.json", tmp_path / "latest.json"
    link.symlink_to(target)  # nothing is there yet
    for text in ("first", "second"):
        with output_file(link) as draft:
            draft.write_text(text)
            assert draft.parent == target.parent.resolve()
        assert link.is_symlink()
        assert target.read_text() == text
    assert [one.name for one in target.parent.iterdir()] == ["real.json"]


@pytest.mark.skipif(os.name == "nt", reason="Windows makes no links without a right to")
def test_trying_leaves_a_link_to_nothing_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "new" / "file")
    try_to_write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert list((tmp_path / "new").iterdir()) == []
