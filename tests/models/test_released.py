"""Authors' checkpoints: every tensor in its place, the authors' logits, a true card."""

from __future__ import annotations

import collections
import hashlib
import math
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from foreign_weights import ir50_shapes  # noqa: E402
from released_files import (  # noqa: E402
    State,
    apvit_logits,
    apvit_shapes,
    dan_logits,
    dan_shapes,
    values,
)

from mien.card import Card  # noqa: E402
from mien.errors import InputError, ModelError, NotFound, UnknownName  # noqa: E402
from mien.expressions import BASIC7  # noqa: E402
from mien.models import create_model, load_model, save_model  # noqa: E402
from mien.models.released import import_released  # noqa: E402
from mien.preprocess import Preprocess  # noqa: E402

AFFECTNET = "neutral, happiness, sadness, surprise, fear, disgust, anger, contempt"


def write(path: Path, state: State, *, key: str = "model_state_dict", module: bool = True) -> Path:
    start = "module." if module else ""
    optimiser = {"state": {0: {"momentum_buffer": torch.zeros(3)}}, "param_groups": [{"lr": 0.1}]}
    named = {start + name: value for name, value in state.items()}
    torch.save({"iter": 21, key: named, "optimizer_state_dict": optimiser}, path)
    return path


@pytest.fixture(scope="module")
def dan() -> State:
    """A DAN of one head, which is the quickest."""
    return values(dan_shapes(heads=1))


@pytest.fixture(scope="module")
def dan_file(dan: State, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("released") / "dan.pth", dan)


def test_the_layouts_are_those_of_the_released_files() -> None:
    def parameters(shapes: dict[str, tuple[int, ...]]) -> int:
        counted = ("running_mean", "running_var", "num_batches_tracked")
        return sum(math.prod(s) for name, s in shapes.items() if not name.endswith(counted))

    assert len(dan_shapes()) == 275
    assert parameters(dan_shapes()) == 19_723_733
    assert parameters(dan_shapes(classes=8)) == 19_724_248
    assert parameters(dan_shapes(heads=1)) == 13_316_021
    assert len(apvit_shapes()) == 389
    assert parameters(apvit_shapes()) == 65_209_543


@pytest.mark.parametrize(
    ("dataset", "classes", "heads"),
    [("rafdb", 7, 4), ("affectnet8", 8, 2), ("affectnet7", 7, 1)],
)
def test_dan_answers_as_its_authors_network(
    dataset: str, classes: int, heads: int, tmp_path: Path
) -> None:
    state = values(dan_shapes(classes, heads))
    network, card = import_released("dan", write(tmp_path / "dan.pth", state), dataset=dataset)
    assert not network.training
    assert card.arguments == {"heads": heads}
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(2, 3, 96, 64, generator=generator)
    with torch.inference_mode():
        torch.testing.assert_close(
            network(images).logits, dan_logits(state, images), rtol=1e-5, atol=1e-5
        )
        exact = {name: value.double() for name, value in state.items()}
        expected = dan_logits(exact, images.double())
        found = network.double()(images.double()).logits
    assert (found - expected).abs().max() < 1e-8
    assert expected.std() > 1  # the answer is not the same whatever is asked
    assert (expected[0] - expected[1]).abs().max() > 0.1


def test_apvit_answers_as_its_authors_network_and_keeps_to_it(tmp_path: Path) -> None:
    state = values(apvit_shapes())
    path = write(tmp_path / "apvit.pth", state, key="state_dict", module=False)
    network, card = import_released("apvit", path)
    assert not network.training
    counters = [name for name in state if name.endswith("num_batches_tracked")]
    assert sorted(
        int(value)
        for name, value in network.state_dict().items()
        if name.endswith("num_batches_tracked")
    ) == sorted(int(state[name]) for name in counters)

    save_model(network, card, tmp_path / "apvit.safetensors")
    again, found = load_model(tmp_path / "apvit.safetensors")
    assert found == card
    assert all(
        torch.equal(value, again.state_dict()[n]) for n, value in network.state_dict().items()
    )
    generator = torch.Generator().manual_seed(2)
    images = torch.randn(1, 3, 112, 112, generator=generator).double()
    with torch.inference_mode():
        output = again.double()(images)
        exact = {name: value.double() for name, value in state.items()}
        expected = apvit_logits(exact, images)
    assert (output.logits - expected).abs().max() < 1e-8
    assert [kept.shape[1] for kept in output.kept] == [160, 144, 129, 116, 104]


@pytest.mark.parametrize(
    ("dataset", "classes", "labels", "source"),
    [
        (
            "rafdb",
            7,
            "surprise, fear, disgust, happiness, sadness, anger, neutral",
            "RAF-DB (Li et al. 2017)",
        ),
        ("affectnet7", 7, AFFECTNET.removesuffix(", contempt"), "AffectNet"),
        ("affectnet8", 8, AFFECTNET, "AffectNet"),
    ],
)
def test_the_card_of_a_dan(
    dataset: str, classes: int, labels: str, source: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "some.pth", values(dan_shapes(classes, heads=1)))
    _, card = import_released("dan", path, dataset=dataset)
    assert (card.name, card.architecture) == (f"dan-{dataset}", "dan")
    assert str(card.labels) == labels
    assert card.data.startswith(source)
    assert source.split()[0] in card.data_licence
    assert "non-commercial" in card.data_licence
    assert card.recipe.startswith("released by the authors (some.pth, SHA-256 ")
    assert hashlib.sha256(path.read_bytes()).hexdigest() in card.recipe
    assert card.temperature == 1
    assert "Not calibrated" in card.limits
    assert "MS-Celeb-1M" in card.data
    assert card.measurements == ()
    assert Card.from_json(card.to_json()) == card
    assert (card.preprocess.size, card.preprocess.colour) == (224, "rgb")
    assert card.preprocess.align == "square"


def test_eight_classes_leave_but_one_data_set(tmp_path: Path) -> None:
    path = write(tmp_path / "dan.pth", values(dan_shapes(8, heads=1)))
    assert import_released("dan", path)[1].name == "dan-affectnet8"


@pytest.mark.parametrize(
    ("key", "module", "legacy"),
    [("model_state_dict", True, False), ("state_dict", False, True), (None, True, True)],
)
def test_wrappings(key: str | None, module: bool, legacy: bool, dan: State, tmp_path: Path) -> None:
    start = "module." if module else ""
    named = collections.OrderedDict((start + name, value) for name, value in dan.items())
    named._metadata = {"": {"version": 1}}  # type: ignore[attr-defined]
    content = named if key is None else {"iter": 3, key: named, "meta": {"CLASSES": ["anger"]}}
    torch.save(content, tmp_path / "dan.pth", _use_new_zipfile_serialization=not legacy)
    network, _ = import_released("dan", tmp_path / "dan.pth", dataset="rafdb")
    assert torch.equal(network.classifier.weight, dan["fc.weight"])
    assert torch.equal(network.norm.running_var, dan["bn.running_var"])


def test_dan_prepares_pictures_as_its_authors(dan_file: Path) -> None:
    """A whole crop, resized; ImageNet's numbers in RGB."""
    preprocess = import_released("dan", dan_file, dataset="rafdb")[1].preprocess
    picture = np.zeros((100, 100, 3), np.uint8) + np.array([200, 100, 50], np.uint8)
    values = preprocess(picture)
    assert values.shape == (3, 224, 224)
    expected = (np.array([200, 100, 50]) - (123.675, 116.28, 103.53)) / (58.395, 57.12, 57.375)
    assert np.allclose(values, expected[:, None, None], atol=1e-5)


def test_apvit_prepares_pictures_as_its_authors() -> None:
    from mien.models.released_layouts import RELEASES

    release = RELEASES["apvit"]
    labels = release.trainings["rafdb"].labels
    assert str(labels) == "anger, disgust, fear, sadness, happiness, surprise, neutral"
    # In the authors' pictures of 224 the landmarks lie at twice face.evoLVe's places, counted
    # from the middle of the first pixel. Such a picture is only made smaller, by 2.
    points = np.array(
        [(38.29, 51.70), (73.53, 51.50), (56.03, 71.74), (41.55, 92.37), (70.73, 92.2)]
    )
    aligned = np.random.default_rng(3).integers(0, 256, (224, 224, 3), np.uint8)
    box = (60.0, 50.0, 110.0, 150.0)
    found = release.preprocess(aligned, box, 2 * points + 0.5)
    means = aligned.reshape(112, 2, 112, 2, 3).mean((1, 3))
    expected = (means - (123.675, 116.28, 103.53)) / (58.395, 57.12, 57.375)
    assert found.shape == (3, 112, 112)
    assert np.abs(found - expected.transpose(2, 0, 1)).max() < 1 / 57  # of rounding to bytes
    assert np.array_equal(found, release.preprocess(aligned))


def altered(dan: State, kind: str) -> State:
    state = dict(dan)
    if kind == "missing":
        del state["cat_head0.sa.conv_1x3.1.running_var"]
    elif kind == "surplus":
        state["centers"] = torch.zeros(8, 512)
    elif kind == "shape":
        state["features.7.1.conv2.weight"] = torch.zeros(512, 512, 1, 1)
    elif kind == "counter":
        state["bn.num_batches_tracked"] = torch.tensor(1.0)
    elif kind == "heads":
        state |= {n.replace("head0", "head2"): v for n, v in dan.items() if "cat_head0" in n}
    elif kind == "classifier":
        del state["fc.weight"]
    elif kind == "six":
        state |= {
            name: v[:6] for name, v in dan.items() if name.startswith(("fc.", "bn.")) and v.ndim
        }
    elif kind == "infinite":
        state["fc.bias"] = torch.full((7,), math.inf)
    return state


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("missing", r"not a dan as released; 1 missing: cat_head0\.sa\.conv_1x3\.1\.running_var$"),
        ("surplus", r"1 without a place: centers$"),
        (
            "shape",
            r"1 of another shape: .*\.conv2\.weight \(512, 512, 1, 1\) for \(512, 512, 3, 3\)$",
        ),
        ("counter", r"1 of another shape: bn\.num_batches_tracked"),
        ("heads", r"37 missing: cat_head1\..*, \.\.\.; 37 without a place: cat_head2\..*, \.\.\.$"),
        ("classifier", r"has no classifier fc\.weight"),
        ("six", r"has 6 classes, but rafdb has 7 \(surprise, "),
        ("infinite", r"fc\.bias holds NaN or infinite"),
    ],
)
def test_files_that_are_not_whole(kind: str, message: str, dan: State, tmp_path: Path) -> None:
    path = write(tmp_path / "dan.pth", altered(dan, kind))
    with pytest.raises(ModelError, match=message) as caught:
        import_released("dan", path, dataset="rafdb")
    assert "\n" not in str(caught.value)


def test_classes_and_data_sets_that_do_not_fit(dan: State, dan_file: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"7 classes are those of rafdb and affectnet7.*--dataset"):
        import_released("dan", dan_file)
    with pytest.raises(ModelError, match=r"has 7 classes, but affectnet8 has 8 \(neutral, "):
        import_released("dan", dan_file, dataset="affectnet8")
    with pytest.raises(UnknownName, match="data set of dan's checkpoints is called 'ferplus'"):
        import_released("dan", dan_file, dataset="ferplus")
    with pytest.raises(UnknownName, match="known: rafdb"):
        import_released("apvit", dan_file, dataset="affectnet8")
    with pytest.raises(UnknownName, match="known: apvit, dan"):
        import_released("resnet18", dan_file)
    six = write(tmp_path / "six.pth", altered(dan, "six"))
    with pytest.raises(ModelError, match=r"6 classes; .* rafdb 7, affectnet7 7, affectnet8 8"):
        import_released("dan", six)


def test_files_of_another_kind_are_called_by_their_name(dan_file: Path, tmp_path: Path) -> None:
    few = [name for name in apvit_shapes() if name.startswith(("extractor.input", "head."))]
    other = write(tmp_path / "apvit.pth", dict.fromkeys(few, torch.zeros(1)), key="state_dict")
    with pytest.raises(ModelError, match=r"of apvit's authors; .* --model apvit"):
        import_released("dan", other, dataset="rafdb")
    with pytest.raises(ModelError, match=r"of dan's authors; .* --model dan"):
        import_released("apvit", dan_file)

    stem = dict.fromkeys(ir50_shapes((1,), (4,)), torch.zeros(1))
    torch.save(stem, tmp_path / "ir50.pth")
    with pytest.raises(ModelError, match=r"holds a IR-50 of face\.evoLVe, .* not a whole apvit"):
        import_released("apvit", tmp_path / "ir50.pth")
    torch.save({"layers.0": torch.zeros(1)}, tmp_path / "any.pth")
    with pytest.raises(ModelError, match=r"of no layout that mien knows .* layers\.0"):
        import_released("dan", tmp_path / "any.pth", dataset="rafdb")

    options = {"heads": 1, "width": 4, "depths": [1]}
    card = Card(
        name="own",
        architecture="dan",
        arguments=options,
        labels=BASIC7,
        preprocess=Preprocess(size=32),
    )
    save_model(create_model("dan", classes=7, **options), card, tmp_path / "own.safetensors")
    with pytest.raises(ModelError, match=r"is a checkpoint of mien already \(dan\)"):
        import_released("dan", tmp_path / "own.safetensors", dataset="rafdb")


@pytest.mark.parametrize("legacy", [False, True])
def test_code_is_refused(legacy: bool, dan: State, tmp_path: Path) -> None:
    path = tmp_path / "dan.pth"
    content = {"model_state_dict": dan, "meta": collections.Counter("a")}
    content["run"] = torch.nn.ReLU()
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(ModelError, match="refused, for reading it would run code") as caught:
        import_released("dan", path, dataset="rafdb")
    assert "\n" not in str(caught.value)
    with pytest.raises(NotFound):
        import_released("dan", tmp_path / "none.pth", dataset="rafdb")
