"""The record of one evaluation, as it lies under ``results/``.

Every number in a README or a card is read from such a file, so it holds what is needed to
judge the number and to repeat it.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..card import Measurement
from ..drafts import output_file
from ..errors import DataError, NotFound
from .bootstrap import Estimate
from .metrics import ClassScores
from .scores import Gap, GroupScores, Mistake, ReliabilityBin, RiskPoint, RobustnessPoint, Scores

RESULT_FORMAT = 2
"""The newest that is read. Format 1 had no curves, groups, robustness and mistakes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One model on one split.

    Attributes:
        model: the model's name, from its card.
        model_sha256: of its file.
        recipe: that trained it, from its card.
        seed: of its training, from its card.
        trained_at: git commit of the code that trained it, from its card.
        dataset: such as ``"ferplus"``.
        split: such as ``"public-test"``.
        data_fingerprint: SHA-256 of the split's names, votes and pixels.
        labels: what class 0, 1, 2, ... of ``predictions`` and ``confusion`` stand for.
        scores: one for each protocol and subset.
        groups: accuracy of each group of the user's metadata.
        gaps: the largest difference between two groups of each column.
        robustness: accuracy on damaged pictures, by corruption and strength.
        mistakes: the worst ones, under the first protocol.
        settings: whatever else the numbers depend on, such as the detector.
        commit: git commit of the code that measured; empty outside a repository.
        version: of mien.
        machine: that measured.
        date: day of the measurement, YYYY-MM-DD.
        command: that repeats it.
        predictions: predicted class of every picture of the split, in its order; -1 where
            there is no answer.
    """

    model: str
    model_sha256: str = ""
    recipe: str = ""
    seed: int | None = None
    trained_at: str = ""
    dataset: str
    split: str
    data_fingerprint: str
    labels: tuple[str, ...]
    scores: tuple[Scores, ...]
    groups: tuple[GroupScores, ...] = ()
    gaps: tuple[Gap, ...] = ()
    robustness: tuple[RobustnessPoint, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    settings: Mapping[str, str | int | float] = field(default_factory=dict)
    commit: str = ""
    version: str = ""
    machine: Mapping[str, str | int] = field(default_factory=dict)
    date: str = ""
    command: str = ""
    predictions: tuple[int, ...] = ()

    def find(self, protocol: str, subset: str = "whole") -> Scores:
        """The numbers under ``protocol``.

        Raises:
            DataError: if the result has none, naming those it has.
        """
        for one in self.scores:
            if (one.protocol, one.subset) == (protocol, subset):
                return one
        known = ", ".join(f"{one.protocol} {one.subset}" for one in self.scores)
        raise DataError(f"the result has no numbers for {protocol} {subset}, only for {known}")

    def measurements(self, file: str = "") -> tuple[Measurement, ...]:
        """The numbers as a model's card holds them.

        Args:
            file: the file under ``results/`` that holds this record.
        """
        return tuple(
            Measurement(
                dataset=self.dataset,
                split=self.split,
                protocol=one.protocol if one.subset == "whole" else f"{one.protocol}, {one.subset}",
                images=one.images,
                values=_flat(one.metrics),
                file=file,
            )
            for one in self.scores
        )

    def to_json(self) -> str:
        """The record as text; the same record gives the same text.

        Raises:
            DataError: if a number is not finite.
        """
        values = {"format": RESULT_FORMAT, **dataclasses.asdict(self)}
        try:
            text = json.dumps(values, ensure_ascii=False, indent=2, allow_nan=False)
        except ValueError as error:
            raise DataError(
                f"the result of {self.model} has a number not finite: {error}"
            ) from None
        # Numbers of one list stand on one line: thousands of predictions, rows of counts.
        return re.sub(r"\[\n([-\d,\s]+)\]", _on_one_line, text) + "\n"

    @classmethod
    def from_json(cls, text: str, source: str = "the result") -> Result:
        """Read back what :meth:`to_json` gave.

        Raises:
            DataError: if it is damaged or of a newer format.
        """
        try:
            values: dict[str, Any] = json.loads(text)
            version = int(values.pop("format"))
            if version > RESULT_FORMAT:
                raise DataError(
                    f"{source}: this result has format {version}, this mien reads up to "
                    f"{RESULT_FORMAT}; bring a newer one with: pip install --upgrade mien"
                )
            values["scores"] = tuple(_read_scores(one) for one in values["scores"])
            for name, read in _READ.items():
                values[name] = tuple(read(one) for one in values.get(name, ()))
            for name in ("labels", "predictions"):
                values[name] = tuple(values[name])
            return cls(**values)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"{source}: this is not a whole result ({error}); measure it again with: "
                "mien evaluate MODEL DATASET --root DIR --output FILE"
            ) from None


def write_result(result: Result, path: Path) -> None:
    """Write the record in one step: the file is the old one or the new one, never half.

    Raises:
        OutputError: if the file cannot be written.
        DataError: if a number of the record is not finite.
    """
    text = result.to_json()
    with output_file(path, "the result", "choose another place with --output") as draft:
        draft.write_text(text, encoding="utf-8")


def read_result(path: Path) -> Result:
    """Read a record.

    Raises:
        NotFound: if there is no such file.
        DataError: if it is damaged or of a newer format.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise DataError(f"{path}: this is not a result; it is not text") from None
    except OSError as error:
        raise NotFound(f"{path}: cannot be read ({error.strerror}); check the path") from None
    return Result.from_json(text, str(path))


def _flat(metrics: Mapping[str, Estimate]) -> dict[str, float]:
    values: dict[str, float] = {}
    for name, one in metrics.items():
        values |= {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
    return values


def _on_one_line(match: re.Match[str]) -> str:
    return "[" + " ".join(match[1].split()) + "]"


def _read_scores(values: dict[str, Any]) -> Scores:
    return Scores(
        protocol=values["protocol"],
        subset=values["subset"],
        images=values["images"],
        clusters=values.get("clusters", 0),
        metrics={name: Estimate(**one) for name, one in values["metrics"].items()},
        classes={name: ClassScores(**one) for name, one in values["classes"].items()},
        confusion=tuple(tuple(row) for row in values["confusion"]),
        reliability=tuple(ReliabilityBin(**one) for one in values.get("reliability", ())),
        risk=tuple(RiskPoint(**one) for one in values.get("risk", ())),
    )


def _read_accuracy(kind: type[Any]) -> Callable[[dict[str, Any]], Any]:
    return lambda values: kind(**values | {"accuracy": Estimate(**values["accuracy"])})


def _read_gap(values: dict[str, Any]) -> Gap:
    return Gap(**values | {"difference": Estimate(**values["difference"])})


_READ: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "groups": _read_accuracy(GroupScores),
    "gaps": _read_gap,
    "robustness": _read_accuracy(RobustnessPoint),
    "mistakes": lambda values: Mistake(**values),
}
