"""Put the measured numbers into README and findings: every one is read from a file of results/.

python docs/make_readme.py           writes them, and pictures: a record's charts, the comparison
python docs/make_readme.py --check   ends with 1 if a page or a picture says anything else

The pictures need mien with its extra train; without it, they are left as they are.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import comparison
import generations
from number_cells import difference, quantity, share, significant, spread, table

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
RESULTS = ROOT / "results"
FINDINGS = ROOT / "docs" / "findings.md"
BEGIN, END = "<!-- {}: made by docs/make_readme.py -->", "<!-- end of {} -->"
METRICS = {
    "accuracy": "accuracy %",
    "balanced_accuracy": "balanced accuracy %",
    "macro_f1": "macro F1 %",
    "found": "found %",
    "accuracy_direct": "accuracy of the crops %",
    "loss": "loss in points",
}
HEADLINE = ("majority", "whole")
IMAGES = ROOT / "docs" / "images"
CHARTS, CHARTED = IMAGES / "report.svg", "mien-small.public-test.json"


def main(arguments: list[str]) -> int:
    """Write or check; the exit code."""
    blocks = {README: {"numbers": numbers(RESULTS)}, FINDINGS: findings(RESULTS)}
    wanted = {page: with_blocks(page, found) for page, found in blocks.items()}
    wanted |= pictures(RESULTS)
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


def pictures(results: Path) -> dict[Path, str]:
    """Files of SVG and what they hold; none where the lab is not installed."""
    try:
        from mien.evaluation.record import read_result
        from mien.evaluation.reports.summary_picture import summary_picture
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("mien"):
            raise
        return {}
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
    """Everything between the markers."""
    parts = [evaluation(load(path), path.name) for path in sorted(results.glob("*.json"))]
    measured = sorted((results / "benchmarks").glob("*.json"))
    parts += [benchmark(load(path), path.name) for path in measured]
    parts += [compared(path, costs_of(results, path)) for path in tables(results, networks=True)]
    parts += [ablation(path, "results") for path in tables(results, networks=False)]
    costs = results / "costs.jsonl"
    if costs.exists():
        parts.append(cost_table(costs.read_text(encoding="utf-8").splitlines()))
    return "\n".join(parts) or "Nothing is measured yet.\n"


def findings(results: Path) -> dict[str, str]:
    """The papers' tables by the folder of their records, and how the shipped model came about."""
    papers = tables(results, networks=False)
    found = {path.parent.name: ablation(path, "../results") for path in papers}
    training = results / "training"
    # What is shipped comes last, of one day too.
    files = [*sorted(training.glob(f"*{generations.ENDING}")), results / CHARTED]
    tests = {path: load(path) for path in files if path.exists()}
    if tests:
        runs = {test["recipe"]: training / f"{test['recipe']}.json" for test in tests.values()}
        found["generations"] = generations.block(
            {
                f"results/{path.relative_to(results).as_posix()}": test
                for path, test in tests.items()
            },
            {recipe: load(path) for recipe, path in runs.items() if path.exists()},
        )
    return found


def tables(results: Path, *, networks: bool) -> list[Path]:
    """Summaries of the comparison of networks, or of the papers' tables."""
    found = sorted((results / "ablations").glob("*/summary.json"))
    return [path for path in found if (load(path)["table"] == comparison.TABLE) == networks]


def load(path: Path) -> dict[str, Any]:
    """One file of results."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


def evaluation(result: dict[str, Any], name: str) -> str:
    """The scores of one model on one split, and how it does on each expression."""
    scores = result["scores"]
    shown = [metric for metric in METRICS if any(metric in one["metrics"] for one in scores)]
    rows = [
        [f"{one['protocol']}, {one['subset']}", f"{one['images']:,}"]
        + [share(one["metrics"].get(metric)) for metric in shown]
        for one in scores
    ]
    lines = [
        f"**{result['model']}** on {result['dataset']}, {result['split']}, with 95 % intervals",
        "",
        *table(["protocol", "faces", *(METRICS[metric] for metric in shown)], rows),
        "",
    ]
    for one in scores:
        if (one["protocol"], one["subset"]) == HEADLINE and one["classes"]:
            lines += [*classes(one["classes"]), ""]
    return "\n".join([*lines, source(f"results/{name}", result), ""])


def classes(scores: dict[str, dict[str, float]]) -> list[str]:
    """Recall and precision by expression: where a model is weak."""
    rows = [
        ["recall %", *(f"{100 * one['recall']:.0f}" for one in scores.values())],
        ["precision %", *(f"{100 * one['precision']:.0f}" for one in scores.values())],
        ["faces", *(f"{one['images']:,}" for one in scores.values())],
    ]
    return table([HEADLINE[0], *scores], rows)


def benchmark(report: dict[str, Any], name: str) -> str:
    """The rows of one benchmark, as its program wrote them."""
    machine = report["machine"]
    title = f"{report['benchmark']}, on {machine['processor']}, {machine['cores']} cores"
    head = [title, "mien"]
    rows = [[row["name"], quantity(row, row["unit"])] for row in report["rows"]]
    if any(row["rival"] for row in report["rows"]):
        head += ["the other", "times better"]
        for cells, row in zip(rows, report["rows"], strict=True):
            rival = row["rival"]
            cells.append(f"{rival['name']}: {quantity(rival, rival['unit'])}" if rival else "")
            cells.append(significant(row["times"]) if row["times"] else "")
    return "\n".join([*table(head, rows), "", source(f"results/benchmarks/{name}", report), ""])


def cost_table(lines: list[str]) -> str:
    """What each network costs for one picture, beside its paper's figure."""
    rows = []
    for line in lines:
        row = json.loads(line)
        paper, unit = row["paper"], (row["paper"] or {}).get("unit", "")
        rows.append(
            [
                row["variant"],
                f"{row['image_size']}",
                f"{row['parameters'] / 1e6:.2f}",
                f"{row['multiply_adds'] / 1e9:.3f}",
                f"{row['fvcore'] / 1e9:.3f}",
                f"{paper['value']:.{paper['digits']}f} {unit} ({paper['source']})" if paper else "",
                f"{row['measured']:.3f} {unit}" if paper else "",
            ]
        )
    head = ["network", "pixels", "M parameters", "G multiply-adds", "G by fvcore"]
    path = "results/costs.jsonl"
    return "\n".join(
        [
            *table([*head, "the paper's figure", "counted here"], rows),
            "",
            f"From [`{path}`]({path}), by `mien models --cost --json`. A share (%) is of the same "
            "network without pooling.",
            "",
        ]
    )


def compared(path: Path, costs: comparison.Costs) -> str:
    """The networks beside each other."""
    summary, folder = load(path), path.parent.name
    lines = [f"{heading(summary)}{comparison.CAPTION}", ""]
    lines += [*table(*comparison.cells(summary, costs)), ""]
    if comparison.points(summary, costs):
        lines += [f"![{comparison.ALT}](docs/images/{folder}.svg)", ""]
    made = ablated(summary, folder, "results")
    if costs:
        file = f"results/benchmarks/{folder}.json"
        made += f"; costs from [`{file}`]({file}), shown above"
    return "\n".join([*lines, f"{made}.", ""])


def ablation(path: Path, results: str) -> str:
    """A paper's table with our numbers beside the printed ones.

    Args:
        path: of its summary.
        results: where the page finds the folder of results.
    """
    summary = load(path)
    measured = "; ".join(summary["measured"]) or "nothing is finished"
    lines = [f"{heading(summary)}accuracy in per cent on {measured}", ""]
    lines += [*table(*beside_the_paper(summary)), ""]
    return "\n".join([*lines, f"{ablated(summary, path.parent.name, results)}.", ""])


def heading(summary: dict[str, Any]) -> str:
    """What a table compares."""
    return f"**{summary['title']}**: {summary['source']}; ours at the scale {summary['scale']}, "


def ablated(summary: dict[str, Any], folder: str, results: str) -> str:
    """Which records a table is made from, and the command that wrote them."""
    path = f"results/ablations/{folder}"
    return (
        f"From [`{path}`]({results}/ablations/{folder}), by `mien ablate {summary['table']} "
        f"--scale {summary['scale']} --output {path}` with `--data`"
    )


def beside_the_paper(summary: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Head and rows of a paper's table with our numbers."""
    papers = list(dict.fromkeys(name for row in summary["rows"] for name in row["paper"]))
    rows = [
        [
            row["label"],
            *(f"{row['paper'][name]:.2f}" if name in row["paper"] else "" for name in papers),
            spread(row["accuracy"]),
            difference(row["difference"]),
            f"{len(row['seeds'])} of {summary['seeds']}",
            f"`{row['command']}`",
        ]
        for row in summary["rows"]
    ]
    return ["", *papers, "ours", "to the first row", "seeds", "command"], rows


def source(path: str, result: dict[str, Any]) -> str:
    """Which file a table is made from, and the command that wrote it."""
    return f"From [`{path}`]({path}), by `{result['command']}`."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
