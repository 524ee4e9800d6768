"""A network's card says what it started from and who taught it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from mien.card import Card, Origin  # noqa: E402
from mien.expressions import BASIC8  # noqa: E402
from mien.models import create_model, save_model  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402
from mien.training.ancestors import STARTS, TAUGHT, Ancestor, ancestors, origins  # noqa: E402
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
    assert first.origin() == Origin(role=STARTS, name="resnet18_msceleb.pth", sha256=digests[0])
    assert (second.role, second.card) == (TAUGHT, card)
    assert second.origin() == Origin(
        role=TAUGHT, name="stem", sha256=digests[1], data="FairFace, of which a part was held out"
    )
    assert second.record() == {
        "role": "taught by",
        "file": "stem.safetensors",
        "name": "stem",
        "sha256": digests[1],
    }
    assert third.card is not None
    assert third.card.name == third.record()["name"] == "mien-small"
    assert (third.origin().name, third.origin().data) == ("mien-small", third.card.data)


def test_a_past_is_told_once_and_each_part_says_whose_it_is() -> None:
    far = Origin(role=STARTS, name="stem", sha256="55")
    taught = Origin(role=TAUGHT, name="teacher", sha256="44")

    def network(name: str, *origins: Origin) -> Card:
        return Card(
            name=name,
            architecture="small",
            labels=BASIC8,
            preprocess=Preprocess(size=16),
            data=f"faces of {name}",
            origins=origins,
        )

    first = Ancestor("averaged from", "a", "11", network("first", far, taught))
    # It went on from the first, whose past it therefore has.
    known = (replace(far, of="11"), replace(taught, of="11"))
    own = Origin(role=STARTS, name="first", sha256="11", data="faces of first")
    second = Ancestor("averaged from", "b", "22", network("second", own, *known))
    assert origins([first, second]) == (
        first.origin(),
        second.origin(),
        *known,
        replace(own, of="22"),
    )
    assert origins([]) == ()
