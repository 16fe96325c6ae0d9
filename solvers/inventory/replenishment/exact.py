"""One article's purchases and transfers as a mixed-integer program: whole packs, least quantities, fixed costs.

Where all ways cost the same, what leaves each warehouse and what comes to each are variables, not who sends to whom: every
sender and every receiver is in a move at least. Where no pair of them is needed twice, that is what it costs; else it is a
bound, and the moves are matched afterwards. Where ways differ, every way has its units and its line.

Expected cost is convex in the units of a warehouse, so it is the highest of the lines through neighbouring units. A few of the
lines are enough to begin with; where the optimum's cost is told too low, the line that tells it is added (Kelley). Lines left
out can only lower the optimum, so the bound of every program holds.

References
----------
Kelley (1960), The cutting-plane method for solving convex programs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

import numpy as np
from ortools.sat.python import cp_model

from solvers.inventory.replenishment import kernels_stock as kernels
from solvers.inventory.replenishment.kernels_plans import Terms
from solvers.inventory.replenishment.kernels_stock import Integers, Numbers
from solvers.inventory.replenishment.problem import ReplenishmentProblem

Expression: TypeAlias = Any
"""A linear expression of the solver's, whose operators are annotated for every width of whole numbers there is."""

_A_CENT: Final = 10_000
"""Parts of a cent that the program counts in."""
_MOST: Final = 10**17
_FIRST_LINES: Final = 24
_ROUNDS: Final = 8


@dataclass(frozen=True)
class ArticlePlan:
    """The best plan of an article and what none can undercut.

    Parameters
    ----------
    bought
        (stocks of the article,) units to buy.
    moves
        Stock that sends, stock that receives, units.
    bound
        Least cost of any plan at the prices, doing nothing included, in cents.
    """

    bought: Integers
    moves: list[tuple[int, int, int]]
    bound: float


def solve_article(problem: ReplenishmentProblem, terms: Terms, article: int, *, work: float) -> ArticlePlan | None:
    """Find the best plan of an article at the prices of `terms`; None where none was found within the work.

    Parameters
    ----------
    problem
        The problem.
    terms
        What buying and moving costs.
    article
        The article.
    work
        Work of the search, as the solver counts it: about seconds, and the same on every machine.
    """
    program = _Program(problem, terms, article)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    found, bound = None, 0.0
    for _ in range(_ROUNDS):
        solver.parameters.max_deterministic_time = work
        if solver.solve(program.model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            break
        bound = max(bound, solver.best_objective_bound / _A_CENT)
        found = program.told(solver, bound)
        work -= solver.response_proto.deterministic_time
        if not program.sharpen(solver) or work <= 0:
            break
    return found


class _Cost:
    """A convex cost of whole units: a variable above the lines told of so far, in parts of a cent."""

    def __init__(
        self, model: cp_model.CpModel, level: Expression, low: int, high: int, cost: Callable[[int], float]
    ) -> None:
        self._model, self._low, self._high, self._cost = model, low, high, cost
        self._level = model.new_int_var(low, high, "")
        model.add(self._level == level)
        self.variable = model.new_int_var(0, _MOST, "")
        self._told: set[int] = set()
        for units in np.unique(np.geomspace(1, high - low + 1, _FIRST_LINES).astype(np.int64) + low - 1).tolist():
            self._tell(units)

    def _tell(self, units: int) -> None:
        """Add the line through the cost of neighbouring units, in whole numbers and nowhere above it."""
        self._told.add(units)
        here = self._cost(units) * _A_CENT
        slope = round(self._cost(units + 1) * _A_CENT - here)
        rounded = max(units - self._low, self._high - units) // 2 + 1
        self._model.add(self.variable >= int(here) - rounded + slope * (self._level - units))

    def sharpen(self, solver: cp_model.CpSolver) -> bool:
        """Add the lines on both sides of these units where their cost is told too low."""
        units = solver.value(self._level)
        if solver.value(self.variable) >= (self._cost(units) - 0.01) * _A_CENT - (self._high - self._low):
            return False
        fresh = {units - 1, units} - self._told
        for one in sorted(fresh):
            self._tell(one)
        return bool(fresh)


class _Program:
    """The program of an article: variables, what ties them together, and the cost."""

    def __init__(self, problem: ReplenishmentProblem, terms: Terms, article: int) -> None:
        self.problem, self.terms, self.article = problem, terms, article
        self.stocks = np.arange(problem.tables.start[article], problem.tables.start[article + 1])
        self.model = cp_model.CpModel()
        self.most_bought = self._most_bought()
        movable = problem.movable[self.stocks]
        self.packs = self._units(self.most_bought // terms.pack[article])
        self.sent = self._units(movable)
        self.most_got = self._most_got()
        self.got = self._units(self.most_got)
        self.costs = self._levels()
        self.ways: dict[tuple[int, int], cp_model.IntVar] = {}
        expected = [cost.variable for cost in self.costs]
        moving = self._moving() if self._is_alike() else self._moving_by_ways()
        self.model.minimize(cp_model.LinearExpr.sum([*expected, self._buying(), moving]))

    def _units(self, most: Integers) -> list[cp_model.IntVar]:
        return [self.model.new_int_var(0, one, "") for one in most.tolist()]

    def _most_bought(self) -> Integers:
        """Give how many units could be worth buying: until one more costs more than the lost demand it could save."""
        tables, article = self.problem.tables, self.article
        have = int(self.problem.position[self.stocks].sum())
        worth = float(tables.lost[article]) * kernels.uncovered_together(tables, article, have)
        least = tables.least[self.stocks]
        wanted = self._first_above(worth - float(self.terms.money[article]), least) - least
        pack = int(self.terms.pack[article])
        most: Integers = (np.maximum(wanted, int(self.terms.least[article])) // pack + 1) * pack
        return most

    def _most_got(self) -> Integers:
        """Give how many units could be worth receiving: until one more costs what no sender would pay to be rid of one."""
        tables, article = self.problem.tables, self.article
        position, movable = self.problem.position[self.stocks], self.problem.movable[self.stocks]
        most: Integers = int(movable.sum()) - movable
        if self.terms.order[article] > 0 or self.terms.pack[article] > 1 or self.terms.least[article] > 1:
            # A stock may send what it has and buy as many: what it is rid of is not bounded by what it has.
            return most
        if not self._is_alike():
            # A stock may send on one way what it gets on another, where the way past it is dearer or closed.
            return most
        relief = [
            kernels.one_more(tables, stock, units - 1)
            for stock, units, own in zip(self.stocks.tolist(), position.tolist(), movable.tolist(), strict=True)
            if own > 0
        ]
        useful: Integers = np.clip(self._first_above(max(relief, default=0.0), position) - position, 0, most)
        return useful

    def _first_above(self, worth: float, from_units: Integers) -> Integers:
        tables = self.problem.tables
        found = [
            kernels.first_above(tables, stock, worth, least, max(least, 0) + kernels.reach_of(tables, stock))
            for stock, least in zip(self.stocks.tolist(), from_units.tolist(), strict=True)
        ]
        return np.array(found, np.int64)

    def _buying(self) -> Expression:
        """Give the cost of purchases; each is nothing, or at least the least quantity."""
        order, least, pack = (int(one[self.article]) for one in (self.terms.order, self.terms.least, self.terms.pack))
        price = int(float(self.terms.money[self.article]) * pack * _A_CENT)
        cost: Expression = price * sum(self.packs)
        if order > 0 or least > pack:
            for packs, most in zip(self.packs, self.most_bought.tolist(), strict=True):
                is_bought = self._is_used(packs, most // pack)
                self.model.add(pack * packs >= least * is_bought)
                cost += order * _A_CENT * is_bought
        return cost

    def _is_used(self, units: cp_model.IntVar, most: int) -> cp_model.IntVar:
        """Give a variable that is 1 where there are any units."""
        found = self.model.new_bool_var("")
        self.model.add(units <= most * found)
        return found

    def _moving(self) -> Expression:
        """Give the least cost of moves: as many as there are senders, and as there are receivers."""
        places = self.terms.place[self.stocks]
        unit, line = (one[np.ix_(places, places)] for one in (self.terms.route_unit, self.terms.route_line))
        self.model.add(sum(self.sent) == sum(self.got))
        cents = (unit.min(axis=1) * _A_CENT).astype(np.int64).tolist()
        cost: Expression = sum(one * sent for one, sent in zip(cents, self.sent, strict=True))
        if line.min() > 0:
            movable = self.problem.movable[self.stocks].tolist()
            moves = self.model.new_int_var(0, 2 * len(places), "")
            for units, most in ((self.sent, movable), (self.got, self.most_got.tolist())):
                self.model.add(
                    moves >= sum(self._is_used(one, own) for one, own in zip(units, most, strict=True) if own > 0)
                )
            cost += int(float(line.min()) * _A_CENT) * moves
        return cost

    def _ways_cost(self) -> tuple[Numbers, Numbers]:
        """Give what a unit and a line cost from each of the stocks to each."""
        places = self.terms.place[self.stocks]
        return self.terms.route_unit[np.ix_(places, places)], self.terms.route_line[np.ix_(places, places)]

    def _is_alike(self) -> bool:
        """Tell whether it is all the same where a unit goes to."""
        unit, line = self._ways_cost()
        is_way = ~np.eye(len(self.stocks), dtype=np.bool_)
        by_sender = np.where(is_way, unit, -np.inf).max(axis=1) == np.where(is_way, unit, np.inf).min(axis=1)
        return bool(len(self.stocks) == 1 or (by_sender.all() and np.ptp(line[is_way]) == 0))

    def _moving_by_ways(self) -> Expression:
        """Give the cost of moves, every way with units and a line of its own."""
        unit, line = self._ways_cost()
        movable = self.problem.movable[self.stocks]
        worth = self._dearest_unit()
        cost: Expression = 0
        for sender, taker in np.argwhere(~np.eye(len(self.stocks), dtype=np.bool_)).tolist():
            most = min(int(movable[sender]), int(self.most_got[taker]))
            if most == 0 or float(unit[sender, taker]) > worth:
                continue
            moved = self.model.new_int_var(0, most, "")
            self.ways[sender, taker] = moved
            cost += int(float(unit[sender, taker]) * _A_CENT) * moved
            if line[sender, taker] > 0:
                cost += int(float(line[sender, taker]) * _A_CENT) * self._is_used(moved, most)
        for at in range(len(self.stocks)):
            self.model.add(sum(one for ends, one in self.ways.items() if ends[0] == at) == self.sent[at])
            self.model.add(sum(one for ends, one in self.ways.items() if ends[1] == at) == self.got[at])
        return cost

    def _dearest_unit(self) -> float:
        """Give what a way may cost at most for a unit: what one short at the receiver does, and what one too many at the sender."""
        tables = self.problem.tables
        return max(
            float(tables.shortage[stock]) + max(kernels.highest(tables, other) for other in self.stocks.tolist())
            for stock in self.stocks.tolist()
        )

    def _levels(self) -> list[_Cost]:
        """Give the expected cost of what each warehouse holds, and of what all of them hold."""
        tables, pack = self.problem.tables, int(self.terms.pack[self.article])
        costs = []
        for at, stock in enumerate(self.stocks.tolist()):
            level: Expression = int(self.problem.position[stock]) + pack * self.packs[at] + self.got[at] - self.sent[at]
            low = int(tables.least[stock])
            high = int(self.problem.position[stock]) + int(self.most_bought[at]) + int(self.most_got[at])
            costs.append(_Cost(self.model, level, low, high, partial(kernels.stock_cost, tables, stock)))
        if tables.lost[self.article] > 0:
            have = int(self.problem.position[self.stocks].sum())
            level = have + pack * sum(self.packs)
            high = have + int(self.most_bought.sum())
            costs.append(_Cost(self.model, level, have, high, partial(kernels.together_cost, tables, self.article)))
        return costs

    def told(self, solver: cp_model.CpSolver, bound: float) -> ArticlePlan:
        """Read the plan back."""
        packs, sent, got = ([solver.value(one) for one in part] for part in (self.packs, self.sent, self.got))
        bought = np.array(packs, np.int64) * int(self.terms.pack[self.article])
        if self.ways:
            first, ways = int(self.stocks[0]), self.ways.items()
            moves = [(first + sender, first + taker, solver.value(moved)) for (sender, taker), moved in ways]
            return ArticlePlan(bought, [move for move in moves if move[2] > 0], bound)
        change = {stock: more - less for stock, more, less in zip(self.stocks.tolist(), got, sent, strict=True)}
        return ArticlePlan(bought, _matched(change), bound)

    def sharpen(self, solver: cp_model.CpSolver) -> bool:
        """Tell costs better where these values need it; False where all are told."""
        added = [cost.sharpen(solver) for cost in self.costs]
        return any(added)


def _matched(change: dict[int, int]) -> list[tuple[int, int, int]]:
    """Match those that send with those that receive: equal ones first, then the largest with the largest."""
    senders = {stock: -units for stock, units in change.items() if units < 0}
    takers = {stock: units for stock, units in change.items() if units > 0}
    moves = []
    while senders and takers:
        pairs = [(one, other) for one in senders for other in takers]
        sender, taker = min(
            pairs, key=lambda pair: (senders[pair[0]] != takers[pair[1]], -min(senders[pair[0]], takers[pair[1]]), pair)
        )
        units = min(senders[sender], takers[taker])
        moves.append((sender, taker, units))
        for ends, end in ((senders, sender), (takers, taker)):
            ends[end] -= units
            if ends[end] == 0:
                del ends[end]
    return moves
