"""How training faces are varied, as an ordered description."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from ...errors import InputError
from .augmentation_steps import Flip, Step


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How training faces are varied.

    Attributes:
        load: side in pixels of the pictures before ``steps``; ``None`` for the network's
            input. Larger where a recipe resizes and then crops.
        steps: on values between 0 and 1, in this order.
        after: on normalised values.
    """

    load: int | None = None
    steps: tuple[Step, ...] = (Flip(),)
    after: tuple[Step, ...] = ()

    def loaded(self, size: int) -> int:
        """Side in pixels to which pictures are brought first, for an input of ``size``.

        Raises:
            InputError: if the pictures would be smaller than the input.
        """
        if self.load is not None and self.load < size:
            raise InputError(
                f"pictures of {self.load} pixels are too small for an input of {size}; "
                "choose a larger load"
            )
        return self.load or size

    def transform(self, size: int) -> nn.Sequential:
        """The transform of one float picture (C, load, load) with values between 0 and 1."""
        return _in_order(self.steps, size)

    def transform_after(self, size: int) -> nn.Sequential:
        """The transform of one normalised picture (C, H, W)."""
        return _in_order(self.after, size)


def _in_order(steps: tuple[Step, ...], size: int) -> nn.Sequential:
    return nn.Sequential(*(step.transform(size) for step in steps))
