from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from mien.training.heap import keep_freed_memory

GLIBC = platform.libc_ver()[0] == "glibc"

# Four blocks of 32 MB, filled and freed twice: how many pages the second time had to fetch.
PROGRAM = """
import resource, sys
import numpy as np
from mien.training.heap import keep_freed_memory

if sys.argv[1] == "kept":
    assert keep_freed_memory()

def pages() -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    blocks = [np.ones(1 << 25, np.uint8) for _ in range(4)]
    del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

pages()
print(pages())
"""


def fetched(way: str) -> int:
    command = [sys.executable, "-c", PROGRAM, way]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux" or not GLIBC, reason="not glibc")
def test_what_was_freed_is_not_fetched_again() -> None:
    assert fetched("kept") < fetched("as it is") / 10


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()
