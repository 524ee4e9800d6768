"""Which columns of a Hugging Face data set hold what, and what their labels mean."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import DataError
from ...expressions import Expression, LabelSet
from .expression_names import is_among, is_expression, read_label

# What the column of labels is called where it is not "label" and has no names of classes.
_LABELS = ("class", "emotion", "expression", "labels")
_LISTED = 10


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a data set.

    Attributes:
        where: the data set, for messages.
        features: what each column holds, as ``datasets`` says.
    """

    where: str
    features: Mapping[str, Any]

    def named(self, name: str) -> str:
        """The column of this name.

        Raises:
            DataError: listing the columns, if there is none.
        """
        if name not in self.features:
            raise self._error(f"there is no column {name!r}")
        return name

    def picture(self, wanted: str | None) -> str:
        """The column of pictures: the only one, or the wanted one.

        Raises:
            DataError: if there is none or several, or the wanted one holds something else.
        """
        if wanted is not None:
            found = [name for name in (self.named(wanted),) if self._holds_pictures(name)]
        else:
            found = [name for name, one in self.features.items() if _kind(one) == "Image"]
            # Parquet that another program wrote does not say that these are pictures.
            found = found or [name for name, one in self.features.items() if _kind(one) == _STRUCT]
        if len(found) != 1:
            what = "several columns hold" if found else "no column holds"
            raise self._error(f"{what} pictures; say which with image_column")
        return found[0]

    def label(self, wanted: str, ignore: Collection[str]) -> str:
        """The column of labels: the wanted one, or in place of ``"label"`` one that fits.

        Raises:
            DataError: if there is none, several, or it holds neither classes, text nor numbers.
        """
        found = [wanted]
        if wanted == "label" and wanted not in self.features:
            found = [name for name in self.features if self._holds_expressions(name, ignore)]
            found = found or [name for name in self.features if name.casefold() in _LABELS]
        if len(found) != 1:
            what = f"{' and '.join(found)} could both be" if found else "there is no"
            raise self._error(f"{what} column of labels; say which with label_column")
        kind = _kind(self.features[self.named(found[0])])
        if kind != "ClassLabel" and not kind.startswith(("int", "uint", "string", "large_string")):
            raise self._error(f"the column {found[0]} holds {kind}, no labels")
        return found[0]

    def group(self, wanted: str) -> str:
        """The column of groups.

        Raises:
            DataError: if there is none of that name, or it holds something else.
        """
        if self.named(wanted) not in self.of_text():
            raise self._error(f"the column {wanted} holds neither text nor numbers")
        return wanted

    def of_text(self) -> list[str]:
        """The columns of classes, text, numbers or dates."""
        kinds = {name: _kind(one) for name, one in self.features.items()}
        return [
            name
            for name, kind in kinds.items()
            if kind == "ClassLabel" or (_is_value(self.features[name]) and "binary" not in kind)
        ]

    def text(self, name: str, value: Any) -> str:
        """A value of such a column as text; empty for none."""
        if value is None or (self.has_classes(name) and value == -1):
            return ""
        return str(self.features[name].names[value] if self.has_classes(name) else value).strip()

    def has_classes(self, name: str) -> bool:
        """Whether a column holds numbers of classes that have names."""
        return _kind(self.features[name]) == "ClassLabel"

    def meanings(
        self,
        label: str,
        values: Iterable[Hashable],
        known: LabelSet | None,
        ignore: Collection[str],
    ) -> dict[Hashable, Expression | None]:
        """What each value of a column of labels means; ``None`` for what is left out.

        Raises:
            DataError: naming the values that mean nothing.
        """
        found: dict[Hashable, Expression | None] = {}
        wrong: list[str] = []
        reason = ""
        for value in values:
            text = self.text(label, value)
            try:
                found[value] = read_label(text, known, ignore)
            except DataError as error:
                wrong.append(text)
                reason = reason or str(error)
        if wrong:
            listed = ", ".join(wrong[:_LISTED]) + (", …" if len(wrong) > _LISTED else "")
            raise self._error(
                f"the column {label} has labels that are no known expressions: {listed} ({reason})"
            )
        return found

    def _holds_pictures(self, name: str) -> bool:
        return _kind(self.features[name]) in ("Image", _STRUCT, "binary", "large_binary")

    def _holds_expressions(self, name: str, ignore: Collection[str]) -> bool:
        return self.has_classes(name) and all(
            is_expression(one) or is_among(one, ignore) for one in self.features[name].names
        )

    def _error(self, what: str) -> DataError:
        listed = ", ".join(f"{name}: {_kind(one)}" for name, one in self.features.items())
        return DataError(f"{self.where}: {what} (columns: {listed})")


_STRUCT = "bytes and path"


def _kind(feature: Any) -> str:
    """What a column holds, in a word or two."""
    if isinstance(feature, dict):
        return _STRUCT if {"bytes", "path"} >= set(feature) >= {"bytes"} else "dict"
    return str(feature.dtype) if _is_value(feature) else type(feature).__name__


def _is_value(feature: Any) -> bool:
    return type(feature).__name__ == "Value"
