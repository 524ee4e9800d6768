from pathlib import Path

import ferplus_copy
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mien.card import Card  # noqa: E402
from mien.errors import DataError, InputError, LabelMismatch, NotFound, OutputError  # noqa: E402
from mien.expressions import BASIC7, BASIC8, LabelSet  # noqa: E402
from mien.inference.session import Model  # noqa: E402
from mien.models import create_model, save_model  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402
from mien.training import teachers  # noqa: E402
from mien.training.answers import Answers  # noqa: E402
from mien.training.copies import Copies  # noqa: E402
from mien.training.parts import load_parts  # noqa: E402
from mien.training.recipes import find_recipe  # noqa: E402
from mien.training.teachers import mixed, teacher_targets  # noqa: E402
from mien.zoo import shipped_model  # noqa: E402

OPTIONS = {"stem": 8, "widths": (8, 16), "depths": (1, 1)}
PREPROCESS = Preprocess(size=16, colour="grey")
TURNED = LabelSet(tuple(BASIC8)[::-1])


def teacher(
    path: Path, labels: LabelSet = BASIC8, seed: int = 0, temperature: float = 2.0
) -> tuple[Path, torch.nn.Module]:
    torch.manual_seed(seed)
    network = create_model("small", classes=labels, **OPTIONS).eval()
    for one in network.parameters():  # so that the answers tell faces apart
        torch.nn.init.normal_(one, std=1.0)
    card = Card(
        name="teacher",
        architecture="small",
        arguments=OPTIONS,
        labels=labels,
        preprocess=PREPROCESS,
        temperature=temperature,
    )
    save_model(network, card, path)
    return path, network


def answers_of(network: torch.nn.Module, images: np.ndarray, divisor: float) -> np.ndarray:
    """Probabilities (2, N, M) of faces and of mirrored faces, in float64, one face at a time."""
    views = []
    for view in (images, images[:, :, ::-1]):
        rows = []
        for face in view:
            inputs = torch.from_numpy(PREPROCESS(np.ascontiguousarray(face)))[None].double()
            with torch.inference_mode():
                rows.append((network.double()(inputs).logits / divisor).softmax(1)[0].numpy())
        views.append(rows)
    return np.array(views)


class Files:
    """Pictures that are decoded when they are asked for; one of them cannot be."""

    def __init__(self, images: np.ndarray, damaged: int | None = None) -> None:
        self.images, self.damaged = images, damaged
        self.names = [f"face {row}" for row in range(len(images))]

    def __len__(self) -> int:
        return len(self.images)

    def picture(self, index: int) -> np.ndarray:
        if index == self.damaged:
            raise DataError("cut off")
        return self.images[index]


def test_answers_are_the_mean_over_teachers_and_mirror_images(tmp_path: Path) -> None:
    images = ferplus_copy.make_faces(5)[0]
    one, first = teacher(tmp_path / "one.safetensors")
    two, second = teacher(tmp_path / "two.safetensors", TURNED, 1, temperature=0.5)
    expected = (
        answers_of(first, images, 2.0).mean(0) + answers_of(second, images, 0.5).mean(0)[:, ::-1]
    ) / 2
    found = teacher_targets([one, two], images, BASIC8)
    assert found == pytest.approx(expected, abs=1e-5)
    assert found.std(axis=0).max() > 0.01  # the faces are told apart
    assert found.dtype == np.float32


def test_a_temperature_comes_on_top_of_the_calibration(tmp_path: Path) -> None:
    images = ferplus_copy.make_faces(5)[0]
    path, network = teacher(tmp_path / "one.safetensors")
    expected = answers_of(network, images, 2.0 * 3.0).mean(0)
    found = teacher_targets([path], images, BASIC8, 3.0)
    assert found == pytest.approx(expected, abs=1e-5)
    with pytest.raises(InputError, match="temperature is 0"):
        teacher_targets([path], images, BASIC8, 0.0)


def test_a_runtime_model_teaches_as_it_answers() -> None:
    images = ferplus_copy.make_faces(5)[0]
    model = Model(shipped_model())
    inputs = np.stack([model.card.preprocess(one) for one in images])
    # The mirror image of what the network sees; a mirrored picture is cut by other roundings.
    views = (inputs, np.ascontiguousarray(inputs[..., ::-1]))
    said = [model.probabilities(one).astype(np.float64) for one in views]
    found = teacher_targets([model.path], images, BASIC8)
    assert found == pytest.approx(np.mean(said, axis=0), abs=1e-6)
    softer = [one**0.5 / (one**0.5).sum(axis=1, keepdims=True) for one in said]
    found = teacher_targets([model.path], images, BASIC8, 2.0)
    assert found == pytest.approx(np.mean(softer, axis=0), abs=1e-6)


def test_classes_that_the_student_lacks_are_left_out(tmp_path: Path) -> None:
    images = ferplus_copy.make_faces(5)[0]
    path, network = teacher(tmp_path / "one.safetensors")
    kept = answers_of(network, images, 2.0).mean(0)[:, :7]
    expected = kept / kept.sum(axis=1, keepdims=True)
    assert teacher_targets([path], images, BASIC7) == pytest.approx(expected, abs=1e-5)


def test_a_teacher_that_lacks_a_class_is_refused(tmp_path: Path) -> None:
    path, _ = teacher(tmp_path / "seven.safetensors", BASIC7)
    with pytest.raises(LabelMismatch, match=r"seven\.safetensors.*lacks contempt"):
        teacher_targets([path], ferplus_copy.make_faces(2)[0], BASIC8)


def test_without_a_teacher_there_are_no_answers(tmp_path: Path) -> None:
    images = ferplus_copy.make_faces(2)[0]
    with pytest.raises(DataError, match="--teacher"):
        teacher_targets([], images, BASIC8)
    with pytest.raises(NotFound, match=r"none\.safetensors"):
        teacher_targets([tmp_path / "none.safetensors"], images, BASIC8)


def test_pictures_are_read_when_they_are_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teachers, "_BATCH", 4)
    images = ferplus_copy.make_faces(10)[0]
    path, _ = teacher(tmp_path / "one.safetensors")
    seen: list[tuple[int, int]] = []
    found = teacher_targets(
        [path, path], Files(images), BASIC8, progress=lambda *done: seen.append(done)
    )
    assert np.array_equal(found, teacher_targets([path, path], images, BASIC8))
    assert seen == [(4, 20), (8, 20), (10, 20), (14, 20), (18, 20), (20, 20)]


def test_the_answer_for_a_damaged_picture_is_its_replacements(tmp_path: Path) -> None:
    images = ferplus_copy.make_faces(4)[0]
    path, _ = teacher(tmp_path / "one.safetensors")
    found = teacher_targets([path], Files(images, damaged=1), BASIC8)
    expected = teacher_targets([path], images[[0, 2, 2, 3]], BASIC8)
    assert np.array_equal(found, expected)


def test_another_number_of_threads_changes_nothing_where_answers_are_kept(tmp_path: Path) -> None:
    images = ferplus_copy.make_faces(40)[0]
    path, _ = teacher(tmp_path / "one.safetensors")
    plain = teacher_targets([path], images, BASIC8)
    assert np.array_equal(plain, teacher_targets([path], images, BASIC8))
    first = teacher_targets([path], images, BASIC8, folder=tmp_path / "run")
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        again = teacher_targets([path], images, BASIC8, folder=tmp_path / "run")
    finally:
        torch.set_num_threads(threads)
    assert np.array_equal(first, plain)
    assert np.array_equal(first, again)


def test_kept_answers_are_not_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = ferplus_copy.make_faces(10)[0]
    path, _ = teacher(tmp_path / "one.safetensors")
    folder = tmp_path / "run"
    first = teacher_targets([path], images, BASIC8, folder=folder)
    (file,) = folder.iterdir()
    calls = []

    def silent(_: object, images: torch.Tensor) -> None:
        calls.append(len(images))

    monkeypatch.setattr("mien.models.small.SmallResNet.forward", silent)
    assert np.array_equal(teacher_targets([path], images, BASIC8, folder=folder), first)
    # Another temperature is another division of the same answers.
    teacher_targets([path], images, BASIC8, 2.0, folder=folder)
    assert calls == []
    # Another face is another question; so is another teacher under the same name.
    with pytest.raises(AttributeError):
        teacher_targets([path], images[::-1].copy(), BASIC8, folder=folder)
    teacher(path, seed=1)
    with pytest.raises(AttributeError):
        teacher_targets([path], images, BASIC8, folder=folder)
    assert calls == [10, 10]
    assert list(folder.iterdir()) == [file]


def test_a_damaged_file_of_answers_is_begun_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    images = ferplus_copy.make_faces(10)[0]
    path, _ = teacher(tmp_path / "one.safetensors")
    first = teacher_targets([path], images, BASIC8, folder=tmp_path / "run")
    (file,) = (tmp_path / "run").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:100])
    assert np.array_equal(teacher_targets([path], images, BASIC8, folder=tmp_path / "run"), first)
    assert "asked again" in caplog.text
    assert file.read_bytes() == whole


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    path, _ = teacher(tmp_path / "one.safetensors")
    with pytest.raises(OutputError, match=r"teacher-.*cannot be written"):
        teacher_targets([path], ferplus_copy.make_faces(2)[0], BASIC8, folder=tmp_path / "run")


def test_answers_are_written_while_they_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien.training.answers._SECONDS_BETWEEN_WRITES", -1.0)
    kept = Answers(tmp_path / "kept.safetensors")
    kept.get(np.float32([1]), lambda: np.float32([2]))
    again = Answers(tmp_path / "kept.safetensors")  # as after a kill

    def ask() -> np.ndarray:
        raise AssertionError

    assert again.get(np.float32([1]), ask) == [2]


def test_labels_and_answers_are_mixed_by_share() -> None:
    answers = np.float32([[0.2, 0.8], [0.5, 0.5]])
    votes = np.float32([[1.0, 0.0], [0.6, 0.4]])
    assert mixed(votes, answers, 0.25) == pytest.approx(
        np.array([[0.8, 0.2], [0.575, 0.425]]), abs=1e-6
    )
    assert mixed(np.array([1, 0]), answers, 0.5) == pytest.approx(
        np.array([[0.1, 0.9], [0.75, 0.25]]), abs=1e-6
    )
    assert np.array_equal(mixed(votes, answers, 0.0), votes)
    assert np.array_equal(mixed(votes, answers, 1.0), answers)
    assert mixed(votes, answers, 0.3).dtype == np.float32


def test_what_does_not_fit_is_not_mixed() -> None:
    answers = np.float32([[0.2, 0.8], [0.5, 0.5]])
    with pytest.raises(InputError, match=r"share is 1\.5"):
        mixed(answers, answers, 1.5)
    with pytest.raises(DataError, match=r"\(3,\) do not fit"):
        mixed(np.array([0, 1, 1]), answers, 0.5)
    with pytest.raises(DataError, match=r"\(2, 3\) do not fit"):
        mixed(np.zeros((2, 3)), answers, 0.5)


def test_teachers_that_nobody_listens_to_are_refused(tmp_path: Path) -> None:
    recipe = find_recipe("ferplus.small")
    with pytest.raises(DataError, match="takes nothing from teachers; set teacher_share"):
        load_parts(recipe, Copies(), [tmp_path / "teacher.safetensors"])
    with pytest.raises(DataError, match="faces without labels, too: --unlabelled ROOT"):
        load_parts(find_recipe("selftrain.small"), Copies(), [tmp_path / "teacher.safetensors"])
