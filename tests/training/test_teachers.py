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
from mien.data.fairface import FairFace  # noqa: E402
from mien.errors import DataError, ModelError  # noqa: E402
from mien.expressions import BASIC8, LabelSet  # noqa: E402
from mien.models import create_model, load_model, save_model  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402
from mien.training.parts import load_parts  # noqa: E402
from mien.training.recipe import Recipe  # noqa: E402
from mien.training.run import train  # noqa: E402
from mien.training.teachers import teacher_targets  # noqa: E402

pytestmark = IGNORED
OPTIONS = {"stem": 8, "widths": (8, 16), "depths": (1, 1)}
TAUGHT = Recipe(
    name="taught",
    model="small",
    options=OPTIONS,
    preprocess=Preprocess(size=16, colour="grey"),
    teacher_share=0.25,
    validation_share=0.3,
)


def teacher(path: Path, labels: LabelSet, seed: int) -> tuple[Path, torch.nn.Module]:
    torch.manual_seed(seed)
    network = create_model("small", classes=labels, **OPTIONS).eval()
    card = Card(
        name="teacher",
        architecture="small",
        arguments=OPTIONS,
        labels=labels,
        preprocess=TAUGHT.preprocess,
        temperature=2.0,
    )
    save_model(network, card, path)
    return path, network


def test_answers_are_the_mean_over_teachers_and_mirror_images(tmp_path: Path) -> None:
    images = ferplus_copy.make_faces(5)[0]
    turned = LabelSet(tuple(BASIC8)[::-1])
    one, first = teacher(tmp_path / "one.safetensors", BASIC8, 0)
    two, second = teacher(tmp_path / "two.safetensors", turned, 1)
    expected = np.zeros((5, 8))
    for network, order in ((first, slice(None)), (second, slice(None, None, -1))):
        for view in (images, images[:, :, ::-1]):
            cuts = np.stack([TAUGHT.preprocess.cut(np.ascontiguousarray(face)) for face in view])
            inputs = torch.from_numpy(TAUGHT.preprocess.normalise(cuts))
            with torch.inference_mode():
                answer = (network(inputs).logits.double() / 2).softmax(1).numpy()
            expected += answer[:, order] / 4
    assert teacher_targets([one, two], images, BASIC8) == pytest.approx(expected, abs=2e-3)


def test_targets_are_votes_and_answers_by_share(tmp_path: Path) -> None:
    root = ferplus_copy.write_folders(
        tmp_path / "ferplus", {"FER2013Train": ferplus_copy.make_faces(40)}
    )
    path, _ = teacher(tmp_path / "one.safetensors", BASIC8, 0)
    plain = load_parts(replace(TAUGHT, teacher_share=0.0), root)
    mixed = load_parts(TAUGHT, root, [path])
    answers = teacher_targets([path], plain.train_images, BASIC8)
    assert mixed.train_targets == pytest.approx(
        0.75 * plain.train_targets + 0.25 * answers, abs=1e-6
    )
    assert np.array_equal(mixed.validation_targets, plain.validation_targets)
    with pytest.raises(DataError, match="--teacher"):
        load_parts(TAUGHT, root)
    with pytest.raises(DataError, match="soft targets"):
        load_parts(replace(TAUGHT, targets="hard"), root, [path])


def test_a_run_with_another_start_is_not_continued(tmp_path: Path) -> None:
    root = ferplus_copy.write_folders(
        tmp_path / "ferplus", {"FER2013Train": ferplus_copy.make_faces(40)}
    )
    one, _ = teacher(tmp_path / "one.safetensors", BASIC8, 0)
    two, _ = teacher(tmp_path / "two.safetensors", BASIC8, 1)
    recipe = replace(TAUGHT, teacher_share=0.0, batch=8, epochs=1, workers=0, precision="32-true")
    train(recipe, root, tmp_path / "run", start=[one])
    with pytest.raises(DataError, match="start and teachers"):
        train(recipe, root, tmp_path / "run", start=[two])


def test_a_start_of_another_network_is_refused(tmp_path: Path) -> None:
    root = ferplus_copy.write_folders(
        tmp_path / "ferplus", {"FER2013Train": ferplus_copy.make_faces(40)}
    )
    path, _ = teacher(tmp_path / "one.safetensors", BASIC8, 0)
    other = replace(TAUGHT, teacher_share=0.0, options={**OPTIONS, "stem": 4}, batch=8)
    with pytest.raises(ModelError, match=r"one\.safetensors: does not fill SmallResNet"):
        train(other, root, tmp_path / "run", start=[path])


def test_a_start_is_taken_and_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = ferplus_copy.write_folders(
        tmp_path / "ferplus", {"FER2013Train": ferplus_copy.make_faces(40)}
    )
    path, network = teacher(tmp_path / "one.safetensors", BASIC8, 0)
    still = replace(
        TAUGHT, teacher_share=0.0, batch=8, epochs=1, workers=0, precision="32-true",
        learning_rate=1e-12, average_decay=0.0, weight_decay=0.0,
    )  # fmt: skip
    with caplog.at_level("INFO", "mien"):
        trained = train(still, root, tmp_path / "run", start=[path])
    weights = dict(load_model(trained)[0].named_parameters())
    for name, value in network.named_parameters():
        assert weights[name].detach().numpy() == pytest.approx(value.detach().numpy(), abs=1e-6)
    assert "0 skipped, 0 missing" in caplog.text
    lines = (tmp_path / "run" / "start.txt").read_text().splitlines()
    assert f"taken: {next(iter(weights))}" in lines


def test_faces_without_labels_are_learned_from_the_teacher_alone(tmp_path: Path) -> None:
    root = ferplus_copy.write_folders(
        tmp_path / "ferplus", {"FER2013Train": ferplus_copy.make_faces(40)}
    )
    other = fairface_copy.write(tmp_path / "fairface", 6)
    path, _ = teacher(tmp_path / "one.safetensors", BASIC8, 0)
    plain = load_parts(TAUGHT, root, [path])
    joined = load_parts(TAUGHT, root, [path], other)
    number = len(plain.train_images)
    assert len(joined.train_images) == number + 6
    assert np.array_equal(joined.train_images[:number], plain.train_images)
    assert joined.train_targets[:number] == pytest.approx(plain.train_targets)
    faces = FairFace(other).faces(replace(TAUGHT.preprocess, size=48, colour="grey"))
    assert np.array_equal(joined.train_images[number:], faces)
    expected = teacher_targets([path], faces, BASIC8)
    assert joined.train_targets[number:] == pytest.approx(expected)
    assert np.array_equal(joined.validation_images, plain.validation_images)
    with pytest.raises(DataError, match="--teacher"):
        load_parts(replace(TAUGHT, teacher_share=0.0), root, [], other)
    with pytest.raises(DataError, match="soft targets"):
        load_parts(replace(TAUGHT, teacher_share=0.0, targets="hard"), root, [path], other)
