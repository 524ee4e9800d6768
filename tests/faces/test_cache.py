from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mien.faces.cache import cache_folder


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
