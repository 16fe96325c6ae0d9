"""What every test may use: the folder of published cases, where it is present, and programs run without the compiler."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
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


def _printed(program: str, arguments: tuple[str, ...], *, is_compiled: bool) -> str:
    """Run a program in a process of its own; a warning fails it too, such as NumPy's of an integer that overflows."""
    environment = {
        **os.environ,
        "NUMBA_DISABLE_JIT": "0" if is_compiled else "1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def printed_without_compiler() -> Callable[..., str]:
    """Give what runs a program with interpreted kernels and gives what it prints."""
    return lambda program, *arguments: _printed(program, arguments, is_compiled=False)


@pytest.fixture(scope="session")
def same_without_compiler() -> Callable[..., None]:
    """Give what holds a program to print the same, and something, with compiled and with interpreted kernels."""

    def hold(program: str, *arguments: str) -> None:
        compiled, interpreted = (_printed(program, arguments, is_compiled=compiled) for compiled in (True, False))
        assert compiled == interpreted != ""

    return hold
