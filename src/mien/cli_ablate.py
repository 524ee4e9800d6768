"""The verb ``ablate``: a paper's table, run and printed beside the paper's numbers."""

from __future__ import annotations

import json as json_format
import logging
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from tyro.conf import Positional, UseAppendAction, arg

from .cli_lab import parse_settings, show_log
from .cli_train import roots
from .errors import InputError, MienError, OutputError, require

if TYPE_CHECKING:
    from .evaluation.record import Result
    from .training.ablate import Ablation
    from .training.ablation_plan import Run
    from .training.ablation_summary import Summary
    from .training.ablations import Table

# As in training.ablations.table, whose import is slow.
Scale: TypeAlias = Literal["cpu", "gpu", "paper"]

SUMMARY_FILE = "summary.json"


def ablate(
    table: Positional[
        Annotated[str | None, arg(metavar="TABLE", help_behavior_hint="(default: list them)")]
    ] = None,
    *,
    data: Annotated[
        UseAppendAction[tuple[str, ...]], arg(metavar="[NAME=]ROOT", help_behavior_hint="")
    ] = (),
    packed: Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")] = None,
    scale: Scale = "cpu",
    seeds: int = 3,
    rows: Annotated[tuple[str, ...], arg(metavar="NAME...", help_behavior_hint="")] = (),
    output: Annotated[
        Path | None,
        arg(metavar="FOLDER", aliases=["-o"], help_behavior_hint="(default: runs/TABLE.SCALE)"),
    ] = None,
    start: Annotated[
        UseAppendAction[tuple[str, ...]], arg(metavar="[ROW=]FILE", help_behavior_hint="")
    ] = (),
    reuse: Annotated[
        UseAppendAction[tuple[Path, ...]], arg(metavar="FOLDER", help_behavior_hint="")
    ] = (),
    set: Annotated[
        UseAppendAction[tuple[str, ...]], arg(metavar="KEY=VALUE", help_behavior_hint="")
    ] = (),
    smoke: bool = False,
    plan: bool = False,
    restart: bool = False,
    minutes: float = 0.0,
    accelerator: str = "auto",
    devices: int = 1,
    nodes: int = 1,
    json: bool = False,
    picture: Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")] = None,
    debug: bool = False,
) -> int:
    """Run every row of a paper's table over several seeds, beside the paper's numbers.

    What is finished is kept: each run leaves a record, and the same command goes on.

    Args:
        table: Name of the table or figure, such as dan.table1.
        data: Copy of a data set; may be repeated. Another than the table's own moves it there.
        packed: A file of mien data pack, instead of copies.
        scale: Size of the networks: ours for two CPU cores or one accelerator, or the paper's.
        seeds: Each row is run with so many seeds, from 0.
        rows: Only these rows.
        output: Folder of the records, and of the runs.
        start: Checkpoint or backbone that every run, or a row's, begins with; may be repeated.
        reuse: Records of another table; a run that it has made is not made again. May be repeated.
        set: Change a field of every row's recipe; may be repeated.
        smoke: A size that runs in seconds, to try everything out.
        plan: Run nothing; print what is finished, and the commands.
        restart: Begin runs again that are not finished.
        minutes: End after so many, in the middle of a run; 0 for as long as it takes.
        accelerator: Lightning's name of what to run on, such as cpu or gpu.
        devices: Of a machine.
        nodes: Number of machines.
        json: Write a summary to standard output instead of a table.
        picture: Draw a heat map, of tables over two settings.
        debug: Show the traceback of an error.
    """
    del debug
    require("lightning", "train")
    show_log()
    from .training.ablate import Ablation, Outcome
    from .training.ablation_plan import Plan
    from .training.ablations import find_table
    from .training.copies import Copies
    from .training.hardware import Hardware
    from .training.recipes import find_recipe

    if table is None:
        return _list(json=json)
    found = find_table(table)
    _check(minutes, picture, found)
    first = find_recipe(found.base(found.row(rows[0]) if rows else found.rows[0], scale))
    copies = Copies(roots(data, first.data[0].dataset), packed)
    chosen = Plan(
        table=found,
        scale=scale,
        seeds=seeds,
        rows=rows,
        settings=parse_settings(set),
        smoke=smoke,
        copies=copies.roots,
    )
    ablation = Ablation(
        chosen,
        copies,
        output or chosen.folder,
        start=_starts(start),
        hardware=Hardware(accelerator, devices, nodes),
        reuse=reuse,
    )
    if not ablation.leads:  # of several processes
        logging.getLogger("mien").setLevel(logging.ERROR)
    outcome = Outcome()
    try:
        if not plan:
            outcome = ablation.run(minutes=minutes, restart=restart, on_error=_say_failure)
    except MienError:
        raise  # before anything was run
    except (Exception, KeyboardInterrupt):
        _report(ablation, json=json, picture=picture, ran=True)  # other rows may be finished
        raise
    written = _report(ablation, json=json, picture=picture, ran=not plan)
    if outcome.paused:
        again = "the same command without --restart" if restart else "the same command"
        _say(f"the minutes are over; {again} goes on")
    return 1 if outcome.failures or not written else 0


def _check(minutes: float, picture: Path | None, table: Table) -> None:
    if minutes < 0:
        raise InputError(f"--minutes is {minutes:g}; it is at least 0")
    if picture is not None:
        from .training.heat_map import picture_format

        if table.axes is None:
            raise InputError(f"--picture: {table.name} is no table over two settings")
        picture_format(picture)


def _list(*, json: bool) -> int:
    """All tables: name, source, what it compares, scales."""
    from .training.ablations import TABLES

    for one in TABLES.values():
        if json:
            listing = {
                "name": one.name,
                "title": one.title,
                "source": one.source,
                "scales": list(one.bases),
                "rows": [row.name for row in one.rows],
            }
            print(json_format.dumps(listing, ensure_ascii=False))
        else:
            print(f"{one.name}  {one.source}: {one.title}")
            print(f"  {len(one.rows)} rows, scales {', '.join(one.bases)}")
    return 0


def _report(ablation: Ablation, *, json: bool, picture: Path | None, ran: bool) -> bool:
    """Print what is finished; a summary for machines lies beside the records.

    Returns:
        False if a file could not be written, which is said after the table.
    """
    from .training.ablation_summary import write_summary
    from .training.heat_map import heat_map

    if not ablation.leads:
        return True
    # Damaged records were named while the table was run.
    records = ablation.records(_ignore if ran else _say_failure)
    portable = _summary(ablation, records, whole_paths=False)
    axes = ablation.plan.table.axes
    errors: list[OutputError] = []
    if ran and records:
        # Of all that lies there, whatever of it this call was about.
        whole = replace(ablation, plan=ablation.plan.whole(ablation.folder))
        kept = _summary(whole, whole.records(_ignore), whole_paths=False)
        try:
            write_summary(kept, ablation.folder / SUMMARY_FILE)
        except OutputError as error:
            errors.append(error)
    if json:
        print(portable.to_json(), end="")
    else:
        _print(ablation, portable, _summary(ablation, records, whole_paths=True))
    if picture is not None and axes is not None:
        try:
            heat_map(portable, axes, picture)
        except OutputError as error:
            errors.append(error)
    if errors:
        sys.stdout.flush()
    for one in errors:
        _say(f"error: {' '.join(str(one).splitlines())}")
    return not errors


def _print(ablation: Ablation, portable: Summary, here: Summary) -> None:
    """The table, and how to repeat a run of each row on this machine."""
    from .training.ablation_report import format_summary, fresh_words

    print(format_summary(portable))
    print("\nOne run of each row, to be measured with mien evaluate:")
    for row in here.rows:
        waiting = [str(seed) for seed in range(ablation.plan.seeds) if seed not in row.seeds]
        state = f"waiting for seed {', '.join(waiting)}" if waiting else "done"
        print(f"\n# {row.name}: {row.label}; {state}")
        if row.fresh:
            print(f"# {fresh_words(row.fresh, row.name)}")
        print(row.command)


def _summary(
    ablation: Ablation, records: dict[tuple[str, int], Result], *, whole_paths: bool
) -> Summary:
    """With the command of each row's first run that is not finished, or else its first."""
    from .training.ablation_summary import summary

    plan = ablation.plan
    commands: dict[str, str] = {}
    fresh: dict[str, str] = {}
    for row in plan.chosen:
        seeds = (seed for seed in range(plan.seeds) if (row.name, seed) not in records)
        run = plan.run(row, next(seeds, 0))
        commands[row.name] = ablation.command(run, whole_paths=whole_paths)
        fresh[row.name] = ablation.fresh(run)
    return summary(
        plan.table,
        plan.scale,
        records.values(),
        seeds=plan.seeds,
        rows=plan.rows,
        commands=commands,
        fresh=fresh,
    )


def _starts(pairs: Iterable[str]) -> dict[str, tuple[Path, ...]]:
    """Files to start from by row; those without a row are for all that have none."""
    from .zoo import SHIPPED, shipped_model

    starts: dict[str, tuple[Path, ...]] = {}
    for pair in pairs:
        row, equals, file = pair.partition("=")
        if not equals or Path(pair).exists():
            row, file = "", pair
        starts[row] = (*starts.get(row, ()), shipped_model(file) if file in SHIPPED else Path(file))
    return starts


def _say_failure(run: Run, error: MienError) -> None:
    _say(f"error: {run.name}: {' '.join(str(error).splitlines())}")


def _ignore(run: Run, error: MienError) -> None:
    del run, error


def _say(text: str) -> None:
    print(f"mien: {text}", file=sys.stderr, flush=True)
