"""What the authors of DAN and APViT released, built up from the specification alone.

State dicts of random values in the layouts of their files, and their forward passes straight
from such a state dict: nothing here knows of mien's networks.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from foreign_weights import Shapes, ir_unit, norm
from torch import Tensor

State = dict[str, Tensor]

IR50 = ((64, 3), (128, 4), (256, 14))
BLOCKS, HEADS, WIDTH, HIDDEN, PATCHES = 8, 8, 768, 2304, 196
KEPT, RATE = 160, 0.9


def _layer(name: str, *shape: int) -> Shapes:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def dan_shapes(classes: int = 7, heads: int = 4) -> Shapes:
    shapes: Shapes = {"features.0.weight": (64, 3, 7, 7), **norm("features.1", 64)}
    inputs = 64
    for child, outputs in zip(range(4, 8), (64, 128, 256, 512), strict=True):
        for block in range(2):
            name = f"features.{child}.{block}"
            shapes |= {f"{name}.conv1.weight": (outputs, inputs, 3, 3)}
            shapes |= norm(f"{name}.bn1", outputs)
            shapes |= {f"{name}.conv2.weight": (outputs, outputs, 3, 3)}
            shapes |= norm(f"{name}.bn2", outputs)
            if inputs != outputs:
                shapes |= {f"{name}.downsample.0.weight": (outputs, inputs, 1, 1)}
                shapes |= norm(f"{name}.downsample.1", outputs)
            inputs = outputs
    for head in range(heads):
        name = f"cat_head{head}.sa"
        shapes |= _layer(f"{name}.conv1x1.0", 256, 512, 1, 1) | norm(f"{name}.conv1x1.1", 256)
        for high, wide in ((3, 3), (1, 3), (3, 1)):
            branch = f"{name}.conv_{high}x{wide}"
            shapes |= _layer(f"{branch}.0", 512, 256, high, wide) | norm(f"{branch}.1", 512)
        name = f"cat_head{head}.ca.attention"
        shapes |= _layer(f"{name}.0", 32, 512) | norm(f"{name}.1", 32)
        shapes |= _layer(f"{name}.3", 512, 32)
    return shapes | _layer("fc", classes, 512) | norm("bn", classes)


def apvit_shapes(classes: int = 7) -> Shapes:
    shapes: Shapes = {"extractor.input_layer.0.weight": (64, 3, 3, 3)}
    shapes |= norm("extractor.input_layer.1", 64)
    shapes |= {"extractor.input_layer.2.weight": (64,)}
    inputs = 64
    for stage, (outputs, units) in enumerate(IR50):
        for unit in range(units):
            shapes |= ir_unit(f"extractor.body.{stage}.{unit}", inputs, outputs)
            inputs = outputs
    shapes |= {"vit.cls_token": (1, 1, WIDTH), "vit.patch_pos_embed": (1, PATCHES, WIDTH)}
    shapes |= {"vit.cls_pos_embed": (1, 1, WIDTH)} | _layer("vit.projs.0", WIDTH, inputs, 1, 1)
    for block in range(BLOCKS):
        name = f"vit.blocks.{block}"
        shapes |= _layer(f"{name}.norm1", WIDTH)
        shapes |= {f"{name}.attn.qkv.weight": (3 * WIDTH, WIDTH)}
        shapes |= _layer(f"{name}.attn.proj", WIDTH, WIDTH) | _layer(f"{name}.norm2", WIDTH)
        shapes |= _layer(f"{name}.mlp.fc1", HIDDEN, WIDTH)
        shapes |= _layer(f"{name}.mlp.fc2", WIDTH, HIDDEN)
    return shapes | _layer("vit.norm", WIDTH) | _layer("head.fc", classes, WIDTH)


def values(shapes: Shapes) -> State:
    """Random values under which signals neither die nor explode, float32."""
    generator = torch.Generator().manual_seed(11)
    state = {}
    for name, shape in shapes.items():
        drawn = torch.randn(shape, generator=generator)
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(len(name))
        elif name.endswith("running_var"):
            state[name] = drawn.abs() + 0.5
        elif len(shape) > 1 and name.endswith("weight"):
            state[name] = drawn * math.sqrt(1 / math.prod(shape[1:]))
        elif len(shape) == 1 and name.endswith("weight"):  # of norms, slopes of PReLU
            state[name] = 0.7 + 0.2 * drawn
        else:
            state[name] = 0.1 * drawn
    return state


def _batch_norm(state: State, name: str, x: Tensor) -> Tensor:
    mean, variance = state[f"{name}.running_mean"], state[f"{name}.running_var"]
    return F.batch_norm(x, mean, variance, state[f"{name}.weight"], state[f"{name}.bias"])


def _convolve(
    state: State, name: str, x: Tensor, stride: int = 1, padding: tuple[int, int] = (0, 0)
) -> Tensor:
    return F.conv2d(x, state[f"{name}.weight"], state.get(f"{name}.bias"), stride, padding)


def _linear(state: State, name: str, x: Tensor) -> Tensor:
    return F.linear(x, state[f"{name}.weight"], state.get(f"{name}.bias"))


def dan_logits(state: State, images: Tensor) -> Tensor:
    """Specification 1.1, evaluation."""
    x = _batch_norm(state, "features.1", _convolve(state, "features.0", images, 2, (3, 3)))
    x = F.max_pool2d(x.relu(), 3, 2, 1)
    for child in range(4, 8):
        for block in range(2):
            name = f"features.{child}.{block}"
            stride = 2 if child > 4 and block == 0 else 1
            y = _convolve(state, f"{name}.conv1", x, stride, (1, 1))
            y = _batch_norm(state, f"{name}.bn1", y).relu()
            y = _batch_norm(state, f"{name}.bn2", _convolve(state, f"{name}.conv2", y, 1, (1, 1)))
            if f"{name}.downsample.0.weight" in state:
                x = _convolve(state, f"{name}.downsample.0", x, stride)
                x = _batch_norm(state, f"{name}.downsample.1", x)
            x = (x + y).relu()
    heads = []
    while f"cat_head{len(heads)}.sa.conv1x1.0.weight" in state:
        heads.append(_dan_head(state, f"cat_head{len(heads)}", x))
    fused = torch.stack(heads, 1)
    if len(heads) > 1:
        fused = F.log_softmax(fused, 1)
    return _batch_norm(state, "bn", _linear(state, "fc", fused.sum(1)))


def _dan_head(state: State, head: str, x: Tensor) -> Tensor:
    name = f"{head}.sa.conv1x1"
    reduced = _batch_norm(state, f"{name}.1", _convolve(state, f"{name}.0", x))
    total = torch.zeros_like(x)
    for high, wide in ((3, 3), (1, 3), (3, 1)):
        name = f"{head}.sa.conv_{high}x{wide}"
        branch = _convolve(state, f"{name}.0", reduced, 1, (high // 2, wide // 2))
        total = total + _batch_norm(state, f"{name}.1", branch)
    pooled = (x * F.relu(total).sum(1, keepdim=True)).mean((2, 3))
    name = f"{head}.ca.attention"
    hidden = F.relu(_batch_norm(state, f"{name}.1", _linear(state, f"{name}.0", pooled)))
    return pooled * torch.sigmoid(_linear(state, f"{name}.3", hidden))


def apvit_logits(state: State, images: Tensor) -> Tensor:
    """Specification 2.1 (IR-50) and 4.1, evaluation, one picture at a time."""
    return torch.cat([_apvit_one(state, image) for image in images.split(1)])


def _apvit_one(state: State, image: Tensor) -> Tensor:
    x = _convolve(state, "vit.projs.0", _ir50(state, image))[0]
    scores = x.abs().sum(0).flatten()
    patches = x.flatten(1).T + state["vit.patch_pos_embed"][0]
    patches = patches[scores.topk(KEPT).indices.sort().values]
    start = state["vit.cls_token"][0] + state["vit.cls_pos_embed"][0]
    tokens = torch.cat([start, patches])
    for block in range(BLOCKS):
        tokens = _block(state, f"vit.blocks.{block}", tokens, RATE if block >= BLOCKS // 2 else 1)
    return _linear(state, "head.fc", _layer_norm(state, "vit.norm", tokens)[:1])


def _ir50(state: State, x: Tensor) -> Tensor:
    x = _convolve(state, "extractor.input_layer.0", x, 1, (1, 1))
    x = _batch_norm(state, "extractor.input_layer.1", x)
    x = F.prelu(x, state["extractor.input_layer.2.weight"])
    for stage, (_, units) in enumerate(IR50):
        for unit in range(units):
            name, stride = f"extractor.body.{stage}.{unit}", 2 if unit == 0 else 1
            y = _batch_norm(state, f"{name}.res_layer.0", x)
            y = _convolve(state, f"{name}.res_layer.1", y, 1, (1, 1))
            y = F.prelu(y, state[f"{name}.res_layer.2.weight"])
            y = _convolve(state, f"{name}.res_layer.3", y, stride, (1, 1))
            y = _batch_norm(state, f"{name}.res_layer.4", y)
            if f"{name}.shortcut_layer.0.weight" in state:
                x = _convolve(state, f"{name}.shortcut_layer.0", x, stride)
                x = _batch_norm(state, f"{name}.shortcut_layer.1", x)
            else:
                x = F.max_pool2d(x, 1, stride)
            x = x + y
    return x


def _layer_norm(state: State, name: str, x: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"], 1e-6)


def _block(state: State, name: str, tokens: Tensor, rate: float) -> Tensor:
    """Tokens (1 + n, width), the class token first."""
    qkv = _linear(state, f"{name}.attn.qkv", _layer_norm(state, f"{name}.norm1", tokens))
    size = WIDTH // HEADS
    # Columns of qkv: what it is for, then the head, then the place in the head.
    queries, keys, given = (
        part.unflatten(1, (HEADS, size)).transpose(0, 1) for part in qkv.split(WIDTH, 1)
    )
    scores = queries @ keys.mT * size**-0.5
    attended = (scores.softmax(-1) @ given).transpose(0, 1).flatten(1)
    tokens = tokens + _linear(state, f"{name}.attn.proj", attended)
    if rate < 1:
        kept = max(math.floor(rate * (len(tokens) - 1)), 1)
        best = scores[:, 0, 1:].sum(0).topk(kept).indices.sort().values
        tokens = torch.cat([tokens[:1], tokens[1:][best]])
    hidden = F.gelu(_linear(state, f"{name}.mlp.fc1", _layer_norm(state, f"{name}.norm2", tokens)))
    return tokens + _linear(state, f"{name}.mlp.fc2", hidden)
