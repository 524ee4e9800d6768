"""A network's card says what it started from and who taught it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from mien.card import Card  # noqa: E402
from mien.expressions import BASIC8  # noqa: E402
from mien.models import create_model, save_model  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402
from mien.training.ancestors import STARTS, TAUGHT, ancestors  # noqa: E402
from mien.zoo import shipped_model  # noqa: E402


def test_of_networks_with_a_card_their_data_is_told(tmp_path: Path) -> None:
    options = {"stem": 4, "widths": [8], "depths": [1]}
    card = Card(
        name="stem",
        architecture="small",
        arguments=options,
        labels=BASIC8,
        preprocess=Preprocess(size=16),
        data="FairFace, of which a part was held out",
        data_licence="CC BY 4.0",
    )
    path = tmp_path / "stem.safetensors"
    save_model(create_model("small", classes=BASIC8, **options), card, path)
    foreign = tmp_path / "resnet18_msceleb.pth"
    foreign.write_bytes(b"not ours")
    first, second, third = ancestors([foreign], [path, shipped_model()])
    digests = [hashlib.sha256(one.read_bytes()).hexdigest() for one in (foreign, path)]
    assert (first.role, first.card) == (STARTS, None)
    assert first.sentence() == f"starts from resnet18_msceleb.pth (SHA-256 {digests[0][:12]})"
    assert (second.role, second.card) == (TAUGHT, card)
    assert second.sentence() == (
        f"taught by stem (SHA-256 {digests[1][:12]}, trained on: FairFace, of which a part was "
        "held out)"
    )
    # What is said already is not said again, also of the ancestor's own ancestors.
    seen = replace(card, data="FairFace; taught by x (SHA-256 12, trained on: FairFace)")
    told = replace(second, card=seen).sentence("FairFace")
    assert told.endswith(", trained on: the same; taught by x (SHA-256 12, trained on: the same))")
    assert second.record() == {
        "role": "taught by",
        "file": "stem.safetensors",
        "name": "stem",
        "sha256": digests[1],
    }
    assert third.card is not None
    assert third.card.name == third.record()["name"] == "mien-small"
    assert third.sentence().startswith(
        f"taught by mien-small (SHA-256 {third.sha256[:12]}, trained"
    )
