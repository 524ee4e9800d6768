"""Put the measured numbers into the README: every one is read from a file of results/.

python docs/make_readme.py           writes them, and pictures: a record's charts, the comparison
python docs/make_readme.py --check   ends with 1 if the README or a picture says anything else

The pictures need mien with its extra train; without it, they are left as they are.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import comparison

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
RESULTS = ROOT / "results"
BEGIN, END = "<!-- numbers: made by docs/make_readme.py -->", "<!-- end of the numbers -->"
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
    readme = with_numbers(README.read_text(encoding="utf-8"), numbers(RESULTS))
    wanted = {README: readme, **pictures(RESULTS)}
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
    for path in sorted((results / "ablations").glob("*/summary.json")):
        summary, costs = load(path), costs_of(results, path)
        if summary["table"] == comparison.TABLE and comparison.points(summary, costs):
            found[IMAGES / f"{path.parent.name}.svg"] = comparison.picture(summary, costs)
    return found


def costs_of(results: Path, summary: Path) -> comparison.Costs:
    """What the networks of a table cost, if that is measured."""
    path = results / "benchmarks" / f"{summary.parent.name}.json"
    return comparison.costs(load(path)) if path.exists() else {}


def with_numbers(readme: str, block: str) -> str:
    """The README with the text between its two markers exchanged."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{block}\n{END}{after}"


def numbers(results: Path) -> str:
    """Everything between the markers."""
    parts = [evaluation(load(path), path.name) for path in sorted(results.glob("*.json"))]
    measured = sorted((results / "benchmarks").glob("*.json"))
    parts += [benchmark(load(path), path.name) for path in measured]
    tables = sorted((results / "ablations").glob("*/summary.json"))
    parts += [ablation(load(path), path.parent.name, costs_of(results, path)) for path in tables]
    costs = results / "costs.jsonl"
    if costs.exists():
        parts.append(cost_table(costs.read_text(encoding="utf-8").splitlines()))
    return "\n".join(parts) or "Nothing is measured yet.\n"


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


def ablation(summary: dict[str, Any], folder: str, costs: comparison.Costs) -> str:
    """A table with our numbers: beside the paper's, or networks beside each other."""
    path = f"results/ablations/{folder}"
    made = (
        f"From [`{path}`]({path}), by `mien ablate {summary['table']} --scale {summary['scale']} "
        f"--output {path}` with `--data`"
    )
    measured = "; ".join(summary["measured"]) or "nothing is finished"
    lines = [f"**{summary['title']}**: {summary['source']}; ours at the scale {summary['scale']}, "]
    if summary["table"] == comparison.TABLE:
        lines[0] += comparison.CAPTION
        lines += ["", *table(*comparison.cells(summary, costs)), ""]
        if comparison.points(summary, costs):
            lines += [f"![{comparison.ALT}](docs/images/{folder}.svg)", ""]
        costed = f"results/benchmarks/{folder}.json"
        made += f"; costs from [`{costed}`]({costed}), by `python benchmarks/networks.py`" * bool(
            costs
        )
    else:
        lines[0] += (
            f"accuracy in per cent on {measured}: mean over seeds, standard deviation, 95 % "
            "interval of the mean"
        )
        lines += ["", *table(*beside_the_paper(summary)), ""]
    return "\n".join([*lines, f"{made}.", ""])


def beside_the_paper(summary: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Head and rows of a paper's table with our numbers."""
    papers = list(dict.fromkeys(name for row in summary["rows"] for name in row["paper"]))
    rows = [
        [
            row["label"],
            *(f"{row['paper'][name]:.2f}" if name in row["paper"] else "" for name in papers),
            spread(row["accuracy"]),
            f"{len(row['seeds'])} of {summary['seeds']}",
            f"`{row['command']}`",
        ]
        for row in summary["rows"]
    ]
    return ["", *papers, "ours", "seeds", "command"], rows


def spread(accuracy: dict[str, float | None] | None) -> str:
    """Per cent over several seeds."""
    if accuracy is None:
        return "waiting"
    mean, deviation, low, high = (accuracy[key] for key in ("mean", "deviation", "low", "high"))
    if deviation is None:
        return f"{mean:.2f}"
    return f"{mean:.2f} ± {deviation:.2f} ({low:.2f} to {high:.2f})"


def quantity(row: dict[str, Any], unit: str) -> str:
    """A number with its unit, and its interval where it has one."""
    if row["interval"] is None:
        return f"{significant(row['value'])} {unit}"
    low, high = row["interval"]
    return f"{row['value']:.1f} {unit} ({low:.1f} to {high:.1f})"


def source(path: str, result: dict[str, Any]) -> str:
    """Which file a table is made from, and the command that wrote it."""
    return f"From [`{path}`]({path}), by `{result['command']}`."


def share(estimate: dict[str, float] | None) -> str:
    """A fraction as per cent, with its interval."""
    if estimate is None:
        return ""
    value, low, high = (100 * estimate[key] for key in ("value", "low", "high"))
    return f"{value:.1f} ({low:.1f} to {high:.1f})"


def significant(value: float) -> str:
    """Three digits at least, all of the whole part."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Lines of a Markdown table: the first column to the left, numbers to the right."""

    def lines() -> Iterator[list[str]]:
        yield head
        yield ["---"] + ["---:"] * (len(head) - 1)
        yield from rows

    return [f"| {' | '.join(cells)} |" for cells in lines()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
