from __future__ import annotations

import numpy as np
import pytest

from mien.errors import MienError
from mien.faces import Detection, Tracker, WholePicture


def face(x: float, y: float, side: float = 50) -> Detection:
    return Detection((x - side / 2, y - side / 2, side, side), 0.9)


def test_moving_faces_keep_their_numbers_whatever_their_order() -> None:
    tracker = Tracker()
    for step in range(60):
        first, second = face(100 + 5 * step, 100), face(700 - 5 * step, 220, 50 + step)
        if step % 2:
            assert tracker([second, first]) == [1, 0]
        else:
            assert tracker([first, second]) == [0, 1]


def test_the_nearer_face_wins() -> None:
    tracker = Tracker()
    assert tracker([face(100, 100)]) == [0]
    assert tracker([face(118, 100), face(104, 100)]) == [1, 0]


def test_a_leap_or_another_size_is_another_face() -> None:
    tracker = Tracker()
    assert tracker([face(100, 100)]) == [0]
    assert tracker([face(160, 100)]) == [1]
    assert tracker([face(160, 100, 200)]) == [2]


def test_numbers_survive_a_few_missed_frames_and_no_more() -> None:
    tracker = Tracker(patience=3)
    assert tracker([face(100, 100)]) == [0]
    for _ in range(3):
        assert tracker([]) == []
    assert tracker([face(103, 100)]) == [0]
    for _ in range(4):
        tracker([])
    assert tracker([face(103, 100)]) == [1]


def test_memory_is_bounded() -> None:
    rng = np.random.default_rng(0)
    tracker = Tracker(patience=5)
    for _ in range(300):
        tracker([face(*rng.uniform(0, 1e6, 2)) for _ in range(3)])
    assert len(tracker._tracks) <= 3 * 6


def test_numbers_of_a_frame_are_distinct() -> None:
    rng = np.random.default_rng(1)
    tracker = Tracker()
    for _ in range(50):
        count = int(rng.integers(0, 8))
        numbers = tracker([face(*rng.uniform(0, 150, 2)) for _ in range(count)])
        assert len(set(numbers)) == len(numbers) == count


def test_whole_pictures_are_one_face() -> None:
    tracker, whole = Tracker(), WholePicture()
    picture = np.zeros((4, 4, 3), np.uint8)
    for _ in range(3):
        assert tracker(whole([picture])[0]) == [0]


def test_senseless_settings_are_refused() -> None:
    with pytest.raises(MienError, match="likeness"):
        Tracker(likeness=0)
