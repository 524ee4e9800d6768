"""Kill a run of training again and again, and tell how it ended; for tests.

    python train_killed.py FOLDER DATA KILLS SEED

Writes FOLDER/undisturbed and FOLDER/killed, and prints in which moments it has killed.
This process imports everything once and is then forked for each piece of the run, which
begins where the one before was killed. Pieces tell what they do through a pipe, and are killed
a random moment after a random number of such signs, so that the moments fall everywhere on a
slow machine as on a fast one: within steps, while checkpoints are written, in validation.
"""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.loggers import TensorBoardLogger  # noqa: F401
from torch.utils.tensorboard import SummaryWriter  # noqa: F401

import mien.training.checkpoints
import mien.training.finish
import mien.training.keeper
from mien.data.loading.augmentation import Augmentation
from mien.data.loading.augmentation_steps import MIDDLE_GREY, Affine, Erasing
from mien.preprocess import Preprocess
from mien.training.copies import Copies
from mien.training.module import TrainingModule
from mien.training.objectives import Joint
from mien.training.optimisers import SGD
from mien.training.recipe import Recipe
from mien.training.run import train
from mien.training.schedules import Cosine

RECIPE = Recipe(
    name="killed",
    model="small",
    options={"stem": 8, "widths": (8, 16), "depths": (1, 1), "dropout": 0.2},
    preprocess=Preprocess(size=8, colour="grey"),
    augmentation=Augmentation(steps=(Affine(degrees=5), Erasing(0.3, value=MIDDLE_GREY))),
    targets="soft",
    validation_share=0.2,
    objective=Joint(partition="none"),
    optimiser=SGD(learning_rate=0.1, centre_rate=0.5),
    schedule=Cosine(warm_up=0.3),
    steps=60,  # 5 epochs of 11, and a part
    batch=16,
    average_decay=0.8,
    precision="32-true",
    workers=0,
)
_LONGEST_WAIT = 0.01  # seconds between a sign and the kill: about a step


def signs(pipe: int) -> None:
    """Let this process tell when it begins a step, a validation, or to write something."""

    def telling(owner: Any, name: str) -> None:
        plain = getattr(owner, name)

        def told(*arguments: Any, **options: Any) -> Any:
            os.write(pipe, f"{name}\n".encode())
            return plain(*arguments, **options)

        setattr(owner, name, told)

    for name in ("on_train_batch_start", "on_validation_epoch_start"):
        telling(TrainingModule, name)
    for module in (mien.training.checkpoints, mien.training.keeper):
        telling(module, "write_whole")
    for name in ("save_model", "write_run"):
        telling(mien.training.finish, name)


def piece(folder: Path, data: Path, after: int, wait: float) -> str | None:
    """Run until ``after`` signs and ``wait`` seconds; what was going on then, or ``None``.

    Returns:
        The last sign; ``None`` if the run came to its end before.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        signs(writing)
        try:
            train(RECIPE, Copies({"ferplus": data}), folder)
            os._exit(0)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
    os.close(writing)
    last = None
    with os.fdopen(reading) as lines:
        for number, line in enumerate(lines, 1):
            last = line.strip()
            if number == after:
                time.sleep(wait)
                os.kill(child, signal.SIGKILL)
                break
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return last
    if status:
        raise SystemExit("a piece of the run failed")
    return None


def main(folder: Path, data: Path, kills: int, seed: int) -> None:
    """Let one run be undisturbed, and kill another ``kills`` times before it comes to its end."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    undisturbed, killed = folder / "undisturbed", folder / "killed"
    whole(undisturbed, data)
    generator = random.Random(seed)
    moments: list[str] = []
    while len(moments) < kills:
        # Sometimes a checkpoint after every step, sometimes at the ends of epochs alone.
        mien.training.keeper.SECONDS_BETWEEN = generator.choice((0.0, 0.0, 0.0, 0.02, 1e9))
        after, wait = generator.randint(1, 8), generator.uniform(0, _LONGEST_WAIT)
        moment = piece(killed, data, after, wait)
        if moment is None:
            raise SystemExit(f"the run was over after {len(moments)} kills")
        moments.append(moment)
    whole(killed, data)
    print(json.dumps(moments))


def whole(folder: Path, data: Path) -> None:
    """Run to the end."""
    mien.training.keeper.SECONDS_BETWEEN = 300.0
    if piece(folder, data, sys.maxsize, 0.0) is not None:
        raise SystemExit("nobody killed this piece")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
