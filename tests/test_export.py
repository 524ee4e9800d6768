from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")
pytest.importorskip("lightning")

from torch import nn  # noqa: E402

from mien import export as exporting  # noqa: E402
from mien.card import Card, Measurement  # noqa: E402
from mien.data.ferplus import FERPlus  # noqa: E402
from mien.errors import ModelError  # noqa: E402
from mien.expressions import BASIC8  # noqa: E402
from mien.inference.session import Model  # noqa: E402
from mien.models import create_model, load_model, save_model  # noqa: E402
from mien.models.output import Output  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402
from mien.training.recipes import ferplus_cpu  # noqa: E402

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


@pytest.fixture(scope="module")
def plain(checkpoint: Path) -> exporting.Export:
    """The checkpoint, exported as it is."""
    return exporting.export(checkpoint, checkpoint.with_name("plain.onnx"), FACES, name="renamed")


@pytest.fixture
def written(plain: exporting.Export, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports of the checkpoint write this graph, as drawing it again takes seconds."""
    monkeypatch.setattr(
        exporting, "_write", lambda *given: given[-1].write_bytes(plain.path.read_bytes())
    )


def test_the_runtime_gives_the_networks_probabilities(
    checkpoint: Path, plain: exporting.Export
) -> None:
    done = plain
    assert done.images == 256
    assert done.parity < 1e-5
    assert done.attention is None
    model = Model(done.path)
    assert not model.has_attention
    assert [one.name for one in onnx.load(done.path).graph.output] == ["logits"]
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


@pytest.mark.usefixtures("written")
def test_a_difference_is_refused_and_the_old_file_stays(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "model.onnx"
    target.write_bytes(b"old")
    near, far = {"probabilities": 2e-4}, {"probabilities": 0.0, "attention": float("nan")}
    for found, words in ((near, r"probabilities .* differ by 2\.0e-04"), (far, "attention .* nan")):
        monkeypatch.setattr(exporting, "parity", lambda *_, found=found: found)
        with pytest.raises(ModelError, match=words):
            exporting.export(checkpoint, target)
        assert target.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [target]


def test_parity_sees_a_difference(plain: exporting.Export) -> None:
    other = create_model("small", classes=BASIC8, **CARD.arguments).eval()
    inputs = np.random.default_rng(0).normal(size=(4, 3, 16, 16)).astype(np.float32)
    assert exporting.parity(other, CARD, plain.path, inputs)["probabilities"] > 1e-3


@pytest.mark.usefixtures("written")
def test_numbers_go_into_the_card(checkpoint: Path, tmp_path: Path) -> None:
    number = Measurement(
        dataset="ferplus", split="train", protocol="all", images=7, values={"accuracy": 0.5}
    )
    done = exporting.export(checkpoint, tmp_path / "tiny.onnx", measurements=[number])
    assert Model(done.path).card.measurements[0] == number
    # They take the place of those of the run.
    network, card = load_model(checkpoint)
    older = [replace(number, split="validation", file="run.json")]
    save_model(network, card.with_(measurements=tuple(older)), tmp_path / "older.safetensors")
    for numbers, kept in (((), older), ([number], [number])):
        done = exporting.export(
            tmp_path / "older.safetensors", tmp_path / "tiny.onnx", measurements=numbers
        )
        assert list(Model(done.path).card.measurements[:-1]) == kept


@pytest.mark.usefixtures("written")
def test_parity_on_256_real_faces(checkpoint: Path, tmp_path: Path, shared_data: Path) -> None:
    faces = FERPlus(shared_data / "ferplus.zip", "public-test").images[:256]
    assert exporting.export(checkpoint, tmp_path / "tiny.onnx", faces).parity < exporting.PARITY


def test_eight_bits_are_the_rounded_network_in_a_quarter_of_the_size(
    checkpoint: Path, plain: exporting.Export, tmp_path: Path
) -> None:
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


# --- attention -------------------------------------------------------------------------------

# Fewer layers alike are as good here, and quicker.
FEWER = {
    **{name: {"depths": (1, 1, 1)} for name in ("dan", "lla_net")},
    **{name: {"blocks": 2} for name in ("transfer_small", "apvit_small")},
}
ATTENTIVE = {
    one.model: {**one.options, **FEWER.get(one.model, {})}
    for one in ferplus_cpu.ALL
    if one.model != "resnet"
}
MAPS = {"dan": 4, "transfer_small": 2, "lla_net": 1, "apvit_small": 1, "msa_net": 3}


def trained(name: str, path: Path, seed: int = 0) -> nn.Module:
    """A checkpoint with statistics and a classifier that are not as they were made."""
    torch.manual_seed(seed)
    options = ATTENTIVE[name]
    network = create_model(name, classes=BASIC8, **options)
    nn.init.normal_(network.classifier.weight, std=0.1)
    with torch.no_grad():
        for _ in range(3):
            network(torch.randn(8, 3, 48, 48) * 2)
    card = CARD.with_(
        architecture=name, arguments=options, preprocess=Preprocess(size=48, colour="grey")
    )
    save_model(network, card, path)
    return network.eval()


def faces_as_input(count: int) -> np.ndarray:
    preprocess = Preprocess(size=48, colour="grey")
    return preprocess.normalise(np.stack([preprocess.cut(face) for face in FACES[:count]]))


def test_all_networks_with_attention_are_looked_at() -> None:
    assert set(ATTENTIVE) == set(MAPS)


@pytest.mark.parametrize("name", MAPS)
def test_attention_is_the_second_output(name: str, tmp_path: Path) -> None:
    network = trained(name, tmp_path / "one.safetensors")
    done = exporting.export(tmp_path / "one.safetensors", tmp_path / "one.onnx", FACES[:32])
    assert done.attention is not None
    assert done.attention < 1e-5
    assert done.parity < 1e-5
    model = Model(done.path)
    assert model.card.measurements[-1].values == {
        "largest_difference_of_probabilities": done.parity,
        "largest_difference_of_attention": done.attention,
    }
    assert [one.name for one in onnx.load(done.path).graph.output] == ["logits", "attention"]
    # Other numbers of other pictures than the export has seen.
    inputs = faces_as_input(256)[200:211]
    with torch.inference_mode():
        expected = network(torch.from_numpy(inputs))
    answers, maps = model.probabilities_and_attention(inputs)
    assert maps.shape == expected.attention.shape
    assert maps.shape[:2] == (11, MAPS[name])
    assert maps.dtype == np.float32
    scale = float(expected.attention.abs().max())
    assert scale > 0
    assert expected.attention.std((2, 3)).max() > 1e-3 * scale
    np.testing.assert_allclose(maps, expected.attention.numpy(), atol=2e-5 * scale)
    probabilities = (expected.logits.double() / CARD.temperature).softmax(1).numpy()
    assert np.ptp(probabilities) > 0.01
    np.testing.assert_allclose(answers, probabilities, atol=1e-5)
    np.testing.assert_array_equal(answers, model.probabilities(inputs))


def test_attention_of_eight_bits_is_that_of_the_rounded_network(tmp_path: Path) -> None:
    network = trained("dan", tmp_path / "one.safetensors")
    done = exporting.export(tmp_path / "one.safetensors", tmp_path / "8.onnx", FACES[:8], int8=True)
    assert done.attention is not None
    assert done.attention < 1e-5
    inputs = faces_as_input(8)
    _, maps = Model(done.path).probabilities_and_attention(inputs)
    with torch.inference_mode():
        before = network(torch.from_numpy(inputs)).attention
        for weight in network.parameters():
            if weight.ndim > 1 and weight.numel() >= 1024:
                step = weight.abs().amax(tuple(range(1, weight.ndim)), keepdim=True) / 127
                weight.copy_((weight / step).round() * step)
        rounded = network(torch.from_numpy(inputs)).attention
    scale = float(rounded.max())
    np.testing.assert_allclose(maps, rounded.numpy(), atol=1e-5 * scale)
    assert float((before - rounded).abs().max()) > 1e-4 * scale


def test_parity_is_of_the_map_that_differs_most(tmp_path: Path) -> None:
    """One head of two is a hundred times the other and right; the small one is wrong by half."""

    class Heads(nn.Module):
        def __init__(self, second: float) -> None:
            super().__init__()
            self.second = second

        def forward(self, images: torch.Tensor) -> Output:
            brightness = images.abs().mean((1,), keepdim=True)
            heads = torch.cat([100 * brightness, self.second * brightness], 1)
            return Output(images.mean((2, 3)), images.mean((2, 3)), attention=heads)

    path = tmp_path / "heads.onnx"
    exporting._write(Heads(1.5), 16, path)
    inputs = np.random.default_rng(0).normal(size=(4, 3, 16, 16)).astype(np.float32)
    found = exporting.parity(Heads(1.0), CARD, path, inputs)
    assert found["probabilities"] < 1e-6
    assert found["attention"] == pytest.approx(0.5, abs=1e-5)
    assert exporting.parity(Heads(1.5), CARD, path, inputs)["attention"] < 1e-6
