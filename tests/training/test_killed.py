"""A run that is killed at any moment ends as if nothing had happened: done when of training."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import ferplus_copy
import pytest

pytest.importorskip("lightning")
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="pieces of the run are forks")

SCRIPT = Path(__file__).parent.parent / "train_killed.py"
KILLS = 20


def test_a_run_killed_twenty_times_is_as_an_undisturbed_one(tmp_path: Path) -> None:
    data = ferplus_copy.write_folders(
        tmp_path / "data", {"FER2013Train": ferplus_copy.make_faces(240)}
    )
    command = [sys.executable, str(SCRIPT), str(tmp_path), str(data), str(KILLS), "1"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    moments = json.loads(done.stdout)
    assert len(moments) == KILLS
    assert {"on_train_batch_start", "write_whole"} <= set(moments)
    one, other = (
        json.loads((tmp_path / name / "run.json").read_text()) for name in ("undisturbed", "killed")
    )
    assert [epoch["step"] for epoch in one["history"]] == [11, 22, 33, 44, 55, 60]
    for key in ("history", "chosen_epoch", "data", "settings"):
        assert one[key] == other[key], key
    for name in ("model.safetensors", "last.safetensors"):
        written = [(tmp_path / run / name).read_bytes() for run in ("undisturbed", "killed")]
        assert written[0] == written[1], name
