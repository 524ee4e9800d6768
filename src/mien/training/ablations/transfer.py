"""The tables and the figure of TransFER (Xue, Wang and Guo, ICCV 2021), sections 4.3 and 4.4.

Tables 1 and 4 print RAF-DB and AffectNet, where the best rates differ; the rows for AffectNet
are tables of their own, transfer.table1.affectnet7 and transfer.table4.affectnet7. Table 3
prints the row (0.6, 0.3) twice; it is one here.

Of Figure 3 the text names one point, 90.91 % for two branches. "Small B ... only achieved
89.60%" does not say which B, the best performance "is achieved when B is set to 2" does not
fit that it "starts to decrease after B = 5", and so the other points have no number.
"""

from __future__ import annotations

from typing import Any

from .column import column
from .table import Row, Table

_SOURCE = "TransFER (Xue et al. 2021)"
_BASES: Any = {
    "paper": "transfer.rafdb",
    "gpu": "transfer.ferplus.gpu",
    "cpu": "transfer.ferplus.cpu",
}
_AFFECTNET = ("AffectNet", "affectnet7", "transfer.affectnet7")


def _printed(rafdb: float, affectnet: float | None = None) -> dict[str, float]:
    both = {"RAF-DB": rafdb, "AffectNet": affectnet}
    return {name: value for name, value in both.items() if value is not None}


# How many branches there are and what the rates are, the base says.
TABLE1 = Table(
    name="transfer.table1",
    title="Local CNNs, MAD and MSAD",
    source=f"{_SOURCE}, Table 1",
    bases=_BASES,
    rows=(
        Row(
            name="baseline",
            label="none",
            settings={"options.branches": 0, "options.head_drop": 0.0},
            paper=_printed(89.93, 65.63),
        ),
        Row(
            name="local",
            label="local CNNs",
            settings={"options.dropping": "none", "options.head_drop": 0.0},
            paper=_printed(90.03, 65.74),
        ),
        Row(
            name="mad",
            label="local CNNs, MAD",
            settings={"options.head_drop": 0.0},
            paper=_printed(90.35, 65.94),
        ),
        Row(name="msad", label="local CNNs, MAD, MSAD", paper=_printed(90.91, 66.23)),
    ),
)

# On 112 pixels stages 2, 3 and 4 leave grids of 28, 14 and 7, on the 48 of the CPU scale of 12,
# 6 and 3. Its stem has three stages; a fourth is as deep as those, and twice as wide.
TABLE2 = Table(
    name="transfer.table2",
    title="Depth of the stem",
    source=f"{_SOURCE}, Table 2",
    bases=_BASES,
    rows=(
        Row(
            name="stage2",
            label="stage 2",
            settings={"options.stages": 2},
            paper=_printed(84.94),
        ),
        Row(
            name="stage3",
            label="stage 3",
            settings={"options.stages": 3},
            paper=_printed(90.91),
        ),
        Row(
            name="stage4",
            label="stage 4",
            settings={"options.stages": 4},
            scaled={
                "cpu": {
                    "options.stages": 4,
                    "options.units": [1, 1, 1, 1],
                    "options.widths": [16, 32, 64, 128],
                }
            },
            paper=_printed(90.32),
        ),
    ),
)


def _rates(map_drop: float, head_drop: float, rafdb: float) -> Row:
    return Row(
        name=f"{map_drop}-{head_drop}",
        label=f"p1 {map_drop}, p2 {head_drop}",
        settings={"options.map_drop": map_drop, "options.head_drop": head_drop},
        paper=_printed(rafdb),
    )


TABLE3 = Table(
    name="transfer.table3",
    title="Drop rates of MAD (p1) and MSAD (p2)",
    source=f"{_SOURCE}, Table 3",
    bases=_BASES,
    rows=(
        _rates(0.4, 0.3, 89.28),
        _rates(0.5, 0.3, 89.24),
        _rates(0.6, 0.3, 90.91),
        _rates(0.7, 0.3, 89.89),
        _rates(0.8, 0.3, 89.89),
        _rates(0.6, 0.1, 89.80),
        _rates(0.6, 0.2, 89.83),
        _rates(0.6, 0.4, 89.93),
        _rates(0.6, 0.5, 89.24),
    ),
)


def _dropped(name: str, label: str, kind: str, rate: float, paper: dict[str, float]) -> Row:
    settings = {"options.dropping": kind, "options.map_drop": rate}
    return Row(name=name, label=label, settings=settings, paper=paper)


def _blocks(size: int, paper: dict[str, float]) -> Row:
    """DropBlock at its best rate; a block covers half of the grid at every scale."""
    return Row(
        name="dropblock",
        label=f"Drop Block, rate 0.3, size {size}",
        settings={
            "options.dropping": "dropblock",
            "options.map_drop": 0.3,
            "options.block_size": size,
        },
        # Of a grid of 6, where blocks have an odd side.
        scaled={"cpu": {"options.block_size": 3}},
        paper=paper,
    )


# Each at its best rate on the data set; MAD's is the base's. The text adds dropout at 0.6.
TABLE4 = Table(
    name="transfer.table4",
    title="MAD against dropout, Drop Block and spatial dropout",
    source=f"{_SOURCE}, Table 4",
    bases=_BASES,
    rows=(
        Row(name="mad", label="MAD", paper=_printed(90.91)),
        _dropped("dropout", "Dropout, rate 0", "dropout", 0.0, _printed(90.35)),
        _blocks(7, _printed(90.25)),
        _dropped("spatial", "Spatial Dropout, rate 0.2", "spatial_dropout", 0.2, _printed(89.99)),
        _dropped("dropout-0.6", "Dropout, rate 0.6 (text)", "dropout", 0.6, _printed(39.05)),
    ),
)
_ON_AFFECTNET = "AffectNet"
TABLE4_AFFECTNET7 = Table(
    name="transfer.table4.affectnet7",
    title=f"{TABLE4.title}, on AffectNet",
    source=TABLE4.source,
    bases={"paper": "transfer.affectnet7"},
    rows=(
        Row(name="mad", label="MAD", paper={_ON_AFFECTNET: 66.23}),
        _dropped("dropout", "Dropout, rate 0.1", "dropout", 0.1, {_ON_AFFECTNET: 66.06}),
        _blocks(9, {_ON_AFFECTNET: 66.03}),
        _dropped(
            "spatial",
            "Spatial Dropout, rate 0.2",
            "spatial_dropout",
            0.2,
            {_ON_AFFECTNET: 65.54},
        ),
        _dropped("dropout-0.6", "Dropout, rate 0.6 (text)", "dropout", 0.6, {_ON_AFFECTNET: 65.51}),
    ),
)

FIGURE3 = Table(
    name="transfer.figure3",
    title="Number of branches B",
    source=f"{_SOURCE}, Figure 3",
    bases=_BASES,
    rows=tuple(
        Row(
            name=f"b{number}",
            label=f"B = {number}",
            settings={"options.branches": number},
            paper=_printed(90.91) if number == 2 else {},
        )
        for number in range(9)
    ),
)

ALL = (
    TABLE1,
    column(TABLE1, *_AFFECTNET),
    TABLE2,
    TABLE3,
    TABLE4,
    TABLE4_AFFECTNET7,
    FIGURE3,
)
