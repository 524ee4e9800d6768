"""``mien data pack``."""

from __future__ import annotations

import zipfile
from pathlib import Path

import fairface_copy
import ferplus_copy
import numpy as np
import pytest

pytest.importorskip("scipy")

from mien.cli import DONE, SOME_FAILED, WRONG_USAGE, main
from mien.data.fairface import FairFace
from mien.data.ferplus import FERPlus


@pytest.fixture
def root(tmp_path: Path) -> Path:
    splits = {
        "FER2013Train": ferplus_copy.make_faces(12),
        "FER2013Valid": ferplus_copy.make_faces(5, 1),
    }
    return ferplus_copy.write_folders(tmp_path / "ferplus", splits)


def test_all_splits_of_a_copy_go_into_one_file(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new/packed.zip"
    assert main(["data", "pack", "ferplus", "--root", str(root), "-o", str(path)]) == DONE
    printed = capsys.readouterr()
    assert printed.out.startswith(f"{path}: train 12, public-test 5; 48x48 grey, as in the")
    assert "private-test is not in this copy" in printed.err
    for split in ("train", "public-test"):
        assert FERPlus(path, split).fingerprint == FERPlus(root, split).fingerprint
    # What mien says of the file is what it says of the original.
    for verb in ("check", "stats"):
        said = []
        for copy in (root, path):
            main(["data", verb, "ferplus", "--root", str(copy)])
            said.append(capsys.readouterr().out.replace(str(copy), "COPY"))
        assert said[0] == said[1]
        assert "public-test" in said[0]


def test_size_colour_and_splits_are_chosen(tmp_path: Path) -> None:
    root = fairface_copy.write(tmp_path / "fairface", 4)
    path = tmp_path / "packed.zip"
    arguments = ["data", "pack", "fairface", "--root", str(root), "-o", str(path)]
    chosen = ["--split", "train", "--size", "24", "--colour", "grey"]
    assert main([*arguments, *chosen]) == DONE
    face = FairFace(path).picture(2)
    assert face.shape == (24, 24, 3)
    assert np.array_equal(face[..., 0], face[..., 2])
    assert sorted(zipfile.ZipFile(path).namelist()) == [
        *("prepared.json", "train.csv", "train/0000.png"),
    ]


def test_mistakes_are_told_in_a_line(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "packed.zip")
    arguments = ["data", "pack", "ferplus", "--root", str(root), "-o", path]
    for more, code, line in (
        (["--size", "0"], WRONG_USAGE, "--size is 0, not at least 1"),
        (["--split", "private-test"], SOME_FAILED, "private-test is not in this copy"),
        (["--set", "label=x"], WRONG_USAGE, "did you mean labels?"),
        (["-o", str(tmp_path)], SOME_FAILED, "cannot be written"),
    ):
        assert main([*arguments, *more]) == code
        printed = capsys.readouterr().err.splitlines()
        assert line in printed[-1]
        assert printed[-1].startswith("mien: error: ")
    assert not Path(path).exists()


def test_the_list_itself_is_not_packed_over(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = tmp_path / "list" / "list.csv"
    listed.parent.mkdir()
    rows = []
    for one in sorted(root.rglob("*.png"))[:3]:
        one.rename(listed.parent / one.name)
        rows.append(f"{one.name},anger")
    listed.write_text("\n".join(["path,label", *rows]))
    for name in (listed, tmp_path / "list"):  # a folder with one such file names it, too
        arguments = ["data", "pack", "list", "--root", str(name), "-o", str(listed)]
        assert main(arguments) == WRONG_USAGE
        assert "and would be lost; write to another file" in capsys.readouterr().err
    assert listed.read_text().startswith("path,label")
    # What was packed into the folder may be packed again.
    arguments[-1] = str(listed.with_name("packed.zip"))
    assert [main(arguments), main(arguments)] == [DONE, DONE]
