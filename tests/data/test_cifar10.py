import pickle
from pathlib import Path

import more_copies
import numpy as np
import pytest

from mien.data.cifar10 import CIFAR10
from mien.errors import DataError, NotFound, UnknownName
from mien.expressions import BASIC8
from mien.preprocess import Preprocess

TRAIN = tuple(f"data_batch_{number}" for number in range(1, 6))
RECORDS = {name: more_copies.cifar10_records(20, seed) for seed, name in enumerate(TRAIN)}
RECORDS["test_batch"] = more_copies.cifar10_records(30, 9)


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    more_copies.write_cifar10_binary(tmp_path / "binary/cifar-10-batches-bin", RECORDS)
    return tmp_path / "binary"


@pytest.fixture
def python(tmp_path: Path) -> Path:
    more_copies.write_cifar10_python(tmp_path / "python/cifar-10-batches-py", RECORDS)
    return tmp_path / "python"


def test_both_layouts_give_the_pictures_that_were_written(binary: Path, python: Path) -> None:
    roots = (
        *(binary, python, binary / "cifar-10-batches-bin", python / "cifar-10-batches-py"),
        *(more_copies.zipped(binary), more_copies.zipped(python)),
    )
    for root in roots:
        train, test = CIFAR10(root), CIFAR10(root, "test")
        assert np.array_equal(train.images, np.concatenate([RECORDS[one][1] for one in TRAIN]))
        assert train.table.classes.tolist() == [*range(10)] * 10
        assert np.array_equal(test.picture(29), RECORDS["test_batch"][1][29])
        assert test[29].label == 9
        assert test.names[29] == "test_batch/00029"
        assert train.names[20] == "data_batch_2/00000"


def test_fingerprint_is_of_the_content(binary: Path, python: Path) -> None:
    before = CIFAR10(binary).fingerprint
    assert CIFAR10(python).fingerprint == before
    file = binary / "cifar-10-batches-bin/data_batch_3.bin"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    assert CIFAR10(binary).fingerprint != before


def test_classes_are_no_expressions(binary: Path) -> None:
    data = CIFAR10(binary)
    assert data.class_names[0] == "airplane"
    assert data.class_names[9] == "truck"
    assert len(set(data.class_names)) == 10
    with pytest.raises(DataError, match="CIFAR-10 has no expressions"):
        data.classes_in(BASIC8)


def test_published_sizes_and_pixels_for_the_papers_network(binary: Path) -> None:
    sizes = {one.split: (one.images, sum(one.classes.values())) for one in CIFAR10.published}
    assert sizes == {"train": (50_000, 50_000), "test": (10_000, 10_000)}
    assert all(tuple(one.classes) == CIFAR10(binary).class_names for one in CIFAR10.published)
    mean, std = (125.307, 122.961, 113.8575), (51.5865, 50.847, 51.255)
    preprocess = Preprocess(
        size=112,
        mean=tuple(value / 255 for value in mean),
        std=tuple(value / 255 for value in std),
    )
    picture = CIFAR10(binary).picture(0)
    assert picture.shape == (32, 32, 3)
    face = preprocess(picture)
    assert face.shape == (3, 112, 112)
    expected = (picture.reshape(-1, 3).mean(axis=0) - mean) / std
    assert face.mean(axis=(1, 2)) == pytest.approx(expected, abs=0.1)


def test_true_size_of_the_test_split(tmp_path: Path) -> None:
    classes = np.arange(10_000) % 10
    images = np.broadcast_to(np.uint8(7), (10_000, 32, 32, 3))
    more_copies.write_cifar10_binary(tmp_path, {"test_batch": (classes, images)}, exist_ok=True)
    assert (tmp_path / "test_batch.bin").stat().st_size == 30_730_000
    data = CIFAR10(tmp_path, "test")
    assert np.bincount(data.table.classes).tolist() == [1_000] * 10
    (tmp_path / "test_batch.bin").unlink()


def test_pickles_run_nothing(python: Path, tmp_path: Path) -> None:
    witness = tmp_path / "witness"

    class Bad:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return Path.touch, (witness,)

    file = python / "cifar-10-batches-py/test_batch"
    file.write_bytes(pickle.dumps({b"labels": [0], b"data": Bad()}, protocol=2))
    with pytest.raises(
        DataError, match=r"test_batch is not a batch .* names .*, which is not allowed"
    ):
        CIFAR10(python, "test")
    assert not witness.exists()
    for name in (b"os\nsystem", b"builtins\neval", b"numpy.testing\nrundocs", b"numpy\nload"):
        file.write_bytes(b"c" + name + b"\n(S'0'\ntR.")
        with pytest.raises(DataError, match="not allowed"):
            CIFAR10(python, "test")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pickle",
        pickle.dumps([1, 2], protocol=2),
        pickle.dumps({b"labels": [0]}, protocol=2),
        pickle.dumps({b"labels": [0], b"data": b"x" * 3072}, protocol=2),
        pickle.dumps({b"labels": ["cat"], b"data": np.zeros((1, 3072), np.uint8)}, protocol=2),
        pickle.dumps({b"labels": [0, 1], b"data": np.zeros((1, 3072), np.uint8)}, protocol=2),
        pickle.dumps({b"labels": [0], b"data": np.zeros((1, 3072), np.float32)}, protocol=2),
        pickle.dumps({b"labels": [0], b"data": np.zeros((1, 3071), np.uint8)}, protocol=2),
        pickle.dumps({b"labels": [0], b"data": np.zeros((1, 3072), object)}, protocol=2),
    ],
)
def test_damaged_pickles_are_named(content: bytes, python: Path) -> None:
    (python / "cifar-10-batches-py/test_batch").write_bytes(content)
    with pytest.raises(DataError, match="test_batch is not a batch of CIFAR-10"):
        CIFAR10(python, "test")


def test_cut_off_pickle_is_named(python: Path) -> None:
    file = python / "cifar-10-batches-py/test_batch"
    data = file.read_bytes()
    for length in range(1, len(data), len(data) // 50):
        file.write_bytes(data[:length])
        with pytest.raises(DataError, match="test_batch is not a batch of CIFAR-10"):
            CIFAR10(python, "test")


def test_columns_first_and_newer_pickles(python: Path) -> None:
    classes, images = RECORDS["test_batch"]
    planes = np.asfortranarray(images.transpose(0, 3, 1, 2).reshape(len(images), -1))
    file = python / "cifar-10-batches-py/test_batch"
    file.write_bytes(pickle.dumps({"labels": classes.tolist(), "data": planes}, protocol=2))
    assert np.array_equal(CIFAR10(python, "test").images, images)


def test_damaged_records_are_named(binary: Path) -> None:
    file = binary / "cifar-10-batches-bin/data_batch_2.bin"
    data = file.read_bytes()
    file.write_bytes(data[:-1])
    with pytest.raises(DataError, match=r"data_batch_2\.bin has 61459 bytes"):
        CIFAR10(binary)
    file.write_bytes(data[:3073] + b"\x0a" + data[3074:])
    with pytest.raises(DataError, match=r"data_batch_2\.bin: picture 1 has the class 10"):
        CIFAR10(binary)
    file.unlink()
    with pytest.raises(DataError, match=r"data_batch_2\.bin is missing"):
        CIFAR10(binary)
    assert len(CIFAR10(binary, "test")) == 30


def test_wrong_copies(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        CIFAR10(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"neither data_batch_1\.bin nor data_batch_1 is here"):
        CIFAR10(tmp_path)
    with pytest.raises(UnknownName, match="split of CIFAR-10"):
        CIFAR10(tmp_path, "val")
    (tmp_path / "cifar-100-python").mkdir()
    (tmp_path / "cifar-100-python/train").write_bytes(b"")
    with pytest.raises(DataError, match="CIFAR-100"):
        CIFAR10(tmp_path)
