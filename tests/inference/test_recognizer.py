from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.errors import InputError, MienError, NotFound, UnknownName, Unreadable
from mien.expressions import BASIC8
from mien.faces.detection import Detection
from mien.inference.recognizer import Recognizer
from mien.inference.session import Model
from mien.preprocess import Picture


class FakeDetector:
    """Finds in each picture as many faces as its first pixel's red says, side by side."""

    name = "fake"

    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        self.calls.append(len(pictures))
        return [
            [
                Detection((20.0 * face, 5.0, 20.0, 24.0), 0.9 - face / 10)
                for face in range(int(picture[0, 0, 0]))
            ]
            for picture in pictures
        ]


def picture(faces: int, seed: int = 0, shape: tuple[int, int] = (40, 80)) -> Picture:
    drawn = np.random.default_rng(seed).integers(0, 255, (*shape, 3), dtype=np.uint8)
    drawn[0, 0] = faces
    return drawn


@pytest.fixture
def recognizer(tiny_model: Path) -> Recognizer:
    return Recognizer(tiny_model, detector=FakeDetector(), threads=1)


def test_each_face_has_its_own_answer_whatever_shares_its_batch(
    recognizer: Recognizer, tiny_model: Path
) -> None:
    pictures = [picture(2, 0), picture(0, 1), picture(3, 2)]
    faces = recognizer(pictures)
    assert [(face.source, face.face) for face in faces] == [
        *(("array:0", 0), ("array:0", 1), ("array:1", None)),
        *(("array:2", 0), ("array:2", 1), ("array:2", 2)),
    ]
    model = Model(tiny_model)
    for face in faces:
        if face.box is None:
            assert (face.expression, face.confidence, face.probabilities) == (None, None, {})
            continue
        source = pictures[int(face.source[-1])]
        alone = model.probabilities(model.card.preprocess(source, face.box)[None])[0]
        np.testing.assert_allclose(list(face.probabilities.values()), alone, atol=1e-6)
        assert tuple(face.probabilities) == BASIC8.expressions
        assert face.expression is BASIC8[int(alone.argmax())]
        assert face.confidence == pytest.approx(alone.max())
        assert (face.frame, face.track, face.model) == (None, None, "tiny")


def test_grey_arrays_are_pictures_and_others_are_refused(recognizer: Recognizer) -> None:
    assert recognizer(np.zeros((30, 30), np.uint8))[0].source == "array"
    for wrong in (
        np.zeros((30, 30, 3), np.float32),
        np.zeros((30, 30, 4), np.uint8),
        np.zeros((0, 30, 3), np.uint8),
    ):
        with pytest.raises(InputError, match="a picture is uint8"):
            recognizer(wrong)


def test_the_whole_picture_is_the_face_for_the_detector_none(tiny_model: Path) -> None:
    (face,) = Recognizer(tiny_model, detector="none")(picture(0))
    assert face.box == (0, 0, 80, 40)
    assert face.face == 0


def test_unsure_faces_keep_their_probabilities(tiny_model: Path) -> None:
    sure = Recognizer(tiny_model, detector=FakeDetector())(picture(1))[0]
    unsure = Recognizer(tiny_model, detector=FakeDetector(), min_confidence=1.0)(picture(1))[0]
    assert sure.expression is not None
    assert unsure.expression is None
    assert unsure.confidence == sure.confidence
    assert unsure.probabilities == sure.probabilities


def test_frames_go_through_the_detector_in_batches(tiny_model: Path) -> None:
    detector = FakeDetector()
    pictures = [picture(1, seed) for seed in range(7)]
    batched = Recognizer(tiny_model, detector=detector, batch=3)(pictures)
    single = Recognizer(tiny_model, detector=FakeDetector(), batch=1)(pictures)
    assert detector.calls == [3, 3, 1]
    for one, other in zip(batched, single, strict=True):
        np.testing.assert_allclose(
            list(one.probabilities.values()), list(other.probabilities.values()), atol=1e-6
        )


def test_large_pictures_do_not_wait_for_each_other(tiny_model: Path) -> None:
    detector = FakeDetector()
    large = np.zeros((3000, 3000), np.uint8)
    Recognizer(tiny_model, detector=detector)([large, large])
    assert detector.calls == [1, 1]


def test_faces_of_a_video_keep_their_track(
    tiny_model: Path, make_video: Callable[..., Path]
) -> None:
    class Two:
        name = "two"

        def __call__(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
            left, right = Detection((0, 0, 30, 30), 0.9), Detection((90, 40, 30, 30), 0.8)
            flip = [[left, right], [right, left]]
            return [flip[int(one.mean() > 100)] for one in pictures]

    path = make_video("a.mp4", levels=[20, 200, 20, 200])
    faces = Recognizer(tiny_model, detector=Two())(path)
    assert [face.frame for face in faces] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert [face.track for face in faces] == [0, 1, 1, 0, 0, 1, 1, 0]
    assert faces[-1].time_s == pytest.approx(3 / 25)
    again = Recognizer(tiny_model, detector=Two()).stream([path, path])
    assert [faces[0].track for _, faces in again] == [0, 1, 0, 1, 0, 1, 0, 1]


def test_errors_are_raised_or_told_after_what_came_before(
    recognizer: Recognizer, make_video: Callable[..., Path]
) -> None:
    path = make_video("cut.avi", levels=range(0, 200, 5), codec="MJPG")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    events: list[object] = []
    for frame, _ in recognizer.stream([path, "gone.png", picture(1)], on_error=events.append):
        events.append(frame.number)
    cut = next(i for i, event in enumerate(events) if isinstance(event, MienError))
    assert events[:cut] == list(range(cut))
    assert cut > 3
    assert isinstance(events[cut], Unreadable)
    assert isinstance(events[cut + 1], NotFound)
    assert events[cut + 2 :] == [None]
    seen = []
    with pytest.raises(Unreadable):
        seen.extend(frame.number for frame, _ in recognizer.stream([path]))
    assert seen == list(range(cut))


def test_a_folder_is_read_to_the_bottom_in_order(recognizer: Recognizer, tmp_path: Path) -> None:
    for name in ("b.png", "a.PNG", "sub/c.jpg", ".hidden.png", "notes.txt", ".git/d.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(cv2.imencode(".png", picture(0))[1].tobytes())
    names = [Path(face.source).name for face in recognizer(tmp_path)]
    assert names == ["a.PNG", "b.png", "c.jpg"]
    assert [Path(face.source).name for face in recognizer(f"{tmp_path}/*.png")] == ["b.png"]
    assert len(recognizer(f"{tmp_path}/**/*.jpg")) == 1


def test_brackets_in_a_name_are_no_glob_where_the_file_is_there(
    recognizer: Recognizer, tmp_path: Path
) -> None:
    path = tmp_path / "a[1].png"
    path.write_bytes(cv2.imencode(".png", picture(0))[1].tobytes())
    assert recognizer(path)[0].source == str(path)


def test_a_camera_has_no_end_so_it_is_only_streamed(recognizer: Recognizer) -> None:
    for camera in (0, "camera:0"):
        with pytest.raises(InputError, match="stream"):
            recognizer(camera)
    errors: list[MienError] = []
    assert list(recognizer.stream("camera:97", on_error=errors.append)) == []
    assert "camera:97" in str(errors[0])


def test_options_out_of_range_and_unknown_names_are_refused(tiny_model: Path) -> None:
    for options in ({"min_confidence": 1.5}, {"batch": 0}, {"threads": 0}, {"min_face": 0}):
        with pytest.raises(InputError):
            Recognizer(tiny_model, **options)
    with pytest.raises(UnknownName, match="mien-small"):
        Recognizer("mien-smal")
    with pytest.raises(UnknownName, match="mtcnn"):
        Recognizer(tiny_model, detector="mtcn")
    with pytest.raises(NotFound, match=r"gone\.onnx"):
        Recognizer("gone.onnx")
