import pytest

torch = pytest.importorskip("torch")

from numpy_layers import lively  # noqa: E402
from torchvision.models import resnet18  # noqa: E402

from mien.errors import ModelError  # noqa: E402
from mien.models.parts.resnet import Trunk  # noqa: E402


def test_it_is_torchvisions_resnet_18_without_its_head() -> None:
    theirs = lively(resnet18())
    weights = {name: one for name, one in theirs.state_dict().items() if name[:3] != "fc."}
    ours = Trunk().eval()
    ours.load_state_dict(weights)  # strict: every name is there, and no other
    images = torch.randn(2, 3, 40, 33)
    theirs.avgpool, theirs.fc = torch.nn.Identity(), torch.nn.Identity()
    with torch.inference_mode():
        assert torch.equal(ours(images).flatten(1), theirs(images))
        maps = ours.stem(images)
        for block in ours.blocks():
            maps = block(maps)
        assert torch.equal(maps.flatten(1), theirs(images))


def test_fresh_values_are_those_of_torchvision() -> None:
    """Kaiming: the variance of a weight is 2 over the number of weights an input feeds."""
    torch.manual_seed(0)
    for name, weight in Trunk().named_parameters():
        if weight.ndim == 4:
            expected = (2 / weight[:, 0].numel()) ** 0.5
            assert weight.std().item() == pytest.approx(expected, rel=0.03), name
        else:
            assert (weight == (1 if name.endswith("weight") else 0)).all(), name


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({}, (1, 512, 2, 2)),
        ({"depths": (2, 2)}, (1, 128, 8, 8)),
        ({"depths": (1, 1, 1), "width": 8}, (1, 32, 4, 4)),
        ({"depths": (1,), "width": 4, "stem": 3, "stem_stride": 1}, (1, 4, 32, 32)),
        (
            {"depths": (1, 1), "width": 4, "stem": 3, "stem_stride": 1, "maxpool": False},
            (1, 8, 32, 32),
        ),
    ],
)
def test_stages_width_and_stem(options: dict[str, object], shape: tuple[int, ...]) -> None:
    trunk = Trunk(**options).eval()
    assert trunk(torch.randn(1, 3, 64, 64)).shape == shape
    assert trunk.outputs == shape[1]


def test_sizes_below_one_are_refused() -> None:
    with pytest.raises(ModelError, match="width is 0"):
        Trunk(width=0)
    with pytest.raises(ModelError, match="depth of a stage is 0"):
        Trunk((1, 0))
    with pytest.raises(ModelError, match="number of stages is 0"):
        Trunk(())
