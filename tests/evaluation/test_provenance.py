"""Where a number comes from."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from pathlib import Path

import pytest

from mien.errors import NotFound
from mien.evaluation.provenance import file_sha256, git_commit, machine, recorded_place

CPU_INFO = Path("/proc/cpuinfo")


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
    assert {"processor", "instructions", "cores", "system", "python"} <= set(described)
    assert described["cores"] >= 1
    assert described["processor"]
    assert platform.node() not in described.values()


@pytest.mark.skipif(
    not CPU_INFO.exists() or platform.machine() != "x86_64",
    reason="the system does not say what its processor has",
)
def test_the_instructions_are_those_that_the_system_names() -> None:
    flags = CPU_INFO.read_text(encoding="utf-8").split()
    widest = str(machine()["instructions"])
    # A hypervisor may hide some of a level's instructions, and then it is a lower one.
    wide = widest.startswith(("X86_V4", "AVX512"))
    assert "avx512bw" in flags or not wide
    assert "avx2" in flags or not (wide or widest.startswith(("X86_V3", "AVX2")))
    assert widest != platform.machine()


def test_without_numpy_s_word_the_kind_of_processor_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("numpy.show_config", lambda **_: {})
    assert machine()["instructions"] == platform.machine()


def test_sha256_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"weights")
    assert file_sha256(tmp_path / "model") == hashlib.sha256(b"weights").hexdigest()
    with pytest.raises(NotFound, match="nothing: cannot be read"):
        file_sha256(tmp_path / "nothing")


def test_commands_name_files_without_their_folders_and_addresses_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert recorded_place(tmp_path / "copies" / "ferplus.zip") == "ferplus.zip"
    assert recorded_place(".") == tmp_path.name
    address = "hf://owner/name@revision"
    # Path makes one slash of two.
    assert recorded_place(address) == recorded_place(Path(address)) == address
