"""Prepare a data set and be killed on the way; run by tests in a process of its own.

``python prepare_killed.py steps SOURCE OUTPUT`` kills itself at the first write, in a child
process, then at the second, ..., each time in a fresh folder that is then finished, and
compares; with ``mending`` in place of ``steps``, each folder holds a finished copy that lacks a
picture. ``python prepare_killed.py run SOURCE OUTPUT JOBS DETECTOR`` just runs, slowly.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path

from mien.data.ferplus import FERPlus
from mien.data.preparing.journal import Journal
from mien.data.preparing.prepare import prepare


def die_at(step: int) -> None:
    """Kill this process at its n-th change of the disk, in the middle of it."""
    left = [step]

    def countdown(function, half):  # type: ignore[no-untyped-def]
        def changed(*arguments):  # type: ignore[no-untyped-def]
            left[0] -= 1
            if left[0] == 0:
                half(*arguments)
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments)

        return changed

    def half_a_line(journal: Journal, entry: object) -> None:
        del entry
        journal._file.write(b"[3, ")

    write, nothing = Path.write_bytes, lambda *_: None
    Path.write_bytes = countdown(write, lambda path, data: write(path, data[: len(data) // 2]))
    Path.replace = countdown(Path.replace, nothing)
    Path.unlink = countdown(Path.unlink, nothing)
    Journal.add = countdown(Journal.add, half_a_line)


def content(folder: Path) -> dict[str, bytes]:
    return {
        one.relative_to(folder).as_posix(): one.read_bytes()
        for one in sorted(folder.rglob("*"))
        if one.is_file()
    }


def steps(source: str, output: Path, *, finished: bool) -> None:
    """Print at how many steps it was killed, or fail."""
    reader = FERPlus(source)
    prepare(reader, output / "whole", detector="none", size=16, jobs=1)
    whole = content(output / "whole")
    step, killed = 0, True
    while killed:
        step += 1
        folder = output / "killed"
        shutil.rmtree(folder, ignore_errors=True)
        if finished:
            shutil.copytree(output / "whole", folder)
            min((folder / "train/000").iterdir()).unlink()
        # Killed once in a fresh folder, and again when it goes on.
        for at in (step, 3):
            child = os.fork()
            if not child:
                die_at(at)
                prepare(reader, folder, detector="none", size=16, jobs=1)
                os._exit(0)
            _, status = os.waitpid(child, 0)
            if at == step:
                killed = os.WIFSIGNALED(status)
        prepare(reader, folder, detector="none", size=16, jobs=1)
        if content(folder) != whole:
            sys.exit(f"killed at step {step}, it differs: {sorted(content(folder))}")
    print(step - 1)


def run(source: str, output: str, jobs: str, detector: str) -> None:
    """Say how many are done, slowly enough to be killed."""

    def progress(done: int, total: int) -> None:
        print(done, total, flush=True)
        time.sleep(0.03)

    report = prepare(FERPlus(source), output, detector=detector, jobs=int(jobs), progress=progress)
    print(report.sentence())


if __name__ == "__main__":
    if sys.argv[1] in ("steps", "mending"):
        steps(sys.argv[2], Path(sys.argv[3]), finished=sys.argv[1] == "mending")
    else:
        run(*sys.argv[2:])
