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
