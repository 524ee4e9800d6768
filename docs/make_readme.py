"""Put the measured numbers into the pages: every one is read from a file of results/.

python docs/make_readme.py           writes them, and pictures: a record's charts, the comparison
python docs/make_readme.py --check   ends with 1 if a page or a picture says anything else

The pictures and the differences need mien with its extra train; without it, they are left as
they are.
"""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import comparison
import damaged
import generations
from number_blocks import ablation, benchmark, compared, cost_table, evaluation

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
RESULTS = ROOT / "results"
FINDINGS = ROOT / "docs" / "findings.md"
BEGIN, END = "<!-- {}: made by docs/make_readme.py -->", "<!-- end of {} -->"
BENCHMARKS = ROOT / "docs" / "benchmarks.md"
IN_README = ("competitors", "startup", "video")
"""Benchmarks of what a user waits for; the others stand in a page of their own."""
IMAGES = ROOT / "docs" / "images"
SHIPPED = "mien-small"
CHARTS, CHARTED = IMAGES / "report.svg", f"{SHIPPED}.public-test.json"


def main(arguments: list[str]) -> int:
    """Write or check; the exit code."""
    blocks = {
        README: {"numbers": numbers(RESULTS)},
        FINDINGS: findings(RESULTS),
        BENCHMARKS: benchmarks(RESULTS),
    }
    if lab():
        blocks[FINDINGS] |= pretrained(RESULTS)
    wanted = {page: with_blocks(page, found) for page, found in blocks.items()}
    wanted |= pictures(RESULTS) if lab() else {}
    changed = {path: text for path, text in wanted.items() if read(path) != text}
    if "--check" in arguments:
        for path in changed:
            name = path.relative_to(ROOT).as_posix()
            print(f"{name} does not say what results/ says; run: python docs/make_readme.py")
        return int(bool(changed))
    for path, text in changed.items():
        path.write_text(text, encoding="utf-8")
    return 0


def read(path: Path) -> str | None:
    """A file's text; nothing if there is no file yet."""
    return path.read_text(encoding="utf-8") if path.exists() else None


def lab() -> bool:
    """Whether mien is installed with what its lab needs."""
    return all(find_spec(name) for name in ("mien", "sklearn", "torch"))


def pictures(results: Path) -> dict[Path, str]:
    """Files of SVG and what they hold."""
    from mien.evaluation.record import read_result
    from mien.evaluation.reports.summary_picture import summary_picture

    found = {CHARTS: summary_picture(read_result(results / CHARTED)).file()}
    for path in tables(results, networks=True):
        summary, costs = load(path), costs_of(results, path)
        if comparison.points(summary, costs):
            found[IMAGES / f"{path.parent.name}.svg"] = comparison.picture(summary, costs)
    return found


def costs_of(results: Path, summary: Path) -> comparison.Costs:
    """What the networks of a table cost, if that is measured."""
    path = results / "benchmarks" / f"{summary.parent.name}.json"
    return comparison.costs(load(path)) if path.exists() else {}


def with_blocks(page: Path, blocks: dict[str, str]) -> str:
    """A page with the text between the two markers of each block exchanged."""
    text = page.read_text(encoding="utf-8")
    for name, block in blocks.items():
        begin, end = BEGIN.format(name), END.format(name)
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise SystemExit(f"{page.name} has no place for {name}: a line {begin}, then {end}")
        text = f"{before}{begin}\n\n{block}\n{end}{after}"
    return text


def numbers(results: Path) -> str:
    """What the README shows: the shipped model, its speed, the networks beside each other."""
    records = ((load(path), path.name) for path in sorted(results.glob(f"{SHIPPED}.*.json")))
    # What models are chosen on is no result.
    parts = [evaluation(one, name) for one, name in records if one["split"] != "train"]
    if tests := robustness(results, f"*{generations.ENDING}"):
        parts.append(damaged.block(tests, "FER+'s public test", "model", ""))
    measured = [results / "benchmarks" / f"{name}.json" for name in IN_README]
    parts += [benchmark(load(path), path.name) for path in measured if path.exists()]
    parts += [
        compared(load(path), path.parent.name, costs_of(results, path))
        for path in tables(results, networks=True)
    ]
    return "\n".join(parts) or "Nothing is measured yet.\n"


def benchmarks(results: Path) -> dict[str, str]:
    """The other benchmarks, and what each network costs."""
    files = sorted((results / "benchmarks").glob("*.json"))
    others = [path for path in files if path.stem not in IN_README]
    found = {"benchmarks": "\n".join(benchmark(load(path), path.name, "../") for path in others)}
    costs = results / "costs.jsonl"
    if costs.exists():
        found["costs"] = cost_table(costs.read_text(encoding="utf-8").splitlines())
    return found


def findings(results: Path) -> dict[str, str]:
    """The papers' tables by the folder of their records, and how the shipped model came about."""
    papers = tables(results, networks=False)
    found = {path.parent.name: ablation(load(path), path.parent.name) for path in papers}
    if tests := networks_that_led(results, generations.ENDING):
        recipes = [test["recipe"] for test in tests.values()]
        runs = {name: results / "training" / f"{name}.json" for name in recipes}
        found["generations"] = generations.block(
            tests,
            networks_that_led(results, generations.SCENES),
            {name: load(path) for name, path in runs.items() if path.exists()},
        )
    if held_out := robustness(results, f"training/*{damaged.ENDING}"):
        found["damaged"] = damaged.block(held_out, "held-out training faces", "recipe", "../")
    return found


def robustness(results: Path, files: str) -> dict[str, dict[str, Any]]:
    """Records of damaged faces, by their paths in the repository."""
    found = {
        f"results/{path.relative_to(results).as_posix()}": load(path)
        for path in sorted(results.glob(files))
    }
    return {path: one for path, one in found.items() if one.get("robustness")}


def networks_that_led(results: Path, ending: str) -> dict[str, dict[str, Any]]:
    """Records of former networks and of the shipped one, which comes last, of one day too."""
    files = [*sorted((results / "training").glob(f"*{ending}")), results / f"{SHIPPED}{ending}"]
    return {
        f"results/{path.relative_to(results).as_posix()}": load(path)
        for path in files
        if path.exists()
    }


def pretrained(results: Path) -> dict[str, str]:
    """What pre-training brings each network, by the folder of the records."""
    found = tables(results, networks=True)
    return {path.parent.name: comparison.pretrained(load(path)) for path in found}


def tables(results: Path, *, networks: bool) -> list[Path]:
    """Summaries of the comparison of networks, or of the papers' tables."""
    found = sorted((results / "ablations").glob("*/summary.json"))
    return [path for path in found if (load(path)["table"] == comparison.TABLE) == networks]


def load(path: Path) -> dict[str, Any]:
    """One file of results."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
