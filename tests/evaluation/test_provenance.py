"""Where a number comes from."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from pathlib import Path

import pytest

from mien.errors import NotFound
from mien.evaluation.provenance import file_sha256, git_commit, machine


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
    command = ["git", *identity, "-c", "commit.gpgsign=false", *arguments]
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_commit_of_a_file_under_version_control(tmp_path: Path) -> None:
    file = tmp_path / "code.py"
    file.write_text("1\n")
    git(tmp_path, "init")
    assert git_commit(file) == ""
    git(tmp_path, "add", "code.py")
    git(tmp_path, "commit", "-m", "first")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert len(commit) == 40
    assert git_commit(file) == commit
    (tmp_path / "other.py").write_text("not under version control\n")
    assert git_commit(file) == commit
    assert git_commit(tmp_path / "other.py") == ""
    git(tmp_path, "tag", "-a", "v1", "-m", "a tag does not change the answer")
    file.write_text("2\n")
    assert git_commit(file) == f"{commit}-dirty"


def test_no_commit_outside_a_repository(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("1\n")
    assert git_commit(tmp_path / "code.py") == ""
    assert git_commit(tmp_path / "nowhere" / "code.py") == ""


def test_no_commit_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_commit() == ""


def test_the_machine_is_described_without_its_name() -> None:
    described = machine()
    assert {"processor", "cores", "system", "python"} <= set(described)
    assert described["cores"] >= 1
    assert described["processor"]
    assert platform.node() not in described.values()


def test_sha256_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"weights")
    assert file_sha256(tmp_path / "model") == hashlib.sha256(b"weights").hexdigest()
    with pytest.raises(NotFound, match="nothing: cannot be read"):
        file_sha256(tmp_path / "nothing")
