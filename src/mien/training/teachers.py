"""Soft targets from networks that are trained already (Hinton et al. 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import DataError
from ..expressions import LabelSet
from ..models import load_model

_BATCH = 256


@torch.inference_mode()
def teacher_targets(
    teachers: Sequence[Path], images: NDArray[np.uint8], labels: LabelSet
) -> NDArray[np.float32]:
    """Mean of the teachers' calibrated probabilities for each face and its mirror image.

    Args:
        teachers: checkpoints with cards.
        images: uint8 (N, H, W[, 3]) face crops.
        labels: the order of the answer's columns.

    Returns:
        float32 (N, M), rows sum to 1.

    Raises:
        DataError: if there is no teacher.
        LabelMismatch: if a teacher has other classes than ``labels``.
    """
    if not teachers:
        raise DataError("the recipe takes targets from a teacher; name its file with --teacher")
    total = np.zeros((len(images), len(labels)), np.float32)
    for path in teachers:
        network, card = load_model(path)
        columns = labels.columns_in(card.labels)
        network = network.to(memory_format=torch.channels_last)
        for first in range(0, len(images), _BATCH):
            cuts = [card.preprocess.cut(one) for one in images[first : first + _BATCH]]
            inputs = torch.from_numpy(card.preprocess.normalise(np.stack(cuts)))
            for view in (inputs, inputs.flip(3)):
                logits = network(view.contiguous(memory_format=torch.channels_last)).logits
                answer = (logits / card.temperature).softmax(1).numpy()
                total[first : first + _BATCH] += answer[:, columns]
    mean: NDArray[np.float32] = total / total.sum(axis=1, keepdims=True)
    return mean
