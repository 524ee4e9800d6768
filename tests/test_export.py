from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from mien import export as exporting  # noqa: E402
from mien.card import Card, Measurement  # noqa: E402
from mien.data.ferplus import FERPlus  # noqa: E402
from mien.errors import ModelError  # noqa: E402
from mien.expressions import BASIC8  # noqa: E402
from mien.inference.session import Model  # noqa: E402
from mien.models import create_model, save_model  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402

CARD = Card(
    name="tiny",
    architecture="small",
    arguments={"stem": 8, "widths": [8, 16], "depths": [1, 1]},
    labels=BASIC8,
    preprocess=Preprocess(size=16, colour="grey", std=(0.25, 0.25, 0.25)),
    temperature=0.8,
)
FACES = np.random.default_rng(0).integers(0, 256, (256, 48, 48), np.uint8)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    network = create_model("small", classes=BASIC8, **CARD.arguments)
    # Statistics other than 0 and 1, so that a lost normalisation would show.
    for _ in range(20):
        network(torch.randn(32, 3, 16, 16))
    path = tmp_path_factory.mktemp("export") / "tiny.safetensors"
    save_model(network, CARD, path)
    return path


def test_the_runtime_gives_the_networks_probabilities(checkpoint: Path, tmp_path: Path) -> None:
    done = exporting.export(checkpoint, tmp_path / "tiny.onnx", FACES, name="renamed")
    assert done.images == 256
    assert done.parity < 1e-5
    model = Model(done.path)
    (found,) = model.card.measurements
    assert found.values == {"largest_difference_of_probabilities": done.parity}
    assert model.card == CARD.with_(name="renamed", measurements=(found,))
    # The exporter notes which line of which file each node comes from.
    assert str(Path(exporting.__file__).parent).encode() not in done.path.read_bytes()
    network, _ = exporting.load_model(checkpoint)
    inputs = CARD.preprocess.normalise(np.stack([CARD.preprocess.cut(face) for face in FACES]))
    with torch.inference_mode():
        logits = network(torch.from_numpy(inputs)).logits.double()
    expected = (logits / CARD.temperature).softmax(1).numpy()
    for count in (1, 7, 256):
        assert model.probabilities(inputs[:count]) == pytest.approx(expected[:count], abs=1e-5)


def test_a_difference_is_refused_and_the_old_file_stays(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "model.onnx"
    target.write_bytes(b"old")
    monkeypatch.setattr(exporting, "parity", lambda *_: 2e-4)
    with pytest.raises(ModelError, match=r"differ by 2\.0e-04"):
        exporting.export(checkpoint, target)
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_parity_sees_a_difference(checkpoint: Path, tmp_path: Path) -> None:
    done = exporting.export(checkpoint, tmp_path / "tiny.onnx")
    other = create_model("small", classes=BASIC8, **CARD.arguments).eval()
    inputs = np.random.default_rng(0).normal(size=(4, 3, 16, 16)).astype(np.float32)
    assert exporting.parity(other, CARD, done.path, inputs) > 1e-3


def test_numbers_go_into_the_card(checkpoint: Path, tmp_path: Path) -> None:
    number = Measurement(
        dataset="ferplus", split="train", protocol="all", images=7, values={"accuracy": 0.5}
    )
    done = exporting.export(checkpoint, tmp_path / "tiny.onnx", measurements=[number])
    assert Model(done.path).card.measurements[0] == number


def test_parity_on_256_real_faces(checkpoint: Path, tmp_path: Path, shared_data: Path) -> None:
    faces = FERPlus(shared_data / "ferplus.zip", "public-test").images[:256]
    assert exporting.export(checkpoint, tmp_path / "tiny.onnx", faces).parity < exporting.PARITY


def test_eight_bits_are_the_rounded_network_in_a_quarter_of_the_size(
    checkpoint: Path, tmp_path: Path
) -> None:
    plain = exporting.export(checkpoint, tmp_path / "plain.onnx", FACES)
    done = exporting.export(checkpoint, tmp_path / "small.onnx", FACES, int8=True)
    assert done.parity < 1e-5
    graph = onnx.load(done.path).graph
    packed = [one for one in graph.initializer if one.data_type == onnx.TensorProto.INT8]
    network, _ = exporting.load_model(checkpoint)
    large = [one for one in network.parameters() if one.ndim > 1 and one.numel() >= 1024]
    assert sum(int(np.prod(one.dims)) for one in packed) == sum(one.numel() for one in large)
    for tensor in packed:
        whole = onnx.numpy_helper.to_array(tensor).reshape(tensor.dims[0], -1)
        assert (np.abs(whole.astype(int)).max(1) == 127).all()
    saved = 3 * sum(one.numel() for one in large)
    assert plain.path.stat().st_size - done.path.stat().st_size == pytest.approx(saved, rel=0.1)

    inputs = CARD.preprocess.normalise(np.stack([CARD.preprocess.cut(face) for face in FACES]))
    model = Model(done.path)
    with torch.inference_mode():
        before = (network(torch.from_numpy(inputs)).logits / CARD.temperature).softmax(1)
        for weight in large:
            scale = weight.abs().amax(tuple(range(1, weight.ndim)), keepdim=True) / 127
            weight.copy_((weight / scale).round() * scale)
        rounded = (network(torch.from_numpy(inputs)).logits / CARD.temperature).softmax(1)
    assert model.probabilities(inputs) == pytest.approx(rounded.numpy(), abs=1e-5)
    (found,) = model.card.measurements
    assert found.values["largest_difference_by_rounding"] == pytest.approx(
        float((before - rounded).abs().max()), abs=1e-5
    )
    assert 0 < found.values["largest_difference_by_rounding"] < 0.05
    assert found.values["other_answers_by_rounding"] <= 5 / 256


def test_a_transformer_is_packed_too(tmp_path: Path) -> None:
    torch.manual_seed(0)
    options = {"width": 64, "blocks": 2, "heads": 2, "units": (1, 1), "widths": (16, 32)}
    network = create_model("apvit_small", classes=BASIC8, keep_patches=8, image_size=16, **options)
    card = CARD.with_(
        architecture="apvit_small", arguments={**options, "keep_patches": 8, "image_size": 16}
    )
    save_model(network, card, tmp_path / "one.safetensors")
    done = exporting.export(tmp_path / "one.safetensors", tmp_path / "one.onnx", FACES, int8=True)
    assert done.parity < 1e-5
    numbers = sum(one.numel() for one in network.parameters())
    assert done.path.stat().st_size < 1.5 * numbers + 300_000
    kept = [one for one in onnx.load(done.path).graph.initializer if one.data_type == 1]
    assert max(int(np.prod(one.dims)) for one in kept) < 4096
