"""MSA-Net: Multi-branch Multi-Scale Attention Network (Ghadai and Patra 2022).

The first half of ResNet-18 makes maps of 128 channels. Branches side by side look at them, each
with a kernel size of its own: two multi-scale blocks, then CBAM. Their maps are put together,
averaged and classified. The paper's cross entropy has a factor of 0.6: ``mien.losses``.

The paper has no public code and its text no widths. The defaults repeat the two stages of
ResNet-18 that the branches stand for: 256 channels at half the size, then 512 at a quarter.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from ..errors import ModelError
from ..options import check_count
from .output import Output
from .parts.cbam import CBAM
from .parts.checks import check_images
from .parts.multi_scale import MultiScaleBlock
from .parts.resnet import Trunk, initialise, residual_stage
from .registry import register

_STAGE = 2  # blocks in a stage of ResNet-18


class Branch(nn.Module):
    """Blocks in a row, then CBAM if there is one."""

    def __init__(self, blocks: Sequence[nn.Module], gates: CBAM | None) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*blocks)
        self.gates = gates

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor | None]:
        """Maps (N, C, h, w) to the branch's maps and CBAM's spatial weights (N, 1, h', w')."""
        maps = self.blocks(maps)
        return (maps, None) if self.gates is None else self.gates(maps)


class MSANet(nn.Module):
    """See :func:`build_msa_net`.

    ``attended`` does nothing: its output is the maps of all branches, for Grad-CAM.
    """

    def __init__(
        self, classes: int, backbone: Trunk, branches: Sequence[Branch], features: int
    ) -> None:
        super().__init__()
        check_count("classes", classes)
        self.backbone = backbone
        self.branches = nn.ModuleList(branches)
        self.attended = nn.Identity()
        self.classifier = nn.Linear(features, classes)
        initialise(self.branches)

    def forward(self, images: Tensor) -> Output:
        """Images (N, 3, H, W) to logits (N, M) and features (N, D), all branches' averages.

        ``attention`` (N, branches, h, w) is the spatial gate of each branch, ``None`` without CBAM.

        Raises:
            TensorError: on pictures of another shape or type, or not finite.
        """
        check_images(images)
        shared = self.backbone(images)
        maps, gates = zip(*(branch(shared) for branch in self.branches), strict=True)
        features = self.attended(torch.cat(maps, 1)).mean((2, 3))
        attention = None if gates[0] is None else torch.cat(gates, 1)
        return Output(self.classifier(features), features, attention)


@register("msa_net")
def build_msa_net(
    *,
    classes: int,
    kernels: Sequence[int] = (7, 5, 3),
    multi_scale: bool = True,
    attention: bool = True,
    add: str = "after",
    pre_conv: bool = True,
    splits: int = 4,
    widths: Sequence[int] = (256, 512),
    bottlenecks: Sequence[int] = (64, 128),
    strides: Sequence[int] = (2, 2),
    width: int = 64,
    depths: Sequence[int] = (2, 2),
) -> MSANet:
    """Builder of MSA-Net: 3,791,699 parameters for 7 classes.

    The rows of our table msa_net.table3: ``kernels=(3,), multi_scale=False, attention=False`` is
    ResNet-18, "one branch baseline"; then with ``multi_scale``, with ``attention``, and two and
    three kernels.

    Args:
        classes: number of classes.
        kernels: kernel size of each branch.
        multi_scale: ``False`` puts stages of ResNet-18 in the place of the blocks; all
            kernels must be 3 then.
        attention: whether CBAM ends each branch.
        add: order in the blocks, ``"after"`` as Eq. 1 or ``"before"`` as the prose.
        pre_conv: whether the blocks have a k x k convolution before the split.
        splits: parts of a block's middle, n.
        widths: channels after each block of a branch.
        bottlenecks: channels in the middle of each block.
        strides: of each block.
        width: channels of the first stage before the branches.
        depths: blocks in each stage before the branches.

    Raises:
        ModelError: if an option has a value that it cannot have, or two exclude each other.
    """
    if not kernels or not widths or not len(widths) == len(bottlenecks) == len(strides):
        raise ModelError(
            f"kernels {kernels}, widths {widths}, bottlenecks {bottlenecks} and strides {strides} "
            "do not describe branches: one kernel each, and for each block one of the others"
        )
    if not multi_scale and set(kernels) != {3}:
        raise ModelError(f"multi_scale=False needs kernels of 3, such as (3,), not {kernels}")
    block = partial(MultiScaleBlock, splits=splits, add=add, pre_conv=pre_conv)
    backbone = Trunk(tuple(depths), width)
    branches = []
    for kernel in kernels:
        blocks: list[nn.Module] = []
        inputs = backbone.outputs
        for outputs, bottleneck, stride in zip(widths, bottlenecks, strides, strict=True):
            if multi_scale:
                blocks.append(block(inputs, outputs, bottleneck, kernel, stride))
            else:
                blocks.append(residual_stage(inputs, outputs, _STAGE, stride))
            inputs = outputs
        branches.append(Branch(blocks, CBAM(inputs) if attention else None))
    return MSANet(classes, backbone, branches, inputs * len(branches))
