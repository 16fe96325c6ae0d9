"""Marginal analysis: how much of an article each warehouse should hold, what to move and what to buy.

Expected cost is convex in the stock of each warehouse, so the best stocks are where one more unit is worth the same
everywhere (Fox, 1966). Moving a unit away costs, so a stock keeps what it has over a band of worths.
"""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from numba import njit

Integers: TypeAlias = npt.NDArray[np.int64]
Numbers: TypeAlias = npt.NDArray[np.float64]

BISECTIONS = 44
LONGEST_WAIT_DAYS = 365.0
"""Waiting of excess stock is costed for a year at most: nobody knows what it is worth after that."""


class Tables(NamedTuple):
    """The problem as the kernels read it; stocks of an article stand together."""

    start: Integers
    position: Integers
    least: Integers
    shortage: Numbers
    holding: Numbers
    waiting: Numbers
    daily: Numbers
    moving: Numbers
    unit_cost: Numbers
    mean: Numbers
    reach: Integers
    """(stocks + 1,) where the distribution of each stock begins."""
    covered: Numbers
    """Probability that demand is at most 0, 1, 2, … units."""
    short: Numbers
    """Expected units short at a stock of 0, 1, 2, … units."""


@njit(cache=True, nogil=True, error_model="numpy")
def table_sizes(mean: Numbers, variance: Numbers) -> Integers:
    """Give for how many units each distribution is tabled: well beyond what demand reaches."""
    sizes = np.empty(mean.size, np.int64)
    for one in range(mean.size):
        spread = max(variance[one], mean[one])
        tail = 12.0 * math.sqrt(spread) + 24.0 * spread / max(mean[one], 1e-6)
        sizes[one] = 2 + math.ceil(mean[one] + min(tail, 40.0 * math.sqrt(spread) + 400.0))
    return sizes


@njit(cache=True, nogil=True, error_model="numpy")
def fill_tables(mean: Numbers, variance: Numbers, reach: Integers, covered: Numbers, short: Numbers) -> None:
    """Fill the negative binomial (Poisson where variance is not above the mean) and its loss function."""
    for one in range(mean.size):
        centre, spread = mean[one], variance[one]
        if spread > centre * (1 + 1e-9) and centre > 0:
            size, grow = centre * centre / (spread - centre), 1.0 - centre / spread
            log_none = size * math.log(centre / spread)
        else:
            size, grow, log_none = 0.0, 0.0, -centre
        log_chance, below, left = log_none, math.exp(log_none), centre
        for units in range(reach[one + 1] - reach[one]):
            at = reach[one] + units
            if units > 0:
                left = max(left - (1.0 - below), 0.0)
                factor = (size + units - 1.0) / units * grow if size > 0.0 else centre / units
                log_chance = log_chance + math.log(factor) if factor > 0 else -700.0
                below = min(below + math.exp(max(log_chance, -700.0)), 1.0)
            covered[at] = below
            short[at] = left


@njit(cache=True, nogil=True, error_model="numpy")
def _waited(tables: Tables, stock: int, excess: int) -> float:
    """Give the days that units beyond the coming demand wait in all: the k-th until the k-th unit of later demand."""
    if excess <= 0:
        return 0.0
    served = math.floor(tables.daily[stock] * LONGEST_WAIT_DAYS)
    if excess <= served:
        return float(excess * (excess + 1.0) / 2.0 / tables.daily[stock])
    first = served * (served + 1.0) / 2.0 / tables.daily[stock] if served > 0 else 0.0
    return float(first + (excess - served) * LONGEST_WAIT_DAYS)


@njit(cache=True, nogil=True, error_model="numpy")
def stock_cost(tables: Tables, stock: int, units: int) -> float:
    """Give the expected cost of a stock of so many units: short, left over, and waiting beyond that."""
    size = tables.reach[stock + 1] - tables.reach[stock]
    if units < 0:
        lost = tables.mean[stock] - units
    elif units < size:
        lost = tables.short[tables.reach[stock] + units]
    else:
        lost = 0.0
    left = max(units - tables.mean[stock] + lost, 0.0)
    waited = _waited(tables, stock, units - math.ceil(tables.mean[stock]))
    return float(tables.shortage[stock] * lost + tables.holding[stock] * left + tables.waiting[stock] * waited)


@njit(cache=True, nogil=True, error_model="numpy")
def _one_more(tables: Tables, stock: int, units: int) -> float:
    """Give what one more unit adds to the cost of a stock of so many, from 0 up; it never falls as units rise."""
    begin, size = tables.reach[stock], tables.reach[stock + 1] - tables.reach[stock]
    uncovered = 1.0 - tables.covered[begin + units] if units < size else 0.0
    excess = units + 1 - math.ceil(tables.mean[stock])
    wait = 0.0
    if excess > 0:
        is_served = excess <= math.floor(tables.daily[stock] * LONGEST_WAIT_DAYS)
        wait = excess / tables.daily[stock] if is_served else LONGEST_WAIT_DAYS
    both = tables.holding[stock] + tables.shortage[stock]
    return float(tables.holding[stock] - both * uncovered + tables.waiting[stock] * wait)


@njit(cache=True, nogil=True, error_model="numpy")
def _highest(tables: Tables, stock: int) -> float:
    """Give what one more unit costs at most."""
    return float(tables.holding[stock] + tables.waiting[stock] * LONGEST_WAIT_DAYS)


@njit(cache=True, nogil=True, error_model="numpy")
def _reach(tables: Tables, stock: int) -> int:
    """Give the units beyond which one more always costs the same."""
    size = tables.reach[stock + 1] - tables.reach[stock]
    return int(max(size, math.ceil(tables.mean[stock]) + math.floor(tables.daily[stock] * LONGEST_WAIT_DAYS) + 1))


@njit(cache=True, nogil=True, error_model="numpy")
def _first_above(tables: Tables, stock: int, worth: float, from_units: int, most: int) -> int:
    """Give the least number of units from `from_units` at which one more costs at least `worth`."""
    if worth > _highest(tables, stock) * (1 - 1e-12):
        return most
    if from_units < 0 and -tables.shortage[stock] >= worth:
        return from_units
    low, high = max(from_units, 0), max(_reach(tables, stock), from_units)
    while low < high:
        middle = (low + high) // 2
        if _one_more(tables, stock, middle) >= worth:
            high = middle
        else:
            low = middle + 1
    return min(low, most)


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_levels(tables: Tables, article: int, worth: float, price: float, levels: Integers) -> int:
    """Fill the best levels where a unit is worth so much to the article and money costs `price`; give their sum."""
    total = 0
    first, last = tables.start[article], tables.start[article + 1]
    held = 0
    for stock in range(first, last):
        held += max(tables.position[stock], 0)
    for stock in range(first, last):
        own = worth - price * tables.unit_cost[stock]
        position = tables.position[stock]
        most = max(position, 0) + held + _reach(tables, stock)
        below = _first_above(tables, stock, own + tables.moving[stock], tables.least[stock], most)
        if below >= position:
            below = max(position, _first_above(tables, stock, own, position, most))
        levels[stock] = below
        total += below
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def fill_articles(tables: Tables, price: float, levels: Integers) -> float:
    """Fill the best levels of every article at a price of money; give the cost, that price included.

    An article's levels add up to at least what it has: selling stock off is not among the choices.
    """
    above = np.empty(levels.size, np.int64)
    cost = 0.0
    for article in range(tables.start.size - 1):
        first, last = tables.start[article], tables.start[article + 1]
        have = 0
        for stock in range(first, last):
            have += tables.position[stock]
        if _fill_levels(tables, article, 0.0, price, levels) < have:
            low, high = 0.0, 1.0
            for stock in range(first, last):
                high = max(high, _highest(tables, stock) + price * tables.unit_cost[stock] + 1.0)
            for _ in range(BISECTIONS):
                middle = (low + high) / 2
                if _fill_levels(tables, article, middle, price, levels) < have:
                    low = middle
                else:
                    high = middle
            _fill_levels(tables, article, high, price, above)
            rest = have - _fill_levels(tables, article, low, price, levels)
            for keep_first in range(2):
                for stock in range(first, last):
                    limit = min(above[stock], tables.position[stock]) if keep_first == 0 else above[stock]
                    more = min(max(limit - levels[stock], 0), rest)
                    levels[stock] += more
                    rest -= more
        bought = -have
        for stock in range(first, last):
            bought += levels[stock]
            cost += stock_cost(tables, stock, levels[stock])
            cost += tables.moving[stock] * max(tables.position[stock] - levels[stock], 0)
        if bought > 0:
            cost += price * tables.unit_cost[first] * bought
    return cost


@njit(cache=True, nogil=True, error_model="numpy")
def _relaxed(tables: Tables, article: int, worth: float, fixed: float, excess: Integers) -> float:
    """Give the least cost of an article's stocks apart, a unit being worth so much; excess[0] is units held too many."""
    first, last = tables.start[article], tables.start[article + 1]
    held = 0
    for stock in range(first, last):
        held += max(tables.position[stock], 0)
    total, excess[0] = 0.0, 0
    for stock in range(first, last):
        position = tables.position[stock]
        most = max(position, 0) + held + _reach(tables, stock)
        units = _first_above(tables, stock, worth + tables.moving[stock], tables.least[stock], most)
        units = min(units, position)
        best = stock_cost(tables, stock, units) + tables.moving[stock] * (position - units) - worth * (units - position)
        more = _first_above(tables, stock, worth, position, most)
        if more > position:
            raised = stock_cost(tables, stock, more) + fixed - worth * (more - position)
            if raised < best:
                best, units = raised, more
        total += best
        excess[0] += units - position
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _bought_alone(tables: Tables, stock: int, money: float, order: float) -> float:
    """Give the least cost of a stock that can only buy."""
    position = tables.position[stock]
    most = max(position, 0) + _reach(tables, stock)
    units = _first_above(tables, stock, -money, position, most)
    as_is = stock_cost(tables, stock, position)
    if units <= position:
        return as_is
    return float(min(as_is, stock_cost(tables, stock, units) + order + money * (units - position)))


@njit(cache=True, nogil=True, error_model="numpy")
def bound_articles(tables: Tables, price: float, order: Numbers, line: float) -> float:
    """Give a bound on the cost of all articles at a price of money, a purchase costing `order`, a transfer `line`.

    Either nothing is moved, and every stock decides alone what to buy; or there is a transfer, and the stocks of the
    article are taken apart: what a unit is worth between them is the multiplier of the rule that they hold at least what
    there is, and the largest bound over it is found by bisection on its slope. Raising a stock takes the cheaper line.
    """
    excess = np.zeros(1, np.int64)
    total = 0.0
    for article in range(tables.start.size - 1):
        if tables.start[article] == tables.start[article + 1]:
            continue
        money = price * tables.unit_cost[tables.start[article]]
        fixed = min(order[article], line)
        best = _relaxed(tables, article, -money, fixed, excess)
        if excess[0] < 0:
            low, high = 0.0, money + 1.0
            for stock in range(tables.start[article], tables.start[article + 1]):
                high = max(high, _highest(tables, stock) + money + 1.0)
            for _ in range(BISECTIONS):
                middle = (low + high) / 2
                best = max(best, _relaxed(tables, article, middle - money, fixed, excess))
                if excess[0] < 0:
                    low = middle
                else:
                    high = middle
        alone = 0.0
        for stock in range(tables.start[article], tables.start[article + 1]):
            alone += _bought_alone(tables, stock, money, order[article])
        total += min(alone, best + line - fixed)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def fill_costs(tables: Tables, levels: Integers, costs: Numbers) -> None:
    """Fill the expected cost of every stock at its level."""
    for stock in range(levels.size):
        costs[stock] = stock_cost(tables, stock, levels[stock])
