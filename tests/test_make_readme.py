"""The numbers of the README are those of the files, with their source beside them."""

from __future__ import annotations

import importlib
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest

PROGRAM = Path(__file__).parents[1] / "docs" / "make_readme.py"


@pytest.fixture(scope="module")
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_readme", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PROGRAM.parent))  # as for a program that is run
        spec.loader.exec_module(module)
    return module


def test_only_the_text_between_the_markers_changes(program: ModuleType, tmp_path: Path) -> None:
    first, second = (
        (program.BEGIN.format(name), program.END.format(name)) for name in ("one", "two")
    )
    page = tmp_path / "page.md"
    page.write_text("above\n{}\nold\n{}\nbetween\n{}{}\nbelow\n".format(*first, *second))
    new = program.with_blocks(page, {"one": "new\n", "two": "more\n"})
    assert new == (
        "above\n{}\n\nnew\n\n{}\nbetween\n{}\n\nmore\n\n{}\nbelow\n".format(*first, *second)
    )
    page.write_text(new)
    assert program.with_blocks(page, {"one": "new\n", "two": "more\n"}) == new
    with pytest.raises(SystemExit, match=r"page\.md has no place for three: a line <!-- three: "):
        program.with_blocks(page, {"three": "x"})


def test_an_empty_folder_gives_no_numbers(program: ModuleType, tmp_path: Path) -> None:
    assert program.numbers(tmp_path) == "Nothing is measured yet.\n"


def test_a_result_is_shown_with_interval_and_source(program: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    from mien.evaluation.bootstrap import Estimate
    from mien.evaluation.metrics import ClassScores
    from mien.evaluation.record import Result, write_result
    from mien.evaluation.scores import Scores

    result = Result(
        model="some-model",
        dataset="ferplus",
        split="public-test",
        data_fingerprint="00",
        labels=("neutral", "contempt"),
        scores=(
            Scores(
                protocol="majority",
                subset="whole",
                images=3191,
                metrics={"accuracy": Estimate(0.9012, 0.8901, 0.9117)},
                classes={"contempt": ClassScores(0.5, 0.254, 0.3, 24)},
            ),
        ),
        command="mien evaluate some-model ferplus",
        date="2026-11-30T12:00:00",
    )
    write_result(result, tmp_path / "mien-small.some.json")
    text = program.numbers(tmp_path)
    assert "| majority, whole | 3,191 | 90.1 (89.0 to 91.2) |" in text
    assert "| majority, whole | contempt |" in text
    assert "| recall % | 25 |" in text
    assert "From [`results/mien-small.some.json`](results/mien-small.some.json)" in text
    assert "by `mien evaluate some-model ferplus`, 2026-11-30." in text


@pytest.mark.usefixtures("program")
def test_expressions_are_shown_without_the_copies() -> None:
    blocks = importlib.import_module("number_blocks")
    weak = {"contempt": {"recall": 0.11, "precision": 1.0, "images": 9}}
    strong = {"contempt": {"recall": 0.31, "precision": 1.0, "images": 16}}
    one = {"protocol": "majority", "metrics": {}, "images": 3}
    scores = [
        {**one, "subset": "whole", "classes": strong},
        {**one, "subset": "clean", "classes": weak},
    ]
    result = {"model": "x", "dataset": "x", "split": "x", "command": "x", "date": "x"}
    text = blocks.evaluation({**result, "scores": scores}, "x.json")
    assert "| majority, clean | contempt |" in text
    assert "| recall % | 11 |" in text
    assert "| recall % | 31 |" not in text


def test_a_benchmark_is_shown_with_machine_and_source(program: ModuleType, tmp_path: Path) -> None:
    plain = {"runs": [], "interval": None, "rival": None, "times": None}
    rival = {**plain, "name": "other", "value": 100.0, "unit": "frames/s"}
    right = {**plain, "name": "right", "value": 90.12, "unit": "%", "interval": [89.0, 91.04]}
    speed = {**plain, "name": "speed", "value": 123.456, "unit": "frames/s"}
    report = {
        "benchmark": "video",
        "command": "python benchmarks/video.py some.mp4",
        "date": "2026-11-30",
        "machine": {"processor": "Some CPU", "instructions": "X86_V4", "cores": 2},
        "rows": [{**speed, "rival": rival, "times": 1.23456}, right],
    }
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "video.json").write_text(json.dumps(report))
    text = program.numbers(tmp_path)
    assert "| on Some CPU (X86_V4), 2 cores | mien | the other | times better |" in text
    program_file = PROGRAM.parents[1] / "benchmarks" / "video.py"
    first = program_file.read_text(encoding="utf-8").splitlines()[0].strip('"').rstrip(".")
    assert text.startswith(f"**{first}**\n")
    assert "| speed | 123 frames/s | other: 100 frames/s | 1.23 |" in text
    assert "| right | 90.1 % (89.0 to 91.0) |" in text
    source = "[`results/benchmarks/video.json`](results/benchmarks/video.json)"
    assert f"From {source}, by `python benchmarks/video.py some.mp4`, 2026-11-30." in text
    # What no user waits for stands in a page of its own.
    (tmp_path / "benchmarks" / "video.json").rename(tmp_path / "benchmarks" / "loading.json")
    assert program.numbers(tmp_path) == "Nothing is measured yet.\n"
    moved = program.benchmarks(tmp_path)["benchmarks"]
    assert moved == text.replace("video.json", "loading.json").replace("](results", "](../results")


def test_a_paper_s_table_has_our_numbers_beside_the_printed_ones(
    program: ModuleType, tmp_path: Path
) -> None:
    rows = [
        {
            "name": "affinity",
            "label": "affinity loss",
            "paper": {"RAF-DB": 89.7},
            "seeds": [0, 1, 2],
            "accuracy": {"mean": 81.234, "deviation": 0.456, "low": 80.1, "high": 82.368},
            "difference": {"mean": 0.3456, "low": -0.123, "high": 0.8},
            "command": "mien train dan.ferplus.cpu --set seed=0",
        },
        {
            **{"name": "none", "label": "-", "paper": {}, "seeds": []},
            **{"accuracy": None, "difference": None, "command": "mien train x"},
        },
    ]
    summary = {
        **{"table": "dan.table1", "title": "Losses", "source": "DAN, Table 1", "scale": "cpu"},
        **{"seeds": 3, "measured": ["ferplus public-test"], "rows": rows},
    }
    write(tmp_path / "ablations" / "dan.table1.cpu" / "summary.json", summary)
    lines = program.findings(tmp_path)["dan.table1.cpu"].splitlines()
    ours = "81.23 ± 0.46 | +0.35 (-0.12 to +0.80)"
    assert lines[4] == f"| affinity loss | 89.70 | {ours} | 3 of 3 |"
    assert lines[5] == "| - |  | waiting |  | 0 of 3 |"
    made = "`mien ablate dan.table1 --scale cpu --output results/ablations/dan.table1.cpu`"
    assert f"by {made} with `--data`." in lines[7]
    assert "Trained in" not in "".join(lines)
    assert lines[-4:-2] == [
        "- `affinity`: `mien train dan.ferplus.cpu --set seed=0`",
        "- `none`: `mien train x`",
    ]
    # What is changed in every row is in the caption, and in the command.
    summary["changes"] = {"starts_from": "a stem of pretrain.x", "epochs": "8"}
    rows[1]["command"] = "mien train x --start model.safetensors --output y"
    write(tmp_path / "ablations" / "dan.table1.cpu" / "summary.json", summary)
    text = program.findings(tmp_path)["dan.table1.cpu"]
    assert ", from a stem of pretrain.x, with epochs: 8, accuracy in per" in text
    start = "--set 'starts_from=a stem of pretrain.x' --set epochs=8 "
    start += "--start runs/pretrain.x/model.safetensors"
    assert f"{made[:-1]} {start}` with `--data`." in text
    assert "`mien train x --start runs/pretrain.x/model.safetensors --output y`" in text
    # Rows of other machines are told apart.
    rows[0]["precision"], rows[1]["precision"] = "bfloat16", "float32"
    write(tmp_path / "ablations" / "dan.table1.cpu" / "summary.json", summary)
    assert "\n\nTrained in float32: none.\n\n" in program.findings(tmp_path)["dan.table1.cpu"]


def measured_networks(results: Path) -> None:
    """Two of four rows are finished, and what their network costs is measured."""

    def spread(mean: float, reach: float) -> dict[str, float]:
        return {"mean": mean, "deviation": reach, "low": mean - reach, "high": mean + reach}

    def row(name: str, label: str, accuracy: float | None) -> dict[str, Any]:
        empty = {"name": name, "label": label, "recipe": f"{name.split('-')[0]}.ferplus.cpu"}
        empty |= {"seeds": [], "accuracy": None, "scores": [], "robustness": None, "minutes": None}
        if accuracy is None:
            return empty
        metrics = {
            "accuracy": spread(accuracy, 0.01),
            "expected_calibration_error": spread(0.034, 0.001),
        }
        score = {"protocol": "majority", "subset": "whole", "metrics": metrics}
        return empty | {
            "seeds": [0, 1],
            "accuracy": spread(100 * accuracy, 1.0),
            "scores": [score],
            "robustness": spread(0.612, 0.02),
            "minutes": 12.6,
        }

    rows = [
        row("dan", "DAN", 0.8),
        row("dan-fairface", "DAN, pre-trained on FairFace", 0.82),
        row("apvit", "APViT", None),
        row("msa_net", "MSA-Net", 0.7),
    ]
    summary = {
        **{"table": "networks", "title": "Networks", "source": "no paper", "scale": "cpu"},
        **{"seeds": 3, "measured": ["ferplus public-test"], "rows": rows},
    }
    write(results / "ablations" / "networks.cpu" / "summary.json", summary)
    costs = [
        {"name": "dan.ferplus.cpu: parameters", "value": 1.234, "unit": "M"},
        {"name": "dan.ferplus.cpu: multiply-adds", "value": 0.08, "unit": "G"},
        {
            **{"name": "dan.ferplus.cpu: one face by ONNX", "value": 2.5, "unit": "ms"},
            **{"rival": {"name": "by PyTorch", "value": 7.25, "unit": "ms", "interval": None}},
        },
    ]
    rows = [{"rival": None, "interval": None, "times": None, **one} for one in costs]
    machine = {"processor": "some", "cores": 2}
    report = {"benchmark": "networks.cpu", "machine": machine, "rows": rows, "command": "python"}
    report["date"] = "2026-11-30"
    write(results / "benchmarks" / "networks.cpu.json", report)


def write(path: Path, values: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values))


def test_networks_stand_beside_each_other(program: ModuleType, tmp_path: Path) -> None:
    measured_networks(tmp_path)
    lines = program.numbers(tmp_path).splitlines()
    assert (
        "| DAN | 80.0 (79.0 to 81.0) | waiting | waiting | waiting | 3.4 (3.3 to 3.5) | "
        "61.2 (59.2 to 63.2) | 13 | 2 of 3 | 1.23 | 0.080 | 2.50 | 7.25 |" in lines
    )
    empty = "| " + "waiting | " * 6
    assert f"| APViT {empty} | 0 of 3 |  |  |  |  |" in lines
    assert any(line.endswith("(docs/images/networks.cpu.svg)") for line in lines)


def test_a_network_with_its_stem_stands_beside_itself_without(program: ModuleType) -> None:
    pytest.importorskip("scipy")
    from scipy.stats import ttest_ind

    before, after = [78.0, 79.2, 78.6], [80.0, 79.8, 79.9]

    def row(name: str, found: list[float], stem: str = "") -> dict[str, Any]:
        mean = {"mean": sum(found) / 3, "deviation": 0.5, "low": None, "high": None}
        settings = {"starts_from": f"a stem of pretrain.{stem}"} if stem else {}
        values = {"name": name, "label": name.upper(), "seeds": [0, 1, 2], "accuracies": found}
        return {**values, "accuracy": mean, "settings": settings}

    waiting = {**row("apvit-fairface", after, "ir50"), "seeds": [], "accuracies": []}
    rows = [row("dan", before), row("dan-fairface", after, "w32"), row("apvit", before), waiting]
    rows += [row("msa_net", before), row("msa_net-fairface", before, "w16")]
    lines = program.comparison.pretrained({"rows": rows}).splitlines()
    interval = ttest_ind(after, before, equal_var=False).confidence_interval(0.95)
    difference = f"+1.30 ({interval.low:+.2f} to {interval.high:+.2f})"
    assert lines[2].endswith(" | difference | to the pre-trained DAN |")
    assert lines[-2] == f"| DAN | 78.60 ± 0.50 | 79.90 ± 0.50 | {difference} |  |"
    assert lines[-1].endswith(f" | -1.30 ({-interval.high:+.2f} to {-interval.low:+.2f}) |")
    assert program.comparison.stems({"rows": rows}) == {
        "dan-fairface": "runs/pretrain.w32/model.safetensors",
        "msa_net-fairface": "runs/pretrain.w16/model.safetensors",
    }


def test_the_picture_of_networks_has_each_at_its_place(program: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    measured_networks(tmp_path)
    (tmp_path / program.CHARTED).write_bytes((program.RESULTS / program.CHARTED).read_bytes())
    drawn = ElementTree.fromstring(program.pictures(tmp_path)[program.IMAGES / "networks.cpu.svg"])
    space = "{http://www.w3.org/2000/svg}"
    found = {}
    for group in drawn.iter(f"{space}g"):
        title, dot = group.find(f"{space}title"), group.find(f"{space}circle")
        if title is not None and dot is not None:
            found[title.text] = dot
    fresh = found["DAN: 80.0 % (79.0 to 81.0)"]
    pretrained = found["DAN, pre-trained on FairFace: 82.0 % (81.0 to 83.0)"]
    assert len(found) == 2  # APViT is not measured, and what MSA-Net costs is not known
    assert (fresh.get("class"), pretrained.get("class")) == ("hollow", "fill")
    # From 78 to 84 per cent in 320 pixels, of which the two are 2 apart.
    assert float(fresh.get("cy")) - float(pretrained.get("cy")) == pytest.approx(320 / 3, abs=0.2)


def test_a_single_run_has_a_picture_too(program: ModuleType) -> None:
    pytest.importorskip("sklearn")
    accuracy = {"mean": 80.0, "deviation": None, "low": None, "high": None}
    row = {"name": "dan", "label": "DAN", "recipe": "dan", "accuracy": accuracy}
    costs = {"dan": {"multiply-adds": 0.1}}
    assert "DAN: 80.0 % (80.0 to 80.0)" in program.comparison.picture({"rows": [row]}, costs)


def test_the_picture_is_drawn_from_the_record(
    program: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sklearn")
    (tmp_path / "docs" / "images").mkdir(parents=True)
    names = {"ROOT": "", "README": "README.md", "IMAGES": "docs/images"}
    names["CHARTS"] = "docs/images/report.svg"
    for name, place in names.items():
        monkeypatch.setattr(program, name, tmp_path / place)
    begin, end = program.BEGIN.format("numbers"), program.END.format("numbers")
    (tmp_path / "README.md").write_text(f"a\n{begin}\n{end}\nb\n")
    for name in ("FINDINGS", "BENCHMARKS"):
        page = getattr(program, name)
        monkeypatch.setattr(program, name, tmp_path / page.name)
        (tmp_path / page.name).write_text(page.read_text(encoding="utf-8"), encoding="utf-8")
    assert program.main(["--check"]) == 1
    assert program.main([]) == 0
    assert program.main(["--check"]) == 0
    drawn = (tmp_path / "docs" / "images" / "report.svg").read_text(encoding="utf-8")
    record = program.load(program.RESULTS / program.CHARTED)
    assert f"{record['model']} on ferplus public-test" in drawn
    shown = f"{100 * record['scores'][0]['metrics']['accuracy']['value']:.1f}"
    assert f"accuracy {shown} % (" in drawn
    (tmp_path / "docs" / "images" / "report.svg").write_text("other")
    assert program.main(["--check"]) == 1


def _test_of(recipe: str, date: str, accuracy: float) -> dict[str, Any]:
    value = {"value": accuracy, "low": accuracy - 0.01, "high": accuracy + 0.01}
    names = ("accuracy", "balanced_accuracy", "expected_calibration_error")
    scores = [
        {"protocol": protocol, "subset": subset, "metrics": dict.fromkeys(names, value)}
        for protocol in ("argmax", "majority")
        for subset in ("clean", "whole")
    ]
    for one in scores:
        if one["subset"] == "clean":
            one["metrics"] = {}
    command, commit = f"mien evaluate {recipe}", "0123456789"
    values = {"recipe": recipe, "date": date, "command": command, "commit": commit}
    return {**values, "scores": scores}


def test_generations_stand_in_their_order_with_what_is_known_of_them(
    program: ModuleType, tmp_path: Path
) -> None:
    folder = tmp_path / "training"
    write(folder / "b.public-test.json", _test_of("b", "2026-01-02", 0.8))
    write(folder / "a.public-test.json", _test_of("a", "2026-01-03", 0.9))
    history = [{"epoch": 1, "val_accuracy": 0.5}, {"epoch": 2, "val_accuracy": 0.75}]
    history.append({"epoch": 3, "val_accuracy": 0.7})
    taught = {"role": "taught by", "file": "b.onnx"}
    run = {
        **{"history": history, "chosen_epoch": 2, "seconds": 150.0, "parameters": 2_345_000},
        "owed": [taught, {"role": "starts from", "file": "c.onnx"}],
    }
    write(folder / "a.json", run)
    scenes = _test_of("a", "2026-01-04", 0.7)
    scenes["scores"] = [{**scenes["scores"][-1], "subset": "scenes"}, scenes["scores"][0]]
    write(folder / "a.scenes.json", scenes)
    lines = program.findings(tmp_path)["generations"].splitlines()
    eighty, ninety = "80.0 (79.0 to 81.0)", "90.0 (89.0 to 91.0)"
    assert lines[4] == f"| `b` |  |  |  |  |  | {' | '.join([eighty] * 4)} |  |"
    assert (
        lines[5]
        == f"| `a` | `b` | 2.35 | 3 | 2 | 75.0 | {' | '.join([ninety] * 4)} | 70.0 (69.0 to 71.0) |"
    )
    for file, name, day in (("b.public-test", "b", 2), ("a.scenes", "a", 4)):
        path = f"results/training/{file}.json"
        said = f"by `mien evaluate {name}`, 2026-01-0{day}, commit 0123456"
        assert f"- [`{path}`](../{path}), {said}" in lines


def test_damage_that_was_learned_from_stands_apart(program: ModuleType, tmp_path: Path) -> None:
    def score(protocol: str, accuracy: float) -> dict[str, Any]:
        estimate = {"value": accuracy, "low": accuracy - 0.01, "high": accuracy + 0.01}
        entropy = {"value": 0.65432, "low": 0.6, "high": 0.7}
        metrics = {"accuracy": estimate, "vote_cross_entropy": entropy}
        return {"protocol": protocol, "subset": "held-out", "metrics": metrics}

    kinds = {"noise": 0.1, "blur": 0.2, "jpeg": 0.3, "low-resolution": 0.4, "eyes": 0.5, "cut": 0.7}
    points = [
        {"corruption": kind, "strength": strength, "accuracy": {"value": value + step}}
        for kind, value in kinds.items()
        for strength, step in ((0, 0.9), (1, 0.02), (5, 0.0))  # strength 0 is no damage
    ]
    record = {
        **{"recipe": "a", "command": "mien evaluate a", "date": "2026-01-02", "commit": "01234567"},
        **{"scores": [score("majority", 0.8), score("all", 0.7)], "robustness": points},
    }
    write(tmp_path / "training" / "a.held-out.json", record)
    lines = program.findings(tmp_path)["damaged"].splitlines()
    cells = "80.0 (79.0 to 81.0) | 0.654 | 11.0 | 21.0 | 31.0 | 41.0 | 61.0"
    assert lines[4] == f"| `a` | {cells} |"
    path = "results/training/a.held-out.json"
    said = f"- [`{path}`](../{path}), by `mien evaluate a`, 2026-01-02, commit 0123456"
    assert lines[6] == said

    # Of what is shipped, by its name; the public test has a clean part, which comes last.
    clean = {**score("majority", 0.6), "subset": "clean"}
    shipped = {**record, "model": "b", "scores": [*record["scores"], clean]}
    block = importlib.import_module("damaged").block({path: shipped}, "", "model", "")
    assert f"| `b` | {cells} |" in block
