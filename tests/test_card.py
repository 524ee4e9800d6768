import json

import pytest

from mien.card import CARD_KEY, Card, Measurement, read_card
from mien.errors import CardError
from mien.expressions import BASIC7, BASIC8
from mien.preprocess import Preprocess

CARD = Card(
    name="tiny",
    architecture="small",
    arguments={"widths": [8, 16], "dropout": 0.1},
    labels=BASIC7,
    preprocess=Preprocess(size=48, colour="grey", scale=1.1, shift=(0.0, 0.02)),
    temperature=1.25,
    data="some faces",
    seed=3,
    measurements=(
        Measurement(
            dataset="ferplus",
            split="public-test",
            protocol="majority",
            images=3191,
            values={"accuracy": 0.875},
            file="results/tiny.json",
        ),
    ),
)


def test_round_trip() -> None:
    assert Card.from_json(CARD.to_json()) == CARD


def test_classes_are_stored_by_name() -> None:
    assert json.loads(CARD.to_json())["labels"] == [str(name) for name in BASIC7]
    assert Card.from_json(CARD.with_(labels=BASIC8).to_json()).labels == BASIC8


def test_no_card_names_the_remedy() -> None:
    with pytest.raises(CardError, match=r"model\.onnx: the model has no card.*mien export"):
        read_card({"other": "x"}, "model.onnx")
    assert read_card({CARD_KEY: CARD.to_json()}, "model.onnx") == CARD


def test_newer_format_is_refused_with_the_remedy() -> None:
    values = json.loads(CARD.to_json()) | {"format": 99}
    with pytest.raises(CardError, match=r"format 99.*pip install --upgrade mien"):
        Card.from_json(json.dumps(values), "model.onnx")


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-4],
        lambda _: "[]",
        lambda text: text.replace('"anger"', '"rage"'),
        lambda text: text.replace('"labels"', '"classes"'),
        lambda text: text.replace('"temperature": 1.25', '"temperature": 0'),
        lambda text: text.replace('"temperature": 1.25', '"temperature": "warm"'),
        lambda text: text.replace('"size": 48', '"size": "big"'),
    ],
)
def test_damage_is_named(damage) -> None:  # type: ignore[no-untyped-def]
    changed = damage(CARD.to_json())
    assert changed != CARD.to_json()
    with pytest.raises(CardError, match=r"model\.onnx"):
        Card.from_json(changed, "model.onnx")
