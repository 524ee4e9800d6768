"""Somebody else's answers: a table with one row for each picture.

One column names the picture. Either each expression has a column of probabilities, or one
column holds the expression that was answered. What ``mien predict`` writes is such a table: the
picture is its ``source``, rows without a face are pictures in which none was found, and of
several faces in a picture the one is taken that :func:`~mien.evaluation.detected.meant_face`
says, so that it is judged as ``mien evaluate --end-to-end`` judges.

Which picture a row means is for :mod:`~mien.evaluation.picture_names` to say.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..data.archive import Archive
from ..data.parts.expression_names import expression_named, in_usual_order, is_expression
from ..data.parts.text_table import SUFFIXES, TextTable, read_text_table
from ..data.reader import Reader
from ..errors import DataError, NotFound, UnknownName
from ..expressions import Expression, LabelSet
from ..preprocess import Box
from .answers import MISSED, Answers
from .detected import meant_face
from .picture_names import column_called, lines_of_pictures, picture_column
from .provenance import file_sha256
from .tasks import labels_asked

log = logging.getLogger("mien")

ANSWERS = ("expression", "predicted")
_BOX = ("x", "y", "width", "height")
_CLOSE = 1e-3
"""How far the sum of a row's probabilities may be from 1; mien writes six decimals."""
_SHORTEST = 3  # letters: columns such as "an" need not be anger


def is_table(path: str | Path) -> bool:
    """Whether a path has the suffix of a table, and so is no model."""
    return Path(path).suffix.lower() in SUFFIXES


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which column says what.

    Attributes:
        name: the picture.
        expressions: probabilities of each; empty where only answers are known.
        answer: the expression that was answered.
        boxes: whether rows are faces with their boxes, as ``mien predict`` writes them.
    """

    name: str
    expressions: dict[Expression, str]
    answer: str
    boxes: bool


class Predictions:
    """A table of answers.

    Args:
        path: a CSV, TSV or Parquet file.

    Attributes:
        sha256: of the file.
        labels: the expressions that have a column; ``None`` where only answers are known.

    Raises:
        NotFound: if there is no such file.
        DataError: if it is damaged, or lacks a column.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise NotFound(f"{path}: there is no table of predictions at this path")
        self.path, self.sha256 = path, file_sha256(path)
        self._table = read_text_table(Archive(path.parent, "table of predictions"), path.name)
        self._columns = _columns(self._table)
        expressions = tuple(self._columns.expressions)
        self.labels = LabelSet(expressions) if expressions else None

    def answers(self, reader: Reader, needed: NDArray[np.bool_]) -> Answers:
        """The answers to the pictures of a split, in its order.

        Args:
            reader: the split, of N pictures.
            needed: bool (N,), pictures that must have an answer. Others without one have
                :data:`~mien.evaluation.answers.MISSED`, and so have pictures without a face.

        Raises:
            DataError: if a picture is lacking or there twice, a label is none of the data set's,
                probabilities are none, the line is named; or if all answers are empty in a
                table that is not of found faces.
        """
        labels = self.labels or labels_asked(reader)
        values = self._values(labels)
        faces = self._several_faces if self._columns.boxes else None
        found = lines_of_pictures(reader, self._table, self._columns.name, faces=faces)
        absent = [row for row in np.flatnonzero(needed).tolist() if row not in found]
        if absent:
            raise DataError(
                f"{self.path}: {len(absent):,} of the {int(needed.sum()):,} pictures have no "
                f"prediction, such as {reader.names[absent[0]]}; give every picture a row"
            )
        predicted = np.full(len(reader), MISSED, np.int64)
        table = np.zeros((len(reader), len(labels)), np.float64)
        for row, lines in found.items():
            line = self._face(lines, reader, row)
            if line is None or not values[line].any():
                continue
            table[row] = values[line]
            predicted[row] = int(values[line].argmax())
        missed = int((predicted[needed] == MISSED).sum())
        if missed and missed == int(needed.sum()) and not self._columns.boxes:
            columns = ", ".join(self._columns.expressions.values()) or self._columns.answer
            raise DataError(
                f"{self.path}: none of the {missed:,} pictures has an answer; fill in {columns}"
            )
        if missed:
            log.info(
                "%s: %d of %d pictures have no answer; these count as wrong",
                self.path.name,
                missed,
                int(needed.sum()),
            )
        return Answers(labels, predicted, None if self.labels is None else table)

    def _values(self, labels: LabelSet) -> NDArray[np.float64]:
        """Probabilities of every line, or 1 for the answer; zeros in lines without any."""
        values = np.zeros((len(self._table), len(labels)), np.float64)
        for line in range(len(self._table)):
            if self.labels is not None:
                values[line] = self._probabilities(line)
            elif text := self._table.columns[self._columns.answer][line]:
                values[line, self._place(line, text, labels)] = 1
        return values

    def _probabilities(self, line: int) -> NDArray[np.float64]:
        names = list(self._columns.expressions.values())
        found = self._table.values(line, names)
        if found is None:
            return np.zeros(len(names))
        shares = np.array(found)
        if (shares < 0).any():
            name = names[int(shares.argmin())]
            raise self._table.error(line, f"the probability of {name} is {shares.min():g}")
        if abs(shares.sum() - 1) > _CLOSE:
            raise self._table.error(
                line, f"the probabilities add up to {shares.sum():.6g}, and not to 1"
            )
        return np.asarray(shares / shares.sum(), np.float64)

    def _place(self, line: int, text: str, labels: LabelSet) -> int:
        try:
            expression = expression_named(text)
        except UnknownName as error:
            raise self._table.error(line, str(error)) from None
        if expression not in labels:
            raise self._table.error(
                line, f"the answer {expression} is none of the data set's classes [{labels}]"
            )
        return labels.index(expression)

    def _several_faces(self, lines: list[int]) -> bool:
        """Whether these lines are several faces of one picture, each of which is there once."""
        boxes = [self._box(line) for line in lines]
        return None not in boxes and len(set(boxes)) == len(boxes)

    def _face(self, lines: list[int], reader: Reader, row: int) -> int | None:
        """The line that speaks of the data set's face; ``None`` if none does."""
        if not self._columns.boxes:
            return lines[0]
        found = [(line, box) for line in lines if (box := self._box(line)) is not None]
        if not found:
            return lines[0]
        place = meant_face([box for _, box in found], reader.table.box(row))
        return None if place is None else found[place][0]

    def _box(self, line: int) -> Box | None:
        values = self._table.values(line, _BOX)
        return None if values is None else (values[0], values[1], values[2], values[3])


def _columns(table: TextTable) -> _Columns:
    name, answer = picture_column(table), column_called(table, ANSWERS)
    expressions: dict[Expression, str] = {}
    for column in table.columns:
        if len(column) < _SHORTEST or not is_expression(column):
            continue
        expression = expression_named(column)
        if expression in expressions:
            raise DataError(
                f"{table.where}: the columns {expressions[expression]} and {column} both stand for "
                f"{expression}"
            )
        expressions[expression] = column
    if len(expressions) < 2 and answer is None:
        raise DataError(
            f"{table.where}: there is neither a column for each expression, such as happiness, nor "
            f"a column {' or '.join(ANSWERS)}"
        )
    both = [one for one in ANSWERS if column_called(table, [one])]
    if len(expressions) < 2 and len(both) > 1:
        raise DataError(
            f"{table.where}: the columns {' and '.join(both)} may both be the answers; give one"
        )
    # Of equal probabilities the first is the answer, wherever the table has them.
    usual = in_usual_order(expressions) if len(expressions) > 1 else ()
    return _Columns(
        name=name,
        expressions={one: expressions[one] for one in usual},
        answer=answer or "",
        boxes=all(one in table.columns for one in _BOX),
    )
