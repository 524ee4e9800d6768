"""The whole batch on every process, so that a loss over a batch is that of one process.

The backward pass of gathering sums the gradients of all processes' (equal) losses, w times
that of one; DDP's mean over w processes takes the factor out again. Parameters of the loss
itself, such as centres, get the same gradient everywhere, which the mean leaves as it is.
"""

from __future__ import annotations

from lightning import LightningModule
from torch import Tensor

from ..losses.precision import single
from ..models import Output


def gather(
    module: LightningModule, output: Output, targets: Tensor, views: int
) -> tuple[Output, Tensor]:
    """Outputs and targets of all processes in the order of one process's batch.

    Args:
        module: knows the other processes.
        output: of this process's share of the batch.
        targets: (views * n, ...) of it.
        views: of each picture, see :class:`mien.training.objectives.Objective`.

    Returns:
        Both for the whole batch. Attention maps and kept positions, which no loss needs, are
        left out.
    """

    def all_of(rows: Tensor) -> Tensor:
        parts = module.all_gather(rows, sync_grads=rows.requires_grad)
        if not isinstance(parts, Tensor):
            raise TypeError("a tensor is gathered as a tensor")
        return in_order(parts, views)

    def if_there(rows: Tensor | None) -> Tensor | None:
        return None if rows is None else all_of(single(rows))

    whole = Output(
        logits=all_of(single(output.logits)),
        features=all_of(single(output.features)),
        pooled=if_there(output.pooled),
        heads=if_there(output.heads),
        action_units=if_there(output.action_units),
    )
    return whole, all_of(targets)


def in_order(parts: Tensor, views: int) -> Tensor:
    """Shares (w, views * n, ...) of w processes as a batch (views * n * w, ...).

    A process's share has the draws r, r + w, r + 2w, ... of the batch.
    """
    processes, rows, *rest = parts.shape
    number = rows // views
    split = parts.reshape(processes, views, number, *rest)
    return split.permute(1, 2, 0, *range(3, split.ndim)).reshape(-1, *rest)
