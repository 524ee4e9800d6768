"""CIFAR-10 (Krizhevsky 2009): 32x32 photos of ten kinds of things, and no expressions.

APViT shows on it that its network is not for faces alone; a model's preprocessing enlarges
the pictures to 112 pixels. Two of the official layouts are read, as a folder or a zip file:

- ``cifar-10-batches-bin``: records of one byte for the class and 3,072 for the picture;
- ``cifar-10-batches-py``: pickled dictionaries, from which only arrays, bytes, numbers, lists
  and dictionaries are taken. Nothing that the file names is run.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..preprocess import Picture
from .annotations import Annotations, Published
from .parts.layouts import guess_layout
from .reader import Reader

CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)

_SIDE = 32
_PIXELS = 3 * _SIDE * _SIDE
_BATCHES = {"train": tuple(f"data_batch_{n}" for n in range(1, 6)), "test": ("test_batch",)}
_LAYOUTS = {"cifar-10-batches-bin": ".bin", "cifar-10-batches-py": ""}
_CIFAR100 = ("cifar-100-binary/train.bin", "cifar-100-python/train", "train.bin")
_SOURCE = "CIFAR-10's own description"


class CIFAR10(Reader):
    """One split of CIFAR-10. A picture's name is its batch and place, in both layouts.

    Args:
        root: folder or zip file that holds one of the layouts, or is one.
        split: ``"train"`` or ``"test"``.
    """

    name = "cifar10"
    title = "CIFAR-10"
    citation = "CIFAR-10 (Krizhevsky 2009)"
    splits = tuple(_BATCHES)
    side = _SIDE
    has_faces = False
    published = (
        Published("train", 50_000, _SOURCE, dict.fromkeys(CLASSES, 5_000)),
        Published("test", 10_000, _SOURCE, dict.fromkeys(CLASSES, 1_000)),
    )

    def __init__(self, root: Path | str, split: str = "train") -> None:
        super().__init__(root, split)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The ten kinds of things."""
        return CLASSES

    def picture(self, index: int) -> Picture:
        """A picture, uint8 (32, 32, 3) RGB."""
        if self.packed is not None:
            return super().picture(index)
        return np.asarray(self.images[index], np.uint8)

    @cached_property
    def images(self) -> NDArray[np.uint8]:
        """All pictures, uint8 (N, 32, 32, 3) RGB."""
        if self.packed is not None:
            return np.stack([self.picture(row) for row in range(len(self))])
        pixels = np.concatenate([self._batch(file)[1] for file in self._files()])
        return np.ascontiguousarray(
            pixels.reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1), np.uint8
        )

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over names, classes and pixels, the same for both layouts."""
        if self.table.classes is None:
            return super().fingerprint
        digest = hashlib.sha256("\n".join(self.names).encode())
        digest.update(self.table.classes.astype("<i8").tobytes())
        digest.update(self.images.tobytes())
        return digest.hexdigest()

    def _annotations(self) -> Annotations:
        names: list[str] = []
        files: list[str] = []
        classes = []
        for batch, file in zip(_BATCHES[self.split], self._files(), strict=True):
            found = self._batch(file)[0]
            names += [f"{batch}/{place:05d}" for place in range(len(found))]
            files += [file] * len(found)
            classes.append(found)
        return Annotations(names=names, files=files, classes=np.concatenate(classes))

    def _files(self) -> list[str]:
        batches = _BATCHES[self.split]
        for layout, suffix in _LAYOUTS.items():
            for folder in (f"{layout}/", ""):
                if any(self.archive.has(f"{folder}{batch}{suffix}") for batch in batches):
                    return [f"{folder}{batch}{suffix}" for batch in batches]
        hundred = any(map(self.archive.has, _CIFAR100))
        hint = "it looks like CIFAR-100" if hundred else guess_layout(self.archive)
        raise DataError(
            f"{self.root}: neither {batches[0]}.bin nor {batches[0]} is here or in "
            f"{' or '.join(_LAYOUTS)}; {hint}"
        )

    def _batch(self, file: str) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Classes (N,) and pixels (N, 3072) of a batch."""
        data, what = self.archive.read(file), f"{self.root}: {file}"
        if data is None:
            raise DataError(f"{what} is missing; the copy is incomplete")
        classes, pixels = _records(data, what) if file.endswith(".bin") else _pickled(data, what)
        wrong = np.flatnonzero((classes < 0) | (classes >= len(CLASSES)))
        if len(wrong):
            raise DataError(
                f"{what}: picture {wrong[0]} has the class {classes[wrong[0]]}, "
                f"which is not one of 0 to {len(CLASSES) - 1}"
            )
        return classes, pixels


def _records(data: bytes, what: str) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    if not data or len(data) % (1 + _PIXELS):
        raise DataError(
            f"{what} has {len(data)} bytes, which are not whole records of {1 + _PIXELS}; "
            "copy it again"
        )
    records = np.frombuffer(data, np.uint8).reshape(-1, 1 + _PIXELS)
    return records[:, 0].astype(np.int64), records[:, 1:]


def _pickled(data: bytes, what: str) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    try:
        batch = _Unpickler(io.BytesIO(data), encoding="bytes").load()
        values = {_text(key): value for key, value in batch.items()}
        classes, pixels = np.array(values["labels"], np.int64), values["data"].pixels()
        if classes.ndim != 1 or pixels.shape != (len(classes), _PIXELS):
            raise ValueError(f"{classes.shape} classes of {pixels.shape} pixels")
    except Exception as error:  # a damaged pickle may raise whatever its bytes happen to mean
        raise DataError(
            f"{what} is not a batch of CIFAR-10 ({error or type(error).__name__}); copy it again"
        ) from None
    return classes, pixels


class _Unpickler(pickle.Unpickler):
    """Reads plain values, and arrays as :class:`_State`; refuses whatever else is named."""

    def find_class(self, module: str, name: str) -> Any:
        known = {("multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype")}
        if module.split(".")[0] == "numpy" and (module.rpartition(".")[2], name) in known:
            return _State
        # How Python 3 writes bytes for Python 2.
        if (module, name) == ("_codecs", "encode"):
            return _latin1
        raise pickle.UnpicklingError(f"it names {module}.{name}, which is not allowed")


class _State:
    """Stands in for NumPy's array and type while they are unpickled, and only keeps what is said.

    The state of an array is: version, shape, type, whether columns come first, bytes.
    """

    def __init__(self, *arguments: object) -> None:
        self._arguments = arguments

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._state = state

    def pixels(self) -> NDArray[np.uint8]:
        """The array, if it is one of uint8."""
        _, shape, kind, columns_first, data = self._state
        if _text(kind._arguments[0]) != "u1":
            raise ValueError("its pixels are not bytes")
        return np.frombuffer(data, np.uint8).reshape(shape, order="F" if columns_first else "C")


def _latin1(text: str, _encoding: str = "latin1") -> bytes:
    return text.encode("latin1")


def _text(value: bytes | str) -> str:
    return value.decode("latin1") if isinstance(value, bytes) else value
