"""What every test may use: the folder of published cases, where it is present."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cases_dir() -> Path:
    """Give the folder of real data and published problems beside the checkout; skip where it is missing."""
    for parent in Path(__file__).resolve().parents:
        candidate = parent / "shared" / "cases"
        if candidate.is_dir():
            return candidate
    pytest.skip("the folder shared/cases is not beside this checkout")
