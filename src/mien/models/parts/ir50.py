"""IR-50, the residual network for faces that TransFER and APViT stand on.

A residual network of the "improved residual" unit of ArcFace (Deng et al. 2019, fig. 4 there
and section 3.2.2): normalise, convolve, PReLU, convolve with the stride, normalise. It begins
at full size and halves it in the first unit of each stage, so a face of 112 pixels leaves
stage 3 as 256 maps of 14x14: the grid of patches of both papers. TransFER (section 3.1)
describes a stage as "two convolution layers and a max pooling"; the released networks of both
papers hold the units below.

Names of the submodules follow the released weights: ``body.STAGE.UNIT.res_layer.LAYER``.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from ...errors import ModelError
from ...options import check_count


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    if inputs != outputs:
        return nn.Sequential(_convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
    # The released code pools 1x1 windows at stride 1, too, which changes nothing.
    return nn.MaxPool2d(1, stride) if stride > 1 else nn.Identity()


class IRUnit(nn.Module):
    """Residual unit without an activation after the sum.

    Unlike ResNet's, its first layer is a normalisation, its activation is a PReLU with one
    slope per channel, and the stride sits in the second convolution.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.shortcut_layer = _shortcut(inputs, outputs, stride)
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(inputs),
            _convolution(inputs, outputs, 3),
            nn.PReLU(outputs),
            _convolution(outputs, outputs, 3, stride),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        total: Tensor = self.res_layer(maps) + self.shortcut_layer(maps)
        return total


class IR50(nn.Module):
    """The first stages of IR-50: 17,611,968 parameters to stage 3, 30,727,360 to stage 4.

    A shallower one for machines without an accelerator has other ``units`` and ``widths``.

    Attributes:
        width: channels of the maps that come out.
        stride: pixels of the input per position of those maps.
    """

    def __init__(
        self,
        stages: int = 3,
        units: Sequence[int] = (3, 4, 14, 3),
        widths: Sequence[int] = (64, 128, 256, 512),
    ) -> None:
        """Build ``stages`` of the stages that ``units`` and ``widths`` describe.

        Args:
            stages: how many are built; the papers use 3, TransFER's figure on the depth of
                the stem also 2 and 4.
            units: residual units of each stage.
            widths: channels of each stage; the stem before them has ``widths[0]``.

        Raises:
            ModelError: if these do not describe that many stages.
        """
        super().__init__()
        if len(units) != len(widths):
            raise ModelError(f"units {tuple(units)} and widths {tuple(widths)} differ in length")
        check_count("stages", stages, most=len(units))
        for name, counts in (("units", units), ("widths", widths)):
            for count in counts:
                check_count(f"one of the {name}", count)
        self.width = widths[stages - 1]
        self.stride = 2**stages
        self.input_layer = nn.Sequential(
            _convolution(3, widths[0], 3), nn.BatchNorm2d(widths[0]), nn.PReLU(widths[0])
        )
        self.body = nn.Sequential()
        inputs = widths[0]
        for depth, outputs in zip(units[:stages], widths[:stages], strict=True):
            stage = [IRUnit(inputs, outputs, 2)]
            stage += [IRUnit(outputs, outputs, 1) for _ in range(depth - 1)]
            self.body.append(nn.Sequential(*stage))
            inputs = outputs
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.xavier_uniform_(module.weight)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) to maps (N, width, H / stride, W / stride)."""
        maps: Tensor = self.body(self.input_layer(images))
        return maps
