"""``mien ablate`` from end to end."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import ferplus_copy
import pytest

pytest.importorskip("lightning")

from lightning_warnings import IGNORED

from mien.card import Card
from mien.cli import main
from mien.data.loading.augmentation import Augmentation
from mien.errors import DataError, MissingExtra
from mien.models import load_model
from mien.preprocess import Preprocess
from mien.training import ablate, heat_map
from mien.training.ablations import TABLES, Row, Table
from mien.training.optimisers import SGD
from mien.training.recipe import Recipe
from mien.training.recipes import RECIPES
from mien.training.sources import Source

pytestmark = IGNORED

TINY = Recipe(
    name="tiny",
    model="small",
    options={"stem": 8, "widths": (8, 16), "depths": (1, 1)},
    data=(Source("ferplus"),),
    test=Source("ferplus", "public-test"),
    preprocess=Preprocess(size=16, colour="grey"),
    augmentation=Augmentation(steps=()),
    optimiser=SGD(learning_rate=0.2),
    validation_share=0.2,
    epochs=1,
    batch=16,
    precision="32-true",
    workers=0,
)
TABLE = Table(
    name="paper.table1",
    title="A comparison",
    source="Paper (2020), Table 1",
    bases={"cpu": "tiny"},
    rows=(
        Row(name="plain", label="-", settings={"options.depths": (1, 1)}, paper={"RAF-DB": 80.5}),
        Row(name="deep", label="deeper", settings={"options.depths": (1, 2)}),
    ),
    axes=("options.depths", "options.depths"),
)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(RECIPES, "tiny", TINY)
    monkeypatch.setitem(TABLES, "paper.table1", TABLE)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ferplus_copy.write_folders(
        tmp_path_factory.mktemp("a copy of ferplus"),
        {
            "FER2013Train": ferplus_copy.make_faces(80),
            "FER2013Valid": ferplus_copy.make_faces(24, seed=1),
        },
    )


def test_a_table_is_run_and_any_row_is_repeated_by_its_command(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["ablate", "paper.table1", "--data", str(root), "--seeds", "1"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    folder = Path("runs/paper.table1.cpu")
    values = json.loads((folder / "summary.json").read_text())
    assert str(root) not in json.dumps(values)
    for row in values["rows"]:
        assert f"{row['accuracy']['mean']:.2f}" in printed
    assert values["measured"] == ["ferplus public-test, protocol majority, 24 pictures"]
    command = next(line for line in printed.splitlines() if "[1, 2]" in line)
    assert main(shlex.split(command)[1:]) == 0
    again = Path(capsys.readouterr().out.strip())
    weights = [
        load_model(path)[0].state_dict()
        for path in (again, folder / "runs/deep/seed-0/model.safetensors")
    ]
    assert all((weights[0][name] == weights[1][name]).all() for name in weights[0])

    # A call about one row leaves the others in the file that tables are made from.
    assert main([*arguments, "--rows", "deep", "--json"]) == 0
    part = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in part["rows"]] == ["deep"]
    assert json.loads((folder / "summary.json").read_text()) == values

    # What is finished is printed again, and not run again; also for machines.
    (tmp_path / "runs/paper.table1.cpu/runs").rename(tmp_path / "gone")
    picture = tmp_path / "map.svg"
    assert main([*arguments, "--json", "--picture", str(picture)]) == 0
    assert json.loads(capsys.readouterr().out) == values
    assert picture.exists()
    assert not (tmp_path / "runs/paper.table1.cpu/runs").exists()
    # Without the data: nothing is run, all that is recorded is shown.
    assert main(["ablate", "paper.table1", "--plan", "--seeds", "2", "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert [row["seeds"] for row in planned["rows"]] == [[0], [0]]
    assert [row["accuracy"] for row in planned["rows"]] == [
        row["accuracy"] for row in values["rows"]
    ]
    assert "--set seed=1 --data ferplus=FERPLUS" in planned["rows"][0]["command"]


def test_what_fails_is_one_line_and_the_rest_goes_on(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = ablate.train

    def train(recipe: Recipe, *places: Any, **options: Any) -> Path | None:
        if list(recipe.options["depths"]) == [1, 1]:
            raise DataError("this row\ndoes not work")
        return real(recipe, *places, **options)

    monkeypatch.setattr(ablate, "train", train)
    assert main(["ablate", "paper.table1", "--data", f"ferplus={root}", "--seeds", "1"]) == 1
    said = capsys.readouterr()
    assert "mien: error: plain.seed-0: this row does not work\n" in said.err
    assert "# plain: -; waiting for seed 0" in said.out
    assert "# deep: deeper; done" in said.out


def test_ctrl_c_prints_what_is_finished(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = ablate.train

    def train(recipe: Recipe, *places: Any, **options: Any) -> Path | None:
        if list(recipe.options["depths"]) == [1, 2]:
            raise KeyboardInterrupt
        return real(recipe, *places, **options)

    monkeypatch.setattr(ablate, "train", train)
    assert main(["ablate", "paper.table1", "--data", str(root), "--seeds", "1"]) == 130
    said = capsys.readouterr()
    assert "interrupted; finished runs have their records" in said.err
    assert "# plain: -; done" in said.out
    assert Path("runs/paper.table1.cpu/plain.seed-0.json").exists()


def test_a_bug_in_a_row_does_not_hide_the_others(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = ablate.train

    def train(recipe: Recipe, *places: Any, **options: Any) -> Path | None:
        if list(recipe.options["depths"]) == [1, 2]:
            raise RuntimeError("a shape is wrong")
        return real(recipe, *places, **options)

    monkeypatch.setattr(ablate, "train", train)
    assert main(["ablate", "paper.table1", "--data", str(root), "--seeds", "1"]) == 1
    said = capsys.readouterr()
    assert "# plain: -; done" in said.out
    assert "# deep: deeper; waiting for seed 0" in said.out
    assert said.err.endswith("RuntimeError: a shape is wrong; this is a bug, --debug shows where\n")
    assert Path("runs/paper.table1.cpu/summary.json").exists()


def test_a_picture_that_cannot_be_written_costs_no_table(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    Path("file").touch()
    arguments = ["ablate", "paper.table1", "--data", str(root), "--smoke", "--seeds", "1"]
    arguments += ["--rows", "plain"]
    assert main([*arguments, "--picture", "file/map.png"]) == 1
    said = capsys.readouterr()
    assert "# plain: -; done" in said.out
    last = said.err.splitlines()[-1]
    assert last.startswith("mien: error: file/map.png: the picture cannot be written")
    # What is wrong with the option is said before anything runs.
    monkeypatch.setattr(ablate, "train", None)
    again = [*arguments, "--seeds", "2"]
    assert main([*again, "--picture", "map.xyz"]) == 2
    assert "choose one of" in capsys.readouterr().err

    def lacking(module: str, extra: str) -> None:
        raise MissingExtra(module, extra)

    monkeypatch.setattr(heat_map, "require", lacking)
    for plan in ([], ["--plan"]):
        assert main([*again, *plan, "--picture", "map.png"]) == 1
        said = capsys.readouterr()
        assert said.err.startswith("mien: error: matplotlib is not installed")
        assert said.out == ""


def test_a_plan_says_where_a_start_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(RECIPES, "tiny", replace(TINY, starts_from="a network of faces"))
    assert main(["ablate", "paper.table1", "--plan", "--seeds", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    words = "from fresh weights; the table's starts from a network of faces: --start"
    assert f"† {words} ROW=FILE" in lines
    assert lines[lines.index("# plain: -; waiting for seed 0") + 1] == f"# {words} plain=FILE"
    Path("weights.safetensors").touch()
    start = ["--start", "deep=weights.safetensors"]
    assert main(["ablate", "paper.table1", "--plan", "--seeds", "1", *start]) == 0
    text = capsys.readouterr().out
    assert f"† plain: {words} plain=FILE" in text
    assert "deep=FILE" not in text
    assert main(["ablate", "paper.table1", "--plan", "--seeds", "1", *start, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["fresh"] for row in rows] == ["a network of faces", ""]


def test_printed_commands_name_the_hardware(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["ablate", "paper.table1", "--plan", "--accelerator", "cpu", "--devices", "2"]
    assert main(arguments) == 0
    assert capsys.readouterr().out.count(" --accelerator cpu --devices 2 ") == len(TABLE.rows)
    assert main([*arguments, "--json"]) == 0
    assert "--devices" not in capsys.readouterr().out


def test_when_the_minutes_are_over_it_says_so(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ablate, "train", lambda *_, **__: None)
    arguments = ["ablate", "paper.table1", "--data", str(root), "--minutes", "3"]
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert "the minutes are over; the same command goes on" in said.err
    assert "waiting for seed 0, 1, 2" in said.out


def test_tables_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ablate"]) == 0
    assert "dan.table1  DAN (Wen et al. 2021), Table 1: " in capsys.readouterr().out
    assert main(["ablate", "--json"]) == 0
    listed = {one["name"]: one for one in map(json.loads, capsys.readouterr().out.splitlines())}
    assert listed["dan.table1"]["rows"] == ["none", "centre", "affinity"]
    assert listed.keys() == TABLES.keys()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["paper.tabel1"], 2, "did you mean paper.table1"),
        (["paper.table1"], 1, "tiny needs a copy of ferplus: --data ferplus=ROOT"),
        (["paper.table1", "--data", "nowhere"], 1, "nowhere"),
        (["paper.table1", "--data", "ferpuls=x"], 2, "did you mean ferplus"),
        (["paper.table1", "--packed", "nowhere"], 1, "nowhere"),
        (["paper.table1", "--scale", "paper", "--plan"], 2, "no recipe at the scale paper"),
        (["paper.table1", "--rows", "plian", "--plan"], 2, "did you mean plain"),
        (["paper.table1", "--set", "epoch=1", "--plan"], 2, "did you mean epochs"),
        (["paper.table1", "--set", "epochs=many", "--plan"], 2, "a whole number"),
        (["paper.table1", "--set", "seed=1", "--plan"], 2, "--seeds"),
        (["paper.table1", "--set", "options.depths=[1]", "--plan"], 2, "rows of paper.table1"),
        (["paper.table1", "--seeds", "0", "--plan"], 2, "at least one seed"),
        (["paper.table1", "--minutes", "-1", "--plan"], 2, "--minutes is -1"),
        (["paper.table1", "--start", "no.safetensors", "--plan"], 1, "no.safetensors"),
        (["paper.table1", "--start", "plian=x", "--plan"], 2, "did you mean plain"),
        (["paper.table1", "--start", "deep=x", "--rows", "plain", "--plan"], 2, "deep is not run"),
        (["dan.table1", "--picture", "x.png", "--plan"], 2, "no table over two settings"),
        (["paper.table1", "--picture", "x.xyz", "--plan"], 2, "x.xyz: no format of pictures"),
    ],
)
def test_wrong_use_is_one_line(
    arguments: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ablate", *arguments]) == code
    said = capsys.readouterr().err.strip()
    assert said.startswith("mien: error: ")
    assert message in said
    assert "\n" not in said


def test_a_card_says_which_row_it_is_of(root: Path) -> None:
    arguments = ["ablate", "paper.table1", "--data", str(root), "--rows", "deep", "--smoke"]
    assert main([*arguments, "--seeds", "2"]) == 0
    folder = Path("runs/paper.table1.cpu-smoke")
    assert {path.name for path in folder.glob("deep.*.json")} == {
        f"deep.seed-{seed}.json" for seed in range(2)
    }
    card: Card = load_model(folder / "runs/deep/seed-1/model.safetensors")[1]
    assert (card.recipe, card.seed) == ("tiny", 1)
    assert list(card.arguments["depths"]) == [1, 2]
