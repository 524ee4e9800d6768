import numpy as np
import pytest

from mien.inference.face_heatmap import Heatmap
from mien.inference.heatmap_drawing import draw_heatmaps

PICTURE = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)


def over(left: float, top: float, side: float, values: np.ndarray) -> Heatmap:
    """A map over an upright square."""
    matrix = np.array([[1 / side, 0, -left / side], [0, 1 / side, -top / side]])
    return Heatmap(values.astype(np.float32), matrix)


def test_no_heat_changes_nothing() -> None:
    np.testing.assert_array_equal(draw_heatmaps(PICTURE, []), PICTURE)
    cold = over(10, 20, 50, np.zeros((4, 4)))
    np.testing.assert_array_equal(draw_heatmaps(PICTURE, [cold]), PICTURE)


def test_the_hottest_is_six_tenths_yellow_and_four_tenths_picture() -> None:
    before = PICTURE.copy()
    drawn = draw_heatmaps(PICTURE, [over(10, 20, 50, np.ones((4, 4)))])
    np.testing.assert_array_equal(PICTURE, before)
    yellow = np.array([253, 231, 37])  # the end of viridis
    expected = 0.6 * yellow + 0.4 * PICTURE[22:68, 12:58]
    np.testing.assert_allclose(drawn[22:68, 12:58], expected, atol=1.5)
    changed = (drawn != PICTURE).any(2)
    changed[20:70, 10:60] = False
    assert not changed.any()


def test_the_hotter_the_more_of_the_colour() -> None:
    grey = np.full((90, 120, 3), 128, np.uint8)
    changes = []
    for level in (0.1, 0.3, 0.5, 0.7, 0.9):
        drawn = draw_heatmaps(grey, [over(10, 20, 50, np.full((4, 4), level))])
        changes.append(np.abs(drawn[40, 30].astype(int) - 128).sum())
    assert changes == sorted(changes)
    assert 0 < changes[0] < 20
    assert changes[-1] > 100


def test_where_two_lie_the_hotter_shows_whatever_their_order() -> None:
    hot, cool = over(10, 20, 50, np.ones((4, 4))), over(40, 30, 50, np.full((4, 4), 0.3))
    both = draw_heatmaps(PICTURE, [hot, cool])
    np.testing.assert_array_equal(both, draw_heatmaps(PICTURE, [cool, hot]))
    np.testing.assert_array_equal(both[32:68, 42:58], draw_heatmaps(PICTURE, [hot])[32:68, 42:58])
    np.testing.assert_array_equal(both[32:78, 62:88], draw_heatmaps(PICTURE, [cool])[32:78, 62:88])


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (500, 3), (2000, 1500)])
@pytest.mark.parametrize("place", [(0, 0, 1), (-30, -20, 60), (1400, 0, 9000), (-500, -500, 3)])
def test_any_map_in_any_picture_can_be_drawn(
    shape: tuple[int, int], place: tuple[float, float, float]
) -> None:
    picture = np.full((*shape, 3), 7, np.uint8)
    drawn = draw_heatmaps(picture, [over(*place, np.eye(5))])
    assert drawn.shape == picture.shape
    assert drawn.dtype == np.uint8
