"""The mean of checkpoints: its weights, its calibration, its card, and what has no mean."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import ferplus_copy
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from lightning_warnings import IGNORED  # noqa: E402

from mien.cli import main  # noqa: E402
from mien.errors import InputError, ModelError, UnknownName  # noqa: E402
from mien.models import load_model, save_model  # noqa: E402
from mien.models.batch_norms import only_add  # noqa: E402
from mien.training.copies import Copies  # noqa: E402
from mien.training.moved import dataset_of  # noqa: E402
from mien.training.recipes.small import SMALL  # noqa: E402
from mien.training.run import train  # noqa: E402
from mien.training.soup import average, recipe_name  # noqa: E402

pytestmark = IGNORED
TINY = {"stem": 8, "widths": (8, 16), "depths": (1, 1)}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ferplus")
    return ferplus_copy.write_folders(folder, {"FER2013Train": ferplus_copy.make_faces(120)})


@pytest.fixture(scope="module")
def runs(root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two checkpoints; the second went on from the first, with larger faces."""
    folder = tmp_path_factory.mktemp("runs")
    recipe = replace(SMALL.smoke(), options=TINY, average_decay=0.0)
    copies = Copies({"ferplus": root})
    first = train(recipe, copies, folder / "first")
    larger = replace(recipe, preprocess=replace(recipe.preprocess, size=56), seed=3)
    second = train(larger, copies, folder / "second", start=[first])
    return first, second


def test_the_mean_is_of_weights_and_calibrated_on_the_part_that_is_held_out(
    root: Path, runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "mean.safetensors"
    files = [str(path) for path in runs]
    assert main(["average", *files, "-o", str(output), "--data", str(root)]) == 0
    (one, _), (two, last), (mean, card) = (load_model(path) for path in (*runs, output))
    for name, value in mean.state_dict().items():
        first, second = one.state_dict()[name], two.state_dict()[name]
        if value.is_floating_point():
            torch.testing.assert_close(value, (first + second) / 2)
        else:
            assert torch.equal(value, second)
    assert card.preprocess == last.preprocess
    assert card.preprocess.size == 56
    assert card.recipe == SMALL.name
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in runs]
    assert [(one.role, one.name, one.sha256, one.of) for one in card.origins] == [
        ("averaged from", SMALL.name, digests[0], ""),
        ("averaged from", SMALL.name, digests[1], ""),
        ("starts from", SMALL.name, digests[0], digests[1]),
    ]
    assert "averaged" not in card.data
    # The temperature and the accuracy are those of the mean, not of the last one.
    (found,) = card.measurements
    assert found.split.startswith("validation")
    assert 0 < card.temperature != last.temperature
    said = capsys.readouterr().out
    assert f"{output}: {100 * found.values['accuracy']:.1f} % on {found.images} pictures" in said


def test_a_mean_of_one_with_itself_is_that_one(
    root: Path, runs: tuple[Path, Path], tmp_path: Path
) -> None:
    same = tmp_path / "same.safetensors"
    shutil.copy(runs[1], same)
    card = average([same, runs[1]], tmp_path / "mean", Copies({"ferplus": root}))
    network, own = load_model(runs[1])
    mean = load_model(tmp_path / "mean")[0].state_dict()
    assert all(torch.equal(mean[name], one) for name, one in network.state_dict().items())
    assert card.temperature == pytest.approx(own.temperature, rel=1e-4)
    assert card.measurements[0].values["accuracy"] == own.measurements[0].values["accuracy"]


def test_a_mean_of_a_mean_names_each_recipe_once_and_asks_the_last_one(
    root: Path, runs: tuple[Path, Path], tmp_path: Path
) -> None:
    network, card = load_model(runs[0])
    mean = tmp_path / "mean.safetensors"
    save_model(network, replace(card, recipe="nobody + distil.small"), mean)
    copies = Copies({"ferplus": root})
    last = average([runs[1], mean], tmp_path / "last", copies)
    assert last.recipe == "ferplus.small + nobody + distil.small"
    assert last.name == f"{card.name}-average"
    # Nothing is asked of "nobody", and each recipe is named once.
    again = average([mean, tmp_path / "last"], tmp_path / "again", copies)
    assert again.recipe == "nobody + distil.small + ferplus.small"
    assert again.name == last.name


def test_what_has_no_mean_is_refused(root: Path, runs: tuple[Path, Path], tmp_path: Path) -> None:
    copies, output = Copies({"ferplus": root}), tmp_path / "mean.safetensors"
    with pytest.raises(InputError, match="two checkpoints or more"):
        average(runs[:1], output, copies)
    network, card = load_model(runs[0])
    other = tmp_path / "other.safetensors"
    save_model(network, replace(card, arguments={**TINY, "dropout": 0.5}), other)
    with pytest.raises(ModelError, match=r"its arguments are .* only weights of the same network"):
        average([other, runs[0]], output, copies)
    with pytest.raises(InputError, match="is given twice"):
        average([runs[0], runs[1], runs[0]], output, copies)
    colourful = replace(card, preprocess=replace(card.preprocess, colour="rgb"))
    save_model(network, colourful, other)
    with pytest.raises(ModelError, match=r"sees faces with colour rgb, .* with grey; only of"):
        average([other, runs[0]], output, copies)
    save_model(network, replace(card, recipe=""), other)
    with pytest.raises(ModelError, match="names no recipe"):
        average([runs[0], other], output, copies)
    save_model(network, replace(card, recipe="nobody"), other)
    with pytest.raises(UnknownName, match="nobody"):
        average([runs[0], other], output, copies)
    save_model(network, replace(card, measurements=()), other)
    with pytest.raises(ModelError, match="chosen on nothing that its card tells of, and so it may"):
        average([other, runs[0]], output, copies)
    # Of several data sets the card names those that it was measured on.
    (measured,) = card.measurements
    elsewhere = replace(measured, dataset="affwild2", split="val, on which the checkpoint was")
    save_model(network, replace(card, measurements=(elsewhere,)), other)
    with pytest.raises(ModelError, match="what the mean would be measured on, ferplus validation"):
        average([other, runs[0]], output, copies)
    assert not output.exists()


def test_exported_models_have_no_mean(root: Path, runs: tuple[Path, Path], tmp_path: Path) -> None:
    network, card = load_model(runs[0])
    for norm in network.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            only_add(norm, norm.bias.detach().clone())  # as one is read out of an ONNX file
    save_model(network, card, tmp_path / "folded.safetensors")
    with pytest.raises(ModelError, match=r"folded\.safetensors: its batch norms are folded"):
        average(
            (tmp_path / "folded.safetensors", runs[1]),
            tmp_path / "mean",
            Copies({"ferplus": root}),
        )


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"validation_share": "0.3"}, "validation, 30 % held out of train"),
        ({"selection": "test"}, "public-test, on which the checkpoint was chosen"),
    ],
)
def test_it_is_not_measured_on_faces_that_one_has_learned(
    settings: dict[str, str], words: str, runs: tuple[Path, Path], tmp_path: Path
) -> None:
    splits = {
        "FER2013Train": ferplus_copy.make_faces(120),
        "FER2013Valid": ferplus_copy.make_faces(24, seed=1),
    }
    copies = Copies({"ferplus": ferplus_copy.write_folders(tmp_path / "ferplus", splits)})
    recipe = replace(SMALL.smoke(), options=TINY, average_decay=0.0, epochs=1)
    other = train(recipe.with_settings(settings), copies, tmp_path / "other")
    for pair in ((other, runs[0]), (runs[0], other)):
        with pytest.raises(ModelError, match=f"chosen on ferplus {words}, and so"):
            average(pair, tmp_path / "mean", copies)
    assert not (tmp_path / "mean").exists()


def test_a_recipe_that_was_moved_is_found(runs: tuple[Path, Path], tmp_path: Path) -> None:
    network, card = load_model(runs[0])
    path = tmp_path / "moved.safetensors"
    save_model(network, replace(card, recipe="ferplus.small-rafdb"), path)
    assert dataset_of(recipe_name(path)) == "rafdb"
    save_model(network, replace(card, recipe="ferplus.small-nowhere"), path)
    with pytest.raises(UnknownName, match="small-nowhere"):
        dataset_of(recipe_name(path))


def test_without_checkpoints_it_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["average", "-o", "x"]) == 2
    assert "no CHECKPOINT is given" in capsys.readouterr().err
