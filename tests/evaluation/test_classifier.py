"""Both kinds of model file answer through the same door."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from mien.card import Card
from mien.errors import CardError, ModelError, NotFound
from mien.evaluation.answers import Answers
from mien.evaluation.classifier import load_classifier
from mien.evaluation.foreign import Foreign
from mien.expressions import BASIC7
from mien.preprocess import Preprocess

SEVEN = Foreign(labels=BASIC7, size=48)
FACES = np.random.default_rng(0).integers(0, 256, (10, 48, 48), dtype=np.uint8)


def shares(answers: Answers) -> np.ndarray:
    assert answers.probabilities is not None
    return answers.probabilities


def test_onnx_answers_are_prepared_and_calibrated_as_the_card_says(
    tiny_onnx: Path, weights: np.ndarray
) -> None:
    classifier = load_classifier(tiny_onnx, threads=1)
    assert classifier.card.name == "tiny"
    assert classifier.sha256 == hashlib.sha256(tiny_onnx.read_bytes()).hexdigest()
    # 48 to 16 pixels is an average over 3x3, rounded; then values between -1 and 1.
    small = np.rint(FACES.reshape(10, 16, 3, 16, 3).mean(axis=(2, 4)))
    inputs = np.repeat((small / 127.5 - 1)[:, None], 3, axis=1).reshape(10, -1)
    expected = softmax(inputs @ weights / 2.0, axis=1)
    assert np.allclose(shares(classifier(FACES)), expected, atol=1e-4)
    assert classifier(FACES).predicted.tolist() == expected.argmax(axis=1).tolist()
    assert classifier.said is None


def test_batches_do_not_change_the_answers(tiny_onnx: Path) -> None:
    classifier = load_classifier(tiny_onnx, threads=1)
    seen: list[tuple[int, int]] = []
    parts = classifier(FACES, batch=4, progress=lambda *pair: seen.append(pair))
    assert np.allclose(shares(parts), shares(classifier(FACES)), atol=1e-6)
    assert seen == [(4, 10), (8, 10), (10, 10)]
    assert shares(classifier(FACES[:0])).shape == (0, 8)


def test_views_are_means_of_logits_of_both_kinds_of_file(
    tiny_onnx: Path, weights: np.ndarray
) -> None:
    classifier = load_classifier(tiny_onnx, threads=1)
    small = np.rint(FACES.reshape(10, 16, 3, 16, 3).mean(axis=(2, 4))) / 127.5 - 1
    both = [np.repeat(one[:, None], 3, axis=1).reshape(10, -1) for one in (small, small[..., ::-1])]
    logits = np.mean([one @ weights for one in both], axis=0)
    flipped = shares(classifier(FACES, view="flip"))
    assert np.allclose(flipped, softmax(logits / 2.0, axis=1), atol=1e-4)
    # Ten windows of 16 pixels out of 17: of a grey picture all are alike.
    plain = np.full((2, 40, 40), 90, np.uint8)
    windows = shares(classifier(plain, view="ten-crop"))
    assert np.allclose(windows, shares(classifier(plain)), atol=1e-6)


def test_colour_faces_are_answered_too(tiny_onnx: Path) -> None:
    classifier = load_classifier(tiny_onnx, threads=1)
    colour = np.repeat(FACES[..., None], 3, axis=3)
    assert np.allclose(shares(classifier(colour)), shares(classifier(FACES)), atol=1e-3)


def test_faces_may_have_different_sizes(tiny_onnx: Path) -> None:
    classifier = load_classifier(tiny_onnx, threads=1)
    mixed = [FACES[0], FACES[1, :40, :30], np.repeat(FACES[2][..., None], 3, axis=2)]
    one_by_one = [shares(classifier([one]))[0] for one in mixed]
    assert np.allclose(shares(classifier(mixed)), one_by_one, atol=1e-6)


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
    answers = shares(classifier(FACES))
    assert answers.dtype == np.float64
    assert np.allclose(answers, softmax(logits / 0.5, axis=1), atol=1e-5)


def test_files_that_are_no_models_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"none\.onnx"):
        load_classifier(tmp_path / "none.onnx")
    (tmp_path / "bad.onnx").write_text("no model")
    with pytest.raises((ModelError, CardError), match=r"bad\.onnx"):
        load_classifier(tmp_path / "bad.onnx")


def test_a_file_without_a_card_needs_words(
    make_model: Callable[..., Path], tmp_path: Path, tiny_onnx: Path
) -> None:
    weights = np.arange(21, dtype=np.float32).reshape(7, 3) / 30
    path = make_model(tmp_path / "theirs.onnx", card=None, weights=weights)
    with pytest.raises(CardError, match=r"theirs\.onnx: .*no card.*--labels and --size"):
        load_classifier(path)
    classifier = load_classifier(path, threads=1, foreign=SEVEN)
    assert classifier.said is SEVEN
    assert classifier.card.labels == BASIC7
    # The mean of each channel, from -1 to 1.
    means = np.repeat(FACES.mean(axis=(1, 2))[:, None] / 127.5 - 1, 3, axis=1)
    logits = means @ weights.T + np.arange(7) / 10
    assert np.allclose(shares(classifier(FACES)), softmax(logits, axis=1), atol=1e-5)
    # What a card says is not overruled, and a damaged card is no missing one.
    assert load_classifier(tiny_onnx, foreign=SEVEN).card.name == "tiny"
    damaged = make_model(tmp_path / "damaged.onnx", card="{")
    with pytest.raises(CardError, match="cannot be read"):
        load_classifier(damaged, foreign=SEVEN)
