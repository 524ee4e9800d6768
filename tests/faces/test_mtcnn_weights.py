from __future__ import annotations

import io
import pickle
import sys
from importlib import metadata
from pathlib import Path

import lz4.frame
import numpy as np
import pytest

from mien.errors import ModelError
from mien.faces import mtcnn_weights
from mien.faces.mtcnn_weights import decode, read_weights, weight_file


def test_shapes_are_those_of_the_paper() -> None:
    # Figure 2 of the paper: kernels as (height, width, in, out).
    kernels = {
        "pnet": [(3, 3, 3, 10), (3, 3, 10, 16), (3, 3, 16, 32), (1, 1, 32, 4), (1, 1, 32, 2)],
        "rnet": [(3, 3, 3, 28), (3, 3, 28, 48), (2, 2, 48, 64), (576, 128), (128, 4), (128, 2)],
        "onet": [
            *((3, 3, 3, 32), (3, 3, 32, 64), (3, 3, 64, 64), (2, 2, 64, 128)),
            *((1152, 256), (256, 4), (256, 10), (256, 2)),
        ],
    }
    for network, expected in kernels.items():
        arrays = read_weights(network)  # type: ignore[arg-type]
        shapes = [one.shape for one in arrays if one.ndim in (2, 4)]
        assert shapes == expected
        assert all(one.dtype == np.float32 and np.isfinite(one).all() for one in arrays)


def test_the_package_is_not_imported() -> None:
    read_weights("pnet")
    assert "mtcnn" not in sys.modules


def test_changed_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytearray(weight_file("pnet").read_bytes())
    content[5000] ^= 1
    copy = tmp_path / "pnet.lz4"
    copy.write_bytes(content)
    monkeypatch.setattr(mtcnn_weights, "weight_file", lambda _: copy)
    with pytest.raises(ModelError, match=r"pnet\.lz4: not the known weights.*--force-reinstall"):
        read_weights("pnet")
    copy.unlink()
    with pytest.raises(ModelError, match=r"pnet\.lz4: the weights of MTCNN are missing"):
        read_weights("pnet")


def test_a_missing_distribution_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", nowhere)
    with pytest.raises(ModelError, match=r"mtcnn.*is missing; install it again"):
        weight_file("onet")


class Trap:
    """A pickle of it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_code_in_a_pickle_does_not_run(protocol: int, tmp_path: Path) -> None:
    content = lz4.frame.compress(pickle.dumps([Trap(tmp_path / "trap")], protocol))
    with pytest.raises(ModelError, match=r"^weights: .*open does not belong in a weight file"):
        decode(content, "weights")
    assert not (tmp_path / "trap").exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"text", lz4.frame.compress(b"text"), lz4.frame.compress(pickle.dumps({"a": 1}))],
)
def test_other_files_are_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(ModelError, match=r"^weights: ") as caught:
        decode(content, "weights")
    assert "\n" not in str(caught.value)


def test_decoding_agrees_with_joblib() -> None:
    joblib = pytest.importorskip("joblib")
    content = lz4.frame.decompress(weight_file("rnet").read_bytes())
    expected = joblib.load(io.BytesIO(content))
    for ours, theirs in zip(read_weights("rnet"), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
