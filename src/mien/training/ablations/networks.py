"""The networks of the five papers and a ResNet-18, on the same faces of FER+.

No paper has this table. Faces, split, augmentation, budget and selection are the same in all rows;
each network is there twice, from fresh weights and from a stem that has learned from FairFace's
faces, as DAN, TransFER and APViT begin from MS-Celeb-1M's and LLA-Net from RAF-DB's. The stems come
first:

    mien train pretrain.resnet_w32.cpu --data fairface=FAIRFACE
    mien ablate networks --data ferplus=FERPLUS \\
        --start dan-fairface=runs/pretrain.resnet_w32.cpu/model.safetensors ...

What TransFER and APViT print for FERPlus is of its last test split, which none of these
runs may see, so that nothing printed stands beside them.
"""

from __future__ import annotations

from collections.abc import Mapping

from .table import Row, Scale, Table

_NETWORKS = {
    "resnet18": "ResNet-18",
    "dan": "DAN",
    "transfer": "TransFER",
    "lla_net": "LLA-Net",
    "apvit": "APViT",
    "msa_net": "MSA-Net",
}
_STEMS: Mapping[str, Mapping[Scale, str]] = {
    "resnet18": {"cpu": "pretrain.resnet_w32.cpu", "gpu": "pretrain.resnet18"},
    "dan": {"cpu": "pretrain.resnet_w32.cpu", "gpu": "pretrain.resnet18"},
    "transfer": {"cpu": "pretrain.ir50_small.cpu", "gpu": "pretrain.ir50"},
    "lla_net": {"cpu": "pretrain.resnet_w16.cpu", "gpu": "pretrain.resnet18"},
    "apvit": {"cpu": "pretrain.ir50_small.cpu", "gpu": "pretrain.ir50"},
    "msa_net": {"cpu": "pretrain.resnet_w32.cpu", "gpu": "pretrain.resnet18"},
}


def _rows(network: str, label: str) -> tuple[Row, Row]:
    recipes: Mapping[Scale, str] = {
        "cpu": f"{network}.ferplus.cpu",
        "gpu": f"{network}.ferplus.gpu",
    }
    stems = {scale: {"starts_from": f"a stem of {stem}"} for scale, stem in _STEMS[network].items()}
    return (
        Row(name=network, label=label, recipes=recipes),
        Row(
            name=f"{network}-fairface",
            label=f"{label}, pre-trained on FairFace",
            recipes=recipes,
            scaled=stems,
        ),
    )


NETWORKS = Table(
    name="networks",
    title="The five networks and a ResNet-18 on the same faces",
    source="no paper",
    bases={"cpu": "resnet18.ferplus.cpu", "gpu": "resnet18.ferplus.gpu"},
    damaged=500,
    rows=tuple(row for name, label in _NETWORKS.items() for row in _rows(name, label)),
)

ALL = (NETWORKS,)
