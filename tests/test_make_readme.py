"""The numbers of the README are those of the files, with their source beside them."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

PROGRAM = Path(__file__).parents[1] / "docs" / "make_readme.py"


@pytest.fixture(scope="module")
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_readme", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_only_the_text_between_the_markers_changes(program: ModuleType) -> None:
    readme = f"above\n{program.BEGIN}\nold\n{program.END}\nbelow\n"
    new = program.with_numbers(readme, "new\n")
    assert new == f"above\n{program.BEGIN}\n\nnew\n\n{program.END}\nbelow\n"
    assert program.with_numbers(new, "new\n") == new


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
    )
    write_result(result, tmp_path / "some.json")
    text = program.numbers(tmp_path)
    assert "| majority, whole | 3,191 | 90.1 (89.0 to 91.2) |" in text
    assert "| recall % | 25 |" in text
    assert "From [`results/some.json`](results/some.json)" in text
    assert "by `mien evaluate some-model ferplus`." in text


def test_a_benchmark_is_shown_with_machine_and_source(program: ModuleType, tmp_path: Path) -> None:
    plain = {"runs": [], "interval": None, "rival": None, "times": None}
    rival = {**plain, "name": "other", "value": 100.0, "unit": "frames/s"}
    right = {**plain, "name": "right", "value": 90.12, "unit": "%", "interval": [89.0, 91.04]}
    speed = {**plain, "name": "speed", "value": 123.456, "unit": "frames/s"}
    report = {
        "benchmark": "video",
        "command": "python benchmarks/video.py some.mp4",
        "machine": {"processor": "Some CPU", "cores": 2},
        "rows": [{**speed, "rival": rival, "times": 1.23456}, right],
    }
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "video.json").write_text(json.dumps(report))
    text = program.numbers(tmp_path)
    assert "| video, on Some CPU, 2 cores | mien | the other | times better |" in text
    assert "| speed | 123 frames/s | other: 100 frames/s | 1.23 |" in text
    assert "| right | 90.1 % (89.0 to 91.0) |" in text
    assert "[`results/benchmarks/video.json`]" in text


def test_a_paper_s_table_has_our_numbers_beside_the_printed_ones(
    program: ModuleType, tmp_path: Path
) -> None:
    rows = [
        {
            "label": "affinity loss",
            "paper": {"RAF-DB": 89.7},
            "seeds": [0, 1, 2],
            "accuracy": {"mean": 81.234, "deviation": 0.456, "low": 80.1, "high": 82.368},
            "command": "mien train dan.ferplus.cpu --set seed=0",
        },
        {"label": "-", "paper": {}, "seeds": [], "accuracy": None, "command": "mien train x"},
    ]
    summary = {
        **{"table": "dan.table1", "title": "Losses", "source": "DAN, Table 1", "scale": "cpu"},
        **{"seeds": 3, "measured": ["ferplus public-test"], "rows": rows},
    }
    folder = tmp_path / "ablations" / "dan.table1.cpu"
    folder.mkdir(parents=True)
    (folder / "summary.json").write_text(json.dumps(summary))
    lines = program.numbers(tmp_path).splitlines()
    assert "| affinity loss | 89.70 | 81.23 ± 0.46 (80.10 to 82.37) | 3 of 3 | " in lines[4]
    assert lines[4].endswith("| `mien train dan.ferplus.cpu --set seed=0` |")
    assert lines[5] == "| - |  | waiting | 0 of 3 | `mien train x` |"
    assert (
        "`mien ablate dan.table1 --scale cpu --output results/ablations/dan.table1.cpu`"
        in lines[-1]
    )


def test_the_picture_is_drawn_from_the_record(
    program: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sklearn")
    (tmp_path / "docs" / "images").mkdir(parents=True)
    names = {"ROOT": "", "README": "README.md", "PICTURE": "docs/images/report.svg"}
    for name, place in names.items():
        monkeypatch.setattr(program, name, tmp_path / place)
    (tmp_path / "README.md").write_text(f"a\n{program.BEGIN}\n{program.END}\nb\n")
    assert program.main(["--check"]) == 1
    assert program.main([]) == 0
    assert program.main(["--check"]) == 0
    drawn = (tmp_path / "docs" / "images" / "report.svg").read_text(encoding="utf-8")
    record = program.load(program.PICTURED)
    assert f"{record['model']} on ferplus public-test" in drawn
    shown = f"{100 * record['scores'][0]['metrics']['accuracy']['value']:.1f}"
    assert f"accuracy {shown} % (" in drawn
    (tmp_path / "docs" / "images" / "report.svg").write_text("other")
    assert program.main(["--check"]) == 1
