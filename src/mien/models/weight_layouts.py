"""How the tensors of weight files are called, and which part of a network they are for."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from math import isqrt
from typing import Any

from timm.layers import resample_abs_pos_embed  # type: ignore[attr-defined]
from torch import Tensor, nn
from torchvision.models import ResNet  # type: ignore[import-untyped]

from ..errors import ModelError
from .parts.encoder import Encoder
from .parts.ir50 import IR50
from .parts.resnet import Trunk
from .released_layouts import RELEASES

_NONE = re.compile(r"(?!)")
_POSITIONS = "pos_embed"
_SHORTCUT = "shortcut_layer."


@dataclass(frozen=True)
class Layout:
    """One kind of file.

    Attributes:
        name: for messages.
        marks: names that every such file has.
        parts: types of the submodule that it fills.
        rename: names of the file to names in that submodule.
        unused: the file's own classifier and what else the submodule has no place for.
        stage: the beginning of a stage's names: those of a stage that was not built are not
            needed.
        fresh: tensors of the submodule that no such file has.
        beside: start of names in the file to a submodule beside the part; it is filled only
            if the shapes fit.
    """

    name: str
    marks: tuple[str, ...]
    parts: tuple[type[nn.Module], ...]
    rename: Callable[[Collection[str]], dict[str, str]] = field(
        default=lambda names: {name: name for name in names}
    )
    unused: re.Pattern[str] = _NONE
    stage: re.Pattern[str] = _NONE
    fresh: re.Pattern[str] = _NONE
    beside: Mapping[str, str] = field(default_factory=dict)

    def needless(self, name: str, own: Collection[str]) -> bool:
        """Whether the file's ``name`` may be left out beside tensors called ``own``."""
        if self.unused.match(name):
            return True
        stage = self.stage.match(name)
        return stage is not None and not any(other.startswith(stage[0]) for other in own)

    def find(self, network: nn.Module) -> tuple[str, nn.Module] | None:
        """Name and module of the network's part that such a file fills."""
        for name, module in network.named_modules():
            if isinstance(module, self.parts):
                return name, module
        return None


def _in_stages(names: Collection[str]) -> dict[str, str]:
    """Units that face.evoLVe counts in one row, ``body.7``, to ``body.STAGE.UNIT``.

    The first unit of a stage is told by the convolution in its shortcut, which only a change
    of width needs; the first stage has the stem's width.
    """
    row = re.compile(r"body\.(\d+)\.((?:res|shortcut)_layer\..*)")
    units = [found for found in map(row.match, names) if found]
    starts = {0, *(int(unit[1]) for unit in units if unit[2].startswith(_SHORTCUT))}
    renamed = {}
    for name in names:
        new = name
        if found := row.match(name):
            before = [start for start in starts if start <= int(found[1])]
            new = f"body.{len(before) - 1}.{int(found[1]) - max(before)}.{found[2]}"
        renamed[name] = new
    return renamed


LAYOUTS = (
    Layout(
        "IR-50 of face.evoLVe",
        ("input_layer.0.weight",),
        (IR50,),
        rename=_in_stages,
        unused=re.compile(r"output_layer\."),
        stage=re.compile(r"body\.\d+\."),
    ),
    Layout(
        "ResNet of torchvision",
        ("conv1.weight", "layer1.0.conv1.weight"),
        (Trunk, ResNet),
        unused=re.compile(r"fc\."),
        stage=re.compile(r"layer\d+\."),
        fresh=re.compile(r"layer\d+\.\d+\.attention\."),  # the masks of LLA-Net
    ),
    Layout(
        "vision transformer of timm",
        ("cls_token", "blocks.0.attn.qkv.weight"),
        (Encoder,),
        unused=re.compile(r"(patch_embed|head)\."),
        beside={"patch_embed.proj.": "projection."},
    ),
)

CHECKPOINT = Layout(
    "checkpoint of mien",
    (),
    (),
    fresh=re.compile(r"backbone\.layer\d+\.\d+\.attention\."),
    stage=re.compile(r"(backbone\.layer|stem\.body\.)\d+\."),
)


def recognise(names: Collection[str], source: str) -> Layout:
    """The layout of a file with these names.

    Raises:
        ModelError: if there is none, or if it is an authors' whole network, to be imported.
    """
    for architecture, release in RELEASES.items():
        if any(name.startswith(release.mark) for name in names):
            raise ModelError(
                f"{source}: a checkpoint of {architecture}'s authors; turn it into one of mien "
                f"first: mien import-checkpoint --model {architecture}"
            )
    for layout in LAYOUTS:
        if all(mark in names for mark in layout.marks):
            return layout
    known = ", ".join(layout.name for layout in LAYOUTS)
    first = ", ".join(list(names)[:3])
    raise ModelError(f"{source}: of no layout that mien knows ({known}); it begins with {first}")


def timm_layout(backbone: Any) -> Layout:
    """The names of a backbone of timm are its own; its classifier starts fresh."""
    heads = backbone.get_classifier()
    heads = heads if isinstance(heads, tuple) else (heads,)
    names = [re.escape(name) for name, one in backbone.named_modules() if one in heads]
    classifier = re.compile(rf"({'|'.join(names)})\.") if names else _NONE
    return Layout(f"timm's {type(backbone).__name__}", (), (), unused=classifier, fresh=classifier)


def resample(owner: nn.Module, name: str, tensor: Tensor, target: Tensor) -> Tensor | None:
    """A position embedding for the grid that a network has, ``None`` if that is not the matter.

    Args:
        owner: the module that ``name`` is a name in.
        name: of the tensor.
        tensor: (1, p + n, D), of n patches on a square after p other tokens.
        target: (1, p + h w, D), for the grid h x w.
    """
    module = owner.get_submodule(name.rpartition(".")[0])
    # Bilinear, as the released TransFER; timm's own models have timm's default.
    grid, method = getattr(module, "grid", None), "bilinear"
    if grid is None:
        grid = getattr(getattr(module, "patch_embed", None), "grid_size", None)
        method = "bicubic"
    if not name.endswith(_POSITIONS) or grid is None or tensor.ndim != target.ndim:
        return None
    others = target.shape[1] - grid[0] * grid[1]
    patches = tensor.shape[1] - others
    if patches < 1 or isqrt(patches) ** 2 != patches or tensor.shape[2] != target.shape[2]:
        return None
    resampled: Tensor = resample_abs_pos_embed(
        tensor, list(grid), num_prefix_tokens=others, interpolation=method
    )
    return resampled
