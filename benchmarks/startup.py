"""From the start of the process to the result on one photo, and what it costs.

    python benchmarks/startup.py

The photo is the example that comes with the package; another one may be named.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import Row, mien_program, watch, write

EXAMPLE = Path(__file__).resolve().parents[1] / "src" / "mien" / "examples" / "astronaut.jpg"


def main() -> None:
    """Measure and write ``results/benchmarks/startup.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path, nargs="?", default=EXAMPLE)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()

    command = (mien_program(), "predict", options.photo, "--format", "csv")
    with tempfile.TemporaryDirectory() as cache:  # without the detector's graphs
        first = watch(*command, environment={"MIEN_CACHE": cache})
    watch(*command)
    seen = [watch(*command) for _ in range(options.runs)]
    imports = [_import_seconds() for _ in range(options.runs)]
    write(
        "startup",
        [
            Row.median("mien predict, one photo", [one.seconds for one in seen], "s"),
            Row("mien predict, one photo, the first time", first.seconds, "s"),
            Row.median("import mien", imports, "s"),
            Row("peak memory of mien predict", max(one.peak_mb for one in seen), "MB"),
        ],
        photo=options.photo.name,
        runs=options.runs,
    )


def _import_seconds() -> float:
    """Time of the import alone, without Python's own start."""
    code = "import time; t = time.perf_counter(); import mien; print(time.perf_counter() - t)"
    return float(subprocess.check_output([sys.executable, "-c", code]))


if __name__ == "__main__":
    main()
