from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mien.cache import cache_folder, recalled, remember


def test_own_variable_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_CACHE", "/there")
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert cache_folder() == Path("/there")
    monkeypatch.delenv("MIEN_CACHE")
    assert cache_folder() == Path("/elsewhere/mien")


@pytest.mark.parametrize(
    ("platform", "place"),
    [
        ("linux", ".cache/mien"),
        ("darwin", "Library/Caches/mien"),
        ("win32", "AppData/Local/mien/cache"),
    ],
)
def test_each_platform_has_its_place(
    platform: str, place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("MIEN_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert cache_folder() == tmp_path / place


def test_what_is_remembered_is_recalled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "new" / "place"))
    assert recalled("thing") is None
    remember("thing", b"first")
    remember("thing", b"second")
    assert recalled("thing") == b"second"
    assert [one.name for one in (tmp_path / "new" / "place").iterdir()] == ["thing"]


def test_damage_counts_as_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path))
    remember("thing", b"content")
    whole = (tmp_path / "thing").read_bytes()
    for damaged in (b"", whole[:-1], whole[:20], whole[:-1] + b"T"):
        (tmp_path / "thing").write_bytes(damaged)
        assert recalled("thing") is None


def test_where_nothing_can_be_written_nothing_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "file"))
    remember("thing", b"content")
    assert recalled("thing") is None
