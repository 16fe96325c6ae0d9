"""A stronger bound where few units are shared: pieces take whole units, and what is left over serves nobody.

Pieces of q units that share b units satisfy `sum((q + t) // k) <= (b + sum(t)) // k` for any whole t ≥ 0 of each piece
and any divisor k. Such cuts, found from what the orders ask for while prices move, have prices like limits have. What
a piece pays for all cuts of a stock is its premium there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.assignment.charges import Charges, price_charges
from solvers.assignment.columns import list_columns, price_in_shares
from solvers.assignment.cuts import CutColumns, no_cuts, premiums_of, taken_up
from solvers.assignment.deadlines import has_passed
from solvers.assignment.dual import climb, typical_cost_cents
from solvers.assignment.kernels_rounding import count_askers
from solvers.assignment.preparation import flatten, prices_of

if TYPE_CHECKING:
    from solvers.assignment.dual import DualResult
    from solvers.assignment.pricer import Pricer
    from solvers.assignment.problem import AssignmentProblem, Int64Array

_SLACK = 0.6
"""How much dearer at prices than its order's cheapest a plan may be to be listed, as a share of an option's cost."""
_STAGES = (
    (0.02, 0.004, 0.1, False), (0.02, 0.004, 0.1, False), (0.02, 0.004, 0.1, False), (0.02, 0.004, 0.1, True),
    (0.02, 0.004, 0.1, False), (0.01, 0.001, 0.2, True), (0.004, 0.0002, 0.3, True),
)  # fmt: skip
"""First and last step as shares of what an option typically costs; share of rounds; whether plans are listed anew."""


def tighten(
    problem: AssignmentProblem, pricer: Pricer, found: DualResult, *, rounds: int, deadline: float | None = None
) -> tuple[Charges, int]:
    """Search charges that prove more than prices alone; gives the best and its bound, thousandths of a cent.

    Each stage takes up the cuts that the plans of the last one break on average, and moves all prices together. Plans
    that are cheapest at the charges are listed as the search goes on, as the listed ones alone would promise too much.

    Parameters
    ----------
    problem
        The problem.
    pricer
        Prices its orders.
    found
        The prices to start from.
    rounds
        Rounds over the listed plans, all stages together; 0 for the prices alone.
    deadline
        `time.monotonic()` after which to stop early.

    References
    ----------
    Caprara and Fischetti (1996), {0, 1/2}-Chvátal-Gomory cuts, Mathematical Programming 74, 221-235.
    """
    search = _Search(problem, pricer, found)
    if len(search.limit) == 0 or rounds == 0 or has_passed(deadline):
        return search.best
    for number, (first, last, share, lists_anew) in enumerate(_STAGES):
        if has_passed(deadline):
            break
        if number:
            search.take_up_cuts()
            if len(search.cuts.most) == 0:
                break
        if lists_anew:
            search.list_anew()
        search.climb(max(1, round(share * rounds)), (first, last), deadline)
    search.prove()
    return search.best


class _Search:
    """Prices of limits and cuts on their way."""

    def __init__(self, problem: AssignmentProblem, pricer: Pricer, found: DualResult) -> None:
        self.problem, self.pricer, self.prepared = problem, pricer, pricer.prepared
        self.limit = self.prepared.contested_limit()
        self.cuts = no_cuts(len(self.limit))
        self.price = flatten(found.prices)[self.prepared.contested]
        self.best = Charges.of(prices_of(found.prices)), found.bound_millicents
        self._typical = typical_cost_cents(self.prepared)
        self._around = found.prices
        self._listed: CutColumns | None = None
        self._column_rounds = np.zeros(0, dtype=np.int64)
        self._rounds = 0

    def list_anew(self) -> CutColumns:
        """List plans around the prices of the start, with those that are cheapest at the charges now."""
        plan = None if self._listed is None else self.prove()
        slack_cents = round(_SLACK * self._typical) + 1
        self._listed = CutColumns.of(self.prepared, list_columns(self.pricer, self._around, slack_cents, plan))
        return self._listed

    def climb(self, rounds: int, steps: tuple[float, float], deadline: float | None) -> None:
        """Move all prices, and count in the later half of the rounds how often each plan is the cheapest."""
        listed = self._listed or self.list_anew()
        columns = listed.within(self.cuts, self.prepared.instance.piece_quantity)
        self._column_rounds = np.zeros(len(columns.cost), dtype=np.int64)
        self._rounds = 0
        chosen = np.zeros(self.prepared.num_orders, dtype=np.int64)
        seen = 0

        def price(whole: Int64Array) -> tuple[int, Int64Array]:
            nonlocal seen
            priced = price_in_shares(columns, whole, chosen, self.pricer.threads)
            seen += 1
            if seen > rounds // 2:
                self._column_rounds[chosen] += 1
                self._rounds += 1
            return priced

        limit = np.concatenate([self.limit, self.cuts.most])
        lengths = (steps[0] * self._typical, steps[1] * self._typical)
        _bound, self.price, _done = climb(price, limit, self.price.astype(np.float64), rounds, lengths, deadline)

    def take_up_cuts(self) -> None:
        """Take up the cuts that were broken on average, and let go of those without a price."""
        if self._listed is None or self._rounds == 0:
            return
        num_limits = len(self.limit)
        askers = count_askers(
            self._listed.columns, self._listed.piece_of_use, self._column_rounds, np.int64(num_limits)
        )
        quantity = self.prepared.instance.piece_quantity
        self.cuts, of_cuts = taken_up(self.cuts, self.price[num_limits:], askers, quantity, self._rounds, self.limit)
        self.price = np.concatenate([self.price[:num_limits], of_cuts])

    def prove(self) -> Int64Array:
        """Compute what the charges prove over all options; gives the option of each piece in the cheapest plans."""
        num_limits = len(self.limit)
        prices = prices_of(self.prepared.spread(self.price[:num_limits]))
        charges = Charges(prices, *premiums_of(self.prepared, self.cuts, self.price[num_limits:]))
        bound, plan = price_charges(self.problem, self.pricer, charges)
        if bound > self.best[1]:
            self.best = charges, bound
        return plan
