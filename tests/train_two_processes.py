"""Train on one process and on two, for tests.

    python train_two_processes.py FOLDER DATA

Writes FOLDER/LOSS.1 and FOLDER/LOSS.2 for each loss. This process imports everything once and
is forked for each run, and for each process of a run.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import torch
from lightning.pytorch.loggers import TensorBoardLogger  # noqa: F401
from torch.utils.tensorboard import SummaryWriter  # noqa: F401

from mien.data.loading.augmentation import Augmentation
from mien.data.loading.augmentation_steps import Affine
from mien.preprocess import Preprocess
from mien.training.copies import Copies
from mien.training.hardware import Hardware
from mien.training.objectives import CrossEntropy, Joint
from mien.training.optimisers import SGD
from mien.training.recipe import Recipe
from mien.training.run import train

# Without batch norm, whose statistics are of each process on CPUs, and without dropout.
RECIPE = Recipe(
    name="shared-out",
    model="timm",
    options={
        "backbone": "vit_tiny_patch16_224",
        "img_size": 8,
        "patch_size": 4,
        "embed_dim": 16,
        "depth": 1,
        "num_heads": 2,
    },
    preprocess=Preprocess(size=8, colour="grey"),
    augmentation=Augmentation(steps=(Affine(degrees=5),)),
    targets="soft",
    validation_share=0.2,
    optimiser=SGD(learning_rate=0.1, centre_rate=0.5),
    epochs=2,
    batch=20,
    clip_norm=1.0,
    precision="32-true",
    workers=0,
)
LOSSES = {
    "entropy": CrossEntropy(),
    "affinity": Joint(cluster="affinity", partition="none"),
}


def run(folder: Path, data: Path, loss: str, processes: int) -> None:
    """One run, in processes of its own."""
    recipe = replace(RECIPE, objective=LOSSES[loss])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    children = []
    for rank in range(processes):
        child = os.fork()
        if not child:
            if processes > 1:
                address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
                os.environ.update(address, NODE_RANK="0", LOCAL_RANK=str(rank))
            try:
                train(
                    recipe, Copies({"ferplus": data}), folder, hardware=Hardware("cpu", processes)
                )
                os._exit(0)
            except BaseException as error:
                print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
                os._exit(1)
        children.append(child)
    if any(os.waitpid(child, 0)[1] for child in children):
        raise SystemExit(f"{folder}: a process failed")


def main(folder: Path, data: Path) -> None:
    """All runs."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    for loss in LOSSES:
        for processes in (1, 2):
            run(folder / f"{loss}.{processes}", data, loss, processes)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
