"""The page of findings asks of tables that there are, and leaves none out."""

import re
from pathlib import Path

import pytest

pytest.importorskip("lightning")

from mien.training.ablations import TABLES, find_table

PAGE = (Path(__file__).parents[3] / "docs" / "findings.md").read_text("utf-8")


def test_every_command_names_a_table_that_has_its_scale() -> None:
    found = re.findall(r"`mien ablate (\S+)(?: --scale (\S+))? --", PAGE)
    assert len(found) > 10
    for name, scale in found:
        assert (scale or "cpu") in find_table(name).bases, name


def test_the_commands_for_an_accelerator_are_of_all_tables_on_faces_of_ferplus() -> None:
    (words,) = re.findall(r"for table in (.*?); do", PAGE, re.DOTALL)
    named = words.replace("\\", " ").split()
    large = [table.name for table in TABLES.values() if "gpu" in table.bases]
    # One is asked of other pictures, with a command of its own.
    assert sorted([*named, "networks", "apvit.table15"]) == sorted(large)
    starts = re.findall(r"--start (\S+)=\$[ST]", PAGE)
    rows = [row.name for row in find_table("networks").rows if row.name.endswith("-fairface")]
    assert sorted(starts) == sorted(rows)
