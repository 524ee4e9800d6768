"""State dicts out of files of every kind, and clear refusals of all others."""

from __future__ import annotations

import io
import os
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import save_file  # noqa: E402

from mien.errors import ModelError, NotFound  # noqa: E402
from mien.models.weight_files import read_tensors  # noqa: E402

TENSORS = {
    "conv1.weight": torch.arange(24, dtype=torch.float32).reshape(2, 3, 2, 2),
    "bn1.num_batches_tracked": torch.tensor(7),
    "fc.bias": torch.tensor([0.5, -0.25], dtype=torch.float16),
}


class Command:
    """Runs a command when it is unpickled by the book."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


def saved(content: object, *, legacy: bool = False) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream, _use_new_zipfile_serialization=not legacy)
    return stream.getvalue()


def same(found: dict[str, torch.Tensor]) -> bool:
    return found.keys() == TENSORS.keys() and all(
        found[name].dtype == value.dtype and torch.equal(found[name], value)
        for name, value in TENSORS.items()
    )


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize(
    "wrapping", [(), ("state_dict",), ("model_state_dict",), ("model",), ("model", "state_dict")]
)
def test_wrappings(legacy: bool, prefix: str, wrapping: tuple[str, ...], tmp_path: Path) -> None:
    content: dict[str, Any] = {prefix + name: value for name, value in TENSORS.items()}
    for key in reversed(wrapping):
        content = {"epoch": 3, key: content, "optimizer": {"state": {0: torch.ones(2)}}}
    path = tmp_path / "weights.pth"
    path.write_bytes(saved(content, legacy=legacy))
    assert same(read_tensors(path))


def test_safetensors_by_content_not_by_name(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "weights.bin")
    assert same(read_tensors(str(tmp_path / "weights.bin")))


def test_parameters_come_as_tensors(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(saved({"a": torch.nn.Parameter(torch.ones(2))}))
    assert not read_tensors(path)["a"].requires_grad


def test_a_prefix_of_some_names_stays(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(saved({"module.a": torch.ones(1), "b": torch.ones(1)}))
    assert set(read_tensors(path)) == {"module.a", "b"}


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("number", [np.float64(0.9), np.float32(0.9), np.int64(3)])
def test_numpy_numbers_beside_the_weights_do_no_harm(
    number: np.generic, legacy: bool, tmp_path: Path
) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(saved({"state_dict": TENSORS, "meta": {"best": number}}, legacy=legacy))
    assert same(read_tensors(path))


def contents() -> dict[str, tuple[bytes, str]]:
    network = torch.nn.Linear(2, 2)
    whole = saved(TENSORS)
    legacy = saved(TENSORS, legacy=True)
    return {
        "whole network": (saved(network), "would run code .*Linear.*state_dict"),
        "old network": (saved(network, legacy=True), "would run code .*Linear"),
        "numpy array": (saved({"best": np.ones(1)}), "would run code .*_reconstruct"),
        "plain pickle": (pickle.dumps({"a": 1}), "neither .* nor"),
        "text": (b"hello\n", "neither .* nor"),
        "page": (b"<!DOCTYPE html><html>404</html>", "neither .* nor"),
        "empty": (b"", "neither .* nor"),
        "cut zip": (whole[: len(whole) // 2], "neither .* nor"),
        "cut legacy": (legacy[:-9], "neither .* nor"),
        "cut safetensors": (b"\x40\0\0\0\0\0\0\0{}", "not a whole safetensors file"),
        "list": (saved([torch.ones(1)]), "holds no state dict but list"),
        "nothing": (saved({}), "holds no state dict but dict"),
        "number": (saved({"a": torch.ones(1), "epoch": 3}), "'epoch' is int, not a tensor"),
        "numbered": (saved({3: torch.ones(1)}), "3 is Tensor"),
        "nan": (saved({"a": torch.tensor([1, float("nan")])}), "a holds NaN"),
    }


@pytest.mark.parametrize("kind", contents())
def test_everything_else_is_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    content, reason = contents()[kind]
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=reason) as refusal:
        read_tensors(path)
    assert str(refusal.value).startswith(f"{path}: ")
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 300 + len(str(path))


@pytest.mark.parametrize("legacy", [False, True])
def test_code_is_not_run(legacy: bool, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    path = tmp_path / "weights.pth"
    path.write_bytes(saved(Command(f"touch {witness}"), legacy=legacy))
    with pytest.raises(ModelError, match=r"would run code \((posix|nt)\.system\)"):
        read_tensors(path)
    assert not witness.exists()


def test_torchscript_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), str(path))
    with pytest.raises(ModelError, match="neither"):
        read_tensors(path)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no weights at this path"):
        read_tensors(tmp_path / "missing.pth")
    with pytest.raises(NotFound, match="this is a folder; name the file"):
        read_tensors(tmp_path)
