"""Training as the released code of DAN and of APViT does it, for the sake of its speed.

A loop in plain PyTorch, float32 and PyTorch's own memory format, over files that Pillow decodes
and torchvision's first transforms change, one picture at a time in a loader's workers. Order
and numbers are those of the released code; networks and losses are mien's, which compute
the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from mien.losses import JointLoss
from mien.models import Output, create_model
from mien.training.parts import Parts
from mien.training.recipe import Recipe

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
WORKERS = min(4, len(os.sched_getaffinity(0)))
Loss = Callable[[Output, Tensor], Tensor]


def write_files(parts: Parts, folder: Path) -> None:
    """The training faces as files, one folder a class."""
    targets = parts.train_targets
    labels = targets.argmax(axis=1) if targets.ndim == 2 else targets
    for number in range(len(parts.train)):
        path = folder / f"{labels[number]}" / f"{number:06d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = parts.train.picture(number)
        if picture.ndim == 3:
            picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), np.uint8)
        cv2.imwrite(str(path), picture)


def dan(recipe: Recipe, parts: Parts, folder: Path, device: torch.device) -> Iterator[None]:
    """DAN on RAF-DB: batch by batch."""
    size = recipe.preprocess.size
    turn = [transforms.RandomRotation(20), transforms.RandomCrop(size, padding=size // 7)]
    change = [
        transforms.Resize((size, size)),
        transforms.RandomHorizontalFlip(),
        transforms.RandomApply(turn, p=0.2),
        transforms.ToTensor(),
        transforms.Normalize(MEAN, STD),
        transforms.RandomErasing(scale=(0.02, 0.25)),
    ]
    network = create_model(recipe.model, classes=parts.labels, **recipe.options).to(device)
    with torch.no_grad():
        width = network.eval()(torch.zeros(2, 3, size, size, device=device)).pooled.shape[1]
    joint = JointLoss(len(parts.labels), width).to(device)

    def loss(output: Output, labels: Tensor) -> Tensor:
        total: Tensor = joint(output.logits, output.pooled, output.heads, labels)
        return total

    params = [*network.parameters(), *joint.parameters()]
    optimiser = torch.optim.SGD(params, lr=0.1, weight_decay=1e-4, momentum=0.9)
    return _loop(network, loss, optimiser, _loader(folder, change, recipe.batch), device)


def apvit(recipe: Recipe, parts: Parts, folder: Path, device: torch.device) -> Iterator[None]:
    """APViT on RAF-DB: batch by batch."""
    size = recipe.preprocess.size
    jitter = transforms.ColorJitter(0.4, 0.4, 0.4, 0.1)
    change = [
        transforms.Resize((2 * size, 2 * size)),
        transforms.RandomApply([transforms.RandomRotation(6)], p=0.5),
        transforms.RandomResizedCrop(size, scale=(0.8, 1.0), ratio=(1.0, 1.0)),
        transforms.RandomHorizontalFlip(),
        transforms.RandomGrayscale(0.2),
        transforms.RandomApply([jitter], p=0.8),
        transforms.ToTensor(),
        transforms.Normalize(MEAN, STD),
        transforms.RandomErasing(0.5, (0.02, 0.33), (0.3, 3.3), value="random"),
    ]
    network = create_model(recipe.model, classes=parts.labels, **recipe.options).to(device)
    entropy = nn.CrossEntropyLoss()

    def loss(output: Output, labels: Tensor) -> Tensor:
        total: Tensor = entropy(output.logits, labels)
        return total

    optimiser = torch.optim.SGD(network.parameters(), lr=1e-3, weight_decay=5e-4, momentum=0.9)
    batches = _loader(folder, change, recipe.batch)
    return _loop(network, loss, optimiser, batches, device, clip=10.0)


def _loader(folder: Path, change: list[nn.Module], batch: int) -> DataLoader[tuple[Tensor, Tensor]]:
    return DataLoader(
        datasets.ImageFolder(str(folder), transforms.Compose(change)),
        batch_size=batch,
        shuffle=True,
        num_workers=WORKERS,
        pin_memory=torch.cuda.is_available(),
        drop_last=True,  # theirs trains on the rest too; here all batches are to be equal
    )


def _loop(
    network: nn.Module,
    loss: Loss,
    optimiser: torch.optim.Optimizer,
    batches: DataLoader[tuple[Tensor, Tensor]],
    device: torch.device,
    clip: float = 0.0,
) -> Iterator[None]:
    network.train()
    while True:
        running, right = torch.zeros((), device=device), 0
        for images, labels in batches:
            images, labels = images.to(device), labels.to(device)
            optimiser.zero_grad()
            output = network(images)
            value = loss(output, labels)
            value.backward()
            if clip:
                nn.utils.clip_grad_norm_(network.parameters(), clip)
            optimiser.step()
            running += value.detach()
            right += int((output.logits.argmax(1) == labels).sum())
            yield


AUTHORS = {"dan": dan, "apvit": apvit}
"""By mien's name of the network."""
