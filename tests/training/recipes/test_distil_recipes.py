from dataclasses import replace
from pathlib import Path

import fairface_copy
import ferplus_copy
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from lightning_warnings import IGNORED  # noqa: E402

from mien.card import Card  # noqa: E402
from mien.data.loading.augmentation_steps import Sometimes  # noqa: E402
from mien.data.loading.faces import FaceDataset  # noqa: E402
from mien.errors import DataError  # noqa: E402
from mien.expressions import BASIC8  # noqa: E402
from mien.models import create_model, load_model, save_model  # noqa: E402
from mien.models.cost import count  # noqa: E402
from mien.training.copies import Copies  # noqa: E402
from mien.training.recipes import distil  # noqa: E402
from mien.training.recipes.baseline import RESNET18  # noqa: E402
from mien.training.recipes.small import SMALL  # noqa: E402
from mien.training.run import train  # noqa: E402

pytestmark = IGNORED
TINY = {"stem": 8, "widths": (8, 16), "depths": (1, 1)}


@pytest.mark.parametrize(
    ("recipe", "base"),
    [
        (distil.DISTIL, SMALL),
        (distil.SELFTRAIN, SMALL),
        (distil.DISTIL_RESNET18, RESNET18),
        (distil.SELFTRAIN_RESNET18, RESNET18),
    ],
    ids=lambda one: one.name,
)
def test_students_have_network_faces_and_loss_of_what_they_are_compared_with(recipe, base) -> None:
    same = {
        "name": base.name,
        "teacher_share": base.teacher_share,
        "unlabelled": base.unlabelled,
        "epochs": base.epochs,
        "workers": base.workers,
        "options": base.options,
        "augmentation": base.augmentation,
    }
    if recipe is distil.DISTIL:
        same["optimiser"] = base.optimiser
    assert replace(recipe, **same) == base
    assert recipe.teacher_share > 0 or recipe.unlabelled
    assert {**recipe.options, "dropout": 0} == {**base.options, "dropout": 0}
    # Answers are distributions; mixed into single classes they would teach another thing.
    assert recipe.targets == "soft"


def test_distilled_students_share_and_self_trained_ones_keep_their_labels() -> None:
    shares = {one.name: one.teacher_share for one in distil.ALL}
    assert shares == {
        "distil.small": 0.5,
        "distil.deeper": 0.65,
        "distil.finer": 0.65,
        "distil.finer-fairface": 0.65,
        "distil.damaged": 0.65,
        "distil.robust": 0.65,
        "distil.resnet18": 0.5,
        "selftrain.small": 0.0,
        "selftrain.resnet18": 0.0,
    }


def test_the_one_with_fairface_differs_in_its_faces_alone() -> None:
    first = ("name", "starts_from", "epochs", "workers")
    faces = {"unlabelled": False, "unlabelled_per_class": 0}
    same = {name: getattr(distil.FINER, name) for name in first}
    assert replace(distil.FINER_FAIRFACE, **same, **faces) == distil.FINER


@pytest.mark.parametrize("recipe", [distil.DAMAGED, distil.ROBUST], ids=lambda one: one.name)
def test_damage_is_all_that_the_robust_ones_see_beside_what_others_see(recipe) -> None:
    (damage,) = (one for one in recipe.augmentation.steps if isinstance(one, Sometimes))
    rest = tuple(one for one in recipe.augmentation.steps if one is not damage)
    assert rest == distil.MORE_VARIED.steps
    # What erases stays the last.
    assert recipe.augmentation.steps[-2] is damage
    assert 0.3 <= damage.probability <= 0.6
    before = distil.DISTIL if recipe is distil.DAMAGED else distil.FINER
    same = ("name", "starts_from", "teacher_share", "augmentation", "optimiser", "epochs")
    own = (*same, "average_decay")
    assert replace(recipe, **{name: getattr(before, name) for name in own}) == before


@pytest.mark.parametrize("recipe", [distil.DEEPER, distil.FINER], ids=lambda one: one.name)
def test_a_next_generation_is_one_that_may_be_shipped(recipe) -> None:
    same = ("name", "teacher_share", "augmentation", "epochs")
    own = ("options",) if recipe is distil.DEEPER else ("preprocess", "optimiser", "starts_from")
    first = {name: getattr(distil.DISTIL, name) for name in (*same, *own)}
    assert replace(recipe, **first) == distil.DISTIL
    network = create_model(recipe.model, classes=8, **recipe.options)
    # What a shipped model may cost a face, and a size that fits 12 MB in 8 bits with room.
    cost = count(network, recipe.preprocess.size)
    assert cost.multiply_adds <= 0.35e9
    assert cost.parameters <= 6e6


def test_a_self_trained_student_sees_harder_pictures_than_its_teacher() -> None:
    images = ferplus_copy.make_faces(48)[0]
    targets = np.zeros(len(images), np.int64)
    still = FaceDataset(images, targets, SMALL.preprocess).__getitems__(range(48)).images

    def change(augmentation) -> float:
        varied = FaceDataset(images, targets, SMALL.preprocess, augmentation)
        found = varied.__getitems__([(0, row) for row in range(48)]).images
        assert found.isfinite().all()
        # Grey stays grey, and within what a picture can be.
        assert torch.equal(found[:, 0], found[:, 1])
        assert found.min() >= -2.001
        assert found.max() <= 2.001
        return float((found - still).abs().mean())

    assert change(distil.NOISE) > 1.3 * change(SMALL.augmentation)


def teacher(path: Path, bias: float) -> Path:
    """One that takes every face for happy, the more so the larger the bias."""
    network = create_model("small", classes=BASIC8, **TINY)
    for one in network.parameters():
        torch.nn.init.zeros_(one)
    with torch.no_grad():
        network.classifier.bias[1] = bias
    card = Card(
        name="teacher",
        architecture="small",
        arguments=TINY,
        labels=BASIC8,
        preprocess=SMALL.preprocess,
    )
    save_model(network, card, path)
    return path


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Copies:
    folder = tmp_path_factory.mktemp("ferplus")
    root = ferplus_copy.write_folders(folder, {"FER2013Train": ferplus_copy.make_faces(120)})
    return Copies({"ferplus": root})


def small(recipe):
    """The smoke size, of a tiny network."""
    return replace(recipe.smoke(), options=TINY, average_decay=0.0)


def test_a_student_learns_what_its_teachers_say(copies: Copies, tmp_path: Path) -> None:
    happy = teacher(tmp_path / "happy.safetensors", 12.0)
    faces = fairface_copy.write(tmp_path / "fairface", 6)
    recipe = replace(small(distil.FINER_FAIRFACE), teacher_share=1.0, epochs=4)
    recipe = recipe.with_settings({"optimiser.learning_rate": "0.05"})
    train(recipe, copies, tmp_path / "run", teachers=[happy], unlabelled=faces)
    # The last epoch: the best is the one that agrees least with such a teacher.
    network, card = load_model(tmp_path / "run" / "last.safetensors")
    images, _ = ferplus_copy.make_faces(20, seed=9)
    inputs = card.preprocess.normalise(np.stack([card.preprocess.cut(one) for one in images]))
    answers = network(torch.from_numpy(inputs)).logits.argmax(1)
    assert (answers == BASIC8.index("happiness")).all()
    assert "FairFace" in card.data
    assert [(one.role, one.name) for one in card.origins] == [("taught by", "teacher")]


def test_a_run_in_pieces_has_the_weights_of_a_whole_one(copies: Copies, tmp_path: Path) -> None:
    one = teacher(tmp_path / "one.safetensors", 2.0)
    recipe = small(distil.DISTIL)
    whole = train(recipe, copies, tmp_path / "whole", teachers=[one])
    pieces = 1
    while train(recipe, copies, tmp_path / "cut", teachers=[one], minutes=1e-9) is None:
        pieces += 1
    assert pieces > 2
    first = load_model(whole)[0].state_dict()
    second = load_model(tmp_path / "cut" / "model.safetensors")[0].state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_another_teacher_is_another_run(copies: Copies, tmp_path: Path) -> None:
    one = teacher(tmp_path / "one.safetensors", 2.0)
    two = teacher(tmp_path / "two.safetensors", 3.0)
    recipe = small(distil.DISTIL)
    train(recipe, copies, tmp_path / "run", teachers=[one], minutes=1e-9)
    with pytest.raises(DataError, match="another"):
        train(recipe, copies, tmp_path / "run", teachers=[two])
    with pytest.raises(DataError, match="--teacher"):
        train(recipe, copies, tmp_path / "other")
