"""Two models on the same pictures: McNemar's exact test and the difference of accuracies.

McNemar, "Note on the sampling error of the difference between correlated proportions"
(1947). Pictures that both have right, or both wrong, say nothing of which is better; of the
others, two models that are as often right share each half of the time. The exact test asks
the binomial distribution how unusual the split found is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binomtest  # type: ignore[import-untyped]

from .answers import Answers
from .bootstrap import estimate_from_counts
from .judging import judge
from .metrics import Values
from .scores import Comparison
from .tasks import Task


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
    one, other = judge(task, first).correct, judge(task, second).correct
    # Pairs by whether the first (row) and the second (column) is right.
    pairs = np.bincount(2 * one.astype(np.int64) + other, minlength=4).reshape(2, 2)
    return Comparison(
        first=names[0],
        second=names[1],
        protocol=task.protocol,
        subset=task.subset,
        images=len(one),
        only_first=int(pairs[1, 0]),
        only_second=int(pairs[0, 1]),
        p_value=mcnemar(int(pairs[1, 0]), int(pairs[0, 1])),
        difference=estimate_from_counts(_difference, pairs, seed=seed),
    )


def mcnemar(only_first: int, only_second: int) -> float:
    """p-value of the exact two-sided test; 1 where the two never differ.

    Args:
        only_first: how many pictures the first model alone has right.
        only_second: how many the second alone has right.
    """
    differing = only_first + only_second
    return float(binomtest(only_first, differing).pvalue) if differing else 1.0


def _difference(pairs: ArrayLike) -> Values:
    table = np.asarray(pairs, np.float64)
    return np.asarray((table[..., 0, 1] - table[..., 1, 0]) / table.sum((-2, -1)))
