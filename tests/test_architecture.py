"""Rules of the house that no linter holds."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
KERNELS = sorted((ROOT / "solvers").rglob("kernels*.py"))
OTHERS = [path for path in (ROOT / "solvers").rglob("*.py") if not path.name.startswith("kernels")]


def imported_modules(path: Path) -> set[str]:
    """Give the modules a file imports when it runs; what is imported for typing alone does not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: str(path.relative_to(ROOT)))
def test_kernels_import_numpy_numba_and_kernels_only(path: Path) -> None:
    standard = {"__future__", "typing", "collections", "math"}
    allowed = {m for m in imported_modules(path) if m.split(".")[0] in {"numpy", "numba", *standard} or ".kernels" in m}
    assert imported_modules(path) == allowed


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_compiled_code_lives_in_kernels(path: Path) -> None:
    assert not any(module.split(".")[0] == "numba" for module in imported_modules(path))


def test_data_holds_files_only() -> None:
    assert not list((ROOT / "data").rglob("*.py"))
