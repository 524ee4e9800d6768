"""Pictures a second from disk to augmented batch, by mien and by torchvision, in turns.

    python loaders.py DATASET ROOT SPLIT PICTURES ROUNDS

Some pictures of a copy are written as JPEG files of 112 pixels, one folder a class, which
both sides read. Ends with a line of JSON: for each augmentation the pictures a second of every
loader in each round.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import torch
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets
from torchvision.transforms import v2

from mien.data.catalogue import open_reader
from mien.data.image_folder import ImageFolder
from mien.data.loading.augmentation import Augmentation
from mien.data.loading.augmentation_steps import Affine, Erasing, Flip
from mien.data.loading.augmentations import DAN_RAFDB
from mien.data.loading.batches import collate
from mien.data.loading.cache import PictureCache
from mien.data.loading.faces import FaceDataset
from mien.data.loading.pictures import Crops
from mien.expressions import BASIC8
from mien.preprocess import Preprocess

BILINEAR = v2.InterpolationMode.BILINEAR
CORES, SIZE, BATCH, QUALITY = 2, 112, 128, 95
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
PREPROCESS = Preprocess(size=SIZE, mean=MEAN, std=STD)

OURS = {
    "flip, affine, erasing": Augmentation(
        steps=(Flip(), Affine(degrees=10, shift=0.05, zoom=(0.9, 1.1), fill=0.0)),
        after=(Erasing(0.5, area=(0.02, 0.25)),),
    ),
    "DAN's for RAF-DB": DAN_RAFDB,
}

# The same by torchvision, each in the order that is the fastest there: the first on bytes, the
# second on Pillow's pictures as in DAN's own code. Black outside needs no fill, which would
# cost a mask.
TO_TENSOR = (v2.ToImage(), v2.ToPureTensor())
NORMALISE = (v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD))
ERASE = v2.RandomErasing(0.5, scale=(0.02, 0.25))
THEIRS = {
    "flip, affine, erasing": (
        *TO_TENSOR,
        v2.RandomHorizontalFlip(),
        v2.RandomAffine(10, (0.05, 0.05), (0.9, 1.1), interpolation=BILINEAR, fill=None),
        *NORMALISE,
        ERASE,
    ),
    "DAN's for RAF-DB": (
        v2.RandomHorizontalFlip(),
        v2.RandomApply([v2.RandomRotation(20), v2.RandomCrop(SIZE, 16)], 0.2),
        *TO_TENSOR,
        *NORMALISE,
        ERASE,
    ),
}


def write_files(dataset: str, root: str, split: str, number: int, folder: Path) -> None:
    """The first pictures as JPEG files, classes in turns."""
    faces = Crops(open_reader(dataset, root, split), PREPROCESS)
    for row in range(min(number, len(faces))):
        path = folder / BASIC8[row % len(BASIC8)] / f"{row:06d}.jpg"
        path.parent.mkdir(exist_ok=True)
        bytes_in_order = cv2.cvtColor(faces.picture(row), cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(path), bytes_in_order, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


def loader(data: Dataset[Any]) -> DataLoader[Any]:
    """The same for all; batches that are batches already are not collated again."""
    return DataLoader(
        data,
        batch_size=BATCH,
        shuffle=True,
        drop_last=True,
        num_workers=CORES,
        persistent_workers=True,
        collate_fn=collate,
    )


def rate(batches: DataLoader[Any]) -> float:
    """Pictures a second of one epoch."""
    count = 0
    start = time.perf_counter()
    for images, _ in batches:
        count += len(images)
    return count / (time.perf_counter() - start)


def measure(folder: Path, cache: Path, rounds: int) -> dict[str, dict[str, list[float]]]:
    """All loaders once in each round, so that a busy moment hits them alike."""
    rates: dict[str, dict[str, list[float]]] = {}
    reader = ImageFolder(folder, "all")
    targets = reader.classes_in(reader.labels)
    decoded = PictureCache.build(reader, cache, PREPROCESS)
    for name, ours in OURS.items():
        theirs = datasets.ImageFolder(str(folder), v2.Compose(THEIRS[name]))
        loaders = {
            "torchvision": loader(theirs),
            "files": loader(FaceDataset(reader, targets, PREPROCESS, ours)),
            "cache": loader(FaceDataset(decoded, targets, PREPROCESS, ours)),
        }
        seen = rates[name] = {one: [] for one in loaders}
        for number in range(rounds + 1):
            for one, batches in loaders.items():
                found = rate(batches)
                if number:  # the first round only woke everything up
                    seen[one].append(found)
    return rates


def main(dataset: str, root: str, split: str, pictures: str, rounds: str) -> None:
    """Everything in a folder that is gone afterwards."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "files"
        folder.mkdir()
        write_files(dataset, root, split, int(pictures), folder)
        print(json.dumps(measure(folder, Path(scratch) / "cache", int(rounds))))


if __name__ == "__main__":
    main(*sys.argv[1:])
