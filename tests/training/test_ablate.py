from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable
from dataclasses import fields, make_dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import ferplus_copy
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from lightning_warnings import IGNORED  # noqa: E402

from mien.data.ferplus import FERPlus  # noqa: E402
from mien.data.ferplus_protocols import protocol_labels  # noqa: E402
from mien.data.loading.augmentation import Augmentation  # noqa: E402
from mien.errors import (  # noqa: E402
    DataError,
    InputError,
    MienError,
    NotFound,
    OutputError,
    UnknownName,
)
from mien.evaluation.damage.corruptions import CORRUPTIONS, STRENGTHS  # noqa: E402
from mien.evaluation.evaluate import evaluate  # noqa: E402
from mien.evaluation.manner import Manner  # noqa: E402
from mien.evaluation.record import Result, read_result, write_result  # noqa: E402
from mien.models import load_model  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402
from mien.training import ablate  # noqa: E402
from mien.training.ablate import Ablation  # noqa: E402
from mien.training.ablation_plan import Plan, Run, digest  # noqa: E402
from mien.training.ablation_summary import summary  # noqa: E402
from mien.training.ablation_twins import DIGEST  # noqa: E402
from mien.training.ablations import TABLES, Row, Table, find_table  # noqa: E402
from mien.training.copies import Copies  # noqa: E402
from mien.training.hardware import Hardware  # noqa: E402
from mien.training.objectives import Joint  # noqa: E402
from mien.training.optimisers import SGD  # noqa: E402
from mien.training.recipe import Recipe  # noqa: E402
from mien.training.recipes import RECIPES  # noqa: E402
from mien.training.sources import Source  # noqa: E402

pytestmark = IGNORED

TINY = Recipe(
    name="tiny",
    model="small",
    options={"stem": 8, "widths": (8, 16), "depths": (1, 1)},
    data=(Source("ferplus"),),
    test=Source("ferplus", "public-test"),
    preprocess=Preprocess(size=16, colour="grey"),
    augmentation=Augmentation(steps=()),
    objective=Joint(cluster="none", partition="none"),
    optimiser=SGD(learning_rate=0.2),
    validation_share=0.2,
    epochs=2,
    batch=16,
    precision="32-true",
    workers=0,
)
TABLE = Table(
    name="paper.table1",
    title="A comparison",
    source="Paper (2020), Table 1",
    bases={"cpu": "tiny", "gpu": "nothing"},
    rows=(
        Row(name="plain", label="-", paper={"RAF-DB": 80.5}),
        Row(name="narrow", label="narrow's own", settings={"options.widths": (8, 8)}),
        Row(
            name="gathered",
            label="gathered",
            settings={"objective.cluster": "centre", "objective.cluster_weight": 0.003},
            paper={"RAF-DB": 82.25},
        ),
    ),
)
NAMES = [row.name for row in TABLE.rows]
WIDER = {"options.widths": (8, 24)}


@pytest.fixture(autouse=True)
def _recipes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "tiny", TINY)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ferplus_copy.write_folders(
        tmp_path_factory.mktemp("ferplus"),
        {
            "FER2013Train": ferplus_copy.make_faces(160),
            "FER2013Valid": ferplus_copy.make_faces(48, seed=1),
        },
    )


@pytest.fixture(scope="module")
def finished(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All rows, really run with two seeds."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(RECIPES, "tiny", TINY)
        outcome = made(root, folder, seeds=2).run()
    assert (outcome.failures, outcome.paused) == (0, False)
    return folder


def made(root: Path, folder: Path, start: Any = None, **changes: Any) -> Ablation:
    plan = Plan(table=TABLE, scale="cpu", **{"seeds": 1, "copies": {"ferplus": ""}, **changes})
    return Ablation(plan, Copies({"ferplus": root}), folder, start=start or {})


Calls = list[tuple[str, int]]


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch, finished: Path) -> Callable[..., Calls]:
    """Instead of training and measuring, quick ones; what ``answer`` says happens before."""

    def use(answer: Callable[[Recipe, dict[str, Any]], bool] = lambda *_: True) -> Calls:
        calls: Calls = []

        def train(recipe: Recipe, copies: Copies, output: Path, **options: Any) -> Path | None:
            del copies
            calls.append((output.parent.name, recipe.seed))
            if not answer(recipe, options):
                return None
            shutil.copytree(finished / "runs/plain/seed-0", output, dirs_exist_ok=True)
            return output / "model.safetensors"

        def measure(*_: Any, settings: dict[str, Any], **__: Any) -> Result:
            record = read_result(finished / "plain.seed-0.json")
            return replace(record, seed=calls[-1][1], settings=settings)

        monkeypatch.setattr(ablate, "train", train)
        monkeypatch.setattr(ablate, "measure", measure)
        return calls

    return use


def test_each_record_says_what_it_is_of(root: Path, finished: Path) -> None:
    assert sorted(path.name for path in finished.glob("*.json")) == sorted(
        f"{row}.seed-{seed}.json" for row in NAMES for seed in (0, 1)
    )
    record = read_result(finished / "gathered.seed-1.json")
    assert (record.recipe, record.seed) == ("tiny", 1)
    assert (record.dataset, record.split) == ("ferplus", "public-test")
    assert record.data_fingerprint == FERPlus(root, "public-test").fingerprint
    said = record.settings
    assert (said["table"], said["row"], said["scale"]) == ("paper.table1", "gathered", "cpu")
    assert json.loads(str(said["changes"])) == {
        "objective.cluster": "centre",
        "objective.cluster_weight": "0.003",
    }
    assert said["selection"] == "validation"
    assert said["chosen_epoch"] in (1, 2)
    assert said["epochs"] == 2
    assert float(said["seconds"]) > 0
    run = json.loads((finished / "runs/gathered/seed-1/run.json").read_text())
    epoch = run["history"][int(said["chosen_epoch"]) - 1]
    assert said["validation_accuracy"] == epoch["val_accuracy"]


def test_numbers_are_those_of_the_networks(root: Path, finished: Path) -> None:
    """Against networks and votes, without anything of the evaluation."""
    data = FERPlus(root, "public-test")
    for row in NAMES:
        record = read_result(finished / f"{row}.seed-0.json")
        for file, subset in (("model", "whole"), ("last", "whole, last epoch")):
            path = finished / "runs" / row / "seed-0" / f"{file}.safetensors"
            network, card = load_model(path)
            cuts = np.stack([card.preprocess.cut(image) for image in data.images])
            with torch.inference_mode():
                answers = network(torch.from_numpy(card.preprocess.normalise(cuts))).logits.numpy()
            truth, counts = protocol_labels(data.votes, "majority")
            right = (answers.argmax(axis=1) == truth)[counts].mean()
            scores = record.find("majority", subset)
            assert scores.metrics["accuracy"].value == pytest.approx(right, abs=1e-12)
            assert scores.images == counts.sum()
        assert record.find("majority", "clean").images <= counts.sum()


def test_damaged_pictures_are_those_of_the_evaluation(
    root: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(*_: Any, **__: Any) -> Path:
        shutil.copytree(finished / "runs/plain/seed-0", folder, dirs_exist_ok=True)
        return folder / "model.safetensors"

    folder = tmp_path / "runs/plain/seed-0"
    monkeypatch.setattr(ablate, "train", train)
    plan = Plan(table=replace(TABLE, damaged=12), scale="cpu", seeds=1, rows=("plain",))
    Ablation(plan, Copies({"ferplus": root}), tmp_path).run()
    found = read_result(tmp_path / "plain.seed-0.json").robustness
    assert len(found) == len(CORRUPTIONS) * (1 + len(STRENGTHS))
    (other,) = evaluate(
        [folder / "model.safetensors"],
        "ferplus",
        root=root,
        split="public-test",
        manner=Manner(robustness=12),
    ).results
    assert found == other.robustness
    assert not read_result(finished / "plain.seed-0.json").robustness
    assert replace(plan, smoke=True).damaged == 8


def test_what_is_finished_is_not_run_again(
    root: Path, finished: Path, tmp_path: Path, standin: Callable[..., Calls]
) -> None:
    calls = standin()
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for path in finished.glob("*.json"):  # records alone, without checkpoints
        shutil.copy(path, folder)
    again = made(root, folder, seeds=2)
    again.run()
    assert calls == []
    assert set(again.records()) == {(row, seed) for row in NAMES for seed in (0, 1)}
    (folder / "narrow.seed-1.json").unlink()
    again.run()
    assert calls == [("narrow", 1)]
    made(root, folder, seeds=3, rows=("plain",)).run()
    assert calls == [("narrow", 1), ("plain", 2)]


def test_what_another_table_has_made_is_not_made_again(
    root: Path, finished: Path, tmp_path: Path, standin: Callable[..., Calls]
) -> None:
    calls = standin()
    other = replace(
        TABLE,
        name="paper.figure2",
        rows=(Row(name="as-it-is", label="as it is"), Row(name="w", label="w", settings=WIDER)),
    )
    plan = Plan(table=other, scale="cpu", seeds=2, copies={"ferplus": ""})
    copies = Copies({"ferplus": root})
    table = Ablation(plan, copies, tmp_path / "own", reuse=(finished,))
    # Before anything is run, with and without the data.
    assert list(table.records()) == [("as-it-is", 0), ("as-it-is", 1)]
    assert len(Ablation(plan, Copies(), tmp_path / "own", reuse=(finished,)).records()) == 2
    table.run()
    assert calls == [("w", 0), ("w", 1)]
    theirs = read_result(finished / "plain.seed-1.json")
    ours = read_result(tmp_path / "own/as-it-is.seed-1.json")
    assert ours.scores == theirs.scores
    assert ours.predictions == theirs.predictions
    assert ours.settings["made_for"] == f"{finished.name}/plain.seed-1"
    assert (ours.settings["table"], ours.settings["row"]) == ("paper.figure2", "as-it-is")
    assert "paper.figure2.cpu.as-it-is.seed-1" in ours.command
    assert len(Ablation(plan, copies, tmp_path / "own").records()) == 4  # from then on its own
    # Answers to damaged pictures are wanted, and the other table has none.
    plan = replace(plan, table=replace(other, damaged=12))
    assert Ablation(plan, copies, tmp_path / "new", reuse=(finished,)).records() == {}
    with pytest.raises(NotFound, match=r"--reuse .*nothing: there are no records"):
        Ablation(plan, copies, tmp_path / "new", reuse=(tmp_path / "nothing",))


def test_all_rows_come_before_the_next_seed(
    root: Path, tmp_path: Path, standin: Callable[..., Calls]
) -> None:
    calls = standin()
    table = made(root, tmp_path, seeds=2)
    table.run()
    assert calls == [(row, seed) for seed in (0, 1) for row in NAMES] == list(table.records())


def test_changed_recipes_data_and_starts_are_run_again(
    root: Path, finished: Path, tmp_path: Path, standin: Callable[..., Calls]
) -> None:
    calls = standin()
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder)
    options = {"rows": ("plain",)}
    made(root, folder, **options, settings={"workers": 2}).run()
    assert calls == []  # changes no result
    made(root, folder, **options, settings={"optimiser.learning_rate": "0.1"}).run()
    assert calls == [("plain", 0)]
    assert (folder / "runs/plain").is_dir()
    # The checkpoints of the earlier recipe are put aside, and not lost.
    assert len(list((folder / "runs/plain").glob("seed-0.*/model.safetensors"))) == 1
    other = ferplus_copy.write_folders(
        tmp_path / "other",
        {
            "FER2013Train": ferplus_copy.make_faces(40),
            "FER2013Valid": ferplus_copy.make_faces(47, seed=2),
        },
    )
    assert made(other, finished, **options).records() == {}
    start = {"": (finished / "runs/plain/seed-0/model.safetensors",)}
    assert made(root, finished, **options, start=start).records() == {}
    of_narrow = made(root, finished, rows=("plain", "narrow"), start={"narrow": start[""]})
    assert set(of_narrow.records()) == {("plain", 0)}


def test_each_row_gets_its_own_start(
    root: Path, finished: Path, tmp_path: Path, standin: Callable[..., Calls]
) -> None:
    given: dict[str, Any] = {}

    def note(recipe: Recipe, options: dict[str, Any]) -> bool:
        given[str(list(recipe.options["widths"]))] = options["start"]
        return True

    standin(note)
    one, two = (finished / f"runs/plain/seed-{seed}/model.safetensors" for seed in (0, 1))
    made(root, tmp_path, rows=("plain", "narrow"), start={"": (one,), "narrow": (two,)}).run()
    assert given == {"[8, 16]": (one,), "[8, 8]": (two,)}
    with pytest.raises(UnknownName, match="did you mean narrow"):
        made(root, tmp_path, start={"narow": (one,)})
    with pytest.raises(InputError, match="--start narrow=FILE: narrow is not run; add it to --r"):
        made(root, tmp_path, rows=("plain",), start={"narrow": (one,)})
    with pytest.raises(NotFound, match=r"no\.safetensors"):
        made(root, tmp_path / "x", start={"": (Path("no.safetensors"),)}).run()


@pytest.mark.parametrize("table", ["apvit.table3", "networks"])
def test_rows_that_start_from_different_files_get_none_for_all(
    table: str, root: Path, finished: Path, tmp_path: Path
) -> None:
    """A row that is to begin fresh would begin with it, too."""
    file = finished / "runs/plain/seed-0/model.safetensors"
    plan = Plan(table=find_table(table), scale="cpu", copies={"ferplus": ""})
    copies = Copies({"ferplus": root})
    with pytest.raises(InputError, match=rf"the rows of {table} do not all start from the same"):
        Ablation(plan, copies, tmp_path, start={"": (file,)}).run()
    row = plan.chosen[-1].name
    # One row alone may have it, also when all rows are shown at the end.
    alone = Ablation(replace(plan, rows=(row,)), copies, tmp_path, start={"": (file,)})
    assert len(alone.plan.starts) == 1
    assert replace(alone, plan=alone.plan.whole(tmp_path)).records() == {}


def test_a_start_that_is_missing_is_said(
    root: Path,
    finished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    standin: Callable[..., Calls],
) -> None:
    monkeypatch.setitem(RECIPES, "tiny", replace(TINY, starts_from="a network of faces"))
    standin()
    file = finished / "runs/plain/seed-0/model.safetensors"
    table = made(root, tmp_path, rows=("plain", "narrow"), start={"narrow": (file,)})
    assert [table.fresh(run) for run in table.plan.runs()] == ["a network of faces", ""]
    table.run()
    records = table.records()
    assert records["plain", 0].settings["fresh_instead_of"] == "a network of faces"
    assert "fresh_instead_of" not in records["narrow", 0].settings


def test_the_papers_table_of_starts_says_what_is_missing(tmp_path: Path) -> None:
    plan = Plan(table=find_table("apvit.table3"), scale="paper", seeds=1)
    table = Ablation(plan, Copies(), tmp_path)
    missing = {run.row.name: table.fresh(run) for run in plan.runs()}
    assert missing["fresh"] == ""
    assert "vit_small" in missing["vit"]
    assert "ir50" in missing["cnn"]
    plan = Plan(table=find_table("lla_net.attention"), scale="paper", seeds=1)
    table = Ablation(plan, Copies(), tmp_path)
    assert {table.fresh(run) for run in plan.runs()} == {"a run of lla_net.rafdb"}


def test_the_protocol_is_the_recipes(
    root: Path,
    finished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    standin: Callable[..., Calls],
) -> None:
    assert read_result(finished / "plain.seed-0.json").settings["protocol"] == "majority"
    everything = Source("ferplus", "public-test", options={"protocol": "all"})
    monkeypatch.setitem(RECIPES, "tiny", replace(TINY, test=everything))
    standin()
    table = made(root, tmp_path, rows=("plain",))
    table.run()
    record = table.records()["plain", 0]
    assert record.settings["protocol"] == "all"
    # Votes of that protocol, counted here.
    network, card = load_model(finished / "runs/plain/seed-0/model.safetensors")
    data = FERPlus(root, "public-test")
    cuts = np.stack([card.preprocess.cut(image) for image in data.images])
    with torch.inference_mode():
        answers = network(torch.from_numpy(card.preprocess.normalise(cuts))).logits.numpy()
    right = (answers.argmax(axis=1) == data.votes[:, :8].argmax(axis=1)).mean()
    shown = summary(TABLE, "cpu", [record], rows=("plain",))
    assert shown.rows[0].accuracies == pytest.approx([100 * right], abs=1e-9)
    assert shown.measured == (f"ferplus public-test, protocol all, {len(data)} pictures",)


def test_a_folder_that_cannot_be_written_is_one_line(
    root: Path, tmp_path: Path, standin: Callable[..., Calls]
) -> None:
    calls = standin()
    (tmp_path / "runs").touch()
    with pytest.raises(OutputError, match=r"no run can be kept there.*choose another --output"):
        made(root, tmp_path, rows=("plain",)).run()
    assert calls == []


def test_a_run_that_fails_leaves_the_others_alone(
    root: Path, tmp_path: Path, standin: Callable[..., Calls]
) -> None:
    def fail(recipe: Recipe, options: dict[str, Any]) -> bool:
        del options
        if isinstance(recipe.objective, Joint) and recipe.objective.cluster == "centre":
            raise DataError("this does not work")
        if list(recipe.options["widths"]) == [8, 8]:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return True

    standin(fail)
    table, said = made(root, tmp_path), []
    outcome = table.run(on_error=lambda run, error: said.append((run.name, str(error))))
    assert outcome.failures == 2
    assert said[1] == ("gathered.seed-0", "this does not work")
    assert "lower --set batch" in said[0][1]
    assert set(table.records()) == {("plain", 0)}
    with pytest.raises(MienError, match="lower --set batch"):
        table.run()


def test_the_time_is_shared_out_and_a_cut_run_is_no_result(
    root: Path, tmp_path: Path, standin: Callable[..., Calls]
) -> None:
    left: list[float] = []

    def pause(recipe: Recipe, options: dict[str, Any]) -> bool:
        del recipe
        left.append(options["minutes"])
        return len(left) != 2

    calls = standin(pause)
    table = made(root, tmp_path)
    outcome = table.run(minutes=5)
    assert outcome.paused
    assert 5 > left[0] > left[1] > 4
    assert set(table.records()) == {("plain", 0)}
    assert not table.run().paused
    assert calls == [("plain", 0), ("narrow", 0), ("narrow", 0), ("gathered", 0)]
    assert left[2:] == [0.0, 0.0]


def test_a_damaged_record_is_named_and_kept(
    root: Path, finished: Path, tmp_path: Path, standin: Callable[..., Calls]
) -> None:
    calls = standin()
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder)
    damaged, said = folder / "plain.seed-0.json", []
    text = damaged.read_text()
    for broken in (text[: len(text) // 2], "[]", "\0"):
        damaged.write_text(broken)
        table = made(root, folder)
        with pytest.raises(DataError, match=r"plain\.seed-0\.json: is no whole record; delete it"):
            table.records()
        assert table.run(on_error=lambda run, error: said.append(f"{run.name}: {error}")).failures
    assert calls == []
    assert len(said) == 3
    assert not any("\n" in one for one in said)
    assert damaged.read_text() == "\0"


def test_missing_data_is_told_before_anything_runs(
    tmp_path: Path, standin: Callable[..., Calls]
) -> None:
    calls = standin()
    plan = Plan(table=TABLE, scale="cpu")
    with pytest.raises(DataError, match="--data ferplus=ROOT"):
        Ablation(plan, Copies(), tmp_path).run()
    with pytest.raises(NotFound, match="nowhere"):
        Ablation(plan, Copies({"ferplus": "nowhere"}), tmp_path).run()
    assert calls == []


def test_the_command_makes_the_same_recipe(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a folder's name"
    folder.symlink_to(root)
    table = made(folder, tmp_path, seeds=2, settings={"clip_norm": 2, "options.note": "it's 1"})
    for run in table.plan.runs():
        words = shlex.split(table.command(run))
        assert words[:3] == ["mien", "train", "tiny"]
        options = list(zip(words[3::2], words[4::2], strict=True))
        pairs = dict(value.split("=", 1) for key, value in options if key == "--set")
        again = TINY.with_settings(pairs)
        assert digest(again) == digest(run.recipe)
        assert again.seed == run.seed
        assert again.options["note"] == "it's 1"
        assert ("--data", f"ferplus={folder}") in options
    # A record names no place of this machine.
    assert f"--data {shlex.quote(f'ferplus={folder.name}')}" in table.command(
        run, whole_paths=False
    )


@pytest.mark.parametrize("scale", ["cpu", "gpu", "paper"])
@pytest.mark.parametrize("name", list(TABLES))
def test_the_commands_of_all_tables_make_their_recipes(name: str, scale: Any) -> None:
    table = find_table(name)
    if scale not in table.bases:
        with pytest.raises(InputError, match="no recipe at the scale"):
            next(Plan(table=table, scale=scale).runs())
        return
    plan = Plan(table=table, scale=scale, seeds=1)
    for run in plan.runs():
        words = shlex.split(plan.command(run, []))
        pairs = [value.split("=", 1) for key, value in pairwise(words) if key == "--set"]
        again = RECIPES[words[2]].with_settings(dict(pairs))
        assert digest(again) == digest(run.recipe)
        assert run.test.dataset


def test_commands_name_the_hardware_that_was_asked_for(root: Path, tmp_path: Path) -> None:
    table = made(root, tmp_path)
    run = next(table.plan.runs())
    assert "--accelerator" not in table.command(run)
    table.hardware = Hardware("cpu", nodes=2)
    assert "--accelerator cpu --nodes 2 --output" in table.command(run)
    assert "--devices" not in table.command(run)
    assert "--nodes" not in table.command(run, whole_paths=False)


def test_a_new_default_is_another_recipe() -> None:
    def joint(weight: float) -> Any:
        return make_dataclass(
            "Joint", [("weight", float, weight)], bases=(Joint,), frozen=True, kw_only=True
        )()

    one, same, other = (replace(TINY, objective=joint(weight)) for weight in (1.0, 1.0, 2.0))
    assert digest(one) == digest(same) != digest(other)


def test_a_field_that_was_added_later_leaves_recipes_as_they_were() -> None:
    earlier = make_dataclass(
        "Recipe", [one.name for one in fields(Recipe) if one.name != "unlabelled"]
    )
    values = {one.name: getattr(TINY, one.name) for one in fields(earlier)}
    assert digest(earlier(**values)) == digest(TINY)
    assert digest(replace(TINY, unlabelled=True)) != digest(TINY)
    # Of every other field the value counts, be it the default or not.
    without = make_dataclass("Recipe", [one for one in values if one != "clip_norm"])
    del values["clip_norm"]
    assert digest(without(**values)) != digest(TINY)


def test_digests_are_the_same_everywhere() -> None:
    for recipe in RECIPES.values():
        text = repr(recipe)
        assert " at 0x" not in text, recipe.name
        assert "frozenset" not in text, recipe.name


def test_every_setting_of_a_recipe_counts() -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"seed": 1},
        {"options.stem": 9},
        {"preprocess.size": 17},
        {"objective.label_smoothing": 0.1},
        {"optimiser.nesterov": "true"},
        {"selection": "test"},
        {"precision": "bf16-mixed"},
    ]
    digests = {digest(TINY.with_settings(one)) for one in changes}
    assert len(digests) == len(changes)
    assert digest(TINY, ["a"]) not in digests
    assert digest(replace(TINY, workers=3)) == digest(TINY)
    assert digest(replace(TINY, smoke_options={"stem": 4})) == digest(TINY)
    # As it is written in code, or read back from a command.
    assert digest(TINY.with_settings({"options.widths": "[8, 16]"})) == digest(TINY)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seeds": 0}, "at least one seed"),
        ({"settings": {"seed": "3"}}, "--seeds"),
        ({"settings": {"objective.cluster": "none"}}, "what the rows of paper.table1 compare"),
        ({"rows": ("plian",)}, "did you mean plain"),
    ],
)
def test_wrong_plans_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises((InputError, UnknownName), match=message):
        Plan(table=TABLE, scale="cpu", **changes)


def test_wrong_settings_and_scales_are_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean epochs"):
        made(root, tmp_path, settings={"epoch": "3"}).run()
    with pytest.raises(InputError, match="no recipe at the scale paper"):
        next(Plan(table=TABLE, scale="paper").runs())
    with pytest.raises(UnknownName, match="nothing"):
        next(Plan(table=TABLE, scale="gpu").runs())


def test_another_data_set_is_taken_if_it_is_there(tmp_path: Path) -> None:
    plan = Plan(table=TABLE, scale="cpu", copies={"rafdb": ""})
    run = next(plan.runs())
    assert run.recipe.data == (Source("rafdb"),)
    assert run.test == Source("rafdb", "test")
    assert run.recipe.name == "tiny-rafdb"
    assert plan.folder == Path("runs/paper.table1.cpu-rafdb")
    table = Ablation(plan, Copies({"rafdb": tmp_path}), tmp_path)
    assert f"--data rafdb={tmp_path}" in table.command(run)


def test_smoke_runs_are_no_results_of_the_table(root: Path, finished: Path) -> None:
    table = made(root, finished, smoke=True)
    assert table.records() == {}
    run: Run = next(table.plan.runs())
    assert run.recipe.limit == 32
    assert table.command(run).split().count("--smoke") == 1
    assert table.plan.folder == Path("runs/paper.table1.cpu-smoke")


def test_a_record_of_another_seed_is_not_taken(root: Path, finished: Path, tmp_path: Path) -> None:
    record = read_result(finished / "plain.seed-1.json")
    table = made(root, tmp_path)
    run = next(table.plan.runs())
    write_result(record, table.file(run))
    assert table.records() == {}
    assert record.settings[DIGEST] != digest(run.recipe)
