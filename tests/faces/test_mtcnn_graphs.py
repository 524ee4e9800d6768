from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from mien.faces import mtcnn_graphs
from mien.faces.mtcnn_graphs import build, graph
from mien.faces.mtcnn_weights import Network, read_weights
from mien.faces.session import open_session

Array = NDArray[np.float64]


def convolve(x: Array, kernel: Array, bias: Array) -> Array:
    """(N, H, W, C) by (h, w, C, D), without padding."""
    windows = sliding_window_view(x, kernel.shape[:2], axis=(1, 2))  # type: ignore[call-overload]
    return np.einsum("nijcab,abcd->nijd", windows, kernel) + bias


def prelu(x: Array, slope: Array) -> Array:
    return np.where(x >= 0, x, x * slope)


def pool(x: Array, side: int, same: bool) -> Array:
    """Maximum over squares, two apart; ``same`` pads behind as Keras does."""
    if same:
        pads = [max((-(-size // 2) - 1) * 2 + side - size, 0) for size in x.shape[1:3]]
        x = np.pad(x, ((0, 0), (0, pads[0]), (0, pads[1]), (0, 0)), constant_values=-np.inf)
    windows = sliding_window_view(x, (side, side), axis=(1, 2))  # type: ignore[call-overload]
    return windows[:, ::2, ::2].max((-2, -1))


def forward(network: Network, pixels: NDArray[np.uint8]) -> tuple[Array, list[Array]]:
    """The network as Keras has it: face's probability, and the other heads."""
    pools = {
        "pnet": [(2, True), None, None],
        "rnet": [(3, True), (3, False), None],
        "onet": [(3, True), (3, False), (2, True), None],
    }[network]
    weights: Iterator[Array] = iter([one.astype(np.float64) for one in read_weights(network)])
    x = (pixels - 127.5) / 128
    for one in pools:
        x = prelu(convolve(x, next(weights), next(weights)), next(weights))
        x = pool(x, *one) if one else x
    if network != "pnet":
        x = x.transpose(0, 2, 1, 3).reshape(len(x), -1)
        x = prelu(x @ next(weights) + next(weights), next(weights))
    heads = []
    for kernel in weights:
        kernel = kernel.reshape(-1, kernel.shape[-1])
        heads.append(x @ kernel + next(weights))
    two = np.exp(heads.pop())
    return two[..., 1] / two.sum(-1), heads


@pytest.mark.parametrize(
    ("network", "size"),
    [("pnet", (12, 12)), ("pnet", (31, 22)), ("rnet", (24, 24)), ("onet", (48, 48))],
)
def test_graph_computes_the_network(network: Network, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(7)
    pixels = rng.integers(0, 256, (3, *size, 3), dtype=np.uint8)
    pixels[1] = 255 * (rng.random((*size, 1)) > 0.5)
    session = open_session(build(network, read_weights(network)), network, threads=1)
    answer = session.run(["answer"], {"pixels": pixels})[0]
    probability, heads = forward(network, pixels)
    if network == "pnet":
        answer = answer.transpose(0, 2, 3, 1)
    np.testing.assert_allclose(1 / (1 + np.exp(-answer[..., 0])), probability, atol=1e-5)
    np.testing.assert_allclose(answer[..., 1:], np.concatenate(heads, -1), atol=2e-5)


def test_graph_is_built_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = graph("pnet")

    def never(network: Network) -> None:
        raise AssertionError(f"{network} was built twice")

    monkeypatch.setattr(mtcnn_graphs, "read_weights", never)
    assert graph("pnet") == first
    assert not list(cache.glob("*.part"))


def test_damaged_copy_is_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path))
    expected = graph("pnet")
    (copy,) = tmp_path.iterdir()
    whole = copy.read_bytes()
    for damaged in (whole[:-7], whole[:900] + b"?" + whole[901:], b""):
        copy.write_bytes(damaged)
        assert graph("pnet") == expected
        assert copy.read_bytes() == whole


def test_works_where_the_cache_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("MIEN_CACHE", str(blocked / "cache"))
    assert open_session(graph("pnet"), "pnet").get_inputs()[0].name == "pixels"


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setenv("MIEN_CACHE", str(tmp_path))
    monkeypatch.setattr(Path, "replace", full)
    assert graph("pnet")
    assert not list(tmp_path.iterdir())
