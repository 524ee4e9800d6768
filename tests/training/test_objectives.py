"""Criteria: their terms are the papers' losses, and what counts as a right answer."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from mien import losses  # noqa: E402
from mien.errors import ModelError  # noqa: E402
from mien.models import Output  # noqa: E402
from mien.training.objectives import (  # noqa: E402
    CrossEntropy,
    Joint,
    Objective,
    Sizes,
    TwoTask,
)

SIZES = Sizes(classes=7, features=6, pooled=6)
TARGETS = torch.tensor([0, 6, 3, 3, 1])


@pytest.fixture
def output() -> Output:
    torch.manual_seed(1)
    return Output(
        torch.randn(5, 7),
        torch.randn(5, 6),
        pooled=torch.randn(5, 6),
        heads=torch.randn(5, 4, 6),
        action_units=torch.randn(5, 12),
    )


def test_cross_entropy_is_scaled(output: Output) -> None:
    expected = 0.6 * torch.nn.functional.cross_entropy(output.logits, TARGETS)
    assert CrossEntropy(scale=0.6).make(SIZES)(output, TARGETS) == pytest.approx(expected.item())


def test_the_joint_loss_is_the_sum_of_its_terms(output: Output) -> None:
    criterion = Joint(cluster_weight=0.5, partition_weight=2.0).make(SIZES)
    terms = criterion.terms(output, TARGETS)
    (centres,) = criterion.parameters()
    expected = {
        "entropy": losses.cross_entropy(output.logits, TARGETS),
        "cluster": 0.5 * losses.affinity_loss(output.pooled, TARGETS, centres),
        "partition": 2.0 * losses.partition_loss(output.heads),
    }
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        assert terms[name].item() == pytest.approx(value.item())
    assert criterion(output, TARGETS).item() == pytest.approx(sum(expected.values()).item())


def test_without_clusters_and_partition_it_is_cross_entropy(output: Output) -> None:
    criterion = Joint(cluster="none", partition="none").make(SIZES)
    plain = CrossEntropy().make(SIZES)
    assert criterion(output, TARGETS) == plain(output, TARGETS)
    assert not list(criterion.parameters())


def test_networks_without_pooled_maps_have_clusters_of_features(output: Output) -> None:
    criterion = Joint(partition="none").make(SIZES)
    (centres,) = criterion.parameters()
    terms = criterion.terms(output._replace(pooled=None), TARGETS)
    expected = losses.affinity_loss(output.features, TARGETS, centres)
    assert terms["cluster"].item() == pytest.approx(expected.item())


def test_two_tasks_weigh_ten_to_one_and_count_the_labelled(output: Output) -> None:
    labels = torch.tensor([2, -1, 4, -1, 0])
    units = torch.randint(-1, 2, (5, 12))
    criterion = TwoTask().make(SIZES)
    targets = torch.cat([labels[:, None], units], dim=1)
    known = labels >= 0
    expressions = torch.nn.functional.cross_entropy(output.logits[known], labels[known])
    seen = units >= 0
    active = torch.nn.functional.binary_cross_entropy_with_logits(
        output.action_units[seen], units[seen].float()
    )
    assert criterion(output, targets).item() == pytest.approx((10 * expressions + active).item())
    right, judged = criterion.right(output, targets)
    assert judged == 3
    assert right == (output.logits[known].argmax(1) == labels[known]).sum()


def test_two_tasks_need_a_network_with_two(output: Output) -> None:
    targets = torch.zeros(5, 13, dtype=torch.int64)
    with pytest.raises(ModelError, match=r"set options\.action_units"):
        TwoTask().make(SIZES)(output._replace(action_units=None), targets)


@pytest.mark.parametrize("objective", [CrossEntropy(), Joint()])
def test_of_a_distribution_the_largest_class_counts(objective: Objective, output: Output) -> None:
    criterion = objective.make(SIZES)
    soft = torch.nn.functional.one_hot(TARGETS, 7) * 0.6 + 0.4 / 7
    soft = soft / soft.sum(1, keepdim=True)
    hard = (output.logits.argmax(1) == TARGETS).sum()
    assert criterion.right(output, soft) == (hard, 5)
    assert criterion.right(output, TARGETS) == (hard, 5)
