from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import ferplus_copy
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from lightning_warnings import IGNORED  # noqa: E402

from mien.data.ferplus import FERPlus  # noqa: E402
from mien.data.loading.augmentation import Augmentation  # noqa: E402
from mien.data.loading.augmentation_steps import MIDDLE_GREY, Affine, Erasing  # noqa: E402
from mien.data.preparing.alignment import face_preprocess  # noqa: E402
from mien.data.preparing.prepare import prepare  # noqa: E402
from mien.errors import DataError  # noqa: E402
from mien.expressions import BASIC8  # noqa: E402
from mien.models import load_model  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402
from mien.training.parts import load_parts  # noqa: E402
from mien.training.recipe import Recipe  # noqa: E402
from mien.training.run import loaders, train  # noqa: E402

TINY = Recipe(
    name="tiny",
    model="small",
    options={"stem": 8, "widths": (8, 16), "depths": (1, 1), "dropout": 0.2},
    preprocess=Preprocess(size=16, colour="grey"),
    augmentation=Augmentation(steps=(Affine(degrees=5), Erasing(0.3, value=MIDDLE_GREY))),
    validation_share=0.2,
    epochs=4,
    batch=16,
    learning_rate=0.2,
    average_decay=0.8,
    precision="32-true",
    workers=0,
)
# What a user's console prints of Lightning's own is no concern of these tests.
pytestmark = IGNORED


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ferplus")
    return ferplus_copy.write_folders(folder, {"FER2013Train": ferplus_copy.make_faces(240)})


@pytest.fixture(scope="module")
def undisturbed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(TINY, root, tmp_path_factory.mktemp("undisturbed"))


def same_weights(one: Path, other: Path) -> bool:
    first, second = (load_model(path)[0].state_dict() for path in (one, other))
    return all(torch.equal(first[name], second[name]) for name in first)


def test_it_learns_and_leaves_a_card(undisturbed: Path) -> None:
    _, card = load_model(undisturbed)
    (measured,) = card.measurements
    assert measured.values["accuracy"] > 0.5  # an eighth by chance
    assert measured.images > 20
    assert card.labels == BASIC8
    assert card.preprocess == TINY.preprocess
    assert (card.recipe, card.seed) == ("tiny", 0)
    assert card.temperature != 1.0
    assert "research" in card.data_licence


def test_another_seed_gives_other_weights(root: Path, undisturbed: Path, tmp_path: Path) -> None:
    assert not same_weights(train(replace(TINY, seed=1), root, tmp_path), undisturbed)


def test_a_killed_run_ends_with_the_same_weights(
    root: Path, undisturbed: Path, tmp_path: Path
) -> None:
    program = (
        "import sys; sys.path[:0] = sys.argv[3:]\n"
        "from pathlib import Path; from test_run import TINY; from mien.training.run import train\n"
        "train(TINY, Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    paths = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]
    command = [sys.executable, "-c", program, str(root), str(tmp_path), *paths]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    last = tmp_path / "last.ckpt"
    while not last.is_file() and process.poll() is None:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert last.is_file()
    assert same_weights(train(TINY, root, tmp_path), undisturbed)


def test_workers_change_nothing(root: Path, undisturbed: Path, tmp_path: Path) -> None:
    # The recipe is noted in the checkpoint, so only the weights are compared.
    assert same_weights(train(replace(TINY, workers=1), root, tmp_path), undisturbed)


def test_a_run_of_another_recipe_is_not_continued(
    root: Path, undisturbed: Path, tmp_path: Path
) -> None:
    del undisturbed
    short = replace(TINY, epochs=1)
    train(short, root, tmp_path)
    with pytest.raises(DataError, match="another recipe than tiny"):
        train(replace(short, learning_rate=0.1), root, tmp_path)
    train(replace(short, learning_rate=0.1), root, tmp_path, resume=False)


def test_a_batch_larger_than_the_data_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a batch of 512 is larger"):
        train(replace(TINY, batch=512), root, tmp_path)


def test_parts_do_not_overlap_and_hard_labels_are_the_winners(root: Path) -> None:
    soft, hard = load_parts(TINY, root), load_parts(replace(TINY, targets="hard"), root)
    assert np.array_equal(soft.train_targets.argmax(axis=1), hard.train_targets)
    both = np.concatenate([soft.train_images, soft.validation_images])
    assert len(both) == len(FERPlus(root))
    assert len(np.unique(both.reshape(len(both), -1), axis=0)) == len(both)
    assert 0.1 < len(soft.validation_images) / len(both) < 0.3


def test_a_copy_with_too_few_pictures_is_named_in_the_log_and_on_the_card(
    root: Path, undisturbed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sentence = "FER+ train: 240 pictures, 28,318 fewer than the 28,558 of label.csv of FER+"
    assert f"{sentence}; an incomplete copy" in load_model(undisturbed)[1].data
    load_parts(TINY, root)
    assert [one.levelname for one in caplog.records if sentence in one.message] == ["WARNING"]


def test_of_a_prepared_copy_the_card_cuts_faces_as_the_copy_was_cut(
    root: Path, tmp_path: Path
) -> None:
    prepare(FERPlus(root), tmp_path, detector="none", jobs=1)
    parts, cut = load_parts(TINY, tmp_path), face_preprocess(112, "square")
    assert cut.scale != TINY.preprocess.scale
    assert parts.preprocess == replace(TINY.preprocess, scale=cut.scale, shift=cut.shift)
    assert parts.train_images.shape[1:] == (112, 112)
    assert any("prepared copy, faces cut anew (112 pixels, square)" in one for one in parts.notes)


def test_nothing_is_trained_on_a_copy_that_lacks_files(tmp_path: Path) -> None:
    copy = ferplus_copy.write_folders(tmp_path, {"FER2013Train": ferplus_copy.make_faces(24)})
    (copy / "FER2013Train" / "fer0000007.png").unlink()
    with pytest.raises(DataError, match=r"1 of 24 pictures are missing, such as fer0000007\.png"):
        load_parts(TINY, copy)


@pytest.mark.parametrize("targets", ["soft", "hard"])
def test_the_recipe_says_how_faces_are_drawn(root: Path, targets: str) -> None:
    recipe = replace(TINY, sampling="up-sampled", targets=targets, batch=1)
    loader, _ = loaders(recipe, load_parts(recipe, root))
    labels = [int(target.argmax() if targets == "soft" else target) for _, (target,) in loader]
    assert len(set(np.bincount(labels).tolist())) == 1
