"""What tests share: where test data lies, if it does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real faces, photos and videos, named by MIEN_TEST_DATA.

    Without the variable the test is skipped; with it, a missing file is a failure.
    """
    folder = os.environ.get("MIEN_TEST_DATA")
    if not folder:
        pytest.skip("MIEN_TEST_DATA does not name a folder of test data")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"MIEN_TEST_DATA={folder} is not a folder")
    return path
