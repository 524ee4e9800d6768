"""Intervals of shares against their formulas by hand, and against simulated persons."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mien.errors import DataError
from mien.evaluation.bootstrap import Estimate
from mien.evaluation.shares import share_estimate

Z = stats.norm.ppf(0.975)


def hits(right: int, images: int) -> np.ndarray:
    return np.arange(images) < right


def wilson(p: float, n: float) -> tuple[float, float]:
    """Wilson 1927: (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)."""
    half = Z * np.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return (p + Z**2 / (2 * n) - half) / (1 + Z**2 / n), (p + Z**2 / (2 * n) + half) / (
        1 + Z**2 / n
    )


def ends(found: Estimate) -> tuple[float, float]:
    return found.low, found.high


def test_shares_have_wilsons_interval() -> None:
    found = share_estimate(hits(36, 40))
    assert found.value == 0.9
    assert ends(found) == pytest.approx(wilson(0.9, 40), abs=1e-12)
    library = stats.binomtest(36, 40).proportion_ci(0.8, method="wilson")
    other = share_estimate(hits(36, 40), level=0.8)
    assert ends(other) == pytest.approx((library.low, library.high), abs=1e-12)
    # All right, and still not certain.
    assert ends(share_estimate(hits(30, 30))) == pytest.approx((30 / (30 + Z**2), 1), abs=1e-12)
    assert ends(share_estimate(hits(0, 30))) == pytest.approx((0, Z**2 / (30 + Z**2)), abs=1e-12)
    with pytest.raises(DataError, match="at least one picture"):
        share_estimate([])


def test_clusters_tell_as_much_as_fewer_independent_pictures() -> None:
    # Three persons of 2, 3 and 5 pictures with 2, 1 and 4 hits, so 7 of 10. Their distances to
    # what 0.7 of their pictures are: 0.6, -1.1, 0.5, of squares 0.36 + 1.21 + 0.25 = 1.82, and
    # 3/2 * 1.82 / 10² = 0.0273 is the variance; 0.21 / 0.0273 = 7.6923 pictures have the same.
    right = [1, 1, 1, 0, 0, 1, 1, 1, 1, 0]
    persons = np.array([4, 4, 9, 9, 9, 1, 1, 1, 1, 1])
    few = (Z / 4.30265273) ** 2  # Student's t of 0.975 with two degrees of freedom
    found = share_estimate(right, persons)
    assert found.value == 0.7
    assert ends(found) == pytest.approx(wilson(0.7, 0.21 / 0.0273 * few), abs=1e-8)


def test_clusters_never_tell_more_than_their_pictures() -> None:
    plain = share_estimate(hits(36, 40))
    assert share_estimate(hits(36, 40), np.arange(40)) == plain
    # Nine of ten in each cluster: they vary less than chance would have it.
    even = share_estimate(np.tile(hits(9, 10), 4), np.repeat(np.arange(4), 10))
    t = stats.t.ppf(0.975, 3)
    assert ends(even) == pytest.approx(wilson(0.9, 40 * (Z / t) ** 2), abs=1e-12)


@pytest.mark.parametrize(("right", "share"), [(40, 1.0), (0, 0.0)])
def test_where_all_are_alike_a_cluster_is_one_picture(right: int, share: float) -> None:
    found = share_estimate(hits(right, 40), np.repeat(np.arange(8), 5))
    t = stats.t.ppf(0.975, 7)
    assert found.value == share
    assert ends(found) == pytest.approx(wilson(share, 8 * (Z / t) ** 2), abs=1e-12)
    one = share_estimate(hits(right, 40), np.zeros(40, int))
    assert one.high - one.low > 0.95


def test_the_interval_holds_the_truth_where_persons_differ() -> None:
    random, truth, persons = np.random.default_rng(0), 0.7, 20
    held = {"persons": 0, "pictures": 0}
    for _ in range(400):
        chance = random.beta(2 * truth, 2 * (1 - truth), persons)
        person = np.repeat(np.arange(persons), random.integers(1, 40, persons))
        right = random.random(len(person)) < chance[person]
        for kind, clusters in (("persons", person), ("pictures", None)):
            found = share_estimate(right, clusters)
            held[kind] += found.low <= truth <= found.high
    assert held["persons"] > 0.91 * 400
    assert held["pictures"] < 0.6 * 400
