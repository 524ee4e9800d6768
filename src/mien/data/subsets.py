"""Lists of pictures of AffectNet and RAF-DB with turned or covered faces.

The lists are those of Region Attention Networks (Wang et al. 2020): faces turned by more
than 30 or 45 degrees, and faces that something covers. One line names one picture:

- ``3/5a4ce4a6….jpg``, ``3/5a4ce4a6…/8.jpg`` or ``val/3/5a4ce4a6…/`` for AffectNet, and
  ``3/test_0009_aligned.jpg`` for RAF-DB: the label, then the picture. The label counts from 0
  in the native order of the data set; in RAF-DB's own files it counts from 1. ``val`` is the
  split. ``8.jpg`` and the last ``/`` are left from the authors' folders of crops and say
  nothing here.
- ``test_0003_aligned 3 4`` for covered faces of RAF-DB: the picture, the label as above, and
  the kind of what covers the face, 1 to 4. The list does not say which kind has which number,
  so that it is not read.

Pictures are matched by the last part of their name without suffix: AffectNet's hash, RAF-DB's
``test_0003``. AffectNet's newer release has numbers for names, so that the lists do not fit it.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, NotFound
from ..expressions import Expression, LabelSet
from .image_folder import PICTURES

if TYPE_CHECKING:
    from .reader import Reader

_PATH = re.compile(r"(?:[a-z]+/)?(?P<label>\d+)/(?P<name>[^/\s]+?)(?:\.jpg|/|/\d+\.jpg)?")
_COLUMNS = re.compile(r"(?P<name>[^/\s]+?)(?:\.jpg)?\s+(?P<label>\d+)\s+\d+")


def subset(reader: Reader, list_file: Path | str) -> NDArray[np.intp]:
    """The rows of a reader's table that a list names.

    A picture that the list names twice is one row. Pictures of a class that the reader leaves
    out, such as AffectNet's contempt with seven classes, are left out here too. Where the copy
    itself lists a picture twice, it is the first row with the list's label. A prepared copy
    leaves out pictures in which no face was found: these are counted in the reader's ``notes``.

    Args:
        reader: of AffectNet or RAF-DB, in the split that the list is about.
        list_file: in one of the formats above.

    Returns:
        Positions, ascending.

    Raises:
        NotFound: if there is no such list.
        DataError: if the list is damaged, the copy lacks one of its pictures and was not
            prepared without it, or has it with another label.
    """
    listed = read_list(list_file, type(reader).labels)
    classes = reader.table.classes
    if classes is None:
        raise DataError(f"{reader.title} has no expressions for {list_file} to fit")
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(reader.names):
        if (key := picture_key(name)) in listed:
            rows.setdefault(key, []).append(row)
    chosen, missing = [], []
    for key, expression in listed.items():
        if expression not in reader.labels:
            continue
        if key not in rows:
            missing.append(key)
            continue
        wanted = reader.labels.index(expression)
        fitting = [row for row in rows[key] if classes[row] == wanted]
        if not fitting:
            other = classes[rows[key][0]]
            found = "without a class" if other < 0 else reader.labels.expressions[other]
            raise DataError(
                f"{list_file}: {key} is {expression} here and {found} in {reader.root}; "
                f"is this a list of {reader.title}?"
            )
        chosen.append(fitting[0])
    # Without a face, a picture is not in a prepared copy; more than those must not lack.
    if missing and (not chosen or len(missing) > reader.absent):
        raise DataError(_missing(reader, list_file, missing))
    if missing:
        reader.notes.append(
            f"{len(missing):,} of the {len(missing) + len(chosen):,} pictures of {list_file} are "
            f"not in this prepared copy, such as {missing[0]}: left out when it was made"
        )
    return np.array(sorted(chosen), np.intp)


def picture_key(name: str) -> str:
    """By which a picture is matched: the last part of its name without a picture's suffix."""
    path = PurePosixPath(name)
    return path.stem if path.suffix.lower() in PICTURES else path.name


def read_list(list_file: Path | str, labels: LabelSet) -> dict[str, Expression]:
    """The expression of every picture of a list, by :func:`picture_key`, each once.

    Args:
        list_file: in one of the formats above.
        labels: the data set's native label set.

    Raises:
        NotFound: if there is no such list.
        DataError: naming the line that is damaged or contradicts an earlier one.
    """
    try:
        text = Path(list_file).read_text("utf-8-sig")
    except FileNotFoundError:
        raise NotFound(f"{list_file}: there is no list at this path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{list_file}: not a readable list ({error})") from None
    listed: dict[str, Expression] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not (line := line.strip()):
            continue
        match = _PATH.fullmatch(line) or _COLUMNS.fullmatch(line)
        if match is None:
            raise DataError(f"{list_file}: line {number} names no label and picture: {line[:80]}")
        label = int(match["label"])
        if label >= len(labels):
            raise DataError(
                f"{list_file}: line {number} has the label {label}; labels go from 0 to "
                f"{len(labels) - 1}"
            )
        key, expression = match["name"].removesuffix("_aligned"), labels.expressions[label]
        if listed.setdefault(key, expression) != expression:
            raise DataError(
                f"{list_file}: line {number} calls {key} {expression}, an earlier line "
                f"{listed[key]}"
            )
    if not listed:
        raise DataError(f"{list_file}: the list names no picture")
    return listed


def _missing(reader: Reader, list_file: Path | str, missing: list[str]) -> str:
    more = f" and {len(missing) - 1} more pictures" if len(missing) > 1 else ""
    numbers = all(picture_key(name).isdecimal() for name in reader.names[:8])
    why = "is this the split of the list, and is the copy whole?"
    if numbers:
        why = "pictures are numbered in this copy, and the list fits the Manually_Annotated release"
    elif reader.prepared:
        why = (
            f"this prepared copy leaves out {reader.absent:,} pictures of its original, so it "
            "was made of another split, of fewer classes or of another list"
        )
    return (
        f"{reader.root}: {missing[0]}{more} of {list_file} {'are' if more else 'is'} not in "
        f"the split {reader.split}; {why}"
    )
