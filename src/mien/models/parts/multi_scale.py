"""The multi-scale block of MSA-Net (Ghadai and Patra 2022), section 2.2 and Figure 2.

A bottleneck whose middle is split along the channels; each part gets a convolution of its own
and the results are added up from part to part.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation  # type: ignore[import-untyped]

from ...errors import ModelError
from ...options import check_choice, check_count


class HierarchicalConvolutions(nn.Module):
    """Convolutions P_i on parts X_i of the channels, summed from part to part.

    ``add="after"`` is Eq. 1 as printed: Y_1 = P_1(X_1), Y_i = P_i(X_i) + Y_{i-1}; a position
    of Y_i sees no more of the maps than one of Y_1. ``add="before"`` is what the prose says
    and Res2Net (Gao et al. 2019) does: Y_i = P_i(X_i + Y_{i-1}), which sees more with each i.
    Unlike Res2Net, no part goes without convolution.

    Args:
        channels: of the input, a multiple of ``splits``.
        splits: number of parts, n.
        kernel: of all P_i.
        stride: of all P_i; 1 with ``add="before"``, where Y_{i-1} is added to X_i.
        add: ``"after"`` or ``"before"``.
    """

    def __init__(self, channels: int, splits: int, kernel: int, stride: int, add: str) -> None:
        super().__init__()
        check_choice("add", add, ("after", "before"))
        check_count("splits", splits)
        if channels % splits:
            raise ModelError(f"a bottleneck of {channels} channels has no {splits} equal splits")
        if add == "before" and stride != 1:
            raise ModelError(f"with add='before' the splits have stride 1, not {stride}")
        self.before = add == "before"
        width = channels // splits
        self.parts = nn.ModuleList(
            Conv2dNormActivation(width, width, kernel, stride) for _ in range(splits)
        )

    def forward(self, maps: Tensor) -> Tensor:
        """(N, C, h, w) to (N, C, h / stride, w / stride)."""
        pieces = maps.chunk(len(self.parts), 1)
        results = [self.parts[0](pieces[0])]
        for piece, part in zip(pieces[1:], list(self.parts)[1:], strict=True):
            last = results[-1]
            results.append(part(piece + last) if self.before else part(piece) + last)
        return torch.cat(results, 1)


class MultiScaleBlock(nn.Module):
    """1x1 down, k x k, k x k on each split, 1x1 up, beside a shortcut.

    Each convolution is followed by BatchNorm and ReLU, the last by BatchNorm, sum and ReLU.

    Args:
        inputs: channels.
        outputs: channels.
        bottleneck: channels between the two 1x1 convolutions.
        kernel: k, odd.
        stride: of the first convolution larger than 1x1. Where that would be the splits, and
            ``add="before"`` forbids it, of the first 1x1 convolution.
        splits: number of splits, n.
        add: see :class:`HierarchicalConvolutions`.
        pre_conv: whether there is a k x k convolution before the split. Section 2.2 speaks of
            one, and of k x k convolutions on the splits; whether it means both is unclear.

    Raises:
        ModelError: if an option has a value that it cannot have.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        bottleneck: int,
        kernel: int,
        stride: int,
        *,
        splits: int = 4,
        add: str = "after",
        pre_conv: bool = True,
    ) -> None:
        super().__init__()
        check_count("kernel", kernel)
        check_count("stride", stride)
        if kernel % 2 == 0:
            raise ModelError(f"kernel is {kernel}; an even one has no middle")
        down, pre, split = _strides(stride, pre_conv, add)
        self.down = Conv2dNormActivation(inputs, bottleneck, 1, down)
        self.pre: nn.Module = nn.Identity()
        if pre_conv:
            self.pre = Conv2dNormActivation(bottleneck, bottleneck, kernel, pre)
        self.splits = HierarchicalConvolutions(bottleneck, splits, kernel, split, add)
        self.up = Conv2dNormActivation(bottleneck, outputs, 1, activation_layer=None)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = Conv2dNormActivation(inputs, outputs, 1, stride, activation_layer=None)

    def forward(self, maps: Tensor) -> Tensor:
        """(N, inputs, h, w) to (N, outputs, h / stride, w / stride)."""
        residual = self.up(self.splits(self.pre(self.down(maps))))
        total: Tensor = residual + self.shortcut(maps)
        return total.relu()


def _strides(stride: int, pre_conv: bool, add: str) -> tuple[int, int, int]:
    """Strides of the first 1x1 convolution, the one before the split, and the splits."""
    if pre_conv:
        return 1, stride, 1
    return (stride, 1, 1) if add == "before" else (1, 1, stride)
