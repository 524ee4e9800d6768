"""Options of ``mien evaluate``: what is made of them, and how the help has them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import tyro

from mien.cli_evaluate_options import (
    Counted,
    FaceOptions,
    OnnxOptions,
    PictureOptions,
    Shown,
    WithoutCard,
)
from mien.errors import InputError


def verb(
    *,
    counted: PictureOptions = Counted(),  # noqa: B008
    shown: FaceOptions = Shown(),  # noqa: B008
    without_card: OnnxOptions = WithoutCard(),  # noqa: B008
) -> tuple[Counted, Shown, WithoutCard]:
    return counted, shown, without_card


def test_the_help_has_headings_of_the_fields_own_words(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        tyro.cli(verb, args=["--help"])
    text = capsys.readouterr().out
    for heading in ("picture options", "face options", "ONNX options"):
        assert f" {heading} " in text
    assert "counted options" not in text


def test_headings_are_no_prefixes_of_options() -> None:
    words = ["--ignore", "happy", "--ignore", "fear", "--views", "flip"]
    words += ["--labels", "sad,happy", "--std", "1"]
    counted, shown, without_card = tyro.cli(verb, args=words)
    assert counted == Counted(ignore=("happy", "fear"))
    assert shown == Shown(views="flip")
    assert without_card == WithoutCard(labels="sad,happy", std="1")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"mean": "nan"}, r"--mean is nan, nan, nan; it needs finite numbers"),
        ({"mean": "0.5,inf,0.5"}, r"--mean is 0\.5, inf, 0\.5; it needs finite numbers"),
        ({"std": "0"}, "--std is 0, 0, 0; it needs finite numbers above 0"),
        ({"std": "0.5,0.5"}, "--std 0.5,0.5: this needs one number or three"),
        ({"size": 0}, "--size is 0, not at least 1"),
    ],
)
def test_what_cannot_be_names_its_option(given: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        WithoutCard(labels="sad,happy", **given).foreign()  # type: ignore[arg-type]


def test_one_number_stands_for_three() -> None:
    said = WithoutCard(labels="sad,happy", mean="0", std="0.1,0.2,0.3").foreign()
    assert said is not None
    assert [str(one) for one in said.labels] == ["sadness", "happiness"]
    assert (said.mean, said.std) == ((0, 0, 0), (0.1, 0.2, 0.3))


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"detector": "yunet"}, "--detector"),
        ({"min_face": 20}, "--min-face"),
        ({"detector_model": Path("nowhere.onnx")}, "--detector-model"),
    ],
)
def test_a_detector_that_nothing_asks_for_is_refused(given: dict[str, object], option: str) -> None:
    with pytest.raises(InputError, match=f"{option} is for --end-to-end and --scenes"):
        Shown(**given).find()  # type: ignore[arg-type]
    assert Shown().find() is None


def test_records_tell_the_detectors_settings(tmp_path: Path) -> None:
    assert Shown().settings() == {}
    file = tmp_path / "detector.onnx"
    file.write_bytes(b"network")
    assert Shown(min_face=20, detector_model=file).settings() == {
        "min_face": 20,
        "detector_sha256": hashlib.sha256(b"network").hexdigest(),
    }
