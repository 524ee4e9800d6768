"""What LLA-Net (arXiv 2001.11869) is made of: its module, and the steps that balance its data.

The paper has no such tables. It prints the accuracy of the whole, 0.49 on Aff-Wild2 in Table
III, and compares it with nothing but the challenge's baseline.
"""

from __future__ import annotations

from .table import Row, Table

_WHOLE = {"Aff-Wild2": 49.0}

# At the paper's scale each row starts from a run of lla_net.rafdb with the same setting: weights
# of blocks with the module do not fit blocks without.
ATTENTION = Table(
    name="lla_net.attention",
    title="The lossless attention module in each block of ResNet-18",
    source="LLA-Net (arXiv 2001.11869), sections III B and IV C; printed as 0.49, over ten crops",
    bases={
        "paper": "lla_net.affwild2",
        "gpu": "lla_net.ferplus.gpu",
        "cpu": "lla_net.ferplus.cpu",
    },
    rows=(
        Row(name="without", label="without the module", settings={"options.attention": False}),
        Row(
            name="with",
            label="with the module",
            paper=_WHOLE,
        ),
    ),
)

# Not at the other scales: FER+ has no videos to thin.
REBALANCING = Table(
    name="lla_net.rebalancing",
    title="Steps against the imbalance of Aff-Wild2",
    source="LLA-Net (arXiv 2001.11869), section IV A, Tables I and II; printed as 0.49, over ten "
    "crops",
    bases={"paper": "lla_net.affwild2"},
    rows=(
        Row(name="raw", label="all frames", recipes={"paper": "lla_net.affwild2-raw"}),
        Row(
            name="thinned",
            label="every 12th neutral and 2nd happy frame",
            recipes={"paper": "lla_net.affwild2-thinned"},
        ),
        Row(
            name="added",
            label="and pictures of AffectNet and RAF-DB",
            paper=_WHOLE,
        ),
    ),
)

ALL = (ATTENTION, REBALANCING)
