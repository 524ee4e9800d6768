"""What the command line says, read by tyro; what is wrong with it, in one line.

tyro calls a verb while it still reads, and draws its complaints as boxes. Here a verb is only
noted until all is read, so that whatever is printed before that is a complaint.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import partial, wraps
from io import StringIO
from itertools import takewhile
from typing import TypeAlias

import tyro

from .errors import InputError

Run: TypeAlias = Callable[[], int]

_HELP = {"-h", "--help"}
_WIDE = "10000"  # columns, so that no name is broken
_MARGIN = 2  # characters, of every row
_RULE = {"-"}
_EXPLAINED = " " * 8  # how far tyro moves in what explains an option
_LEFT_OVER = "Unrecognized options: "
_PLACE = " --help"  # how tyro ends the row that says where an option is explained
_LEFT_OUT = ("For full helptext", "Argument helptext")  # paragraphs


def deferred(verb: Callable[..., int]) -> Callable[..., Run]:
    """The verb with its options, to be run later; for tyro it looks like the verb itself."""

    @wraps(verb)
    def noted(*values: object, **options: object) -> Run:
        return partial(verb, *values, **options)

    return noted


def read(
    verbs: Mapping[str, Callable[..., int]],
    arguments: Sequence[str],
    *,
    program: str,
    description: str,
) -> Run:
    """The verb that the arguments name, with its options, ready to be run.

    Args:
        verbs: by name; nested ones are :func:`deferred` already.
        arguments: of the command line, without the program.
        program: its name.
        description: what it is for, shown by its help.

    Raises:
        InputError: if the arguments do not fit; one line that names the help to look at.
        SystemExit: after the help was printed, with code 0.
    """
    parse = partial(
        tyro.extras.subcommand_cli_from_dict,
        {name: deferred(verb) for name, verb in verbs.items()},
        prog=program,
        description=description,
        args=arguments,
        config=(tyro.conf.FlagCreatePairsOff,),
    )
    run: Run
    if _HELP & set(arguments):
        run = parse()
        return run
    said = StringIO()
    try:
        # Neither is a terminal then, so that boxes are plain and as wide as they need to be.
        with redirect_stdout(StringIO()), redirect_stderr(said), _columns(_WIDE):
            run = parse()
    except SystemExit:
        box = said.getvalue()
        place = _place(program, [one for one in arguments[:1] if one in verbs], arguments, box)
        told = f"{_one_line(box, place)}{_order(box, arguments)}"
        raise InputError(f"{told}; see: {place} --help") from None
    return run


def _place(program: str, verb: Sequence[str], arguments: Sequence[str], box: str) -> str:
    """The verb that was given, whose help says more."""
    nested = " ".join([program, *arguments[:2]])
    return nested if verb and f"{nested}:" in box else " ".join([program, *verb])


def _order(box: str, arguments: Sequence[str]) -> str:
    """A hint, where the words that nothing takes follow an option."""
    _, found, words = box.partition(_LEFT_OVER)
    options = [number for number, word in enumerate(arguments) if word.startswith("-")]
    left = words.partition("\n")[0].strip().split(", ")
    if not found or not options or any(word.startswith("-") for word in left):
        return ""
    after = arguments[options[0] :]
    return "; files and other words come before all options" if {*left} <= {*after} else ""


@contextmanager
def _columns(number: str) -> Iterator[None]:
    """What the terminal's width is taken for."""
    former = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = number
    try:
        yield
    finally:
        if former is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = former


def _one_line(box: str, place: str) -> str:
    """The paragraphs of a box, one after the other, without what explains each option."""
    rows = [row[_MARGIN:].rstrip() for row in box.splitlines()]
    paragraphs: list[list[str]] = [[]]
    for row in rows[1:]:  # after the title
        if set(row) == _RULE:
            paragraphs.append([])
        else:
            paragraphs[-1].append(row)
    told = [_plain(rows, place) for rows in paragraphs]
    kept = [rows for rows in told if any(rows[:1]) and not rows[0].startswith(_LEFT_OUT)]
    return "; ".join(_sentence(rows) for rows in kept) or "the arguments do not fit"


def _plain(rows: Sequence[str], place: str) -> list[str]:
    """Rows without explanations, and without options that other verbs have, but not this one."""
    plain: list[str] = []
    found: dict[int, list[str]] = {}  # where each option is explained, by its row
    for row in rows:
        if not row.startswith(_EXPLAINED):
            plain.append(row)
        elif row.endswith(_PLACE):
            found.setdefault(len(plain) - 1, []).append(row.strip())
    others = {
        option
        for option, places in found.items()
        if not any(one.startswith(f"in {place} ") for one in places)
    }
    kept = [row for number, row in enumerate(plain) if number not in others]
    return kept if len(kept) > 1 or not others else []


def _sentence(rows: Sequence[str]) -> str:
    """The first row and what is listed below it, each once, up to an empty row."""
    first, *listed = takewhile(bool, rows)
    first = first.removeprefix("Error parsing ").rstrip(".")
    first = re.sub(r"'None', |, 'None'", "", first)
    names = ", ".join(dict.fromkeys(row.strip() for row in listed))
    return " ".join(filter(None, (first[:1].lower() + first[1:], names)))
