import numpy as np
import pytest

torch = pytest.importorskip("torch")

from numpy_layers import Array, apply, array, lively, relu  # noqa: E402

from mien.models.parts.cross_attention import CrossAttentionHead  # noqa: E402


def by_hand(head: CrossAttentionHead, maps: Array) -> tuple[Array, Array]:
    """Section 3.2 in its own words, position by position."""
    reduced = apply(head.spatial.reduce, maps)
    looks = [apply(one, reduced) for one in (head.spatial.square, head.spatial.row)]
    looks.append(apply(head.spatial.column, reduced))
    weights = np.zeros((len(maps), 1, *maps.shape[2:]))
    for row in range(maps.shape[2]):
        for column in range(maps.shape[3]):
            here = sum(look[:, :, row, column] for look in looks)
            weights[:, 0, row, column] = relu(here).sum(axis=1)
    average = (maps * weights).reshape(*maps.shape[:2], -1).mean(axis=2)
    return average * apply(head.channel.weigh, average), weights


def test_spatial_then_channel_attention() -> None:
    head = lively(CrossAttentionHead(32, reduction=4))
    maps = torch.randn(3, 32, 5, 4, generator=torch.Generator().manual_seed(1))
    vectors, weights = head(maps)
    expected, expected_weights = by_hand(head, array(maps))
    assert array(weights) == pytest.approx(expected_weights, rel=1e-4, abs=1e-4)
    assert array(vectors) == pytest.approx(expected, rel=1e-4, abs=1e-3)
    assert weights.min() >= 0
    assert weights.max() > 1  # no sigmoid, no bound


def test_kernels_are_the_papers() -> None:
    spatial = CrossAttentionHead(8).spatial
    layers = [spatial.reduce, spatial.square, spatial.row, spatial.column]
    assert [one[0].kernel_size for one in layers] == [(1, 1), (3, 3), (1, 3), (3, 1)]
    assert [len(one) for one in layers] == [2] * 4  # convolution and BatchNorm, no activation


def test_parameters_of_one_head() -> None:
    head = CrossAttentionHead(512)
    counts = [sum(one.numel() for one in part.parameters()) for part in (head.spatial, head)]
    assert counts == [2_102_528, 2_135_904]


def test_fresh_values_are_those_of_the_released_code() -> None:
    torch.manual_seed(0)
    head = CrossAttentionHead(256)
    for name, part in head.named_modules():
        if isinstance(part, torch.nn.Conv2d):
            expected = (2 / part.weight[:, 0].numel()) ** 0.5
            assert part.weight.std().item() == pytest.approx(expected, rel=0.03), name
        elif isinstance(part, torch.nn.Linear):
            assert part.weight.std().item() == pytest.approx(0.001, rel=0.05), name
        else:
            continue
        assert not part.bias.any(), name
    weights = head.channel.eval()(torch.randn(4, 256))
    assert weights.detach().numpy() == pytest.approx(0.5, abs=0.01)


def test_the_hook_for_pictures_sees_the_maps_after_spatial_attention() -> None:
    head = lively(CrossAttentionHead(8))
    maps, seen = torch.randn(2, 8, 3, 3), []
    head.attended.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    _, weights = head(maps)
    assert torch.equal(seen[0], maps * weights)
