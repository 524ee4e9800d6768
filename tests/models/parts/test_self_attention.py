from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mien.errors import ModelError  # noqa: E402
from mien.models.parts.self_attention import SelfAttention  # noqa: E402

WIDTH, HEADS = 12, 3


def attention_by_hand(
    module: SelfAttention, tokens: np.ndarray, root: float, dropped: tuple[int, ...] = ()
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Eq. 2 to 4 of TransFER in float64, head by head: output, scores, weights."""
    weights = {name: one.detach().double().numpy() for name, one in module.named_parameters()}
    size = WIDTH // HEADS
    joined, scores, attention = [], [], []
    for head in range(HEADS):
        rows = [
            slice(part * WIDTH + head * size, part * WIDTH + (head + 1) * size) for part in range(3)
        ]
        q, k, v = (tokens @ weights["qkv.weight"][part].T for part in rows)
        if "qkv.bias" in weights:
            q, k, v = (
                x + weights["qkv.bias"][part] for x, part in zip((q, k, v), rows, strict=True)
            )
        logits = q @ k.transpose(0, 2, 1) / root
        shares = np.exp(logits - logits.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        joined.append((head not in dropped) * (shares @ v))
        scores.append(logits)
        attention.append(shares)
    output = np.concatenate(joined, -1) @ weights["proj.weight"].T + weights["proj.bias"]
    return output, np.stack(scores, 1), np.stack(attention, 1)


@pytest.mark.parametrize("qkv_bias", [False, True])
@pytest.mark.parametrize(("scale", "root"), [("head", 4**0.5), ("embedding", 12**0.5)])
def test_it_is_the_papers_attention(scale: str, root: float, qkv_bias: bool) -> None:
    torch.manual_seed(0)
    module = SelfAttention(WIDTH, HEADS, qkv_bias=qkv_bias, scale=scale)
    tokens = np.random.default_rng(0).normal(size=(2, 6, WIDTH))
    found = module.double()(torch.from_numpy(tokens))
    output, scores, weights = attention_by_hand(module, tokens, root)
    assert found.tokens.detach().numpy() == pytest.approx(output, abs=1e-12)
    assert found.class_scores.detach().numpy() == pytest.approx(scores[:, :, 0, 1:], abs=1e-12)
    expected = weights[:, :, 0, 1:].mean(1)
    assert found.class_weights.detach().numpy() == pytest.approx(expected, abs=1e-12)


def test_head_dropping_drops_the_output_of_one_head() -> None:
    torch.manual_seed(0)
    module = SelfAttention(WIDTH, HEADS, head_drop=1.0).double()
    tokens = np.random.default_rng(0).normal(size=(40, 6, WIDTH))
    found = module(torch.from_numpy(tokens)).tokens.detach().numpy()
    candidates = [attention_by_hand(module, tokens, 2.0, (head,))[0] for head in range(HEADS)]
    fits = np.array([np.abs(found - one).max((1, 2)) < 1e-12 for one in candidates])
    assert (fits.sum(0) == 1).all()  # exactly one head, of every picture by itself
    assert (fits.sum(1) > 3).all()
    kept = module.eval()(torch.from_numpy(tokens)).tokens.detach().numpy()
    assert kept == pytest.approx(attention_by_hand(module, tokens, 2.0)[0], abs=1e-12)


def test_legacy_token_dropping_drops_a_token_before_attention() -> None:
    torch.manual_seed(0)
    module = SelfAttention(WIDTH, HEADS, head_drop=1.0, legacy_token_drop=True).double()
    tokens = np.random.default_rng(0).normal(size=(40, 6, WIDTH))
    found = module(torch.from_numpy(tokens)).tokens.detach().numpy()
    candidates = []
    for token in range(HEADS):  # without a bias, a zero token has zero q, k and v
        without = tokens.copy()
        without[:, token] = 0
        candidates.append(attention_by_hand(module, without, 2.0)[0])
    fits = np.array([np.abs(found - one).max((1, 2)) < 1e-12 for one in candidates])
    assert (fits.sum(0) == 1).all()
    assert (fits.sum(1) > 3).all()


def test_wrong_options_are_refused() -> None:
    with pytest.raises(ModelError, match="attention_scale is 'root'; choose one of head, embed"):
        SelfAttention(WIDTH, HEADS, scale="root")
    with pytest.raises(ModelError, match="heads is 0"):
        SelfAttention(WIDTH, 0)
