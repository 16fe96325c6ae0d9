"""The problem of purchases and transfers, and what a plan for it says."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from solvers.arrays import check_range, whole_numbers
from solvers.inventory.replenishment import kernels_stock as kernels
from solvers.inventory.replenishment.kernels_stock import Integers, Numbers, Tables
from solvers.outcome import Outcome

UNLIMITED: Final = 2**62
"""A budget or a number of units that nothing reaches."""
_MAX_UNITS: Final = 10**9
_MAX_MEAN: Final = 10**7
_OF_STOCKS: Final = ("article", "warehouse", "position", "movable")
_OF_SUPPLIERS: Final = ("budget_cents", "least_order_cents", "supplier_order_cents")
_OF_ARTICLES: Final = ("supplier", "unit_cost_cents", "pack_units", "minimum_units", "order_cents")
_REAL_OF_STOCKS: Final = ("mean", "variance", "shortage_cents", "holding_cents", "waiting_cents", "daily_mean")


def _none() -> Integers:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class ReplenishmentProblem:
    """Stocks, what may come and go, and what too little and too much cost.

    A unit of demand that its warehouse cannot serve is served by another one, which costs more; what all of them together
    cannot serve is lost. So the expected cost is convex in the units of each warehouse and in the units of all.

    Parameters
    ----------
    article, warehouse
        (stocks,) position of the article of each stock, rising from 0, and of its warehouse.
    position
        (stocks,) units available or firmly on their way; may be negative.
    movable
        (stocks,) units of them that may go to another warehouse.
    mean, variance
        (stocks,) demand until an order placed next time could arrive.
    shortage_cents, holding_cents
        (stocks,) cost of a unit of demand that this warehouse cannot serve, and of a unit left over.
    waiting_cents, daily_mean
        (stocks,) cost of a unit and day of waiting for demand beyond that, and units it takes a day: the tenth unit in
        excess waits until the tenth is asked for, a year at most. Excess is why moving can be better than buying.
    lost_cents
        (articles,) cost of a unit of demand that no warehouse can serve, beyond that of one short at its warehouse.
    supplier
        (articles,) position of who sells it.
    unit_cost_cents, pack_units, minimum_units, order_cents
        (articles,) price of a unit, units bought in multiples of, least units of a purchase, fixed cost of a purchase.
    budget_cents
        (suppliers,) most that purchases from each may cost together; `UNLIMITED` for no limit.
    least_order_cents, supplier_order_cents
        (suppliers,) least that an order from each must come to, and what any order costs; no values: none.
    route_unit_cents, route_line_cents
        (warehouses, warehouses) cost of moving a unit from one to another, and of moving any of an article at all.
    sending_units
        (warehouses,) most units that each can send; `UNLIMITED` for no limit.

    Raises
    ------
    ValueError
        When lengths differ or a value is out of range.
    """

    article: Integers
    warehouse: Integers
    position: Integers
    movable: Integers
    mean: Numbers
    variance: Numbers
    shortage_cents: Numbers
    holding_cents: Numbers
    waiting_cents: Numbers
    daily_mean: Numbers
    lost_cents: Numbers
    supplier: Integers
    unit_cost_cents: Integers
    pack_units: Integers
    minimum_units: Integers
    order_cents: Integers
    budget_cents: Integers
    route_unit_cents: Numbers
    route_line_cents: Numbers
    sending_units: Integers
    least_order_cents: Integers = field(default_factory=_none)
    supplier_order_cents: Integers = field(default_factory=_none)
    tables: Tables = field(init=False)
    """The same as the kernels read it."""

    def __post_init__(self) -> None:
        for name in ("least_order_cents", "supplier_order_cents"):
            if not np.size(getattr(self, name)):
                object.__setattr__(self, name, np.zeros(np.size(self.budget_cents), np.int64))
        for name in (*_OF_STOCKS, *_OF_ARTICLES, *_OF_SUPPLIERS, "sending_units"):
            object.__setattr__(self, name, whole_numbers(getattr(self, name), name))
        for name in (*_REAL_OF_STOCKS, "lost_cents", "route_unit_cents", "route_line_cents"):
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), np.float64))
            values = getattr(self, name)
            if values.size and not bool(np.all((values >= 0) & (values < math.inf))):
                raise ValueError(f"{name} must be finite numbers from 0 upwards.")
        self._check_sizes()
        self._check_ranges()
        object.__setattr__(self, "tables", self._tables())

    @property
    def num_stocks(self) -> int:
        """Stocks."""
        return self.article.size

    @property
    def num_articles(self) -> int:
        """Articles."""
        return self.unit_cost_cents.size

    @property
    def num_suppliers(self) -> int:
        """Suppliers."""
        return self.budget_cents.size

    def costs(self, levels: Integers) -> Numbers:
        """Give the expected cost of each stock at so many units, in cents, without what is lost everywhere."""
        found = np.empty(levels.size)
        kernels.fill_costs(self.tables, whole_numbers(levels, "levels"), found)
        return found

    def article_costs(self, levels: Integers) -> Numbers:
        """Give the expected cost of each article with so many units in its stocks, in cents."""
        found = np.empty(self.num_articles)
        kernels.fill_article_costs(self.tables, whole_numbers(levels, "levels"), found)
        return found

    def _tables(self) -> Tables:
        start = np.searchsorted(self.article, np.arange(self.num_articles + 1))
        totals = [np.zeros(self.num_articles), np.zeros(self.num_articles)]
        for total, name in zip(totals, ("mean", "variance"), strict=True):
            np.add.at(total, self.article, getattr(self, name))
        return Tables(
            start,
            self.position,
            self.position - self.movable,
            self.shortage_cents,
            self.holding_cents,
            self.waiting_cents,
            self.daily_mean,
            self.mean,
            *_distribution(self.mean, self.variance),
            self.lost_cents,
            totals[0],
            *_distribution(*totals),
        )

    def _check_sizes(self) -> None:
        warehouses = self.sending_units.size
        for names, size, what in (
            ((*_OF_STOCKS, *_REAL_OF_STOCKS), self.num_stocks, "stocks"),
            ((*_OF_ARTICLES, "lost_cents"), self.num_articles, "articles"),
            (_OF_SUPPLIERS, self.num_suppliers, "suppliers"),
        ):
            for name in names:
                if getattr(self, name).size != size:
                    raise ValueError(
                        f"{name} must have a value for each of {size} {what}; it has {getattr(self, name).size}."
                    )
        for name in ("route_unit_cents", "route_line_cents"):
            if getattr(self, name).shape != (warehouses, warehouses):
                raise ValueError(
                    f"{name} must have a row and a column for each of {warehouses} warehouses; "
                    f"its shape is {getattr(self, name).shape}."
                )

    def _check_ranges(self) -> None:
        if self.num_stocks and (
            bool(np.any(np.diff(self.article) < 0)) or self.article[0] < 0 or self.article[-1] >= self.num_articles
        ):
            raise ValueError(f"article must rise within 0..{self.num_articles - 1}; sort the stocks by article.")
        check_range(self.warehouse, "warehouse", 0, self.sending_units.size - 1)
        check_range(self.supplier, "supplier", 0, self.budget_cents.size - 1)
        check_range(self.position, "position", -_MAX_UNITS, _MAX_UNITS)
        check_range(self.movable, "movable", 0, _MAX_UNITS)
        check_range(self.unit_cost_cents, "unit_cost_cents", 0, 10**10)
        check_range(self.pack_units, "pack_units", 1, _MAX_UNITS)
        check_range(self.minimum_units, "minimum_units", 0, _MAX_UNITS)
        check_range(self.order_cents, "order_cents", 0, 10**10)
        check_range(self.budget_cents, "budget_cents", 0, UNLIMITED)
        check_range(self.least_order_cents, "least_order_cents", 0, 10**15)
        check_range(self.supplier_order_cents, "supplier_order_cents", 0, 10**10)
        check_range(self.sending_units, "sending_units", 0, UNLIMITED)
        if self.mean.size and float(self.mean.max()) > _MAX_MEAN:
            raise ValueError(f"mean must be at most {_MAX_MEAN}; the largest is {self.mean.max()}.")
        places = self.article * max(self.sending_units.size, 1) + self.warehouse
        if np.unique(places).size < places.size:
            raise ValueError("an article stands twice in a warehouse; add its stocks there up.")


def _distribution(mean: Numbers, variance: Numbers) -> tuple[Integers, Numbers, Numbers]:
    """Give where each distribution begins, and what it covers and leaves short at 0, 1, 2, … units."""
    reach = np.concatenate(([0], np.cumsum(kernels.table_sizes(mean, variance)))).astype(np.int64)
    covered, short = np.empty(int(reach[-1])), np.empty(int(reach[-1]))
    kernels.fill_tables(mean, variance, reach, covered, short)
    return reach, covered, short


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
    money_price
        (suppliers,) what a cent more of its budget would save, in cents; below zero what a cent less of its least order would.
    sending_price
        (warehouses,) cents that one more unit sent would save.
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
    money_price: Numbers
    sending_price: Numbers
    outcome: Outcome

    def levels(self, problem: ReplenishmentProblem) -> Integers:
        """Give the units of each stock after purchases and transfers."""
        levels = problem.position + self.bought
        np.subtract.at(levels, self.source, self.moved)
        np.add.at(levels, self.target, self.moved)
        return levels

    def cost(self, problem: ReplenishmentProblem) -> float:
        """Give the expected cost of the plan in cents, from the raw problem."""
        route = problem.warehouse[self.source], problem.warehouse[self.target]
        moving = float((problem.route_unit_cents[route] * self.moved).sum() + problem.route_line_cents[route].sum())
        orders = int(problem.order_cents[problem.article[self.bought > 0]].sum())
        asked = int(problem.supplier_order_cents[self.spent(problem) > 0].sum())
        return float(problem.article_costs(self.levels(problem)).sum()) + moving + orders + asked

    def spent(self, problem: ReplenishmentProblem) -> Integers:
        """Give what the purchases from each supplier come to, in cents."""
        price = self.bought * problem.unit_cost_cents[problem.article]
        return _added(problem.num_suppliers, problem.supplier[problem.article], price)

    def violations(self, problem: ReplenishmentProblem) -> list[str]:
        """List what the raw problem forbids."""
        found = []
        sent = _added(problem.num_stocks, self.source, self.moved)
        if bool(np.any(sent > problem.movable)):
            found.append("more units leave a stock than may")
        if bool(np.any(problem.article[self.source] != problem.article[self.target])) or bool(np.any(self.moved < 1)):
            found.append("a transfer joins two articles or moves nothing")
        if bool(np.any(_added(problem.sending_units.size, problem.warehouse, sent) > problem.sending_units)):
            found.append("more units leave a warehouse than it can send")
        pack, least = problem.pack_units[problem.article], problem.minimum_units[problem.article]
        if bool(np.any(self.bought % pack)) or bool(np.any((self.bought > 0) & (self.bought < least))):
            found.append("a purchase breaks its pack size or least quantity")
        spent = self.spent(problem)
        found += [
            f"an order of {spent[one]} cents from supplier {one} is below its least of {problem.least_order_cents[one]}"
            for one in np.flatnonzero((spent > 0) & (spent < problem.least_order_cents))
        ]
        found += [
            f"purchases of {spent[one]} cents from supplier {one} pass the budget of {problem.budget_cents[one]}"
            for one in np.flatnonzero(spent > problem.budget_cents)
        ]
        if self.outcome.cost != math.ceil(self.cost(problem) - 1e-6):
            found.append(f"the outcome says {self.outcome.cost} cents, the plan costs {self.cost(problem)}")
        return found


def _added(size: int, at: Integers, values: Integers) -> npt.NDArray[np.int64]:
    sums = np.zeros(size, np.int64)
    np.add.at(sums, at, values)
    return sums
