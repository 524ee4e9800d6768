"""What the benchmarks share: run a program, watch it, write down what was seen.

This process stays small on purpose: on Linux a child's peak memory counts from the size of
the process that started it, so NumPy, OpenCV and mien are left to the children.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parent / "results" / "benchmarks"


@dataclass(frozen=True)
class Seen:
    """One run of a program: seconds since its start, and its peak memory."""

    seconds: float
    first_line_s: float
    peak_mb: float
    lines: list[str]

    @property
    def answer(self) -> dict[str, Any]:
        """The last line, for programs that end with a line of JSON."""
        return dict(json.loads(self.lines[-1]))


@dataclass(frozen=True)
class Row:
    """One number of the report.

    Attributes:
        name: what was measured.
        value: the number.
        unit: its unit.
        runs: the single runs behind it, where there are several.
        interval: of 95 %, where it is a share of many.
        rival: the same number of another program.
        times: how many times better than the rival's it is.
    """

    name: str
    value: float
    unit: str
    runs: list[float] = field(default_factory=list)
    interval: tuple[float, float] | None = None
    rival: Row | None = None
    times: float | None = None

    @classmethod
    def median(cls, name: str, runs: list[float], unit: str) -> Row:
        """The middle of several runs."""
        return cls(name, statistics.median(runs), unit, runs)

    @classmethod
    def best(cls, name: str, runs: list[float], unit: str, *, less_is_better: bool = False) -> Row:
        """The least disturbed of several runs: what else the machine does only ever slows."""
        return cls(name, (min if less_is_better else max)(runs), unit, runs)

    def against(self, rival: Row, *, less_is_better: bool = False) -> Row:
        """This row beside the rival's, with the ratio of the two, above 1 where ours wins."""
        times = rival.value / self.value if less_is_better else self.value / rival.value
        return replace(self, rival=rival, times=times)

    @classmethod
    def share(cls, name: str, hits: list[bool]) -> Row:
        """Per cent of the hits, with its bootstrap interval; for after the measurements."""
        import numpy as np

        from mien.evaluation.bootstrap import estimate

        found = estimate(lambda drawn: 100 * np.mean(drawn, axis=-1), np.array(hits, float))
        return cls(name, found.value, "%", interval=(found.low, found.high))


def watch(*command: str | Path, environment: Mapping[str, str] | None = None) -> Seen:
    """Run a program to its end.

    Args:
        command: its words.
        environment: variables to set beside those of this process.

    Raises:
        SystemExit: with what it said, if it failed.
    """
    words = [str(word) for word in command]
    with tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        times: list[float] = []
        lines: list[str] = []
        reader = threading.Thread(target=_read, args=(process.stdout, lines, times))
        reader.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        reader.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            tail = "".join(errors.readlines()[-15:])
            raise SystemExit(f"{shlex.join(words)} ended with {process.returncode}:\n{tail}")
    # Linux counts ru_maxrss in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    first = times[0] - start if times else seconds
    return Seen(seconds, first, usage.ru_maxrss * unit / 1e6, lines)


def _read(stream: IO[str], lines: list[str], times: list[float]) -> None:
    for line in stream:
        times.append(time.perf_counter())
        lines.append(line)


def worker(name: str, *arguments: str | Path, python: str | Path = sys.executable) -> Seen:
    """Run ``workers/NAME.py`` with the Python of some environment."""
    return watch(python, HERE / "workers" / f"{name}.py", *arguments)


def mien_program() -> Path:
    """The installed command line, beside the Python that runs this."""
    program = Path(sys.executable).parent / "mien"
    if not program.exists():
        raise SystemExit("mien is not installed beside this Python; install it with: pip install .")
    return program


def write(name: str, rows: list[Row], **settings: Any) -> None:
    """Print the rows and store them under ``results/benchmarks/NAME.json``."""
    # Only now, when nothing is measured any more, may this process grow.
    from importlib import metadata

    from mien.evaluation.provenance import git_commit, machine

    versions = {one: metadata.version(one) for one in ("onnxruntime", "numpy")}
    report = {
        "format": 1,
        "benchmark": name,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "command": _command(),
        "commit": git_commit(),
        "version": metadata.version("mien"),
        "machine": machine(),
        "versions": {"python": platform.python_version(), **versions, "opencv": _opencv()},
        "settings": settings,
        "rows": [asdict(row) for row in rows],
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    for row in rows:
        line = f"{row.name:<50} {row.value:>8.4g} {row.unit}"
        if row.rival is not None:
            line += f", {row.rival.name} {row.rival.value:.4g} {row.unit}"
        print(line + (f", {row.times:.3g} times better" if row.times is not None else ""))
    print(f"written to {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")


def _command() -> str:
    """How this was called; files outside of the folder it was called in by their names alone."""
    words = [word if _is_within(Path(word)) else Path(word).name for word in sys.argv[1:]]
    return shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *words])


def _is_within(path: Path) -> bool:
    return not path.is_absolute() and ".." not in path.parts


def _opencv() -> str:
    import cv2

    return str(cv2.__version__)
