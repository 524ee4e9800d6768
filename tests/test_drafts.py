"""Files appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mien.drafts import draft_of


def test_the_target_changes_only_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text("old")
    with draft_of(path) as draft:
        draft.write_text("new")
        assert path.read_text() == "old"
        assert (draft.parent, draft.name) == (tmp_path, f".result.json.{os.getpid()}.part")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("reason", [ValueError, KeyboardInterrupt, OSError])
def test_whatever_goes_wrong_leaves_the_old_file_alone(
    tmp_path: Path, reason: type[BaseException]
) -> None:
    path = tmp_path / "result.json"
    path.write_text("old")

    def interrupted() -> None:
        with draft_of(path) as draft:
            draft.write_text("half")
            raise reason

    with pytest.raises(reason):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_draft_that_was_never_begun_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), draft_of(tmp_path / "nowhere" / "result.json"):
        pass
