"""Names for pictures that a table lists more than once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def told_apart(names: Sequence[str]) -> Sequence[str]:
    """The names, each once: from its second time on, a name gets its turn, as in ``a.jpg#2``."""
    if len(set(names)) == len(names):
        return names
    seen: Counter[str] = Counter()
    apart = []
    for name in names:
        seen[name] += 1
        apart.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return apart
