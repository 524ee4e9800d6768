"""The program that makes the README's grid of explanations."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import pytest

pytest.importorskip("pytorch_grad_cam")
pytest.importorskip("matplotlib")
import torch

from mien.card import Card
from mien.expressions import BASIC8
from mien.models import create_model
from mien.models.checkpoint import save_model
from mien.preprocess import Preprocess

PROGRAM = Path(__file__).parents[1] / "docs" / "make_explanations.py"


def test_each_checkpoint_has_a_row(tmp_path: Path) -> None:
    networks = {"dan": {"width": 4, "depths": [1, 1], "heads": 2}, "apvit_small": {}}
    models = []
    for name, options in networks.items():
        torch.manual_seed(0)
        network = create_model(name, classes=8, **options).eval()
        card = Card(
            name=name,
            architecture=name,
            labels=BASIC8,
            preprocess=Preprocess(size=48),
            arguments=options,
        )
        models.append(tmp_path / f"{name}.safetensors")
        save_model(network, card, models[-1])
    grid = tmp_path / "grid.jpg"
    command = [sys.executable, str(PROGRAM), *map(str, models), "-o", str(grid)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    height, width = cv2.imread(str(grid)).shape[:2]
    # Columns of 240 pixels, APViT's row the longest; two rows with two lines of titles each.
    assert width == pytest.approx(6 * 240, abs=2)
    assert height == pytest.approx(2 * (240 + 3 * 30), abs=20)
