"""Grad-CAM++ (Chattopadhay et al. 2018), by the package grad-cam.

A channel's weight is the sum over positions of alpha relu(g), with g the gradient of the class's
logit and alpha = g^2 / (2 g^2 + (sum of the channel) g^3), and the map is the positive part of
the weighted sum of the channels (Eq. 19 there).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import require
from ..models.output import Output
from .explanation import Explanation
from .layers import Layer, evidence_layers, head_layers
from .patch_grid import entered
from .pixels import heat
from .undisturbed import followed, undisturbed

_LARGEST = 1000
"""Gradient that all others are measured by."""


class _Logits(nn.Module):
    """A network that answers with its logits alone, as grad-cam expects."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.kept: NDArray[np.bool_] | None = None

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) to logits (N, M)."""
        output: Output = self.network(images)
        self.kept = entered(self.network, output)
        return output.logits


def grad_cam(network: nn.Module, images: Tensor, classes: Tensor) -> Explanation:
    """One map, of the layers that :func:`~mien.explain.layers.evidence_layers` names.

    A patch that APViT left out has no evidence: it is zero among the maps, as in the encoder.

    Raises:
        MissingExtra: if grad-cam is not installed.
        TensorError: if there is no grid for pictures of this shape.
    """
    maps, kept = cam(network, images, classes, evidence_layers(network, images))
    return Explanation(
        method="gradcam++", maps=maps, names=("evidence",), classes=classes.numpy(), kept=kept
    )


def grad_cam_of_heads(network: nn.Module, images: Tensor, classes: Tensor) -> Explanation:
    """One map for each cross attention head of DAN, as in the paper's Figure 1.

    Each is scaled by itself: it says where a head looks, not how much the head counts.

    Raises:
        MissingExtra: if grad-cam is not installed.
    """
    layers = head_layers(network)
    maps, _ = cam(network, images, classes, layers, each=True)
    names = tuple(f"head {number}" for number in range(1, len(layers) + 1))
    return Explanation(method="gradcam++-heads", maps=maps, names=names, classes=classes.numpy())


def cam(
    network: nn.Module,
    images: Tensor,
    classes: Tensor,
    layers: Sequence[Layer],
    *,
    each: bool = False,
) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
    """Grad-CAM++ of any layers.

    Args:
        network: in eval mode.
        images: (N, 3, H, W).
        classes: (N,).
        layers: whose maps have the same meaning of place; of several, the package takes the mean.
        each: one map for each layer instead.

    Returns:
        maps float32 (N, 1 or number of layers, H, W), each scaled to 0 to 1; and the patches
        that went on, (N, h, w), or ``None``.
    """
    require("pytorch_grad_cam", "explain")
    target = require("pytorch_grad_cam.utils.model_targets", "explain").ClassifierOutputTarget
    logits = _Logits(network)
    with undisturbed(network):
        camera = _camera(logits, layers, each=each)
        try:
            found = camera(followed(images), [target(int(one)) for one in classes])
        finally:
            camera.activations_and_grads.release()
    found = torch.from_numpy(found if each else found[:, None])
    # The package scales single maps before it resizes them.
    return heat(found, (images.shape[2], images.shape[3])), logits.kept


def _camera(logits: _Logits, layers: Sequence[Layer], *, each: bool) -> Any:
    """The package's Grad-CAM++, which knows left out patches and gradients of any size."""
    import pytorch_grad_cam  # type: ignore[import-untyped]

    class GradCAMPlusPlus(pytorch_grad_cam.GradCAMPlusPlus):  # type: ignore[misc]
        def get_cam_image(
            self,
            pictures: Tensor,
            layer: nn.Module,
            targets: Any,
            maps: NDArray[np.float32],
            gradients: NDArray[np.float32],
            smooth: bool = False,
        ) -> Any:
            # Maps s times as large with gradients s times as small have the same evidence, but the
            # package adds a constant to squares of gradients, beside which small ones vanish.
            unit = np.abs(gradients).max(axis=(1, 2, 3), keepdims=True) / _LARGEST
            unit[unit == 0] = 1
            maps, gradients = maps * unit, gradients / unit
            if logits.kept is not None:
                maps = maps * logits.kept[:, None]
            return super().get_cam_image(pictures, layer, targets, maps, gradients, smooth)

        def aggregate_multi_layers(self, every: Any) -> Any:
            return np.concatenate(every, axis=1) if each else super().aggregate_multi_layers(every)

    return GradCAMPlusPlus(logits, [layer.module for layer in layers], layers[0].to_maps)
