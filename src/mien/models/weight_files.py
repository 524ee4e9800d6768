"""Tensors out of the files that weights come in, without running code from them."""

from __future__ import annotations

import codecs
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ..errors import ModelError, NotFound

_WRAPPINGS = ("state_dict", "model_state_dict", "model")
_PARALLEL = "module."
_NAMED = 3  # tensors that a message names
_HEADER = 8  # bytes of a safetensors file before the brace that opens its header
_NUMBERS = (np.float64, np.float32, np.int64, np.int32)
# What a pickle of a NumPy number asks for, such as the best accuracy beside the weights.
_HARMLESS: list[Any] = [
    codecs.encode,
    np.dtype,
    *(type(np.dtype(one)) for one in _NUMBERS),
    *(
        (np.float64(0).__reduce__()[0], f"numpy.{core}.multiarray.scalar")
        for core in ("core", "_core")
    ),
]
_CODE = re.compile(r"GLOBAL (\S+)")


def read_tensors(path: Path | str) -> dict[str, Tensor]:
    """Read a state dict from a safetensors file or a file of ``torch.save``, old or new.

    Pickles are read with ``weights_only=True``. What wraps a state dict is taken off: a dict
    that holds it under ``state_dict``, ``model_state_dict`` or ``model`` beside other things,
    and the ``module.`` that DataParallel puts before each name.

    Returns:
        Name to tensor, on the CPU.

    Raises:
        NotFound: if there is no file.
        ModelError: if it is of another kind, cut off, asks for code to be run, holds anything
            but tensors, or holds NaN or infinite values.
    """
    path = Path(path)
    if path.is_dir():
        raise NotFound(f"{path}: this is a folder; name the file of weights in it")
    if not path.is_file():
        raise NotFound(f"{path}: there are no weights at this path")
    return _checked(_unwrapped(_content(path)), path)


def _content(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            start = file.read(_HEADER + 1)
        if start.endswith(b"{") and len(start) > _HEADER:
            return load_file(path)
        with warnings.catch_warnings(), torch.serialization.safe_globals(_HARMLESS):
            warnings.simplefilter("ignore")  # on kinds of file that are refused below
            return torch.load(path, map_location="cpu", weights_only=True)
    except SafetensorError as error:
        raise ModelError(f"{path}: not a whole safetensors file ({error})") from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
    except Exception as error:  # a damaged pickle can fail in any way
        if code := _CODE.search(str(error)):
            raise ModelError(
                f"{path}: refused, for reading it would run code ({code[1]}); load it where you "
                "trust it and save its state_dict() alone"
            ) from None
        raise ModelError(
            f"{path}: neither a safetensors file nor one of torch.save that holds tensors alone, "
            "or damaged"
        ) from None


def _unwrapped(content: Any) -> Any:
    while isinstance(content, Mapping):
        inner = [content[key] for key in _WRAPPINGS if isinstance(content.get(key), Mapping)]
        if not inner:
            break
        content = inner[0]
    return content


def _checked(content: Any, path: Path) -> dict[str, Tensor]:
    if not isinstance(content, Mapping) or not content:
        raise ModelError(f"{path}: holds no state dict but {type(content).__name__}")
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise ModelError(f"{path}: {name!r} is {type(value).__name__}, not a tensor")
    require_finite(content, path)
    parallel = all(name.startswith(_PARALLEL) for name in content)
    start = len(_PARALLEL) if parallel else 0
    return {name[start:]: value.detach() for name, value in content.items()}


def require_finite(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Refuse weights that hold NaN or infinite values.

    Raises:
        ModelError: naming the file and the first such tensor.
    """
    for name, value in tensors.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise ModelError(f"{path}: {name} holds NaN or infinite values")


def alike(value: Tensor, place: Tensor) -> bool:
    """Whether a tensor can be copied into a place: the same shape and kind of number."""
    return value.shape == place.shape and value.is_floating_point() == place.is_floating_point()


def count_and_first(kind: str, names: Sequence[str]) -> str:
    """How many there are of a kind, and the first of them, for a message."""
    more = ", ..." if len(names) > _NAMED else ""
    return f"{len(names)} {kind}: {', '.join(names[:_NAMED])}{more}"
