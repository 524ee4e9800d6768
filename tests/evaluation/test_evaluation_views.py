"""Views of pictures: NumPy's ten windows against torchvision's, means against logits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from mien.errors import TensorError
from mien.evaluation.views import answer_views, enlarged, ten_windows
from mien.preprocess import Preprocess

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.normal(size=(3, 2, 13, 10)).astype(np.float32)
WEIGHTS = RANDOM.normal(size=(2 * 8 * 8, 5)).astype(np.float32)


def logits(images: np.ndarray) -> np.ndarray:
    """Not linear, so that the mean of logits is no other mean."""
    return np.maximum(images.reshape(len(images), -1) @ WEIGHTS, 0)


def classify(images: np.ndarray) -> np.ndarray:
    """With a temperature, which must make no difference."""
    return softmax(logits(images) / 1.7, axis=1).astype(np.float32)


def test_the_ten_windows_are_torchvisions() -> None:
    torch = pytest.importorskip("torch")
    v2 = pytest.importorskip("torchvision.transforms.v2")
    for images, size in ((IMAGES, 8), (IMAGES[:, :, :10], 9), (IMAGES[..., :9], 9)):
        theirs = v2.functional.ten_crop(torch.from_numpy(images.copy()), [size, size])
        ours = list(ten_windows(images, size))
        assert len(ours) == 10
        for one, other in zip(ours, theirs, strict=True):
            assert np.array_equal(one, other.numpy())


def test_ten_windows_are_answered_by_the_mean_of_their_logits() -> None:
    mean = np.mean([logits(window) for window in ten_windows(IMAGES, 8)], axis=0)
    answers = answer_views(classify, IMAGES, "ten-crop", 8)
    assert answers.dtype == np.float32
    assert np.allclose(answers, softmax(mean / 1.7, axis=1), atol=1e-6)


def test_flip_is_the_mean_of_a_picture_and_its_mirror_image() -> None:
    images = IMAGES[:, :, :8, :8]
    mean = (logits(images) + logits(images[..., ::-1])) / 2
    answers = answer_views(classify, images, "flip", 8)
    assert np.allclose(answers, softmax(mean / 1.7, axis=1), atol=1e-6)
    assert np.allclose(answer_views(classify, images[..., ::-1], "flip", 8), answers, atol=1e-6)
    assert np.array_equal(answer_views(classify, images, "plain", 8), classify(images))


def test_a_probability_of_zero_is_no_nan() -> None:
    sure = np.array([[1.0, 0.0, 0.0]], np.float32)
    turns = iter([sure, sure[:, ::-1]])
    answers = answer_views(lambda _: next(turns), np.zeros((1, 1, 4, 4), np.float32), "flip", 4)
    assert answers == pytest.approx(np.array([[0.5, 0, 0.5]]), abs=1e-12)


def test_faces_are_cut_larger_for_ten_windows() -> None:
    # 44 of 48, and 112 of 122, as the recipe of LLA-Net varies them in training.
    assert [enlarged(Preprocess(size=size), "ten-crop").size for size in (44, 48, 112, 224)] == [
        48,
        52,
        122,
        244,
    ]
    assert enlarged(Preprocess(size=48), "flip") == Preprocess(size=48)


def test_pictures_that_are_too_small_are_refused() -> None:
    with pytest.raises(TensorError, match=r"\(3, 2, 13, 10\).*11 pixels"):
        list(ten_windows(IMAGES, 11))
    with pytest.raises(TensorError, match="no ten windows"):
        list(ten_windows(IMAGES[0], 8))
