from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from opencv_version import OPENCV_5

from mien.errors import MienError, ModelError
from mien.faces import Detector, YuNet
from mien.faces.mtcnn_graphs import graph
from mien.faces.yunet import decode
from mien.preprocess import Picture


@pytest.fixture(scope="module")
def model(shared_data: Path) -> Path:
    return shared_data / "detectors" / "yunet_n_dynamic.onnx"


def test_agrees_with_opencv(model: Path, five_people: Picture) -> None:
    height, width = five_people.shape[:2]
    if not OPENCV_5:
        pytest.skip("OpenCV 4 reads no network whose pictures may have any size")
    theirs = cv2.FaceDetectorYN.create(str(model), "", (width, height), 0.6, 0.3)
    _, rows = theirs.detect(np.ascontiguousarray(five_people[..., ::-1]))
    rows = rows[np.argsort(-rows[:, 14])]
    detector = YuNet(model, min_face=24, threads=1)
    assert isinstance(detector, Detector)
    (ours,) = detector([five_people])
    assert len(ours) == len(rows) == 5
    for face, row in zip(ours, rows, strict=True):
        assert face.box == pytest.approx(row[:4], abs=0.1)
        assert face.landmarks is not None
        np.testing.assert_allclose(face.landmarks, row[4:14].reshape(5, 2), atol=0.1)
        assert face.score == pytest.approx(row[14], abs=1e-3)


def test_decoding_by_hand() -> None:
    # An input of 64 x 64 has 4 x 4 cells of 16 pixels; cell 6 is row 1, column 2.
    answers = {
        "cls_16": np.full((1, 16, 1), 0.1, np.float32),
        "obj_16": np.full((1, 16, 1), 0.9, np.float32),
        "bbox_16": np.zeros((1, 16, 4), np.float32),
        "kps_16": np.zeros((1, 16, 10), np.float32),
    }
    answers["cls_16"][0, 6], answers["obj_16"][0, 6] = 0.8, 1.2  # the second counts as 1
    answers["bbox_16"][0, 6] = 0.5, -0.25, math.log(2), math.log(3)
    answers["kps_16"][0, 6] = range(10)
    scores, boxes, points = decode(answers, 64, 16, 0.6)
    assert scores == pytest.approx([math.sqrt(0.8)])
    assert boxes[0] == pytest.approx([40 - 16, 12 - 24, 40 + 16, 12 + 24])
    assert points[0, 0] == pytest.approx([32 + 0, 16 + 16])
    assert points[0, 4] == pytest.approx([32 + 8 * 16, 16 + 9 * 16])


def test_pictures_keep_their_order_and_sizes(
    model: Path, five_people: Picture, one_person: Picture, no_one: Picture
) -> None:
    found = YuNet(model, threads=1)([no_one, five_people, one_person])
    assert [len(faces) for faces in found] == [0, 5, 1]
    scores = [face.score for face in found[1]]
    assert scores == sorted(scores, reverse=True)


def test_pictures_side_by_side_give_what_they_give_alone(
    model: Path, one_person: Picture, five_people: Picture
) -> None:
    pictures = [one_person, five_people, one_person[:, ::-1], five_people[::2, ::2]] * 3
    together = YuNet(model, threads=3)(pictures)
    alone = YuNet(model, threads=1)
    for faces, picture in zip(together, pictures, strict=True):
        (expected,) = alone([picture])
        assert [face.box for face in faces] == [pytest.approx(one.box) for one in expected]


def test_shrinking_does_not_move_faces(model: Path, one_person: Picture) -> None:
    large = cv2.resize(one_person, None, fx=3, fy=3, interpolation=cv2.INTER_LINEAR)
    ((small_face,),) = YuNet(model, min_face=24, threads=1)([one_person])
    ((large_face,),) = YuNet(model, min_face=72, max_side=9999, threads=1)([large])
    assert np.array(large_face.box) / 3 == pytest.approx(np.array(small_face.box), abs=8)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (33, 31), (3000, 2)])
def test_any_size_passes(model: Path, size: tuple[int, int]) -> None:
    assert YuNet(model, threads=1)([np.zeros((*size, 3), np.uint8)]) == [[]]


def test_wrong_files_are_refused_in_one_line(tmp_path: Path) -> None:
    text, other, fixed = tmp_path / "text.onnx", tmp_path / "other.onnx", tmp_path / "fixed.onnx"
    text.write_text("not a model")
    other.write_bytes(graph("pnet"))
    names = [f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in (8, 16, 32)]
    shape = [1, 3, 320, 320]
    drawn = helper.make_graph(
        [helper.make_node("Identity", ["input"], [name]) for name in names],
        "fixed",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in names],
    )
    onnx.save(
        helper.make_model(drawn, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), fixed
    )
    cases = {
        tmp_path / "none.onnx": "cannot be read",
        tmp_path: "cannot be read",
        text: "not an ONNX model, or not a whole one; give a YuNet's ONNX file",
        other: "not a YuNet",
        fixed: "height and width are open",
    }
    for path, message in cases.items():
        with pytest.raises(ModelError, match=message) as caught:
            YuNet(path)
        assert str(caught.value).startswith(str(path))
        assert "\n" not in str(caught.value)


def test_senseless_settings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MienError, match="between 0 and 1"):
        YuNet(tmp_path, score_threshold=2)
    with pytest.raises(MienError, match="max_side 0"):
        YuNet(tmp_path, max_side=0)
