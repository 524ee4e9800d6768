"""Run a table row by row and seed by seed, and keep a record of every finished run.

A record that is there, of the same recipe, seed, start and reported data, is not run again,
whether its checkpoints are still there or not: a table can be continued elsewhere from its
records alone. Which pictures a run was trained on is noted in its record (``training_data``), and
not compared: they would have to be loaded first.
"""

from __future__ import annotations

import gc
import json
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from lightning.pytorch.utilities import rank_zero_only

from ..errors import DataError, InputError, MienError, NotFound
from ..evaluation.provenance import file_sha256
from ..evaluation.record import Result, read_result, write_result
from .ablation_plan import Plan, Run, as_text, data_words, digest, hardware_words
from .ablation_room import make_room
from .ablation_twins import DIGEST, MADE_FOR, records_in, twin_of
from .checkpoints import BEST, LAST
from .copies import Copies
from .hardware import Hardware
from .reporting import FRESH, PROTOCOL, Reported, measure, protocol_of, run_facts
from .run import train

log = logging.getLogger("mien")

Starts = Mapping[str, tuple[Path, ...]]
OnError = Callable[[Run, MienError], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a table's run ended.

    Attributes:
        failures: runs that failed.
        paused: whether the time was over before all was done.
    """

    failures: int = 0
    paused: bool = False


@dataclass
class Ablation:
    """A plan with its data and the folder of its records.

    Attributes:
        plan: what is to be run.
        copies: where the data is.
        folder: of the records; checkpoints lie in ``runs`` below it.
        start: files that runs begin with, by row; those under ``""`` are for rows without
            files of their own.
        hardware: what it runs on.
        reuse: folders of other tables' records; a run that is among them is not made again.

    Raises:
        UnknownName: if ``start`` names a row that the table lacks.
        InputError: if it names one that is not to be run.
        NotFound: if a file to start from is not there, or a folder to reuse has no record.
    """

    plan: Plan
    copies: Copies
    folder: Path
    start: Starts = field(default_factory=dict)
    hardware: Hardware = field(default_factory=Hardware)
    reuse: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        for row in filter(None, self.start):
            if self.plan.table.row(row).name not in [one.name for one in self.plan.chosen]:
                raise InputError(f"--start {row}=FILE: {row} is not run; add it to --rows")
        self._twins = records_in(self.reuse)
        self._splits: dict[str, Reported] = {}
        self._hashes = {path: file_sha256(path) for files in self.start.values() for path in files}

    @property
    def leads(self) -> bool:
        """Whether this process, of several, is the one that writes and prints."""
        return int(getattr(rank_zero_only, "rank", 0)) == 0

    def records(self, on_error: OnError | None = None) -> dict[tuple[str, int], Result]:
        """What is finished, by row and seed.

        Records count by recipe, seed, start and the fingerprint of the split that is reported;
        where there is no copy of that, they are taken to be of the same. The training data is
        not compared.

        Args:
            on_error: told of damaged records, which are left out; without it they are raised.
        """
        found = {}
        for run in self.plan.runs():
            try:
                record = self._record(run) or self._twin(run)
            except DataError as error:
                if on_error is None:
                    raise
                on_error(run, error)
                continue
            if record is not None:
                found[run.row.name, run.seed] = record
        return found

    def run(
        self, *, minutes: float = 0.0, restart: bool = False, on_error: OnError | None = None
    ) -> Outcome:
        """Run what is not finished.

        Args:
            minutes: of this call; 0 for as long as it takes. A run that is cut off is
                continued by the next call.
            restart: begin runs again that have checkpoints and no record.
            on_error: told of every run that fails; the others go on. Without it, the first
                failure is raised.

        Raises:
            MienError: if the data or a file to start from is missing, or one is given for all
                rows where they start from different ones, before anything runs.
        """
        if "" in self.start and len(self.plan.starts) > 1:
            raise InputError(
                f"--start FILE: the rows of {self.plan.table.name} do not all start from the same; "
                "name the row, --start ROW=FILE"
            )
        runs = list(self.plan.runs())
        for run in runs:
            self.copies.require((*run.recipe.data, run.test), run.recipe.name)
            self._reported(run)
            self._digest(run)
        end = time.monotonic() + 60 * minutes if minutes else None
        failures = 0
        for number, run in enumerate(runs, 1):
            left = 0.0 if end is None else (end - time.monotonic()) / 60
            try:
                if self._record(run) is not None:
                    continue
                twin = self._twin(run)
                if twin is not None:
                    log.info("%s is made already: %s", run.name, twin.settings[MADE_FOR])
                    if self.leads:
                        write_result(twin, self.file(run))
                    continue
                if end is not None and left <= 0:
                    return Outcome(failures, paused=True)
                log.info("%s, run %d of %d", run.name, number, len(runs))
                if not self._train(run, left, restart):
                    return Outcome(failures, paused=True)
                if self.leads:
                    write_result(self._measured(run), self.file(run))
                    self._clear(run)
            except MienError as error:
                if on_error is None:
                    raise
                failures += 1
                on_error(run, error)
            gc.collect()  # what the run held: a trainer and its network know each other
        return Outcome(failures)

    def file(self, run: Run) -> Path:
        """Where a run's record lies."""
        return self.folder / f"{run.name}.json"

    def command(self, run: Run, *, whole_paths: bool = True) -> str:
        """What repeats a run: one line for a shell.

        Args:
            run: of the plan.
            whole_paths: as on this machine, with the hardware that was asked for; otherwise the
                last part of each path, for records.
        """
        words = data_words(run, self.copies, whole_paths=whole_paths)
        for path in self._start(run):
            words += ["--start", str(path) if whole_paths else path.name]
        if whole_paths:
            words += hardware_words(self.hardware)
        return self.plan.command(run, words)

    def fresh(self, run: Run) -> str:
        """What the paper's run starts from, if this one gets no file; otherwise nothing."""
        return "" if self._start(run) else run.recipe.starts_from

    def _train(self, run: Run, minutes: float, restart: bool) -> bool:
        """False if the time was over before the end."""
        folder = self.folder / run.folder
        if self.leads:
            make_room(folder, self._digest(run))
        try:
            done = train(
                run.recipe,
                self.copies,
                folder,
                start=self._start(run),
                resume=not restart,
                hardware=self.hardware,
                minutes=minutes,
            )
        except torch.OutOfMemoryError:
            raise InputError(
                f"{run.recipe.name} does not fit in the accelerator's memory; lower --set batch"
            ) from None
        return done is not None

    def _clear(self, run: Run) -> None:
        """Delete what only a run in progress needs; both networks stay."""
        for name in (LAST, BEST):
            with suppress(OSError):  # the result is written; a file too many is no error
                (self.folder / run.folder / name).unlink(missing_ok=True)

    def _measured(self, run: Run) -> Result:
        folder = self.folder / run.folder
        fresh = self.fresh(run)
        return measure(
            folder,
            self._reported(run),
            device=self.hardware.device,
            workers=run.recipe.workers,
            damaged=self.plan.damaged,
            command=self.command(run, whole_paths=False),
            settings={
                **self._place(run),
                "smoke": int(self.plan.smoke),
                "selection": run.recipe.selection,
                PROTOCOL: protocol_of(run.test),
                **({FRESH: fresh} if fresh else {}),
                DIGEST: self._digest(run),
                **run_facts(folder),
            },
        )

    def _twin(self, run: Run) -> Result | None:
        """The record of another table's run that is the same, as one of this table."""
        if not self._twins:
            return None
        split = self._reported(run).fingerprint if run.test.dataset in self.copies.roots else ""
        damaged = bool(self.plan.damaged)
        twin = twin_of(self._twins, self._digest(run), run.seed, split, damaged=damaged)
        if twin is None:
            return None
        command = self.command(run, whole_paths=False)
        return replace(twin, settings={**twin.settings, **self._place(run)}, command=command)

    def _place(self, run: Run) -> dict[str, str]:
        """What a record says of its place in the table."""
        changes = {key: as_text(value) for key, value in run.settings.items() if key != "seed"}
        return {
            "table": self.plan.table.name,
            "row": run.row.name,
            "scale": self.plan.scale,
            "base": run.base,
            "changes": json.dumps(changes),
        }

    def _record(self, run: Run) -> Result | None:
        """The record of this run, if there is one; see :meth:`records` for what is compared.

        Raises:
            DataError: if there is a damaged one.
        """
        path = self.file(run)
        try:
            record = read_result(path)
        except NotFound:
            return None
        except DataError as error:
            raise DataError(
                f"{path}: is no whole record; delete it, and the run is done again ({error})"
            ) from None
        same = record.settings.get(DIGEST) == self._digest(run) and record.seed == run.seed
        if same and run.test.dataset in self.copies.roots:
            same = record.data_fingerprint == self._reported(run).fingerprint
        if not same:
            log.warning(
                "%s: is of another recipe, start or reported data, and does not count", path
            )
        return record if same else None

    def _start(self, run: Run) -> tuple[Path, ...]:
        return tuple(self.start.get(run.row.name, self.start.get("", ())))

    def _digest(self, run: Run) -> str:
        return digest(run.recipe, [self._hashes[path] for path in self._start(run)])

    def _reported(self, run: Run) -> Reported:
        key = repr(run.test)
        if key not in self._splits:
            self._splits[key] = Reported(run.test, self.copies)
        return self._splits[key]
