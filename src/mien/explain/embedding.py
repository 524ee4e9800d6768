"""Features of many faces as points of a plane: t-SNE, as in DAN's Figure 3."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import DataError, require
from ..expressions import LabelSet
from ..preprocess import Picture
from .grids import words
from .subjects import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BATCH = 128
_PERPLEXITY = 30.0  # scikit-learn's, and that of the method's authors
_FEWEST = 5
# Eight that are told apart also by the colour-blind (Okabe and Ito 2008).
_COLOURS = (
    *("#000000", "#e69f00", "#56b4e9", "#009e73"),
    *("#f0e442", "#0072b2", "#d55e00", "#cc79a7"),
)
_DPI, _PANEL = 160, 4.3  # inches


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """Features of one network in the plane.

    Attributes:
        name: of the network, for the title.
        points: float32 (N, 2).
        silhouette: mean silhouette of the classes in the space of the features, before t-SNE:
            1 for far and tight clusters, 0 for none, less where faces are nearer to other
            classes (Rousseeuw 1987).
    """

    name: str
    points: NDArray[np.float32]
    silhouette: float


def sample_rows(names: Sequence[str], classes: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """Which faces to show: up to ``number`` that have a class, by a stable hash of their names.

    Args:
        names: of the N pictures.
        classes: (N,); -1 for pictures without a class.
        number: at most so many.

    Returns:
        Positions, ascending.
    """
    known = np.flatnonzero(classes >= 0).tolist()
    digests = {
        row: hashlib.sha256(names[row].encode("utf-8", "surrogateescape")).digest() for row in known
    }
    return np.sort(np.array(sorted(digests, key=digests.__getitem__)[:number], np.int64))


def face_features(
    trained: Trained,
    pictures: Sequence[Picture],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float32]:
    """What a network makes of faces before it decides.

    Of DAN the average of its backbone's maps, which the affinity loss gathers and DAN's
    Figure 3 shows; of other networks what their classifier sees.

    Args:
        trained: the network.
        pictures: N face crops, each uint8 (H, W, 3) RGB or (H, W).
        progress: called after each batch with the faces done and the faces in all.

    Returns:
        (N, D).
    """
    preprocess = trained.card.preprocess
    parts = []
    for start in range(0, len(pictures), _BATCH):
        cut = np.stack([preprocess.cut(one) for one in pictures[start : start + _BATCH]])
        with torch.inference_mode():
            output = trained.network(torch.from_numpy(preprocess.normalise(cut)))
        chosen = output.features if output.pooled is None else output.pooled
        parts.append(chosen.numpy().astype(np.float32))
        if progress is not None:
            progress(min(start + _BATCH, len(pictures)), len(pictures))
    return np.concatenate(parts)


def embed(
    name: str, features: NDArray[np.float32], classes: NDArray[np.int64], *, seed: int = 0
) -> Embedding:
    """Lay features out in the plane by t-SNE (van der Maaten and Hinton 2008).

    Neighbours stay neighbours; distances between clusters, and their sizes, mean nothing.

    Args:
        name: of the network.
        features: (N, D).
        classes: (N,), of the faces.
        seed: of t-SNE; equal seeds give equal points.

    Raises:
        MissingExtra: if scikit-learn is not installed.
        DataError: if there are too few faces, or all are of one class or have the same features.
    """
    require("sklearn", "train")
    from sklearn.manifold import TSNE  # type: ignore[import-untyped]
    from sklearn.metrics import silhouette_score  # type: ignore[import-untyped]

    known = len(np.unique(classes))
    if len(features) < _FEWEST or not 2 <= known < len(features):
        raise DataError(
            f"{len(features)} faces of {known} classes are too few to show clusters; take more"
        )
    if not np.ptp(features, axis=0).any():
        raise DataError(f"{name}: all faces have the same features; there are no clusters to show")
    perplexity = min(_PERPLEXITY, (len(features) - 1) / 3)
    plane = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(features)
    return Embedding(name, plane, float(silhouette_score(features, classes)))


def draw_embeddings(
    embeddings: Sequence[Embedding], classes: NDArray[np.int64], labels: LabelSet
) -> Figure:
    """DAN (Wen et al. 2021), Figure 3: clusters without and with the affinity loss.

    Args:
        embeddings: of the same faces by one network or several, side by side.
        classes: (N,), positions in ``labels``; they are the colours.
        labels: of the classes.

    Raises:
        MissingExtra: if Matplotlib is not installed.
    """
    require("matplotlib", "explain")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    size = (_PANEL * len(embeddings), _PANEL + 0.9)
    figure = Figure(figsize=size, dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(embeddings), squeeze=False)[0]
    colours = np.array([_COLOURS[one % len(_COLOURS)] for one in range(len(labels))])
    for panel, one in zip(panels, embeddings, strict=True):
        panel.scatter(*one.points.T, s=9, c=colours[classes], linewidths=0, alpha=0.85)
        words(panel.set_title, f"{one.name}\nsilhouette {one.silhouette:.2f}", fontsize=11)
        panel.set_xticks([])
        panel.set_yticks([])
        panel.set_aspect("equal", "datalim")
        panel.spines[:].set_color("0.8")
    shown = [index for index in range(len(labels)) if (classes == index).any()]
    marks = [
        Line2D([], [], color=colours[index], marker="o", linestyle="none", markersize=6)
        for index in shown
    ]
    figure.legend(
        marks,
        [str(labels[index]) for index in shown],
        loc="outside lower center",
        ncols=4 if len(embeddings) == 1 else 8,
        frameon=False,
        fontsize=10,
        handletextpad=0.1,
        columnspacing=1.0,
    )
    return figure
