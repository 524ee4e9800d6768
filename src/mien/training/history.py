"""How a run went, epoch by epoch, and which epoch is taken."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from ..drafts import draft_of
from ..errors import OutputError

Epoch: TypeAlias = dict[str, float]
"""``epoch``, from 1, and ``step``, those done; then the numbers of
:class:`mien.training.module.TrainingModule`."""

RUN_FILE = "run.json"


def chosen_epoch(history: Sequence[Mapping[str, float]], monitor: str) -> int:
    """The best epoch, counted from 1; of equals the first.

    Args:
        history: of all epochs.
        monitor: the number that decides: the largest accuracy, or the smallest loss.
    """
    sign = -1 if monitor.endswith("loss") else 1

    def score(place: int) -> float:
        value = sign * history[place].get(monitor, math.nan)
        return -math.inf if math.isnan(value) else value

    return max(range(len(history)), key=score, default=-1) + 1


def write_run(record: Mapping[str, Any], path: Path) -> None:
    """Write a run's record; an existing file is replaced only by a whole one.

    Raises:
        OutputError: if it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft_of(path) as draft:
            draft.write_text(json.dumps(_finite(record), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path}: the run's record cannot be written ({error})") from None


def _finite(value: Any) -> Any:
    """JSON knows no NaN and no infinity, such as of a validation that went astray: null."""
    if isinstance(value, Mapping):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
