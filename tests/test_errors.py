import inspect

import pytest

from mien import errors


def test_every_error_is_a_mien_error_and_is_drawn_in_the_tree() -> None:
    classes = [
        one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, Exception)
    ]
    for one in classes:
        assert issubclass(one, errors.MienError)
        assert one.__name__ in (errors.__doc__ or "")


def test_unknown_name_offers_the_nearest() -> None:
    error = errors.UnknownName("network", "resnet81", ["dan", "resnet18"])
    assert str(error) == "no network is called 'resnet81'; did you mean resnet18?"
    assert "known: dan, resnet18" in str(errors.UnknownName("network", "xyz", ["resnet18", "dan"]))


def test_require_names_the_extra() -> None:
    with pytest.raises(errors.MissingExtra, match=r"pip install 'mien\[tables\]'"):
        errors.require("module_that_is_nowhere.part", "tables")
    assert errors.require("json", "tables").__name__ == "json"
