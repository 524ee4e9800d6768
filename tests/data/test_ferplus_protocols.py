import numpy as np
import pytest

from mien.data.ferplus_protocols import (
    PROTOCOLS,
    protocol_labels,
    vote_distribution,
    without_single_votes,
)
from mien.errors import DataError, UnknownName

#        neu hap sur sad ang dis fea con unk not
VOTES = np.array(
    [
        [8, 1, 0, 0, 0, 0, 0, 0, 1, 0],  # lone votes fall away: neutral, alone
        [0, 4, 4, 0, 0, 0, 0, 0, 2, 0],  # tie: the first class, but no majority
        [0, 0, 0, 5, 5, 0, 0, 0, 0, 0],  # exactly half is no majority
        [1, 1, 1, 0, 0, 0, 0, 0, 7, 0],  # unknown wins
        [0, 3, 0, 0, 0, 0, 0, 0, 0, 7],  # not a face wins
        [1, 1, 1, 1, 1, 1, 1, 1, 1, 1],  # nothing but lone votes
        [0, 0, 0, 0, 0, 0, 2, 3, 2, 3],  # tie of contempt and not a face: the first
        [0, 0, 0, 0, 0, 0, 6, 2, 2, 0],  # fear, 6 of 10
    ]
)


def test_majority() -> None:
    labels, kept = protocol_labels(VOTES, "majority")
    assert kept.tolist() == [True, False, False, False, False, False, False, True]
    assert labels.tolist() == [0, -1, -1, -1, -1, -1, -1, 6]


def test_argmax() -> None:
    labels, kept = protocol_labels(VOTES, "argmax")
    assert kept.tolist() == [True, True, True, False, False, False, True, True]
    assert labels.tolist() == [0, 1, 3, -1, -1, -1, 7, 6]


def test_all_keeps_every_row() -> None:
    labels, kept = protocol_labels(VOTES, "all")
    assert kept.all()
    assert labels.tolist() == [0, 1, 3, 0, 1, 0, 7, 6]


def test_unknown_protocol_lists_the_known() -> None:
    with pytest.raises(UnknownName, match="majority"):
        protocol_labels(VOTES, "majorty")


def test_wrong_number_of_columns() -> None:
    with pytest.raises(DataError, match="10 columns"):
        without_single_votes(VOTES[:, :8])


def test_distribution_leaves_out_lone_votes_and_the_two_last_columns() -> None:
    targets, usable = vote_distribution(VOTES)
    assert usable.tolist() == [True, True, True, False, True, False, True, True]
    assert targets[1].tolist() == [0, 0.5, 0.5, 0, 0, 0, 0, 0]
    assert targets[7].tolist() == pytest.approx([0, 0, 0, 0, 0, 0, 0.75, 0.25])
    assert targets[usable].sum(axis=1) == pytest.approx(1)
    assert targets[~usable].sum() == 0


def test_majority_counts_are_among_those_of_argmax() -> None:
    votes = np.random.default_rng(0).multinomial(10, np.full(10, 0.1), 500)
    kept = {name: protocol_labels(votes, name)[1] for name in PROTOCOLS}
    assert not (kept["majority"] & ~kept["argmax"]).any()
