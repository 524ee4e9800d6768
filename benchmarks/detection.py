"""MTCNN's two looks at a photo of several people, and one loose look, in faces and seconds.

    python benchmarks/detection.py PHOTO

PHOTO shows several people; it is looked at as it is, and enlarged to what phones take. The loose
look has the thresholds of the second one everywhere, as mien had them before: it finds tight faces
as well, and in such photos hands and hair besides.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from measure import Row, worker, write

ZOOMS = (1, 2, 6)


def main() -> None:
    """Measure and write ``results/benchmarks/detection.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()

    rows = []
    for zoom in ZOOMS:
        ours, loose = (
            worker("mien_photo", options.photo, str(zoom), kind, str(options.runs)).answer
            for kind in ("twice", "loosely")
        )
        size = f"{ours['width']}x{ours['height']}"
        others = Row("one loose look", loose["faces"], "faces")
        rows.append(Row(f"faces found, {size}", ours["faces"], "faces", rival=others))
        took = Row.best(f"time, {size}", ours["seconds"], "s", less_is_better=True)
        other = Row.best("one loose look", loose["seconds"], "s", less_is_better=True)
        rows.append(took.against(other, less_is_better=True))
    write("detection", rows, photo=options.photo.name, min_face=40, runs=options.runs)


if __name__ == "__main__":
    main()
