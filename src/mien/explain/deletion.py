"""Does an explanation say what a network's answer rests on? The deletion test.

Square cells of a picture are replaced step by step, those first that an explanation ranks
highest, and the probability of the class is followed (Petsiuk et al. 2018, RISE, section 4.3).
If the explanation is right, it falls faster than when cells go in random order. The area between
the two curves is what the explanation is worth beyond chance.

Two things differ from RISE. Cells go, not single pixels: maps are coarse, so that their pixels go
in whole areas, and random pixels all over a picture would be another kind of damage. And what
goes is replaced by a strongly blurred copy, which takes away what is seen in a place and leaves
its brightness; areas of one grey would have edges, which are a sight of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.integrate import trapezoid  # type: ignore[import-untyped]
from torch import Tensor, nn
from torchvision.transforms.v2.functional import gaussian_blur  # type: ignore[import-untyped]

from ..errors import TensorError
from ..evaluation.bootstrap import Estimate, estimate
from ..options import check_count
from .explanation import Explanation
from .inputs import NO_CLASS, look, prepared

_BLUR = 1 / 8  # standard deviation over the shorter side


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """Probabilities of a class while more and more of N pictures is replaced.

    Attributes:
        method: of the explanation.
        shares: (S + 1,), the share of each picture that is replaced, 0 to 1.
        explained: (N, S + 1), when the cells go that the explanation ranks highest.
        random: (N, S + 1), when they go in random order; mean over several orders.
    """

    method: str
    shares: NDArray[np.float64]
    explained: NDArray[np.float64]
    random: NDArray[np.float64]

    @property
    def areas(self) -> NDArray[np.float64]:
        """Area between the two curves for each picture, (N,); above 0 beats chance."""
        between = trapezoid(self.random - self.explained, self.shares, axis=1)
        return np.asarray(between, np.float64)

    @property
    def area(self) -> Estimate:
        """Mean area between the curves with its 95 % interval over pictures."""
        return estimate(lambda drawn: np.mean(drawn, axis=-1), self.areas)


def deletion_curves(
    network: nn.Module,
    images: Tensor,
    explanations: Sequence[Explanation],
    *,
    cells: int = 8,
    steps: int = 8,
    orders: int = 4,
    batch: int = 128,
    seed: int = 0,
) -> tuple[Deletion, ...]:
    """Test explanations of a network's answers, all with the same pictures and random orders.

    Where an explanation has several maps, their mean ranks the cells; equal cells go in random
    order.

    Args:
        network: in eval mode.
        images: float (N, 3, H, W), normalised.
        explanations: of these pictures. The class that is followed is the one that is
            explained; with maps of no class the one that the network predicts.
        cells: on each side of a picture.
        steps: S.
        orders: random orders for each picture.
        batch: how many pictures go through the network together.
        seed: of all that is random.

    Raises:
        ModelError: if the network is in training mode.
        TensorError: if the network cannot take the pictures, or an explanation is of others.
    """
    images = prepared(network, images)
    number, _, height, width = images.shape
    for explanation in explanations:
        if explanation.maps[:, 0].shape != (number, height, width):
            raise TensorError(
                f"{explanation.method} has maps of shape {explanation.maps.shape}; the pictures "
                f"are {number} of {height}x{width} pixels"
            )
    draws = np.random.default_rng(seed)
    deleting = _Deleting(network, images, cells, steps, batch)
    chance = np.mean(
        [deleting(draws.permuted(deleting.places, axis=1)) for _ in range(orders)], axis=0
    )
    predicted = chance[:, 0].argmax(1)
    found = []
    for explanation in explanations:
        ranked = _ranks(deleting.heat(explanation.maps.mean(1)), draws)
        given = explanation.classes
        classes = np.where(given == NO_CLASS, predicted, given)[:, None, None]
        found.append(
            Deletion(
                method=explanation.method,
                shares=deleting.counts / cells**2,
                explained=np.take_along_axis(deleting(ranked), classes, 2)[..., 0],
                random=np.take_along_axis(chance, classes, 2)[..., 0],
            )
        )
    return tuple(found)


class _Deleting:
    """Pictures cut into cells, and what a network says when some of them are gone.

    Attributes:
        counts: (S + 1,), how many cells are gone at each step.
        places: (N, cells), a rank for each cell of each picture, in order.
    """

    def __init__(
        self, network: nn.Module, images: Tensor, cells: int, steps: int, batch: int
    ) -> None:
        height, width = images.shape[2:]
        check_count("cells", cells, most=min(height, width))
        check_count("steps", steps, most=cells**2)
        self.network, self.images, self.batch = network, images, batch
        self.counts = np.linspace(0, cells**2, steps + 1).round().astype(np.int64)
        rows, columns = np.arange(height) * cells // height, np.arange(width) * cells // width
        self.cell = rows[:, None] * cells + columns
        self.places = np.tile(np.arange(cells**2), (len(images), 1))
        self.blurred = _blurred(images)
        self.ends = [self._answer(images), self._answer(self.blurred)]

    def heat(self, maps: NDArray[np.float32]) -> NDArray[np.float64]:
        """Maps (N, H, W) as the mean of each cell, (N, cells)."""
        cells = self.places.shape[1]
        inside = np.eye(cells)[self.cell.ravel()]
        sums: NDArray[np.float64] = maps.reshape(len(maps), -1).astype(np.float64) @ inside
        return np.asarray(sums / inside.sum(0))

    def __call__(self, ranks: NDArray[np.int64]) -> NDArray[np.float64]:
        """Probabilities (N, S + 1, M) while cells go in the order of their ranks (N, cells)."""
        cell = torch.from_numpy(self.cell).to(self.images.device)
        order = torch.from_numpy(ranks).to(self.images.device)
        between = []
        for count in self.counts[1:-1]:
            gone = (order < int(count))[:, cell]
            between.append(self._answer(torch.where(gone[:, None], self.blurred, self.images)))
        return np.stack([self.ends[0], *between, self.ends[1]], 1)

    def _answer(self, images: Tensor) -> NDArray[np.float64]:
        """Probabilities (N, M)."""
        logits = [look(self.network, piece).logits for piece in torch.split(images, self.batch)]
        return torch.cat(logits).double().softmax(1).cpu().numpy()


def _ranks(heat: NDArray[np.float64], draws: np.random.Generator) -> NDArray[np.int64]:
    """Ranks (N, cells), 0 for the hottest cell; equal ones in random order."""
    order = np.lexsort((draws.random(heat.shape), -heat), axis=1)
    return np.argsort(order, axis=1)


def _blurred(images: Tensor) -> Tensor:
    """Pictures of which only the coarsest brightness is left."""
    deviation = _BLUR * min(images.shape[2:])
    radius = min(round(2 * deviation), min(images.shape[2:]) - 1)
    blurred: Tensor = gaussian_blur(images, [2 * radius + 1] * 2, [deviation] * 2)
    return blurred
