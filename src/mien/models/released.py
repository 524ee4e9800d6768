"""Checkpoints that the authors of DAN and APViT released, turned into networks of mien.

A tensor of such a file has one place here and a place here has one tensor of the file, or the
file is refused: a network with a layer of fresh weights answers, too, but means nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from ..card import Card
from ..errors import InputError, MienError, ModelError, UnknownName
from .checkpoint import load_model
from .registry import create_model
from .released_layouts import RELEASES, Release, Training
from .weight_files import alike, count_and_first, read_tensors
from .weight_layouts import recognise

_RECIPE = "released by the authors"
_INTENDED_USE = (
    "Research on the expressions that faces show, with a person in charge of what follows from it"
)
_LIMITS = (
    "An expression is not a feeling: do not infer emotion, intent, health or character from it, "
    "and do not decide about people by it. Not calibrated: its temperature is 1, so a confidence "
    "is not the share of right answers. The authors chose the epoch on the pictures that they "
    "report"
)


def import_released(
    model: str, path: Path | str, *, dataset: str | None = None
) -> tuple[nn.Module, Card]:
    """Read a released checkpoint; write what it gives with :func:`save_model`.

    Its logits are those of the authors' network.

    Args:
        model: ``"dan"`` or ``"apvit"``.
        path: the file of ``torch.save``; read without running code from it.
        dataset: what it was trained on, as the file does not say and the order of the classes
            depends on it: ``"rafdb"``, and of DAN ``"affectnet7"`` and ``"affectnet8"``. May
            be left out where the number of classes leaves but one.

    Returns:
        The network in evaluation mode on the CPU, and its card.

    Raises:
        NotFound: if there is no file.
        UnknownName: if there are no released checkpoints of that network or data set.
        InputError: if the data set must be said and is not.
        ModelError: if the file cannot be read, holds something else, has another number of
            classes than the data set, or its tensors are not exactly those of the network.
    """
    if model not in RELEASES:
        raise UnknownName("network with released checkpoints", model, RELEASES)
    release = RELEASES[model]
    if dataset is not None and dataset not in release.trainings:
        raise UnknownName(f"data set of {model}'s checkpoints", dataset, release.trainings)
    path = Path(path)
    tensors = read_tensors(path)
    if not any(name.startswith(release.mark) for name in tensors):
        raise _other_kind(tensors, path, model)
    dataset = dataset or _only_dataset(release, _classes(release, tensors, path), path)
    training = release.trainings[dataset]
    _check_classes(_classes(release, tensors, path), dataset, training, path)
    options = release.options(tensors)
    network = create_model(model, classes=training.labels, **options)
    _fill(release.places(network.state_dict()), tensors, path, model)
    card = Card(
        name=f"{model}-{dataset}",
        architecture=model,
        arguments=options,
        labels=training.labels,
        preprocess=release.preprocess,
        data=f"{training.data}; {release.pretraining}",
        data_licence=f"{training.licence}; {release.pretraining_licence}",
        recipe=f"{_RECIPE} ({path.name}, SHA-256 {_digest(path)})",
        intended_use=_INTENDED_USE,
        limits=f"{_LIMITS}. {release.limits}",
    )
    return network.eval(), card


def _other_kind(tensors: Mapping[str, Tensor], path: Path, model: str) -> ModelError:
    """What to say of a file that is none of ``model``'s authors."""
    try:
        _, card = load_model(path)
    except MienError:
        pass
    else:
        return ModelError(f"{path}: is a checkpoint of mien already ({card.architecture})")
    try:
        layout = recognise(tensors, str(path))
    except ModelError as error:  # another authors' network, or nothing known
        return error
    return ModelError(
        f"{path}: holds a {layout.name}, which can start a training, not a whole {model}"
    )


def _classes(release: Release, tensors: Mapping[str, Tensor], path: Path) -> int:
    classifier = tensors.get(release.classifier)
    if classifier is None or classifier.ndim != 2:
        raise ModelError(f"{path}: has no classifier {release.classifier}; is it whole?")
    return len(classifier)


def _only_dataset(release: Release, classes: int, path: Path) -> str:
    """The one data set with that many classes."""
    fitting = [name for name, one in release.trainings.items() if len(one.labels) == classes]
    if not fitting:
        known = ", ".join(f"{name} {len(one.labels)}" for name, one in release.trainings.items())
        raise ModelError(f"{path}: has {classes} classes; the released ones have: {known}")
    if len(fitting) > 1:
        raise InputError(
            f"{path}: {classes} classes are those of {' and '.join(fitting)}, whose orders "
            f"differ; say which with --dataset"
        )
    return fitting[0]


def _check_classes(classes: int, dataset: str, training: Training, path: Path) -> None:
    if classes != len(training.labels):
        raise ModelError(
            f"{path}: has {classes} classes, but {dataset} has {len(training.labels)} "
            f"({training.labels})"
        )


def _fill(
    places: Mapping[str, Tensor], tensors: Mapping[str, Tensor], path: Path, model: str
) -> None:
    """Copy each tensor into the place of its name.

    Raises:
        ModelError: unless names and shapes are the same; nothing is changed then.
    """
    kinds = {
        "missing": [name for name in places if name not in tensors],
        "without a place": [name for name in tensors if name not in places],
        "of another shape": [
            f"{name} {tuple(tensors[name].shape)} for {tuple(place.shape)}"
            for name, place in places.items()
            if name in tensors and not alike(tensors[name], place)
        ],
    }
    if problems := [count_and_first(kind, names) for kind, names in kinds.items() if names]:
        raise ModelError(f"{path}: is not a {model} as released; {'; '.join(problems)}")
    for name, place in places.items():
        place.copy_(tensors[name])


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
