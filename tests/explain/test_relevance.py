"""Transformer attribution against dense matrices, with patches left out by masking."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import cv2  # noqa: E402
from tiny_networks import TRANSFORMER  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from mien.explain.methods import explain  # noqa: E402
from mien.models import create_model  # noqa: E402

CLASSES = [0, 4, 2]
BLOCKS = 4


def fresh(name: str, **options: object) -> nn.Module:
    """In float64, with weights large enough that attention is not even."""
    torch.manual_seed(5)
    network = create_model(name, classes=5, **{**TRANSFORMER, "blocks": BLOCKS, **options})
    for module in network.encoder.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight, gain=1.5)
    nn.init.normal_(network.encoder.pos_embed)
    nn.init.normal_(network.classifier.weight)
    return network.double().eval()


def pictures() -> Tensor:
    return torch.randn(3, 3, 24, 24, generator=torch.manual_seed(1)).double()


def dense_attention(network: nn.Module, maps: Tensor, gone: list[Tensor]) -> list[Tensor]:
    """All patches through all blocks; those that are gone before a block are never looked at.

    Args:
        maps: (N, D, h, w), what enters the encoder.
        gone: bool (N, 1 + h w) for each block.

    Returns:
        each block's attention (N, heads, 1 + h w, 1 + h w), and the class token at the end.
    """
    encoder = network.encoder
    tokens = maps.flatten(2).transpose(1, 2)
    start = encoder.cls_token.expand(len(maps), -1, -1)
    tokens = torch.cat([start, tokens], 1) + encoder.pos_embed
    attention = []
    for block, absent in zip(encoder.blocks, gone, strict=True):
        queries, keys, values = (
            part.unflatten(2, (block.attn.heads, -1)).transpose(1, 2)
            for part in block.attn.qkv(block.norm1(tokens)).chunk(3, 2)
        )
        scores = queries @ keys.transpose(2, 3) * block.attn.scale
        weights = scores.masked_fill(absent[:, None, None], -torch.inf).softmax(-1)
        attention.append(weights)
        joined = (weights @ values).transpose(1, 2).flatten(2)
        tokens = tokens + block.attn.proj(joined)
        tokens = tokens + block.mlp(block.norm2(tokens))
    return [*attention, encoder.norm(tokens)]


def dense(network: nn.Module, images: Tensor, row: str = "class") -> tuple[np.ndarray, np.ndarray]:
    """Relevance (N, h, w) by whole matrices, and the logits that were explained."""
    with torch.no_grad():
        kept = network(images).kept
    maps = network.projection(weighed(network, images)).detach().requires_grad_(True)
    number, patches = len(maps), maps.shape[2] * maps.shape[3]
    present = torch.ones(number, 1 + patches, dtype=torch.bool)
    steps = iter(kept)
    gone = []
    left = patches
    if getattr(network, "pooling", None) is not None and network.pooling.number(left) < left:
        present = only(next(steps), present)
        left = network.pooling.number(left)
    for block in network.encoder.blocks:
        gone.append(~present)
        if block.pooling.number(left) < left:
            present = only(next(steps), present)
            left = block.pooling.number(left)
    *attention, tokens = dense_attention(network, maps, gone)
    if row == "class":
        features = tokens[:, 0]
    else:
        ours = present[:, 1:, None]
        features = (tokens[:, 1:] * ours).sum(1) / ours.sum(1)
    logits = network.classifier(features)
    asked = logits[torch.arange(number), CLASSES].sum()
    product = torch.eye(1 + patches, dtype=torch.float64).expand(number, -1, -1)
    for weights, gradient in zip(attention, torch.autograd.grad(asked, attention), strict=True):
        share = (weights * gradient).clamp(min=0).mean(1).detach()
        product = (torch.eye(1 + patches, dtype=torch.float64) + share) @ product
    if row == "class":
        result = product[:, 0, 1:]
    else:
        ours = present[:, 1:, None]
        result = (product[:, 1:, 1:] * ours).sum(1) / ours.sum(1)
    return result.reshape(number, *maps.shape[2:]).numpy(), logits.detach().numpy()


def only(kept: Tensor, like: Tensor) -> Tensor:
    present = torch.zeros_like(like).scatter(1, kept + 1, True)
    present[:, 0] = True
    return present


def weighed(network: nn.Module, images: Tensor) -> Tensor:
    maps = network.stem(images)
    if hasattr(network, "branches"):
        maps = maps * torch.cat([branch(maps) for branch in network.branches], 1).amax(1)[:, None]
    return maps


def on_pixels(maps: np.ndarray) -> np.ndarray:
    large = np.stack([cv2.resize(one, (24, 24), interpolation=cv2.INTER_LINEAR) for one in maps])
    low, high = large.min((1, 2), keepdims=True), large.max((1, 2), keepdims=True)
    return (large - low) / (high - low)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("apvit", {"keep_patches": 28, "keep_rate": 0.7}),
        ("apvit", {"keep_patches": None, "keep_rate": 0.7}),
        ("apvit", {"keep_patches": 20, "keep_rate": [1.0, 0.5, 1.0, 0.6]}),
        ("apvit", {"keep_patches": 30, "keep_rate": 1.0}),
        ("apvit", {"keep_patches": None, "keep_rate": 1.0}),
        ("transfer", {}),
    ],
)
def test_it_is_the_dense_product_with_what_was_dropped_masked(
    name: str, options: dict[str, object]
) -> None:
    network, images = fresh(name, **options), pictures()
    expected, logits = dense(network, images)
    with torch.no_grad():
        np.testing.assert_allclose(network(images).logits, logits, atol=1e-9)

    found = explain(network, images, "relevance", classes=CLASSES)

    assert found.maps.shape == (3, 1, 24, 24)
    assert found.classes.tolist() == CLASSES
    np.testing.assert_allclose(found.maps[:, 0], on_pixels(expected), atol=1e-6)
    keep = options.get("keep_patches")
    if keep is None:
        assert found.kept is None
        assert (expected > 0).all()
    else:
        assert found.kept is not None
        # Where no patch entered there is nothing; tokens that a block dropped keep their share.
        assert (expected[~found.kept] == 0).all()
        assert (expected[found.kept] > 0).all()


def test_of_the_average_of_the_patches_the_average_of_their_rows_counts() -> None:
    network = fresh("apvit", keep_patches=28, keep_rate=0.7, head="average")
    images = pictures()
    expected, logits = dense(network, images, "average")
    with torch.no_grad():
        np.testing.assert_allclose(network(images).logits, logits, atol=1e-9)
    found = explain(network, images, "relevance", classes=CLASSES)
    np.testing.assert_allclose(found.maps[:, 0], on_pixels(expected), atol=1e-6)


def test_another_class_has_another_map() -> None:
    network, images = fresh("transfer"), pictures()
    first = explain(network, images, "relevance", classes=[0, 0, 0]).maps
    second = explain(network, images, "relevance", classes=[1, 1, 1]).maps
    assert np.abs(first - second).mean() > 0.01


def test_a_fresh_classifier_of_zeros_has_nothing_to_explain() -> None:
    network = create_model("transfer", classes=5, **TRANSFORMER).eval()
    found = explain(network, pictures().float(), "relevance")
    assert (found.maps == 0).all()
