"""The same video and the same faces through mien, fer and facenet-pytorch, in one run.

    python benchmarks/competitors.py VIDEO FERPLUS --environment FOLDER

FERPLUS is the folder or zip of FER+. The other programs get a virtual environment of their
own in FOLDER, built on the first call (some minutes, 6 GB), used again on the next ones.
fer brings facenet-pytorch along. It needs setuptools below 80, for ``pkg_resources``, and
OpenCV below 5, for its cascade.

fer knows seven expressions: what the raters call contempt it cannot answer, so such faces
count as wrong for it, as they do for mien where it misses them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from measure import Row, Seen, worker, write

FER = ("fer==25.10.3", "setuptools<80", "opencv-contrib-python<5")
PROTOCOLS = ("majority", "argmax")


def main() -> None:
    """Measure and write ``results/benchmarks/competitors.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", type=Path)
    parser.add_argument("ferplus", type=Path)
    parser.add_argument("--environment", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=2)
    options = parser.parse_args()

    python = environment(options.environment)
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder, "video.mp4")
        worker("make_video", options.video, video, "1")
        seen = in_turns(
            options.runs,
            mien=lambda: worker("mien_video", video, "mtcnn"),
            fer=lambda: worker("fer_video", video, python=python),
        )
        detectors = in_turns(
            1,
            mien20=lambda: worker("mien_mtcnn", video, "20"),
            facenet20=lambda: worker("facenet_video", video, "20", python=python),
            mien40=lambda: worker("mien_mtcnn", video, "40"),
            facenet40=lambda: worker("facenet_video", video, "40", python=python),
        )
        faces = Path(folder, "faces.npz")
        ours = worker("ferplus_faces", options.ferplus, faces).answer
        theirs = worker("fer_faces", faces, python=python).answer
    write(
        "competitors",
        recognition_rows(seen) + detection_rows(detectors) + accuracy_rows(ours, theirs),
        video=options.video.name,
        frames=seen["mien"][-1].answer["frames"],
        faces_found={name: runs[-1].answer["faces"] for name, runs in (seen | detectors).items()},
        runs=options.runs,
        packages=installed(python),
    )


def environment(folder: Path) -> Path:
    """The Python of an environment that has fer and facenet-pytorch."""
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        print(f"building {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-qq", *FER], check=True)
        (folder / "ready").touch()
    return python


def installed(python: Path) -> dict[str, str]:
    """Versions of what matters in the other environment."""
    code = (
        "from importlib.metadata import version\n"
        "for name in ('fer', 'facenet-pytorch', 'tensorflow', 'torch', 'opencv-contrib-python'):\n"
        "    print(name, version(name))"
    )
    text = subprocess.check_output([python, "-c", code], text=True)
    return dict(line.split() for line in text.splitlines())


def in_turns(runs: int, **programs: Callable[[], Seen]) -> dict[str, list[Seen]]:
    """Run the programs alternately, so that a slower moment of the machine meets them all."""
    seen: dict[str, list[Seen]] = {name: [] for name in programs}
    for _ in range(runs):
        for name, program in programs.items():
            seen[name].append(program())
    return seen


def rate(seen: Seen) -> float:
    """Frames a second."""
    return float(seen.answer["frames"] / seen.answer["seconds"])


def recognition_rows(seen: dict[str, list[Seen]]) -> list[Row]:
    """mien against fer on the video: speed, wait and memory."""
    columns: tuple[tuple[str, str, Callable[[Seen], float]], ...] = (
        ("video, detection and expressions of every frame", "frames/s", rate),
        ("process start to first result", "s", lambda one: one.first_line_s),
        ("peak memory", "MB", lambda one: one.peak_mb),
    )
    rows = []
    for what, unit, value in columns:
        ours = Row.median(what, [value(one) for one in seen["mien"]], unit)
        theirs = Row.median("fer", [value(one) for one in seen["fer"]], unit)
        rows.append(ours.against(theirs, less_is_better=unit != "frames/s"))
    return rows


def detection_rows(seen: dict[str, list[Seen]]) -> list[Row]:
    """Both MTCNNs alone, a frame at a time, with the same smallest face."""
    rows = []
    for size in (20, 40):
        what = f"MTCNN alone, smallest face {size} pixels"
        ours = Row.median(what, [rate(one) for one in seen[f"mien{size}"]], "frames/s")
        theirs = [rate(one) for one in seen[f"facenet{size}"]]
        rows.append(ours.against(Row.median("facenet-pytorch", theirs, "frames/s")))
    return rows


def accuracy_rows(ours: dict[str, Any], theirs: dict[str, Any]) -> list[Row]:
    """Share of the FER+ PublicTest faces that each classifier gets right."""
    rows = []
    for protocol in PROTOCOLS:
        mien, fer = (hits(ours[protocol], answers["answers"]) for answers in (ours, theirs))
        what = f"right on FER+ PublicTest, {protocol}, {len(mien):,} faces"
        rows.append(replace(Row.share(what, mien), rival=Row.share("fer", fer)))
    return rows


def hits(labels: list[str | None], answers: list[str]) -> list[bool]:
    """Whether each face that counts was answered right."""
    pairs = zip(labels, answers, strict=True)
    return [label == answer for label, answer in pairs if label is not None]


if __name__ == "__main__":
    main()
