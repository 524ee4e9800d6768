"""The networks in the settings of their papers, with what each paper says they cost.

Figures: APViT's Tables 1, 2, 13, 14 and 15 and its section 4.4; they are fvcore's counts. A
percentage is a share of the same network without pooling.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch

from ..errors import UnknownName
from .cost import Cost, count
from .registry import create_model

UNPOOLED: dict[str, Any] = {"keep_patches": None, "keep_rate": 1.0}


@dataclass(frozen=True, slots=True)
class Printed:
    """A figure as a paper prints it.

    Attributes:
        value: the figure.
        unit: ``"G"``, or ``"%"`` of the variant's baseline.
        source: paper and table.
        digits: decimals that are printed.
        cut: whether the paper cut the rest off instead of rounding.
    """

    value: float
    unit: Literal["G", "%"]
    source: str
    digits: int = 2
    cut: bool = False

    def agrees(self, measured: float) -> bool:
        """Whether a measured number, printed the same way, is this one."""
        scale: int = 10**self.digits
        whole = math.floor(measured * scale) if self.cut else round(measured * scale)
        return whole == round(self.value * scale)


@dataclass(frozen=True, slots=True)
class Variant:
    """A network with options, for pictures of one size.

    Attributes:
        name: the variant's own.
        network: its name for ``create_model``.
        options: of the builder.
        size: side of the pictures in pixels.
        classes: number of classes.
        printed: what its paper says of the cost.
        baseline: name of the variant that a percentage refers to.
    """

    name: str
    network: str
    options: Mapping[str, Any] = field(default_factory=dict)
    size: int = 112
    classes: int = 7
    printed: Printed | None = None
    baseline: str | None = None


@dataclass(frozen=True, slots=True)
class VariantCost:
    """What a variant costs here, and by its paper.

    Attributes:
        variant: the setting.
        cost: counted here.
        measured: in the unit of the printed figure; ``None`` where none is printed.
    """

    variant: Variant
    cost: Cost
    measured: float | None

    @property
    def difference(self) -> float | None:
        """Measured minus printed, in the printed unit."""
        printed = self.variant.printed
        return None if printed is None or self.measured is None else self.measured - printed.value

    def record(self) -> dict[str, Any]:
        """All of it in plain values, for JSON."""
        variant, printed = self.variant, self.variant.printed
        return {
            "variant": variant.name,
            "network": variant.network,
            "options": dict(variant.options),
            "classes": variant.classes,
            "image_size": variant.size,
            "parameters": self.cost.parameters,
            "multiply_adds": self.cost.multiply_adds,
            "fvcore": self.cost.fvcore,
            "paper": printed
            and {
                "value": printed.value,
                "digits": printed.digits,
                "unit": printed.unit,
                "source": printed.source,
                "baseline": variant.baseline,
            },
            "measured": self.measured,
            "difference": self.difference,
        }


def _apvit(keep: int | None, rate: float) -> dict[str, Any]:
    return {"keep_patches": keep, "keep_rate": rate}


def _share(value: float, source: str, digits: int = 0, cut: bool = False) -> Printed:
    return Printed(value, "%", f"APViT, {source}", digits, cut)


def _shared(keep: int | None, rate: float, printed: Printed) -> Variant:
    """APViT (k, r), whose figure is a share of the unpooled network's; 196 patches are all."""
    name = f"apvit ({196 if keep is None else keep}, {rate:g})"
    return Variant(name, "apvit", _apvit(keep, rate), printed=printed, baseline=_PLAIN)


def _total(value: float, table: int) -> Printed:
    return Printed(value, "G", f"APViT, Table {table}")


_PLAIN, _CIFAR, _HYBRID, _DEIT = (
    f"{one}, unpooled" for one in ("apvit", "apvit cifar-10", "hybrid-deit-tiny", "deit-tiny")
)

VARIANTS: dict[str, Variant] = {
    one.name: one
    for one in (
        Variant("dan", "dan", size=224),
        *(Variant(f"dan, {k} heads", "dan", {"heads": k}, size=224) for k in (1, 2, 8)),
        Variant("dan, 8 classes", "dan", size=224, classes=8),
        Variant("transfer", "transfer", printed=_total(15.30, 13)),
        Variant("transfer, 4 branches", "transfer", {"branches": 4}),
        Variant("transfer, 2 stages", "transfer", {"stages": 2}),
        Variant("transfer, 4 stages", "transfer", {"stages": 4}),
        Variant("transfer_small", "transfer_small", size=48),
        Variant("lla_net", "lla_net"),
        Variant("lla_net, no attention", "lla_net", {"attention": False}),
        Variant("msa_net", "msa_net", size=224),
        Variant(_PLAIN, "apvit", UNPOOLED, printed=_share(100, "Table 1"), baseline=_PLAIN),
        _shared(None, 0.9, _share(94, "Table 1")),
        _shared(160, 1.0, _share(88, "Table 1")),
        Variant("apvit (160, 0.9)", "apvit", printed=_total(12.67, 13)),
        Variant("apvit (160, 0.9), share", "apvit", printed=_share(83, "Table 1"), baseline=_PLAIN),
        _shared(None, 0.6, _share(81, "Table 2")),
        _shared(80, 1.0, _share(61, "Table 2", cut=True)),
        _shared(80, 0.6, _share(54, "Table 2")),
        _shared(40, 0.6, _share(45.12, "section 4.4", 2)),
        Variant("apvit (10, 0.6)", "apvit", _apvit(10, 0.6), printed=_total(5.89, 13)),
        Variant(_CIFAR, "apvit", UNPOOLED, classes=10),
        *(
            Variant(
                f"apvit cifar-10 ({keep}, {rate})",
                "apvit",
                _apvit(keep, rate),
                classes=10,
                printed=_share(share, "Table 15", 2),
                baseline=_CIFAR,
            )
            for keep, rate, share in ((120, 0.9, 70.85), (80, 0.6, 54.07))
        ),
        Variant(_HYBRID, "apvit_hybrid_tiny", UNPOOLED, printed=_total(6.72, 14)),
        Variant("hybrid-deit-tiny (120, 0.9)", "apvit_hybrid_tiny", printed=_total(6.10, 14)),
        Variant(_DEIT, "apvit_deit_tiny", UNPOOLED, 224, printed=_total(1.26, 14)),
        Variant("deit-tiny (196, 0.8)", "apvit_deit_tiny", size=224, printed=_total(0.96, 14)),
        Variant("apvit_small", "apvit_small", size=48),
        Variant("resnet18", "resnet18", size=64, classes=8),
        Variant("small", "small", size=48, classes=8),
        Variant("mien-small", "small", {"plain_stages": 1}, size=56, classes=8),
        Variant("mien-robust", "small", {"plain_stages": 1}, size=48, classes=8),
    )
}


def variant_costs(names: Iterable[str] | None = None) -> Iterator[VariantCost]:
    """Count the variants one by one; about a second each.

    Args:
        names: which; ``None`` for all.

    Raises:
        UnknownName: if there is no such variant.
    """
    counted: dict[str, Cost] = {}

    def cost(name: str) -> Cost:
        if name not in VARIANTS:
            raise UnknownName("variant", name, VARIANTS)
        if name not in counted:
            variant = VARIANTS[name]
            with torch.device("meta"):
                network = create_model(variant.network, classes=variant.classes, **variant.options)
            counted[name] = count(network, variant.size)
        return counted[name]

    for name in VARIANTS if names is None else names:
        own = cost(name)
        variant = VARIANTS[name]
        measured = None
        if variant.printed is not None:
            measured = own.fvcore / 1e9
            if variant.printed.unit == "%" and variant.baseline is not None:
                measured = 100 * own.fvcore / cost(variant.baseline).fvcore
        yield VariantCost(variant, own, measured)
