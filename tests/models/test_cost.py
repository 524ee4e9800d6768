"""Costs against a count by hand: small networks to the last operation, the paper's by formula."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("fvcore")

from mien.models import create_model  # noqa: E402
from mien.models.cost import count  # noqa: E402


class Hand(NamedTuple):
    """Multiply-adds, and operations of norms as fvcore counts them."""

    products: int = 0
    norms: int = 0

    def __add__(self, other: Hand) -> Hand:  # type: ignore[override]
        return Hand(self.products + other.products, self.norms + other.norms)


def stem(side: int, units: tuple[int, ...], widths: tuple[int, ...]) -> Hand:
    """IR-50: 2 operations an element for each batch norm."""
    area, inputs = side * side, widths[0]
    total = Hand(area * 27 * inputs, 2 * area * inputs)
    for depth, width in zip(units, widths, strict=True):
        for number in range(depth):
            after = area // 4 if number == 0 else area
            total += Hand(9 * width * (area * inputs + after * width))
            total += Hand(0, 2 * (area * inputs + after * width))
            if inputs != width:
                total += Hand(after * inputs * width, 2 * after * width)
            area, inputs = after, width
    return total


def encoder(patches: list[int], width: int, mlp: float, classes: int) -> Hand:
    """``patches``: how many enter the first block, then how many leave each.

    5 operations an element for each layer norm.
    """
    total = Hand()
    for before, after in pairwise(patches):
        tokens, left = before + 1, after + 1
        total += Hand(4 * tokens * width**2 + 2 * tokens**2 * width, 5 * tokens * width)
        total += Hand(round(2 * mlp * left * width**2), 5 * left * width)
    return total + Hand(width * classes, 5 * (patches[-1] + 1) * width)


def lanet(positions: int, width: int) -> Hand:
    hidden = width // 16
    return Hand(positions * (width * hidden + hidden), 2 * positions * (hidden + 1))


def full(patches: list[int], branches: int = 0) -> float:
    """The paper's network, in units of 10^9."""
    total = stem(112, (3, 4, 14), (64, 128, 256)) + Hand(196 * 256 * 768)
    total += encoder(patches, 768, 3, 7)
    for _ in range(branches):
        total += lanet(196, 256)
    return round(sum(total) / 1e9, 4)


def hybrid(patches: list[int]) -> float:
    total = stem(112, (3, 4, 14), (64, 128, 256)) + Hand(196 * 256 * 192)
    return round(sum(total + encoder(patches, 192, 4, 7)) / 1e9, 4)


def deit(patches: list[int]) -> float:
    return round(sum(Hand(196 * 768 * 192) + encoder(patches, 192, 4, 7)) / 1e9, 4)


def test_the_counts_of_the_specification_are_those_of_its_token_numbers() -> None:
    assert full([196] * 9, branches=2) == 15.3038
    assert full([196] * 9, branches=4) == 15.3054
    assert full([196] * 9) == 15.3021
    assert full([196] * 5 + [176, 158, 142, 127]) == 14.3355
    assert full([160] * 9) == 13.4427
    assert full([160] * 5 + [144, 129, 116, 104]) == 12.6665
    assert full([10] * 5 + [6, 3, 1, 1]) == 5.8875
    assert full([40] * 5 + [24, 14, 8, 4]) == 6.9037
    assert hybrid([196] * 13) == 6.7172
    assert hybrid([120] * 7 + [108, 97, 87, 78, 70, 63]) == 6.1
    assert deit([196] * 13) == 1.2582
    assert deit([196] * 7 + [156, 124, 99, 79, 63, 50]) == 0.9598


SMALL: dict[str, Any] = {
    **{"image_size": 32, "stages": 2, "units": (2, 1), "widths": (16, 32)},
    **{"width": 24, "blocks": 4, "heads": 2, "mlp_ratio": 3.0},
}


@pytest.mark.parametrize(
    ("keep", "rate", "patches"),
    [
        (None, 1.0, [64] * 5),
        (40, 1.0, [40] * 5),
        (None, 0.6, [64, 64, 64, 38, 22]),
        (40, 0.9, [40, 40, 40, 36, 32]),
    ],
)
def test_apvit_costs_what_its_token_numbers_say(
    keep: int | None, rate: float, patches: list[int]
) -> None:
    with torch.device("meta"):
        network = create_model("apvit", classes=7, keep_patches=keep, keep_rate=rate, **SMALL)
    expected = stem(32, (2, 1), (16, 32)) + Hand(64 * 32 * 24) + encoder(patches, 24, 3, 7)
    found = count(network, 32)
    assert found.multiply_adds == expected.products
    assert found.fvcore == sum(expected)
    assert found.parameters == sum(one.numel() for one in network.parameters())


def test_transfer_costs_its_local_attentions_too() -> None:
    with torch.device("meta"):
        network = create_model("transfer", classes=7, branches=3, **SMALL)
    expected = stem(32, (2, 1), (16, 32)) + Hand(64 * 32 * 24) + encoder([64] * 5, 24, 3, 7)
    for _ in range(3):
        expected += lanet(64, 32)
    assert count(network, 32).multiply_adds == expected.products
    assert count(network, 32).fvcore == sum(expected)


def test_the_network_is_left_as_it_was() -> None:
    network = create_model("small", classes=8, stem=8, widths=(8,), depths=(1,))
    before = {name: one.clone() for name, one in network.state_dict().items()}
    assert count(network, 16) == count(network.eval(), 16)
    assert not network.training
    assert count(network.train(), 16).parameters == sum(x.numel() for x in network.parameters())
    assert network.training
    for name, one in network.state_dict().items():
        assert torch.equal(one, before[name])


def test_attention_is_counted_that_pytorch_computes_at_once() -> None:
    network = create_model("timm", classes=8, backbone="vit_tiny_patch16_224")
    dim, tokens, blocks = 192, 14 * 14 + 1, 12
    linear = blocks * tokens * 12 * dim**2  # queries, keys, values, output, and the MLP
    attention = blocks * 2 * tokens**2 * dim
    stem = 14 * 14 * dim * 3 * 16**2
    assert count(network, 224).multiply_adds == stem + linear + attention + 8 * dim
