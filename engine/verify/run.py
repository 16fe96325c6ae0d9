"""The verifier: every invariant, one after the other, from the files of a run alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import polars as pl

from engine.verify.bound import check_bound
from engine.verify.checks import Check, VerificationReport
from engine.verify.conservation import check_conservation
from engine.verify.contract import check_contracts
from engine.verify.files import Night, UnreadableTable, read_night
from engine.verify.handling import check_handling
from engine.verify.ledger import check_ledger
from engine.verify.packing import check_packing
from engine.verify.prices import check_prices
from engine.verify.proposals import check_proposals
from engine.verify.rules import check_rules
from engine.verify.stock import check_stock
from engine.verify.tracking import check_tracking

_INVARIANTS: Final[dict[str, Callable[[Night], Iterator[Check]]]] = {
    "contracts": check_contracts,
    "conservation": check_conservation,
    "handling": check_handling,
    "stock": check_stock,
    "packing": check_packing,
    "prices": check_prices,
    "rules": check_rules,
    "ledger": check_ledger,
    "tracking": check_tracking,
    "bound": check_bound,
    "proposals": check_proposals,
}


def verify_run(run: Path) -> VerificationReport:
    """Prove the invariants of a run from its published files.

    Parameters
    ----------
    run
        The run directory. Whatever is wrong with it is in the report; nothing is raised for it.
    """
    night, checks = read_night(run)
    if night is not None:
        for name, prove in _INVARIANTS.items():
            checks += _prove(name, prove, night)
    return VerificationReport(run, tuple(checks))


def _prove(name: str, prove: Callable[[Night], Iterator[Check]], night: Night) -> list[Check]:
    """Run the checks of one invariant; what cannot be checked is not proven."""
    checks: list[Check] = []
    try:
        for check in prove(night):
            checks.append(check)  # noqa: PERF402 - one by one, so that none is lost when a later one cannot be made
    except UnreadableTable as error:
        checks.append(Check(name, 0, 1, (f"cannot be checked: {error}",)))
    except (pl.exceptions.PolarsError, ArithmeticError, ValueError, LookupError, TypeError, AssertionError) as error:
        reason = " ".join(str(error).split())[:300]
        checks.append(Check(name, 0, 1, (f"cannot be checked: {type(error).__name__}: {reason}",)))
    return checks
