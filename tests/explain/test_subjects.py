"""Networks with their cards, and faces cut as in prediction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")
import torch
from scipy.special import softmax

from mien.card import Card
from mien.errors import ModelError, NotFound, UnknownName
from mien.explain.subjects import VIEW, FaceCut, Trained
from mien.expressions import BASIC8
from mien.models import create_model
from mien.models.checkpoint import save_model
from mien.preprocess import Preprocess

GREY = Preprocess(size=32, colour="grey", scale=1.2, shift=(0.05, -0.1))
PHOTO = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
BOX = (30.0, 20.0, 40.0, 50.0)


def test_a_face_is_cut_as_in_prediction() -> None:
    face = FaceCut("a", PHOTO, BOX)
    assert (face.crop(GREY) == GREY.cut(PHOTO, BOX)).all()
    assert face.crop(GREY).shape == (32, 32)


def test_the_view_shows_the_same_square_in_colour() -> None:
    smooth = cv2.GaussianBlur(PHOTO, (0, 0), 6)
    face = FaceCut("a", smooth, BOX)
    view = face.view(GREY)
    assert view.shape == (VIEW, VIEW, 3)
    small = cv2.resize(cv2.cvtColor(view, cv2.COLOR_RGB2GRAY), (32, 32), cv2.INTER_AREA)
    difference = np.abs(small.astype(int) - face.crop(GREY))
    assert difference.max() <= 3


def test_a_crop_is_taken_whole() -> None:
    face = FaceCut("a", PHOTO)
    assert (face.crop(GREY) == GREY.cut(PHOTO)).all()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    network = create_model("lla_net", classes=8, width=4, depths=(1, 1)).eval()
    card = Card(
        name="mine",
        architecture="lla_net",
        labels=BASIC8,
        preprocess=GREY,
        temperature=1.7,
        arguments={"width": 4, "depths": [1, 1]},
    )
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    save_model(network, card, path)
    return path


def test_probabilities_are_calibrated_by_the_card(checkpoint: Path) -> None:
    faces = [FaceCut("a", PHOTO, BOX), FaceCut("b", PHOTO)]
    trained = Trained.load(checkpoint)
    inputs = GREY.normalise(np.stack([GREY.cut(PHOTO, BOX), GREY.cut(PHOTO)]))
    with torch.inference_mode():
        logits = trained.network(torch.from_numpy(inputs)).logits.numpy()
    np.testing.assert_allclose(trained.probabilities(faces), softmax(logits / 1.7, 1), atol=1e-6)


def test_a_class_is_explained_by_its_name(checkpoint: Path) -> None:
    trained = Trained.load(checkpoint)
    faces = [FaceCut("a", PHOTO, BOX), FaceCut("b", PHOTO)]
    assert trained.explain(faces, "gradcam++", "fear").classes.tolist() == [6, 6]
    predicted = trained.probabilities(faces).argmax(1)
    assert trained.explain(faces, "gradcam++").classes.tolist() == predicted.tolist()
    with pytest.raises(UnknownName, match="no class of mine is called 'feer'; did you mean fear"):
        trained.class_of("feer")


def test_what_is_no_checkpoint_is_named(tmp_path: Path, make_model: Callable[..., Path]) -> None:
    with pytest.raises(ModelError, match=r"tiny\.onnx: the weights cannot be taken out"):
        Trained.load(make_model(tmp_path / "tiny.onnx"))
    with pytest.raises(NotFound, match="no checkpoint"):
        Trained.load(tmp_path / "no.safetensors")
