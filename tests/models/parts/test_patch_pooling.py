from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mien.errors import ModelError, TensorError  # noqa: E402
from mien.models.parts.patch_pooling import PatchPooling  # noqa: E402

MAPS = np.random.default_rng(0).normal(size=(6, 16, 4, 5)).astype(np.float32)


def kept_by_hand(scores: np.ndarray, number: int) -> np.ndarray:
    rows = [sorted(sorted(range(len(row)), key=lambda i: -row[i])[:number]) for row in scores]
    return np.array(rows)


@pytest.mark.parametrize("criterion", ["abs", "sum", "max"])
def test_hard_pooling_by_hand_designed_criteria(criterion: str) -> None:
    wide = MAPS.astype(np.float64)
    scores = {"abs": np.abs(wide).sum(1), "sum": wide.sum(1), "max": wide.max(1)}[criterion]
    pooling = PatchPooling(16, 13, criterion)
    maps, found, kept = pooling(torch.from_numpy(MAPS))
    assert (maps.numpy() == MAPS).all()
    assert found.shape == (6, 1, 4, 5)
    assert found[:, 0].numpy() == pytest.approx(scores, abs=1e-5)
    assert (kept.numpy() == kept_by_hand(scores.reshape(6, 20), 13)).all()
    assert not list(pooling.parameters())


def test_all_are_kept_where_nothing_is_to_be_left_out() -> None:
    for keep in (None, 20):
        assert PatchPooling(16, keep)(torch.from_numpy(MAPS)).kept is None


@pytest.mark.parametrize("criterion", ["lanet", "conv"])
def test_a_learned_criterion_weighs_the_maps_it_ranks(criterion: str) -> None:
    torch.manual_seed(0)
    pooling = PatchPooling(16, 7, criterion).eval()
    maps, scores, kept = pooling(torch.from_numpy(MAPS))
    mask = scores.detach().numpy()
    assert (mask > 0).all()
    assert (mask < 1).all()
    assert maps.detach().numpy() == pytest.approx(MAPS * mask, abs=1e-6)
    assert (kept.numpy() == kept_by_hand(mask.reshape(6, 20), 7)).all()
    maps.square().sum().backward()
    assert all(one.grad.abs().sum() > 0 for one in pooling.parameters())


def test_the_convolution_is_one_by_one() -> None:
    torch.manual_seed(0)
    pooling = PatchPooling(16, criterion="conv")
    weight, bias = (one.detach().numpy() for one in pooling.parameters())
    logits = np.einsum("nchw,c->nhw", MAPS, weight[0, :, 0, 0]) + bias
    scores = pooling(torch.from_numpy(MAPS)).scores
    assert scores[:, 0].detach().numpy() == pytest.approx(1 / (1 + np.exp(-logits)), abs=1e-6)


def test_a_lanet_without_its_sigmoid_is_not_bounded() -> None:
    torch.manual_seed(0)
    bare = PatchPooling(16, 7, "lanet", norm=False, sigmoid=False)
    assert (bare(100 * torch.from_numpy(MAPS)).scores.abs() > 1).any()
    assert not [name for name, _ in bare.named_buffers()]


def test_soft_pooling_leaves_none_out_and_its_mask_has_a_gradient() -> None:
    maps = torch.from_numpy(MAPS).double().requires_grad_()
    found, scores, kept = PatchPooling(16, None, "abs", "soft")(maps)
    assert kept is None
    strength = np.abs(MAPS.astype(np.float64)).sum(1, keepdims=True)
    standard = strength - strength.mean((2, 3), keepdims=True)
    standard /= np.sqrt((standard**2).mean((2, 3), keepdims=True) + 1e-6)
    mask = 1 / (1 + np.exp(-standard))
    assert found.detach().numpy() == pytest.approx(MAPS * mask, abs=1e-9)
    assert scores.detach().numpy() == pytest.approx(strength, abs=1e-9)
    pooling = PatchPooling(4, None, "sum", "soft")
    assert torch.autograd.gradcheck(
        lambda x: pooling(x).maps, maps[:1, :4].detach().clone().requires_grad_()
    )


def test_gradual_decay_is_linear_and_evaluation_has_the_final_number() -> None:
    pooling = PatchPooling(16, 160)
    for progress, expected in ((0.0, 196), (0.5, 178), (1.0, 160)):
        pooling.set_progress(progress)
        assert pooling.train().number(196) == expected
        assert pooling.eval().number(196) == 160


def test_more_than_there_are_is_refused_by_name() -> None:
    with pytest.raises(TensorError, match="give 20 patches; keep_patches=21 is more"):
        PatchPooling(16, 21)(torch.from_numpy(MAPS))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep": 0}, "keep_patches is 0"),
        ({"criterion": "mean"}, "patch_criterion is 'mean'"),
        ({"method": "medium"}, "patch_pooling is 'medium'; choose one of hard, soft"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        PatchPooling(16, **options)
