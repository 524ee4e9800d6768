from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mien.evaluation.framing import framing_warning
from mien.preprocess import Preprocess

SQUARE = Preprocess(48, scale=1.1)
TEMPLATE = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))
ALIGNED = Preprocess(112, align="similarity", template=TEMPLATE, scale=1.22)


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (SQUARE, None),
        (ALIGNED, ALIGNED),
        (ALIGNED, replace(ALIGNED, size=224, colour="grey", mean=(0, 0, 0))),
    ],
)
def test_faces_cut_alike_need_no_warning(model: Preprocess, data: Preprocess | None) -> None:
    assert framing_warning(model, data) is None


@pytest.mark.parametrize(
    ("model", "data", "message"),
    [
        (ALIGNED, None, "mien data prepare makes a copy that fits"),
        (
            SQUARE,
            ALIGNED,
            r"anew \(similarity, scale 1.22\).*way \(square, scale 1.1\)",
        ),
        (SQUARE, replace(SQUARE, scale=1.2), "another way"),
        (SQUARE, replace(SQUARE, shift=(0, 0.1)), "another way"),
        (ALIGNED, replace(ALIGNED, template=TEMPLATE[::-1]), "another way"),
    ],
)
def test_others_are_named(model: Preprocess, data: Preprocess | None, message: str) -> None:
    assert re.search(message, framing_warning(model, data) or "")
