"""The folder of a run's checkpoints, and whose they are."""

from __future__ import annotations

from pathlib import Path

from ..drafts import draft_of
from ..errors import InputError, OutputError

_OWNER = "recipe.sha256"


def make_room(folder: Path, digest: str) -> None:
    """Make the folder of a run, and put the checkpoints of an earlier recipe aside.

    Args:
        folder: of the run.
        digest: of its recipe and start, which is noted there.

    Raises:
        InputError: if there are checkpoints of an earlier one aside already.
        OutputError: if nothing can be written there.
    """
    mark = folder / _OWNER
    try:
        earlier = mark.read_text(encoding="utf-8").strip() if mark.is_file() else digest
        if earlier != digest:
            aside = folder.with_name(f"{folder.name}.{earlier[:8]}")
            if aside.exists():
                raise InputError(
                    f"{folder} and {aside} are of other recipes; delete one, or choose "
                    "another --output"
                )
            folder.rename(aside)
        folder.mkdir(parents=True, exist_ok=True)
        with draft_of(mark) as draft:
            draft.write_text(digest + "\n", encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"{folder}: no run can be kept there ({reason}); choose another --output"
        ) from None
