"""What the authors of DAN and APViT released: names of tensors, classes, preparation of faces.

The files say nothing of the latter two; they are those of the authors' code and papers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ..expressions import LabelSet
from ..preprocess import FACE_EVOLVE, IMAGENET, Preprocess

Tensors = Mapping[str, Tensor]


@dataclass(frozen=True)
class Training:
    """What a released network was trained on.

    Attributes:
        labels: what its outputs stand for, in their order.
        data: for the card.
        licence: of the data.
    """

    labels: LabelSet
    data: str
    licence: str


@dataclass(frozen=True)
class Release:
    """The checkpoints of one paper.

    Attributes:
        mark: start of names that every such file has and no other.
        classifier: name of the weight whose rows are the classes.
        options: of our builder, from the names in the file.
        places: from our network's tensors by name to the same tensors, or parts of them, by
            the file's names.
        preprocess: as the released evaluation.
        trainings: one for each released file, by name of the data set.
        pretraining: data of the backbone, for the card.
        pretraining_licence: its licence.
        limits: more for the card.
    """

    mark: str
    classifier: str
    options: Callable[[Collection[str]], dict[str, Any]]
    places: Callable[[Tensors], dict[str, Tensor]]
    preprocess: Preprocess
    trainings: Mapping[str, Training]
    pretraining: str
    pretraining_licence: str
    limits: str


def _renamed(tensors: Tensors, starts: Mapping[str, str]) -> dict[str, Tensor]:
    """Replace the start of each name by the first pattern of ``starts`` that matches."""
    renamed = {}
    for name, value in tensors.items():
        for pattern, start in starts.items():
            if found := re.match(pattern, name):
                name = found.expand(start) + name[found.end() :]
                break
        renamed[name] = value
    return renamed


# Released: the children of torchvision's ResNet-18 in a row, from conv1, 0, to layer4, 7.
_DAN_STARTS = {
    r"backbone\.conv1\.": "features.0.",
    r"backbone\.bn1\.": "features.1.",
    r"backbone\.layer1\.": "features.4.",
    r"backbone\.layer2\.": "features.5.",
    r"backbone\.layer3\.": "features.6.",
    r"backbone\.layer4\.": "features.7.",
    r"heads\.(\d+)\.spatial\.reduce\.": r"cat_head\1.sa.conv1x1.",
    r"heads\.(\d+)\.spatial\.square\.": r"cat_head\1.sa.conv_3x3.",
    r"heads\.(\d+)\.spatial\.row\.": r"cat_head\1.sa.conv_1x3.",
    r"heads\.(\d+)\.spatial\.column\.": r"cat_head\1.sa.conv_3x1.",
    r"heads\.(\d+)\.channel\.weigh\.": r"cat_head\1.ca.attention.",
    r"classifier\.": "fc.",
    r"norm\.": "bn.",
}
_DAN_HEAD = re.compile(r"cat_head(\d+)\.")

_APVIT_STARTS = {
    r"stem\.": "extractor.",
    r"projection\.": "vit.projs.0.",
    r"encoder\.": "vit.",
    r"classifier\.": "head.fc.",
}
_POSITIONS = "encoder.pos_embed"


def _dan_options(names: Collection[str]) -> dict[str, Any]:
    return {"heads": len({found[1] for found in map(_DAN_HEAD.match, names) if found})}


def _dan_places(tensors: Tensors) -> dict[str, Tensor]:
    return _renamed(tensors, _DAN_STARTS)


def _apvit_options(names: Collection[str]) -> dict[str, Any]:
    """Pooling has no parameters: these are the numbers of the released configuration."""
    del names
    return {"keep_patches": 160, "keep_rate": 0.9}


def _apvit_places(tensors: Tensors) -> dict[str, Tensor]:
    """Released in two: the position embedding of the class token and that of the patches."""
    positions = tensors[_POSITIONS]
    rest = {name: value for name, value in tensors.items() if name != _POSITIONS}
    return {
        **_renamed(rest, _APVIT_STARTS),
        "vit.cls_pos_embed": positions[:, :1],
        "vit.patch_pos_embed": positions[:, 1:],
    }


_AFFECTNET = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")
_RAFDB_DATA = "RAF-DB (Li et al. 2017), basic expressions, training part"
_RAFDB_LICENCE = "RAF-DB: non-commercial research, by agreement with its makers"
_AFFECTNET_LICENCE = "AffectNet: non-commercial research, by agreement with its makers"
_CELEBRITIES_LICENCE = "MS-Celeb-1M: withdrawn by its makers"

_DAN = Release(
    mark="cat_head0.",
    classifier="fc.weight",
    options=_dan_options,
    places=_dan_places,
    preprocess=Preprocess(size=224, **IMAGENET),
    trainings={
        "rafdb": Training(
            LabelSet.of(
                ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
            ),
            _RAFDB_DATA,
            _RAFDB_LICENCE,
        ),
        "affectnet7": Training(
            LabelSet.of(_AFFECTNET[:-1]),
            "AffectNet (Mollahosseini et al. 2017), seven expressions, training part",
            _AFFECTNET_LICENCE,
        ),
        "affectnet8": Training(
            LabelSet.of(_AFFECTNET),
            "AffectNet (Mollahosseini et al. 2017), eight expressions, training part",
            _AFFECTNET_LICENCE,
        ),
    },
    pretraining="backbone before on MS-Celeb-1M (Guo et al. 2016)",
    pretraining_licence=_CELEBRITIES_LICENCE,
    limits="Trained on the face crops of the data set, which go in whole; their margins are not "
    "published, so a face found in a photo is cut as the square of its box, which may cost "
    "accuracy",
)

_APVIT = Release(
    mark="extractor.input_layer.",
    classifier="head.fc.weight",
    options=_apvit_options,
    places=_apvit_places,
    preprocess=Preprocess(
        size=112,
        # The authors' pictures are BGR until they are normalised, then RGB.
        **IMAGENET,
        align="similarity",
        template=FACE_EVOLVE,
    ),
    trainings={
        "rafdb": Training(
            LabelSet.of(
                ("anger", "disgust", "fear", "sadness", "happiness", "surprise", "neutral")
            ),
            f"{_RAFDB_DATA}, aligned anew by MTCNN",
            _RAFDB_LICENCE,
        )
    },
    pretraining="IR-50 before on MS-Celeb-1M (Guo et al. 2016), the encoder on ImageNet",
    pretraining_licence=f"{_CELEBRITIES_LICENCE}; ImageNet: non-commercial research",
    limits="Made for faces aligned by the landmarks of MTCNN; on others, such as the aligned "
    "pictures that RAF-DB comes with, it is far less accurate",
)

RELEASES = {"dan": _DAN, "apvit": _APVIT}
"""By name of the network."""
