from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from mien.errors import ModelError, TensorError  # noqa: E402
from mien.models import create_model  # noqa: E402
from mien.models.apvit import APViT  # noqa: E402

# A picture of 28 pixels becomes the paper's 14 x 14 patches.
SMALL: dict[str, Any] = {
    **{"image_size": 28, "stages": 1, "units": (1,), "widths": (8,)},
    **{"width": 24, "blocks": 8, "heads": 2},
}


def network(*, wild: bool = True, **options: object) -> APViT:
    """In evaluation; ``wild``: far from its start, so that no part can be left out unseen."""
    torch.manual_seed(0)
    built = create_model("apvit", classes=7, **{**SMALL, **options})
    assert isinstance(built, APViT)
    if wild:
        built(torch.randn(16, 3, 28, 28))  # moves the running statistics
        for one in built.encoder.parameters():
            nn.init.normal_(one, std=0.25)
        nn.init.normal_(built.classifier.weight)
    return built.eval()


def by_hand(built: APViT, images: Tensor, keep: int, floors: list[int]) -> Tensor:
    """APViT (k, r) once more, for one picture after the other, indices by NumPy.

    ``floors``: how many patches are left after each block.
    """
    p = dict(built.encoder.named_parameters())
    rows = []
    for picture in images:
        x = functional.conv2d(
            built.stem(picture[None]), built.projection.weight, built.projection.bias
        )[0]
        strength = np.abs(x.numpy()).sum(0).ravel()
        chosen = sorted(np.argsort(-strength)[:keep])
        x = x.permute(1, 2, 0).reshape(196, 24) + p["pos_embed"][0, 1:]
        x = torch.cat([p["cls_token"][0] + p["pos_embed"][0, :1], x[chosen]])
        for number, left in enumerate(floors):
            w = {name: p[f"blocks.{number}.{name}"] for name in _names(p)}
            y = functional.layer_norm(x, (24,), w["norm1.weight"], w["norm1.bias"], 1e-6)
            q, k, v = functional.linear(y, w["attn.qkv.weight"]).reshape(-1, 3, 2, 12).unbind(1)
            y = functional.scaled_dot_product_attention(*(z.transpose(0, 1) for z in (q, k, v)))
            y = y.transpose(0, 1).reshape(-1, 24)
            x = x + functional.linear(y, w["attn.proj.weight"], w["attn.proj.bias"])
            importance = torch.einsum("hd,nhd->n", q[0], k[1:]).numpy()
            x = x[[0, *sorted(1 + np.argsort(-importance)[:left])]]
            y = functional.layer_norm(x, (24,), w["norm2.weight"], w["norm2.bias"], 1e-6)
            y = functional.gelu(functional.linear(y, w["mlp.fc1.weight"], w["mlp.fc1.bias"]))
            x = x + functional.linear(y, w["mlp.fc2.weight"], w["mlp.fc2.bias"])
        x = functional.layer_norm(x, (24,), p["norm.weight"], p["norm.bias"], 1e-6)
        rows.append(functional.linear(x[0], built.classifier.weight, built.classifier.bias))
    return torch.stack(rows)


def _names(parameters: dict[str, Tensor]) -> list[str]:
    start = "blocks.0."
    return [name.removeprefix(start) for name in parameters if name.startswith(start)]


SETTINGS = [
    (160, 0.9, [160] * 4 + [144, 129, 116, 104]),
    (80, 0.6, [80] * 4 + [48, 28, 16, 9]),
    (40, 0.6, [40] * 4 + [24, 14, 8, 4]),
    (196, 0.9, [196] * 4 + [176, 158, 142, 127]),
    (120, 0.9, [120] * 4 + [108, 97, 87, 78]),
    (10, 0.6, [10] * 4 + [6, 3, 1, 1]),
    (160, 1.0, [160] * 8),
    (196, 1.0, [196] * 8),
]


@pytest.mark.parametrize(("keep", "rate", "floors"), SETTINGS)
@torch.inference_mode()
def test_a_plain_prototype_gives_the_same_logits(keep: int, rate: float, floors: list[int]) -> None:
    built = network(keep_patches=keep, keep_rate=rate)
    images = torch.randn(3, 3, 28, 28)
    found = built(images)
    assert found.logits.std() > 0.1
    assert found.logits.numpy() == pytest.approx(
        by_hand(built, images, keep, floors).numpy(), abs=1e-5
    )
    # One step for patch pooling, one for each block that leaves some out.
    steps = [196, keep, *floors]
    expected = [after for before, after in pairwise(steps) if after < before]
    assert [one.shape[1] for one in found.kept] == expected


@pytest.mark.parametrize(("keep", "rate", "tokens"), [(160, 0.9, 105), (80, 0.6, 10), (40, 0.6, 5)])
def test_tokens_at_the_head(keep: int, rate: float, tokens: int) -> None:
    built = network(keep_patches=keep, keep_rate=rate)
    rows: list[int] = []
    built.encoder.norm.register_forward_hook(lambda *call: rows.append(call[2].shape[1]))
    built(torch.randn(1, 3, 28, 28))
    assert rows == [tokens]


@torch.inference_mode()
def test_no_logit_depends_on_the_size_of_the_batch() -> None:
    # The released code leaves a pruning out where the batch has as many pictures as the
    # sequence has tokens.
    built = network(keep_patches=160)
    images = torch.randn(161, 3, 28, 28)
    alone = torch.cat([built(one[None]).logits for one in images[:8]])
    for size in (104, 105, 106, 130, 145, 161):
        found = built(images[:size])
        assert found.logits[:8].numpy() == pytest.approx(alone.numpy(), abs=1e-5)
        assert [step.shape[1] for step in found.kept] == [160, 144, 129, 116, 104]


def test_gradients_reach_every_kept_patch_and_no_other() -> None:
    built = network(keep_patches=80, keep_rate=0.6)
    patches: list[Tensor] = []
    built.projection.register_forward_hook(lambda *call: patches.append(call[2]))
    found = built(torch.randn(2, 3, 28, 28))
    patches[0].retain_grad()
    found.logits.square().sum().backward()
    assert patches[0].grad is not None
    reached = patches[0].grad.abs().sum(1).flatten(1) > 0
    expected = torch.zeros(2, 196, dtype=torch.bool).scatter(1, found.kept[0], True)
    assert (reached == expected).all()
    for one in (built.encoder.cls_token, built.stem.input_layer[0].weight):
        assert one.grad is not None
        assert one.grad.abs().sum() > 0


def test_the_scores_and_the_attention_lie_on_the_grid() -> None:
    built = network(keep_patches=80, keep_rate=0.6)
    images = torch.randn(2, 3, 28, 56)
    found = built(images)
    strength = built.projection(built.stem(images)).abs().sum(1, keepdim=True)
    assert torch.allclose(found.attention, strength)
    assert found.attention.shape == (2, 1, 14, 28)
    assert found.class_attention.shape == (2, 8, 14, 28)
    assert (found.class_attention.flatten(2) > 0).sum(2).tolist() == [
        [80, 80, 80, 80, 80, 48, 28, 16]
    ] * 2


@torch.inference_mode()
def test_the_average_head_averages_the_patches_left() -> None:
    built = network(head="average")
    tokens: list[Tensor] = []
    built.encoder.norm.register_forward_hook(lambda *call: tokens.append(call[2]))
    found = built(torch.randn(2, 3, 28, 28))
    assert torch.allclose(found.features, tokens[0][:, 1:].mean(1))
    assert torch.allclose(found.logits, built.classifier(found.features))


def test_a_classifier_alone_starts_at_zero() -> None:
    assert not network(wild=False)(torch.randn(2, 3, 28, 28)).logits.any()


@pytest.mark.parametrize("branch", ["linear", "mlp"])
def test_two_tasks_have_two_branches_that_do_not_start_at_zero(branch: str) -> None:
    built = network(wild=False, action_units=12, branch=branch)
    found = built(torch.randn(2, 3, 28, 28))
    assert found.logits.shape == (2, 7)
    assert found.action_units is not None
    assert found.action_units.shape == (2, 12)
    assert found.logits.any(1).all()
    assert found.action_units.any(1).all()
    kinds = [type(one).__name__ for one in built.action_units.modules()]
    assert kinds == (
        ["Linear"]
        if branch == "linear"
        else ["Sequential", "Linear", "BatchNorm1d", "ReLU", "Linear"]
    )


def test_gradual_decay_goes_from_all_to_the_final_numbers() -> None:
    built = network(decay="gradual", keep_patches=160, keep_rate=0.6)
    images = torch.randn(2, 3, 28, 28)

    def kept(training: bool) -> list[int]:
        return [step.shape[1] for step in built.train(training)(images).kept]

    assert kept(True) == []
    final = [160, 96, 57, 34, 20]
    assert kept(False) == final
    built.set_progress(0.5)
    assert kept(True) == [178, 142, 113, 90, 72]
    assert kept(False) == final
    built.set_progress(1.0)
    assert kept(True) == final


def test_constant_numbers_do_not_change() -> None:
    built = network(keep_patches=160, keep_rate=0.6).train()
    built.set_progress(0.5)
    assert [step.shape[1] for step in built(torch.randn(2, 3, 28, 28)).kept] == [
        160,
        96,
        57,
        34,
        20,
    ]


def test_one_rate_for_each_block() -> None:
    # The released Paddle configuration reads the first 8 of 12 rates: 2 blocks prune.
    built = network(keep_rate=[1.0] * 6 + [0.9] * 2)
    assert [step.shape[1] for step in built(torch.randn(1, 3, 28, 28)).kept] == [160, 144, 129]


def parameters(name: str, **options: object) -> int:
    with torch.device("meta"):
        built = create_model(name, classes=7, **options)
    return sum(one.numel() for one in built.parameters())


def test_parameters_are_those_of_the_paper() -> None:
    with torch.device("meta"):
        built = create_model("apvit", classes=7)
    parts = {
        "stem": 17_611_968,
        "projection": 197_376,
        "encoder.blocks.0": 5_905_152,
        "encoder.norm": 1_536,
        "classifier": 5_383,
        "pooling": 0,
    }
    for name, expected in parts.items():
        assert sum(one.numel() for one in built.get_submodule(name).parameters()) == expected, name
    assert built.encoder.cls_token.numel() + built.encoder.pos_embed.numel() == 152_064
    assert parameters("apvit") == 65_209_543
    assert parameters("apvit", action_units=12) == 65_209_543 + 12 * 769
    assert parameters("apvit", qkv_bias=True) == 65_209_543 + 8 * 2_304


def test_deit_tiny_is_deit_tiny() -> None:
    import timm

    theirs = timm.create_model("deit_tiny_patch16_224", num_classes=7)
    assert parameters("apvit_deit_tiny") == sum(one.numel() for one in theirs.parameters())
    with torch.device("meta"):
        ours = create_model("apvit_deit_tiny", classes=7)
    for name, one in ours.encoder.named_parameters():
        assert one.shape == theirs.get_parameter(name).shape
    assert ours.projection.weight.shape == theirs.patch_embed.proj.weight.shape


@pytest.mark.parametrize("name", ["apvit_small", "transfer_small"])
@pytest.mark.parametrize("size", [48, 64])
def test_the_small_ones_take_both_sizes(name: str, size: int) -> None:
    torch.manual_seed(0)
    built = create_model(name, classes=8)
    found = built(torch.randn(2, 3, size, size))
    assert found.class_attention.shape == (2, 4, size // 4, size // 4)
    assert sum(one.numel() for one in built.parameters()) < 2.3e6
    if name == "apvit_small":
        assert [step.shape[1] for step in found.kept] == [112, 100, 90]


@pytest.mark.filterwarnings("ignore")  # the exporter's own deprecations
def test_onnx_prunes_as_pytorch_does_even_where_patches_tie(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    exporting = pytest.importorskip("mien.export")
    import onnxruntime

    # Both poolings by other criteria, on another grid than the position embedding's.
    built = network(
        blocks=2,
        keep_patches=60,
        keep_rate=(0.6, 0.5),
        patch_criterion="max",
        token_criterion="abs",
    )
    path = tmp_path / "network.onnx"
    exporting._write(built, 20, path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for images in (
        torch.randn(1, 3, 20, 20),
        torch.randn(37, 3, 20, 20),
        torch.zeros(3, 3, 20, 20),
    ):
        (found,) = session.run(["logits"], {"images": images.numpy()})
        with torch.inference_mode():
            assert np.abs(found - built(images).logits.numpy()).max() < 1e-4


def test_fewer_patches_than_are_to_be_kept_are_refused() -> None:
    with pytest.raises(TensorError, match="give 100 patches; keep_patches=160 is more"):
        network()(torch.randn(2, 3, 20, 20))


def test_sides_must_be_multiples_of_the_stride() -> None:
    with pytest.raises(TensorError, match="30x29 pixels: both sides must be multiples of 2"):
        network()(torch.randn(2, 3, 30, 29))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep_patches": 197}, "keep_patches is 197; it must be between 1 and 196"),
        ({"keep_patches": 0}, "keep_patches is 0"),
        ({"keep_rate": 1.5}, r"keep_rate is 1\.5; it must lie between 0 and 1"),
        ({"keep_rate": float("nan")}, "keep_rate is nan"),
        ({"keep_rate": (1.0, 0.9)}, "2 keep rates for 8 blocks"),
        ({"patch_criterion": "mean"}, "patch_criterion is 'mean'"),
        ({"token_criterion": "lanet"}, "token_criterion is 'lanet'"),
        ({"patch_pooling": "soft"}, "set keep_patches=None"),
        ({"decay": "gradual", "keep_patches": None, "keep_rate": 1}, "nothing to decay"),
        ({"decay": "sudden"}, "decay is 'sudden'"),
        ({"head": "gap"}, "head is 'gap'; choose one of class_token, average"),
        ({"stem": "resnet18"}, "stem is 'resnet18'"),
        ({"action_units": -1}, "action_units is -1"),
        ({"branch": "mlp"}, "branch='mlp' is for two tasks"),
        ({"attention_scale": "none"}, "attention_scale is 'none'"),
        ({"heads": 5}, "width 24 cannot be shared among 5 heads"),
        ({"image_size": 29}, "image_size is 29; it must be a multiple of 2"),
        ({"blocks": 0}, "blocks is 0"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        network(wild=False, **options)


def test_progress_outside_its_bounds_is_refused() -> None:
    with pytest.raises(ModelError, match=r"progress is 1\.5"):
        network(wild=False).set_progress(1.5)
