"""The weights of MTCNN, read from the files inside the ``mtcnn`` distribution (MIT).

The package itself is never imported, because it wants TensorFlow: only its data files are
found, compared with their known SHA-256, and decoded. They are lists of arrays in the order
of Keras, written by joblib (a pickle with the arrays' bytes in between) and packed with LZ4.
A pickle can run code, so the reader knows the three names it needs and refuses all others.
"""

from __future__ import annotations

import hashlib
import io
import math
import pickle
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError

Network: TypeAlias = Literal["pnet", "rnet", "onet"]
Weights: TypeAlias = list[NDArray[np.float32]]

NETWORKS: tuple[Network, ...] = ("pnet", "rnet", "onet")
SHA256: dict[Network, str] = {
    "pnet": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "rnet": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}
_REMEDY = "install it again with: pip install --force-reinstall 'mtcnn>=1.0,<2'"


def read_weights(network: Network) -> Weights:
    """The arrays of one network, in the order and layout of Keras.

    Kernels are (height, width, in, out), slopes of the PReLU (1, 1, channels) or (units,).

    Raises:
        ModelError: if the distribution or the file is missing, or the file has changed.
    """
    path = weight_file(network)
    try:
        content = path.read_bytes()
    except OSError:
        raise ModelError(f"{path}: the weights of MTCNN are missing; {_REMEDY}") from None
    if hashlib.sha256(content).hexdigest() != SHA256[network]:
        raise ModelError(f"{path}: not the known weights of MTCNN; {_REMEDY}")
    return decode(content, str(path))


def weight_file(network: Network) -> Path:
    """Where the installed ``mtcnn`` distribution keeps the weights of ``network``.

    Raises:
        ModelError: if the distribution is not installed.
    """
    from importlib import metadata  # slow to import, and rarely needed

    try:
        distribution = metadata.distribution("mtcnn")
    except metadata.PackageNotFoundError:
        raise ModelError(
            f"mtcnn, which brings the detector's weights, is missing; {_REMEDY}"
        ) from None
    return Path(str(distribution.locate_file(f"mtcnn/assets/weights/{network}.lz4")))


def decode(content: bytes, source: str) -> Weights:
    """Unpack a joblib list of float32 arrays, compressed with LZ4.

    Args:
        content: the whole file.
        source: its name, for messages.

    Raises:
        ModelError: if it is anything else.
    """
    try:
        import lz4.frame  # type: ignore[import-untyped]
    except ImportError:
        raise ModelError(f"lz4, which comes with mtcnn, is missing; {_REMEDY}") from None
    try:
        arrays = _Reader(io.BytesIO(lz4.frame.decompress(content))).load()
    except Exception as error:  # a damaged pickle may raise anything
        raise ModelError(f"{source}: cannot be read as weights ({error}); {_REMEDY}") from None
    if not isinstance(arrays, list) or not all(isinstance(one, _Array) for one in arrays):
        raise ModelError(f"{source}: holds something else than a list of arrays; {_REMEDY}")
    return [one.values for one in arrays]


class _Array:
    """Stands where joblib left a note about an array; its bytes follow in the stream."""

    stream: io.BytesIO
    values: NDArray[np.float32]

    def __setstate__(self, state: dict[str, Any]) -> None:
        dtype, shape = state["dtype"], tuple(state["shape"])
        if dtype != np.float32 or state["order"] != "C":
            raise pickle.UnpicklingError(f"an array is {dtype}, not float32 in C order")
        if state.get("numpy_array_alignment_bytes") is not None:
            self.stream.read(self.stream.read(1)[0])
        count = math.prod(shape)
        content = self.stream.read(count * dtype.itemsize)
        self.values = np.frombuffer(content, np.float32, count).reshape(shape)


class _Reader(pickle.Unpickler):
    """A pickle reader that can build lists of arrays and nothing else."""

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream)
        self._array = type("_StreamArray", (_Array,), {"stream": stream})

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("joblib.numpy_pickle", "NumpyArrayWrapper"):
            return self._array
        if (module, name) == ("numpy", "dtype"):
            return np.dtype
        if (module, name) == ("numpy", "ndarray"):
            return np.ndarray
        raise pickle.UnpicklingError(f"{module}.{name} does not belong in a weight file")
