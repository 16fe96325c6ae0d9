"""The independent checker: proves the invariants of a run from its published files, with no code of what it checks."""

from __future__ import annotations

from engine.verify.checks import Check, VerificationReport
from engine.verify.run import verify_run
from engine.verify.tracking import verify_unique_for_ever

__all__ = ["Check", "VerificationReport", "verify_run", "verify_unique_for_ever"]
