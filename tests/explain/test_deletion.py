"""The deletion test on a network that is known by heart."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from mien.errors import ModelError, TensorError  # noqa: E402
from mien.explain.deletion import deletion_curves  # noqa: E402
from mien.explain.explanation import Explanation  # noqa: E402
from mien.models import Output  # noqa: E402

SIZE, CELLS = 16, 4


class Corner(nn.Module):
    """Says class 1 the surer, the more of a chessboard is in the first cell of the picture."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(3.0))
        chess = torch.arange(4)[:, None] + torch.arange(4)
        self.register_buffer("pattern", (chess % 2 * 2 - 1).float())

    def forward(self, images: Tensor) -> Output:
        seen = (images[:, 0, :4, :4] * self.pattern).mean((1, 2)) * self.weight
        return Output(torch.stack([torch.zeros_like(seen), seen], 1), seen[:, None])


def chessboards(number: int = 5) -> Tensor:
    places = torch.arange(SIZE)[:, None] + torch.arange(SIZE)
    return (places % 2 * 2 - 1).float().expand(number, 3, -1, -1).clone()


def explanation(maps: np.ndarray, classes: list[int] | None = None) -> Explanation:
    number = len(maps)
    return Explanation(
        method="made up",
        maps=maps.astype(np.float32),
        names=("map",) * maps.shape[1],
        classes=np.array([-1] * number if classes is None else classes),
    )


def peak(row: int, column: int, number: int = 5) -> np.ndarray:
    """Heat that falls with the distance from a cell."""
    rows, columns = np.arange(SIZE) // 4 - row, np.arange(SIZE) // 4 - column
    heat = 1 - (rows[:, None] ** 2 + columns**2) / 18
    return np.broadcast_to(heat, (number, 1, SIZE, SIZE))


def test_the_right_place_takes_the_probability_away_at_once() -> None:
    network, sure = Corner().eval(), float(torch.sigmoid(torch.tensor(3.0)))
    right, wrong = deletion_curves(
        network,
        chessboards(),
        [explanation(peak(0, 0)), explanation(peak(3, 3))],
        cells=CELLS,
        steps=16,
        orders=200,
    )
    np.testing.assert_allclose(right.shares, np.arange(17) / 16)
    np.testing.assert_allclose(right.explained[:, 0], sure, atol=1e-6)
    # A blurred chessboard is grey; the first cell is gone after the first step.
    np.testing.assert_allclose(right.explained[:, 1:], 0.5, atol=0.02)
    np.testing.assert_allclose(wrong.explained[:, :16], sure, atol=1e-6)
    # In random order the first cell is still there with probability 1 - share.
    expected = 0.5 + (sure - 0.5) * (1 - right.shares)
    np.testing.assert_allclose(right.random.mean(0), expected, atol=0.02)
    triangle = (sure - 0.5) / 2
    width = 1 / 16
    assert right.area.value == pytest.approx(triangle * (1 - width), abs=0.02)
    assert wrong.area.value == pytest.approx(-triangle * (1 - width), abs=0.02)
    assert right.area.low <= right.area.value <= right.area.high
    assert right.areas.shape == (5,)


def test_the_class_that_is_explained_is_followed() -> None:
    network = Corner().eval()
    (other,) = deletion_curves(
        network, chessboards(), [explanation(peak(0, 0), [0] * 5)], cells=CELLS, steps=4
    )
    assert other.explained[:, 0] == pytest.approx(1 - float(torch.sigmoid(torch.tensor(3.0))))
    assert other.area.value < 0  # what speaks against class 0 was deleted first


def test_an_even_map_is_no_better_than_chance() -> None:
    images = chessboards(400)
    (flat,) = deletion_curves(
        Corner().eval(), images, [explanation(np.zeros((400, 1, SIZE, SIZE)))], cells=CELLS
    )
    error = flat.areas.std() / 20
    assert abs(flat.areas.mean()) < 4 * error
    assert flat.area.low < 0 < flat.area.high


def test_several_maps_count_by_their_mean_and_cells_by_theirs() -> None:
    maps = np.zeros((1, 2, SIZE, SIZE))
    maps[:, 0, :4, :4] = 0.4  # a mean of 0.2
    maps[:, 1, 0, 12:] = 1.0  # a quarter of the last cell of the row: a mean of 0.125
    (found,) = deletion_curves(
        Corner().eval(), chessboards(1), [explanation(maps)], cells=CELLS, steps=16
    )
    assert found.explained[0, 1] < 0.55


def test_the_same_seed_gives_the_same_curves() -> None:
    images = chessboards(3)
    made = [explanation(peak(1, 1, 3))]
    first, again, other = (
        deletion_curves(Corner().eval(), images, made, cells=CELLS, seed=seed)[0].random
        for seed in (0, 0, 1)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_sides_that_cells_do_not_divide_are_shared_out() -> None:
    images = torch.zeros(1, 3, 17, 19)
    made = [explanation(np.random.default_rng(0).random((1, 1, 17, 19)))]
    (found,) = deletion_curves(Corner().eval(), images, made, cells=5, steps=25)
    np.testing.assert_allclose(found.shares, np.arange(26) / 25)


def test_what_does_not_fit_is_refused() -> None:
    network, images = Corner().eval(), chessboards(2)
    with pytest.raises(TensorError, match="the pictures are 2 of 16x16 pixels"):
        deletion_curves(network, images, [explanation(peak(0, 0, 3))])
    with pytest.raises(ModelError, match="cells is 17; it must be between 1 and 16"):
        deletion_curves(network, images, [explanation(peak(0, 0, 2))], cells=17)
    with pytest.raises(ModelError, match="steps is 17"):
        deletion_curves(network, images, [explanation(peak(0, 0, 2))], cells=4, steps=17)
    with pytest.raises(ModelError, match=r"call its eval\(\) first"):
        deletion_curves(network.train(), images, [explanation(peak(0, 0, 2))])
