"""RAF-DB in its official layout, for tests."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

LIST = "EmoLabel/list_patition_label.txt"
SUFFIXES = {"aligned": "_aligned.jpg", "aligned_224": ".jpg", "original": ".jpg"}
SIDES = {"aligned": 100, "aligned_224": 224, "original": 150}


def names_of(split: str, count: int) -> list[str]:
    """``train_00001`` and on, or ``test_0001`` and on."""
    digits = 5 if split == "train" else 4
    return [f"{split}_{number:0{digits}d}" for number in range(1, count + 1)]


def write_list(root: Path, labels: Mapping[str, int]) -> Path:
    """The list of labels, counted from 1, without pictures."""
    (root / "EmoLabel").mkdir(parents=True, exist_ok=True)
    lines = [f"{name}.jpg {label}\n" for name, label in labels.items()]
    (root / LIST).write_text("".join(lines))
    return root


def write_pictures(root: Path, names: Sequence[str], images: str = "aligned") -> Path:
    """Pictures of one colour each: 10 times their place; originals are 200 wide."""
    folder = root / "Image" / images
    folder.mkdir(parents=True, exist_ok=True)
    side = SIDES[images]
    width = 200 if images == "original" else side
    for place, name in enumerate(names):
        picture = np.full((side, width, 3), 10 * place % 256, np.uint8)
        cv2.imwrite(str(folder / f"{name}{SUFFIXES[images]}"), picture)
    return root


def points_of(place: int) -> np.ndarray:
    """Five landmarks (5, 2) of a made-up picture."""
    base = np.array([[60, 50], [100, 50], [80, 75], [65, 100], [95, 100]])
    return base + place + 0.125


def write_annotations(root: Path, names: Sequence[str]) -> Path:
    """Boxes of 70 x 90 at (40 + place, 30), landmarks, gender, race and age."""
    boxes, manual = root / "Annotation" / "boundingbox", root / "Annotation" / "manual"
    boxes.mkdir(parents=True)
    manual.mkdir()
    for place, name in enumerate(names):
        (boxes / f"{name}_boundingbox.txt").write_text(f"{40 + place} 30 {110 + place} 120 \n")
        lines = [f"{x:.3f}\t{y:.3f}" for x, y in points_of(place)]
        lines += [str(place % 3), str(place % 3), str(place % 5)]
        (manual / f"{name}_manu_attri.txt").write_text("\n".join(lines) + "\n")
    return root


def zip_folder(root: Path, target: Path) -> Path:
    """The same as a zip file."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(root.rglob("*.*")):
            archive.write(path, path.relative_to(root))
    return target
