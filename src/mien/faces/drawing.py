"""A network drawn node by node as an ONNX graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto, ValueInfoProto

Array: TypeAlias = NDArray[np.float64]


class Drawing:
    """Collects nodes and their constants."""

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []

    def add(
        self,
        kind: str,
        flow: str | tuple[str, ...],
        *constants: Array,
        result: str = "",
        **options: Any,
    ) -> str:
        """Append a node fed by ``flow`` and ``constants``; the name of its output."""
        from onnx import helper

        name = f"{kind.lower()}{len(self._nodes)}"
        flows = [flow] if isinstance(flow, str) else list(flow)
        names = [self._constant(f"{name}.{index}", one) for index, one in enumerate(constants)]
        result = result or name
        self._nodes.append(helper.make_node(kind, [*flows, *names], [result], name, **options))
        return result

    def split(self, flow: str, sizes: list[int]) -> list[str]:
        """Append a split of the channels; the names of the parts."""
        from onnx import helper

        name = f"split{len(self._nodes)}"
        parts = [f"{name}.{index}" for index in range(len(sizes))]
        length = self._constant(f"{name}.sizes", np.array(sizes, np.int64))
        self._nodes.append(helper.make_node("Split", [flow, length], parts, name, axis=1))
        return parts

    def _constant(self, name: str, values: Array | NDArray[np.int64]) -> str:
        from onnx import numpy_helper

        kind = np.int64 if values.dtype == np.int64 else np.float32
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values, kind), name))
        return name

    def finished(
        self,
        name: str,
        inputs: Sequence[ValueInfoProto],
        outputs: Sequence[ValueInfoProto],
        note: str = "",
    ) -> bytes:
        """The whole as bytes; ``note`` says in the file where it comes from."""
        import onnx
        from onnx import helper

        drawn = helper.make_graph(self._nodes, name, inputs, outputs, self._constants)
        # The oldest versions that have all that is used, so that every onnxruntime reads them.
        model = helper.make_model(drawn, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        if note:
            model.doc_string = note
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())
