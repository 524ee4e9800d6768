"""Faces of which the detector is not sure: of photos they count, of videos where one was before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.faces.detection import Detection
from mien.faces.tracks import Tracker
from mien.inference.recognizer import Recognizer
from mien.preprocess import Picture


class Unsure:
    """Finds in a frame of level 100 a face, of 50 one it is unsure of, and of 0 none."""

    name = "unsure"

    def __call__(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        kinds = [round(float(picture.mean()) / 50) for picture in pictures]
        sure, unsure = Detection((30, 20, 40, 50), 0.9), Detection((32, 22, 40, 50), 0.5)
        return [
            [sure] if kind == 2 else [Detection(unsure.box, 0.5, unsure=True)] if kind else []
            for kind in kinds
        ]


@pytest.fixture
def recognizer(tiny_model: Path) -> Recognizer:
    return Recognizer(tiny_model, detector=Unsure(), threads=1)


def test_of_a_video_one_counts_only_where_a_face_was(
    recognizer: Recognizer, make_video: Callable[..., Path]
) -> None:
    levels = [50, 0, 100, 50, 0, *[0] * 20, 50]
    rows = recognizer(make_video("a.avi", levels=levels, codec="MJPG"))
    found = {row.frame: (row.detection_score, row.track) for row in rows if row.face is not None}
    assert found == {2: (0.9, 0), 3: (0.5, 0)}
    assert len(rows) == len(levels)


def test_of_a_photo_it_counts(recognizer: Recognizer) -> None:
    (row,) = recognizer(np.full((96, 160, 3), 50, np.uint8))
    assert (row.face, row.track, row.detection_score) == (0, None, 0.5)


def test_a_tracker_knows_what_it_would_follow_and_is_not_changed_by_the_question() -> None:
    tracker = Tracker()
    near, far = Detection((12, 10, 40, 40), 0.5), Detection((300, 10, 40, 40), 0.5)
    assert not tracker.follows(near)
    assert tracker([Detection((10, 10, 40, 40), 0.9)]) == [0]
    assert (tracker.follows(near), tracker.follows(far)) == (True, False)
    assert tracker([far, near]) == [1, 0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"threads": 0}, "threads is 0, not a whole number of at least 1"),
        ({"threads": 1.5}, "threads is 1.5, not a whole"),
        ({"threads": 10**14}, "threads is 1"),
        ({"batch": 2**31}, "batch is 2147483648"),
        ({"min_face": float("nan")}, "min_face is nan"),
        ({"detector": None}, "detector is None, no name and no object"),
    ],
)
def test_options_out_of_range_are_refused(
    options: dict[str, object], said: str, tiny_model: Path
) -> None:
    with pytest.raises(InputError, match=said):
        Recognizer(tiny_model, **{"detector": "none", **options})  # type: ignore[arg-type]
