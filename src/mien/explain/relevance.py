"""Transformer attribution (Chefer, Gur and Wolf), with tokens that are left out on the way.

Each block says how much each of its tokens took from each other one for the class:
C = mean over heads of relu(gradient of the class's logit by A * R(A)), A the attention after the
softmax. A residual connection adds the identity, and the blocks multiply: R = product of
(I + C_l). The row of the class token says what the answer is made of.

The authors have two rules for R(A). In "Transformer Interpretability Beyond Attention
Visualization" (CVPR 2021) it is the relevance by layer-wise propagation back through every
layer; in "Generic Attention-Model Explainability" (ICCV 2021, Eq. 5 and 6) it is A itself. The
second is used here: it follows from the network's own forward and backward pass, without a
second set of rules for each kind of layer, and its authors put it in the place of the first.

A block that drops tokens passes on the rows that it kept: its factor is P_l (I + C_l), with the
rectangular P_l that selects them. A dropped token so has a share in the blocks that it went
through and none later; a patch that never entered has none at all, and its relevance is 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..models.apvit import APViT
from ..models.output import Output
from ..models.transfer import TransFER
from .explanation import Explanation
from .patch_grid import blocks_of, entered, grid_of
from .pixels import heat
from .undisturbed import followed, undisturbed


def relevance(network: TransFER | APViT, images: Tensor, classes: Tensor) -> Explanation:
    """One map of how much each patch gave to a class's logit."""
    output, attention, gradients = _watched(network, images, classes)
    flow = [
        (weights * gradient).clamp(min=0).mean(1)
        for weights, gradient in zip(attention, gradients, strict=True)
    ]
    patches = rollout(flow, output, by_class_token=not _averages(network))
    return Explanation(
        method="relevance",
        maps=heat(patches[:, None], (images.shape[2], images.shape[3])),
        names=("relevance",),
        classes=classes.numpy(),
        kept=entered(network, output),
    )


def rollout(flow: Sequence[Tensor], output: Output, *, by_class_token: bool = True) -> Tensor:
    """What the answer takes from each patch: a row of the product of the P_l (I + C_l).

    Only that row is carried, from the last block to the first.

    Args:
        flow: C_l of each block, (N, 1 + n_l, 1 + n_l), with the n_l patches that entered it.
        output: of the network.
        by_class_token: whether the class token is what is classified; else the average of the
            patches that are left.

    Returns:
        (N, h, w), 0 for patches that never entered.
    """
    number, (height, width) = len(flow[0]), grid_of(output)
    every = torch.arange(height * width, device=flow[0].device).expand(number, -1)
    # Each step leaves fewer, so that their number tells which of them a block saw.
    steps = {kept.shape[1]: kept for kept in (every, *output.kept)}
    row = flow[0].new_zeros(number, 1 + height * width)
    if by_class_token:
        row[:, 0] = 1
    else:
        left = (every, *output.kept)[-1]
        row.scatter_(1, 1 + left, 1 / left.shape[1])
    for taken in reversed(flow):
        patches = 1 + steps[taken.shape[1] - 1]
        places = torch.cat([torch.zeros_like(patches[:, :1]), patches], 1)
        # Columns of dropped tokens are zero in the row by now: this is P_l.
        seen = row.gather(1, places)
        row = row.scatter(1, places, seen + (seen[:, None] @ taken)[:, 0])
    return row[:, 1:].reshape(number, height, width)


def _averages(network: TransFER | APViT) -> bool:
    return isinstance(network, APViT) and network.head == "average"


def _watched(
    network: TransFER | APViT, images: Tensor, classes: Tensor
) -> tuple[Output, list[Tensor], Sequence[Tensor]]:
    """The output, each block's attention (N, heads, 1 + n, 1 + n), and its gradients."""
    attention: list[Tensor] = []

    def watch(_module: nn.Module, _inputs: tuple[Tensor, ...], weights: Tensor) -> None:
        attention.append(weights)

    handles = [block.attn.weights.register_forward_hook(watch) for block in blocks_of(network)]
    try:
        with undisturbed(network):
            output: Output = network(followed(images))
            # A copy, in case the classes come from the caller's inference mode.
            asked = output.logits.gather(1, classes.clone().to(images.device)[:, None]).sum()
            gradients = torch.autograd.grad(asked, attention)
    finally:
        for handle in handles:
            handle.remove()
    return output, [weights.detach() for weights in attention], gradients
