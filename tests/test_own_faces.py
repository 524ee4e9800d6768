"""What ``docs/training.md`` tells people to type about their own faces does what it says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import cv2
import pytest

pytest.importorskip("lightning")
pytest.importorskip("onnxscript")

from lightning_warnings import IGNORED

import mien
from mien.cli import DONE, main
from mien.inference.session import Model
from mien.models.checkpoint import load_card
from mien.zoo import shipped_model

pytestmark = IGNORED
PAGE = Path(__file__).resolve().parents[1] / "docs" / "training.md"
PHOTO = Path(mien.__file__).parent / "examples" / "astronaut.jpg"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Photos of two expressions in two splits, each a little different."""
    picture = cv2.imread(str(PHOTO))
    for split, number in (("train", 14), ("test", 2)):
        for place, name in enumerate(("happiness", "anger")):
            folder = tmp_path / "photos" / split / name
            folder.mkdir(parents=True)
            for one in range(number):
                cv2.imwrite(
                    str(folder / f"{one}.png"), cv2.convertScaleAbs(picture, beta=one - 40 * place)
                )
    cv2.imwrite(str(tmp_path / "photo.jpg"), picture)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_of_the_page(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = PAGE.read_text(encoding="utf-8").partition("## Your own faces")[2]
    (block, *_) = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    ran = []
    for line in block.splitlines():
        program, *arguments = shlex.split(line, comments=True)
        if program == "mien":
            few = ["--set", "epochs=1"] if arguments[0] == "train" else []
            assert main([*arguments, *few]) == DONE, line
            ran.append(arguments[0])
    assert ran == ["data", "train", "evaluate", "export", "predict"]
    tuned = load_card(place / "runs/finetune.small-folder/model.safetensors")
    assert list(tuned.labels) == ["happiness", "anger"]
    shipped = Model(shipped_model()).card
    assert tuned.preprocess == shipped.preprocess  # the faces are cut as before
    assert next(one.name for one in tuned.origins) == "mien-small"
    capsys.readouterr()
    assert main(["predict", "photo.jpg", "--model", "mine.onnx", "--format", "json"]) == DONE
    row = json.loads(capsys.readouterr().out)
    assert row["happiness"] + row["anger"] == pytest.approx(1, abs=1e-6)


def test_the_shipped_model_is_explained_by_its_name(place: Path) -> None:
    assert main(["explain", "mien-small", "photo.jpg", "-o", "out"]) == DONE
    assert (place / "out" / "photo.gradcam++.png").is_file()
