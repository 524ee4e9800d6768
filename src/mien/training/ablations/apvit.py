"""APViT's (Xue et al. 2022) tables on how much is left out, and all of its tables.

Where a table prints several data sets, the first is the table's; each other one is a table of
its own, such as apvit.table1.affectnet7. The paper prints 66.94 % on AffectNet in Tables 1 and
5 and in Figure 5, and 66.91 % for the same network in Tables 3, 4 and 6.

Of Figure 5 the text names three points; (196, 0.9) and (160, 1) are the same networks as two
rows of Table 1. The steps between 196 and 40 and between 1 and 0.6 are not in the text: they
are those of the k and r that the paper uses elsewhere.

Of Table 13 only the papers' own networks are here. What each costs: ``mien models --cost``.

At the CPU scale the grid has 36 patches and not 196; k is the same share of them. r is left as
it is, though two blocks leave tokens out there and not four.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import apvit_design
from .apvit_design import AFFECTNET, BASES, KEEP, RATE, SMALL, SOURCE, printed
from .column import column
from .table import Row, Table

_PATCHES = 14 * 14
_CPU_PATCHES = 6 * 6


def _pooled(
    name: str,
    label: str,
    keep: int,
    rate: float,
    paper: Mapping[str, float],
    settings: Mapping[str, Any] | None = None,
) -> Row:
    """A network that keeps ``keep`` of 196 patches, and in each pooling block ``rate``."""
    at_cpu = round(keep * _CPU_PATCHES / _PATCHES)
    return Row(
        name=name,
        label=label,
        settings={KEEP: keep, RATE: rate, **(settings or {})},
        scaled={"cpu": {KEEP: at_cpu}},
        paper=paper,
    )


_AVERAGE = {"options.head": "average"}
TABLE1 = Table(
    name="apvit.table1",
    title="APP, ATP, class token (CLT) and global average pooling (GAP)",
    source=f"{SOURCE}, Table 1",
    bases=BASES,
    rows=(
        _pooled("gap", "GAP", 196, 1.0, printed(90.77, 65.66), _AVERAGE),
        _pooled("clt", "CLT", 196, 1.0, printed(91.26, 65.91)),
        _pooled("atp-clt", "ATP, CLT", 196, 0.9, printed(91.52, 66.65)),
        _pooled("app-gap", "APP, GAP", 160, 1.0, printed(90.91, 66.34), _AVERAGE),
        _pooled("app-clt", "APP, CLT", 160, 1.0, printed(91.65, 66.51)),
        _pooled("app-atp-clt", "APP, ATP, CLT", 160, 0.9, printed(91.98, 66.94)),
    ),
)

TABLE2 = Table(
    name="apvit.table2",
    title="APP and ATP, k = 80 and r = 0.6",
    source=f"{SOURCE}, Table 2",
    bases={"paper": "apvit.affwild2", **SMALL},
    rows=(
        _pooled("none", "none", 196, 1.0, {"Aff-Wild2": 85.02}),
        _pooled("atp", "ATP", 196, 0.6, {"Aff-Wild2": 85.70}),
        _pooled("app", "APP", 80, 1.0, {"Aff-Wild2": 85.39}),
        _pooled("app-atp", "APP, ATP", 80, 0.6, {"Aff-Wild2": 86.03}),
    ),
)

TABLE13 = Table(
    name="apvit.table13",
    title="Beside TransFER",
    source=f"{SOURCE}, Table 13",
    bases=BASES,
    rows=(
        Row(
            name="transfer",
            label="TransFER",
            recipes={
                "paper": "transfer.rafdb",
                "gpu": "transfer.ferplus.gpu",
                "cpu": "transfer.ferplus.cpu",
            },
            paper={"RAF-DB": 90.91},
        ),
        _pooled("160-0.9", "APViT (160, 0.9)", 160, 0.9, {"RAF-DB": 91.98}),
        _pooled("10-0.6", "APViT (10, 0.6)", 10, 0.6, {"RAF-DB": 90.67}),
    ),
)

TABLE15 = Table(
    name="apvit.table15",
    title="On pictures that are no faces",
    source=f"{SOURCE}, Table 15",
    bases={"paper": "apvit.cifar10", **SMALL},
    rows=(
        _pooled("baseline", "baseline", 196, 1.0, {"CIFAR-10": 96.02}),
        _pooled("120-0.9", "(120, 0.9)", 120, 0.9, {"CIFAR-10": 96.23}),
        _pooled("80-0.6", "(80, 0.6)", 80, 0.6, {"CIFAR-10": 96.11}),
    ),
)

_NAMED = {
    (196, 1.0): 65.91,
    (196, 0.9): 66.65,
    (160, 1.0): 66.51,
    (160, 0.9): 66.94,
    (40, 0.6): 66.48,
}
FIGURE5 = Table(
    name="apvit.figure5",
    title="Patches kept (k) and share of tokens kept (r)",
    source=f"{SOURCE}, Figure 5",
    bases={"paper": "apvit.affectnet7", **SMALL},
    rows=tuple(
        _pooled(
            f"{keep}-{rate}",
            f"({keep}, {rate:g})",
            keep,
            rate,
            {"AffectNet": _NAMED[keep, rate]} if (keep, rate) in _NAMED else {},
        )
        for keep in (196, 160, 120, 80, 40)
        for rate in (1.0, 0.9, 0.8, 0.7, 0.6)
    ),
    axes=(KEEP, RATE),
)

ALL = (
    TABLE1,
    column(TABLE1, *AFFECTNET),
    TABLE2,
    *apvit_design.ALL,
    TABLE13,
    TABLE15,
    FIGURE5,
)
