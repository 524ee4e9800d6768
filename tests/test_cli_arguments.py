"""What is wrong with the command line is told in one line, and nothing is run then."""

import os
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from tyro.conf import OmitArgPrefixes, OmitSubcommandPrefixes, Positional, subcommand

from mien.cli_arguments import deferred, read
from mien.errors import InputError

LONG = "a-name-that-is-longer-than-the-eighty-columns-of-a-terminal-so-that-a-box-would-break-it"
ran: list[tuple[Any, ...]] = []


def look(
    path: Positional[Path],
    *,
    every: int = 1,
    most: int | None = None,
    format: Literal["table", "csv"] = "table",
    kind: Literal["full", "half"] | None = None,
) -> int:
    """Look at something.

    Args:
        path: What to look at.
        every: How much of it.
        most: No more than that.
        format: How it is shown.
        kind: What is shown.
    """
    del kind
    print("looking", file=sys.stderr)
    ran.append((path, every, most, format))
    return 3


def pack(*, size: int, format: Literal["png", "jpg"] = "png") -> int:
    """Pack it.

    Args:
        format: Of the pictures.
        size: Of a side, in pixels, which is as long as the other one, so that this explanation
            needs more than one row of a terminal, however wide it may be in these tests.
    """
    ran.append((size, format))
    return 4


Verb = (
    Annotated[Any, subcommand("pack", constructor=deferred(pack))]
    | Annotated[Any, subcommand("look", constructor=deferred(look))]
)


def data(verb: OmitArgPrefixes[OmitSubcommandPrefixes[Verb]]) -> int:
    """Do something with data."""
    return int(verb())


def run(*arguments: str) -> int:
    ran.clear()
    return read({"look": look, "data": data}, arguments, program="try", description="Try it.")()


def refused(*arguments: str) -> str:
    with pytest.raises(InputError) as caught:
        run(*arguments)
    assert not ran
    return str(caught.value)


def test_a_verb_runs_with_its_options_and_may_print(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("look", "there", "--every", "2", "--format", "csv") == 3
    assert ran == [(Path("there"), 2, None, "csv")]
    assert capsys.readouterr().err == "looking\n"
    assert run("data", "pack", "--size", "112") == 4
    assert ran == [(112, "png")]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("look a --nothing", "unrecognized options: --nothing; see: try look --help"),
        (
            "look a --evry 3",
            "unrecognized options: --evry, 3; perhaps you meant: --every INT; see: try look --help",
        ),
        (
            "look a --formt csv",
            "unrecognized options: --formt, csv; perhaps you meant: --format {table,csv}; "
            "see: try look --help",
        ),
        # What another verb has is no proposal.
        ("look a --sizes 3", "unrecognized options: --sizes, 3; see: try look --help"),
        (f"look a {LONG}", f"unrecognized options: {LONG}; see: try look --help"),
        ("look a übel", "unrecognized options: übel; see: try look --help"),
        (
            "look a --every b",
            "--every: invalid literal for int() with base 10: 'b'; see: try look --help",
        ),
        (
            "look a --most b",
            "--most: no type matching {None}|INT could be instantiated from ['b']; "
            "see: try look --help",
        ),
        ("look", "missing from try look: PATH; see: try look --help"),
        ("data pack", "missing from try data pack: --size INT; see: try data pack --help"),
        (
            "look --every 2 a b",
            "unrecognized options: b; files and other words come before all options; "
            "see: try look --help",
        ),
        ("data", "expected one of {pack, look}; see: try data --help"),
        ("", "expected one of {look, data}; see: try --help"),
        (
            "nonsense",
            "unrecognized options: nonsense; available subcommands: look, data; see: try --help",
        ),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_what_does_not_fit_is_one_line(
    arguments: str, line: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(BytesIO(), encoding))
    assert refused(*arguments.split()) == line


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are Unix's")
def test_a_terminal_gets_one_plain_line_too() -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "mien", "predict", "x", "--every", "many"]
    environment = {**os.environ, "TERM": "xterm-256color"}
    done = subprocess.run(
        command, stdout=theirs, stderr=theirs, env=environment, timeout=300, check=False
    )
    os.close(theirs)
    line = os.read(ours, 4096).decode()
    os.close(ours)
    assert done.returncode == 2
    told = "mien: error: --every: invalid literal for int() with base 10: 'many'; "
    assert line == told + "see: mien predict --help\r\n"


def test_a_wrong_choice_names_the_right_ones() -> None:
    line = refused("look", "a", "--format", "xml")
    assert line.startswith("invalid choice 'xml' for argument '--format'. Expected one of ")
    assert "'table'" in line
    assert "'csv'" in line
    # That nothing may be chosen is no choice to be named.
    line = refused("look", "a", "--kind", "xml")
    assert "'full'" in line
    assert "'half'" in line
    assert "None" not in line


@pytest.mark.parametrize("width", [None, "60"])
def test_the_terminal_keeps_its_width_for_what_follows(
    width: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if width is None:
        monkeypatch.delenv("COLUMNS", raising=False)
    else:
        monkeypatch.setenv("COLUMNS", width)
    run("look", "there")
    assert os.environ.get("COLUMNS") == width
    refused("look")
    assert os.environ.get("COLUMNS") == width
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        run("data", "pack", "--help")
    assert stop.value.code == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= int(width or 80)
