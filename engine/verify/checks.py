"""What a check finds: how much it looked at, and the first things that do not hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

MAX_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Findings:
    """What one condition found, before it is named.

    Parameters
    ----------
    num_checked
        How many facts were looked at.
    num_violations
        How many of them do not hold.
    examples
        The first of them, with identifiers and values.
    """

    num_checked: int
    num_violations: int = 0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was proven, or was not.

    Parameters
    ----------
    name
        Invariant and part of it, such as `packing.overlap`.
    num_checked
        How many facts were looked at.
    num_violations
        How many of them do not hold.
    examples
        The first of them, with identifiers and values.
    """

    name: str
    num_checked: int
    num_violations: int = 0
    examples: tuple[str, ...] = ()

    @property
    def is_ok(self) -> bool:
        """Whether everything held."""
        return self.num_violations == 0

    @property
    def violations(self) -> list[str]:
        """The first violations, and where there are more, how many in all."""
        more = self.num_violations - len(self.examples)
        return [*self.examples, *([f"… and {more} more, {self.num_violations} in all"] if more > 0 else [])]


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """What the verifier says of a run directory.

    Parameters
    ----------
    run
        The run directory.
    checks
        Every check, in the order of the invariants.
    """

    run: Path
    checks: tuple[Check, ...] = field(default_factory=tuple)

    @property
    def is_ok(self) -> bool:
        """Whether every check held."""
        return all(check.is_ok for check in self.checks)

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that did not hold."""
        return tuple(check for check in self.checks if not check.is_ok)

    def check(self, name: str) -> Check:
        """Give the check of that name.

        Raises
        ------
        KeyError
            When there is none.
        """
        for check in self.checks:
            if check.name == name:
                return check
        raise KeyError(f"no check is called {name}; there are {', '.join(c.name for c in self.checks)}.")

    def render(self) -> str:
        """Give the report as text: one line a check, the first violations under it."""
        facts = sum(check.num_checked for check in self.checks)
        verdict = "everything holds" if self.is_ok else f"{len(self.failed)} checks FAILED"
        lines = [f"{self.run}: {len(self.checks)} checks of {facts:,} facts: {verdict}"]
        for check in self.checks:
            broken = "" if check.is_ok else f", {check.num_violations:,} violations"
            lines.append(f"  {'ok  ' if check.is_ok else 'FAIL'}  {check.name:<26} {check.num_checked:>12,}{broken}")
            lines += [f"          {violation}" for violation in check.violations]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.render()


def must(frame: pl.DataFrame, holds: pl.Expr, otherwise: str) -> Findings:
    """Look at every row; a row where the condition is false or unknown is a violation.

    Parameters
    ----------
    frame
        The rows.
    holds
        What must be true of each.
    otherwise
        What to say of a row where it is not, with columns of the frame in braces.
    """
    if frame.is_empty():
        return Findings(0)
    broken = frame.filter(~holds.fill_null(value=False))
    examples = tuple(otherwise.format(**row) for row in broken.head(MAX_EXAMPLES).iter_rows(named=True))
    return Findings(frame.height, broken.height, examples)


def none_of(broken: pl.DataFrame, otherwise: str, num_checked: int) -> Findings:
    """Every row of the frame is a violation.

    Parameters
    ----------
    broken
        The rows that must not be.
    otherwise
        What to say of one, with columns of the frame in braces.
    num_checked
        How many rows were looked at to find them.
    """
    examples = tuple(otherwise.format(**row) for row in broken.head(MAX_EXAMPLES).iter_rows(named=True))
    return Findings(num_checked, broken.height, examples)


def told(messages: Iterable[str], num_checked: int) -> Findings:
    """Every message is a violation.

    Parameters
    ----------
    messages
        What does not hold.
    num_checked
        How many facts were looked at.
    """
    found = list(messages)
    return Findings(num_checked, len(found), tuple(found[:MAX_EXAMPLES]))


def named(name: str, *findings: Findings) -> Check:
    """Put findings together under a name.

    Parameters
    ----------
    name
        Name of the check.
    findings
        What its conditions found.
    """
    examples = [example for finding in findings for example in finding.examples]
    return Check(
        name,
        sum(finding.num_checked for finding in findings),
        sum(finding.num_violations for finding in findings),
        tuple(examples[:MAX_EXAMPLES]),
    )
