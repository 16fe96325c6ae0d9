"""What no plan of an article can undercut: its stocks taken apart, at prices of what they share.

References
----------
Geoffrion (1974), Lagrangean relaxation for integer programming.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from solvers.inventory.replenishment.kernels_plans import Terms
from solvers.inventory.replenishment.kernels_stock import (
    BISECTIONS,
    Integers,
    Numbers,
    Tables,
    first_above,
    first_enough,
    highest,
    reach_of,
    stock_cost,
    together_cost,
)

_TURNS = 3
_STEPS = 18


@njit(cache=True, nogil=True, error_model="numpy")
def _relaxed(
    tables: Tables,
    moving: Numbers,
    article: int,
    worth: float,
    money: float,
    fixed: float,
    can_move: bool,
    missing: Integers,
) -> float:
    """Give the least cost of an article's stocks taken apart, a unit being worth so much between them.

    `missing[0]` is how many more units all of them together would have than they hold one by one.
    """
    first, last = tables.start[article], tables.start[article + 1]
    held, have = 0, 0
    for stock in range(first, last):
        held += max(tables.position[stock], 0)
        have += tables.position[stock]
    total = 0.0
    price = money + worth
    units = have
    if tables.lost[article] > 0.0:
        most = max(have, tables.together_reach[article + 1] - tables.together_reach[article])
        units = first_enough(tables, article, price, have, most)
    total = together_cost(tables, article, units) + price * (units - have)
    missing[0] = units - have
    for stock in range(first, last):
        position = tables.position[stock]
        most = max(position, 0) + held + reach_of(tables, stock)
        units = position
        if can_move:
            units = min(first_above(tables, stock, worth + moving[stock], tables.least[stock], most), position)
        best = stock_cost(tables, stock, units) + moving[stock] * (position - units) - worth * (units - position)
        more = first_above(tables, stock, worth, position, most)
        if more > position:
            raised = stock_cost(tables, stock, more) + fixed - worth * (more - position)
            if raised < best:
                best, units = raised, more
        total += best
        missing[0] -= units - position
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _highest_relaxed(
    tables: Tables,
    moving: Numbers,
    article: int,
    money: float,
    fixed: float,
    can_move: bool,
    missing: Integers,
    prices: Numbers,
) -> float:
    """Give the highest of these bounds over what a unit is worth, by bisection on the bound's slope, and fill that worth."""
    low, high = -money, tables.lost[article] + 1.0
    best = _relaxed(tables, moving, article, low, money, fixed, can_move, missing)
    prices[1] = 0.0
    if missing[0] <= 0:
        return best
    for stock in range(tables.start[article], tables.start[article + 1]):
        high = max(high, highest(tables, stock) + 1.0)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        found = _relaxed(tables, moving, article, middle, money, fixed, can_move, missing)
        if found > best:
            best, prices[1] = found, money + middle
        if missing[0] > 0:
            low = middle
        elif missing[0] < 0:
            high = middle
        else:
            break
    return best


@njit(cache=True, nogil=True, error_model="numpy")
def _raised(tables: Tables, stock: int, from_units: int, price: float, most: int, best: Numbers) -> None:
    """Fill the least cost of raising a stock where a unit costs `price`, and by how many units."""
    units = max(first_above(tables, stock, -price, from_units, most), from_units)
    best[0] = stock_cost(tables, stock, units) + price * (units - from_units)
    best[1] = units - from_units


@njit(cache=True, nogil=True, error_model="numpy")
def _apart(
    tables: Tables,
    terms: Terms,
    moving: Numbers,
    article: int,
    passed: float,
    worth: float,
    line: Numbers,
    flow: Integers,
) -> float:
    """Give the least cost of an article's stocks apart: a moved unit has a price, and so has what is held of it together.

    Whoever receives pays the line. `flow[0]` is units received less sent, `flow[1]` units held together less bought.
    """
    first, last = tables.start[article], tables.start[article + 1]
    have, held = 0, 0
    for stock in range(first, last):
        have += tables.position[stock]
        held += max(tables.position[stock], 0)
    units = have
    if tables.lost[article] > 0.0:
        most = max(have, tables.together_reach[article + 1] - tables.together_reach[article])
        units = first_enough(tables, article, worth, have, most)
    total = together_cost(tables, article, units) + worth * (units - have)
    flow[0], flow[1] = 0, units - have
    price, order = terms.money[article] - worth, terms.order[article]
    best = np.empty(2)
    for stock in range(first, last):
        position, least = tables.position[stock], tables.least[stock]
        most = max(position, 0) + held + reach_of(tables, stock)
        cheapest, received, sent, bought = stock_cost(tables, stock, position), 0, 0, 0
        _raised(tables, stock, position, price, most, best)
        if best[0] + order < cheapest:
            cheapest, bought = best[0] + order, int(best[1])
        _raised(tables, stock, position, passed, most, best)
        if best[0] + line[stock] < cheapest:
            cheapest, received, bought = best[0] + line[stock], int(best[1]), 0
        if least < position:
            earned = passed - moving[stock]
            fewer = min(first_above(tables, stock, -earned, least, most), position)
            cost = stock_cost(tables, stock, fewer) - earned * (position - fewer)
            if cost < cheapest:
                cheapest, received, sent, bought = cost, 0, position - fewer, 0
            if earned > price:
                _raised(tables, stock, least, price, most, best)
                cost = best[0] + order - earned * (position - least)
                if cost < cheapest:
                    cheapest, received, sent, bought = cost, 0, position - least, int(best[1])
        total += cheapest
        flow[0] += received - sent
        flow[1] -= bought
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _highest_apart(
    tables: Tables, terms: Terms, moving: Numbers, article: int, line: Numbers, flow: Integers, prices: Numbers
) -> float:
    """Give the highest of these bounds, the two prices set in turn by bisection on the bound's slope, and fill these."""
    lost = tables.lost[article]
    least, most = -1.0, lost + terms.money[article] + 1.0
    for stock in range(tables.start[article], tables.start[article + 1]):
        least = min(least, -highest(tables, stock) - 1.0)
        most = max(most, tables.shortage[stock] + lost + terms.money[article] + 1.0)
    best, passed, worth = -np.inf, 0.0, 0.0
    for _ in range(_TURNS):
        low, high = least, most
        for _ in range(_STEPS):
            passed = (low + high) / 2
            found = _apart(tables, terms, moving, article, passed, worth, line, flow)
            if found > best:
                best, prices[0], prices[1] = found, passed, worth
            if flow[0] > 0:
                low = passed
            elif flow[0] < 0:
                high = passed
            else:
                break
        if lost == 0.0:
            break
        low, high = 0.0, lost
        for _ in range(_STEPS):
            worth = (low + high) / 2
            found = _apart(tables, terms, moving, article, passed, worth, line, flow)
            if found > best:
                best, prices[0], prices[1] = found, passed, worth
            if flow[1] > 0:
                low = worth
            elif flow[1] < 0:
                high = worth
            else:
                break
    return best


@njit(cache=True, nogil=True, error_model="numpy")
def fill_bounds(
    tables: Tables,
    terms: Terms,
    moving: Numbers,
    line: Numbers,
    articles: Integers,
    bounds: Numbers,
    starts: Numbers,
) -> None:
    """Fill what no plan of each of the articles can undercut at the prices of `terms`.

    `moving` is the cheapest cost of a unit out of each stock, `line` the cheapest fixed cost of a move to it.

    Either nothing is moved, or there is a move; the stocks of the article are taken apart, and what a unit is worth between
    them is the multiplier of the rule that they hold together what they hold one by one. Raising a stock takes the cheaper
    line, and one of them takes that of a move where there is a move. With a price for moving and one for buying, whoever
    receives pays its own line, which proves more where several receive.

    `starts` is filled with the prices that prove it: for each stock what a unit sent from it earns, and after these for each
    article what a unit is worth to it.
    """
    missing, flow, prices = np.zeros(1, np.int64), np.zeros(2, np.int64), np.zeros(2)
    stocks = tables.position.size
    for article in articles:
        first, last = tables.start[article], tables.start[article + 1]
        money, order = terms.money[article], terms.order[article]
        bounds[article] = _highest_relaxed(
            tables, moving, article, money, order, bool(np.bool_(False)), missing, prices
        )
        can_move = False
        prices[0] = 0.0
        for stock in range(first, last):
            can_move = can_move or tables.least[stock] < tables.position[stock]
        if can_move and last - first > 1:
            cheapest = np.inf
            for stock in range(first, last):
                cheapest = min(cheapest, line[stock])
            fixed = min(order, cheapest)
            found = _highest_relaxed(tables, moving, article, money, fixed, bool(np.bool_(True)), missing, prices)
            bounds[article] = min(bounds[article], found + cheapest - fixed)
            if cheapest > 0.0:
                apart = _highest_apart(tables, terms, moving, article, line, flow, prices)
                bounds[article] = max(bounds[article], apart)
        starts[stocks + article] = prices[1]
        for stock in range(first, last):
            starts[stock] = prices[0] - moving[stock]
