"""Frames a second of a 640x360 video, memory of it and of one ten times longer.

    python benchmarks/video.py VIDEO --yunet YUNET_FILE

VIDEO shows one face; it is brought to 640x360 first. Detection runs on every frame, with
MTCNN (smallest face 40 pixels) and with YuNet. The shipped model alone is timed as well.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from measure import Row, Seen, mien_program, watch, worker, write

LONGER = 10


def main() -> None:
    """Measure and write ``results/benchmarks/video.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", type=Path)
    parser.add_argument("--yunet", type=Path, required=True, help="YuNet's ONNX file")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        short, long = Path(folder, "short.mp4"), Path(folder, "long.mp4")
        worker("make_video", options.video, short, "1")
        worker("make_video", options.video, long, str(LONGER))
        mtcnn = [worker("mien_video", short, "mtcnn") for _ in range(options.runs)]
        yunet = [worker("mien_video", short, "yunet", options.yunet) for _ in range(options.runs)]
        alone = [worker("classify", "64", "3").answer for _ in range(options.runs)]
        memory = [_memory(video, Path(folder, "rows.csv")) for video in (short, long)]
    last = mtcnn[-1].answer
    write(
        "video",
        [
            Row.median("640x360 video, MTCNN on every frame", rates(mtcnn), "frames/s"),
            Row.median("640x360 video, YuNet on every frame", rates(yunet), "frames/s"),
            Row.median(
                "classification alone, batches of 64",
                [one["faces"] / one["seconds"] for one in alone],
                "faces/s",
            ),
            Row("peak memory, the video", memory[0].peak_mb, "MB"),
            Row(f"peak memory, {LONGER} times the video", memory[1].peak_mb, "MB"),
        ],
        video=options.video.name,
        frames=last["frames"],
        faces=last["faces"],
        faces_yunet=yunet[-1].answer["faces"],
        min_face=40,
        runs=options.runs,
    )


def rates(seen: list[Seen]) -> list[float]:
    """Frames a second of each run."""
    return [one.answer["frames"] / one.answer["seconds"] for one in seen]


def _memory(video: Path, rows: Path) -> Seen:
    return watch(mien_program(), "predict", video, "--format", "csv", "--output", rows)


if __name__ == "__main__":
    main()
