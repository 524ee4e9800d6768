"""Figures of the papers, repeated for any faces: rows for :func:`.grids.draw_grid`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias, cast

from torch import nn

from ..errors import InputError, ModelError
from ..models.apvit import APViT
from ..models.dan import DAN
from ..models.transfer import TransFER
from .cells import grid_rows, map_cells, portraits, row_labels
from .grids import Cell, Row
from .methods import methods_of
from .patches import leaves_out, patches
from .pooling import printed_counts, without_pooling
from .subjects import FaceCut, Trained

Figure: TypeAlias = Literal["dan-1", "apvit-7", "transfer-4"]

_SHOWS: Mapping[Figure, tuple[type[nn.Module], str]] = {
    "dan-1": (DAN, "Figure 1 of DAN shows a DAN's heads"),
    "apvit-7": (APViT, "Figure 7 of APViT shows an APViT's patches"),
    "transfer-4": (TransFER, "Figure 4 of TransFER shows TransFERs"),
}
"""The kind of network that a figure is about, and what it shows of it."""

_STRATEGIES = ("I", "II", "III", "IV")
_SHOWN = ("gradcam++", "relevance", "attention")
_TITLES = {
    "transfer": "TransFER",
    "transfer_small": "TransFER",
    "dan": "DAN",
    "apvit": "APViT",
    "apvit_small": "APViT",
    "lla_net": "LLA-Net",
    "msa_net": "MSA-Net",
}


def dan_figure_1(
    dan: Trained, faces: Sequence[FaceCut], single: Trained | None = None, *, label: str = ""
) -> list[Row]:
    """Where each attention head looks: DAN (Wen et al. 2021), Figure 1.

    The paper's first column is a network with a single attention, DACL, the others are the
    heads of DAN, all by Grad-CAM++.

    Args:
        dan: a DAN.
        faces: one row each.
        single: the network of the first column, such as a DAN with one head, under its own name;
            without it Grad-CAM++ of the whole DAN stands there.
        label: at the left of each row.

    Raises:
        ModelError: if the network is no DAN.
    """
    check_kind("dan-1", dan)
    heads = dan.explain(faces, "gradcam++-heads")
    columns = [
        portraits(dan, faces),
        _column(single or dan, faces, "gradcam++", "" if single is None else single.card.name),
        *map_cells(heads, dan.views(faces), dan.card.labels),
    ]
    return _rows(columns, faces, label)


def apvit_figure_7(
    apvit: Trained,
    faces: Sequence[FaceCut],
    *,
    counts: Sequence[int] | None = None,
    unpooled: Trained | None = None,
    label: str = "",
) -> list[Row]:
    """What pooling leaves, and where the transformer looks: APViT (Xue et al. 2022), Figure 7.

    The face; what patch pooling keeps for several k, the rest erased to white; relevance
    (Chefer et al. 2021) without and with the poolings.

    Args:
        apvit: an APViT.
        faces: one row each.
        counts: the numbers k; ``None`` for the paper's shares, 160, 120 and 80 of 196.
        unpooled: the network without poolings; without it the same weights are asked with
            both poolings turned off.
        label: at the left of each row.

    Raises:
        ModelError: if the network is no APViT, leaves out nothing, or has fewer patches than k;
            or if ``unpooled`` is no APViT, or pools.
    """
    check_pooling(apvit, unpooled)
    network = cast(APViT, apvit.network)
    if counts is None:
        height, width = network.encoder.grid
        counts = printed_counts(height * width)
    kept = patches(network, apvit.images(faces), counts)
    if unpooled is not None:
        without = _column(unpooled, faces, "relevance", "without pooling")
    else:
        with without_pooling(network):
            without = _column(apvit, faces, "relevance", "pooling off")
    columns = [
        portraits(apvit, faces),
        *map_cells(kept, apvit.views(faces), apvit.card.labels),
        without,
        _column(apvit, faces, "relevance", "pooling on"),
    ]
    return _rows(columns, faces, label)


def transfer_figure_4(
    strategies: Sequence[Trained],
    faces: Sequence[FaceCut],
    *,
    names: Sequence[str] | None = None,
    label: str = "",
) -> list[Row]:
    """Relevance by ways of training: TransFER (Xue et al. 2021), Figures 1 and 4.

    The paper's four are the baseline (I), with LANets (II), with MAD (III) and with MSAD (IV).

    Args:
        strategies: TransFER trained in one to several ways, the whole one last.
        faces: one row each.
        names: of the ways; ``None`` for the paper's numbers if there are four, else counted.
        label: at the left of each row.

    Raises:
        ModelError: if a network is no TransFER.
        InputError: if there is none.
    """
    if not strategies:
        raise InputError("Figure 4 of TransFER needs at least one network")
    check_kind("transfer-4", *strategies)
    if names is None:
        counted = [str(number + 1) for number in range(len(strategies))]
        names = _STRATEGIES if len(strategies) == len(_STRATEGIES) else counted
        names = names if len(strategies) > 1 else ("",)
    shown = zip(strategies, names, strict=True)
    columns = [_column(one, faces, "relevance", name) for one, name in shown]
    return _rows([portraits(strategies[-1], faces), *columns], faces, label)


def network_rows(trained: Trained, faces: Sequence[FaceCut]) -> list[Row]:
    """What a network's own paper shows of it, with the network's name at the left.

    DAN's Figure 1 and APViT's Figure 7; of other networks Grad-CAM++, relevance and the maps
    by which they weigh positions, as far as they have them.

    Args:
        trained: any network.
        faces: one row each.
    """
    network = trained.network
    label = _TITLES.get(trained.card.architecture, trained.card.name)
    if isinstance(network, DAN):
        return dan_figure_1(trained, faces, label=label)
    if isinstance(network, APViT):
        return apvit_figure_7(trained, faces, label=label)
    shown = [one for one in _SHOWN if one in methods_of(network)]
    return grid_rows(trained, faces, [trained.explain(faces, one) for one in shown], label=label)


def check_kind(figure: Figure, *networks: Trained) -> None:
    """Refuse networks that a figure cannot show.

    Raises:
        ModelError: if one is of another kind.
    """
    kind, shown = _SHOWS[figure]
    for one in networks:
        if not isinstance(one.network, kind):
            own = f"{one.card.name}, a network of the kind {one.card.architecture}"
            raise ModelError(f"{shown}; this is {own}")


def check_pooling(apvit: Trained, unpooled: Trained | None) -> None:
    """Refuse networks that APViT's Figure 7 would be untrue of.

    Raises:
        ModelError: if the one does not leave out patches, or the other one pools.
    """
    check_kind("apvit-7", apvit, *([] if unpooled is None else [unpooled]))
    if not leaves_out(apvit.network):
        raise ModelError(
            f"Figure 7 of APViT shows what pooling leaves, and {apvit.card.name} keeps all patches"
        )
    if unpooled is not None:
        network = cast(APViT, unpooled.network)
        if leaves_out(network) or network.pooling.method == "soft":
            raise ModelError(
                f"--beside: {unpooled.card.name} is to be the network without pooling, and it pools"
            )


def _column(trained: Trained, faces: Sequence[FaceCut], method: str, name: str) -> list[Cell]:
    """A column of a method with one map."""
    explanation = trained.explain(faces, method)
    (cells,) = map_cells(explanation, trained.views(faces), trained.card.labels)
    return [replace(cell, title=f"{cell.title}\n{name}" if name else cell.title) for cell in cells]


def _rows(columns: Sequence[Sequence[Cell]], faces: Sequence[FaceCut], label: str) -> list[Row]:
    return [Row(cells, own) for *cells, own in zip(*columns, row_labels(faces, label), strict=True)]
