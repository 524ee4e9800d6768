"""Both kinds of model file answer through the same door."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from mien.card import Card
from mien.errors import CardError, ModelError, NotFound
from mien.evaluation.classifier import load_classifier
from mien.expressions import BASIC7
from mien.preprocess import Preprocess

FACES = np.random.default_rng(0).integers(0, 256, (10, 48, 48), dtype=np.uint8)


def test_onnx_answers_are_prepared_and_calibrated_as_the_card_says(
    tiny_onnx: Path, weights: np.ndarray
) -> None:
    classifier = load_classifier(tiny_onnx, threads=1)
    assert classifier.card.name == "tiny"
    assert classifier.sha256 == hashlib.sha256(tiny_onnx.read_bytes()).hexdigest()
    # 48 to 16 pixels is an average over 3x3, rounded; then values between -1 and 1.
    small = np.rint(FACES.reshape(10, 16, 3, 16, 3).mean(axis=(2, 4)))
    inputs = np.repeat((small / 127.5 - 1)[:, None], 3, axis=1).reshape(10, -1)
    assert np.allclose(classifier(FACES), softmax(inputs @ weights / 2.0, axis=1), atol=1e-4)


def test_batches_do_not_change_the_answers(tiny_onnx: Path) -> None:
    classifier = load_classifier(tiny_onnx, threads=1)
    seen: list[tuple[int, int]] = []
    parts = classifier(FACES, batch=4, progress=lambda *pair: seen.append(pair))
    assert np.allclose(parts, classifier(FACES), atol=1e-6)
    assert seen == [(4, 10), (8, 10), (10, 10)]
    assert classifier(FACES[:0]).shape == (0, 8)


def test_colour_faces_are_answered_too(tiny_onnx: Path) -> None:
    classifier = load_classifier(tiny_onnx, threads=1)
    colour = np.repeat(FACES[..., None], 3, axis=3)
    assert np.allclose(classifier(colour), classifier(FACES), atol=1e-3)


def test_a_checkpoint_answers_with_its_temperature(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from mien.models import create_model, save_model

    network = create_model("small", classes=BASIC7).eval()
    card = Card(
        name="fresh",
        architecture="small",
        labels=BASIC7,
        preprocess=Preprocess(size=48, colour="grey", mean=(0.0,) * 3, std=(1.0,) * 3),
        temperature=0.5,
    )
    save_model(network, card, tmp_path / "fresh.safetensors")
    classifier = load_classifier(tmp_path / "fresh.safetensors")
    assert classifier.card == card
    images = torch.from_numpy(FACES[:, None] / np.float32(255)).repeat(1, 3, 1, 1)
    with torch.no_grad():
        logits = network(images).logits.numpy()
    answers = classifier(FACES)
    assert answers.dtype == np.float32
    assert np.allclose(answers, softmax(logits / 0.5, axis=1), atol=1e-5)


def test_files_that_are_no_models_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"none\.onnx"):
        load_classifier(tmp_path / "none.onnx")
    (tmp_path / "bad.onnx").write_text("no model")
    with pytest.raises((ModelError, CardError), match=r"bad\.onnx"):
        load_classifier(tmp_path / "bad.onnx")
