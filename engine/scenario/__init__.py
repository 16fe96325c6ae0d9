"""What if: the night of a published run planned again with something changed, in memory; nothing is written anywhere."""

from __future__ import annotations

from engine.scenario.scenario import WhatIf, what_if

__all__ = ["WhatIf", "what_if"]
