"""LANet: one map of how much each position matters (TransFER, section 3.1, figure 3).

Two 1x1 convolutions, the first to fewer channels, the second to one. TransFER multiplies
the maximum over several of them into the features, APViT can rank patches by one.
"""

from __future__ import annotations

from torch import Tensor, nn

from ...options import check_count


class LANet(nn.Module):
    """Attention over positions; 4,163 parameters for 256 channels.

    The paper prints the convolutions bare; the released code normalises after each. APViT
    drops the sigmoid where the map only ranks patches (its released code keeps it).
    """

    def __init__(
        self, width: int, reduction: int = 16, *, norm: bool = True, sigmoid: bool = True
    ) -> None:
        """Build one map's two convolutions.

        Args:
            width: channels C of the features.
            reduction: the first convolution leaves C / reduction channels (the paper's r).
            norm: normalise after each convolution, as the released code does.
            sigmoid: bound the map to 0 to 1.

        Raises:
            ModelError: if the reduction leaves no channel.
        """
        super().__init__()
        check_count("reduction", reduction, most=width)
        hidden = width // reduction
        self.layers = nn.Sequential(
            nn.Conv2d(width, hidden, 1),
            nn.BatchNorm2d(hidden) if norm else nn.Identity(),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, 1, 1),
            nn.BatchNorm2d(1) if norm else nn.Identity(),
            nn.Sigmoid() if sigmoid else nn.Identity(),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, C, H, W) to one map (N, 1, H, W)."""
        attention: Tensor = self.layers(features)
        return attention
