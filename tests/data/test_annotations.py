from __future__ import annotations

import numpy as np

from mien.data.annotations import Annotations

NAMES = ["a.jpg", "b.jpg", "c.jpg"]
BOXES = np.array([[1.5, 2, 30, 40], [np.nan] * 4, [0, np.nan, 5, 6]])


def test_a_box_is_there_whole_or_not_at_all() -> None:
    table = Annotations(NAMES, NAMES, boxes=BOXES)
    assert [table.box(row) for row in range(3)] == [(1.5, 2.0, 30.0, 40.0), None, None]
    assert table.rows([2, 0]).box(1) == (1.5, 2.0, 30.0, 40.0)
    assert Annotations(NAMES, NAMES).box(0) is None
