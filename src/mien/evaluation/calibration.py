"""Bring confidence in line with accuracy: one temperature for all logits."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar  # type: ignore[import-untyped]
from scipy.special import log_softmax  # type: ignore[import-untyped]

from ..errors import DataError

_COLDEST, _HOTTEST = 0.05, 20.0


def fit_temperature(logits: ArrayLike, targets: ArrayLike) -> float:
    """The temperature T for which softmax(logits / T) has the smallest mean cross entropy.

    Guo et al. 2017, section 4.2. The predicted classes do not change with it. Fit it on
    pictures that the network was not trained on, and not on those that are reported.

    Args:
        logits: float (N, M).
        targets: class indices (N,), or distributions (N, M) such as shares of votes.

    Returns:
        T, between 0.05 and 20.

    Raises:
        DataError: if the shapes do not fit, or a logit is not finite.
    """
    scores = np.asarray(logits, np.float64)
    wanted = np.asarray(targets)
    if scores.ndim != 2 or not len(scores) or wanted.shape not in (scores.shape[:1], scores.shape):
        raise DataError(
            f"logits of shape {scores.shape} and targets of shape {wanted.shape} do not fit; "
            "give (N, M) and (N,) or (N, M)"
        )
    if not np.isfinite(scores).all():
        raise DataError("a logit is not a finite number, so no temperature fits")
    if wanted.ndim == 1:
        wanted = np.eye(scores.shape[1])[wanted]
    wanted = wanted.astype(np.float64)

    def loss(log_temperature: float) -> float:
        return cross_entropy(scores / math.exp(log_temperature), wanted)

    found = minimize_scalar(
        loss,
        bounds=(math.log(_COLDEST), math.log(_HOTTEST)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return math.exp(float(found.x))


def cross_entropy(logits: NDArray[np.float64], targets: NDArray[np.float64]) -> float:
    """Mean over pictures of -sum(target * log softmax(logits)), both (N, M), in nats."""
    return float(-(targets * log_softmax(logits, axis=1)).sum(axis=1).mean())
