"""Marginal analysis: how much of an article each warehouse should hold.

Expected cost is convex in the stock of each warehouse and in the stock of all of them together, so the best stocks are
where one more unit is worth the same everywhere (Fox, 1966). Moving a unit away costs, so a stock keeps what it has over a
band of worths.
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
    mean: Numbers
    reach: Integers
    """(stocks + 1,) where the distribution of each stock begins."""
    covered: Numbers
    """Probability that demand is at most 0, 1, 2, … units."""
    short: Numbers
    """Expected units short at a stock of 0, 1, 2, … units."""
    lost: Numbers
    """(articles,) cost of a unit short everywhere, beyond that of one short at its warehouse."""
    together_mean: Numbers
    """(articles,) the same four of the demand of all warehouses together."""
    together_reach: Integers
    together_covered: Numbers
    together_short: Numbers


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
def one_more(tables: Tables, stock: int, units: int) -> float:
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
def highest(tables: Tables, stock: int) -> float:
    """Give what one more unit costs at most."""
    return float(tables.holding[stock] + tables.waiting[stock] * LONGEST_WAIT_DAYS)


@njit(cache=True, nogil=True, error_model="numpy")
def reach_of(tables: Tables, stock: int) -> int:
    """Give the units beyond which one more always costs the same."""
    size = tables.reach[stock + 1] - tables.reach[stock]
    return int(max(size, math.ceil(tables.mean[stock]) + math.floor(tables.daily[stock] * LONGEST_WAIT_DAYS) + 1))


@njit(cache=True, nogil=True, error_model="numpy")
def first_above(tables: Tables, stock: int, worth: float, from_units: int, most: int) -> int:
    """Give the least number of units from `from_units` at which one more costs at least `worth`."""
    if worth > highest(tables, stock) * (1 - 1e-12):
        return most
    if from_units < 0 and -tables.shortage[stock] >= worth:
        return from_units
    low, high = max(from_units, 0), max(reach_of(tables, stock), from_units)
    while low < high:
        middle = (low + high) // 2
        if one_more(tables, stock, middle) >= worth:
            high = middle
        else:
            low = middle + 1
    return min(low, most)


@njit(cache=True, nogil=True, error_model="numpy")
def uncovered_together(tables: Tables, article: int, units: int) -> float:
    """Give the probability that demand of all warehouses passes so many units in all."""
    if units < 0:
        return 1.0
    begin, size = tables.together_reach[article], tables.together_reach[article + 1] - tables.together_reach[article]
    return 1.0 - tables.together_covered[begin + units] if units < size else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def together_cost(tables: Tables, article: int, units: int) -> float:
    """Give the expected cost of what no warehouse can serve, with so many units in all of them."""
    if tables.lost[article] == 0.0:
        return 0.0
    if units < 0:
        return float(tables.lost[article] * (tables.together_mean[article] - units))
    begin, size = tables.together_reach[article], tables.together_reach[article + 1] - tables.together_reach[article]
    return float(tables.lost[article] * tables.together_short[begin + units]) if units < size else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def first_enough(tables: Tables, article: int, worth: float, low: int, high: int) -> int:
    """Give the least number of units from `low` to `high` at which one more saves less than `worth` of lost demand."""
    while low < high:
        middle = (low + high) // 2
        if tables.lost[article] * uncovered_together(tables, article, middle) < worth:
            high = middle
        else:
            low = middle + 1
    return low


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_levels(
    tables: Tables, moving: Numbers, article: int, worth: float, now: Integers, can_move: bool, levels: Integers
) -> int:
    """Fill the best levels where a unit is worth so much to the article, from what it has now; give their sum."""
    total = 0
    first, last = tables.start[article], tables.start[article + 1]
    held = 0
    for stock in range(first, last):
        held += max(now[stock], 0)
    for stock in range(first, last):
        position = now[stock]
        most = max(position, 0) + held + reach_of(tables, stock)
        below = position
        if can_move:
            below = first_above(tables, stock, worth + moving[stock], tables.least[stock], most)
        if below >= position:
            below = max(position, first_above(tables, stock, worth, position, most))
        levels[stock] = below
        total += below
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def fill_best(
    tables: Tables,
    moving: Numbers,
    money: float,
    article: int,
    now: Integers,
    can_move: bool,
    levels: Integers,
    above: Integers,
) -> None:
    """Fill the best levels of an article's stocks where buying a unit costs `money` and nothing is fixed.

    The levels add up to at least what there is: selling stock off is not among the choices.
    """
    first, last = tables.start[article], tables.start[article + 1]
    have = 0
    for stock in range(first, last):
        have += now[stock]
    low, high = -money, -money
    total = _fill_levels(tables, moving, article, low, now, can_move, levels)
    want, top = total, total
    if tables.lost[article] > 0.0:
        # What a unit is worth to the article falls as units rise, and the units it wants rise with that worth.
        high = tables.lost[article] - money
        top = _fill_levels(tables, moving, article, high, now, can_move, above)
        for _ in range(BISECTIONS):
            if top - total <= 1:
                break
            middle = (low + high) / 2
            units = _fill_levels(tables, moving, article, middle, now, can_move, levels)
            if tables.lost[article] * uncovered_together(tables, article, units) - money >= middle:
                low, total = middle, units
            else:
                high, top = middle, units
        # The units in between are wanted as long as each is worth at least what it is taken to be.
        want = first_enough(tables, article, (low + high) / 2 + money, total, top)
    if want < have:
        for stock in range(first, last):
            high = max(high, highest(tables, stock) + 1.0)
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            if _fill_levels(tables, moving, article, middle, now, can_move, levels) < have:
                low = middle
            else:
                high = middle
        want = have
    _fill_levels(tables, moving, article, high, now, can_move, above)
    rest = want - _fill_levels(tables, moving, article, low, now, can_move, levels)
    for keep_first in range(2):
        for stock in range(first, last):
            limit = min(above[stock], now[stock]) if keep_first == 0 else above[stock]
            more = min(max(limit - levels[stock], 0), rest)
            levels[stock] += more
            rest -= more


@njit(cache=True, nogil=True, error_model="numpy")
def fill_costs(tables: Tables, levels: Integers, costs: Numbers) -> None:
    """Fill the expected cost of every stock at its level."""
    for stock in range(levels.size):
        costs[stock] = stock_cost(tables, stock, levels[stock])


@njit(cache=True, nogil=True, error_model="numpy")
def fill_article_costs(tables: Tables, levels: Integers, costs: Numbers) -> None:
    """Fill the expected cost of every article at the levels of its stocks."""
    for article in range(costs.size):
        total, units = 0.0, int(np.int64(0))
        for stock in range(tables.start[article], tables.start[article + 1]):
            total += stock_cost(tables, stock, levels[stock])
            units += levels[stock]
        costs[article] = total + together_cost(tables, article, units)
