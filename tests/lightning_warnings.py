"""Lightning and the ONNX exporter warn of their own affairs; tests that run them ignore it."""

from __future__ import annotations

import pytest

IGNORED = [
    pytest.mark.filterwarnings(f"ignore::{kind}")
    for kind in ("DeprecationWarning", "FutureWarning", "UserWarning")
]
