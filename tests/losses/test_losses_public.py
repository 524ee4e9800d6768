"""What ``mien.losses`` gives out."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from mien import losses  # noqa: E402


def test_all_names_are_there_and_documented() -> None:
    things = {name: getattr(losses, name) for name in losses.__all__}
    assert things.pop("UNLABELLED") == (255, -1)
    for name, thing in things.items():
        assert thing.__doc__, name
        assert isinstance(thing, type) == name[0].isupper()
        assert not isinstance(thing, type) or issubclass(thing, torch.nn.Module)


def test_every_public_function_and_module_is_given_out() -> None:
    rooms = (
        *("affinity", "attributes", "centre", "entropy", "focal", "joint", "partition"),
        *("twins", "two_task"),
    )
    defined = {
        name
        for room in rooms
        for name, thing in vars(getattr(losses, room)).items()
        if getattr(thing, "__module__", "") == f"mien.losses.{room}" and name[0] != "_"
    }
    assert defined == set(losses.__all__) - {"UNLABELLED", "labelled"}
