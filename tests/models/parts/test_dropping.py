"""Dropping: what is drawn, over 10,000 samples."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from mien.errors import ModelError  # noqa: E402
from mien.models.parts.dropping import (  # noqa: E402
    KINDS,
    HeadDropping,
    MultiAttentionDropping,
    TokenDropping,
    make_dropping,
)

DRAWS = 10_000
SIGMAS = 4.5  # a fair draw leaves these bounds once in 150,000 times, and the seed is fixed


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(7)


def fair(hits: Tensor, rate: float) -> bool:
    """Whether counts of DRAWS are what draws with that rate give."""
    sigma = (DRAWS * rate * (1 - rate)) ** 0.5
    return bool(((hits - DRAWS * rate).abs() <= SIGMAS * sigma).all())


def dropped(before: Tensor, after: Tensor) -> Tensor:
    """(N, K): which entries of axis 1 became zero as a whole; the others are untouched."""
    zero = (after == 0).flatten(2).all(2)
    kept = (after == before).flatten(2).all(2)
    assert (zero ^ kept).all()
    return zero


@pytest.mark.parametrize("rate", [0.2, 0.6])
@pytest.mark.parametrize("maps", [1, 2, 5])
def test_multi_attention_dropping(rate: float, maps: int) -> None:
    before = torch.rand(DRAWS, maps, 2, 3) + 0.1
    hits = dropped(before, MultiAttentionDropping(rate)(before))
    assert hits.sum(1).max() == 1  # one map at a time
    assert fair(hits.any(1).sum(), rate)
    assert fair(hits.sum(0), rate / maps)  # uniform choice


@pytest.mark.parametrize("rate", [0.3, 0.6])
def test_head_dropping(rate: float) -> None:
    before = torch.rand(DRAWS, 8, 3, 2) + 0.1
    hits = dropped(before, HeadDropping(rate)(before))
    assert hits.sum(1).max() == 1
    assert fair(hits.any(1).sum(), rate)
    assert fair(hits.sum(0), rate / 8)


def test_samples_and_calls_draw_for_themselves() -> None:
    before = torch.ones(DRAWS, 4, 1, 1)
    network = HeadDropping(0.5)
    first, second = (dropped(before, network(before)).any(1) for _ in range(2))
    assert fair((first & second).sum(), 0.25)
    assert fair((first[1:] & first[:-1]).sum(), 0.25)


def test_token_dropping_is_that_of_the_released_code() -> None:
    before = torch.rand(DRAWS, 6, 3, 4, 2) + 0.1
    hits = dropped(before, TokenDropping(0.6, heads=4)(before))
    assert hits.sum(1).max() == 1
    assert fair(hits.any(1).sum(), 0.6)
    assert fair(hits[:, :4].sum(0), 0.15)
    assert not hits[:, 4:].any()  # only tokens that have the number of a head


def test_token_dropping_with_fewer_tokens_than_heads() -> None:
    before = torch.ones(DRAWS, 1, 3, 8, 1)
    assert fair(dropped(before, TokenDropping(0.8, heads=8)(before)).sum(), 0.1)


@pytest.mark.parametrize("network", [MultiAttentionDropping(1.0), HeadDropping(1.0)])
def test_rate_one_drops_always_and_gradients_pass_the_rest(network: nn.Module) -> None:
    before = torch.rand(64, 3, 2, 2, requires_grad=True)
    after = network(before)
    (after * 2).sum().backward()
    hits = dropped(before.detach(), after.detach())
    assert (hits.sum(1) == 1).all()
    assert before.grad is not None
    assert torch.equal(before.grad, (~hits)[:, :, None, None] * torch.full((64, 3, 2, 2), 2.0))


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_happens_in_evaluation_or_at_rate_zero(kind: str) -> None:
    maps = torch.rand(50, 3, 8, 8)
    assert torch.equal(make_dropping(kind, 0.9).eval()(maps), maps)
    torch.testing.assert_close(make_dropping(kind, 0.0)(maps), maps)


@pytest.mark.parametrize("kind", KINDS)
def test_compiles_without_breaks(kind: str) -> None:
    maps = torch.rand(4, 3, 8, 8).bfloat16()
    network = torch.compile(make_dropping(kind, 0.5), fullgraph=True, backend="aot_eager")
    assert network(maps).dtype == torch.bfloat16


def test_dropout_drops_positions() -> None:
    after = make_dropping("dropout", 0.1)(torch.ones(DRAWS, 1, 4, 4))
    assert fair((after == 0).sum(0), 0.1)
    assert after.max().item() == pytest.approx(1 / 0.9)  # the library scales up


def test_spatial_dropout_drops_maps_independently() -> None:
    after = make_dropping("spatial_dropout", 0.2)(torch.ones(DRAWS, 2, 3, 3))
    zero = (after == 0).flatten(2).all(2)
    assert torch.equal(zero, (after == 0).flatten(2).any(2))
    assert fair(zero.sum(0), 0.2)
    assert fair(zero.all(1).sum(), 0.04)  # both at once, which MAD never does


def test_dropblock_drops_squares() -> None:
    after = make_dropping("dropblock", 0.05, block_size=5)(torch.ones(200, 2, 9, 9))
    zero = (after == 0).flatten(0, 1)
    alone = zero[zero.sum((1, 2)) == 25]
    assert len(alone) > 50
    rows, columns = alone.any(2).sum(1), alone.any(1).sum(1)
    assert (rows == 5).all()
    assert (columns == 5).all()


@pytest.mark.parametrize("edge", [1, 4, 6])
def test_dropblock_fits_small_maps(edge: int) -> None:
    after = make_dropping("dropblock", 0.5, block_size=9)(torch.ones(200, 2, edge, edge + 1))
    assert 0 < (after == 0).double().mean() < 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("cutout", 0.5), "dropping is 'cutout'; choose one of mad, dropout, dropblock"),
        (("mad", 1.5), "rate is 1.5"),
        (("dropout", float("nan")), "rate is nan"),
        (("dropblock", 0.5, 8), "block_size is 8; it must be odd"),
        (("dropblock", 0.5, 0), "block_size is 0"),
    ],
)
def test_wrong_options_are_refused(arguments: tuple[str, float, int], named: str) -> None:
    with pytest.raises(ModelError, match=named):
        make_dropping(*arguments)


def test_wrong_rates_of_the_parts_are_refused() -> None:
    for build in (MultiAttentionDropping, HeadDropping, lambda rate: TokenDropping(rate, 8)):
        with pytest.raises(ModelError, match=r"rate is -0\.1"):
            build(-0.1)
    with pytest.raises(ModelError, match="heads is 0"):
        TokenDropping(0.5, 0)
