"""RetinaFace with MobileNet-0.25 as its public re-implementation has it, in NumPy alone.

Names and shapes of the public file's tensors, values to put there, and what the network and
the code around it compute, written once more from the published description: nothing here
knows of mien's graph. The real weights were not at hand.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Weights = dict[str, NDArray[np.float32]]

MEAN = (104, 117, 123)  # blue, green, red
# Input channels, output channels and stride of the depthwise blocks.
BLOCKS = {
    "body.stage1": [(8, 16, 1), (16, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1)],
    "body.stage2": [(64, 128, 2), *[(128, 128, 1)] * 5],
    "body.stage3": [(128, 256, 2), (256, 256, 1)],
}
CONTEXT = {  # of ssh1, ssh2 and ssh3: input and output channels
    "conv3X3": (64, 32),
    "conv5X5_1": (64, 16),
    "conv5X5_2": (16, 16),
    "conv7X7_2": (16, 16),
    "conv7x7_3": (16, 16),
}
HEADS = {"ClassHead": 4, "BboxHead": 8, "LandmarkHead": 20}
MIN_SIZES = {8: (16, 32), 16: (64, 128), 32: (256, 512)}


def shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes of the public file, without the prefix of DataParallel."""
    found: dict[str, tuple[int, ...]] = {}

    def unit(name: str, first: int, *kernel: int) -> None:
        found[f"{name}.{first}.weight"] = kernel
        for kind in ("weight", "bias", "running_mean", "running_var"):
            found[f"{name}.{first + 1}.{kind}"] = kernel[:1]
        found[f"{name}.{first + 1}.num_batches_tracked"] = ()

    unit("body.stage1.0", 0, 8, 3, 3, 3)
    for stage, blocks in BLOCKS.items():
        for place, (before, after, _) in enumerate(blocks, int(stage == "body.stage1")):
            unit(f"{stage}.{place}", 0, before, 1, 3, 3)
            unit(f"{stage}.{place}", 3, after, before, 1, 1)
    for level, channels in enumerate((64, 128, 256), 1):
        unit(f"fpn.output{level}", 0, 64, channels, 1, 1)
    for level in (1, 2):
        unit(f"fpn.merge{level}", 0, 64, 64, 3, 3)
    for level, (part, (before, after)) in product((1, 2, 3), CONTEXT.items()):
        unit(f"ssh{level}.{part}", 0, after, before, 3, 3)
    for (head, channels), level in product(HEADS.items(), range(3)):
        found[f"{head}.{level}.conv1x1.weight"] = channels, 64, 1, 1
        found[f"{head}.{level}.conv1x1.bias"] = (channels,)
    return found


def random_weights(seed: int = 0) -> Weights:
    """Values everywhere, of sizes that keep the maps at about one."""
    rng = np.random.default_rng(seed)
    weights: Weights = {}
    for name, shape in shapes().items():
        if name.endswith("num_batches_tracked"):
            values = np.array(12880)
        elif name.endswith("running_var"):
            values = rng.uniform(0.5, 2, shape) * (4000 if name == "body.stage1.0.1" else 1)
        elif len(shape) == 4:
            values = rng.normal(0, 1.4 / np.sqrt(np.prod(shape[1:])), shape)
            values *= 0.02 if name == "body.stage1.0.0.weight" else 1
        elif name.endswith("weight"):
            values = rng.uniform(0.5, 1.5, shape)
        else:
            values = rng.normal(0, 0.5, shape)
        weights[name] = values.astype(np.int64 if not shape else np.float32)
    return weights


def spot_weights(level: int) -> Weights:
    """A network that finds blue spots, known by hand.

    It looks at the pixels whose row and column are multiples of the stride 8, 16 or 32 (level
    1, 2, 3). Where blue is b > 104, the face's logits of that cell are 0.1 (b - 104) - 8 for
    the smaller anchor and 0.0617 (b - 104) - 8 for the larger, which are never alike; elsewhere
    -8. The boxes are (1, -2, 3, -4) and (0, 0, 0, 0), the landmarks 0, 1, ..., 9 and zeros.
    """
    weights: Weights = {}
    for name, shape in shapes().items():
        values = np.zeros(shape, np.float32)
        if name.endswith("running_var"):
            values += 1 - 1e-5
        elif len(shape) == 1 and name.endswith("weight"):
            values += 1
        elif len(shape) == 4 and not name.startswith(("fpn", "ssh", *HEADS)):
            values[0, 0, shape[2] // 2, shape[3] // 2] = 1
        weights[name] = values
    weights["body.stage1.0.0.weight"] /= 10
    weights[f"fpn.output{level}.0.weight"][0, 0] = 1
    if level < 3:
        weights[f"fpn.merge{level}.0.weight"][0, 0, 1, 1] = 1
    weights[f"ssh{level}.conv3X3.0.weight"][0, 0, 1, 1] = 1
    for head in range(3):
        weights[f"ClassHead.{head}.conv1x1.bias"][:] = 1, -7, 2, -6
    weights[f"ClassHead.{level - 1}.conv1x1.weight"][:, 0, 0, 0] = 0.5, 1.5, -0.3, 0.317
    weights[f"BboxHead.{level - 1}.conv1x1.bias"][:4] = 1, -2, 3, -4
    weights[f"LandmarkHead.{level - 1}.conv1x1.bias"][:10] = range(10)
    return weights


def forward(weights: Weights, images: Array) -> tuple[Array, Array, Array]:
    """Boxes (N, A, 4), probabilities (N, A, 2) and landmarks (N, A, 10) of all anchors.

    ``images`` (N, 3, H, W) are blue, green, red without the mean.
    """

    def unit(name: str, maps: Array, first: int = 0, stride: int = 1, slope: float = 0.1) -> Array:
        maps = convolve(maps, weights[f"{name}.{first}.weight"], stride)
        scale, shift, mean, variance = (
            weights[f"{name}.{first + 1}.{kind}"].astype(np.float64)[:, None, None]
            for kind in ("weight", "bias", "running_mean", "running_var")
        )
        maps = (maps - mean) / np.sqrt(variance + 1e-5) * scale + shift
        return np.where(maps > 0, maps, slope * maps)

    maps, stages = unit("body.stage1.0", images, stride=2), []
    for stage, blocks in BLOCKS.items():
        for place, (*_, stride) in enumerate(blocks, int(stage == "body.stage1")):
            maps = unit(f"{stage}.{place}", maps, stride=stride)
            maps = unit(f"{stage}.{place}", maps, first=3)
        stages.append(maps)
    levels = [unit(f"fpn.output{one}", maps) for one, maps in enumerate(stages, 1)]
    levels[1] = unit("fpn.merge2", levels[1] + enlarged(levels[2], levels[1].shape))
    levels[0] = unit("fpn.merge1", levels[0] + enlarged(levels[1], levels[0].shape))
    answers: dict[str, list[Array]] = {head: [] for head in HEADS}
    for level, maps in enumerate(levels):
        name = f"ssh{level + 1}"
        shared = unit(f"{name}.conv5X5_1", maps)
        large = unit(f"{name}.conv7X7_2", shared)
        maps = np.concatenate(
            [
                unit(f"{name}.conv3X3", maps, slope=0),
                unit(f"{name}.conv5X5_2", shared, slope=0),
                unit(f"{name}.conv7x7_3", large, slope=0),
            ],
            1,
        )
        for head, channels in HEADS.items():
            found = convolve(maps, weights[f"{head}.{level}.conv1x1.weight"])
            found += weights[f"{head}.{level}.conv1x1.bias"][:, None, None]
            found = found.transpose(0, 2, 3, 1).reshape(len(images), -1, channels // 2)
            answers[head].append(found)
    logits, boxes, points = (np.concatenate(answers[head], 1) for head in HEADS)
    powers = np.exp(logits)
    return boxes, powers / powers.sum(-1, keepdims=True), points


def convolve(maps: Array, kernel: NDArray[np.float32], stride: int = 1) -> Array:
    """Zeros around, half the kernel wide; channel by channel if the kernel has but one."""
    border = kernel.shape[-1] // 2
    height, width = (-(-size // stride) for size in maps.shape[2:])
    maps = np.pad(maps, ((0, 0), (0, 0), (border, border), (border, border)))
    total = np.zeros((len(maps), len(kernel), height, width))
    for row, column in product(range(kernel.shape[2]), range(kernel.shape[3])):
        seen = maps[:, :, row::stride, column::stride][:, :, :height, :width]
        tap = kernel[:, :, row, column].astype(np.float64)
        single = kernel.shape[1] == 1
        total += seen * tap[:, 0, None, None] if single else np.einsum("nchw,dc->ndhw", seen, tap)
    return total


def enlarged(maps: Array, shape: tuple[int, ...]) -> Array:
    """The nearest neighbour of each place, as PyTorch counts: floor(place * old / new)."""
    sizes = zip(maps.shape[2:], shape[2:], strict=True)
    rows, columns = (np.arange(new) * old // new for old, new in sizes)
    return maps[:, :, rows][..., columns]


def priors(height: int, width: int) -> Array:
    """Centre and size of all anchors in shares of the picture (A, 4): x, y, width, height."""
    found = []
    for step, sides in MIN_SIZES.items():
        for row, column in product(range(-(-height // step)), range(-(-width // step))):
            for side in sides:
                x, y = (column + 0.5) * step / width, (row + 0.5) * step / height
                found.append((x, y, side / width, side / height))
    return np.array(found)


def decoded(boxes: Array, points: Array, height: int, width: int) -> tuple[Array, Array]:
    """Boxes (A, 4) left, top, right, bottom and landmarks (A, 5, 2) in pixels."""
    known = priors(height, width)
    centres = known[:, :2] + boxes[:, :2] * 0.1 * known[:, 2:]
    sizes = known[:, 2:] * np.exp(boxes[:, 2:] * 0.2)
    lows = centres - sizes / 2
    corners = np.concatenate([lows, lows + sizes], 1) * [width, height, width, height]
    places = [
        known[:, :2] + points[:, 2 * one : 2 * one + 2] * 0.1 * known[:, 2:] for one in range(5)
    ]
    return corners, np.stack(places, 1) * [width, height]
