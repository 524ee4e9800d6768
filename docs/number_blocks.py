"""Parts of pages: what a file of ``results/`` says, as Markdown, and where it says it."""

from __future__ import annotations

import ast
import json
import shlex
from pathlib import Path, PurePosixPath
from typing import Any

import comparison
from number_cells import difference, quantity, share, significant, spread, table

Record = dict[str, Any]

PROGRAMS = Path(__file__).resolve().parents[1] / "benchmarks"

METRICS = {
    "accuracy": "accuracy %",
    "balanced_accuracy": "balanced accuracy %",
    "macro_f1": "macro F1 %",
    "found": "found %",
    "accuracy_direct": "accuracy of the crops %",
    "loss": "loss in points",
}
CLASSES = (("majority", "clean"), ("majority", "whole"))
"""Of which faces a table by expression is: copies would flatter the rare ones."""


def evaluation(result: Record, name: str) -> str:
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
    found = {(one["protocol"], one["subset"]): one["classes"] for one in scores if one["classes"]}
    for which in CLASSES:
        if which in found:
            lines += [*classes(", ".join(which), found[which]), ""]
            break
    return "\n".join([*lines, source(f"results/{name}", result), ""])


def classes(which: str, scores: dict[str, dict[str, float]]) -> list[str]:
    """Recall and precision by expression: where a model is weak."""
    rows = [
        ["recall %", *(f"{100 * one['recall']:.0f}" for one in scores.values())],
        ["precision %", *(f"{100 * one['precision']:.0f}" for one in scores.values())],
        ["faces", *(f"{one['images']:,}" for one in scores.values())],
    ]
    return table([which, *scores], rows)


def benchmark(report: Record, name: str, up: str = "") -> str:
    """The rows of one benchmark, as its program wrote them; ``up`` leads to the repository."""
    machine = report["machine"]
    width = f" ({machine['instructions']})" if "instructions" in machine else ""
    head = [f"on {machine['processor']}{width}, {machine['cores']} cores", "mien"]
    rows = [[row["name"], quantity(row, row["unit"])] for row in report["rows"]]
    if any(row["rival"] for row in report["rows"]):
        head += ["the other", "times better"]
        for cells, row in zip(rows, report["rows"], strict=True):
            rival = row["rival"]
            cells.append(f"{rival['name']}: {quantity(rival, rival['unit'])}" if rival else "")
            cells.append(significant(row["times"]) if row["times"] else "")
    lines = [f"**{asked(report['benchmark'])}**", "", *table(head, rows), ""]
    return "\n".join([*lines, source(f"results/benchmarks/{name}", report, up), ""])


def asked(benchmark: str) -> str:
    """The first line of a benchmark's program, which says what it measures."""
    program = PROGRAMS / f"{benchmark.partition('.')[0]}.py"
    lines = (ast.get_docstring(ast.parse(program.read_text(encoding="utf-8"))) or "").splitlines()
    return lines[0].rstrip(".:") if lines else benchmark


def cost_table(lines: list[str]) -> str:
    """What each network costs for one picture, beside its paper's figure; for docs/."""
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
            f"From [`{path}`](../{path}), by `mien models --cost --json`. A share (%) is of the "
            "same network without pooling.",
            "",
        ]
    )


def compared(summary: Record, folder: str, costs: comparison.Costs) -> str:
    """The networks beside each other, for the README."""
    lines = [f"{heading(summary)}{comparison.CAPTION}", ""]
    lines += [*table(*comparison.cells(summary, costs)), ""]
    if comparison.points(summary, costs):
        lines += [f"![{comparison.ALT}](docs/images/{folder}.svg)", ""]
    made = ablated(summary, folder, "results")
    if costs:
        file = f"results/benchmarks/{folder}.json"
        made += f"; costs from [`{file}`]({file})"
    return "\n".join([*lines, f"{made}.", ""])


def ablation(summary: Record, folder: str) -> str:
    """A paper's table with our numbers beside the printed ones, for a page of docs/."""
    measured = "; ".join(summary["measured"]) or "nothing is finished"
    changes = [
        f"from {value}" if key == "starts_from" else f"with {key}: {value}"
        for key, value in summary.get("changes", {}).items()
    ]
    caption = ", ".join([*changes, f"accuracy in per cent on {measured}"])
    lines = [heading(summary) + caption, ""]
    lines += [*table(*beside_the_paper(summary)), ""]
    lines += trained_in(summary)
    lines += [f"{ablated(summary, folder, '../results')}.", "", *row_by_row(summary)]
    return "\n".join([*lines, ""])


def trained_in(summary: Record) -> list[str]:
    """Which rows were not trained in bfloat16 alone, for machines that have none."""
    told = {row["name"]: row.get("precision", "") for row in summary["rows"]}
    words = []
    for precision in sorted({*told.values()} - {"", "bfloat16"}):
        names = [name for name, one in told.items() if one == precision]
        words.append(f"{precision}: {'all rows' if len(names) == len(told) else ', '.join(names)}")
    return [f"Trained in {'; '.join(words)}.", ""] if words else []


def row_by_row(summary: Record) -> list[str]:
    """The command of each row's first run, folded away; of a stem, records know only its name."""
    path = next(iter(comparison.stem(summary.get("changes", {}))), "")
    short, whole = f"--start {PurePosixPath(path).name} ", f"--start {path} "
    runs = [
        f"- `{row['name']}`: `{row['command'].replace(short, whole) if path else row['command']}`"
        for row in summary["rows"]
    ]
    return ["<details><summary>Row by row</summary>", "", *runs, "", "</details>"]


def heading(summary: Record) -> str:
    """What a table compares."""
    return f"**{summary['title']}**: {summary['source']}; ours at the scale {summary['scale']}, "


def ablated(summary: Record, folder: str, results: str) -> str:
    """Which records a table is made from, and the command that wrote them."""
    path = f"results/ablations/{folder}"
    changes = summary.get("changes", {})
    words = [f"--output {path}"]
    words += [f"--set {shlex.quote(f'{key}={value}')}" for key, value in changes.items()]
    words += [f"--start {stem}" for stem in comparison.stem(changes)]
    words += [f"--start {row}={stem}" for row, stem in comparison.stems(summary).items()]
    return (
        f"From [`{path}`]({results}/ablations/{folder}), by `mien ablate {summary['table']} "
        f"--scale {summary['scale']} {' '.join(words)}` with `--data`"
    )


def beside_the_paper(summary: Record) -> tuple[list[str], list[list[str]]]:
    """Head and rows of a paper's table with our numbers."""
    papers = list(dict.fromkeys(name for row in summary["rows"] for name in row["paper"]))
    rows = [
        [
            row["label"],
            *(f"{row['paper'][name]:.2f}" if name in row["paper"] else "" for name in papers),
            spread(row["accuracy"]),
            difference(row["difference"]),
            f"{len(row['seeds'])} of {summary['seeds']}",
        ]
        for row in summary["rows"]
    ]
    return ["", *papers, "ours", "to the first row", "seeds"], rows


def source(path: str, result: Record, up: str = "") -> str:
    """Which file a table is made from, the command that wrote it, and when."""
    return f"From [`{path}`]({up}{path}), by `{result['command']}`, {result['date'][:10]}."
