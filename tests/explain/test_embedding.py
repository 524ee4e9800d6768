"""Features in the plane."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

import torch
from sklearn.neighbors import KNeighborsClassifier

from mien.card import Card
from mien.errors import DataError
from mien.explain.embedding import draw_embeddings, embed, face_features, sample_rows
from mien.explain.grids import write_figure
from mien.explain.subjects import Trained
from mien.expressions import BASIC8
from mien.models import create_model
from mien.preprocess import Preprocess

SETTINGS = Preprocess(size=32)


def clusters(spread: float) -> tuple[np.ndarray, np.ndarray]:
    """90 features of three classes, whose centres are 10 apart."""
    random = np.random.default_rng(0)
    classes = np.arange(90) % 3
    centres = np.eye(3, 16) * 10
    return (centres[classes] + random.normal(0, spread, (90, 16))).astype(np.float32), classes


def test_tight_clusters_stay_clusters() -> None:
    features, classes = clusters(0.5)
    embedding = embed("tight", features, classes)
    assert embedding.points.shape == (90, 2)
    neighbours = KNeighborsClassifier(3).fit(embedding.points, classes)
    assert neighbours.score(embedding.points, classes) == 1
    assert embedding.silhouette > 0.75
    assert embedding.silhouette > embed("loose", *clusters(5)).silhouette


def test_the_silhouette_is_rousseeuws() -> None:
    features = np.array([[0.0, 3], [1, 3], [4, 3], [6, 3], [7, 3]], np.float32)
    # By hand: a is the mean distance within the class, b that to the other class.
    parts = [(a, b) for a, b in [(1, 17 / 3), (1, 14 / 3), (2.5, 3.5), (1.5, 5.5), (2, 6.5)]]
    expected = np.mean([(b - a) / max(a, b) for a, b in parts])
    embedding = embed("line", features, np.array([0, 0, 1, 1, 1]))
    assert embedding.silhouette == pytest.approx(expected, abs=1e-6)


def test_a_seed_gives_the_same_points_again() -> None:
    features, classes = clusters(3)
    first, again = (embed("x", features, classes, seed=4).points for _ in range(2))
    assert (first == again).all()


@pytest.mark.parametrize("classes", [[0, 1], [2] * 20, list(range(20))])
def test_too_few_faces_or_classes_are_named(classes: list[int]) -> None:
    features = np.random.default_rng(0).normal(size=(len(classes), 4)).astype(np.float32)
    with pytest.raises(DataError, match="too few"):
        embed("x", features, np.array(classes))


def test_a_network_that_answers_all_faces_alike_is_named() -> None:
    with pytest.raises(DataError, match="dead: all faces have the same features"):
        embed("dead", np.ones((20, 4), np.float32), np.arange(20) % 2)


def test_a_sample_is_of_pictures_with_a_class_and_does_not_depend_on_their_order() -> None:
    names = [f"{number}.png" for number in range(100)]
    classes = np.where(np.arange(100) % 4 == 0, -1, 2)
    rows = sample_rows(names, classes, 20)
    assert len(rows) == 20
    assert (np.diff(rows) > 0).all()
    assert (classes[rows] == 2).all()
    backwards = sample_rows(names[::-1], classes[::-1], 20)
    assert {names[row] for row in rows} == {names[::-1][row] for row in backwards}
    # Of fewer pictures the sample holds those of the larger one.
    assert {*rows} & {*range(50)} <= {*sample_rows(names[:50], classes[:50], 20)}
    assert len(sample_rows(names, classes, 1000)) == 75


def test_features_are_dans_pooled_maps_and_else_what_the_classifier_sees() -> None:
    crops = list(np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8))
    images = torch.from_numpy(SETTINGS.normalise(np.stack(crops)))
    small = {"width": 8, "depths": (1, 1)}
    for name, field, options in (("dan", "pooled", small), ("lla_net", "features", small)):
        network = create_model(name, classes=8, **options).eval()
        card = Card(name=name, architecture=name, labels=BASIC8, preprocess=SETTINGS)
        features = face_features(Trained(network, card), crops)
        with torch.inference_mode():
            expected = getattr(network(images), field).numpy()
        np.testing.assert_allclose(features, expected, atol=1e-5)


def test_progress_is_told() -> None:
    crops = [np.zeros((32, 32, 3), np.uint8)] * 130
    card = Card(name="x", architecture="dan", labels=BASIC8, preprocess=SETTINGS)
    network = create_model("dan", classes=8, width=4, depths=(1,)).eval()
    steps: list[tuple[int, int]] = []
    face_features(Trained(network, card), crops, progress=lambda *step: steps.append(step))
    assert steps == [(128, 130), (130, 130)]


def test_panels_show_the_same_faces_in_colours_of_their_classes(tmp_path: Path) -> None:
    features, classes = clusters(2)
    pair = [embed(name, features, classes) for name in ("without", "with")]
    figure = draw_embeddings(pair, classes, BASIC8)
    titles = [panel.get_title() for panel in figure.axes]
    assert [title.split("\n")[0] for title in titles] == ["without", "with"]
    colours = [panel.collections[0].get_facecolors() for panel in figure.axes]
    assert (colours[0] == colours[1]).all()
    assert len({tuple(one) for one in colours[0]}) == 3
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["neutral", "happiness", "surprise"]
    for number in range(2):
        write_figure(draw_embeddings(pair, classes, BASIC8), tmp_path / f"{number}.png")
    assert (tmp_path / "0.png").read_bytes() == (tmp_path / "1.png").read_bytes()
