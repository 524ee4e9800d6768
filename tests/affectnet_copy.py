"""AffectNet in both of its releases, for tests."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

HEADER = (
    "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,"
    "expression,valence,arousal"
)
FILES = {"train": "training.csv", "val": "validation.csv"}


def hashed(text: str) -> str:
    """56 hexadecimal digits, as AffectNet names its pictures."""
    return hashlib.sha224(text.encode()).hexdigest()


def path_of(number: int, split: str = "train") -> str:
    """The path of a made-up picture, in one of 1,000 folders."""
    return f"{number % 1000 + 1}/{hashed(f'{split} {number}')}.jpg"


def points_of(number: int) -> np.ndarray:
    """68 landmarks (68, 2) of a made-up picture."""
    return np.arange(136).reshape(68, 2) + number + 0.25


def row(path: str, label: int, *, box: str = "10,20,90,80", landmarks: str = "NULL") -> str:
    """One line of a table."""
    return f"{path},{box},{landmarks},{label},-0.25,0.5"


def landmark_text(number: int) -> str:
    """As the table holds them."""
    return ";".join(f"{value:.2f}" for value in points_of(number).ravel())


def write_table(
    root: Path,
    rows: Sequence[str],
    split: str = "train",
    *,
    folder: str = "Manually_Annotated_file_lists",
    header: bool = True,
) -> Path:
    """One table, without pictures."""
    (root / folder).mkdir(parents=True, exist_ok=True)
    lines = [HEADER, *rows] if header else list(rows)
    (root / folder / FILES[split]).write_text("\n".join(lines) + "\n")
    return root


def write_pictures(
    root: Path, paths: Sequence[str], folder: str = "Manually_Annotated_Images"
) -> Path:
    """Pictures (100, 120, 3) of one colour each: 10 times their place."""
    for place, path in enumerate(paths):
        (root / folder / path).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / folder / path), np.full((100, 120, 3), 10 * place % 256, np.uint8))
    return root


def array(value: object) -> bytes:
    """A number or text as the content of an ``.npy`` file."""
    file = io.BytesIO()
    np.save(file, np.array(value), allow_pickle=True)
    return file.getvalue()


def write_arrays(root: Path, labels: Sequence[object], split: str = "val") -> Path:
    """The newer release; only the first ten pictures are there, named from 0."""
    annotations, images = (root / f"{split}_set" / one for one in ("annotations", "images"))
    annotations.mkdir(parents=True)
    images.mkdir()
    for number, label in enumerate(labels):
        (annotations / f"{number}_exp.npy").write_bytes(array(label))
        if number < 10:
            # Whatever else there is must not be needed.
            for other in ("val", "aro", "lnd"):
                (annotations / f"{number}_{other}.npy").write_bytes(b"unread")
            face = np.full((224, 224, 3), 20 * number, np.uint8)
            cv2.imwrite(str(images / f"{number}.jpg"), face)
    return root


def zip_arrays(target: Path, labels: Sequence[int], split: str = "val") -> Path:
    """The newer release as a zip file, which thousands of small files fit better."""
    contents = {label: array(label) for label in set(labels)}
    with zipfile.ZipFile(target, "w") as archive:
        for number, label in enumerate(labels):
            archive.writestr(f"{split}_set/annotations/{number}_exp.npy", contents[label])
            archive.writestr(f"{split}_set/images/{number}.jpg", b"")
    return target


def zip_folder(root: Path, target: Path) -> Path:
    """The same as a zip file."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(root.rglob("*.*")):
            archive.write(path, path.relative_to(root))
    return target
