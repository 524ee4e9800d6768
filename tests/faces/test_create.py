from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mien.faces
from mien.errors import InputError, UnknownName
from mien.faces import DETECTORS, Detection, Detector, create_detector


def test_every_detector_has_its_name(shared_data: Path) -> None:
    model = shared_data / "detectors" / "yunet_n_dynamic.onnx"
    for name in DETECTORS:
        file = model if name == "yunet" else None
        detector = create_detector(name, model=file, min_face=40, threads=1)
        assert isinstance(detector, Detector)
        assert detector.name == name
        assert detector([]) == []


def test_none_takes_the_whole_picture() -> None:
    pictures = [np.zeros((1, 1, 3), np.uint8), np.zeros((9, 5, 3), np.uint8)]
    assert create_detector("none")(pictures) == [[Detection(None, 1.0)], [Detection(None, 1.0)]]


def test_unknown_names_and_a_missing_file() -> None:
    with pytest.raises(UnknownName, match=r"no detector is called 'mtcn'; did you mean mtcnn"):
        create_detector("mtcn")
    with pytest.raises(InputError, match="--detector-model"):
        create_detector("yunet")


def test_exports_are_sorted_and_there() -> None:
    # Capitals first, as ruff sorts them.
    assert all(hasattr(mien.faces, name) for name in mien.faces.__all__)
    assert len(set(mien.faces.__all__)) == len(mien.faces.__all__)


def test_import_is_light_and_detection_never_imports_the_lab() -> None:
    heavy = "{'torch', 'tensorflow', 'mtcnn', 'joblib', 'onnx', 'onnxruntime', 'lz4'}"
    code = (
        "import sys, numpy as np, mien.faces\n"
        f"print(sorted({heavy} & set(sys.modules)))\n"
        "mien.faces.create_detector('mtcnn')([np.zeros((64, 64, 3), np.uint8)])\n"
        "print(sorted({'torch', 'tensorflow', 'mtcnn', 'joblib'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split("\n")[:2] == ["[]", "[]"]


def test_a_file_for_another_detector_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="add --detector yunet"):
        create_detector("mtcnn", model=tmp_path / "yunet.onnx")
