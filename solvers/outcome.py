"""How a solve ended: what is known of its cost, its bound, and why it stopped."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """What a solve proved."""

    OPTIMAL = "OPTIMAL"
    """A solution is known and no better one exists."""
    FEASIBLE = "FEASIBLE"
    """A solution is known; a better one may exist, none below the bound."""
    INFEASIBLE = "INFEASIBLE"
    """It is proven that no solution exists."""
    NO_SOLUTION = "NO_SOLUTION"
    """No solution was found and none was excluded."""


class Stop(StrEnum):
    """What ended a solve."""

    PROOF = "PROOF"
    CONVERGED = "CONVERGED"
    ITERATION_LIMIT = "ITERATION_LIMIT"
    TIME_LIMIT = "TIME_LIMIT"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a solve ended.

    Parameters
    ----------
    status
        What was proven.
    stop
        What ended the solve.
    cost
        Objective value of the solution, None where there is none.
    bound
        A proven lower bound on the objective of every solution, None where none is known.

    Raises
    ------
    ValueError
        When the parts contradict each other, such as a bound above the cost.
    """

    status: Status
    stop: Stop
    cost: int | None = None
    bound: int | None = None

    def __post_init__(self) -> None:
        has_solution = self.status in (Status.OPTIMAL, Status.FEASIBLE)
        if has_solution != (self.cost is not None):
            raise ValueError(f"a {self.status} outcome and cost {self.cost} contradict each other.")
        if self.cost is not None and self.bound is not None and self.bound > self.cost:
            raise ValueError(f"the bound {self.bound} lies above the cost {self.cost}.")
        if self.status is Status.OPTIMAL and self.bound != self.cost:
            raise ValueError(f"an OPTIMAL outcome needs bound = cost; bound: {self.bound}, cost: {self.cost}.")

    @property
    def gap(self) -> float | None:
        """The share of the cost that is not proven necessary: (cost - bound) / cost."""
        if self.cost is None or self.bound is None:
            return None
        return 0.0 if self.cost == self.bound else (self.cost - self.bound) / abs(self.cost)
