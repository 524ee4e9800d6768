from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from retinaface_weights import random_weights

import mien.faces
from mien.errors import InputError, UnknownName
from mien.faces import DETECTORS, Detection, Detector, create_detector
from mien.faces.retinaface_graph import build


def test_every_detector_has_its_name(shared_data: Path, tmp_path: Path) -> None:
    files = {
        "yunet": shared_data / "detectors" / "yunet_n_dynamic.onnx",
        "retinaface": tmp_path / "retinaface.onnx",
    }
    files["retinaface"].write_bytes(build(random_weights(), "random"))
    for name in DETECTORS:
        detector = create_detector(name, model=files.get(name), min_face=40, threads=1)
        assert isinstance(detector, Detector)
        assert detector.name == name
        assert detector([]) == []


def test_none_takes_the_whole_picture() -> None:
    pictures = [np.zeros((1, 1, 3), np.uint8), np.zeros((9, 5, 3), np.uint8)]
    assert create_detector("none")(pictures) == [[Detection(None, 1.0)], [Detection(None, 1.0)]]


def test_mtcnn_may_be_told_to_give_sure_faces_only() -> None:
    first, again = create_detector("mtcnn", unsure=True)._looks
    assert first == pytest.approx(np.log([0.6 / 0.4, 0.7 / 0.3, 0.7 / 0.3]))
    assert again == pytest.approx(np.log([0.3 / 0.7, 0.1 / 0.9, 0.4 / 0.6]))
    sure = create_detector("mtcnn", unsure=False)._looks
    assert sure[0] == pytest.approx(first)
    assert sure[1] == pytest.approx(np.log([0.3 / 0.7, 0.1 / 0.9, 0.7 / 0.3]))


def test_unknown_names_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"no detector is called 'mtcn'; did you mean mtcnn"):
        create_detector("mtcn")
    with pytest.raises(UnknownName, match="did you mean retinaface"):
        create_detector("retina", model=tmp_path / "retinaface.onnx")
    with pytest.raises(InputError, match="yunet needs its file, named with --detector-model; give"):
        create_detector("yunet")
    with pytest.raises(InputError, match=r"retinaface needs its file, .*mien import-checkpoint"):
        create_detector("retinaface")


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
    for name in ("mtcnn", "none"):
        with pytest.raises(InputError, match=f"not for {name}; add --detector yunet or retinaface"):
            create_detector(name, model=tmp_path / "yunet.onnx")
