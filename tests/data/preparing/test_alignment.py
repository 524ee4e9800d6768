from pathlib import Path

import cv2
import numpy as np
import pytest

import mien
from mien.data.preparing.alignment import (
    FaceFinder,
    _views,
    choose,
    face_preprocess,
    usable_box,
)
from mien.errors import CardError, UnknownName
from mien.faces import MTCNN, Detection
from mien.inference.images import read_picture
from mien.preprocess import FACE_EVOLVE


def face(x: float, y: float, side: float, score: float = 0.9) -> Detection:
    return Detection((x, y, side, side), score)


def test_template_is_the_one_of_the_specification_at_both_sizes() -> None:
    """Papers.md 4.2, in pixels of 112; scaled for 224."""
    pixels = [38.29, 51.70, 73.53, 51.50, 56.03, 71.74, 41.55, 92.37, 70.73, 92.20]
    # In pixels of 224, counted from the centre of the first one.
    assert np.array(FACE_EVOLVE).ravel() * 224 - 0.5 == pytest.approx(2 * np.array(pixels))
    landmarks = np.array(pixels).reshape(5, 2) * 3 + (40, -7)
    for size in (112, 224):
        matrix = face_preprocess(size, "similarity").matrix((0, 0, 1, 1), landmarks)
        placed = landmarks @ matrix[:, :2].T + matrix[:, 2]
        assert placed.ravel() == pytest.approx((np.array(pixels) + 0.25) * size / 112)


def test_a_square_is_cut_where_there_are_no_landmarks() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[30:50, 40:60] = 200
    for align in ("similarity", "square"):
        crop = face_preprocess(122, align).cut(picture, (40, 30, 20, 20))
        bright = np.argwhere(crop[..., 0] > 100)
        # A box of 20 pixels is 100 of 122; its centre lies a little below the crop's.
        assert bright.min(0) == pytest.approx([11 + 0.06 * 122, 11], abs=1.5)
        assert bright.max(0) == pytest.approx([111 + 0.06 * 122, 111], abs=1.5)
    with pytest.raises(CardError):
        face_preprocess(112, "skewed")  # type: ignore[arg-type]


def test_the_face_nearest_to_the_centre_is_meant_unless_it_is_small() -> None:
    centre, edge = face(80, 80, 40), face(0, 0, 60)
    assert choose([edge, centre], 200, 200) is centre
    large = face(20, 20, 130)
    assert choose([centre, large], 200, 200) is large
    # Side 40 - distance 0 against side 60 - distance 99.
    assert choose([edge], 200, 200) is edge
    assert choose([], 200, 200) is None


def test_faces_centred_outside_the_picture_are_passed_over() -> None:
    assert choose([face(-60, 50, 100)], 200, 200) is None
    inside = face(-40, 50, 100)
    assert choose([face(150, 50, 120), inside], 200, 200) is inside


def test_the_face_that_shares_most_with_the_sets_box_is_meant() -> None:
    small, right, large = face(10, 10, 30, 0.99), face(95, 100, 55, 0.7), face(0, 0, 190, 0.999)
    assert choose([large, small, right], 200, 200, (100, 100, 50, 50)) is right
    # Intersection over union of 100 / 700 is below 0.2, of 300 / 500 above.
    assert choose([face(110, 100, 20)], 200, 200, (125, 100, 20, 20)) is None
    near = face(110, 100, 20)
    assert choose([near], 200, 200, (115, 100, 20, 20)) is near


def test_boxes_that_are_tiny_or_not_half_in_the_picture_are_not_used() -> None:
    for box in ((1, 2, 8, 9), (-5, 0, 10, 10), (15, 0, 10, 10), (0, 0, 20, 40), (-2, -3, 24, 26)):
        assert usable_box(list(box), 20, 20) == box
    too_small = [0, 0, 7.9, 9], [0, 0, 9, 7.9], [0, 0, 0, 9], [0, 0, 9, -9], [20, 20, -20, -20]
    outside = [-5.1, 0, 10, 10], [-5, -5, 10, 10], [0, 15.1, 10, 10], [0, 0, 20, 40.1]
    absurd = [90, 90, 10, 10], [-1e6, -1e6, 2e6, 2e6], [0, 0, np.inf, 10], [np.nan] * 4, None
    for other in (*too_small, *outside, *absurd):
        assert usable_box(other, 20, 20) is None


@pytest.mark.parametrize("size", [(48, 48), (100, 60), (700, 500), (1100, 800)])
@pytest.mark.parametrize("box", [None, (0.3, 0.4, 0.2, 0.3)])
def test_faces_of_views_come_back_to_their_place(
    size: tuple[int, int], box: tuple[float, ...] | None
) -> None:
    width, height = size
    own = None if box is None else tuple(np.multiply(box, size * 2).tolist())
    # Two spots, told apart by their colours.
    spots = np.array([[0.37, 0.5], [0.42, 0.6]]) * size
    picture = np.zeros((height, width, 3), np.uint8)
    for channel, spot in enumerate(spots):
        layer = np.zeros((height, width), np.uint8)
        cv2.circle(layer, tuple(int(one) for one in spot), max(width // 50, 1), 255, -1)
        picture[..., channel] = layer
    true = np.array([centre_of(picture[..., channel]) for channel in (0, 1)])
    views = list(_views(width, height, own))
    assert len(views) == (3 if own is None and max(size) > 256 else 2)
    for view in views:
        seen = view.of(picture)
        points = np.array([centre_of(seen[..., channel]) for channel in (0, 1)])
        # As a detector would say it: left and right change places in a mirror.
        left, right = points[::-1] if view.mirrored else points
        landmarks = np.stack([left, right, points[0], left, right]).astype(np.float32)
        low, high = points.min(0), points.max(0)
        back = view.back(Detection((*low, *(high - low)), 0.9, landmarks))
        expected = true[[0, 1, 0, 0, 1]]
        tolerance = max(0.02 * width, 1)
        assert back.landmarks == pytest.approx(expected, abs=tolerance)
        outline = [*true.min(0), *(true.max(0) - true.min(0))]
        assert back.box == pytest.approx(outline, abs=tolerance)


def centre_of(channel: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero(channel > 100)
    return np.array([columns.mean() + 0.5, rows.mean() + 0.5])


def test_a_view_shows_a_small_face_large_and_around_its_box() -> None:
    (close, mirror) = _views(48, 48, None)
    assert close.of(np.zeros((48, 48, 3), np.uint8)).shape == (192, 192, 3)
    assert (close.least, mirror.mirrored) == (64, True)
    near, _ = _views(4000, 3000, (1000, 900, 500, 400))
    picture = np.zeros((3000, 4000, 3), np.uint8)
    picture[850:1350, 1000:1500] = 255  # the box's square
    bright = np.argwhere(near.of(picture)[..., 0] > 128)
    assert bright.min(0) == pytest.approx([64, 64], abs=1)
    assert bright.max(0) == pytest.approx([191, 191], abs=1)


def test_without_a_detector_the_sets_box_is_the_face() -> None:
    picture = np.zeros((50, 60, 3), np.uint8)
    finder = FaceFinder("none")
    whole, own = finder(picture), finder(picture, (1, 2, 3, 4))
    assert whole is not None
    assert own is not None
    assert (whole.box, own.box) == (None, (1, 2, 3, 4))
    with pytest.raises(UnknownName, match="mtcn"):
        FaceFinder("mtcn").open()


@pytest.mark.parametrize("share", [0.3, 0.4, 0.5, 0.7])
def test_a_crop_may_be_a_loose_one(share: float) -> None:
    photo = read_picture(Path(mien.__file__).parent / "examples" / "astronaut.jpg")
    ((face, *_),) = MTCNN(threads=1)([photo])
    assert face.box is not None
    x, y, width, height = face.box
    side = height / share
    loose = cv2.getRectSubPix(photo, (round(side),) * 2, (x + width / 2, y + height / 2))
    found = FaceFinder("mtcnn")(cv2.resize(loose, (200, 200), interpolation=cv2.INTER_AREA))
    assert found is not None
    assert found.box is not None
    assert found.box[3] == pytest.approx(200 * share, rel=0.15)
