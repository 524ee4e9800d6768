"""``mien import-checkpoint``: from an authors' file to a checkpoint of mien."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from released_files import dan_logits, dan_shapes, values  # noqa: E402

from mien.cli import main  # noqa: E402
from mien.models import load_model  # noqa: E402


def write(path: Path, classes: int = 7, heads: int = 1) -> Path:
    named = {f"module.{name}": value for name, value in values(dan_shapes(classes, heads)).items()}
    torch.save({"iter": 21, "model_state_dict": named, "optimizer_state_dict": {}}, path)
    return path


def test_the_imported_network_answers_as_the_authors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, output = write(tmp_path / "raf.pth", heads=4), tmp_path / "new" / "dan.safetensors"
    arguments = ["import-checkpoint", "--model", "dan", str(source), "-o", str(output)]
    assert main([*arguments, "--dataset", "rafdb"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith(f"{output}: dan-rafdb, 7 classes: surprise, fear, disgust, ")
    assert printed.err == ""
    network, card = load_model(output)
    assert card.name == "dan-rafdb"
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        torch.testing.assert_close(
            network(images).logits,
            dan_logits(values(dan_shapes()), images),
            rtol=1e-5,
            atol=1e-5,
        )


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["dan"], 2, "7 classes are those of rafdb and affectnet7"),
        (["dan", "--dataset", "affectnet8"], 1, "has 7 classes, but affectnet8 has 8"),
        (["apvit"], 1, "a checkpoint of dan's authors"),
        (["apvit", "--dataset", "affectnet8"], 2, "known: rafdb"),
    ],
)
def test_refusals_are_one_line(
    options: list[str],
    code: int,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source, output = write(tmp_path / "raf.pth"), tmp_path / "out.safetensors"
    arguments = ["import-checkpoint", str(source), "-o", str(output), "--model", *options]
    assert main(arguments) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("mien: error: ")
    assert message in said.err
    assert said.err.count("\n") == 1
    assert not output.exists()


def test_the_authors_file_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path / "affectnet.pth", classes=8)
    before = source.read_bytes()
    arguments = ["import-checkpoint", "--model", "dan", str(source), "-o"]
    assert main([*arguments, str(tmp_path / "." / "affectnet.pth")]) == 2
    assert "write to another" in capsys.readouterr().err
    assert source.read_bytes() == before
    assert main([*arguments, str(tmp_path / "dan.safetensors")]) == 0
    assert "dan-affectnet8, 8 classes" in capsys.readouterr().out
