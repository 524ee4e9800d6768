"""Tiny copies of SFEW, ExpW, Aff-Wild2 and CIFAR-10 in their own layouts, for tests."""

from __future__ import annotations

import pickle
import struct
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

SFEW_CLASSES = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
AFFWILD2_HEADER = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise"
AFFWILD2_UNITS = "AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26"


def picture(width: int, height: int, value: int = 0, suffix: str = ".png") -> bytes:
    """An encoded picture of one colour: red is ``value``, blue is 255."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0], image[..., 2] = 255, value
    return cv2.imencode(suffix, image)[1].tobytes()


def zipped(root: Path) -> Path:
    """The same copy as a zip file beside it."""
    target = root.with_name(f"{root.name}.zip")
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(root.rglob("*")):
            archive.write(path, path.relative_to(root))
    return target


def write_sfew(folder: Path, counts: Iterable[int], movies: Sequence[str] = ("AlexEmma",)) -> None:
    """One split: so many pictures a class, of the movies in turns."""
    data, number = picture(8, 6), 0
    for name, count in zip(SFEW_CLASSES, counts, strict=True):
        (folder / name).mkdir(parents=True)
        for _ in range(count):
            stem = f"{movies[number % len(movies)]}_{number:09d}_00000034"
            (folder / name / f"{stem}.png").write_bytes(data)
            number += 1


def write_expw(
    root: Path, rows: Iterable[str], pictures: Iterable[str], folder: str = "image/origin"
) -> Path:
    """The list's lines, and some of its pictures."""
    (root / "label").mkdir(parents=True)
    (root / "label/label.lst").write_text("\n".join(rows) + "\n")
    (root / folder).mkdir(parents=True)
    data = picture(60, 40, suffix=".jpg")
    for name in pictures:
        (root / folder / name).write_bytes(data)
    return root


def write_faces(root: Path, person: str, frames: Iterable[int]) -> None:
    """Pictures of the frames of one person in Aff-Wild2; red is 20 times the frame's number."""
    folder = root / "cropped_aligned" / person
    folder.mkdir(parents=True)
    for frame in frames:
        (folder / f"{frame:05d}.jpg").write_bytes(picture(112, 112, 20 * frame % 256, ".jpg"))


def write_annotation(path: Path, header: str, lines: Iterable[object]) -> None:
    """One of its annotation files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *map(str, lines)]) + "\n")


def cifar10_records(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Classes (count,), the ten in turns, and pictures (count, 32, 32, 3)."""
    random = np.random.default_rng(seed)
    return np.arange(count) % 10, random.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)


def write_cifar10_binary(
    folder: Path,
    batches: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    exist_ok: bool = False,
) -> None:
    """``cifar-10-batches-bin``: a byte for the class, then the red, green and blue plane."""
    folder.mkdir(parents=True, exist_ok=exist_ok)
    for name, (classes, images) in batches.items():
        planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
        records = np.concatenate([classes[:, None].astype(np.uint8), planes], axis=1)
        (folder / f"{name}.bin").write_bytes(records.tobytes())


def write_cifar10_python(
    folder: Path, batches: Mapping[str, tuple[np.ndarray, np.ndarray]]
) -> None:
    """``cifar-10-batches-py``, pickled as Python 2 did."""
    folder.mkdir(parents=True)
    for name, (classes, images) in batches.items():
        planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2).reshape(len(images), -1))
        batch = {b"batch_label": b"a batch", b"labels": classes.tolist(), b"data": planes}
        with (folder / name).open("wb") as file:
            _Python2(file, protocol=2).dump(batch)
        text = (folder / name).read_bytes()
        # Where NumPy's functions stood then.
        (folder / name).write_bytes(text.replace(b"numpy._core.", b"numpy.core.", 1))


class _Python2(pickle._Pickler):  # type: ignore[name-defined,misc]
    """Writes bytes as strings of Python 2."""

    dispatch = pickle._Pickler.dispatch.copy()  # type: ignore[attr-defined]

    def _save_bytes(self, value: bytes) -> None:
        self.write(pickle.BINSTRING + struct.pack("<i", len(value)) + value)
        self.memoize(value)

    dispatch[bytes] = _save_bytes
