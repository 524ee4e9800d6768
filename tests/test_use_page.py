"""What ``docs/use.md`` tells people to type does what it says."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import mien
from mien.cli import DONE, main
from mien.zoo import shipped_model

PAGE = Path(__file__).resolve().parents[1] / "docs" / "use.md"
PHOTO = Path(mien.__file__).parent / "examples" / "astronaut.jpg"


def blocks(language: str) -> list[str]:
    """The page's blocks of code in a language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the page takes for granted."""
    (tmp_path / "study").mkdir()
    for name in ("study/a.jpg", "party.jpg", "family.jpg"):
        shutil.copy(PHOTO, tmp_path / name)
    picture = cv2.resize(cv2.imread(str(PHOTO)), (512, 512))
    clip = cv2.VideoWriter(
        str(tmp_path / "clip.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 10, (512, 512)
    )
    for _ in range(6):
        clip.write(picture)
    clip.release()
    shutil.copy(tmp_path / "clip.mp4", tmp_path / "study" / "b.mp4")
    shutil.copy(shipped_model(), tmp_path / "model.onnx")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_and_the_summary(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (commands,) = blocks("sh")
    for line in commands.splitlines():
        program, *arguments = shlex.split(line, comments=True)
        assert program == "mien"
        assert main(arguments) == DONE, line
    assert {one.name for one in (place / "look").iterdir()} == {"a.jpg", "b.mp4"}
    pytest.importorskip("pandas")
    capsys.readouterr()
    names: dict[str, Any] = {}
    exec(blocks("python")[0], names)
    assert list(names["expressions"]) == [str(one) for one in mien.BASIC8]
    means = names["seen"].groupby("source")[names["expressions"]].mean()
    assert means["happiness"].min() > 0.8
    assert names["frames"].tolist() == [True] * len(names["frames"])
    assert sorted(names["frames"].groupby("source").size()) == [1, 6]


@pytest.mark.usefixtures("place")
def test_python_and_the_onnx_file_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for block in blocks("python")[1:]:
        exec(block, names)
    face = names["face"]
    told = {str(one): share for one, share in face.probabilities.items()}
    assert list(names["probabilities"]) == list(told)
    assert [*names["probabilities"].values()] == pytest.approx([*told.values()], abs=1e-5)
    assert set(names["row"]) >= {"source", "expression", "model"}
    assert "happiness" in capsys.readouterr().out


def test_how_a_face_is_cut_in_words() -> None:
    # As the page's last paragraph says, in other steps than Preprocess takes.
    preprocess = mien.Recognizer(detector="none").card.preprocess
    random = np.random.default_rng(0)
    picture = cv2.GaussianBlur(random.integers(0, 256, (300, 400, 3), np.uint8), (0, 0), 8)
    x, y, width, height = box = (120.0, 80.0, 90.0, 110.0)
    side = preprocess.scale * (width + height) / 2
    middle = (
        x + width / 2 + preprocess.shift[0] * side,
        y + height / 2 + preprocess.shift[1] * side,
    )
    square = cv2.getRectSubPix(picture, (round(side), round(side)), middle)
    grey = cv2.cvtColor(square, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (preprocess.size, preprocess.size), interpolation=cv2.INTER_AREA)
    expected = (small[None] / 255 - np.array(preprocess.mean)[:, None, None]) / np.array(
        preprocess.std
    )[:, None, None]
    np.testing.assert_allclose(preprocess(picture, box), expected, atol=0.06)
