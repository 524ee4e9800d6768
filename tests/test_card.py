import json
from pathlib import Path

import pytest

from mien.card import CARD_KEY, Card, Measurement, Origin, read_card
from mien.errors import CardError
from mien.expressions import BASIC7, BASIC8, OtherClasses
from mien.preprocess import Preprocess
from mien.zoo import shipped_model

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
    origins=(
        Origin(role="taught by", name="large", sha256="12", data="other faces"),
        Origin(role="starts from", name="stem", sha256="34", of="12"),
    ),
)


def test_round_trip() -> None:
    assert Card.from_json(CARD.to_json()) == CARD


def test_a_card_from_before_there_were_origins_has_none() -> None:
    values = json.loads(CARD.to_json())
    del values["origins"]
    assert Card.from_json(json.dumps(values)) == CARD.with_(origins=())


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


STEM = CARD.with_(labels=OtherClasses(("age 0-2", "age 3-9")), architecture="ir50")


def test_a_card_of_expressions_stays_format_1_to_the_byte() -> None:
    values = json.loads(CARD.to_json())
    assert list(values)[:4] == ["format", "name", "architecture", "labels"]
    assert values["format"] == 1
    assert "other_classes" not in values
    model = onnx_metadata(shipped_model("mien-small"))
    assert Card.from_json(model).to_json() == model


def onnx_metadata(path: Path) -> str:
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    return str(session.get_modelmeta().custom_metadata_map[CARD_KEY])


def test_other_classes_have_a_format_and_a_key_of_their_own() -> None:
    values = json.loads(STEM.to_json())
    assert values["format"] == 2
    assert values["other_classes"] == ["age 0-2", "age 3-9"]
    assert "labels" not in values
    found = Card.from_json(STEM.to_json())
    assert found == STEM
    assert isinstance(found.labels, OtherClasses)


@pytest.mark.parametrize(
    "damage",
    [
        lambda values: values | {"format": 1},
        lambda values: values | {"labels": list(BASIC7)},
        lambda values: values | {"other_classes": "age 0-2"},
        lambda values: values | {"other_classes": ["anger"]},
        lambda values: values | {"other_classes": []},
        lambda values: values | {"other_classes": [["age"]]},
        lambda _: json.loads(CARD.to_json()) | {"format": 2},
    ],
)
def test_a_format_with_the_other_ones_classes_is_damaged(damage) -> None:  # type: ignore[no-untyped-def]
    changed = json.dumps(damage(json.loads(STEM.to_json())))
    with pytest.raises(CardError, match=r"stem\.safetensors: its card is damaged"):
        Card.from_json(changed, "stem.safetensors")
