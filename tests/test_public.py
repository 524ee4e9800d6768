import importlib.metadata
import subprocess
import sys

import pytest

import mien
from mien.errors import MissingExtra

LAB = {"create_model", "list_models", "load_model"}


def test_what_is_public_is_sorted_and_complete() -> None:
    assert mien.__all__ == sorted(mien.__all__)
    assert set(mien.__all__) == {
        *("BASIC7", "BASIC8", "Card", "Expression", "Face", "LabelSet", "Preprocess"),
        *("CardError", "DataError", "InputError", "LabelMismatch", "MienError", "MissingExtra"),
        *("ModelError", "NotFound", "OutputError", "TooLarge", "UnknownName", "Unreadable"),
        *("Recognizer", "__version__", "create_model", "list_models", "load_model"),
    }


@pytest.mark.parametrize("name", sorted(set(mien.__all__) - LAB - {"__version__"}))
def test_each_public_name_comes_from_its_home(name: str) -> None:
    value = getattr(mien, name)
    assert getattr(value, "__name__", name) == name
    assert name in dir(mien)


def test_the_version_is_the_distributions() -> None:
    assert mien.__version__ == importlib.metadata.version("mien")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = mien.nonsense


def test_the_lab_says_what_brings_it_when_called() -> None:
    with pytest.raises(MissingExtra, match=r"torch is not installed.*mien\[train\]"):
        mien._missing("torch")("resnet18")


def test_importing_mien_imports_nothing_heavy() -> None:
    code = (
        "import sys, mien; heavy = {'numpy', 'cv2', 'onnxruntime', 'torch', 'rich', 'tyro'};"
        "print(sorted(heavy & set(sys.modules))); mien.Recognizer; mien.Face; mien.BASIC8;"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\nFalse\n"
