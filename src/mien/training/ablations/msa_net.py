"""MSA-Net's (Ghadai and Patra 2022) Table 3: one branch, its parts, and more branches.

The table itself is missing from the paper's text. The text says how many per cent points each
part of one branch adds, on four sets, and that three branches are best; the accuracy of three
branches is printed elsewhere for the first two sets. Each set is a table of its own. Those of
turned faces train what AffectNet's trains: its checkpoints can be measured on them as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .table import Row, Scale, Table


def _options(kernels: list[int], multi_scale: bool = True, attention: bool = True) -> Any:
    return {
        "options.kernels": kernels,
        "options.multi_scale": multi_scale,
        "options.attention": attention,
    }


def _table(
    column: str,
    dataset: str,
    bases: Mapping[Scale, str],
    gains: tuple[float, float],
    whole: float | None = None,
) -> Table:
    """The table of one set.

    Args:
        column: what stands after the table's name.
        dataset: as the paper calls it.
        bases: recipes by scale.
        gains: what the multi-scale structure adds, and attention on top of it, as printed.
        whole: the printed accuracy of the whole network.
    """
    multi_scale, attention = gains
    return Table(
        name=f"msa_net.table3{column}",
        title=f"The multi-scale structure, attention, and branches side by side, on {dataset}",
        source="MSA-Net (Ghadai and Patra 2022), Table 3; whole network: Tables 1 and 2",
        bases=bases,
        rows=(
            # "Resnet-18 is considered as one branch baseline": kernels of 3. Which kernel the one
            # branch has is not said; with that of the baseline nothing else changes.
            Row(
                name="baseline",
                label="one branch (ResNet-18)",
                settings=_options([3], multi_scale=False, attention=False),
            ),
            Row(
                name="multi-scale",
                label=f"one branch, multi-scale (printed: {multi_scale:+g})",
                settings=_options([3], attention=False),
            ),
            Row(
                name="attention",
                label=f"one branch, multi-scale, attention (printed: another {attention:+g})",
                settings=_options([3]),
            ),
            # Whether the paper's table has it cannot be told.
            Row(name="two-branches", label="two branches", settings=_options([5, 3])),
            Row(
                name="three-branches",
                label="three branches (MSA-Net)",
                paper={} if whole is None else {dataset: whole},
            ),
        ),
    )


_RAFDB: Mapping[Scale, str] = {
    "paper": "msa_net.rafdb",
    "gpu": "msa_net.ferplus.gpu",
    "cpu": "msa_net.ferplus.cpu",
}

RAFDB = _table("", "RAF-DB", _RAFDB, (2.1, 1.22), 86.32)
AFFECTNET7 = _table(
    ".affectnet7", "AffectNet", {"paper": "msa_net.affectnet7"}, (3.08, 1.46), 63.61
)
POSE30 = _table(
    ".pose30", "Pose-AffectNet (30°)", {"paper": "msa_net.affectnet7-pose30"}, (2.61, 1.68)
)
POSE45 = _table(
    ".pose45", "Pose-AffectNet (45°)", {"paper": "msa_net.affectnet7-pose45"}, (2.43, 2.14)
)

ALL = (RAFDB, AFFECTNET7, POSE30, POSE45)
