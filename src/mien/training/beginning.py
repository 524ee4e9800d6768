"""The network as a run begins with it: fresh, or with weights out of files."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..data.loading.faces import FaceDataset
from ..models import create_model, start_from
from ..models.batch_norms import restore_batch_norms
from .hardware import leads
from .parts import Parts
from .quick_layers import use_quick_layers
from .recipe import Recipe

log = logging.getLogger("mien")

START_REPORT = "start.txt"
_MEASURED_ON = 1024
"""Faces for the means and variances of batch norms; more change them little."""


def network_of(recipe: Recipe, parts: Parts, start: Sequence[Path], output: Path) -> nn.Module:
    """Build a recipe's network and fill it; what became of every tensor of a file is said.

    Args:
        recipe: whose seed decides fresh weights.
        parts: what it will learn from; batch norms of exported models are measured on it.
        start: files as :func:`mien.models.start_from` knows them.
        output: folder for :data:`START_REPORT`.

    Raises:
        ModelError: if a file does not fit the network.
    """
    torch.manual_seed(recipe.seed)
    network = create_model(recipe.model, classes=parts.labels, **recipe.options)
    if recipe.starts_from and not start:
        log.warning(
            "%s starts from %s; without --start it starts from fresh weights",
            recipe.name,
            recipe.starts_from,
        )
    reports = [start_from(network, path, labels=parts.labels) for path in start]
    for report in reports:
        log.info("%s", report)
    if leads():
        lines = [line for report in reports for line in (str(report), *report.lines(), "")]
        output.mkdir(parents=True, exist_ok=True)
        if lines:
            (output / START_REPORT).write_text("\n".join(lines), encoding="utf-8")
        else:
            (output / START_REPORT).unlink(missing_ok=True)
    if start:
        restore_batch_norms(network, recipe.preprocess.size, _faces(recipe, parts))
    use_quick_layers(network)
    return network


def _faces(recipe: Recipe, parts: Parts) -> Iterator[Tensor]:
    """Some of the training part, from all over it, as they are."""
    number = len(parts.train)
    rows = np.unique(np.linspace(0, number - 1, min(number, _MEASURED_ON)).round().astype(int))
    faces = FaceDataset(parts.train, parts.train_targets, recipe.preprocess, seed=recipe.seed)
    for first in range(0, len(rows), recipe.batch):
        yield faces.__getitems__(rows[first : first + recipe.batch].tolist()).images
