"""Purchases and transfers together: stock for each warehouse against the expected cost of too little and too much.

The cost of a stock over the time that an order must cover is convex in its units, so the best stocks come from marginal
analysis, exact for single units: every warehouse holds as much as the article's next unit is worth. What is bought is what
they hold beyond what the article has. A budget puts a price on money, found by bisection; that price also proves the
bound, in which raising a stock costs at least the cheapest line. Pack sizes, least quantities and the rest of the fixed
costs are put on top of the best stocks, so they are what the gap consists of.

References
----------
Fox (1966), Discrete optimization via marginal analysis; Everett (1963), Generalized Lagrange multiplier method.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from solvers.arrays import check_range, whole_numbers
from solvers.inventory import kernels_replenish as kernels
from solvers.inventory.kernels_replenish import Integers, Numbers, Tables
from solvers.outcome import Outcome, Status, Stop

_MAX_UNITS: Final = 10**9
_MAX_MEAN: Final = 10**7
_REAL: Final = (
    "mean",
    "variance",
    "shortage_cents",
    "holding_cents",
    "waiting_cents",
    "daily_mean",
    "transfer_cents",
)
_PRICE_STEPS: Final = 20
_BOUND_STEPS: Final = 10


@dataclass(frozen=True, eq=False)
class ReplenishmentProblem:
    """Stocks, what may come and go, and what too little and too much cost.

    Parameters
    ----------
    article
        (stocks,) position of the article of each stock, rising from 0.
    position
        (stocks,) units available or firmly on their way; may be negative.
    movable
        (stocks,) units of them that may go to another warehouse.
    mean, variance
        (stocks,) demand until an order placed next time could arrive.
    shortage_cents, holding_cents
        (stocks,) cost of a unit of demand not met, and of a unit left over.
    waiting_cents, daily_mean
        (stocks,) cost of a unit and day of waiting for demand beyond that, and units it takes a day: the tenth unit in
        excess waits until the tenth is asked for, a year at most. Excess is why moving can be better than buying.
    transfer_cents
        (stocks,) cost of moving a unit out.
    unit_cost_cents, pack_units, minimum_units, order_cents
        (articles,) price of a unit, units bought in multiples of, least units of a purchase, fixed cost of a purchase.
    transfer_line_cents
        Fixed cost of moving an article from one warehouse to another.
    budget_cents
        Most that purchases may cost together; None for no limit.

    Raises
    ------
    ValueError
        When lengths differ or a value is out of range.
    """

    article: Integers
    position: Integers
    movable: Integers
    mean: Numbers
    variance: Numbers
    shortage_cents: Numbers
    holding_cents: Numbers
    waiting_cents: Numbers
    daily_mean: Numbers
    transfer_cents: Numbers
    unit_cost_cents: Integers
    pack_units: Integers
    minimum_units: Integers
    order_cents: Integers
    transfer_line_cents: int = 0
    budget_cents: int | None = None
    tables: Tables = field(init=False)
    """The same as the kernels read it."""

    def __post_init__(self) -> None:
        for name in ("article", "position", "movable", "unit_cost_cents", "pack_units", "minimum_units", "order_cents"):
            object.__setattr__(self, name, whole_numbers(getattr(self, name), name))
        for name in _REAL:
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), np.float64))
            values = getattr(self, name)
            if values.size and not bool(np.all((values >= 0) & (values < math.inf))):
                raise ValueError(f"{name} must be finite numbers from 0 upwards.")
        self._check()
        start = np.searchsorted(self.article, np.arange(self.unit_cost_cents.size + 1))
        reach = np.concatenate(([0], np.cumsum(kernels.table_sizes(self.mean, self.variance)))).astype(np.int64)
        covered, short = np.empty(int(reach[-1])), np.empty(int(reach[-1]))
        kernels.fill_tables(self.mean, self.variance, reach, covered, short)
        tables = Tables(
            start,
            self.position,
            self.position - self.movable,
            self.shortage_cents,
            self.holding_cents,
            self.waiting_cents,
            self.daily_mean,
            self.transfer_cents,
            self.unit_cost_cents[self.article].astype(np.float64),
            self.mean,
            reach,
            covered,
            short,
        )
        object.__setattr__(self, "tables", tables)

    def _check(self) -> None:
        stocks, articles = self.article.size, self.unit_cost_cents.size
        for name in ("position", "movable", *_REAL):
            if getattr(self, name).size != stocks:
                raise ValueError(
                    f"{name} must have a value for each of {stocks} stocks; it has {getattr(self, name).size}."
                )
        for name in ("pack_units", "minimum_units", "order_cents"):
            if getattr(self, name).size != articles:
                raise ValueError(
                    f"{name} must have a value for each of {articles} articles; it has {getattr(self, name).size}."
                )
        if stocks and (bool(np.any(np.diff(self.article) < 0)) or self.article[0] < 0 or self.article[-1] >= articles):
            raise ValueError(f"article must rise within 0..{articles - 1}; sort the stocks by article.")
        check_range(self.position, "position", -_MAX_UNITS, _MAX_UNITS)
        check_range(self.movable, "movable", 0, _MAX_UNITS)
        check_range(self.unit_cost_cents, "unit_cost_cents", 0, 10**10)
        check_range(self.pack_units, "pack_units", 1, _MAX_UNITS)
        check_range(self.minimum_units, "minimum_units", 0, _MAX_UNITS)
        check_range(self.order_cents, "order_cents", 0, 10**10)
        if self.mean.size and float(self.mean.max()) > _MAX_MEAN:
            raise ValueError(f"mean must be at most {_MAX_MEAN}; the largest is {self.mean.max()}.")
        if self.budget_cents is not None and self.budget_cents < 0:
            raise ValueError(f"budget_cents must not be negative; it is {self.budget_cents}.")
        if self.transfer_line_cents < 0:
            raise ValueError(f"transfer_line_cents must not be negative; it is {self.transfer_line_cents}.")

    def costs(self, levels: Integers) -> Numbers:
        """Give the expected cost of each stock at so many units, in cents."""
        found = np.empty(levels.size)
        kernels.fill_costs(self.tables, whole_numbers(levels, "levels"), found)
        return found


@dataclass(frozen=True, eq=False)
class Replenishment:
    """What to buy and what to move.

    Parameters
    ----------
    bought
        (stocks,) units to buy for each stock.
    bought_saved_cents
        (stocks,) expected cost that the purchase saves beyond its fixed cost.
    source, target, moved
        (transfers,) stock that sends, stock that receives, units.
    moved_saved_cents
        (transfers,) expected cost that the transfer saves beyond its own.
    baseline_cents
        Expected cost without any of it.
    outcome
        Expected cost with it and the proven bound, in whole cents.
    """

    bought: Integers
    bought_saved_cents: Numbers
    source: Integers
    target: Integers
    moved: Integers
    moved_saved_cents: Numbers
    baseline_cents: int
    outcome: Outcome

    def levels(self, problem: ReplenishmentProblem) -> Integers:
        """Give the units of each stock after purchases and transfers."""
        levels = problem.position + self.bought
        np.subtract.at(levels, self.source, self.moved)
        np.add.at(levels, self.target, self.moved)
        return levels

    def violations(self, problem: ReplenishmentProblem) -> list[str]:
        """List what the raw problem forbids."""
        found = []
        sent = np.zeros(problem.article.size, np.int64)
        np.add.at(sent, self.source, self.moved)
        if bool(np.any(sent > problem.movable)):
            found.append("more units leave a warehouse than may")
        if bool(np.any(problem.article[self.source] != problem.article[self.target])) or bool(np.any(self.moved < 1)):
            found.append("a transfer joins two articles or moves nothing")
        pack, least = problem.pack_units[problem.article], problem.minimum_units[problem.article]
        if bool(np.any(self.bought % pack)) or bool(np.any((self.bought > 0) & (self.bought < least))):
            found.append("a purchase breaks its pack size or least quantity")
        spent = int(np.sum(self.bought * problem.unit_cost_cents[problem.article]))
        if problem.budget_cents is not None and spent > problem.budget_cents:
            found.append(f"purchases of {spent} cents pass the budget of {problem.budget_cents}")
        return found


def replenish(problem: ReplenishmentProblem) -> Replenishment:
    """Choose purchases and transfers of least expected cost, with a proven bound.

    Without pack sizes, least quantities, fixed costs and budget the answer is exact.
    """
    ideal, bound = _ideal_levels(problem)
    plan = _Plan(problem, ideal)
    if problem.budget_cents is not None and problem.transfer_line_cents > 0:
        # Moves that do not pay their line fall to the budget after all; price money again without them.
        fewer = replace(problem, movable=np.where(plan.has_moves()[problem.article], problem.movable, 0))
        plan = min(plan, _Plan(fewer, _ideal_levels(fewer)[0]), key=_Plan.cost)
    cost = math.ceil(plan.cost() - 1e-6)
    least = min(math.floor(bound - 1e-6 - 1e-9 * abs(bound)) + 1, cost) if bound > 0 else 0
    is_proven = least == cost
    outcome = Outcome(
        Status.OPTIMAL if is_proven else Status.FEASIBLE, Stop.PROOF if is_proven else Stop.CONVERGED, cost, least
    )
    baseline = math.ceil(float(problem.costs(problem.position).sum()) - 1e-6)
    source, target, moved, saved = plan.transfers()
    return Replenishment(plan.bought, plan.bought_saved, source, target, moved, saved, baseline, outcome)


def _ideal_levels(problem: ReplenishmentProblem) -> tuple[Integers, float]:
    """Give the best levels for single units within the budget, and the bound that the price of money proves."""
    order, line = problem.order_cents.astype(np.float64), float(problem.transfer_line_cents)

    def at(price: float) -> tuple[Integers, int]:
        levels = np.zeros(problem.article.size, np.int64)
        kernels.fill_articles(problem.tables, price, levels)
        return levels, int(_bought(problem, levels) @ problem.unit_cost_cents)

    def bound_at(price: float) -> float:
        spendable = 0 if problem.budget_cents is None else price * problem.budget_cents
        return float(kernels.bound_articles(problem.tables, price, order, line)) - spendable

    levels, spent = at(0.0)
    if problem.budget_cents is None or spent <= problem.budget_cents:
        return levels, bound_at(0.0)
    low, high = 0.0, 1.0
    while (found := at(high))[1] > problem.budget_cents:
        low, high = high, 2 * high
    wasteful = at(low)[0]
    for _ in range(_PRICE_STEPS):
        middle = (low + high) / 2
        tried = at(middle)
        if tried[1] > problem.budget_cents:
            low, wasteful = middle, tried[0]
        else:
            high, found = middle, tried
    bound = _highest(bound_at, 0.0, 8 * high)
    return _spend_rest(problem, found[0], wasteful, problem.budget_cents - found[1]), bound


def _highest(function: Callable[[float], float], low: float, high: float) -> float:
    """Give the highest value seen of a concave function by golden-section search."""
    golden = (math.sqrt(5) - 1) / 2
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = function(left), function(right)
    best = max(at_left, at_right, function(low))
    for _ in range(_BOUND_STEPS):
        if at_left >= at_right:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = function(right)
        best = max(best, at_left, at_right)
    return best


def _bought(problem: ReplenishmentProblem, levels: Integers) -> Integers:
    """Give the units each article's levels hold beyond what it has."""
    more = np.zeros(problem.unit_cost_cents.size, np.int64)
    np.add.at(more, problem.article, levels - problem.position)
    return np.maximum(more, 0)


def _spend_rest(problem: ReplenishmentProblem, thrifty: Integers, wasteful: Integers, rest: int) -> Integers:
    """Give articles their levels at the lower price of money while the rest of the budget lasts."""
    levels = thrifty.copy()
    extra = (_bought(problem, wasteful) - _bought(problem, thrifty)) * problem.unit_cost_cents
    for article in np.flatnonzero(extra > 0):
        if extra[article] <= rest:
            own = slice(int(problem.tables.start[article]), int(problem.tables.start[article + 1]))
            levels[own] = wasteful[own]
            rest -= int(extra[article])
    return levels


class _Plan:
    """Turns ideal levels into lines: who sends to whom, who buys how many packs."""

    def __init__(self, problem: ReplenishmentProblem, ideal: Integers) -> None:
        self.problem, self.ideal = problem, ideal
        self.levels = problem.position.copy()
        self.bought = np.zeros(ideal.size, np.int64)
        self.bought_saved = np.zeros(ideal.size)
        self._lines: list[tuple[int, int, int, float]] = []
        self._move()
        self._buy()

    def has_moves(self) -> npt.NDArray[np.bool_]:
        """Tell for each article whether any of it is moved."""
        moved = np.zeros(self.problem.unit_cost_cents.size, np.bool_)
        moved[[int(self.problem.article[line[0]]) for line in self._lines]] = True
        return moved

    def _cost(self, stock: int, units: int) -> float:
        return float(kernels.stock_cost(self.problem.tables, stock, units))

    def _move(self) -> None:
        """Match what leaves with what is needed, the smallest needs first: purchases then go where most is needed."""
        change = self.ideal - self.problem.position
        for article in np.unique(self.problem.article[change < 0]):
            own = np.arange(self.problem.tables.start[article], self.problem.tables.start[article + 1])
            takers = own[change[own] > 0]
            takers = takers[np.argsort(change[takers], kind="stable")].tolist()
            needs = {taker: int(change[taker]) for taker in takers}
            for sender in own[change[own] < 0].tolist():
                left = -int(change[sender])
                for taker in takers:
                    units = min(left, needs[taker])
                    if units > 0 and self._send(sender, taker, units):
                        left -= units
                        needs[taker] -= units

    def _send(self, sender: int, taker: int, units: int) -> bool:
        before = self._cost(sender, int(self.levels[sender])) + self._cost(taker, int(self.levels[taker]))
        after = self._cost(sender, int(self.levels[sender]) - units) + self._cost(
            taker, int(self.levels[taker]) + units
        )
        own = float(self.problem.transfer_cents[sender]) * units + self.problem.transfer_line_cents
        saved = before - after - own
        if saved <= 1e-9:
            return False
        self.levels[sender] -= units
        self.levels[taker] += units
        self._lines.append((sender, taker, units, saved))
        return True

    def _buy(self) -> None:
        """Buy whole packs where they save more than they cost, the most saved for the money first."""
        problem = self.problem
        offers = []
        for stock in np.flatnonzero(self.ideal > self.levels).tolist():
            article = int(problem.article[stock])
            wanted, pack = int(self.ideal[stock] - self.levels[stock]), int(problem.pack_units[article])
            least = -(-int(problem.minimum_units[article]) // pack) * pack
            for units in {max(wanted // pack * pack, least), max(-(-wanted // pack) * pack, least)} - {0}:
                here = int(self.levels[stock])
                saved = self._cost(stock, here) - self._cost(stock, here + units) - int(problem.order_cents[article])
                if saved > 1e-9:
                    offers.append((saved, units * int(problem.unit_cost_cents[article]), stock, units))
        rest = problem.budget_cents
        if rest is None:
            chosen = sorted(offers, key=lambda one: (one[2], -one[0], one[3]))
        else:
            chosen = sorted(offers, key=lambda one: (-one[0] / max(one[1], 1), one[2], one[3]))
        for saved, cents, stock, units in chosen:
            if self.bought[stock] == 0 and (rest is None or cents <= rest):
                self.bought[stock], self.bought_saved[stock] = units, saved
                rest = None if rest is None else rest - cents
        self.levels += self.bought

    def cost(self) -> float:
        """Give the expected cost of the plan."""
        lines = sum(
            float(self.problem.transfer_cents[sender]) * units + self.problem.transfer_line_cents
            for sender, _, units, _ in self._lines
        )
        orders = int(self.problem.order_cents[self.problem.article[self.bought > 0]].sum())
        return float(self.problem.costs(self.levels).sum()) + lines + orders

    def transfers(self) -> tuple[Integers, Integers, Integers, Numbers]:
        """Give the transfers as columns."""
        whole = [np.array([line[column] for line in self._lines], np.int64) for column in range(3)]
        saved: npt.NDArray[np.float64] = np.array([line[3] for line in self._lines], np.float64)
        return whole[0], whole[1], whole[2], saved
