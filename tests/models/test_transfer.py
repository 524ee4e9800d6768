from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from mien.errors import ModelError, TensorError  # noqa: E402
from mien.models import create_model  # noqa: E402
from mien.models.parts.dropping import HeadDropping, TokenDropping  # noqa: E402
from mien.models.transfer import TransFER  # noqa: E402

SMALL: dict[str, Any] = {
    **{"image_size": 16, "stages": 2, "units": (1, 1), "widths": (8, 32)},
    **{"width": 24, "blocks": 2, "heads": 2},
}


def network(**options: object) -> TransFER:
    torch.manual_seed(0)
    built = create_model("transfer", classes=7, **{**SMALL, **options})
    assert isinstance(built, TransFER)
    built(torch.randn(16, 3, 16, 16))
    nn.init.normal_(built.classifier.weight)
    return built.eval()


def inputs_of_projection(built: TransFER, images: Tensor) -> Tensor:
    seen: list[Tensor] = []
    hook = built.projection.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    built(images)
    hook.remove()
    return seen[0].detach()


@pytest.mark.parametrize("branches", [1, 2, 5])
@torch.inference_mode()
def test_the_maximum_of_the_local_maps_weighs_the_features(branches: int) -> None:
    built, images = network(branches=branches), torch.randn(2, 3, 16, 16)
    found = built(images)
    features = built.stem(images)
    maps = [branch(features) for branch in built.branches]
    assert found.attention.shape == (2, branches, 4, 4)
    for number, one in enumerate(maps):
        assert torch.equal(found.attention[:, number], one[:, 0])
    largest = torch.stack(maps).numpy().max(0)
    expected = features.numpy() * largest
    assert inputs_of_projection(built, images).numpy() == pytest.approx(expected, abs=1e-6)


@torch.inference_mode()
def test_without_branches_the_features_go_on_as_they_are() -> None:
    built, images = network(branches=0), torch.randn(2, 3, 16, 16)
    assert built(images).attention is None
    assert torch.equal(inputs_of_projection(built, images), built.stem(images))


def test_a_dropped_map_leaves_the_other_to_weigh() -> None:
    built, images = network(map_drop=1.0), torch.randn(200, 3, 16, 16)
    built.dropping.train()  # all the rest in evaluation
    found = inputs_of_projection(built, images)
    with torch.inference_mode():
        features, attention = built.stem(images), built(images).attention
    left = [
        (found - features * attention[:, i : i + 1]).abs().amax((1, 2, 3)) < 1e-5 for i in (0, 1)
    ]
    assert (left[0] ^ left[1]).all()
    assert 70 <= int(left[0].sum()) <= 130


def test_with_one_branch_dropping_leaves_nothing() -> None:
    built = network(branches=1, map_drop=1.0)
    built.dropping.train()
    assert not inputs_of_projection(built, torch.randn(4, 3, 16, 16)).any()


def test_rates_go_where_they_belong() -> None:
    built = network(map_drop=0.2, head_drop=0.6)
    assert built.dropping.rate == 0.2
    drops = [one for one in built.encoder.modules() if isinstance(one, HeadDropping)]
    assert [one.rate for one in drops] == [0.6, 0.6]
    legacy = network(head_drop=0.6, legacy_token_drop=True)
    tokens = [one for one in legacy.modules() if isinstance(one, TokenDropping)]
    assert [(one.rate, one.heads) for one in tokens] == [(0.6, 2)] * 2
    assert not [one for one in legacy.modules() if isinstance(one, HeadDropping)]


@pytest.mark.parametrize("dropping", ["mad", "dropout", "dropblock", "spatial_dropout"])
def test_every_dropping_of_table_4_acts_in_training_alone(dropping: str) -> None:
    built, images = network(dropping=dropping, map_drop=0.5), torch.randn(8, 3, 16, 16)
    still = inputs_of_projection(built, images)
    assert torch.equal(still, inputs_of_projection(built, images))
    built.dropping.train()
    assert not torch.equal(still, inputs_of_projection(built, images))


def test_logits_start_at_zero() -> None:
    built = create_model("transfer", classes=7, **SMALL)
    assert not built(torch.randn(2, 3, 16, 16)).logits.any()


@pytest.mark.parametrize(
    ("options", "expected", "tokens"),
    [
        ({"branches": 0}, 65_209_543, 196),
        ({}, 65_209_543 + 2 * 4_163, 196),
        ({"branches": 8}, 65_209_543 + 8 * 4_163, 196),
        # The paper's bare LANet: without two norms of 16 and of 1 channel.
        ({"lanet_norm": False}, 65_209_543 + 2 * (4_163 - 34), 196),
        ({"stages": 2, "branches": 0}, None, 784),
        # IR-50 to stage 4, a wider projection, 147 positions fewer.
        (
            {"stages": 4, "branches": 0},
            65_209_543 + 30_727_360 - 17_611_968 + 256 * 768 - 147 * 768,
            49,
        ),
    ],
)
def test_parameters_and_patches(
    options: dict[str, object], expected: int | None, tokens: int
) -> None:
    with torch.device("meta"):
        built = create_model("transfer", classes=7, **options)
    if expected is not None:
        assert sum(one.numel() for one in built.parameters()) == expected
    assert built.encoder.pos_embed.shape == (1, 1 + tokens, 768)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"branches": -1}, "branches is -1"),
        ({"map_drop": 1.5}, r"map_drop is 1\.5"),
        ({"head_drop": -0.5}, r"head_drop is -0\.5"),
        ({"dropping": "cutout"}, "dropping is 'cutout'"),
        ({"legacy_token_drop": True, "head_drop": 0}, "needs a head_drop above 0"),
        ({"stages": 5}, "stages is 5"),
        ({"reduction": 64}, "reduction is 64"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        network(**options)


def test_sides_must_be_multiples_of_the_stride() -> None:
    with pytest.raises(TensorError, match="18x16 pixels: both sides must be multiples of 4"):
        network()(torch.randn(2, 3, 18, 16))
