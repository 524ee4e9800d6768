from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from mien.models import create_model  # noqa: E402
from mien.training.quick_layers import use_quick_layers  # noqa: E402
from mien.training.rectifiers import TwoReLUs  # noqa: E402
from mien.training.small_maps import SmallMapConvolution  # noqa: E402


@pytest.mark.parametrize("unit", [True, False])
def test_convolutions_wait_for_a_matrix_unit(unit: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.training.quick_layers.has_matrix_unit", lambda: unit)
    network = create_model("ir50_small", classes=3, stages=2, units=(1, 1), widths=(4, 8))
    use_quick_layers(network)
    kinds = [type(one) for one in network.modules()]
    assert kinds.count(TwoReLUs) == 3
    assert (SmallMapConvolution in kinds) == unit
