"""A tiny FER+ in each of its layouts, for tests."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import cv2
import numpy as np

FOLDERS = {"FER2013Train": "Training", "FER2013Valid": "PublicTest"}


def make_faces(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Faces uint8 (count, 48, 48) that show their class, and votes (count, 10)."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 8, count)
    # Coarse, so that no two faces of a class are near copies of each other.
    images = np.kron(random.integers(0, 75, (count, 8, 8)), np.ones((6, 6), int))
    for image, label in zip(images, labels, strict=True):
        row, column = divmod(int(label), 3)
        image[row * 16 : row * 16 + 16, column * 16 : column * 16 + 16] += 180
    votes = np.zeros((count, 10), int)
    votes[np.arange(count), labels] = 8
    votes[:, 8] = 2
    return images.astype(np.uint8), votes


def write_folders(root: Path, splits: dict[str, tuple[np.ndarray, np.ndarray]]) -> Path:
    """The official layout; keys are the folders' names."""
    number = 0
    for folder, (images, votes) in splits.items():
        (root / folder).mkdir(parents=True)
        with (root / folder / "label.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            for image, row in zip(images, votes, strict=True):
                name = f"fer{number:07d}.png"
                cv2.imwrite(str(root / folder / name), image)
                writer.writerow([name, "(0, 0, 48, 48)", *row])
                number += 1
    return root


def zip_folder(root: Path, target: Path) -> Path:
    """The same as a zip file."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(root.rglob("*.*")):
            archive.write(path, path.relative_to(root))
    return target


def write_csv(root: Path, splits: dict[str, tuple[np.ndarray, np.ndarray]]) -> Path:
    """``fer2013.csv`` with pixels beside ``fer2013new.csv`` with votes."""
    root.mkdir(parents=True)
    with (
        (root / "fer2013.csv").open("w", newline="") as pixels,
        (root / "fer2013new.csv").open("w", newline="") as labels,
    ):
        one, other = csv.writer(pixels), csv.writer(labels)
        one.writerow(["emotion", "pixels", "Usage"])
        other.writerow(["Usage", "Image name", *"abcdefghij"])
        number = 0
        for folder, (images, votes) in splits.items():
            for image, row in zip(images, votes, strict=True):
                one.writerow([0, " ".join(map(str, image.ravel())), FOLDERS[folder]])
                name = "" if number == 1 else f"fer{number:07d}.png"
                other.writerow([FOLDERS[folder], name, *row])
                number += 1
    return root
