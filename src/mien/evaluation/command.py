"""The command in a record: typed again, it measures the same model alike."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from .classifier import Classifier
from .contenders import Contender


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What the command line was given beside the model and the data set.

    Attributes:
        shared: for every model.
        without_card: for ONNX files without a card; others are refused with it.
        damaged: for robustness; a table alone is refused with it.
    """

    shared: Sequence[str] = ()
    without_card: Sequence[str] = ()
    damaged: Sequence[str] = ()

    def command(self, one: Contender, words: Sequence[str]) -> str:
        """For one of several models alone.

        Args:
            one: the model.
            words: that name the data set.
        """
        said = [*self.shared]
        if isinstance(one.source, Classifier):
            said += [*(self.without_card if one.source.said else ()), *self.damaged]
        return shlex.join(["mien", "evaluate", one.called, *words, *said])
