"""DAN's joint loss: Eq. 7 from its parts, the tables' rows, soft labels, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mien.errors import ModelError, TensorError  # noqa: E402
from mien.losses import (  # noqa: E402
    JointLoss,
    affinity_loss,
    centre_loss,
    cross_entropy,
    partition_loss,
)

TARGETS = torch.tensor([0, 6, 3, 3, 1])


@pytest.fixture
def drawn() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits (5, 7), pooled (5, 6) and heads (5, 4, 6), float64."""
    random = np.random.default_rng(8)
    shapes = (5, 7), (5, 6), (5, 4, 6)
    logits, pooled, heads = (torch.from_numpy(random.normal(0, 1, shape)) for shape in shapes)
    return logits, pooled, heads


def joint(**options: object) -> JointLoss:
    torch.manual_seed(0)
    return JointLoss(7, 6, **options).double()


def test_against_numpy(drawn: tuple[torch.Tensor, ...]) -> None:
    """All of Eq. 7 with the released RAF-DB run's eight centres."""
    loss = joint(centres=8, cluster_weight=0.5, partition_weight=2.0)
    logits, pooled, heads = (one.numpy() for one in drawn)
    centres, labels = loss.cluster.centres.detach().numpy(), TARGETS.numpy()
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    entropy = -np.log(shares[np.arange(5), labels]).mean()
    affinity = ((pooled - centres[labels]) ** 2).sum(1).mean() / centres.var(0, ddof=1).sum()
    partition = math.log(1 + 4 / heads.var(1, ddof=1).mean())
    expected = entropy + 0.5 * affinity + 2 * partition
    assert loss(*drawn, TARGETS).item() == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("cluster", ["affinity", "centre", "none"])
@pytest.mark.parametrize("partition", ["code", "paper", "none"])
def test_every_row_of_the_tables(
    drawn: tuple[torch.Tensor, ...], cluster: str, partition: str
) -> None:
    logits, pooled, heads = drawn
    loss = joint(cluster=cluster, partition=partition)
    expected = cross_entropy(logits, TARGETS)
    if cluster != "none":
        function = affinity_loss if cluster == "affinity" else centre_loss
        expected = expected + function(pooled, TARGETS, loss.cluster.centres)
    if partition != "none":
        expected = expected + partition_loss(heads, partition)
    terms = loss.terms(*drawn, TARGETS)
    assert loss(*drawn, TARGETS).item() == pytest.approx(expected.item(), rel=1e-12)
    assert sum(terms.values()).item() == pytest.approx(expected.item(), rel=1e-12)
    assert set(terms) == {
        "entropy",
        *(["cluster"] if cluster != "none" else []),
        *(["partition"] if partition != "none" else []),
    }
    # The centres, where there are any, are all there is to learn.
    learnt = [name for name, _ in loss.named_parameters()]
    assert learnt == ([] if cluster == "none" else ["cluster.centres"])


def test_what_no_loss_needs_may_be_missing(drawn: tuple[torch.Tensor, ...]) -> None:
    logits = drawn[0]
    loss = joint(cluster="none", partition="none")(logits, None, None, TARGETS)
    assert loss == cross_entropy(logits, TARGETS)
    smooth = joint(cluster="none", partition="none", label_smoothing=0.1)
    expected = cross_entropy(logits, TARGETS, label_smoothing=0.1)
    assert smooth(logits, None, None, TARGETS) == expected


def test_soft_labels_cluster_by_the_most_probable_class(drawn: tuple[torch.Tensor, ...]) -> None:
    logits, pooled, heads = drawn
    votes = torch.from_numpy(np.random.default_rng(1).dirichlet(np.full(7, 0.5), 5))
    votes[4] = torch.tensor([0, 0, 0.5, 0.5, 0, 0, 0], dtype=torch.float64)
    labels = votes.argmax(1)
    assert labels[4] == 2  # the first of equals
    loss = joint()
    expected = cross_entropy(logits, votes) + partition_loss(heads)
    expected = expected + affinity_loss(pooled, labels, loss.cluster.centres)
    assert loss(*drawn, votes).item() == pytest.approx(expected.item(), rel=1e-12)
    # One-hot distributions are class indices.
    hard = torch.nn.functional.one_hot(TARGETS, 7).double()
    assert loss(*drawn, hard).item() == pytest.approx(loss(*drawn, TARGETS).item(), rel=1e-12)


def test_gradients_reach_every_tensor(drawn: tuple[torch.Tensor, ...]) -> None:
    loss = joint()
    drawn = tuple(one.requires_grad_() for one in drawn)
    assert torch.autograd.gradcheck(lambda *tensors: loss(*tensors, TARGETS), drawn)
    loss(*drawn, TARGETS).backward()
    for one in (*drawn, loss.cluster.centres):
        assert one.grad.abs().sum() > 0


def test_in_bfloat16_it_is_computed_in_float32(drawn: tuple[torch.Tensor, ...]) -> None:
    loss = joint().float()
    coarse = [one.bfloat16() for one in drawn]
    with torch.autocast("cpu", torch.bfloat16):
        value = loss(*coarse, TARGETS)
    assert value.dtype == torch.float32
    exact = loss.double()(*(one.double() for one in coarse), TARGETS)
    assert value.item() == pytest.approx(exact.item(), rel=1e-5)


def test_it_compiles_without_breaks(drawn: tuple[torch.Tensor, ...]) -> None:
    loss = joint()
    compiled = torch.compile(loss, fullgraph=True, backend="eager")
    assert compiled(*drawn, TARGETS) == loss(*drawn, TARGETS)


def test_refusals(drawn: tuple[torch.Tensor, ...]) -> None:
    logits, pooled, heads = drawn
    loss = joint(centres=8)
    with pytest.raises(TensorError, match="the cluster loss needs pooled features"):
        loss(logits, None, heads, TARGETS)
    with pytest.raises(TensorError, match="the partition loss needs heads"):
        loss(logits, pooled, None, TARGETS)
    with pytest.raises(TensorError, match=r"4 pictures need labels \(4,\), not \(5,\)"):
        loss(logits, pooled[:4], heads, TARGETS)
    with pytest.raises(TensorError, match=r"heads \(4, 4, 6\) are of different numbers"):
        loss(logits, pooled, heads[:4], TARGETS)
    with pytest.raises(TensorError, match="label 7 is outside 0 to 6"):
        loss(logits, pooled, heads, TARGETS + 1)
    with pytest.raises(TensorError, match="the heads contain NaN"):
        loss(logits, pooled, heads * torch.nan, TARGETS)
    with pytest.raises(TensorError, match="a sum other than 1"):
        loss(logits, pooled, heads, torch.ones(5, 7))


def test_refused_options() -> None:
    with pytest.raises(ModelError, match="cluster loss is 'center'; choose one of affinity, cent"):
        joint(cluster="center")
    with pytest.raises(ModelError, match="partition loss is 'eq6'; choose one of code, paper"):
        joint(partition="eq6")
    with pytest.raises(ModelError, match="centres=8 needs the affinity loss, not cluster='centre'"):
        joint(cluster="centre", centres=8)
    for name in ("cluster_weight", "partition_weight"):
        with pytest.raises(ModelError, match=f"{name} is -1"):
            joint(**{name: -1})
