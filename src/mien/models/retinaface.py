"""The public weights of the detector RetinaFace, turned into the file that the runtime reads."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..drafts import output_file
from ..errors import OutputError
from ..faces.retinaface_graph import build
from .weight_files import read_tensors


def import_retinaface(source: Path | str, output: Path | str) -> None:
    """Write RetinaFace with MobileNet-0.25 as ONNX, for :class:`mien.faces.RetinaFace`.

    The weights are those of the public PyTorch re-implementation (Pytorch_Retinaface). The
    same authors' Face-Detector-1MB has a file of the same name, with tensors of the same
    names and shapes, but for smaller anchors: boxes from that one come out too large, and
    nothing in the file tells the two apart.

    Args:
        source: ``mobilenet0.25_Final.pth``; read without running code from it.
        output: the ONNX file; an existing one is replaced only by a whole one.

    Raises:
        NotFound: if there is no file.
        ModelError: if the file cannot be read, or holds other weights.
        OutputError: if the result cannot be written.
    """
    source, output = Path(source), Path(output)
    if output.is_dir():
        raise OutputError(f"{output}: this is a folder; name a file in it, such as retinaface.onnx")
    weights = {name: value.float().numpy() for name, value in read_tensors(source).items()}
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    model = build(weights, str(source), f"RetinaFace from {source.name}, SHA-256 {digest}")
    with output_file(output, "the detector") as draft:
        draft.write_bytes(model)
