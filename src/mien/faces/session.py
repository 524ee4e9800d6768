"""One way to open a network with onnxruntime."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import ModelError

_NO_MODEL = ("INVALID_PROTOBUF", "No graph was found")
"""What onnxruntime says of files of other kinds, of cut ones and of empty ones."""

_CGROUP = Path("/sys/fs/cgroup")


def open_session(model: bytes, source: str, threads: int | None = None) -> Any:
    """An onnxruntime session on the CPU.

    Args:
        model: a serialised ONNX model.
        source: its file or name, for messages.
        threads: how many to compute with; by default one for each physical core, or for each
            core that this process may use, if those are not all.

    Raises:
        ModelError: if onnxruntime cannot read the model.
    """
    import onnxruntime  # type: ignore[import-untyped]  # slow, and only needed here

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # Left to itself, onnxruntime counts the machine's cores, and binds its threads to them.
    ours = cores()
    options.intra_op_num_threads = threads or (ours if ours < (os.cpu_count() or 1) else 0)
    options.inter_op_num_threads = 1
    # Several networks take turns. Threads of one that spin for work hold up the next.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own classes are not public
        reason = str(error).splitlines()[0]
        if any(one in reason for one in _NO_MODEL):
            raise ModelError(f"{source}: not an ONNX model, or not a whole one") from None
        reason = reason.rpartition(" : ")[2]  # before it stand onnxruntime's own codes
        raise ModelError(f"{source}: onnxruntime cannot open it as a model ({reason})") from None


def cores() -> int:
    """How many cores this process may use: those it is bound to, or its container's share."""
    bound = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        bound = len(os.sched_getaffinity(0))
    return min(bound, _share() or bound)


def _share() -> int:
    """Cores' worth of time that a container gets, as by ``docker run --cpus``; 0 for all.

    Source: the Linux kernel's admin guide, cgroup-v2 (``cpu.max``) and cgroup-v1 (CFS).
    """
    for files in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            said = " ".join((_CGROUP / file).read_text(encoding="ascii") for file in files)
            quota, period = map(int, said.split())
        except (OSError, ValueError):  # not there, or "max"
            continue
        if quota > 0 and period > 0:
            return -(-quota // period)
    return 0
