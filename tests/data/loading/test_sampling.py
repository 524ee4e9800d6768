from collections import Counter

import numpy as np
import pytest

from mien.data.loading.sampling import (
    PLANS,
    Balanced,
    Limited,
    Repeated,
    Shuffle,
    UpSampled,
    make_plan,
    strided_rows,
)
from mien.errors import DataError, InputError, UnknownName

# Training pictures of RAF-DB: surprise, fear, disgust, happiness, sadness, anger, neutral.
RAFDB = (1290, 281, 717, 4772, 1982, 705, 2524)
# Class 2 has no pictures.
CLASSES = np.random.default_rng(0).permutation(np.repeat([0, 1, 3, 4], [50, 7, 23, 1]))
ALL = [*(make_plan(name, CLASSES) for name in PLANS), Limited(CLASSES, 10)]


def classes_of(counts: tuple[int, ...]) -> np.ndarray:
    return np.repeat(np.arange(len(counts)), counts)


def drawn(plan, epoch: int = 0, seed: int = 0) -> list[int]:
    """How many pictures of each class an epoch has."""
    return np.bincount(plan.classes[plan.indices(epoch, seed)], minlength=5).tolist()


@pytest.mark.parametrize("plan", ALL, ids=lambda plan: type(plan).__name__)
def test_an_epoch_is_a_function_of_seed_and_epoch(plan) -> None:
    first = plan.indices(3, seed=1)
    assert first.dtype == np.int64
    assert first.shape == (len(plan),)
    assert 0 <= first.min() <= first.max() < len(CLASSES)
    np.random.default_rng(5).random(10)
    assert (plan.indices(3, seed=1) == first).all()
    assert (plan.indices(4, seed=1) != first).any()
    assert (plan.indices(3, seed=2) != first).any()


def test_a_shuffle_has_every_picture_once() -> None:
    order = Shuffle(100).indices(0, 0)
    assert sorted(order.tolist()) == list(range(100))
    assert order.tolist() != list(range(100))


def test_balanced_draws_have_the_weights_of_the_papers() -> None:
    plan = Balanced(CLASSES)
    assert len(plan) == len(CLASSES)
    epochs = 2000
    draws = np.concatenate([plan.indices(epoch, 0) for epoch in range(epochs)])
    counts = np.bincount(draws, minlength=len(CLASSES))
    # Each of four classes is a quarter of the draws, each picture its share of that.
    sizes = np.bincount(CLASSES)[CLASSES]
    expected = len(draws) / 4 / sizes
    assert (abs(counts - expected) < 5 * np.sqrt(expected)).all()
    repeated = np.bincount(plan.indices(0, 0), minlength=len(CLASSES))
    assert repeated.max() > 1
    assert repeated.min() == 0


def test_up_sampling_fills_every_class_to_the_largest() -> None:
    plan = UpSampled(CLASSES)
    assert len(plan) == 200
    assert drawn(plan) == [50, 50, 0, 50, 50]
    times = np.bincount(plan.indices(0, 0), minlength=len(CLASSES))
    assert set(times[CLASSES == 0]) == {1}
    assert sorted(Counter(times[CLASSES == 1].tolist()).items()) == [(7, 6), (8, 1)]
    assert sorted(Counter(times[CLASSES == 3].tolist()).items()) == [(2, 19), (3, 4)]
    assert times[CLASSES == 4].tolist() == [50]
    # Another rest in another epoch.
    others = [np.bincount(plan.indices(epoch, 0), minlength=len(CLASSES)) for epoch in range(9)]
    assert len({tuple(one) for one in others}) > 1
    assert len(UpSampled(classes_of(RAFDB))) == 7 * 4772


def test_square_root_repetition_of_rafdb_as_apvit_has_it() -> None:
    plan = Repeated(classes_of(RAFDB))
    assert plan.times().tolist() == [2, 3, 2, 1, 1, 2, 1]
    assert len(plan) == len(plan.indices(0, 0)) == 15_545
    times = np.bincount(plan.indices(0, 0))
    assert all(set(times[plan.classes == one]) == {k} for one, k in enumerate(plan.times()))


def test_a_whole_number_of_times_is_not_rounded_up() -> None:
    # sqrt(0.15 * 60 / 1) = 3 and sqrt(0.15 * 60 / 9) = 1.
    assert Repeated(classes_of((1, 9, 50))).times().tolist() == [3, 1, 1]
    # 4.9 / 0.7 is above 7 in floating point.
    assert Repeated(classes_of((49, 7)), "reciprocal").times().tolist() == [1, 7]


def test_reciprocal_repetition_balances() -> None:
    plan = Repeated(classes_of(RAFDB), "reciprocal")
    assert plan.times().tolist() == [4, 17, 7, 1, 3, 7, 2]
    assert drawn(plan)[:5] == [5160, 4777, 5019, 4772, 5946]
    assert Repeated(CLASSES).times()[2] == 0


def test_frequent_classes_are_limited_afresh_every_epoch() -> None:
    plan = Limited(CLASSES, 10)
    assert len(plan) == 28
    assert drawn(plan) == [10, 7, 0, 10, 1]
    first, second = (set(plan.indices(epoch, 0).tolist()) for epoch in (0, 1))
    assert len(first) == 28
    assert first != second
    seen = set(np.concatenate([plan.indices(epoch, 0) for epoch in range(60)]).tolist())
    assert seen == set(range(len(CLASSES)))


def test_what_cannot_be_drawn_from_is_refused() -> None:
    some = np.array([0, 1, -1, -1])
    for plan in (Balanced, UpSampled, Repeated):
        with pytest.raises(DataError, match="2 pictures have no class"):
            plan(some)
        with pytest.raises(DataError, match="no pictures"):
            plan(some[:0])
    with pytest.raises(DataError, match="no pictures"):
        make_plan("shuffle", some[:0])
    assert len(make_plan("shuffle", some)) == 4
    with pytest.raises(UnknownName, match="did you mean balanced"):
        make_plan("balance", some)
    with pytest.raises(InputError, match="most is 0"):
        Limited(CLASSES, 0)
    with pytest.raises(InputError, match="rule is 'cube'"):
        Repeated(CLASSES, "cube")  # type: ignore[arg-type]


def test_strides_keep_the_first_of_every_k_of_a_run() -> None:
    #         run of 5    other label  again 3    other person
    labels = [7, 7, 7, 7, 7, 1, 1, 1, 7, 7, 7, 7, 7]
    groups = ["a"] * 11 + ["b"] * 2
    frames = [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 20, 1, 2]
    rows = strided_rows(groups, np.array(labels), np.array(frames), {7: 2})
    assert rows.tolist() == [0, 2, 4, 5, 6, 7, 8, 10, 11]
    assert strided_rows(groups, np.array(labels), np.array(frames), {}).tolist() == [*range(13)]


def test_the_order_of_the_table_does_not_matter_to_strides() -> None:
    generator = np.random.default_rng(0)
    groups = generator.choice(["a", "b", "c"], 300)
    frames = np.concatenate([generator.permutation(300)])
    labels = generator.integers(0, 2, 300)
    rows = strided_rows(groups, labels, frames, {0: 3, 1: 2})
    expected = []
    for person in "abc":
        theirs = sorted(np.flatnonzero(groups == person), key=lambda row: frames[row])
        last, since = None, 0
        for row in theirs:
            since = since + 1 if labels[row] == last else 0
            last = labels[row]
            if since % (3, 2)[last] == 0:
                expected.append(row)
    assert rows.tolist() == sorted(expected)


# Aff-Wild2, training frames: anger, disgust, fear, happiness, sadness, surprise, neutral.
AFFWILD2 = (25_634, 11_490, 19_279, 171_902, 102_934, 43_306, 546_039)
HAPPINESS, NEUTRAL = 3, 6
# What LLA-Net prints is more than n / k. That fits runs that end in the middle of a stride:
# 426 of an odd length, and 6,837 frames that neutral runs lack to whole dozens.
ENDS = {HAPPINESS: (2, [1] * 426), NEUTRAL: (12, [6] * 1139 + [9])}


def run_lengths(label: int, frames: int) -> list[int]:
    if label not in ENDS:
        return [frames]
    stride, ends = ENDS[label]
    whole, rest = divmod(frames - sum(ends), stride)
    assert rest == 0
    shares = np.full(len(ends), whole // len(ends))
    shares[: whole % len(ends)] += 1
    return (shares * stride + ends).tolist()


def test_published_totals_of_llanet() -> None:
    lengths, labels = [], []
    for label, frames in enumerate(AFFWILD2):
        for length in run_lengths(label, frames):
            lengths.append(length)
            labels.append(label)
    # Every run is a person of its own.
    groups = np.repeat(np.arange(len(lengths)), lengths)
    labels = np.repeat(labels, lengths)
    assert len(labels) == 920_584
    rows = strided_rows(groups, labels, np.arange(len(labels)), {NEUTRAL: 12, HAPPINESS: 2})
    kept = np.bincount(labels[rows])
    assert kept[HAPPINESS] == 86_164
    assert kept[NEUTRAL] == 46_073
    # With the rare classes of AffectNet and RAF-DB.
    assert kept.sum() + 24_242 + 6_192 + 5_062 == 370_376


def test_wrong_strides_are_refused() -> None:
    with pytest.raises(InputError, match="at least 1"):
        strided_rows(["a"], np.array([0]), np.array([0]), {0: 0})
    with pytest.raises(DataError, match="2 groups, 1 labels"):
        strided_rows(["a", "b"], np.array([0]), np.array([0]), {})
