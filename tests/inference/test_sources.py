"""Which files a path, a folder or a glob stands for, and which must not be written over."""

from __future__ import annotations

import os
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.errors import InputError, MienError, NotFound, Unreadable
from mien.inference.source_files import find_files, is_source, sources_in
from mien.inference.sources import read_sources
from mien.inference.video import Frame


def make(folder: Path, *names: str) -> list[Path]:
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return paths


def test_a_folder_is_searched_but_for_what_is_left_out(tmp_path: Path) -> None:
    names = ("a.jpg", "b/c.PNG", "b/out/d.jpg", "out/e.jpg", "out.jpg", ".f/g.jpg", "h.txt")
    make(tmp_path, *names)
    found = [path.relative_to(tmp_path).as_posix() for path in find_files(str(tmp_path))]
    assert found == ["a.jpg", "out.jpg", "b/c.PNG", "b/out/d.jpg", "out/e.jpg"]
    some = find_files(str(tmp_path), tmp_path / "b" / ".." / "out")
    assert [path.relative_to(tmp_path).as_posix() for path in some] == [
        *found[:4],
    ]
    # The folder that is named is searched, whatever becomes of its pictures.
    (own,) = find_files(str(tmp_path / "out"), tmp_path / "out")
    assert own == tmp_path / "out" / "e.jpg"


def test_a_glob_leaves_out_what_is_left_out(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "b/c.jpg", "out/a.jpg", "out/d/e.jpg")
    out = tmp_path / "out"

    def found(pattern: str) -> list[str]:
        paths = find_files(str(tmp_path / pattern), out)
        return [path.relative_to(tmp_path).as_posix() for path in paths]

    assert found("*") == ["a.jpg", "b/c.jpg"]
    assert found("**") == ["a.jpg", "b/c.jpg"]
    assert found("out/*.jpg") == ["out/a.jpg"]  # asked for by its name
    with pytest.raises(NotFound, match="no file matches"):
        found("*/a.jpg")
    assert sources_in(out, [str(tmp_path / "**")], out) == frozenset()
    assert sources_in(out, [str(out / "*")], out) == {(out / "a.jpg").resolve()}


def test_what_is_written_meanwhile_is_no_source(tmp_path: Path) -> None:
    for name in ("in/a.png", "in/b.png", "out/c.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes())
    out = tmp_path / "out"
    names = []
    for frame in read_sources([str(tmp_path / "in"), str(out), str(out / "*")], leave_out=out):
        assert isinstance(frame, Frame)
        names.append(Path(frame.source).name)
        (out / f"{len(names)}.png").write_bytes((tmp_path / "in" / "a.png").read_bytes())
    assert names == ["a.png", "b.png", "c.png", "c.png"]


def test_what_may_not_be_looked_at_is_one_error_of_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes())
    looked = Path.stat

    def stat(self: Path, **options: bool) -> os.stat_result:
        if self.name == "locked.png":
            raise PermissionError(13, "Permission denied", str(self))
        return looked(self, **options)

    monkeypatch.setattr(Path, "stat", stat)
    sources = [tmp_path / "locked.png", "x" * 300, 1.5, path]
    first, second, third, last = read_sources(sources)  # type: ignore[list-item]
    assert re.fullmatch(r".*locked\.png: cannot be read \(Permission denied\)", str(first))
    assert "x: cannot be read (" in str(second)
    assert "not float" in str(third)
    assert isinstance(last, Frame)
    assert not is_source(path, sources[:1])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are Unix's")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(InputError, match=r"pipe\.jpg: is no file or folder"):
        list(find_files(str(tmp_path / "pipe.jpg")))


def test_an_empty_path_is_not_the_folder_one_is_in() -> None:
    with pytest.raises(NotFound, match="an empty path"):
        list(find_files(""))


def test_folders_that_may_not_be_listed_come_after_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "a/1.jpg", "b/2.jpg", "c/3.jpg", "d/4.jpg")
    scan = os.scandir

    def refusing(path: str):
        if Path(path).name in ("b", "d"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    found = find_files(str(tmp_path))
    assert [next(found).name, next(found).name] == ["1.jpg", "3.jpg"]
    with pytest.raises(Unreadable, match=r"b: cannot be listed \(Permission denied\), nor can 1 "):
        next(found)


def test_sources_are_known_by_whatever_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo, deep, other, made = make(tmp_path, "a.jpg", "b/c.jpg", "b/rows.csv", "b/out/d.jpg")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.jpg").symlink_to(photo)
    for path, sources in (
        (photo, ["a.jpg"]),
        (tmp_path / "link.jpg", [photo]),
        (photo, ["camera:0", 0, "missing.jpg", "*.jpg"]),
        (deep, ["."]),
        (deep, [str(tmp_path)]),
        (deep, ["?"]),
        (deep, ["**/c.jpg"]),
        (other, ["b/rows.csv"]),
        (made, ["b"]),
    ):
        assert is_source(path, sources), (path, sources)
    for path, sources in (
        (photo, ["b", "b/*.jpg"]),
        (other, ["."]),  # of folders pictures and videos alone are read
        (tmp_path / "new.jpg", ["."]),
        (photo, [""]),
    ):
        assert not is_source(path, sources), (path, sources)
    # What lies in the folder that is left out was not read, unless that folder is the source.
    assert not is_source(made, ["b"], tmp_path / "b" / "out")
    assert is_source(made, ["b/out"], tmp_path / "b" / "out")
    assert is_source(deep, ["b"], tmp_path / "b" / "out")


@pytest.mark.skipif(os.name == "nt", reason="Windows makes no links without a right to")
def test_links_that_lead_to_themselves_end_nothing(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    out = tmp_path / "out"
    sources = [str(tmp_path / "loop.jpg"), "x\0y", str(tmp_path / "*")]
    found = list(read_sources(sources, leave_out=out))
    assert [isinstance(one, MienError) for one in found] == [True] * 4  # a.jpg is empty
    assert sources_in(tmp_path, sources, out) >= {(tmp_path / "a.jpg").resolve()}


@pytest.mark.skipif(os.name == "nt", reason="Windows makes no links without a right to")
def test_folders_that_are_links_are_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    photo, _ = make(tmp_path, "study/a.jpg", "elsewhere/b.jpg")
    (tmp_path / "study" / "linked").symlink_to(tmp_path / "elsewhere")
    assert list(find_files(str(tmp_path / "study"))) == [photo]
    assert caplog.messages == [
        f"{tmp_path}/study: links to folders (1, such as {tmp_path}/study/linked) are not "
        "followed, name them to read them"
    ]
    assert [one.name for one in find_files(str(tmp_path / "study" / "linked"))] == ["b.jpg"]
    photo.unlink()
    with pytest.raises(NotFound, match=r"no videos; links to folders \(1, such as "):
        list(find_files(str(tmp_path / "study")))
