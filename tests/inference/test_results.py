import dataclasses

import numpy as np

from mien.expressions import BASIC7, BASIC8, Expression
from mien.faces.detection import Detection
from mien.inference.face_heatmap import Heatmap
from mien.inference.results import Face, columns


def test_columns_stand_in_the_order_of_the_design() -> None:
    assert columns(BASIC8) == (
        *("source", "frame", "time_s", "face", "track", "x", "y", "width", "height"),
        *("detection_score", "landmarks", "expression", "confidence"),
        *("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"),
        "model",
    )


def test_a_row_has_exactly_the_columns_and_plain_values() -> None:
    face = Face(
        source="a.mp4",
        frame=3,
        time_s=0.1234567,
        face=0,
        track=7,
        box=(1.234, 2.0, 3.0, 4.0),
        detection_score=np.float32(0.5),
        landmarks=np.arange(10, dtype=np.float32).reshape(5, 2) + np.float32(0.001),
        expression=Expression.FEAR,
        confidence=0.75,
        probabilities={Expression.FEAR: 0.75, Expression.ANGER: 0.25},
        model="tiny",
    )
    row = face.to_row(BASIC7)
    assert tuple(row) == columns(BASIC7)
    assert row["time_s"] == 0.123457
    assert row["x"] == 1.23
    assert row["landmarks"] == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0], [8.0, 9.0]]
    assert row["fear"] == 0.75
    assert row["neutral"] is None
    assert type(row["detection_score"]) is float
    assert type(row["expression"]) is str
    assert (face.x, face.y, face.width, face.height) == (1.234, 2.0, 3.0, 4.0)


def test_a_picture_without_a_face_has_all_columns_empty_but_its_own() -> None:
    row = Face(source="a.png", model="tiny").to_row(BASIC8)
    assert tuple(row) == columns(BASIC8)
    assert {name for name, value in row.items() if value is not None} == {"source", "model"}


def test_a_heat_map_is_no_part_of_the_record() -> None:
    plain = Face(source="a.png", face=0, box=(1.0, 2.0, 3.0, 4.0), model="tiny")
    heat = Heatmap(np.ones((2, 2), np.float32), np.eye(2, 3))
    warm = dataclasses.replace(plain, heatmap=heat)
    assert warm.heatmap is heat
    assert warm.to_row(BASIC8) == plain.to_row(BASIC8)
    assert tuple(warm.to_row(BASIC8)) == columns(BASIC8)
    assert warm == plain
    assert repr(warm) == repr(plain)


def test_faces_can_be_compared_and_counted() -> None:
    points = np.arange(10, dtype=np.float32).reshape(5, 2)
    one, same, other = (
        Face(
            source="a.png",
            face=0,
            box=(left, 2.0, 3.0, 4.0),
            landmarks=points.copy(),
            probabilities=dict.fromkeys(BASIC8, 0.125),
        )
        for left in (1.0, 1.0, 5.0)
    )
    assert one == same != other
    assert same in [other, one]
    assert len({one, same, other}) == 2
    box = (1.0, 2.0, 3.0, 4.0)
    assert Detection(box, 0.5, points) == Detection(box, 0.5, points.copy()) != Detection(box, 0.6)
