"""Make the README's grid of explanations: what each paper shows of its network, on one face.

python docs/make_explanations.py DAN.safetensors TRANSFER.safetensors APVIT.safetensors ...

Each checkpoint gives a row, in the order given. The face is the astronaut's of the package.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mien.explain.figures import network_rows
from mien.explain.grids import draw_grid, write_figure
from mien.explain.subjects import FaceCut, Trained
from mien.faces import MTCNN
from mien.inference.images import read_picture

ROOT = Path(__file__).resolve().parents[1]
PHOTO = ROOT / "src" / "mien" / "examples" / "astronaut.jpg"
GRID = ROOT / "docs" / "images" / "explanations.jpg"


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", type=Path, metavar="CHECKPOINT")
    parser.add_argument("-o", "--output", type=Path, default=GRID, metavar="FILE")
    arguments = parser.parse_args()

    picture = read_picture(PHOTO)
    ((found, *_),) = MTCNN()([picture])
    face = FaceCut(PHOTO.stem, picture, found.box, found.landmarks)
    rows = [row for path in arguments.models for row in network_rows(Trained.load(path), [face])]
    write_figure(draw_grid(rows), arguments.output)


if __name__ == "__main__":
    main()
