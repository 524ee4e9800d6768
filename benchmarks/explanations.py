"""Do explanations say what a network looks at? The deletion test on real faces, by every method.

    python benchmarks/explanations.py MODEL... FERPLUS [--images N]

For each model and each method that its network has: the area between the probability of the
predicted class while cells of the picture are blurred in random order, and while those go first
that the explanation ranks highest; more is better, 0 is chance. Beside them a reference that
knows nothing of the network: the cells in the middle first, where the face is.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from measure import Row, write


def main() -> None:
    """Measure and write ``results/benchmarks/explanations.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", help="checkpoints, exported models or shipped ones")
    parser.add_argument("data", type=Path, help="a copy of FER+")
    parser.add_argument("--split", default="public-test")
    parser.add_argument("--images", type=int, default=500, help="drawn from the split")
    options = parser.parse_args()

    rows = []
    for model in options.models:
        rows += measured(model, options.data, options.split, options.images)
    write("explanations", rows, split=options.split, images=options.images)


def measured(model: str, data: Path, split: str, number: int) -> list[Row]:
    """A row for each method of one model."""
    import numpy as np
    import torch

    from mien.data.ferplus import FERPlus
    from mien.explain.deletion import deletion_curves
    from mien.explain.methods import explain, methods_of
    from mien.models import load_model

    network, card = load_model(model)
    network.eval()
    reader = FERPlus(data, split)
    chosen = np.flatnonzero(np.asarray(reader.table.classes) >= 0)
    chosen = np.random.default_rng(0).permutation(chosen)[:number]
    prepare = card.preprocess
    crops = np.stack([prepare.cut(reader.picture(int(row))) for row in chosen])
    images = torch.from_numpy(prepare.normalise(crops))

    explanations = [explain(network, images, method) for method in methods_of(network)]
    places = np.linspace(-1, 1, prepare.size, dtype=np.float32)
    middle = 1 - (places[:, None] ** 2 + places**2) / 2
    explanations.append(
        replace(
            explanations[0],
            method="the middle first",
            maps=np.broadcast_to(middle, (len(images), 1, *middle.shape)),
        )
    )
    rows = []
    for deletion in deletion_curves(network, images, explanations):
        area = deletion.area
        name = f"{card.name}, {deletion.method}"
        rows.append(Row(name, area.value, "area", interval=(area.low, area.high)))
    return rows


if __name__ == "__main__":
    main()
