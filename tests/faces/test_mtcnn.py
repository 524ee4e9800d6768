from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.errors import MienError
from mien.faces import MTCNN, Detection, Detector, YuNet, mtcnn
from mien.faces.boxes import overlaps
from mien.preprocess import Picture


@pytest.fixture(scope="module")
def detector(cache: Path) -> MTCNN:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIEN_CACHE", str(cache))
        return MTCNN(min_face=40, threads=1)


def corners(detections: list[Detection]) -> np.ndarray:
    boxes = np.array([one.box for one in detections], float).reshape(-1, 4)
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1)


def assert_same(first: list[Detection], second: list[Detection], within: float = 0.01) -> None:
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        assert a.box == pytest.approx(b.box, abs=within)
        assert a.score == pytest.approx(b.score, abs=1e-4)
        np.testing.assert_allclose(a.landmarks, b.landmarks, atol=within)  # type: ignore[arg-type]


def test_is_a_detector(detector: MTCNN) -> None:
    assert isinstance(detector, Detector)
    assert detector.name == "mtcnn"


def test_finds_the_five_that_another_detector_finds(
    detector: MTCNN, five_people: Picture, shared_data: Path
) -> None:
    (ours,) = detector([five_people])
    (theirs,) = YuNet(shared_data / "detectors" / "yunet_n_dynamic.onnx")([five_people])
    assert len(ours) == len(theirs) == 5
    assert [one.score for one in ours] == sorted((one.score for one in ours), reverse=True)
    shares = overlaps(corners(ours), corners(theirs))
    assert (shares.max(1) > 0.75).all()
    for one, other in zip(ours, shares.argmax(1), strict=True):
        assert one.box is not None
        assert one.landmarks is not None
        assert one.landmarks.dtype == np.float32
        apart = np.linalg.norm(one.landmarks - theirs[other].landmarks, axis=1)
        assert apart.max() < 0.1 * one.box[2]


def test_landmarks_are_in_order(detector: MTCNN, one_person: Picture) -> None:
    ((face,),) = detector([one_person])
    assert face.landmarks is not None
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < nose[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
    assert 0.9 < face.score <= 1


def test_no_face_gives_an_empty_list(detector: MTCNN, no_one: Picture) -> None:
    assert detector([no_one]) == [[]]


def test_together_is_the_same_as_alone(
    detector: MTCNN, five_people: Picture, one_person: Picture, no_one: Picture
) -> None:
    mirrored = np.ascontiguousarray(five_people[:, ::-1])
    pictures = [five_people, no_one, one_person, mirrored]
    for together, picture in zip(detector(pictures), pictures, strict=True):
        assert_same(together, detector([picture])[0])
    assert detector([]) == []


def test_bands_are_the_same_as_the_whole(
    detector: MTCNN, five_people: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mtcnn, "_PIXELS_AT_ONCE", 10**9)
    whole = detector([five_people])
    monkeypatch.setattr(mtcnn, "_PIXELS_AT_ONCE", 1)
    monkeypatch.setattr(mtcnn, "_LEAST_BAND", 20)
    monkeypatch.setattr(mtcnn, "_SQUARES_AT_ONCE", {"rnet": 7, "onet": 2})
    assert_same(detector([five_people])[0], whole[0])


def test_boxes_follow_a_shift_and_a_zoom(detector: MTCNN, one_person: Picture) -> None:
    ((face,),) = detector([one_person])
    shifted = cv2.copyMakeBorder(one_person, 64, 0, 128, 0, cv2.BORDER_CONSTANT)
    twice = cv2.resize(one_person, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    ((moved,),), ((larger,),) = detector([shifted]), detector([twice])
    box, shift = np.array(face.box), np.array([128, 64, 0, 0])
    tolerance = 0.1 * box[2]
    assert np.array(moved.box) == pytest.approx(box + shift, abs=tolerance)
    assert np.array(larger.box) / 2 == pytest.approx(box, abs=tolerance)


def test_min_face_sets_the_smallest_face(one_person: Picture) -> None:
    small = cv2.resize(one_person, None, fx=0.14, fy=0.14, interpolation=cv2.INTER_AREA)
    assert MTCNN(min_face=90, threads=1)([small]) == [[]]  # the face has about 30 pixels
    assert len(MTCNN(min_face=20, threads=1)([small])[0]) == 1


@pytest.mark.parametrize(
    ("scores", "kept"),
    [((0.6, 0.55, 0.9, 0.71), [0.9, 0.71]), ((0.6, 0.65), [0.65]), ((0.9,), [0.9]), ((), [])],
)
def test_an_unsure_face_counts_where_it_is_the_best(
    scores: tuple[float, ...], kept: list[float]
) -> None:
    people = mtcnn._detections(*squares(scores, 50), sure=0.7, smallest=50)
    assert [face.score for face in people] == pytest.approx(kept)
    assert [face.unsure for face in people] == [one < 0.7 for one in kept]
    assert mtcnn._detections(*squares(scores, 50), sure=0.7, smallest=51) == []


def squares(scores: tuple[float, ...], side: float) -> tuple[mtcnn._Candidates, np.ndarray]:
    """Squares side by side, which the network leaves where they are."""
    number = len(scores)
    corners = np.arange(number, dtype=np.float64)[:, None] * 100
    found = mtcnn._Candidates(
        boxes=np.concatenate([corners, corners, corners + side, corners + side], 1),
        logits=np.log(np.divide(scores, 1 - np.array(scores))).reshape(number),
        picture=np.ones(number, np.intp),
    )
    return found, np.zeros((number, 15))


def test_pictures_without_a_face_are_looked_at_again(one_person: Picture) -> None:
    unreached = (0.6, 0.7, 1 - 1e-9)
    assert MTCNN(thresholds=unreached, again=None, threads=1)([one_person]) == [[]]
    ((face,),) = MTCNN(thresholds=unreached, threads=1)([one_person])
    assert face.unsure
    ((same,),) = MTCNN(threads=1)([one_person])
    assert not same.unsure
    assert face.box == pytest.approx(same.box, abs=2)


def test_a_picture_with_a_face_is_not_looked_at_again(
    one_person: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []
    look = MTCNN._look

    def counting(self: MTCNN, octaves, proposed, limits, pictures):
        looked.append((float(limits[2]), list(pictures)))
        return look(self, octaves, proposed, limits, pictures)

    monkeypatch.setattr(MTCNN, "_look", counting)
    nobody = np.full((60, 80, 3), 128, np.uint8)
    found = MTCNN(threads=1)([nobody, one_person, nobody])
    assert [len(one) for one in found] == [0, 1, 0]
    sure, unsure = np.log(0.7 / 0.3), np.log(0.4 / 0.6)
    assert looked == [(pytest.approx(sure), [0, 1, 2]), (pytest.approx(unsure), [0, 2])]


def test_none_is_smaller_than_the_smallest(one_person: Picture) -> None:
    ((face,),) = MTCNN(min_face=20, threads=1)([one_person])
    longer = max(face.box[2:])
    for detector in (MTCNN(min_face=longer + 1, threads=1), MTCNN(min_face=longer - 1, threads=1)):
        found = detector([one_person])[0]
        assert all(max(one.box[2:]) >= detector._smallest for one in found)


@pytest.mark.parametrize("size", [(1, 1), (11, 400), (400, 11), (12, 12), (41, 1000)])
def test_any_size_passes(detector: MTCNN, size: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    assert isinstance(detector([picture])[0], list)


@pytest.mark.parametrize(
    "options",
    [
        {"min_face": 5},
        {"scale_factor": 1.0},
        {"thresholds": (0.6, 0.7, 1.0)},
        {"again": (0.3, 0.1, 0.0)},
    ],
)
def test_senseless_settings_are_refused(options: dict[str, object]) -> None:
    said = str(next(iter(options))).replace("again", "thresholds")
    with pytest.raises(MienError, match=said):
        MTCNN(**options)  # type: ignore[arg-type]
