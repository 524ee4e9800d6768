"""Barlow Twins (Zbontar et al. 2021): learning faces without labels.

Two varied views of the same pictures go through network and projector. C is the correlation,
over the batch, of each dimension of the first view's projections with each of the second's.
Eq. 1: L = sum_i (1 - C_ii)^2 + lambda sum_{i != j} C_ij^2. The first sum makes a projection the
same for both views; the second keeps its dimensions from saying the same, so that it cannot
become a constant.

Of the ways to learn without labels we took this one as it needs the least around it: no
negative pictures, and so no large batches (128 will do); no second network that follows the
first; no stopped gradients, queues or clusters. Two modules and one matrix product.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..errors import TensorError
from ..options import check_count, check_weight
from .checks import check_floats
from .precision import single

LAMBDA = 0.0051
"""The released code's (facebookresearch/barlowtwins, main.py), as are layers and sizes below."""

# Beneath the variance of a standardised dimension, for one that is the same in all pictures.
_EPSILON = 1e-5


def cross_correlation(first: Tensor, second: Tensor) -> Tensor:
    """C, (D, D): of dimension i of the first view with dimension j of the second.

    Args:
        first: float (N, D), projections of the first view.
        second: float (N, D), of the second view of the same pictures, in the same order.

    Returns:
        Float32 at least, from -1 to 1; near 0 for a dimension that does not vary.

    Raises:
        TensorError: naming the tensor that is wrong.
    """
    check_floats("first views", first, "N, D")
    check_floats("second views", second, "N, D")
    if first.shape != second.shape:
        raise TensorError(f"views {tuple(first.shape)} and {tuple(second.shape)} are no twins")
    if len(first) < 2:
        raise TensorError("a correlation needs 2 pictures or more")
    # A product in bfloat16 would keep 8 bits of each correlation.
    with torch.autocast(first.device.type, enabled=False):
        return _standardised(first).T @ _standardised(second) / len(first)


def twins_loss(first: Tensor, second: Tensor, weight: float = LAMBDA) -> Tensor:
    """Eq. 1, a scalar; 0 if both views agree and no two dimensions are correlated.

    Args:
        first, second: see :func:`cross_correlation`.
        weight: lambda, of the correlations of different dimensions.
    """
    correlation = cross_correlation(first, second)
    own = correlation.diagonal()
    others = correlation.square().sum() - own.square().sum()
    return (1 - own).square().sum() + weight * others


class TwinsLoss(nn.Module):
    """:func:`twins_loss` of features behind a projector, whose weights learn, too.

    Three linear layers, with batch norm and ReLU behind the first two. They see both views as one
    batch, and are thrown away after training.

    Args:
        features: D, dimensions of the network's features.
        width: of the projector's layers. The released code's 8192 is for 2048 features and
            batches of 2048.
        weight: lambda.

    Raises:
        ModelError: naming the option that has a wrong value.
    """

    def __init__(self, features: int, width: int = 1024, weight: float = LAMBDA) -> None:
        super().__init__()
        check_count("features", features)
        check_count("width", width)
        check_weight("weight", weight)
        self.weight = weight
        self.projector = nn.Sequential(
            nn.Linear(features, width, bias=False),
            *(nn.BatchNorm1d(width), nn.ReLU(inplace=True)),
            nn.Linear(width, width, bias=False),
            *(nn.BatchNorm1d(width), nn.ReLU(inplace=True)),
            nn.Linear(width, width, bias=False),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Features (2N, D), all first views first, to a scalar.

        Raises:
            TensorError: if these are no pairs, or fewer than two.
        """
        if len(features) % 2:
            raise TensorError(f"{len(features)} pictures are no pairs of views")
        first, second = self.projector(single(features)).chunk(2)
        return twins_loss(first, second, self.weight)


def _standardised(views: Tensor) -> Tensor:
    """Each dimension with mean 0 and variance 1 over the batch."""
    values = single(views)
    variance, mean = torch.var_mean(values, dim=0, correction=0)
    return (values - mean) * (variance + _EPSILON).rsqrt()
