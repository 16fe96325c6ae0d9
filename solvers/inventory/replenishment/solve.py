"""Purchases and transfers together: stock for each warehouse against the expected cost of too little and too much.

Every article is planned by marginal analysis, exact for single units, and its plan is rounded to whole packs and lines. Where
budgets or what warehouses can send bind, articles are charged for them: a linear program over the plans found so far sets the
prices, new plans are made at these, and an integer program takes one plan for each article. The articles whose plans are
farthest from their bounds are then solved exactly. The bound is the sum of the articles' bounds at prices, less what the
limits are worth at them.

References
----------
Fox (1966), Discrete optimization via marginal analysis; Everett (1963), Generalized Lagrange multiplier method; Dantzig and
Wolfe (1960), Decomposition principle for linear programs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from solvers.inventory.replenishment import kernels_plans
from solvers.inventory.replenishment import kernels_stock as kernels
from solvers.inventory.replenishment.exact import ArticlePlan, solve_article
from solvers.inventory.replenishment.kernels_plans import Lines
from solvers.inventory.replenishment.kernels_stock import Numbers
from solvers.inventory.replenishment.master import choice, choose, mixed
from solvers.inventory.replenishment.plans import Planner, Plans, SharedPrices
from solvers.inventory.replenishment.prices import PriceSearch
from solvers.inventory.replenishment.problem import Replenishment, ReplenishmentProblem
from solvers.inventory.replenishment.rest import spend_rest
from solvers.outcome import Outcome, Status, Stop

_LEAST_GAP_CENTS: Final = 0.5


@dataclass(frozen=True, slots=True)
class ReplenishEffort:
    """How hard to look: counts, so that the same problem gives the same plan.

    Parameters
    ----------
    price_rounds
        Most times that prices of what is scarce are set anew by the linear program.
    exact_articles
        Articles solved exactly, those farthest from their bounds first.
    exact_work
        Work of each of them, as the solver counts it: about seconds, and the same on every machine.
    choice_work
        The same for the choice of the plans that budgets and what can be sent allow together.
    """

    price_rounds: int = 6
    exact_articles: int = 50
    exact_work: float = 0.05
    choice_work: float = 0.2


def replenish(
    problem: ReplenishmentProblem, effort: ReplenishEffort | None = None, *, threads: int = 1
) -> Replenishment:
    """Choose purchases and transfers of least expected cost, with a proven bound.

    Without pack sizes, least quantities, fixed costs and limits that bind the answer is exact.

    Parameters
    ----------
    problem
        The problem.
    effort
        How hard to look.
    threads
        Threads to use; the result does not depend on it.
    """
    effort = effort or ReplenishEffort()
    return _Search(problem, effort, threads).found()


class _Search:
    """The plans found so far, the prices that prove most, and the plan they end in."""

    def __init__(self, problem: ReplenishmentProblem, effort: ReplenishEffort, threads: int) -> None:
        self.problem, self.effort = problem, effort
        self.planner = Planner(problem, threads=threads)
        self.baseline = problem.article_costs(problem.position)
        self.prices = SharedPrices.free(problem)
        self.plans = [self.planner.nothing(), self.planner.plans(self.prices)]
        self.taken = np.ones(problem.num_articles, np.int64)
        self.search = PriceSearch(self.planner, self.plans, self.baseline)
        self.closed = self.search.is_hopeless.copy()

    def found(self) -> Replenishment:
        """Search, and put the plan together."""
        found = self.search.best(self.effort.price_rounds)
        self.prices, self.bounds = found.prices, found.bounds
        self._solve_exactly(found.plans)
        if not self.search.is_limited and not self.search.overused(self.plans[-1]).any():
            return self._told(self._lines())
        self._choose()
        wanted = np.where(self.closed[self.problem.supplier[self.problem.article]], 0, self.plans[1].lines.bought)
        return self._told(spend_rest(self.problem, self._lines(), wanted))

    def _choose(self) -> None:
        """Take one plan for each article; from suppliers whose order is not worth it, or too small, nothing."""
        while True:
            columns = choice(self.problem, self.plans, self.closed)
            self.taken = choose(self.problem, columns, mixed(self.problem, columns), work=self.effort.choice_work)
            worse = self._not_worth_it() & ~self.closed
            if not worse.any():
                return
            self.closed |= worse

    def _not_worth_it(self) -> npt.NDArray[np.bool_]:
        """Tell the suppliers whose order is below its least, or costs more than it saves."""
        problem, articles = self.problem, np.arange(self.problem.num_articles)
        spent, cents = (
            np.array([getattr(plans, name) for plans in self.plans])[self.taken, articles]
            for name in ("spent", "cents")
        )
        ordered, saved = np.zeros(problem.num_suppliers, np.int64), np.zeros(problem.num_suppliers)
        np.add.at(ordered, problem.supplier, spent)
        np.add.at(saved, problem.supplier, self.search.without_orders.cents - cents)
        is_small = ordered < problem.least_order_cents
        return (ordered > 0) & (is_small | (saved <= problem.supplier_order_cents) & self.search.has_conditions)

    def _solve_exactly(self, plans: Plans) -> None:
        """Solve the articles whose best plan at the prices is farthest from its bound, one by one."""
        terms = self.planner.terms(self.prices)
        priced = self.planner.priced(plans, self.prices)
        self.bounds = self.planner.bounds(self.prices, aims=self.baseline + priced)
        gap = self.baseline + priced - self.bounds
        order = np.argsort(-gap, kind="stable")[: self.effort.exact_articles]
        lines = Lines(*(one.copy() for one in plans.lines))
        for article in order[gap[order] > _LEAST_GAP_CENTS].tolist():
            solved = solve_article(self.problem, terms, article, work=self.effort.exact_work)
            if solved is not None:
                self.bounds[article] = max(self.bounds[article], solved.bound)
                self._adopt(lines, priced, article, solved)
        self.plans.append(self.planner.told(lines, terms, priced, self.prices))
        self.taken = np.full(self.problem.num_articles, len(self.plans) - 1, np.int64)

    def _adopt(self, lines: Lines, priced: Numbers, article: int, solved: ArticlePlan) -> None:
        """Take an exact plan where it is better than what is there."""
        first, last = int(self.problem.tables.start[article]), int(self.problem.tables.start[article + 1])
        if len(solved.moves) > last - first:
            return
        terms = self.planner.terms(self.prices)
        levels = self.problem.position[first:last] + solved.bought
        cents = float(terms.order[article]) * int((solved.bought > 0).sum())
        cents += float(terms.money[article]) * int(solved.bought.sum())
        for sender, taker, units in solved.moves:
            levels[sender - first] -= units
            levels[taker - first] += units
            route = int(terms.place[sender]), int(terms.place[taker])
            cents += float(terms.route_unit[route]) * units + float(terms.route_line[route])
        tables = self.problem.tables
        cents += sum(kernels.stock_cost(tables, first + at, units) for at, units in enumerate(levels.tolist()))
        cents += kernels.together_cost(tables, article, int(levels.sum())) - float(self.baseline[article])
        if cents >= priced[article]:
            return
        priced[article] = cents
        lines.bought[first:last] = solved.bought
        lines.moved[first:last] = 0
        for at, (sender, taker, units) in enumerate(solved.moves):
            lines.source[first + at], lines.target[first + at], lines.moved[first + at] = sender, taker, units

    def _lines(self) -> Lines:
        """Put the plans that the articles take together."""
        stocks, own = np.arange(self.problem.num_stocks), self.taken[self.problem.article]
        return Lines(*(np.array([plans.lines[part] for plans in self.plans])[own, stocks] for part in range(4)))

    def _told(self, lines: Lines) -> Replenishment:
        """Give the plan with what each line saves and what is proven."""
        by_purchase, by_move = np.zeros(self.problem.num_stocks), np.zeros(self.problem.num_stocks)
        free = self.planner.terms(SharedPrices.free(self.problem))
        kernels_plans.fill_savings(self.problem.tables, free, lines, by_purchase, by_move)
        moves = np.flatnonzero(lines.moved)
        plan = Replenishment(
            lines.bought,
            by_purchase,
            lines.source[moves],
            lines.target[moves],
            lines.moved[moves],
            by_move[moves],
            math.ceil(float(self.baseline.sum()) - 1e-6),
            np.where(self.closed, 0.0, self.prices.finite),
            self.prices.sending,
            Outcome(Status.NO_SOLUTION, Stop.CONVERGED),
        )
        return replace(plan, outcome=self._outcome(math.ceil(plan.cost(self.problem) - 1e-6)))

    def _outcome(self, cost: int) -> Outcome:
        bound = self.search.proven(self.prices, self.bounds)
        least = min(math.floor(bound - 1e-6 - 1e-9 * abs(bound)) + 1, cost) if bound > 0 else 0
        if least == cost:
            return Outcome(Status.OPTIMAL, Stop.PROOF, cost, least)
        return Outcome(Status.FEASIBLE, Stop.CONVERGED, cost, least)
