"""The program's own sources as a digest, so that changed code is never taken for the same."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import engine
import solvers


@cache
def code_digest() -> str:
    """Give the SHA-256 of all sources of the packages, their paths included."""
    digest = hashlib.sha256()
    for package in (engine, solvers):
        root = Path(package.__path__[0])
        for path in sorted(root.rglob("*.py")):
            digest.update(f"{package.__name__}/{path.relative_to(root).as_posix()}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
