"""A tiny FairFace for tests."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

HEADER = "file,age,gender,race,service_test"
PEOPLE = (
    "50-59,Male,East Asian,TRUE",
    "03-Sep,Female,Black,FALSE",
    "Oct-19,Female,White,FALSE",
    "more than 70,Male,Latino_Hispanic,TRUE",
)


def picture(number: int) -> np.ndarray:
    """uint8 (112, 112, 3) RGB: smooth, so that WebP and PNG both keep it."""
    rows, columns = np.mgrid[0:112, 0:112]
    return np.stack([rows * 2, columns * 2, np.full_like(rows, 20 * number)], 2).astype(np.uint8)


def write(root: Path, count: int, people: tuple[str, ...] = PEOPLE) -> Path:
    """The official layout, with as many pictures, people in turns."""
    (root / "train").mkdir(parents=True)
    lines = [HEADER]
    for number in range(1, count + 1):
        cv2.imwrite(str(root / "train" / f"{number}.png"), picture(number)[..., ::-1])
        lines.append(f"train/{number}.png,{people[(number - 1) % len(people)]}")
    (root / "fairface_label_train.csv").write_text("\n".join(lines) + "\n")
    return root
