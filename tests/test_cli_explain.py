"""The command ``mien explain``: from a photo to pictures, numbers and figures."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import ferplus_copy
import numpy as np
import pytest

pytest.importorskip("pytorch_grad_cam")
pytest.importorskip("matplotlib")
import torch

import mien
from mien.card import Card
from mien.cli import main
from mien.expressions import BASIC8, OtherClasses
from mien.inference.images import read_picture
from mien.inference.recognizer import Recognizer
from mien.models import create_model, load_model
from mien.models.checkpoint import save_model
from mien.preprocess import Preprocess

PHOTO = Path(mien.__file__).parent / "examples" / "astronaut.jpg"
FACES = Preprocess(size=48, colour="grey", scale=1.1)


def write_checkpoint(path: Path, name: str, seed: int = 0, **options: Any) -> Path:
    torch.manual_seed(seed)
    network = create_model(name, classes=8, **options).eval()
    torch.nn.init.normal_(network.classifier.weight, std=0.3)
    card = Card(
        name=f"{name}-{seed}",
        architecture=name,
        labels=BASIC8,
        preprocess=FACES,
        arguments=options,
    )
    save_model(network, card, path)
    return path


@pytest.fixture(scope="module")
def dan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dan") / "model.safetensors"
    return write_checkpoint(path, "dan", width=8, depths=[1, 1], heads=2)


@pytest.fixture(scope="module")
def apvit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("apvit") / "model.safetensors", "apvit_small")


@pytest.fixture
def crop(tmp_path: Path) -> Path:
    """A picture that detectors find no face in."""
    path = tmp_path / "in" / "crop.png"
    path.parent.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    cv2.imwrite(str(path), noise)
    return path


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_photo_is_explained_by_all_methods_of_the_network(
    dan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["explain", str(dan), str(PHOTO), "-o", str(out)]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{out / 'grid.png'}\n"
    assert captured.err == ""
    assert {"grid.png", "astronaut.npz", "astronaut.gradcam++.png"} <= files(out)
    assert {f"astronaut.gradcam++-heads.head-{head}.png" for head in (1, 2)} <= files(out)
    grid = cv2.imread(str(out / "grid.png"))
    assert grid.std() > 20


def test_the_face_is_the_one_that_prediction_cuts(
    dan: Path, tiny_model: Path, tmp_path: Path
) -> None:
    (face,) = Recognizer(tiny_model, threads=1)(PHOTO)
    network, card = load_model(dan)
    inputs = card.preprocess(read_picture(PHOTO), face.box, face.landmarks)
    with torch.inference_mode():
        expected = network(torch.from_numpy(inputs)[None]).logits.softmax(1)[0].numpy()
    arguments = ["explain", str(dan), str(PHOTO), "-o", str(tmp_path), "--method", "gradcam++"]
    assert main(arguments) == 0
    with np.load(tmp_path / "astronaut.npz", allow_pickle=False) as numbers:
        np.testing.assert_allclose(numbers["probabilities"], expected, atol=1e-4)
        assert numbers["labels"].tolist() == [str(label) for label in BASIC8]
        assert numbers["gradcam++"].shape == (1, 48, 48)
        assert numbers["gradcam++.class"] == str(BASIC8[int(expected.argmax())])


def test_what_fails_is_named_and_the_rest_is_done(
    dan: Path, crop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    (tmp_path / "damaged.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    pictures = [crop, tmp_path / "missing.jpg", tmp_path / "damaged.jpg", PHOTO]
    arguments = ["explain", str(dan), *map(str, pictures), "-o", str(out)]
    assert main([*arguments, "--method", "gradcam++"]) == 1
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("mien: error: ") for line in lines)
    assert "missing.jpg: there is no such file" in lines[0]
    assert "crop.png: no face was found" in lines[1]
    assert "damaged.jpg" in lines[2]
    assert files(out) == {"grid.png", "astronaut.npz", "astronaut.gradcam++.png"}


def test_maps_are_no_pictures_to_explain(
    dan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(PHOTO, tmp_path)
    monkeypatch.chdir(tmp_path)
    arguments = ["explain", str(dan), ".", "--method", "gradcam++"]
    assert main(arguments) == 0
    first = files(tmp_path / "explanations")
    assert main(arguments) == 0
    assert files(tmp_path / "explanations") == first


def test_without_any_face_there_is_no_grid(dan: Path, crop: Path, tmp_path: Path) -> None:
    assert main(["explain", str(dan), str(crop), "-o", str(tmp_path / "out")]) == 1
    assert files(tmp_path / "out") == set()


def test_a_video_is_refused(
    dan: Path, make_clip: Callable[[], Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["explain", str(dan), str(make_clip()), "-o", str(tmp_path / "out")]) == 1
    assert "clip.avi: is a video; mien explain takes pictures" in capsys.readouterr().err


@pytest.fixture
def make_clip(tmp_path: Path) -> Callable[[], Path]:
    def make() -> Path:
        path = tmp_path / "clip.avi"
        size = (64, 64)
        writer = cv2.VideoWriter(
            str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 5, size
        )
        writer.write(np.zeros((*size, 3), np.uint8))
        writer.release()
        return path

    return make


def test_crops_of_one_name_do_not_replace_each_other(dan: Path, crop: Path, tmp_path: Path) -> None:
    twin = tmp_path / "other" / "CROP.png"
    twin.parent.mkdir()
    cv2.imwrite(str(twin), np.full((60, 60, 3), 99, np.uint8))
    out = tmp_path / "out"
    arguments = ["explain", str(dan), str(crop), str(twin), "-o", str(out), "--detector", "none"]
    assert main([*arguments, "--method", "gradcam++", "--class", "fear"]) == 0
    assert {"crop.npz", "CROP-2.npz"} <= files(out)
    with np.load(out / "CROP-2.npz") as numbers:
        assert numbers["gradcam++.class"] == "fear"


def test_without_a_picture_the_methods_are_listed(
    dan: Path, apvit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", str(dan)]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert {"gradcam++", "gradcam++-heads", "attention"} <= {*listed}
    assert "relevance" not in listed
    assert main(["explain", str(apvit)]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert {"gradcam++", "relevance", "patches"} <= {*listed}
    assert "gradcam++-heads" not in listed


def test_patches_are_kept_in_the_numbers_asked_for(apvit: Path, tmp_path: Path) -> None:
    arguments = ["explain", str(apvit), str(PHOTO), "-o", str(tmp_path), "--method", "patches"]
    assert main([*arguments, "--patches", "100,7"]) == 0
    with np.load(tmp_path / "astronaut.npz") as numbers:
        assert numbers["patches.names"].tolist() == ["100 patches", "7 patches"]
        assert numbers["patches"].mean((1, 2)) == pytest.approx([100 / 144, 7 / 144])


@pytest.mark.parametrize("beside", [False, True])
def test_figures_of_the_papers(
    dan: Path,
    apvit: Path,
    beside: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    unpooled = {"keep_patches": None, "keep_rate": 1.0}
    plain = write_checkpoint(tmp_path / "plain.safetensors", "apvit_small", **unpooled)
    for figure, model, other in (("dan-1", dan, dan), ("apvit-7", apvit, plain)):
        arguments = ["explain", str(model), str(PHOTO), "--figure", figure, "-o", str(out)]
        assert main(arguments + ["--beside", str(other)] * beside) == 0
        assert capsys.readouterr().out == f"{out / figure}.png\n"
    assert files(out) == {"dan-1.png", "apvit-7.png"}


def test_a_path_that_cannot_be_one_is_named_and_the_others_are_done(
    dan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["explain", str(dan), "x" * 300 + ".jpg", str(PHOTO), "--method", "gradcam++"]
    assert main([*arguments, "-o", str(tmp_path / "out")]) == 1
    (line,) = (one for one in capsys.readouterr().err.splitlines() if "error" in one)
    assert line.startswith("mien: error: x")
    assert "cannot be read (" in line
    assert {"astronaut.npz", "grid.png"} <= files(tmp_path / "out")


def test_a_figure_of_pooling_is_of_networks_with_and_without(
    apvit: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unpooled = {"keep_patches": None, "keep_rate": 1.0}
    plain = write_checkpoint(tmp_path / "plain.safetensors", "apvit_small", **unpooled)
    soft = write_checkpoint(
        tmp_path / "soft.safetensors", "apvit_small", patch_pooling="soft", **unpooled
    )
    for model, beside, said in (
        (plain, [], "apvit_small-0 keeps all patches"),
        (soft, [], "apvit_small-0 keeps all patches"),
        (apvit, ["--beside", str(apvit)], "is to be the network without pooling, and it pools"),
        (apvit, ["--beside", str(soft)], "is to be the network without pooling, and it pools"),
    ):
        arguments = ["explain", str(model), str(PHOTO), "--figure", "apvit-7", *beside]
        assert main([*arguments, "-o", str(tmp_path / "out")]) == 1
        assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_classes_that_are_no_expressions_are_not_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    groups = OtherClasses(("age 0-2", "age 3-9", "race Black", "race White"))
    network = create_model("resnet", classes=groups, width=4, depths=[1, 1]).eval()
    card = Card(
        name="stem",
        architecture="resnet",
        labels=groups,
        preprocess=FACES,
        arguments={"width": 4, "depths": [1, 1]},
    )
    save_model(network, card, tmp_path / "stem.safetensors")
    arguments = ["explain", str(tmp_path / "stem.safetensors"), str(PHOTO)]
    assert main([*arguments, "-o", str(tmp_path / "out")]) != 0
    assert "are no expressions" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_transfers_ways_of_training_stand_side_by_side(tmp_path: Path) -> None:
    models = [
        write_checkpoint(tmp_path / f"{seed}.safetensors", "transfer_small", seed)
        for seed in range(2)
    ]
    arguments = ["explain", str(models[1]), str(PHOTO), "--figure", "transfer-4"]
    assert main([*arguments, "--beside", str(models[0]), "-o", str(tmp_path / "out")]) == 0
    grid = cv2.imread(str(tmp_path / "out" / "transfer-4.png"))
    assert grid.shape[1] / 3 == pytest.approx(240, abs=2)  # pixels of a column


def test_dans_figure_3_shows_a_data_set(
    dan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = ferplus_copy.write_folders(
        tmp_path / "ferplus", {"FER2013Valid": ferplus_copy.make_faces(60)}
    )
    other = write_checkpoint(
        tmp_path / "other.safetensors", "dan", 1, width=8, depths=[1, 1], heads=2
    )
    arguments = ["explain", str(dan), "--figure", "dan-3", "--data", f"ferplus={root}"]
    for name in ("a", "b"):
        wanted = ["--split", "public-test", "--beside", str(other), "-o", str(tmp_path / name)]
        assert main([*arguments, *wanted]) == 0
    assert capsys.readouterr().out.splitlines()[0] == str(tmp_path / "a" / "dan-3.png")
    figure = (tmp_path / "a" / "dan-3.png").read_bytes()
    assert figure == (tmp_path / "b" / "dan-3.png").read_bytes()
    assert main(arguments) == 2
    assert "needs --split; ferplus has train, public-test" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["PHOTO", "--method", "gradcam"],
            2,
            "no method of explanation is called 'gradcam'; did you mean",
        ),
        (["PHOTO", "--method", "relevance"], 1, "relevance cannot explain dan-0, a dan; it has"),
        (["PHOTO", "--class", "joy"], 2, "no class of dan-0 is called 'joy'"),
        (
            ["PHOTO", "--class", "fear", "--method", "attention"],
            2,
            "--class: attention shows the same for every class",
        ),
        (["PHOTO", "--patches", "3"], 2, "--patches: dan-0 keeps all patches"),
        (["PHOTO", "--patches", "3", "--method", "gradcam++"], 2, "--patches is for --method"),
        (["PHOTO", "--patches", "a,b", "--figure", "apvit-7"], 2, "numbers such as 160,80"),
        (["PHOTO", "--figure", "apvit-7"], 1, "shows an APViT's patches; this is dan-0"),
        (["PHOTO", "--figure", "transfer-4"], 1, "shows TransFERs; this is dan-0"),
        (["PHOTO", "--figure", "dan-1", "--method", "gradcam++"], 2, "leave --method out"),
        (["PHOTO", "--figure", "dan-1", "--class", "fear"], 2, "leave --class out"),
        (["--figure", "dan-1"], 2, "--figure dan-1 needs pictures"),
        (["PHOTO", "--beside", "x.safetensors"], 2, "--beside is for --figure"),
        (["PHOTO", "--data", "ferplus=x"], 2, "--data is for --figure dan-3"),
        (["--figure", "dan-3"], 2, "name it with --data NAME=ROOT"),
        (["PHOTO", "--figure", "dan-3", "--data", "ferplus=x"], 2, "leave the pictures out"),
        (["--figure", "dan-3", "--data", "ferplu=x", "--split", "a"], 2, "no data set is called"),
        (["--figure", "dan-3", "--data", "ferplus=x", "--faces", "0"], 2, "--faces is 0"),
    ],
)
def test_wrong_use_is_one_line(
    dan: Path,
    arguments: list[str],
    code: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    filled = [str(PHOTO) if one == "PHOTO" else one for one in arguments]
    assert main(["explain", str(dan), *filled]) == code
    said = capsys.readouterr().err.strip()
    assert said.startswith("mien: error: ")
    assert message in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("model", "code", "message"),
    [
        ("mien-smal", 1, "there is no checkpoint"),
        ("no.safetensors", 1, "there is no checkpoint"),
        ("no.onnx", 1, "there is no such model file"),
    ],
)
def test_a_model_that_cannot_be_explained_is_named(
    model: str, code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", model, str(PHOTO)]) == code
    assert message in capsys.readouterr().err


def test_a_source_is_never_replaced(
    dan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "grid.png"
    cv2.imwrite(str(source), np.zeros((50, 50, 3), np.uint8))
    before = source.read_bytes()
    arguments = ["explain", str(dan), str(source), "-o", str(tmp_path), "--detector", "none"]
    assert main([*arguments, "--method", "gradcam++"]) == 1
    assert "would replace a picture" in capsys.readouterr().err
    assert source.read_bytes() == before
