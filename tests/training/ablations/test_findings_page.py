"""The page of findings asks of tables that there are."""

import re
from pathlib import Path

import pytest

pytest.importorskip("lightning")

from mien.training.ablations import find_table

PAGE = Path(__file__).parents[3] / "docs" / "findings.md"


def test_every_command_names_a_table_of_both_scales() -> None:
    names = re.findall(r"`mien ablate (\S+) --data ferplus=FERPLUS`", PAGE.read_text("utf-8"))
    assert len(names) > 10
    for name in names:
        assert {"cpu", "gpu"} <= set(find_table(name).bases), name
