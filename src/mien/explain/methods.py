"""The methods of explanation by name, and the one call for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import Tensor, nn

from ..errors import ModelError, TensorError, UnknownName
from .attention import attention, attention_names, block_names, class_attention
from .explanation import Explanation
from .gradcam import grad_cam, grad_cam_of_heads
from .inputs import classes_of, look, prepared
from .layers import has_layers, head_layers
from .patches import kept_patches, leaves_out
from .relevance import relevance


@dataclass(frozen=True, slots=True)
class Method:
    """A way to explain.

    Attributes:
        title: what its maps show, in a few words.
        suits: whether a network has what it needs.
        explain: from network, pictures (N, 3, H, W) and classes (N,) to the explanation.
        of_class: whether the maps of another class are others.
    """

    title: str
    suits: Callable[[nn.Module], bool]
    explain: Callable[[Any, Tensor, Tensor], Explanation]
    of_class: bool = False


METHODS: Mapping[str, Method] = {
    "gradcam++": Method(
        "evidence for a class in maps of a late layer (Grad-CAM++)",
        has_layers,
        grad_cam,
        of_class=True,
    ),
    "gradcam++-heads": Method(
        "Grad-CAM++ of each of DAN's attention heads",
        lambda network: bool(head_layers(network)),
        grad_cam_of_heads,
        of_class=True,
    ),
    "relevance": Method(
        "what a class takes from each patch through all blocks of a transformer",
        lambda network: bool(block_names(network)),
        relevance,
        of_class=True,
    ),
    "attention": Method(
        "where the network's own attention lies",
        lambda network: bool(attention_names(network)),
        attention,
    ),
    "class-attention": Method(
        "what the class token attends to in each block of a transformer",
        lambda network: bool(block_names(network)),
        class_attention,
    ),
    "patches": Method("the patches that APViT keeps", leaves_out, kept_patches),
}
"""By name; all that a network has: :func:`methods_of`."""


def methods_of(network: nn.Module) -> tuple[str, ...]:
    """Names of the methods that a network has layers and maps for."""
    return tuple(name for name, method in METHODS.items() if method.suits(network))


def explain(
    network: nn.Module,
    images: Tensor,
    method: str,
    *,
    classes: Sequence[int] | None = None,
    batch: int = 32,
) -> Explanation:
    """Say what in pictures an answer of a network rests on.

    The network is left as it was: no gradients stay in it, its weights do not change.

    Args:
        network: one of :func:`mien.models.create_model`, in eval mode.
        images: float (N, 3, H, W), normalised as the network expects.
        method: one of :data:`METHODS`.
        classes: the class to explain of each picture; ``None`` for the predicted ones. Methods
            whose maps are of no class do not need it.
        batch: how many pictures go through the network together.

    Raises:
        UnknownName: if there is no such method.
        ModelError: if the network has no layer or no maps for it, or is in training mode.
        TensorError: if the network cannot take the pictures, or has no such class.
        MissingExtra: if grad-cam is needed and not installed.
    """
    if method not in METHODS:
        raise UnknownName("method of explanation", method, METHODS)
    own = methods_of(network)
    if method not in own:
        known = f"it has {', '.join(own)}" if own else "mien knows none for it"
        raise ModelError(f"{type(network).__name__} cannot be explained by {method}: {known}")
    images = prepared(network, images)
    if classes is not None and len(classes) != len(images):
        raise TensorError(f"{len(classes)} classes are given for {len(images)} pictures")
    parts = []
    for start in range(0, len(images), batch):
        piece = images[start : start + batch]
        logits = look(network, piece).logits
        asked = None if classes is None else classes[start : start + batch]
        parts.append(METHODS[method].explain(network, piece, classes_of(logits, asked)))
    return _joined(parts)


def _joined(parts: Sequence[Explanation]) -> Explanation:
    """The explanations of batches as one."""
    kept = [part.kept for part in parts if part.kept is not None]
    return replace(
        parts[0],
        maps=np.concatenate([part.maps for part in parts]),
        classes=np.concatenate([part.classes for part in parts]),
        kept=np.concatenate(kept) if kept else None,
    )
