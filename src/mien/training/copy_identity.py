"""What tells copies of one data set apart whose pictures are not read before a run."""

from __future__ import annotations

import json

from ..data.preparing.manifest import read_manifest
from ..data.reader import Reader


def copy_identity(data: Reader) -> str:
    """How the pictures of a copy came to be what they are.

    Returns:
        Of a packed copy the SHA-256 of its pixels, with their colour and side; of a prepared
        one its settings; of an original nothing, as its names say all that is known.
    """
    if data.packed is not None:
        mosaic = data.packed.mosaic
        return f"{data.name} {data.split} {data.packed.sha256} {mosaic.colour} {mosaic.side}"
    manifest = read_manifest(data.archive) if data.prepared else None
    if manifest is None:
        return ""
    return f"{data.name} {data.split} {json.dumps(manifest.settings, sort_keys=True)}"
