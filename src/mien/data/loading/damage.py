"""Pictures that turn out damaged while a run reads them."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import torch

from ...errors import DataError

log = logging.getLogger("mien")


class Damage:
    """Remembers which pictures do not decode, together with other processes.

    The flags lie in shared memory, so that the workers of a loader and the process that
    started them count as one.

    Args:
        names: of all pictures.
        tolerated: largest share of them that may be damaged; of a share above zero at least
            one picture.
    """

    def __init__(self, names: Sequence[str], tolerated: float) -> None:
        if not 0 <= tolerated <= 1:
            raise DataError(f"tolerated is {tolerated}; it must lie between 0 and 1")
        self._names = names
        self.allowed = max(int(tolerated * len(names)), 1) if tolerated else 0
        self._flags = torch.zeros(len(names), dtype=torch.bool).share_memory_()  # type: ignore[no-untyped-call]

    def __contains__(self, index: int) -> bool:
        """Whether the picture is known to be damaged."""
        return bool(self._flags[index])

    def __len__(self) -> int:
        return int(self._flags.sum())

    @property
    def names(self) -> list[str]:
        """The damaged pictures found so far."""
        return [self._names[row] for row in self._flags.nonzero().flatten().tolist()]

    def add(self, index: int, error: DataError) -> None:
        """Remember a picture, and name it in the log when it is new.

        Raises:
            DataError: if that is more than is tolerated.
        """
        if index not in self:
            self._flags[index] = True
            log.warning(
                "%s: left out, the next picture takes its place (%s)", self._names[index], error
            )
        self.check()

    def check(self) -> None:
        """Stop when too many are damaged.

        Raises:
            DataError: with the names of all that are.
        """
        found = len(self)
        if found > self.allowed:
            raise DataError(
                f"{found} of {len(self._names)} pictures cannot be read, and {self.allowed} are "
                f"tolerated; mend the copy (mien data check lists what is wrong): "
                + ", ".join(self.names)
            )
