"""Start a network from weights of other tasks, and say what became of every tensor.

What users have: ResNet-18 on faces or ImageNet (DAN, LLA-Net, MSA-Net), face.evoLVe's IR-50
and timm's vision transformers (TransFER, APViT), anything of timm for a network of timm, and
checkpoints of mien from another run, or models that it exported. Half a backbone is worse than
none, for nobody notices: a part of a network is filled as a whole or not touched at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from ..card import CARD_KEY, RUNTIME_MODEL
from ..errors import ModelError
from ..expressions import LabelSet
from .checkpoint import load_model
from .classes import class_axes, rows_by_name
from .timm_backbone import TimmBackbone
from .weight_files import alike, count_and_first, read_tensors
from .weight_layouts import CHECKPOINT, Layout, recognise, resample, timm_layout

_COUNTER = "num_batches_tracked"  # PyTorch before 0.4.1 had none, and nothing here reads it


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What became of every tensor of a file and of the network.

    Attributes:
        source: the file and what it was taken for.
        taken: names in the network of tensors that were taken as they are.
        resampled: of those that were fitted to another grid.
        skipped: names in the file of tensors that were not used.
        missing: names in the network of tensors that keep their fresh values.
    """

    source: str
    taken: tuple[str, ...]
    resampled: tuple[str, ...]
    skipped: tuple[str, ...]
    missing: tuple[str, ...]

    def __str__(self) -> str:
        """One line with the counts, and which parts were skipped or are missing."""
        return (
            f"{self.source}: {len(self.taken)} tensors taken, {len(self.resampled)} resampled, "
            f"{len(self.skipped)} skipped{_tops(self.skipped)}, "
            f"{len(self.missing)} missing{_tops(self.missing)}"
        )

    def lines(self) -> list[str]:
        """One line for each tensor."""
        kinds = ("taken", "resampled", "skipped", "missing")
        return [f"{kind}: {name}" for kind in kinds for name in getattr(self, kind)]


@dataclass
class _Fit:
    """Values for tensors of a module, by their names in it, and what was left of the file."""

    values: dict[str, Tensor]
    resampled: set[str]
    skipped: list[str]

    def within(self, part: str) -> _Fit:
        """The same, by names in the network that has the module as ``part``."""
        start = f"{part}." if part else ""
        values = {start + name: value for name, value in self.values.items()}
        return _Fit(values, {start + name for name in self.resampled}, self.skipped)

    def put(self, network: nn.Module, source: str) -> LoadReport:
        """Copy the values into the network."""
        own = network.state_dict()
        for name, value in self.values.items():
            own[name].copy_(value)
        return LoadReport(
            source,
            tuple(name for name in own if name in self.values and name not in self.resampled),
            tuple(name for name in own if name in self.resampled),
            tuple(self.skipped),
            tuple(name for name in own if name not in self.values),
        )


def load_backbone(module: nn.Module, path: Path | str, layout: Layout | None = None) -> LoadReport:
    """Fill one part of a network: a ResNet trunk, IR-50, an encoder, or a backbone of timm.

    Args:
        module: the part; names of the report are names in it.
        path: the file.
        layout: its layout; recognised by its names if not given.

    Raises:
        NotFound: if there is no file.
        ModelError: if the file cannot be read, is for another part, lacks a tensor of this
            one, has one of another shape or one that has no place; nothing is changed then.
    """
    tensors = read_tensors(path)
    layout = layout or recognise(tensors, str(path))
    if layout.parts and not isinstance(module, layout.parts):
        raise ModelError(f"{path}: holds a {layout.name}, not a {type(module).__name__}")
    fit = _fit(module, module.state_dict(), tensors, layout, str(path))
    return fit.put(module, f"{path} ({layout.name})")


def start_from(
    network: nn.Module,
    path: Path | str,
    *,
    labels: LabelSet | None = None,
    parts: Sequence[str] | None = None,
) -> LoadReport:
    """Fill the part of a network that a file is for; one call for each file.

    From files of others a backbone is taken, never a classifier. From checkpoints of mien
    every submodule is taken that both networks have under the same name, which must then fit;
    what depends on the number of classes only if the network is the same and the checkpoint has
    all of its classes, which go by name.

    Args:
        network: of :func:`create_model`.
        path: safetensors or a PyTorch file, or an ONNX file of ``mien export``, whose batch norms
            :func:`.batch_norms.restore_batch_norms` makes ready for training.
        labels: what the network's classes stand for; the classifier of a checkpoint that lacks
            one of them is skipped. ``None`` for those of the checkpoint.
        parts: submodules to take from a checkpoint of mien, instead of all that both have.

    Returns:
        What became of each tensor; log it.

    Raises:
        NotFound: if there is no file.
        ModelError: if the file cannot be read, the network has no part for it, or that part
            would be filled incompletely; nothing is changed then.
        CardError: if a checkpoint's card is of a newer format.
    """
    path = Path(path)
    if _has_card(path):
        with torch.random.fork_rng(devices=[]):  # networks are built on the way
            return _from_checkpoint(network, path, labels, parts)
    if parts is not None:
        raise ModelError(f"{path}: parts are chosen from checkpoints of mien; this is none")
    tensors = read_tensors(path)
    if isinstance(network, TimmBackbone):
        layout = timm_layout(network.backbone)
        found: tuple[str, nn.Module] | None = ("backbone", network.backbone)
    else:
        layout = recognise(tensors, str(path))
        found = layout.find(network)
    if found is None:
        raise ModelError(f"{path}: holds a {layout.name}; {_kind(network)} has no part like that")
    name, module = found
    fit = _fit(module, module.state_dict(), tensors, layout, str(path)).within(name)
    _take_beside(fit, network, tensors, layout)
    return fit.put(network, f"{path} ({layout.name})")


def _take_beside(
    fit: _Fit, network: nn.Module, tensors: Mapping[str, Tensor], layout: Layout
) -> None:
    """A projection of patches, where the network cuts them from the picture, too."""
    own = network.state_dict()
    for start, target in layout.beside.items():
        names = {
            name: target + name.removeprefix(start) for name in tensors if name.startswith(start)
        }
        if all(new in own and alike(tensors[name], own[new]) for name, new in names.items()):
            fit.values |= {new: tensors[name] for name, new in names.items()}
            fit.skipped = [name for name in fit.skipped if name not in names]


def _has_card(path: Path) -> bool:
    if path.suffix.lower() == RUNTIME_MODEL:
        return True
    try:
        with safe_open(path, framework="pt") as file:
            return CARD_KEY in (file.metadata() or {})
    except (SafetensorError, OSError):
        return False


def _from_checkpoint(
    network: nn.Module, path: Path, labels: LabelSet | None, parts: Sequence[str] | None
) -> LoadReport:
    source, card = load_model(path)
    theirs, own = source.state_dict(), network.state_dict()
    shared = _tops_of(theirs) & _tops_of(own) if parts is None else set(parts)
    if lacking := shared - (_tops_of(theirs) & _tops_of(own)):
        raise ModelError(f"{path}: not in both networks: {', '.join(sorted(lacking))}")
    outputs = class_axes(source, card)
    wanted = {name: value for name, value in own.items() if _top(name) in shared}
    offered = {name: value for name, value in theirs.items() if _top(name) in shared}
    same = type(source) is type(network) and set(labels or card.labels) <= set(card.labels)
    if same and labels is not None:
        for name in outputs.keys() & offered.keys():
            offered[name] = rows_by_name(offered[name], outputs[name], labels, card.labels)
    if not same or any(
        name not in wanted or not alike(offered[name], wanted[name])
        for name in outputs.keys() & offered.keys()
    ):
        wanted = {name: value for name, value in wanted.items() if name not in outputs}
        offered = {name: value for name, value in offered.items() if name not in outputs}
    first = next((_top(name) for name in own), "")
    if parts is None and first not in map(_top, offered):
        raise ModelError(
            f"{path}: holds {card.architecture}, whose layers are not those of {_kind(network)}: "
            f"the first, {first}, would stay fresh, and what follows it would mean nothing"
        )
    fit = _fit(network, wanted, offered, CHECKPOINT, str(path))
    fit.skipped += [name for name in theirs if name not in offered]
    return fit.put(network, f"{path} ({card.architecture} of mien)")


def _fit(
    owner: nn.Module,
    own: Mapping[str, Tensor],
    tensors: Mapping[str, Tensor],
    layout: Layout,
    source: str,
) -> _Fit:
    """Values for all tensors ``own`` of ``owner``.

    Raises:
        ModelError: if they cannot all be had, or some of the file's have no place.
    """
    names = {new: name for name, new in layout.rename(tensors).items()}
    fit = _Fit({}, set(), [])
    lacking: list[str] = []
    other: list[str] = []
    left: list[str] = []
    for name, target in own.items():
        if name not in names or layout.unused.match(name):
            if not layout.fresh.match(name) and not name.endswith(_COUNTER):
                lacking.append(name)
            continue
        value = tensors[names[name]]
        if not alike(value, target):
            again = resample(owner, name, value, target)
            if again is None:
                other.append(f"{names[name]} {tuple(value.shape)} for {tuple(target.shape)}")
                continue
            value = again
            fit.resampled.add(name)
        fit.values[name] = value
    for new, name in names.items():
        if new not in own or layout.unused.match(new):
            (fit.skipped if layout.needless(new, own) else left).append(name)
    kinds = {"missing": lacking, "of another shape": other, "without a place": left}
    if problems := [count_and_first(kind, found) for kind, found in kinds.items() if found]:
        raise ModelError(
            f"{source}: does not fill {_kind(owner)} as a {layout.name}; {'; '.join(problems)}"
        )
    return fit


def _kind(module: nn.Module) -> str:
    return type(module).__name__


def _top(name: str) -> str:
    return name.split(".", 1)[0]


def _tops_of(names: Iterable[str]) -> set[str]:
    return {_top(name) for name in names}


def _tops(names: Collection[str]) -> str:
    return f" ({', '.join(sorted(_tops_of(names)))})" if names else ""
