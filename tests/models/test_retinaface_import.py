"""The public weights of RetinaFace become a detector that answers as their network does.

The real weights were not at hand: random values in the layout of the public file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402
from retinaface_weights import MEAN, Weights, random_weights, shapes, spot_weights  # noqa: E402
from torch import Tensor  # noqa: E402

from mien.cli import main  # noqa: E402
from mien.errors import ModelError, NotFound, OutputError  # noqa: E402
from mien.faces import RetinaFace, create_detector  # noqa: E402
from mien.faces.retinaface_graph import OUTPUTS  # noqa: E402
from mien.faces.session import open_session  # noqa: E402
from mien.models.retinaface import import_retinaface  # noqa: E402


def write(path: Path, weights: Weights, prefix: str = "module.", **options: bool) -> Path:
    torch.save({prefix + name: torch.tensor(one) for name, one in weights.items()}, path, **options)
    return path


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("public") / "mobilenet0.25_Final.pth", random_weights(1))


def forward(state: dict[str, Tensor], images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Boxes, probabilities and landmarks of all anchors, as the public network gives them."""

    def normal(name: str, maps: Tensor, stride: int = 1, groups: int = 1, place: int = 0) -> Tensor:
        kernel = state[f"{name}.{place}.weight"]
        maps = F.conv2d(
            maps, kernel, stride=stride, padding=(kernel.shape[-1] - 1) // 2, groups=groups
        )
        weight, bias, mean, variance = (
            state[f"{name}.{place + 1}.{kind}"]
            for kind in ("weight", "bias", "running_mean", "running_var")
        )
        return F.batch_norm(maps, mean, variance, weight, bias)

    def separable(name: str, maps: Tensor, stride: int) -> Tensor:
        maps = F.leaky_relu(normal(name, maps, stride, maps.shape[1]), 0.1)
        return F.leaky_relu(normal(name, maps, place=3), 0.1)

    maps = F.leaky_relu(normal("body.stage1.0", images, 2), 0.1)
    stages = []
    for stage, strides in enumerate(((0, 1, 2, 1, 2, 1), (2, 1, 1, 1, 1, 1), (2, 1)), 1):
        for place, stride in enumerate(strides):
            if stride:
                maps = separable(f"body.stage{stage}.{place}", maps, stride)
        stages.append(maps)
    low, middle, high = (
        F.leaky_relu(normal(f"fpn.output{level}", maps), 0.1)
        for level, maps in enumerate(stages, 1)
    )
    middle = middle + F.interpolate(high, size=middle.shape[2:], mode="nearest")
    middle = F.leaky_relu(normal("fpn.merge2", middle), 0.1)
    low = low + F.interpolate(middle, size=low.shape[2:], mode="nearest")
    low = F.leaky_relu(normal("fpn.merge1", low), 0.1)
    found: dict[str, list[Tensor]] = {"ClassHead": [], "BboxHead": [], "LandmarkHead": []}
    for level, maps in enumerate((low, middle, high)):
        name = f"ssh{level + 1}"
        five = F.leaky_relu(normal(f"{name}.conv5X5_1", maps), 0.1)
        seven = F.leaky_relu(normal(f"{name}.conv7X7_2", five), 0.1)
        parts = [normal(f"{name}.conv3X3", maps)]
        parts += [normal(f"{name}.conv5X5_2", five), normal(f"{name}.conv7x7_3", seven)]
        maps = F.relu(torch.cat(parts, 1))
        for head, answers in found.items():
            one = f"{head}.{level}.conv1x1"
            answer = F.conv2d(maps, state[f"{one}.weight"], state[f"{one}.bias"])
            width = answer.shape[1] // 2
            answers.append(answer.permute(0, 2, 3, 1).reshape(len(images), -1, width))
    logits, boxes, points = (torch.cat(answers, 1) for answers in found.values())
    return boxes, F.softmax(logits, -1), points


@pytest.mark.parametrize("size", [(96, 128), (70, 45), (31, 97)])
def test_the_file_answers_as_the_public_network(
    source: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    import_retinaface(source, tmp_path / "new" / "retinaface.onnx")
    content = (tmp_path / "new" / "retinaface.onnx").read_bytes()
    session = open_session(content, "retinaface", threads=1)
    pixels = np.random.default_rng(2).integers(0, 256, (2, *size, 3), dtype=np.uint8)
    answers = session.run(OUTPUTS, {"pixels": pixels})
    images = torch.from_numpy(pixels[..., ::-1].astype(np.float32) - np.array(MEAN, np.float32))
    state = {name: torch.from_numpy(one) for name, one in random_weights(1).items() if one.ndim}
    with torch.inference_mode():
        expected = forward(state, images.permute(0, 3, 1, 2))
    ours = [one.reshape(2, 2, 15, *one.shape[2:]).transpose(0, 3, 4, 1, 2) for one in answers]
    whole = np.concatenate([one.reshape(2, -1, 15) for one in ours], 1)
    assert len(state) == 253
    assert float(expected[1][..., 1].std()) > 0.01
    np.testing.assert_allclose(whole[..., 1:5], expected[0], atol=1e-4)
    np.testing.assert_allclose(1 / (1 + np.exp(-whole[..., 0])), expected[1][..., 1], atol=1e-4)
    np.testing.assert_allclose(whole[..., 5:], expected[2], atol=1e-4)


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("legacy", [False, True])
def test_from_the_public_file_to_faces(
    prefix: str, legacy: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mobilenet0.25_Final.pth"
    write(path, spot_weights(1), prefix, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(ModelError, match="mien import-checkpoint --model retinaface"):
        RetinaFace(path)
    output = tmp_path / "my files" / "retinaface.onnx"
    arguments = ["import-checkpoint", "--model", "retinaface", str(path), "-o", str(output)]
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert said.out == f"{output}: use it with --detector retinaface --detector-model '{output}'\n"
    assert said.err == ""
    assert sorted(one.name for one in output.parent.iterdir()) == ["retinaface.onnx"]
    note = onnx.load(output).doc_string
    assert note.startswith("RetinaFace from mobilenet0.25_Final.pth, SHA-256 ")
    assert len(note.split()[-1]) == 64
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[24, 40, 2] = 204
    detector = create_detector("retinaface", model=output, min_face=8, threads=1)
    ((face,),) = detector([picture])
    assert face.score == pytest.approx(1 / (1 + np.exp(-2)), abs=1e-4)


def test_other_files_are_refused_in_one_line(source: Path, tmp_path: Path) -> None:
    weights = random_weights(1)
    state = {name: one for name, one in weights.items() if not name.startswith("ssh3")}
    half = write(tmp_path / "half.pth", state)
    resnet = write(tmp_path / "Resnet50_Final.pth", {"body.layer1.0.conv1.weight": np.zeros(1)})
    infinite = {**weights, "fpn.merge1.0.weight": np.full((64, 64, 3, 3), np.inf, np.float32)}
    import_retinaface(source, tmp_path / "retinaface.onnx")
    before = (tmp_path / "retinaface.onnx").read_bytes()
    cases = {
        half: r"; 25 missing: ssh3\.conv3X3\.0\.weight, .* and 22 more$",
        resnet: "RetinaFace with ResNet-50; give the weights with MobileNet-0.25",
        write(tmp_path / "infinite.pth", infinite): "fpn.merge1.0.weight holds NaN or infinite",
        tmp_path / "retinaface.onnx": "neither a safetensors file nor one of torch.save",
    }
    for path, message in cases.items():
        with pytest.raises(ModelError, match=message) as caught:
            import_retinaface(path, tmp_path / "retinaface.onnx")
        assert str(caught.value).startswith(str(path))
        assert "\n" not in str(caught.value)
    with pytest.raises(NotFound):
        import_retinaface(tmp_path / "none.pth", tmp_path / "retinaface.onnx")
    assert (tmp_path / "retinaface.onnx").read_bytes() == before
    assert not list(tmp_path.glob("*.partial"))
    with pytest.raises(OutputError, match="cannot be written") as failed:
        import_retinaface(source, half / "retinaface.onnx")
    assert "Errno" not in str(failed.value)
    assert "partial" not in str(failed.value)
    with pytest.raises(OutputError, match=f"^{tmp_path}: this is a folder; name a file in it"):
        import_retinaface(source, tmp_path)
    with pytest.raises(NotFound, match=f"^{tmp_path}: this is a folder; name the file of weights"):
        import_retinaface(tmp_path, tmp_path / "retinaface.onnx")


def test_half_precision_is_read(tmp_path: Path) -> None:
    state = {name: torch.tensor(one) for name, one in spot_weights(2).items()}
    state = {name: one.half() if one.ndim else one for name, one in state.items()}
    torch.save({"state_dict": state}, tmp_path / "half.pth")
    import_retinaface(tmp_path / "half.pth", tmp_path / "retinaface.onnx")
    assert len(shapes()) == len(state)
    RetinaFace(tmp_path / "retinaface.onnx", threads=1)


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--dataset", "rafdb"], 2, "retinaface has none"),
        (["-o", "{source}"], 2, "write to another"),
    ],
)
def test_wrong_use_is_one_line(
    options: list[str],
    code: int,
    message: str,
    source: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = source.read_bytes()
    output = tmp_path / "retinaface.onnx"
    arguments = ["import-checkpoint", str(source), "--model", "retinaface", "-o", str(output)]
    assert main([*arguments, *(one.format(source=source) for one in options)]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert message in said.err
    assert said.err.count("\n") == 1
    assert source.read_bytes() == before
    assert not output.exists()
