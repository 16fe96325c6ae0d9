"""The program's digest: the same for the same sources, another for others."""

from __future__ import annotations

import engine
from engine.code import code_digest


def test_other_sources_are_another_program(tmp_path, monkeypatch):
    ours = code_digest()
    assert code_digest() == ours
    source = tmp_path / "part" / "module.py"
    source.parent.mkdir()
    monkeypatch.setattr(engine, "__path__", [str(tmp_path)])
    digests = {ours}
    try:
        for text in ("ONE = 1\n", "ONE = 2\n"):
            source.write_text(text, encoding="utf-8")
            code_digest.cache_clear()
            digests.add(code_digest())
        source.rename(tmp_path / "module.py")
        code_digest.cache_clear()
        digests.add(code_digest())
    finally:
        monkeypatch.undo()
        code_digest.cache_clear()
    assert len(digests) == 4
    assert code_digest() == ours
