"""Anchors, decoding and suppression with made-up outputs, and a made-up network from end to end.

The real weights were not at hand; no test says how well faces are found.
"""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper
from retinaface_weights import decoded, priors, random_weights, spot_weights

from mien.errors import MienError, ModelError
from mien.faces import Detection, Detector, RetinaFace
from mien.faces.mtcnn_graphs import graph
from mien.faces.retinaface import anchors, decode
from mien.faces.retinaface_graph import build
from mien.preprocess import Picture

BLUE = 2


@pytest.fixture(scope="module")
def spots(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Detectors of blue spots on the maps of stride 8, 16 and 32."""
    folder = tmp_path_factory.mktemp("retinaface")
    paths = {}
    for level in (1, 2, 3):
        paths[level] = folder / f"spots{level}.onnx"
        paths[level].write_bytes(build(spot_weights(level), "spots"))
    return paths


def sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def test_anchors_are_the_public_ones() -> None:
    height, width = 70, 45
    ours = []
    for stride in (8, 16, 32):
        squares = anchors(-(-height // stride), -(-width // stride), stride)
        ours.append(squares.transpose(1, 2, 0, 3).reshape(-1, 3))
    expected = priors(height, width) * [width, height, width, height]
    np.testing.assert_allclose(np.concatenate(ours), expected[:, :3], atol=1e-9)
    np.testing.assert_allclose(np.concatenate(ours)[:, 2], expected[:, 3], atol=1e-9)


def test_decoding_is_the_public_one() -> None:
    height, width = 70, 45
    rng = np.random.default_rng(4)
    logits, boxes, points, scores, ours = [], [], [], [], []
    for stride in (8, 16, 32):
        rows, columns = -(-height // stride), -(-width // stride)
        answer = rng.normal(0, 2, (30, rows, columns)).astype(np.float32)
        ours.append(decode(answer, stride, 0.5))
        cells = answer.astype(np.float64).reshape(2, 15, rows, columns)
        cells = cells.transpose(2, 3, 0, 1).reshape(-1, 15)
        logits.append(cells[:, 0])
        boxes.append(cells[:, 1:5])
        points.append(cells[:, 5:])
    scores = 1 / (1 + np.exp(-np.concatenate(logits)))
    corners, places = decoded(np.concatenate(boxes), np.concatenate(points), height, width)
    found = [np.concatenate(one) for one in zip(*ours, strict=True)]
    assert len(found[0]) == (scores >= 0.5).sum() > 20
    # Every score is different, so both can be put into one order.
    mine, theirs = np.argsort(-found[0]), np.argsort(-scores)[: len(found[0])]
    np.testing.assert_allclose(found[0][mine], scores[theirs], atol=1e-9)
    np.testing.assert_allclose(found[1][mine], corners[theirs], atol=1e-4)
    np.testing.assert_allclose(found[2][mine], places[theirs], atol=1e-4)


def test_decoding_by_hand() -> None:
    answer = np.full((30, 2, 3), -1000, np.float32)  # of no face at all
    answer[15:, 1, 2] = [2, 10, -5, 5 * math.log(2), 5 * math.log(3), *range(10)]
    scores, boxes, points = decode(answer, 16, 0.6)
    # The second anchor of row 1, column 2: a square of 128 around (40, 24).
    assert scores == pytest.approx([sigmoid(2)])
    middle = (40 + 128, 24 - 64)
    assert boxes[0] == pytest.approx(
        [middle[0] - 128, middle[1] - 192, middle[0] + 128, middle[1] + 192], abs=1e-4
    )
    assert points[0, 0] == pytest.approx([40, 24 + 12.8])
    assert points[0, 4] == pytest.approx([40 + 8 * 12.8, 24 + 9 * 12.8])


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_spot_is_found_where_it_is(spots: dict[int, Path], level: int) -> None:
    stride, side = 4 * 2**level, 4 * 4**level
    picture = np.zeros((5 * stride - 3, 7 * stride - 5, 3), np.uint8)
    picture[2 * stride, 4 * stride, BLUE] = 204  # logits 2 and -2
    picture[stride, stride] = 255, 255, 0
    detector = RetinaFace(spots[level], min_face=8, threads=1)
    assert isinstance(detector, Detector)
    ((face,),) = detector([picture])
    assert face.score == pytest.approx(sigmoid(2), abs=1e-4)
    x, y = 4.5 * stride, 2.5 * stride
    width, height = side * math.exp(0.6), side * math.exp(-0.8)
    left, top = x + 0.1 * side - width / 2, y - 0.2 * side - height / 2
    assert face.box == pytest.approx((left, top, width, height), rel=1e-5)
    assert face.landmarks is not None
    assert face.landmarks.dtype == np.float32
    expected = np.array([x, y]) + 0.1 * side * np.arange(10).reshape(5, 2)
    np.testing.assert_allclose(face.landmarks, expected, rtol=1e-5)


def test_large_pictures_are_shrunk_and_faces_are_not_moved(spots: dict[int, Path]) -> None:
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[32, 48, BLUE] = 204
    ((small,),) = RetinaFace(spots[2], min_face=32, threads=1)([picture])
    large = picture.repeat(4, 0).repeat(4, 1)
    for options in ({"min_face": 128}, {"min_face": 1, "max_side": 96}):
        ((face,),) = RetinaFace(spots[2], threads=1, **options)([large])  # type: ignore[arg-type]
        assert face.score == pytest.approx(small.score)
        assert np.array(face.box) / 4 == pytest.approx(np.array(small.box))
        assert face.landmarks is not None
        np.testing.assert_allclose(face.landmarks / 4, small.landmarks, rtol=1e-6)


def test_each_side_is_brought_back_by_its_own_factor(spots: dict[int, Path]) -> None:
    picture = np.zeros((65, 96, 3), np.uint8)
    picture[28:40, 78:86, BLUE] = 204  # of 33 x 48 pixels this covers row 16, column 40
    ((face,),) = RetinaFace(spots[1], min_face=8, max_side=48, threads=1)([picture])
    width, height = 16 * math.exp(0.6), 16 * math.exp(-0.8)
    box = np.array([44 + 1.6 - width / 2, 20 - 3.2 - height / 2, width, height])
    assert np.array(face.box) == pytest.approx(box * [2, 65 / 33, 2, 65 / 33], rel=1e-5)
    assert face.landmarks is not None
    np.testing.assert_allclose(face.landmarks[0], [44 * 2, (20 + 1.6) * 65 / 33], rtol=1e-5)


def overlap(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    """Share of the union of two boxes (x, y, width, height)."""
    shared = 1.0
    for axis in (0, 1):
        ends = min(first[axis] + first[axis + 2], second[axis] + second[axis + 2])
        shared *= max(ends - max(first[axis], second[axis]), 0)
    return shared / (first[2] * first[3] + second[2] * second[3] - shared)


def candidates(picture: Picture, threshold: float) -> list[tuple[float, tuple[float, ...]]]:
    """What the spots of stride 8 are, best first, by the description of ``spot_weights``."""
    found = []
    for row, column in product(range(-(-len(picture) // 8)), range(-(-picture.shape[1] // 8))):
        light = max(float(picture[8 * row, 8 * column, BLUE]) - 104, 0)
        x, y = 8 * column + 4, 8 * row + 4
        width, height = 16 * math.exp(0.6), 16 * math.exp(-0.8)
        box = (x + 1.6 - width / 2, y - 3.2 - height / 2, width, height)
        found.append((sigmoid(0.1 * light - 8), box))
        found.append((sigmoid(0.0617 * light - 8), (x - 16, y - 16, 32, 32)))
    return sorted((one for one in found if one[0] >= threshold), reverse=True)


@pytest.mark.parametrize(("threshold", "limit"), [(0.6, 0.4), (0.05, 0.2), (0.6, 1.0)])
def test_of_faces_that_overlap_the_best_stays(
    spots: dict[int, Path], threshold: float, limit: float
) -> None:
    rng = np.random.default_rng(5)
    picture = np.zeros((100, 130, 3), np.uint8)
    lights = rng.permutation(np.arange(105, 256))  # no two alike
    places = [(row, column) for row in range(13) for column in range(17)]
    for light, place in zip(lights, rng.permutation(places), strict=False):
        picture[8 * place[0], 8 * place[1], BLUE] = light
    kept: list[tuple[float, tuple[float, ...]]] = []
    every = candidates(picture, threshold)
    for one in every:
        if all(overlap(one[1], other[1]) <= limit for other in kept):
            kept.append(one)
    (found,) = RetinaFace(
        spots[1], score_threshold=threshold, nms_threshold=limit, min_face=8, threads=1
    )([picture])
    assert len(kept) == len(every) if limit == 1 else 10 < len(kept) < len(every)
    assert [face.score for face in found] == pytest.approx([one[0] for one in kept], abs=1e-5)
    for face, (_, box) in zip(found, kept, strict=True):
        assert face.box == pytest.approx(box, rel=1e-4)


def boxes(faces: list[Detection]) -> NDArray[np.float64]:
    return np.array([face.box for face in faces]).reshape(-1, 4)


def test_pictures_side_by_side_give_what_they_give_alone(spots: dict[int, Path]) -> None:
    rng = np.random.default_rng(6)
    pictures = [
        rng.integers(0, 256, (*size, 3), np.uint8) for size in ((90, 60), (40, 70), (8, 200))
    ]
    pictures = [*pictures, pictures[0][:, ::-1], pictures[1][::2, ::2]]
    detector = RetinaFace(spots[1], min_face=8, threads=3)
    alone = RetinaFace(spots[1], min_face=8, threads=1)
    together = detector(pictures)
    assert sum(map(len, together)) > 20
    for faces, picture in zip(together, pictures, strict=True):
        np.testing.assert_allclose(boxes(faces), boxes(alone([picture])[0]), rtol=1e-5)
    assert detector([]) == []


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (33, 31), (3000, 2)])
def test_any_size_passes(spots: dict[int, Path], size: tuple[int, int]) -> None:
    assert RetinaFace(spots[2], threads=1)([np.zeros((*size, 3), np.uint8)]) == [[]]


def test_wrong_files_are_refused_in_one_line(tmp_path: Path) -> None:
    def draw(name: str, inputs: str, outputs: list[str]) -> Path:
        shape = [1, 30, 4, 4]
        drawn = helper.make_graph(
            [helper.make_node("Identity", [inputs], [one]) for one in outputs],
            name,
            [helper.make_tensor_value_info(inputs, TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(one, TensorProto.FLOAT, shape) for one in outputs],
        )
        opset = [helper.make_opsetid("", 13)]
        onnx.save(helper.make_model(drawn, opset_imports=opset, ir_version=8), tmp_path / name)
        return tmp_path / name

    files = {
        "text.onnx": b"not a model",
        "empty.onnx": b"",
        "mtcnn.onnx": graph("pnet"),
        "mobilenet0.25_Final.pth": b"PK\x03\x04" + bytes(99),
        "old.pth": b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    yunet = draw("yunet.onnx", "input", ["cls_8", "obj_8"])
    near = draw("near.onnx", "pixels", ["answer_8", "answer_16"])
    command = "mien import-checkpoint --model retinaface"
    cases = {
        tmp_path / "none.onnx": "cannot be read",
        tmp_path: "cannot be read",
        tmp_path / "text.onnx": f"not an ONNX model, or not a whole one; .*{command}",
        tmp_path / "empty.onnx": f"not an ONNX model, or not a whole one; .*{command}",
        tmp_path / "mtcnn.onnx": f"not a RetinaFace as mien writes it; .*{command}",
        yunet: f"not a RetinaFace as mien writes it; .*{command}",
        near: "not a RetinaFace as mien writes it",
        tmp_path / "mobilenet0.25_Final.pth": f"weights of PyTorch, not ONNX; .*{command}",
        tmp_path / "old.pth": f"weights of PyTorch, not ONNX; .*{command}",
    }
    for path, message in cases.items():
        with pytest.raises(ModelError, match=message) as caught:
            RetinaFace(path)
        assert str(caught.value).startswith(str(path))
        assert "\n" not in str(caught.value)


def test_senseless_settings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MienError, match=r"thresholds of RetinaFace .* between 0 and 1"):
        RetinaFace(tmp_path, nms_threshold=-1)
    with pytest.raises(MienError, match="min_face is 0"):
        RetinaFace(tmp_path, min_face=0)


def test_extreme_answers_raise_no_alarm(tmp_path: Path) -> None:
    weights = random_weights()
    weights["ClassHead.0.conv1x1.bias"][:] = -3e4, 3e4, 3e4, -3e4
    path = tmp_path / "extreme.onnx"
    path.write_bytes(build(weights, "extreme"))
    (found,) = RetinaFace(path, threads=1)([np.zeros((40, 40, 3), np.uint8)])
    assert found[0].score == 1
