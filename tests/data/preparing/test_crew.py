from __future__ import annotations

import pytest

from mien.data.preparing.crew import at_most


@pytest.mark.parametrize(("platform", "most"), [("linux", 128), ("darwin", 128), ("win32", 61)])
def test_windows_waits_for_no_more_than_61_processes(
    platform: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The executor of Python's library refuses more there."""
    monkeypatch.setattr("sys.platform", platform)
    assert (at_most(128), at_most(4)) == (most, 4)
