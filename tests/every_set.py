"""A small copy of every data set that a recipe trains on, in its own layout, for smoke runs."""

from __future__ import annotations

from pathlib import Path

import affectnet_copy
import fairface_copy
import ferplus_copy
import more_copies
import rafdb_copy

_PICTURES, _TESTED = 140, 21
_PEOPLE, _FRAMES = 40, 4
_LISTS = ("pose_30_affectnet_list.txt", "pose_45_affectnet_list.txt")
_UNITS = "0,1,0,1,0,0,1,0,0,0,1,0"


def write_every_set(root: Path) -> dict[str, Path]:
    """Roots by name of the data set."""
    writers = {
        "affectnet": _affectnet,
        "affwild2": _affwild2,
        "cifar10": _cifar10,
        "expw": _expw,
        "fairface": lambda folder: fairface_copy.write(folder, _PICTURES),
        "ferplus": _ferplus,
        "rafdb": _rafdb,
        "sfew": _sfew,
    }
    for name, write in writers.items():
        write(root / name)
    return {name: root / name for name in writers}


def write_lists(root: Path) -> Path:
    """The lists of turned faces: every tested face of AffectNet with an expression of seven."""
    root.mkdir(parents=True, exist_ok=True)
    lines = [
        f"{number % 8}/{Path(affectnet_copy.path_of(number, 'val')).name}"
        for number in range(_TESTED)
        if number % 8 != 7
    ]
    for name in _LISTS:
        (root / name).write_text("\n".join(lines) + "\n")
    return root


def _affectnet(root: Path) -> None:
    for split, count in (("train", _PICTURES), ("val", _TESTED)):
        paths = [affectnet_copy.path_of(number, split) for number in range(count)]
        rows = [affectnet_copy.row(path, place % 8) for place, path in enumerate(paths)]
        affectnet_copy.write_table(root, rows, split)
        affectnet_copy.write_pictures(root, paths)


def _affwild2(root: Path) -> None:
    notes = root / "annotations"
    for number in range(_PEOPLE):
        person, folder = f"video{number}", "Validation_Set" if number % 4 == 0 else "Train_Set"
        labels = [(number + frame // 2) % 7 for frame in range(_FRAMES)]
        more_copies.write_annotation(
            notes / "EXPR_Set" / folder / f"{person}.txt", more_copies.AFFWILD2_HEADER, labels
        )
        more_copies.write_annotation(
            notes / "AU_Set" / folder / f"{person}.txt",
            more_copies.AFFWILD2_UNITS,
            [_UNITS] * _FRAMES,
        )
        more_copies.write_faces(root, person, range(1, _FRAMES + 1))


def _cifar10(root: Path) -> None:
    names = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
    batches = {name: more_copies.cifar10_records(30, seed) for seed, name in enumerate(names)}
    more_copies.write_cifar10_binary(root / "cifar-10-batches-bin", batches)


def _expw(root: Path) -> None:
    names = [f"happy_actor_{number}.jpg" for number in range(2 * _PICTURES)]
    # As in the real list: image, face, top, left, right, bottom, confidence, label.
    rows = [f"{name} 0 4 4 36 36 98.5 {place % 7}" for place, name in enumerate(names)]
    more_copies.write_expw(root, rows, names)


def _ferplus(root: Path) -> None:
    splits = {"FER2013Train": _PICTURES, "FER2013Valid": 32, "FER2013Test": 32}
    ferplus_copy.write_folders(
        root,
        {
            folder: ferplus_copy.make_faces(count, seed)
            for seed, (folder, count) in enumerate(splits.items())
        },
    )


def _rafdb(root: Path) -> None:
    train = rafdb_copy.names_of("train", _PICTURES)
    names = [*train, *rafdb_copy.names_of("test", _TESTED)]
    labels = {name: place % 7 + 1 for place, name in enumerate(names)}
    rafdb_copy.write_list(root, labels)
    for images in ("aligned", "aligned_224"):
        rafdb_copy.write_pictures(root, names, images)


def _sfew(root: Path) -> None:
    movies = [f"Movie{number}" for number in range(30)]
    for split, count in (("Train", 20), ("Val", 3)):
        more_copies.write_sfew(root / split, [count] * 7, movies)
