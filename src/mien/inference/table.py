"""Rows as a table for people, line by line as they come."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.console import Console
from rich.text import Text

from .results import Face
from .rows import RowFile

_FACE, _EXPRESSION, _BAR, _PERCENT, _BOX = 4, 10, 10, 5, 19
_BESIDES_SOURCE = _FACE + _EXPRESSION + _BAR + _PERCENT + _BOX + 4 * 2 + 1
_NARROWEST_SOURCE = 16
_WIDTH_ELSEWHERE = 100
_EIGHTHS = " ▏▎▍▌▋▊▉"

_STYLES = {
    "neutral": "white",
    "happiness": "yellow",
    "surprise": "cyan",
    "sadness": "blue",
    "anger": "red",
    "disgust": "green",
    "fear": "magenta",
    "contempt": "bright_magenta",
}


class TableSink:
    """A sink for the terminal, or for a plain text file.

    Args:
        output: the text file; ``None`` for standard output, coloured if it is a terminal.

    Raises:
        OutputError: if the file cannot be opened.
    """

    def __init__(self, output: Path | None, target: RowFile | None = None) -> None:
        self._target = target or RowFile(output)
        self._text = io.StringIO()
        terminal = output is None and target is None and _is_terminal()
        self._console = Console(
            file=self._text,
            force_terminal=terminal,
            width=None if terminal else _WIDTH_ELSEWHERE,
            highlight=False,
        )
        self._source = max(self._console.width - _BESIDES_SOURCE, _NARROWEST_SOURCE)
        self._headed = False

    def write(self, faces: Sequence[Face]) -> None:
        """Write one line per face.

        Raises:
            OutputError: if they cannot be written; the lines before them are.
        """
        lines = [self._line(face) for face in faces]
        if not self._headed:
            self._headed = True
            lines.insert(0, self._head())
        self._target.write(lines)

    def close(self) -> None:
        """Close the file."""
        self._target.close()

    def __enter__(self) -> TableSink:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _head(self) -> bytes:
        confidence = "confidence".ljust(_BAR + 1 + _PERCENT)
        cells = ["source".ljust(self._source), "face", "expression", confidence, "x, y, w x h"]
        return self._render(Text("  ".join(cells), "bold"))

    def _line(self, face: Face) -> bytes:
        line = Text(_shortened(_place(face), self._source) + "  ")
        if face.face is None or face.box is None:
            return self._render(line.append("-".rjust(_FACE) + "  no face", "dim"))
        confidence = face.confidence or 0.0
        style = _STYLES.get(str(face.expression), "dim")
        line.append(f"{face.face:{_FACE}}  ", "dim")
        line.append(f"{face.expression or 'unsure':{_EXPRESSION}}  ", style)
        line.append(_bar(confidence), style)
        line.append(f" {confidence:{_PERCENT}.0%}  ")
        x, y, width, height = face.box
        return self._render(line.append(f"{x:.0f}, {y:.0f}, {width:.0f} x {height:.0f}", "dim"))

    def _render(self, line: Text) -> bytes:
        self._console.print(line, soft_wrap=True)
        text = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        return text.encode(errors="replace")


def _is_terminal() -> bool:
    """Whether standard output shows colours that are written as escape codes."""
    return sys.stdout.isatty() and not Console(file=sys.stdout).legacy_windows


def _place(face: Face) -> str:
    if face.frame is None:
        return face.source
    return f"{face.source} {face.frame}" + ("" if face.time_s is None else f" {face.time_s:.2f}s")


def _shortened(text: str, width: int) -> str:
    """Exactly ``width`` cells; of a longer text its end, where the file name is."""
    # A line break in a file name would break the table.
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    backwards = chop_cells(text[::-1], width - 1)[0]
    return set_cell_size("…" + backwards[::-1], width)


def _bar(share: float) -> str:
    whole, eighths = divmod(round(share * _BAR * 8), 8)
    bar = "█" * whole + (_EIGHTHS[eighths] if eighths else "")
    return bar.ljust(_BAR)
