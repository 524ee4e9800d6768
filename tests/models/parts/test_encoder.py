from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from timm.models.vision_transformer import VisionTransformer  # noqa: E402

from mien.errors import ModelError  # noqa: E402
from mien.models.parts.encoder import Block, Encoder  # noqa: E402
from mien.models.parts.self_attention import SelfAttention  # noqa: E402
from mien.models.parts.token_pooling import TokenPooling  # noqa: E402


def encoder(**options: object) -> Encoder:
    """Three blocks of 24 channels on a grid of 4 x 4, in evaluation, far from its start."""
    torch.manual_seed(0)
    built = Encoder(24, 3, 2, 32, 8, **options)
    for one in built.parameters():
        torch.nn.init.normal_(one, std=0.3)
    return built.eval()


def norm(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-6) * weight + bias


def block_by_hand(block: Block, x: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """A pre-norm block in float64, for one picture: tokens that are left, and which."""
    p = {name: one.detach().double().numpy() for name, one in block.named_parameters()}
    heads, width = block.attn.heads, x.shape[1]
    normed = norm(x, p["norm1.weight"], p["norm1.bias"])
    q, k, v = np.split(normed @ p["attn.qkv.weight"].T, 3, axis=1)
    joined, class_score = [], 0
    for part in np.split(np.arange(width), heads):
        logits = q[:, part] @ k[:, part].T / math.sqrt(width // heads)
        shares = np.exp(logits)
        joined.append(shares / shares.sum(1, keepdims=True) @ v[:, part])
        class_score = class_score + logits[0, 1:]
    x = x + np.concatenate(joined, 1) @ p["attn.proj.weight"].T + p["attn.proj.bias"]
    kept = np.sort(np.argsort(-class_score)[:number])
    x = np.concatenate([x[:1], x[1:][kept]])
    hidden = norm(x, p["norm2.weight"], p["norm2.bias"]) @ p["mlp.fc1.weight"].T + p["mlp.fc1.bias"]
    hidden = hidden * 0.5 * (1 + np.vectorize(math.erf)(hidden / math.sqrt(2)))
    return x + hidden @ p["mlp.fc2.weight"].T + p["mlp.fc2.bias"], kept


@pytest.mark.parametrize(("rate", "number"), [(1.0, 10), (0.75, 7), (0.1, 1)])
def test_a_block_prunes_after_attention_and_before_the_mlp(rate: float, number: int) -> None:
    torch.manual_seed(0)
    block = Block(12, SelfAttention(12, 3), TokenPooling(rate), 3.0).double()
    for one in block.parameters():
        torch.nn.init.normal_(one, std=0.4)
    tokens = np.random.default_rng(0).normal(size=(3, 11, 12))
    rows: list[int] = []
    block.mlp.register_forward_hook(lambda *call: rows.append(call[2].shape[1]))
    found, _, kept = block(torch.from_numpy(tokens))
    assert rows == [1 + number]
    for picture in range(3):
        expected, chosen = block_by_hand(block, tokens[picture], number)
        assert found[picture].detach().numpy() == pytest.approx(expected, abs=1e-10)
        if kept is None:
            assert number == 10
        else:
            assert kept[picture].tolist() == chosen.tolist()


@pytest.mark.parametrize("qkv_bias", [False, True])
def test_weights_of_timm_load_by_name_and_give_its_tokens(qkv_bias: bool) -> None:
    torch.manual_seed(0)
    theirs = VisionTransformer(
        img_size=32, patch_size=8, embed_dim=24, depth=3, num_heads=2, mlp_ratio=3.0,
        qkv_bias=qkv_bias, num_classes=5,
    ).eval()  # fmt: skip
    for one in theirs.parameters():
        torch.nn.init.normal_(one, std=0.2)
    ours = encoder(qkv_bias=qkv_bias)
    report = ours.load_state_dict(theirs.state_dict(), strict=False)
    assert not report.missing_keys
    assert {name.split(".")[0] for name in report.unexpected_keys} == {"patch_embed", "head"}
    images = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        expected = theirs.forward_features(images)
        found = ours(theirs.patch_embed.proj(images)).tokens
    assert found.numpy() == pytest.approx(expected.numpy(), abs=1e-5)


def test_attention_of_the_class_token_lies_where_the_kept_patches_are() -> None:
    network = encoder(keep_rates=(1, 0.5, 0.5))
    kept = torch.tensor([[0, 2, 3, 5, 8, 9, 12, 15], [1, 2, 4, 6, 7, 10, 11, 13]])
    found = network(torch.randn(2, 24, 4, 4), kept)
    assert found.tokens.shape == (2, 1 + 2, 24)
    assert found.class_attention.shape == (2, 3, 4, 4)
    assert [step.shape[1] for step in found.kept] == [8, 4, 2]
    assert (found.kept[0] == kept).all()
    before = (kept, kept, found.kept[1])  # a block attends to all that reach it
    for block, there in enumerate(before):
        maps = found.class_attention[:, block].flatten(1)
        expected = torch.zeros(2, 16, dtype=torch.bool).scatter(1, there, True)
        assert ((maps > 0) == expected).all()
        assert (maps.sum(1) < 1).all()  # the rest of the softmax is the class token's own
    for earlier, later in pairwise(found.kept):
        for row in range(2):
            assert set(later[row].tolist()) < set(earlier[row].tolist())
            assert later[row].tolist() == sorted(later[row].tolist())


def test_without_pruning_nothing_is_called_kept() -> None:
    found = encoder()(torch.randn(2, 24, 4, 4))
    assert found.kept == ()
    assert (found.class_attention > 0).all()


def test_the_order_of_the_tokens_is_that_of_the_grid() -> None:
    network = encoder()
    maps = torch.randn(1, 24, 4, 4)
    seen: list[torch.Tensor] = []
    network.blocks[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network(maps, torch.tensor([[1, 6, 14]]))
    (tokens,) = seen[0]
    assert torch.equal(tokens[0], network.cls_token[0, 0] + network.pos_embed[0, 0])
    for place, index in enumerate((1, 6, 14), start=1):
        row, column = divmod(index, 4)
        assert torch.equal(tokens[place], maps[0, :, row, column] + network.pos_embed[0, 1 + index])


def test_positions_are_resampled_bilinearly_for_other_grids() -> None:
    network = encoder()
    table = torch.arange(4.0)[:, None] * 10 + torch.arange(4.0)
    with torch.no_grad():
        network.pos_embed[0, 1:] = table.reshape(16, 1)
    found = network.positions((8, 4))[0]
    assert torch.equal(found[0], network.pos_embed[0, 0])
    # Rows of the finer grid lie at 0 (clamped), 0.25, 0.75, 1.25, ... of the old.
    places = np.clip(np.arange(8) / 2 - 0.25, 0, 3)
    expected = places[:, None] * 10 + np.arange(4)
    assert found[1:, 0].reshape(8, 4).detach().numpy() == pytest.approx(expected, abs=1e-5)
    assert network.positions((4, 4)) is network.pos_embed


def test_no_number_depends_on_the_size_of_the_batch() -> None:
    network = encoder(keep_rates=(0.75, 0.75, 0.75))  # 17 tokens, then 13, 10, 7
    maps = torch.randn(17, 24, 4, 4)
    with torch.inference_mode():
        alone = torch.cat([network(one[None]).tokens for one in maps])
        for size in (7, 10, 13, 17):
            found = network(maps[:size])
            assert [step.shape for step in found.kept] == [(size, 12), (size, 9), (size, 6)]
            assert found.tokens.numpy() == pytest.approx(alone[:size].numpy(), abs=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep_rates": (1.0, 0.9)}, "2 keep rates for 3 blocks"),
        ({"keep_rates": (1.0, 0.9, 1.5)}, r"keep_rate is 1\.5"),
        ({"criterion": "lanet"}, "token_criterion is 'lanet'"),
        ({"head_drop": 2.0}, r"rate is 2\.0"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        encoder(**options)


def test_sizes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ModelError, match="width 24 cannot be shared among 5 heads"):
        Encoder(24, 3, 5, 32, 8)
    with pytest.raises(ModelError, match="image_size is 36; it must be a multiple of 8"):
        Encoder(24, 3, 2, 36, 8)
    with pytest.raises(ModelError, match="blocks is 0"):
        Encoder(24, 0, 2, 32, 8)
