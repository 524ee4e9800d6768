"""What every network of the papers must be able to do, each at its smallest size."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

import mien.models.apvit  # noqa: E402
import mien.models.dan  # noqa: E402
import mien.models.lla_net  # noqa: E402
import mien.models.msa_net  # noqa: E402
import mien.models.transfer  # noqa: E402, F401
from mien.data.ferplus import FERPlus  # noqa: E402
from mien.errors import ModelError, TensorError  # noqa: E402
from mien.expressions import BASIC8  # noqa: E402
from mien.models import Output, create_model  # noqa: E402

RESIDUAL = {"width": 16, "depths": (1, 1)}
MULTI_SCALE = {
    **{"kernels": (5, 3), "width": 16, "depths": (1,)},
    **{"widths": (32,), "bottlenecks": (16,), "strides": (2,), "splits": 2},
}
TRANSFORMER = {
    **{"image_size": 32, "stages": 2, "units": (1, 1), "widths": (8, 16)},
    **{"width": 16, "blocks": 2, "heads": 2, "mlp_ratio": 2.0},
}


class Case(NamedTuple):
    """A network, and the sizes of picture that it is tried with.

    Attributes:
        stride: pixels of the picture for one position of the maps of attention.
        rate: of learning, with which it learns a few faces by heart.
        sizes: others than ``size``, height by width.
    """

    name: str
    options: dict[str, Any]
    stride: int
    size: int = 32
    rate: float = 3e-3
    sizes: tuple[tuple[int, int], ...] = ((48, 48), (33, 70))


CASES = [
    Case("dan", {**RESIDUAL, "heads": 2}, stride=8),
    Case("lla_net", RESIDUAL, stride=4),
    Case("msa_net", MULTI_SCALE, stride=8),
    Case(
        "transfer",
        {**TRANSFORMER, "map_drop": 0.2, "head_drop": 0.1},
        stride=4,
        sizes=((48, 48), (32, 64)),
    ),
    Case(
        "apvit",
        {**TRANSFORMER, "keep_patches": 40, "keep_rate": 0.8},
        stride=4,
        sizes=((48, 48), (32, 64)),
    ),
]


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


def build(case: Case, classes: int = 8) -> nn.Module:
    """With fixed weights, and statistics and a classifier that are not those of a fresh one."""
    torch.manual_seed(0)
    network = create_model(case.name, classes=classes, **case.options)
    with torch.no_grad():
        for _ in range(3):
            network(pictures(case, 8))
    nn.init.normal_(network.classifier.weight, 0, 0.3)
    return network.eval()


def pictures(case: Case, number: int = 4) -> Tensor:
    return torch.randn(number, 3, case.size, case.size)


def largest(one: Tensor, other: Tensor) -> float:
    """Difference, as a share of the largest value."""
    return float((one.float() - other.float()).abs().max() / other.abs().max())


@torch.inference_mode()
def test_a_picture_gives_the_same_alone_and_in_company(case: Case) -> None:
    network = build(case)
    images = pictures(case)
    together = network(images)
    for number in range(len(images)):
        alone = network(images[number : number + 1])
        assert largest(alone.logits[0], together.logits[number]) < 1e-4
        assert largest(alone.attention[0], together.attention[number]) < 1e-4


@pytest.mark.parametrize("classes", [2, 7, 100])
@torch.inference_mode()
def test_any_number_of_classes(case: Case, classes: int) -> None:
    output = build(case, classes)(pictures(case, 3))
    assert output.logits.shape == (3, classes)
    assert output.logits.std(0).min() > 0


@torch.inference_mode()
def test_any_size_that_the_strides_allow(case: Case) -> None:
    network = build(case)
    for size in ((case.size, case.size), *case.sizes):
        output: Output = network(torch.randn(2, 3, *size))
        assert output.attention.shape[2:] == tuple(-(-side // case.stride) for side in size)
        assert torch.isfinite(output.logits).all()
        assert largest(output.logits[0], output.logits[1]) > 1e-3


def test_every_weight_learns(case: Case) -> None:
    network = build(case).train()
    output = network(pictures(case, 8))
    nn.functional.cross_entropy(output.logits, torch.arange(8)).backward()
    for name, weight in network.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name


def test_compiled_whole_it_is_the_same(case: Case) -> None:
    torch.compiler.reset()
    network, images = build(case), pictures(case)
    compiled = torch.compile(network, fullgraph=True, backend="eager")
    with torch.inference_mode():
        assert largest(compiled(images).logits, network(images).logits) < 1e-4
    compiled.train()
    compiled(images).logits.sum().backward()


@torch.inference_mode()
def test_bfloat16_by_autocast(case: Case) -> None:
    network, images = build(case), pictures(case)
    with torch.autocast("cpu", torch.bfloat16):
        half = network(images)
    assert torch.isfinite(half.logits).all()
    assert largest(half.features, network(images).features) < 0.1


@torch.inference_mode()
def test_channels_last(case: Case) -> None:
    network, images = build(case), pictures(case)
    expected = network(images).logits
    network = network.to(memory_format=torch.channels_last)
    found = network(images.to(memory_format=torch.channels_last)).logits
    assert largest(found, expected) < 1e-4


@pytest.mark.filterwarnings("ignore")  # the exporter's own deprecations
def test_onnx_at_other_batch_sizes_than_the_examples(case: Case, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    exporting = pytest.importorskip("mien.export")
    import onnxruntime

    network = build(case)
    path = tmp_path / "network.onnx"
    exporting._write(network, case.size, path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for number in (1, 3):
        images = pictures(case, number)
        (found,) = session.run(["logits"], {"images": images.numpy()})
        with torch.inference_mode():
            expected = network(images).logits
        assert np.abs(found - expected.numpy()).max() < 1e-4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda images: images[:, :1], r"pictures are \(N, 3, H, W\), not \(4, 1, "),
        (lambda images: images[0], r"pictures are \(N, 3, H, W\), not \(3, "),
        (lambda images: (images * 255).to(torch.uint8), "floating point, not torch.uint8"),
        (lambda images: images.clone().fill_(torch.nan), "NaN or infinite"),
        (lambda images: images / 0, "NaN or infinite"),
    ],
)
def test_wrong_pictures_are_refused(case: Case, change: Any, message: str) -> None:
    network = create_model(case.name, classes=2, **case.options).eval()
    with pytest.raises(TensorError, match=message):
        network(change(pictures(case)))


def test_a_network_without_classes_is_refused(case: Case) -> None:
    with pytest.raises(ModelError, match="classes is 0"):
        create_model(case.name, classes=0, **case.options)


@pytest.fixture(scope="module")
def faces(shared_data: Path) -> tuple[np.ndarray, Tensor]:
    """32 real faces, four of each expression where there are as many, and their classes."""
    split = FERPlus(shared_data / "ferplus.zip", "public-test")
    votes = split.votes[:, : len(BASIC8)]
    best = votes.argmax(axis=1)
    clear = votes.max(axis=1) > 0.5 * split.votes.sum(axis=1)
    chosen = [np.flatnonzero(clear & (best == label))[:4] for label in range(len(BASIC8))]
    rows = np.concatenate(chosen)
    return split.images[rows], torch.from_numpy(best[rows])


def test_it_learns_32_real_faces_by_heart(case: Case, faces: tuple[np.ndarray, Tensor]) -> None:
    pixels, labels = faces
    assert len(pixels) == 32
    sized = np.stack([cv2.resize(one, (case.size, case.size)) for one in pixels])
    images = (torch.from_numpy(sized).float() / 255 - 0.5)[:, None].expand(-1, 3, -1, -1) / 0.25
    torch.manual_seed(0)
    network = create_model(case.name, classes=len(BASIC8), **case.options)
    optimiser = torch.optim.AdamW(network.parameters(), case.rate)
    for _ in range(40):
        network.train()
        for _ in range(10):
            optimiser.zero_grad()
            nn.functional.cross_entropy(network(images).logits, labels).backward()
            optimiser.step()
        with torch.inference_mode():
            right = network.eval()(images).logits.argmax(1) == labels
        if right.all():
            return
    pytest.fail(f"{int(right.sum())} of 32 faces after 400 steps")
