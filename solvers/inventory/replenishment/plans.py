"""Plans of every article at prices of what they share, and what no plan at those prices can undercut."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from solvers.inventory.replenishment import kernels_bounds, kernels_ways
from solvers.inventory.replenishment import kernels_plans as kernels
from solvers.inventory.replenishment.kernels_plans import Lines, Terms
from solvers.inventory.replenishment.kernels_stock import LONGEST_WAIT_DAYS, Integers, Numbers
from solvers.inventory.replenishment.problem import ReplenishmentProblem

_NO_ROUTE: Final = 1e12
"""Cents: a move between a warehouse and itself is none."""
_WITHIN: Final = 0.99
_PARTS_A_THREAD: Final = 8
"""Articles differ in work: parts are small enough that no thread waits long for another."""


@dataclass(frozen=True, eq=False)
class SharedPrices:
    """What articles are charged for what they share.

    Parameters
    ----------
    money
        (suppliers,) cents for a cent of the budget; below zero what is paid for a cent of a least order; infinite where
        nothing is to be bought.
    sending
        (warehouses,) cents for a unit sent.
    """

    money: Numbers
    sending: Numbers

    @property
    def finite(self) -> Numbers:
        """The prices of money, 0 where nothing is to be bought."""
        return np.where(np.isinf(self.money), 0.0, self.money)

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
    """Makes plans for all articles at any prices, articles shared out among threads; plans do not depend on their number."""

    def __init__(self, problem: ReplenishmentProblem, *, threads: int = 1) -> None:
        self.problem, self._threads = problem, threads
        pack = problem.pack_units
        self._least = -(-problem.minimum_units // pack) * pack
        self._order = problem.order_cents.astype(np.float64)
        self.route_unit, self.route_line = problem.route_unit_cents.copy(), problem.route_line_cents.copy()
        np.fill_diagonal(self.route_unit, _NO_ROUTE)
        np.fill_diagonal(self.route_line, _NO_ROUTE)
        # No unit is worth more than serving one that is short at its warehouse and everywhere.
        worth = np.zeros(problem.num_articles)
        np.maximum.at(worth, problem.article, problem.shortage_cents)
        self._beyond_worth = worth + problem.lost_cents + 1.0

    @property
    def articles(self) -> Integers:
        """All articles."""
        return np.arange(self.problem.num_articles)

    def nothing(self) -> Plans:
        """Give the plans that do nothing."""
        stocks, articles = self.problem.num_stocks, self.problem.num_articles
        lines = Lines(*(np.zeros(stocks, np.int64) for _ in range(4)))
        sent = np.zeros((articles, self.problem.sending_units.size), np.int64)
        return Plans(lines, np.zeros(articles), np.zeros(articles, np.int64), sent)

    def terms(self, prices: SharedPrices) -> Terms:
        """Give what buying and moving costs at prices."""
        problem = self.problem
        price = prices.money[problem.supplier]
        money = np.where(np.isinf(price), self._beyond_worth, prices.finite[problem.supplier] * problem.unit_cost_cents)
        route_unit = self.route_unit + prices.sending[:, None]
        return Terms(
            money, self._order, problem.pack_units, self._least, problem.warehouse, route_unit, self.route_line
        )

    def plans(self, prices: SharedPrices, articles: Integers | None = None, others: Plans | None = None) -> Plans:
        """Plan articles by marginal analysis, then whole lines; without `others`, articles not asked for do nothing."""
        found, asked = self.nothing(), self.articles if articles is None else articles
        terms = self.terms(prices)
        (moving, _), priced = self._ways(terms), np.zeros(self.problem.num_articles)

        def fill(part: Integers) -> None:
            kernels.fill_plans(self.problem.tables, terms, moving, part, found.lines, priced)

        self._in_parts(fill, asked)
        told = self.told(found.lines, terms, priced, prices)
        return told if others is None else self._with_others(told, others, asked)

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

    def priced(self, plans: Plans, prices: SharedPrices) -> Numbers:
        """Give what plans add to the cost at prices."""
        bought = plans.cents + plans.spent * prices.finite[self.problem.supplier]
        charged: Numbers = bought + (plans.sent * prices.sending).sum(axis=1)
        return charged

    def bounds(
        self,
        prices: SharedPrices,
        articles: Integers | None = None,
        others: Numbers | None = None,
        aims: Numbers | None = None,
    ) -> Numbers:
        """Give for every article what no plan can undercut at the prices, doing nothing included.

        Parameters
        ----------
        prices
            The prices.
        articles
            Those asked for; all where absent.
        others
            (articles,) the bounds of the articles that are not asked for.
        aims
            (articles,) what known plans cost at the prices; with these, bounds farther below are raised, which takes longer.
        """
        terms = self.terms(prices)
        found = np.zeros(self.problem.num_articles) if others is None else others.copy()
        moving, line = self._ways(terms)
        starts = np.zeros(self.problem.num_stocks + self.problem.num_articles)

        def fill(part: Integers) -> None:
            kernels_bounds.fill_bounds(self.problem.tables, terms, moving, line, part, found, starts)
            if aims is not None:
                kernels_ways.raise_bounds(self.problem.tables, terms, starts, part, aims, found)

        self._in_parts(fill, self.articles if articles is None else articles)
        return found

    def worth_of_limits(self, prices: SharedPrices) -> tuple[Numbers, float]:
        """Give what the limits of each supplier are worth at prices, and what all that may be sent is."""
        problem, money = self.problem, prices.finite
        limit = np.where(money > 0, problem.budget_cents, problem.least_order_cents).astype(np.float64)
        is_priced = prices.sending > 0
        sending = prices.sending[is_priced] @ problem.sending_units[is_priced].astype(np.float64)
        return money * np.where(money == 0, 0.0, limit), float(sending)

    def dearest_subsidy(self) -> Numbers:
        """Give for every supplier what a cent spent may be paid for at most, so that no unit pays for being kept for ever."""
        problem = self.problem
        keeping = problem.holding_cents + problem.waiting_cents * LONGEST_WAIT_DAYS
        cost = problem.unit_cost_cents[problem.article]
        most = np.full(problem.num_suppliers, 1.0)
        has_cost = cost > 0
        np.minimum.at(most, problem.supplier[problem.article[has_cost]], keeping[has_cost] / cost[has_cost])
        return most * _WITHIN

    def _in_parts(self, fill: Callable[[Integers], None], articles: Integers) -> None:
        if self._threads == 1:
            fill(articles)
            return
        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(fill, np.array_split(articles, _PARTS_A_THREAD * self._threads)))

    def _with_others(self, plans: Plans, others: Plans, articles: Integers) -> Plans:
        """Give plans where articles not asked for keep those of others."""
        keeps = np.ones(self.problem.num_articles, np.bool_)
        keeps[articles] = False
        of_stock = keeps[self.problem.article]
        lines = Lines(*(np.where(of_stock, old, new) for old, new in zip(others.lines, plans.lines, strict=True)))
        return Plans(
            lines,
            np.where(keeps, others.cents, plans.cents),
            np.where(keeps, others.spent, plans.spent),
            np.where(keeps[:, None], others.sent, plans.sent),
        )

    def _ways(self, terms: Terms) -> tuple[Numbers, Numbers]:
        """Give the cheapest cost of a unit out of each stock, and of a line to it."""
        out_unit, in_line = (np.full(self.problem.num_stocks, _NO_ROUTE) for _ in range(2))
        kernels.fill_ways(self.problem.tables, terms, out_unit, in_line)
        return out_unit, in_line
