"""Where a number comes from: which code, which file, which machine."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ..data.parts.hugging_face_copy import is_address
from ..errors import NotFound
from ..faces.session import cores

_HERE = Path(__file__).resolve()


def version() -> str:
    """The installed version of mien; empty where its source is used without installing it."""
    try:
        return importlib.metadata.version("mien")
    except importlib.metadata.PackageNotFoundError:
        return ""


def git_commit(file: Path = _HERE) -> str:
    """The commit that ``file`` belongs to, by default that of mien's own code.

    Returns:
        40 hex digits, with ``-dirty`` if files under version control were changed since;
        empty if the file is not under version control, or git is not there.
    """
    file = file.resolve()
    if not _git(file.parent, "ls-files", "--error-unmatch", file.name):
        return ""
    return _git(file.parent, "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*")


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def machine() -> dict[str, str | int]:
    """What the program runs on, without the machine's name.

    Returns:
        ``processor``, ``instructions`` (the widest that NumPy knows of it, such as ``X86_V3``
        for AVX2), ``cores`` (that this process may use), ``system``, ``python``, and
        ``accelerator`` where PyTorch is loaded and sees one.
    """
    described: dict[str, str | int] = {
        "processor": _processor(),
        "instructions": _instructions(),
        "cores": cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        described["accelerator"] = torch.cuda.get_device_name()
    return described


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == "model name" and value.strip():
            return value.strip()
    return platform.processor() or platform.machine()


def _instructions() -> str:
    """In NumPy's words: processors of one name, as clouds give it, have different ones."""
    known: Any = np.show_config(mode="dicts")
    sets = known.get("SIMD Extensions", {})
    return str([platform.machine(), *sets.get("baseline", ()), *sets.get("found", ())][-1])


def recorded_place(place: Path | str) -> str:
    """What recorded commands say of a file or folder: its own name, without this machine's folders.

    Addresses stay whole: they lead everyone to the same data.
    """
    if is_address(place):
        return f"hf://{str(place).removeprefix('hf:').lstrip('/')}"
    return Path(os.path.abspath(os.path.expanduser(place))).name  # noqa: PTH100, PTH111


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes.

    Raises:
        NotFound: if there is no such file.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise NotFound(f"{path}: cannot be read ({error.strerror}); check the path") from None
