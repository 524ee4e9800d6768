import re

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mien.errors import ModelError, UnknownName  # noqa: E402
from mien.expressions import BASIC7  # noqa: E402
from mien.models import create_model, list_models  # noqa: E402
from mien.models.registry import register  # noqa: E402


def test_the_networks() -> None:
    assert list_models() == [
        *("apvit", "apvit_deit_tiny", "apvit_hybrid_tiny", "apvit_small"),
        *("dan", "ir50", "ir50_small", "lla_net", "msa_net", "resnet", "resnet18", "small"),
        "timm",
        *("transfer", "transfer_small"),
    ]


@pytest.mark.parametrize(
    ("name", "options"),
    [("resnet18", {}), ("small", {}), ("timm", {"backbone": "mobilenetv3_small_050"})],
)
def test_every_network_keeps_the_contract(name: str, options: dict[str, str]) -> None:
    network = create_model(name, classes=BASIC7, **options).eval()
    output = network(torch.zeros(2, 3, 48, 48))
    assert output.logits.shape == (2, 7)
    assert output.features.shape[0] == 2
    assert output.features.ndim == 2
    single = network(torch.zeros(1, 3, 48, 48)).logits
    assert torch.allclose(output.logits[:1], single, atol=1e-5)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UnknownName, match="did you mean resnet18"):
        create_model("resnet81", classes=7)
    with pytest.raises(UnknownName, match="option of small is called 'width'; did you mean widths"):
        create_model("small", classes=7, width=(8,))
    with pytest.raises(UnknownName, match="model of timm"):
        create_model("timm", classes=7, backbone="resnet_nowhere")


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ModelError, match="two networks"):
        register("small")(lambda *, classes: torch.nn.Linear(classes, classes))


@pytest.mark.parametrize(
    ("network", "options", "message"),
    [
        (
            "lla_net",
            {"attention": "False"},
            "attention of lla_net is 'False', and not true or false",
        ),
        ("msa_net", {"attention": "no"}, "'no', and not true or false"),
        ("dan", {"heads": "four"}, "heads of dan is 'four', and not a whole number"),
        ("dan", {"heads": 2.5}, "heads of dan is 2.5, and not a whole number"),
        ("dan", {"heads": True}, "heads of dan is True, and not a whole number"),
        ("dan", {"depths": 2}, "depths of dan is 2, and not a list of whole numbers"),
        ("msa_net", {"kernels": [3, "5"]}, "and not a list of whole numbers"),
        ("lla_net", {"dropout": "0.5"}, "dropout of lla_net is '0.5', and not a number"),
        ("lla_net", {"stem": 7}, "stem of lla_net is 7, and not a text"),
        ("apvit", {"keep_patches": "none"}, "is 'none', and not a whole number or null"),
        ("apvit_small", {"keep_rate": "all"}, "and not a number or a list of numbers"),
    ],
)
def test_options_of_another_kind_are_refused(
    network: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ModelError, match=re.escape(message)):
        create_model(network, classes=7, **options)


def test_numbers_of_other_libraries_and_whole_ones_are_numbers() -> None:
    options = {"heads": np.int64(2), "depths": (np.int32(1), 1, 1, 1), "width": 8}
    assert create_model("dan", classes=7, **options)
    assert create_model("lla_net", classes=7, dropout=0, width=8, depths=[1, 1, 1, 1])


@pytest.mark.parametrize("name", ["deit_tiny_distilled_patch16_224", "crossvit_tiny_240"])
def test_backbones_with_several_classifiers_are_refused(name: str) -> None:
    with pytest.raises(ModelError, match=f"{name} has several classifiers"):
        create_model("timm", classes=7, backbone=name)
