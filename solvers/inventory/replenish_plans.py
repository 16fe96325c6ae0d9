"""Plans of every article at prices of what they share, and what no plan at those prices can undercut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from solvers.inventory import kernels_bounds
from solvers.inventory import kernels_plans as kernels
from solvers.inventory.kernels_plans import Lines, Terms
from solvers.inventory.kernels_replenish import Integers, Numbers
from solvers.inventory.replenishment import ReplenishmentProblem

_NO_ROUTE: Final = 1e12
"""Cents: a move between a warehouse and itself is none."""


@dataclass(frozen=True, eq=False)
class SharedPrices:
    """What articles are charged for what they share.

    Parameters
    ----------
    money
        (suppliers,) cents for a cent of the budget.
    sending
        (warehouses,) cents for a unit sent.
    """

    money: Numbers
    sending: Numbers

    @classmethod
    def free(cls, problem: ReplenishmentProblem) -> SharedPrices:
        """Give the prices at which nothing is scarce."""
        return cls(np.zeros(problem.budget_cents.size), np.zeros(problem.sending_units.size))


@dataclass(frozen=True, eq=False)
class Plans:
    """One plan of every article.

    Parameters
    ----------
    lines
        Purchases by stock, and moves in the places of each article's stocks.
    cents
        (articles,) what the plan adds to the expected cost of doing nothing; zero or less where it saves.
    spent
        (articles,) price of the purchases.
    sent
        (articles, warehouses) units sent.
    """

    lines: Lines
    cents: Numbers
    spent: Integers
    sent: npt.NDArray[np.int64]


class Planner:
    """Makes plans for all articles at any prices."""

    def __init__(self, problem: ReplenishmentProblem) -> None:
        self.problem = problem
        pack = problem.pack_units
        self._least = -(-problem.minimum_units // pack) * pack
        self._order = problem.order_cents.astype(np.float64)
        self.route_unit, self.route_line = problem.route_unit_cents.copy(), problem.route_line_cents.copy()
        np.fill_diagonal(self.route_unit, _NO_ROUTE)
        np.fill_diagonal(self.route_line, _NO_ROUTE)

    def nothing(self) -> Plans:
        """Give the plans that do nothing."""
        stocks, articles = self.problem.num_stocks, self.problem.num_articles
        lines = Lines(*(np.zeros(stocks, np.int64) for _ in range(4)))
        sent = np.zeros((articles, self.problem.sending_units.size), np.int64)
        return Plans(lines, np.zeros(articles), np.zeros(articles, np.int64), sent)

    def terms(self, prices: SharedPrices) -> Terms:
        """Give what buying and moving costs at prices."""
        problem = self.problem
        money = prices.money[problem.supplier] * problem.unit_cost_cents
        route_unit = self.route_unit + prices.sending[:, None]
        return Terms(
            money, self._order, problem.pack_units, self._least, problem.warehouse, route_unit, self.route_line
        )

    def plans(self, prices: SharedPrices) -> Plans:
        """Plan every article by marginal analysis, then whole lines."""
        found = self.nothing()
        terms = self.terms(prices)
        priced = np.empty(self.problem.num_articles)
        kernels.fill_plans(self.problem.tables, terms, self._moving(terms), found.lines, priced)
        return self.told(found.lines, terms, priced, prices)

    def told(self, lines: Lines, terms: Terms, priced: Numbers, prices: SharedPrices) -> Plans:
        """Give plans with what they cost and use, from what they add at prices."""
        problem = self.problem
        bought, sent = (np.zeros(problem.num_articles, np.int64) for _ in range(2))
        np.add.at(bought, problem.article, lines.bought)
        moves = np.flatnonzero(lines.moved)
        sent_by = np.zeros((sent.size, problem.sending_units.size), np.int64)
        places = problem.article[moves], problem.warehouse[lines.source[moves]]
        np.add.at(sent_by, places, lines.moved[moves])
        cents = priced - terms.money * bought - (sent_by * prices.sending).sum(axis=1)
        return Plans(lines, cents, bought * problem.unit_cost_cents, sent_by)

    def bounds(self, prices: SharedPrices) -> Numbers:
        """Give for every article what no plan can undercut at the prices, doing nothing included."""
        terms = self.terms(prices)
        found = np.empty(self.problem.num_articles)
        line = float(self.route_line.min()) if self.route_line.size else 0.0
        kernels_bounds.fill_bounds(self.problem.tables, terms, self._moving(terms), line, found)
        return found

    def worth_of_limits(self, prices: SharedPrices) -> float:
        """Give what all budgets and all that may be sent are worth at prices."""
        pairs = ((prices.money, self.problem.budget_cents), (prices.sending, self.problem.sending_units))
        return float(sum(price[price > 0] @ limit[price > 0].astype(np.float64) for price, limit in pairs))

    def _moving(self, terms: Terms) -> Numbers:
        """Give the cheapest way out of each stock."""
        cheapest: Numbers = terms.route_unit.min(axis=1, initial=_NO_ROUTE)[self.problem.warehouse]
        return cheapest
