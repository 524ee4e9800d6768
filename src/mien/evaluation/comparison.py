"""Two models on the same pictures: McNemar's exact test and the difference of accuracies.

McNemar, "Note on the sampling error of the difference between correlated proportions"
(1947). Pictures that both have right, or both wrong, say nothing of which is better; of the
others, two models that are as often right share each half of the time. The exact test asks
the binomial distribution how unusual the split found is.

Where pictures are of the same persons or videos, they are no pairs of their own. Then the two
models' answers are exchanged at random in whole persons or videos, and the test asks how often
the difference is as large as the one found (Winkler et al., "Multi-level block permutation"
(2015), on exchanging whole blocks). With one picture in each, that is McNemar's test again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest  # type: ignore[import-untyped]

from .answers import Answers
from .bootstrap import estimate_from_counts
from .judging import judge
from .metrics import Values
from .scores import Comparison
from .tasks import Task

EXCHANGES = 9999
_BLOCK = 1_000_000  # signs held at once


def compare(
    task: Task, first: Answers, second: Answers, *, names: tuple[str, str], seed: int = 0
) -> Comparison:
    """Which of two models is right more often, and whether that could be chance.

    Args:
        task: which of the N pictures count, and what is true.
        first: a model's answers to the N pictures.
        second: another's; their classes may have another order.
        names: of the two models.
        seed: of the bootstrap over pairs.

    Raises:
        LabelMismatch: if a model lacks a class of the task; both sets are named.
        DataError: if the answers are to other numbers of pictures, or no picture counts.
    """
    judged = judge(task, first)
    one, other = judged.correct, judge(task, second).correct
    # Pairs by whether the first (row) and the second (column) is right.
    kinds = 2 * one.astype(np.int64) + other
    pairs: NDArray[np.intp] = np.bincount(kinds, minlength=4).reshape(2, 2)
    only_first, only_second = int(pairs[1, 0]), int(pairs[0, 1])
    if judged.clusters is None:
        drawn, p_value = pairs, mcnemar(only_first, only_second)
    else:
        places = 4 * judged.clusters + kinds
        drawn = np.bincount(places, minlength=4 * judged.number_of_clusters).reshape(-1, 2, 2)
        p_value = exchange_test(drawn[:, 0, 1] - drawn[:, 1, 0], seed=seed)
    return Comparison(
        first=names[0],
        second=names[1],
        protocol=task.protocol,
        subset=task.subset,
        images=len(one),
        clusters=judged.number_of_clusters,
        only_first=only_first,
        only_second=only_second,
        p_value=p_value,
        difference=estimate_from_counts(_difference, drawn, seed=seed),
    )


def mcnemar(only_first: int, only_second: int) -> float:
    """p-value of the exact two-sided test; 1 where the two never differ.

    Args:
        only_first: how many pictures the first model alone has right.
        only_second: how many the second alone has right.
    """
    differing = only_first + only_second
    return float(binomtest(only_first, differing).pvalue) if differing else 1.0


def exchange_test(differences: ArrayLike, *, repeats: int = EXCHANGES, seed: int = 0) -> float:
    """p-value of the two-sided test that exchanges two models in whole clusters.

    Args:
        differences: int (C,), of each cluster how many more pictures the second model has right.
        repeats: random exchanges; the p-value is no smaller than one of so many and one.
        seed: of the exchanges.
    """
    told: NDArray[np.float64] = np.asarray(differences, np.float64)
    told = told[told != 0]
    if not len(told):
        return 1.0
    random = np.random.default_rng(seed)
    rows = max(_BLOCK // len(told), 1)
    as_large = 0
    for start in range(0, repeats, rows):
        signs = random.integers(0, 2, (min(rows, repeats - start), len(told))) * 2.0 - 1
        as_large += int((np.abs(signs @ told) >= abs(told.sum()) - 0.5).sum())
    return (as_large + 1) / (repeats + 1)


def _difference(pairs: ArrayLike) -> Values:
    table = np.asarray(pairs, np.float64)
    return np.asarray((table[..., 0, 1] - table[..., 1, 0]) / table.sum((-2, -1)))
