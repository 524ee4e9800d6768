"""Which network has which method, what it refuses, and that it is left as it was."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tiny_networks import TINY  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from mien.errors import ModelError, TensorError, UnknownName  # noqa: E402
from mien.explain.methods import METHODS, explain, methods_of  # noqa: E402
from mien.explain.patches import patches  # noqa: E402
from mien.models import create_model  # noqa: E402

OF_TRANSFORMERS = ("gradcam++", "relevance", "attention", "class-attention")


def fresh(name: str, **options: object) -> nn.Module:
    torch.manual_seed(0)
    network = create_model(name, classes=4, **{**TINY[name], **options}).eval()
    nn.init.normal_(network.classifier.weight)
    return network


def pictures(number: int = 3, size: int = 24) -> Tensor:
    return torch.randn(number, 3, size, size, generator=torch.manual_seed(1))


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("small", {}, ("gradcam++",)),
        ("dan", {}, ("gradcam++", "gradcam++-heads", "attention")),
        ("lla_net", {}, ("gradcam++", "attention")),
        ("lla_net", {"attention": False}, ("gradcam++",)),
        ("msa_net", {}, ("gradcam++", "attention")),
        ("msa_net", {"attention": False}, ("gradcam++",)),
        ("transfer", {}, OF_TRANSFORMERS),
        ("transfer", {"branches": 0}, ("gradcam++", "relevance", "class-attention")),
        ("apvit", {}, (*OF_TRANSFORMERS, "patches")),
        ("apvit", {"keep_patches": None, "keep_rate": 1.0}, OF_TRANSFORMERS),
        ("apvit", {"keep_patches": None}, (*OF_TRANSFORMERS, "patches")),
    ],
)
def test_a_network_has_the_methods_that_it_has_maps_for(
    name: str, options: dict[str, object], expected: tuple[str, ...]
) -> None:
    network = fresh(name, **options)
    assert methods_of(network) == expected
    for method in expected:
        found = explain(network, pictures(), method)
        assert found.method == method
        assert found.maps.shape == (3, len(found.names), 24, 24)
        assert found.maps.dtype == np.float32
        assert found.maps.min() == 0
        assert found.maps.max() == 1
    for method in set(METHODS) - set(expected):
        with pytest.raises(
            ModelError, match=f"by {method}: it has {expected[0]}".replace("+", r"\+")
        ):
            explain(network, pictures(), method)


def test_a_network_that_is_not_ours_is_refused() -> None:
    assert methods_of(nn.Linear(3, 3)) == ()
    with pytest.raises(
        ModelError, match="Linear cannot be explained by attention: mien knows none"
    ):
        explain(nn.Linear(3, 3).eval(), pictures(), "attention")


def test_wrong_requests_are_refused_by_name() -> None:
    network = fresh("small")
    with pytest.raises(UnknownName, match="no method of explanation is called 'gradcam'"):
        explain(network, pictures(), "gradcam")
    with pytest.raises(TensorError, match="2 classes are given for 3 pictures"):
        explain(network, pictures(), "gradcam++", classes=[0, 1])
    for wrong in (4, -1):
        with pytest.raises(TensorError, match=f"class {wrong} cannot be .* are 0 to 3"):
            explain(network, pictures(), "gradcam++", classes=[0, 1, wrong])
    with pytest.raises(TensorError, match="there are no pictures"):
        explain(network, pictures(0), "gradcam++")
    with pytest.raises(TensorError, match=r"not \(3, 24, 24\)"):
        explain(network, pictures()[0], "gradcam++")
    with pytest.raises(TensorError, match="both sides must be multiples of 4"):
        explain(fresh("transfer"), pictures(1, 30), "relevance")
    with pytest.raises(TensorError, match="give 4 patches; keep_patches=16 is more"):
        explain(fresh("apvit"), pictures(1, 8), "attention")
    with pytest.raises(ModelError, match=r"call its eval\(\) first"):
        explain(network.train(), pictures(), "gradcam++")


def test_a_picture_that_a_network_of_timm_cannot_take_is_named() -> None:
    options = {"img_size": 32, "embed_dim": 16, "depth": 1, "num_heads": 2}
    network = create_model("timm", classes=2, backbone="vit_tiny_patch16_224", **options).eval()
    with pytest.raises(
        TensorError, match="the network cannot take pictures of 64x64 pixels: Input"
    ):
        explain(network, pictures(1, 64), "gradcam++")


@pytest.mark.parametrize("method", ["gradcam++", "relevance", "patches"])
def test_batches_do_not_matter(method: str) -> None:
    network, images = fresh("apvit"), pictures(5)
    whole = explain(network, images, method, classes=[0, 1, 2, 3, 0])
    pieces = explain(network, images, method, classes=[0, 1, 2, 3, 0], batch=2)
    np.testing.assert_allclose(whole.maps, pieces.maps, atol=1e-4)
    assert whole.classes.tolist() == pieces.classes.tolist()
    assert whole.kept is not None
    assert pieces.kept is not None
    assert (whole.kept == pieces.kept).all()


def test_without_classes_the_predicted_ones_are_explained() -> None:
    network, images = fresh("small"), pictures(6)
    with torch.no_grad():
        network.classifier.bias -= network(images).logits.mean(0)
        predicted = network(images).logits.argmax(1).tolist()
    assert len(set(predicted)) > 1
    found = explain(network, images, "gradcam++")
    assert found.classes.tolist() == predicted
    same = explain(network, images, "gradcam++", classes=predicted)
    assert (found.maps == same.maps).all()
    assert explain(fresh("dan"), images, "attention").classes.tolist() == [-1] * 6


@pytest.mark.parametrize("method", ["gradcam++", "relevance"])
def test_the_network_is_left_as_it_was(method: str) -> None:
    network, images = fresh("apvit"), pictures()
    network.projection.weight.requires_grad_(False)
    network(images).logits.sum().backward()
    parameters = list(network.parameters())
    before = [(one.clone(), one.requires_grad, one.grad) for one in parameters]
    with torch.inference_mode():
        first = explain(network, images, method).maps
    second = explain(network.requires_grad_(False), images, method).maps
    np.testing.assert_array_equal(first, second)
    assert not any(module._forward_hooks for module in network.modules())
    assert not images.requires_grad
    network.requires_grad_(True)
    for parameter, (values, _, gradient) in zip(parameters, before, strict=True):
        assert torch.equal(parameter, values)
        assert parameter.grad is gradient


def test_double_networks_and_single_pictures_go_together() -> None:
    images = pictures()
    single = explain(fresh("transfer"), images, "relevance").maps
    double = explain(fresh("transfer").double(), images, "relevance").maps
    np.testing.assert_allclose(single, double, atol=1e-3)


def test_patches_are_apvits() -> None:
    with pytest.raises(ModelError, match="patches are kept by APViT, and this is a TransFER"):
        patches(fresh("transfer"), pictures())
