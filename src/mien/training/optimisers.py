"""The optimisers of the recipes, and which parameters they treat how."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from timm.optim import muon
from torch import nn

from ..errors import InputError
from .processor import has_bfloat16


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimiser(ABC):
    """What all optimisers have in common.

    Attributes:
        learning_rate: before the schedule's factor.
        weight_decay: on the network's weights.
        decay_all: also on biases and norms, as the released codes of DAN and APViT do; they
            are left alone otherwise.
        centre_rate: factor of the rate for the loss's own parameters, such as the centres of
            the affinity loss; DAN's code has them in one group with the network, which is 1.
        centre_decay: their weight decay; ``None`` for that of the network's weights.
    """

    learning_rate: float
    weight_decay: float = 0.0
    decay_all: bool = False
    centre_rate: float = 1.0
    centre_decay: float | None = None

    def __post_init__(self) -> None:
        values = (self.weight_decay, self.centre_rate, self.centre_decay or 0.0)
        if not self.learning_rate > 0 or min(values) < 0:
            raise InputError("learning_rate is above 0; decays and centre_rate at least 0")

    def make(self, network: nn.Module, criterion: nn.Module) -> torch.optim.Optimizer:
        """The optimiser over the parameters of both."""
        return self._make(self.groups(network, criterion))

    def groups(self, network: nn.Module, criterion: nn.Module) -> list[dict[str, Any]]:
        """Parameters with their rate and decay; empty groups are left out."""
        weights = [one for one in network.parameters() if one.ndim > 1]
        plain = [one for one in network.parameters() if one.ndim <= 1]
        own = self.weight_decay if self.centre_decay is None else self.centre_decay
        rows: Iterable[tuple[list[nn.Parameter], float, float]] = (
            (weights, 1.0, self.weight_decay),
            (plain, 1.0, self.weight_decay if self.decay_all else 0.0),
            (list(criterion.parameters()), self.centre_rate, own),
        )
        return [
            {"params": params, "lr": self.learning_rate * rate, "weight_decay": decay}
            for params, rate, decay in rows
            if params
        ]

    @abstractmethod
    def _make(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SGD(Optimiser):
    """Stochastic gradient descent; all five papers' but for DAN on AffectNet."""

    learning_rate: float = 0.1
    momentum: float = 0.9
    nesterov: bool = False

    def _make(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        return torch.optim.SGD(groups, momentum=self.momentum, nesterov=self.nesterov)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adam(Optimiser):
    """Adam (Kingma and Ba 2015): DAN on AffectNet. Its decay is added to the gradient."""

    learning_rate: float = 1e-3

    def _make(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        return torch.optim.Adam(groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdamW(Optimiser):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""

    learning_rate: float = 1e-3

    def _make(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        return torch.optim.AdamW(groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class Muon(Optimiser):
    """Momentum whose matrices are made orthogonal (Jordan et al. 2024), in few steps of
    Newton and Schulz; kernels of convolutions are matrices of one row for each output.

    Updates have the size of AdamW's (Liu et al. 2025, arXiv:2502.16982), so that its rates and
    decays hold. What is no matrix, such as norms, and what is too narrow goes by NAdamW.
    """

    learning_rate: float = 2e-3
    momentum: float = 0.95

    def __post_init__(self) -> None:
        # A dataclass with slots is made twice, and super() knows only the first.
        Optimiser.__post_init__(self)
        if not 0 <= self.momentum < 1:
            raise InputError(f"momentum is {self.momentum}; it is at least 0 and below 1")

    def groups(self, network: nn.Module, criterion: nn.Module) -> list[dict[str, Any]]:
        """As of all optimisers; the loss's own parameters, such as centres, are no matrices."""
        own = {id(one) for one in criterion.parameters()}
        return [
            {**group, "use_fallback": any(id(one) in own for one in group["params"])}
            for group in Optimiser.groups(self, network, criterion)
        ]

    def _make(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        device = groups[0]["params"][0].device.type
        kind = muon.Muon if has_bfloat16(device) else SingleMuon
        made: torch.optim.Optimizer = kind(
            groups, momentum=self.momentum, nesterov=True, adjust_lr_fn="match_rms_adamw"
        )
        return made


class SingleMuon(muon.Muon):
    """timm's Muon with its matrices made orthogonal in float32.

    timm has bfloat16 for it and no option; see :func:`mien.training.processor.has_bfloat16`.
    """

    def step(self, closure: Any = None) -> Any:
        """As timm's, whose function is another one meanwhile."""
        usual = muon.zeropower_via_newtonschulz
        muon.zeropower_via_newtonschulz = partial(usual, dtype=torch.float32)
        try:
            return super().step(closure)  # type: ignore[no-untyped-call]
        finally:
            muon.zeropower_via_newtonschulz = usual
