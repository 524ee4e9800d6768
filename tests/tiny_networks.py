"""One narrow network of each kind, for tests that look inside, and a quick way to train them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mien.models import create_model

TRANSFORMER: dict[str, Any] = {
    **{"image_size": 24, "stages": 2, "units": (1, 1), "widths": (8, 24)},
    **{"width": 32, "blocks": 2, "heads": 4, "mlp_ratio": 2.0},
}
"""A grid of 6x6 patches of a picture of 24 pixels."""

TINY: dict[str, dict[str, Any]] = {
    "small": {"stem": 8, "widths": (16, 32), "depths": (1, 1), "dropout": 0.0},
    "dan": {"width": 24, "depths": (1,), "heads": 3},
    "lla_net": {"width": 12, "depths": (1, 1)},
    "msa_net": {
        **{"kernels": (5, 3), "width": 16, "depths": (1,), "splits": 2},
        **{"widths": (32,), "bottlenecks": (16,), "strides": (1,)},
    },
    "transfer": {**TRANSFORMER, "map_drop": 0.2, "head_drop": 0.1},
    "apvit": {**TRANSFORMER, "keep_patches": 16, "keep_rate": 0.7},
}
"""Options by the network's name; 20,000 to 50,000 parameters each."""

_RATES = {"small": 5e-3, "transfer": 3e-3, "apvit": 3e-3}
_RATE = 1e-2
_BATCH = 32


def train(name: str, images: Tensor, classes: Tensor, *, steps: int, seed: int = 0) -> nn.Module:
    """A network of :data:`TINY` that has learned a little, in eval mode.

    Args:
        name: of the network.
        images: (N, 3, 24, 24); each is shown mirrored in half of the cases.
        classes: int64 (N,).
        steps: of AdamW.
        seed: of weights and batches.
    """
    torch.manual_seed(seed)
    network = create_model(name, classes=int(classes.max()) + 1, **TINY[name])
    if name in ("transfer", "apvit"):
        _widen(network.encoder)
    rate = _RATES.get(name, _RATE)
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=0.05, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rate, total_steps=steps, pct_start=0.2
    )
    network.train()
    for _ in range(steps):
        rows = torch.randint(len(images), (_BATCH,))
        mirrored = torch.rand(_BATCH, 1, 1, 1) < 0.5
        shown = torch.where(mirrored, images[rows].flip(3), images[rows])
        loss = functional.cross_entropy(network(shown).logits, classes[rows], label_smoothing=0.05)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return network.eval()


def _widen(encoder: nn.Module) -> None:
    """Fresh weights as large as so narrow a transformer needs; its own are for 768 channels."""
    for module in encoder.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
    nn.init.normal_(encoder.pos_embed, std=0.2)
    nn.init.normal_(encoder.cls_token, std=0.2)
