"""What a recipe trains on: the two parts of its data, with their targets."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..data.cifar10 import CIFAR10
from ..data.concatenation import Concatenation
from ..data.ferplus import FERPlus
from ..data.loading.pictures import ChosenPictures, Pictures, PicturesInMemory
from ..data.part import AnnotatedPictures, Part
from ..data.preparing.alignment import FRAMING
from ..data.reader import Reader
from ..data.split import altered, held_out, split_by
from ..errors import DataError
from ..expressions import LabelSet
from ..preprocess import Preprocess
from .copies import Copies, checked, taken
from .copy_identity import copy_identity
from .recipe import Recipe
from .sources import Source
from .targets import check_labels, column_of_classes, labels_of, targets_of
from .taught import Held, Teaching, with_unlabelled


@dataclass(frozen=True, slots=True)
class Parts:
    """The pictures that a run learns from and those that its checkpoint is chosen on.

    Attributes:
        train: pictures to learn from; of FER+ and CIFAR-10 decoded, of others read when they
            are asked for.
        train_targets: theirs, see :attr:`mien.training.objectives.Objective.targets`.
        held: pictures held out of training; with ``selection="test"`` those of the test split.
        held_targets: theirs.
        labels: what the network's classes stand for.
        preprocess: the recipe's; of a prepared copy with the way in which its faces were cut,
            which is the way to cut faces in use.
        notes: sentences for the card: what a copy lacks that is smaller than any source says
            its data set is, and how it was prepared.
        data: what is trained on, for the card.
        licence: of that data.
        copies: what tells copies apart whose pictures are read later; see
            :func:`mien.training.copy_identity.copy_identity`.
        altered: why another part is held out than of other copies, see
            :func:`mien.data.split.altered`.
        identity: SHA-256 over names, targets and, where they are in memory, pixels; elsewhere
            over what packed and prepared copies say of theirs.
    """

    train: Pictures
    train_targets: NDArray[np.generic]
    held: Pictures
    held_targets: NDArray[np.generic]
    labels: LabelSet
    preprocess: Preprocess
    notes: tuple[str, ...]
    data: str
    licence: str
    copies: tuple[str, ...] = ()
    altered: str = ""
    identity: str = ""


def load_parts(
    recipe: Recipe,
    copies: Copies,
    teachers: Sequence[Path] = (),
    unlabelled: Path | None = None,
    *,
    answers: Path | None = None,
    device: str = "cpu",
) -> Parts:
    """Open a recipe's data, hold out what its checkpoint is chosen on, and make the targets.

    Args:
        recipe: decides sources, targets, the held-out part and the limit.
        copies: where the data sets lie.
        teachers: checkpoints or ONNX models that the recipe's share of targets comes from.
        unlabelled: faces that join the training part with the teachers' answers as their only
            targets (self-training); see :func:`mien.data.unlabelled.open_unlabelled`.
        answers: folder that keeps the teachers' answers.
        device: torch's name of where the teachers compute.

    Raises:
        DataError: if there is no copy of a data set, a copy is damaged or lacks files, the
            data set has no such targets, a part is empty or lacks what a checkpoint is chosen
            by, prepared copies are cut differently, or teachers are needed and there are none.
        LabelMismatch: if the recipe's label set does not fit the data.
    """
    _check_teaching(recipe, teachers, unlabelled)
    tests = (recipe.test,) if recipe.selection == "test" and recipe.test is not None else ()
    copies.require((*recipe.data, *tests), recipe.name)
    opened = [_read(copies, source) for source in (*recipe.data, *tests)]
    everything = [data for data, _ in opened]
    read = everything[: len(recipe.data)]
    labels = labels_of(recipe, read[0])
    check_labels(recipe, labels, read)
    whole = _joined(read, labels)
    targets, usable = targets_of(recipe, whole, labels)
    if tests:
        other: AnnotatedPictures = everything[-1]
        check_labels(recipe, labels, [other])
        held_targets, held = targets_of(recipe, other, labels, tested=True)
    else:
        other, held_targets = whole, targets
        held = held_out(whole, recipe.validation_share)
        usable, held = usable & ~held, usable & held
    chosen, tested = _limited(usable, targets, recipe), _limited(held, held_targets, recipe)
    parts = Parts(
        train=_pictures(whole, chosen),
        train_targets=targets[chosen],
        held=_pictures(other, tested),
        held_targets=held_targets[tested],
        labels=labels,
        preprocess=_as_cut(recipe.preprocess, read, everything),
        notes=_once(note for _, notes in opened for note in notes),
        data=_sentence(recipe, read, whole),
        licence="; ".join(_once(data.licence for data in read)),
        copies=_of_files(everything, (whole, other)),
        altered=altered(whole),
    )
    _check(recipe, parts)
    teaching = Teaching(recipe, labels, teachers, answers, device)
    parts = _taught(teaching, parts, unlabelled, Held.of(parts.held, other, tested))
    return replace(parts, identity=_identity(parts))


def _read(copies: Copies, source: Source) -> tuple[Reader, tuple[str, ...]]:
    """What is taken of a source, and what a card should say of the copy.

    Raises:
        DataError: if files are missing, or a packed one is damaged.
    """
    data = copies.whole(source)
    notes = checked(data)  # of the whole split
    if data.packed is not None:
        data.packed.load()  # before loaders fork, or each of their workers would
    return taken(data, source), notes


def _joined(read: Sequence[Reader], labels: LabelSet) -> AnnotatedPictures:
    """Several sources as one; a single one as it is."""
    if len(read) == 1:
        return read[0]
    times: Counter[str] = Counter()
    parts = []
    for data in read:
        times[data.name] += 1
        again = f"-{times[data.name]}" if times[data.name] > 1 else ""
        parts.append(Part(data, unlabelled=True, name=data.name + again))
    return Concatenation(parts, labels)


def _limited(
    usable: NDArray[np.bool_], targets: NDArray[np.generic], recipe: Recipe
) -> NDArray[np.intp]:
    """Rows of a part; of a smoke run the first of each class in turn, until there are enough."""
    rows = np.flatnonzero(usable)
    if not recipe.limit or len(rows) <= recipe.limit:
        return rows
    classes = column_of_classes(targets[rows])
    turn = np.zeros(len(rows), np.intp)
    for one in np.unique(classes):
        members = classes == one
        turn[members] = np.arange(members.sum())
    return np.sort(rows[np.argsort(turn, kind="stable")[: recipe.limit]])


def _of_files(everything: Sequence[Reader], parts: Sequence[AnnotatedPictures]) -> tuple[str, ...]:
    """Of the sources that stay in files, what tells their copies apart."""
    decoded = [data for data in parts if isinstance(data, FERPlus | CIFAR10)]
    found = (copy_identity(data) for data in everything if data not in decoded)
    return tuple(filter(None, found))


def _pictures(data: AnnotatedPictures, rows: NDArray[np.intp]) -> Pictures:
    """Small ones decoded, others when they are asked for."""
    if isinstance(data, FERPlus | CIFAR10):
        return PicturesInMemory(data.images[rows], [data.names[row] for row in rows])
    return ChosenPictures(data, rows)


def _check_teaching(recipe: Recipe, teachers: Sequence[Path], unlabelled: Path | None) -> None:
    if recipe.unlabelled and unlabelled is None:
        raise DataError(f"{recipe.name} learns from faces without labels, too: --unlabelled ROOT")
    if teachers and not recipe.teacher_share and unlabelled is None:
        raise DataError(
            f"{recipe.name} takes nothing from teachers; set teacher_share, or add faces that "
            "they alone know: --unlabelled ROOT"
        )


def _check(recipe: Recipe, parts: Parts) -> None:
    if not len(parts.held):
        raise DataError(f"{recipe.name}: the validation part is empty; raise validation_share")
    if not len(parts.train):
        raise DataError(f"{recipe.name}: the training part is empty; lower validation_share")
    two_tasks = recipe.objective.targets == "classes and units"
    if two_tasks and (column_of_classes(parts.held_targets) < 0).all():
        held, remedy = "validation part", "raise validation_share"
        if recipe.selection == "test":
            held, remedy = "test split", "take one with expressions"
        raise DataError(f"{recipe.name}: the {held} has no picture with an expression; {remedy}")


def _once(sentences: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentences))


def _as_cut(
    preprocess: Preprocess, read: Sequence[Reader], everything: Sequence[Reader]
) -> Preprocess:
    """The recipe's preprocessing, with faces framed as in the prepared copies of the training data.

    Raises:
        DataError: if two prepared copies, also of the test split, frame faces differently.
    """
    prepared = [(data, data.preprocess) for data in everything if data.preprocess is not None]
    for data, cut in prepared[1:]:
        first, wanted = prepared[0]
        other = [name for name in FRAMING if getattr(cut, name) != getattr(wanted, name)]
        if other:
            raise DataError(
                f"the faces of {first.title} {first.split} ({first.root}) and of {data.title} "
                f"{data.split} ({data.root}) were cut differently ({', '.join(other)}); prepare "
                "one of them anew, with the settings of the other"
            )
    ways = [data.preprocess for data in read if data.preprocess is not None]
    if not ways:
        return preprocess
    return replace(preprocess, **{name: getattr(ways[0], name) for name in FRAMING})


def _sentence(recipe: Recipe, read: Sequence[Reader], whole: AnnotatedPictures) -> str:
    """What is trained on, and on what the checkpoint is chosen."""
    sets = [
        f"{data.citation or data.title}; {_split(data.split)}"
        + ("" if source.only is None else f", of which {', '.join(source.only)}")
        for data, source in zip(read, recipe.data, strict=True)
    ]
    if recipe.selection == "test" and recipe.test is not None:
        chosen = (
            f"the checkpoint and the temperature were chosen on {recipe.test.dataset} "
            f"{recipe.test.split}, on which results are reported"
        )
        return "; ".join((*sets, chosen))
    return "; ".join(sets) + (
        f", of which a part by {split_by(whole)} chose the checkpoint and the temperature"
    )


def _split(name: str) -> str:
    return "training split" if name == "train" else f"split {name}"


def _taught(teaching: Teaching, parts: Parts, unlabelled: Path | None, held: Held) -> Parts:
    """The parts with the teachers' answers in the training part's targets."""
    targets = teaching.mixed(parts.train, parts.train_targets)
    parts = replace(parts, train_targets=targets)
    if unlabelled is None:
        return parts
    joined = with_unlabelled(teaching, unlabelled, parts.train, targets, parts.preprocess, held)
    return replace(
        parts,
        train=joined.pictures,
        train_targets=joined.targets,
        notes=_once(parts.notes + joined.notes),
        data=f"{parts.data}; {joined.citation}, with the answers of other networks for labels",
        licence="; ".join(_once((parts.licence, joined.licence))),
        copies=parts.copies + joined.copies,
    )


def _identity(parts: Parts) -> str:
    """What tells runs on other data apart, without reading pictures that are in files."""
    digest = hashlib.sha256(str(parts.labels).encode())
    for pictures, targets in (
        (parts.train, parts.train_targets),
        (parts.held, parts.held_targets),
    ):
        head = f"{targets.dtype} {targets.shape} "
        names = "\n".join(pictures.names)
        digest.update((head + names).encode("utf-8", "surrogateescape"))
        digest.update(np.ascontiguousarray(targets).tobytes())
        if isinstance(pictures, PicturesInMemory):
            digest.update(pictures.images.tobytes())
    for copy in parts.copies:
        digest.update(f"\n{copy}".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
