"""Refusal of wrong options of networks and losses, by name."""

from __future__ import annotations

import math
from collections.abc import Iterable

from .errors import ModelError


def check_rate(name: str, value: float) -> None:
    """Refuse a probability or share outside 0 to 1.

    Raises:
        ModelError: naming the option.
    """
    if not 0 <= value <= 1:
        raise ModelError(f"{name} is {value}; it must lie between 0 and 1")


def check_count(name: str, value: int, least: int = 1, most: int | None = None) -> None:
    """Refuse a whole number outside its bounds.

    Raises:
        ModelError: naming the option.
    """
    if value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"between {least} and {most}"
        raise ModelError(f"{name} is {value}; it must be {bounds}")


def check_weight(name: str, value: float) -> None:
    """Refuse a factor that is negative, infinite or NaN.

    Raises:
        ModelError: naming the option.
    """
    if not (math.isfinite(value) and value >= 0):
        raise ModelError(f"{name} is {value}; it must be finite and not negative")


def check_choice(name: str, value: str, choices: Iterable[str]) -> None:
    """Refuse a word that is not one of the choices.

    Raises:
        ModelError: naming the option and the choices.
    """
    choices = tuple(choices)
    if value not in choices:
        raise ModelError(f"{name} is {value!r}; choose one of {', '.join(choices)}")
