from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import save_file  # noqa: E402

from mien.card import Card  # noqa: E402
from mien.errors import CardError, ModelError, NotFound  # noqa: E402
from mien.expressions import BASIC8  # noqa: E402
from mien.models import create_model, load_model, save_model  # noqa: E402
from mien.models.checkpoint import load_card  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402

OPTIONS = {"stem": 8, "widths": [8, 16], "depths": [1, 1]}
CARD = Card(
    name="tiny",
    architecture="small",
    arguments=OPTIONS,
    labels=BASIC8,
    preprocess=Preprocess(size=16, colour="grey"),
)


@pytest.fixture
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return create_model("small", classes=BASIC8, **OPTIONS).eval()


def test_round_trip(network: torch.nn.Module, tmp_path: Path) -> None:
    save_model(network, CARD, tmp_path / "new folder" / "tiny.safetensors")
    loaded, card = load_model(tmp_path / "new folder" / "tiny.safetensors")
    images = torch.randn(2, 3, 16, 16)
    assert card == CARD
    assert torch.equal(loaded(images).logits, network(images).logits)
    assert not loaded.training


def test_a_card_alone_needs_no_weights_that_fit(network: torch.nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_model(network, replace(CARD, arguments={"stem": 4}), path)
    assert load_card(path).arguments == {"stem": 4}
    with pytest.raises(NotFound, match=r"none\.safetensors"):
        load_card(tmp_path / "none.safetensors")


def test_weights_of_another_network_are_refused(network: torch.nn.Module, tmp_path: Path) -> None:
    wrong = CARD.with_(arguments={**OPTIONS, "widths": [8, 24]})
    save_model(network, wrong, tmp_path / "x.safetensors")
    with pytest.raises(ModelError, match="weights do not fit small"):
        load_model(tmp_path / "x.safetensors")


def test_bad_files_are_named(network: torch.nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    with pytest.raises(NotFound, match="no checkpoint"):
        load_model(path)
    save_model(network, CARD, path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ModelError, match="not a whole safetensors file"):
        load_model(path)
    save_file(network.state_dict(), path)
    with pytest.raises(CardError, match="no card"):
        load_model(path)


def test_weights_that_are_no_numbers_are_refused(network: torch.nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    network.classifier.bias.data[1] = torch.nan
    save_model(network, CARD, path)
    with pytest.raises(ModelError, match=r"x\.safetensors: classifier\.bias holds NaN"):
        load_model(path)
