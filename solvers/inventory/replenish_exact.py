"""One article's purchases and transfers as a mixed-integer program: whole packs, least quantities and fixed costs, exactly.

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
from typing import Final

import numpy as np
from ortools.math_opt.python import mathopt

from solvers.inventory import kernels_replenish as kernels
from solvers.inventory.kernels_plans import Terms
from solvers.inventory.kernels_replenish import Integers
from solvers.inventory.replenishment import ReplenishmentProblem

_FIRST_LINES: Final = 12
_ROUNDS: Final = 8
_TOLERANCE_CENTS: Final = 1e-3


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


def solve_article(problem: ReplenishmentProblem, terms: Terms, article: int, *, nodes: int) -> ArticlePlan | None:
    """Find the best plan of an article at the prices of `terms`; None where none was found within the nodes.

    Parameters
    ----------
    problem
        The problem.
    terms
        What buying and moving costs.
    article
        The article.
    nodes
        Nodes of the search.
    """
    program = _Program(problem, terms, article)
    parameters = mathopt.SolveParameters(node_limit=nodes, relative_gap_tolerance=1e-9)
    found = None
    for _ in range(_ROUNDS):
        result = mathopt.solve(program.model, mathopt.SolverType.HIGHS, params=parameters)
        if result.termination.reason not in (mathopt.TerminationReason.OPTIMAL, mathopt.TerminationReason.FEASIBLE):
            return found
        values = result.variable_values()
        found = program.told(values, result.termination.objective_bounds.dual_bound - _TOLERANCE_CENTS)
        if not program.sharpen(values):
            break
    return found


class _Cost:
    """A convex cost of whole units: a variable above the lines told of so far."""

    def __init__(
        self, model: mathopt.Model, level: mathopt.LinearBase, low: int, high: int, cost: Callable[[int], float]
    ) -> None:
        self._model, self._level, self._low, self._high, self._cost = model, level, low, high, cost
        self.variable: mathopt.Variable = model.add_variable(lb=0.0)
        self._told: set[int] = set()
        for units in np.unique(np.geomspace(1, high - low + 1, _FIRST_LINES).astype(np.int64) + low - 1).tolist():
            self._tell(units)

    def _tell(self, units: int) -> None:
        self._told.add(units)
        here = self._cost(units)
        slope = self._cost(units + 1) - here
        self._model.add_linear_constraint(self.variable >= here + slope * (self._level - float(units)))

    def sharpen(self, values: dict[mathopt.Variable, float]) -> bool:
        """Add the lines on both sides of these units where their cost is told too low."""
        units = round(mathopt.evaluate_expression(self._level, values))
        if values[self.variable] >= self._cost(units) - _TOLERANCE_CENTS / 10:
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
        self.model = mathopt.Model()
        self.most_bought = self._most_bought()
        self.packs = [
            self.model.add_integer_variable(lb=0, ub=float(most // terms.pack[article])) for most in self.most_bought
        ]
        self.moved = {lane: self._move_variable(lane[0]) for lane in self._lanes()}
        self.costs = self._levels()
        expected = mathopt.LinearSum([cost.variable for cost in self.costs])
        self.model.minimize(self._buying() + self._moving() + expected)

    def _most_bought(self) -> Integers:
        """Give how many units could be worth buying: until one more would cost, were it to save any lost demand."""
        tables, pack = self.problem.tables, int(self.terms.pack[self.article])
        worth = float(tables.lost[self.article]) - float(self.terms.money[self.article])
        most = np.zeros(self.stocks.size, np.int64)
        for at, stock in enumerate(self.stocks.tolist()):
            least = int(tables.least[stock])
            wanted = kernels.first_above(tables, stock, worth, least, max(least, 0) + kernels.reach_of(tables, stock))
            most[at] = max(wanted - least, int(self.terms.least[self.article])) + pack
        return most // pack * pack

    def _lanes(self) -> list[tuple[int, int]]:
        movable = self.problem.movable
        return [
            (int(sender), int(taker))
            for sender in self.stocks
            for taker in self.stocks
            if sender != taker and movable[sender] > 0
        ]

    def _move_variable(self, sender: int) -> mathopt.Variable:
        return self.model.add_integer_variable(lb=0, ub=float(self.problem.movable[sender]))

    def _buying(self) -> mathopt.LinearSum:
        """Cost of purchases; each is nothing, or at least the least quantity."""
        article, costs = self.article, []
        order, least, pack = (int(one[article]) for one in (self.terms.order, self.terms.least, self.terms.pack))
        for packs, most in zip(self.packs, self.most_bought.tolist(), strict=True):
            costs.append(float(self.terms.money[article]) * pack * packs)
            if order > 0 or least > pack:
                is_bought = self.model.add_binary_variable()
                self.model.add_linear_constraint(pack * packs <= most * is_bought)
                self.model.add_linear_constraint(pack * packs >= least * is_bought)
                costs.append(order * is_bought)
        return mathopt.LinearSum(costs)

    def _moving(self) -> mathopt.LinearSum:
        """Cost of moves; no stock sends more than may leave it."""
        costs = []
        for (sender, taker), units in self.moved.items():
            lane = int(self.terms.place[sender]), int(self.terms.place[taker])
            costs.append(float(self.terms.lane_unit[lane]) * units)
            line = float(self.terms.lane_line[lane])
            if line > 0:
                is_moved = self.model.add_binary_variable()
                self.model.add_linear_constraint(units <= int(self.problem.movable[sender]) * is_moved)
                costs.append(line * is_moved)
        for stock in self.stocks.tolist():
            out = [units for (sender, _), units in self.moved.items() if sender == stock]
            if out:
                self.model.add_linear_constraint(mathopt.LinearSum(out) <= int(self.problem.movable[stock]))
        return mathopt.LinearSum(costs)

    def _levels(self) -> list[_Cost]:
        """Give the expected cost of what each warehouse holds, and of what all of them hold."""
        tables, pack = self.problem.tables, int(self.terms.pack[self.article])
        costs = []
        spare = int(self.problem.movable[self.stocks].sum())
        for at, stock in enumerate(self.stocks.tolist()):
            level = float(self.problem.position[stock]) + pack * self.packs[at]
            level += mathopt.LinearSum([units for (_, taker), units in self.moved.items() if taker == stock])
            level -= mathopt.LinearSum([units for (sender, _), units in self.moved.items() if sender == stock])
            low = int(tables.least[stock])
            high = int(self.problem.position[stock]) + int(self.most_bought[at]) + spare
            costs.append(_Cost(self.model, level, low, high, partial(kernels.stock_cost, tables, stock)))
        if tables.lost[self.article] > 0:
            have = int(self.problem.position[self.stocks].sum())
            level = float(have) + pack * mathopt.LinearSum(self.packs)
            high = have + int(self.most_bought.sum())
            costs.append(_Cost(self.model, level, have, high, partial(kernels.together_cost, tables, self.article)))
        return costs

    def told(self, values: dict[mathopt.Variable, float], bound: float) -> ArticlePlan:
        """Read the plan back."""
        packs = [round(values[one]) for one in self.packs]
        moves = [(*lane, round(values[one])) for lane, one in self.moved.items()]
        bought = np.array(packs, np.int64) * int(self.terms.pack[self.article])
        return ArticlePlan(bought, [move for move in moves if move[2] > 0], bound)

    def sharpen(self, values: dict[mathopt.Variable, float]) -> bool:
        """Tell costs better where these values need it; False where all are told."""
        added = [cost.sharpen(values) for cost in self.costs]
        return any(added)
