"""APViT asked with other poolings than it is set to."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
import torch

from mien.explain.pooling import printed_counts, without_pooling
from mien.models import create_model


def test_the_papers_numbers_are_those_of_196_patches() -> None:
    assert printed_counts(196) == (160, 120, 80)
    assert printed_counts(64) == (52, 39, 26)
    assert printed_counts(1) == (1, 1, 1)


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.randn(2, 3, 48, 48, generator=torch.Generator().manual_seed(1))


def test_without_pooling_is_the_network_built_without_it(images: torch.Tensor) -> None:
    whole = create_model("apvit_small", classes=8, keep_patches=None, keep_rate=1.0).eval()
    torch.nn.init.normal_(whole.classifier.weight)
    pooled = create_model("apvit_small", classes=8).eval()
    pooled.load_state_dict(whole.state_dict())
    with torch.inference_mode():
        with without_pooling(pooled):
            assert pooled(images).kept == ()
            torch.testing.assert_close(pooled(images).logits, whole(images).logits)
        assert not torch.allclose(pooled(images).logits, whole(images).logits)


def test_the_network_is_as_it_was_whatever_happens(images: torch.Tensor) -> None:
    torch.manual_seed(0)
    network = create_model("apvit_small", classes=8).eval()
    with torch.inference_mode():
        before = network(images)
        with pytest.raises(RuntimeError), without_pooling(network):
            raise RuntimeError
        after = network(images)
    assert [one.shape for one in before.kept] == [one.shape for one in after.kept]
    assert torch.equal(before.class_attention, after.class_attention)
