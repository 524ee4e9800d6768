from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import attentive_model
import cv2
import numpy as np
import pytest

from mien.errors import InputError, MienError, ModelError, NotFound, UnknownName, Unreadable
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


def test_bytes_are_read_as_files_are(recognizer: Recognizer, tmp_path: Path) -> None:
    files = [tmp_path / "grey.png", tmp_path / "see-through.png"]
    cv2.imwrite(str(files[0]), np.full((30, 40), 3, np.uint8))
    opaque = np.full((40, 80, 1), 255, np.uint8)
    opaque[20:] = 100
    cv2.imwrite(str(files[1]), np.dstack([picture(2, 1), opaque]))
    read = recognizer(list(files))
    sent = recognizer([one.read_bytes() for one in files])
    assert [face.source for face in sent] == [
        f"bytes:{files.index(Path(face.source))}" for face in read
    ]
    assert [replace(face, source="") for face in sent] == [
        replace(face, source="") for face in read
    ]
    assert recognizer(files[0].read_bytes())[0].source == "bytes"
    # They may be mixed with all else.
    mixed = recognizer([picture(1, 0), files[0], files[0].read_bytes()])
    assert [face.source for face in mixed] == ["array", *[str(files[0])] * 3, *["bytes"] * 3]


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n cut off"])
def test_bytes_that_are_no_picture_are_said_to_be(recognizer: Recognizer, data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"^bytes: "):
        recognizer(data)


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


# --- heat maps -------------------------------------------------------------------------------


def expected_heat(crop: np.ndarray) -> np.ndarray:
    """Of a face (3, 48, 48): the mean of its three maps, each from 0 to 1, again from 0 to 1."""
    maps = attentive_model.maps_of(crop[None])[0].astype(np.float64)
    scaled = [(one - one.min()) / np.ptp(one) for one in maps]
    mean = np.mean(scaled, axis=0)
    return (mean - mean.min()) / np.ptp(mean)


def test_each_face_has_its_own_heat_map_from_one_pass_of_the_network(tmp_path: Path) -> None:
    path = attentive_model.write(tmp_path / "m.onnx")
    warm = Recognizer(path, detector=FakeDetector(), heatmap=True)
    plain = Recognizer(path, detector=FakeDetector())
    passes = []
    run = warm.model._run
    warm.model._run = lambda *given: passes.append(len(given[1])) or run(*given)
    pictures = [picture(2, 0), picture(0, 1), picture(3, 2)]
    faces = warm(pictures)
    assert passes == [5]
    assert faces == plain(pictures)
    assert [one.to_row(BASIC8) for one in faces] == [one.to_row(BASIC8) for one in plain(pictures)]
    assert all(one.heatmap is None for one in plain(pictures))
    for one in faces:
        if one.box is None:
            assert one.heatmap is None
            continue
        assert one.heatmap is not None
        crop = warm.card.preprocess(pictures[int(one.source[-1])], one.box)
        np.testing.assert_allclose(one.heatmap.values, expected_heat(crop), atol=1e-5)
        np.testing.assert_allclose(one.heatmap.matrix * 48, warm.card.preprocess.matrix(one.box))


@pytest.mark.parametrize("degrees", [0, 30, 100])
def test_heat_is_where_the_picture_made_the_network_look(degrees: int, tmp_path: Path) -> None:
    """The network looks at what is bright; a turned face with one bright cheek says where."""
    template = ((0.3, 0.35), (0.7, 0.35), (0.5, 0.55), (0.35, 0.75), (0.65, 0.75))
    card = attentive_model.card(align="similarity", template=template)
    centre, side = np.array([150.0, 120.0]), 120
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    landmarks = ((np.array(template) - 0.5) * side @ turn.T + centre).astype(np.float32)
    cheek = (np.array([0.625, 0.625]) - 0.5) * side @ turn.T + centre
    photo = np.full((240, 300, 3), 60, np.uint8)
    cv2.circle(photo, tuple(int(value) for value in cheek), 13, (255, 255, 255), -1)

    class One:
        name = "one"

        def __call__(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
            return [[Detection((90, 60, 120, 120), 0.9, landmarks)] for _ in pictures]

    path = attentive_model.write(tmp_path / "m.onnx", of=card)
    (face,) = Recognizer(path, detector=One(), heatmap=True)(photo)
    assert face.heatmap is not None
    (rows, columns), heat = face.heatmap.place(240, 300)
    top, left = np.unravel_index(heat.argmax(), heat.shape)
    found = left + columns.start + 0.5, top + rows.start + 0.5
    np.testing.assert_allclose(found, cheek, atol=3)


def test_a_whole_picture_has_its_heat_stretched_as_it_was_seen(tmp_path: Path) -> None:
    path = attentive_model.write(tmp_path / "m.onnx")
    photo = np.zeros((80, 200, 3), np.uint8)
    photo[60:, :50] = 255
    (face,) = Recognizer(path, detector="none", heatmap=True)(photo)
    assert face.heatmap is not None
    expected = np.zeros((4, 4))
    expected[3, 0] = 1
    np.testing.assert_allclose(face.heatmap.values, expected, atol=0.02)
    region, heat = face.heatmap.place(80, 200)
    assert region == (slice(0, 80), slice(0, 200))
    assert heat[70, 25] == pytest.approx(1, abs=0.05)
    assert heat[30, 100] == pytest.approx(0, abs=0.02)


def test_heat_maps_of_a_model_without_attention_are_refused_at_once(tiny_model: Path) -> None:
    with pytest.raises(ModelError, match="gives no attention"):
        Recognizer(tiny_model, heatmap=True)
    with pytest.raises(ModelError, match=r"mien-small\.onnx: the model gives no attention"):
        Recognizer(heatmap=True)
