"""Random draws that depend on named numbers alone, such as seed, epoch and picture."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_BYTES = 8


def mixed_seed(*numbers: int) -> int:
    """One seed, from 0 to 2**63 - 1, from several numbers of up to 64 bits.

    A hash, so that neighbouring numbers give unrelated seeds. NumPy's ``SeedSequence``
    would do as well and takes ten times as long, for every picture.
    """
    text = struct.pack(f"<{len(numbers)}q", *numbers)
    return int.from_bytes(hashlib.blake2b(text, digest_size=_BYTES).digest(), "little") >> 1


@contextmanager
def kept_generator() -> Iterator[torch.Generator]:
    """torch's generator on the CPU, to be seeded at will; it is left as it was.

    Only that generator: ``torch.manual_seed`` seeds those of all devices, which takes longer
    than most transforms.
    """
    generator = torch.default_generator
    before = generator.get_state()
    try:
        yield generator
    finally:
        generator.set_state(before)
