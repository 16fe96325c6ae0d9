"""What packing found, how each solve ended, and what it breaks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from solvers.outcome import Outcome, Status, Stop
from solvers.packing.parcels import Parcels
from solvers.packing.violations import list_violations

if TYPE_CHECKING:
    from solvers.packing.problem import PackingProblem

STATUSES = (Status.OPTIMAL, Status.FEASIBLE, Status.INFEASIBLE, Status.NO_SOLUTION)
"""What the values of `set_status` mean."""


class Reason(IntEnum):
    """Why units are in no parcel."""

    TOO_LARGE = 1
    """The item goes into no carton by itself."""
    TOO_HEAVY = 2
    """The item is too heavy for every carton or freight table."""
    TOO_MANY = 3
    """The set has more units than one set may have."""
    NO_CARTON = 4
    """No carton carries the packaging that the set asks for."""
    NOT_TOGETHER = 5
    """The set must stay together and no carton was found that holds all of it."""
    OUT_OF_CARTONS = 6
    """The cartons on hand went to other sets."""


@dataclass(frozen=True, slots=True)
class PackingSolution(Parcels):
    """Parcels and placements, in the order of the sets, that say how each solve ended and judge themselves."""

    def outcome(self, position: int) -> Outcome:
        """Tell how the solve of one set ended."""
        status = STATUSES[int(self.set_status[position])]
        solved = status in (Status.OPTIMAL, Status.FEASIBLE)
        proven = status in (Status.OPTIMAL, Status.INFEASIBLE)
        return Outcome(
            status=status,
            stop=Stop.PROOF if proven else Stop.ITERATION_LIMIT,
            cost=int(self.set_cost[position]) if solved else None,
            bound=int(self.set_bound[position]) if solved else None,
        )

    def violations(self, problem: PackingProblem) -> list[str]:
        """List every rule that the parcels break, judged from the raw problem alone; empty for a valid solution."""
        return list_violations(problem, self)
