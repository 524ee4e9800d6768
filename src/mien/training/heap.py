"""How the C library keeps memory, while a network trains on a CPU.

A step of training frees hundreds of megabytes and wants them again in the next one. glibc gives
what is free at the end of its heap back to the system, which hands it out again page by page,
filled with zeros first. Kept instead, steps are quicker: ``benchmarks/heap.py``.
"""

from __future__ import annotations

import ctypes
import sys

# Of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
_MOST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Let the process keep what it has freed, from now on; whether the C library does."""
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):  # another library's numbers may differ
        return False
    # Blocks of their own would go back at once.
    return bool(library.mallopt(_MMAP_MAX, 0) and library.mallopt(_TRIM_THRESHOLD, _MOST))
