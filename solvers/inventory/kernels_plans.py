"""From best stocks to lines: which warehouse sends how much to which, what is bought, and what no plan can undercut."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from solvers.inventory.kernels_replenish import (
    BISECTIONS,
    Integers,
    Numbers,
    Tables,
    fill_best,
    first_above,
    first_enough,
    highest,
    reach_of,
    stock_cost,
    together_cost,
)

_LEAST_SAVING = 1e-9


class Terms(NamedTuple):
    """What buying and moving costs, the prices of what is scarce included."""

    money: Numbers
    """(articles,) price of spending what a unit costs."""
    order: Numbers
    """(articles,) fixed cost of a purchase."""
    pack: Integers
    """(articles,) units of a pack."""
    least: Integers
    """(articles,) fewest units of a purchase, whole packs."""
    place: Integers
    """(stocks,) warehouse."""
    lane_unit: Numbers
    """(warehouses, warehouses) cost of moving a unit, down the sender, across the receiver."""
    lane_line: Numbers
    """(warehouses, warehouses) fixed cost of a move."""


class Lines(NamedTuple):
    """A plan: purchases by stock; moves of an article in the places of its stocks, 0 units where there is none."""

    bought: Integers
    source: Integers
    target: Integers
    moved: Integers


@njit(cache=True, nogil=True, error_model="numpy")
def _sent_cost(tables: Tables, terms: Terms, sender: int, taker: int, units: int, now: Integers) -> float:
    """Give what moving so many units adds to the cost; less than zero where it saves."""
    own = terms.lane_unit[terms.place[sender], terms.place[taker]] * units
    own += terms.lane_line[terms.place[sender], terms.place[taker]]
    after = stock_cost(tables, sender, now[sender] - units) + stock_cost(tables, taker, now[taker] + units)
    return float(own + after - stock_cost(tables, sender, now[sender]) - stock_cost(tables, taker, now[taker]))


@njit(cache=True, nogil=True, error_model="numpy")
def _move(tables: Tables, terms: Terms, article: int, ideal: Integers, now: Integers, lines: Lines) -> float:
    """Move what leaves to where it is needed, the move that saves most first; give what the moves add to the cost."""
    first, last = tables.start[article], tables.start[article + 1]
    added, count = 0.0, 0
    while True:
        best, best_sender, best_taker, best_units = -_LEAST_SAVING, -1, -1, 0
        for sender in range(first, last):
            surplus = now[sender] - ideal[sender]
            if surplus <= 0:
                continue
            for taker in range(first, last):
                units = min(surplus, ideal[taker] - now[taker])
                if units <= 0:
                    continue
                cost = _sent_cost(tables, terms, sender, taker, units, now)
                if cost < best:
                    best, best_sender, best_taker, best_units = cost, sender, taker, units
        if best_units == 0:
            return added
        lines.source[first + count] = best_sender
        lines.target[first + count] = best_taker
        lines.moved[first + count] = best_units
        now[best_sender] -= best_units
        now[best_taker] += best_units
        added += best
        count += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _buy(tables: Tables, terms: Terms, article: int, ideal: Integers, now: Integers, lines: Lines) -> float:
    """Buy whole packs towards the best stocks, the purchase that saves most first; give what they add to the cost."""
    first, last = tables.start[article], tables.start[article + 1]
    pack, least = terms.pack[article], terms.least[article]
    have = 0
    for stock in range(first, last):
        have += now[stock]
    added = 0.0
    while True:
        best, best_stock, best_units = -_LEAST_SAVING, -1, 0
        for stock in range(first, last):
            wanted = ideal[stock] - now[stock]
            if wanted <= 0 or lines.bought[stock] > 0:
                continue
            fewer, more = max(wanted // pack * pack, least), max(-(-wanted // pack) * pack, least)
            for units in (fewer, more):
                if units == 0:
                    continue
                cost = terms.order[article] + terms.money[article] * units
                cost += stock_cost(tables, stock, now[stock] + units) - stock_cost(tables, stock, now[stock])
                cost += together_cost(tables, article, have + units) - together_cost(tables, article, have)
                if cost < best:
                    best, best_stock, best_units = cost, stock, units
        if best_units == 0:
            return added
        lines.bought[best_stock] = best_units
        now[best_stock] += best_units
        have += best_units
        added += best


@njit(cache=True, nogil=True, error_model="numpy")
def fill_plans(tables: Tables, terms: Terms, moving: Numbers, lines: Lines, added: Numbers) -> None:
    """Fill the better of two plans of each article: move and then buy, or buy alone.

    `added` is what the plan adds to the cost of doing nothing, at the prices of `terms`: zero or less.
    """
    size = lines.bought.size
    ideal, above, now = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    alone = Lines(np.zeros(size, np.int64), lines.source, lines.target, lines.moved)
    for article in range(tables.start.size - 1):
        first, last = tables.start[article], tables.start[article + 1]
        money = terms.money[article]
        now[first:last] = tables.position[first:last]
        fill_best(tables, moving, money, article, now, True, ideal, above)
        added[article] = _move(tables, terms, article, ideal, now, lines)
        fill_best(tables, moving, money, article, now, False, ideal, above)
        if lines.moved[first] == 0:
            added[article] += _buy(tables, terms, article, ideal, now, lines)
            continue
        added[article] += _buy(tables, terms, article, ideal, now, lines)
        now[first:last] = tables.position[first:last]
        fill_best(tables, moving, money, article, now, False, ideal, above)
        other = _buy(tables, terms, article, ideal, now, alone)
        if other <= added[article]:
            added[article] = other
            lines.bought[first:last] = alone.bought[first:last]
            lines.moved[first:last] = 0


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
    tables: Tables, moving: Numbers, article: int, money: float, fixed: float, can_move: bool, missing: Integers
) -> float:
    """Give the highest of these bounds over what a unit is worth, by bisection on the bound's slope."""
    low, high = -money, tables.lost[article] + 1.0
    best = _relaxed(tables, moving, article, low, money, fixed, can_move, missing)
    if missing[0] <= 0:
        return best
    for stock in range(tables.start[article], tables.start[article + 1]):
        high = max(high, highest(tables, stock) + 1.0)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        best = max(best, _relaxed(tables, moving, article, middle, money, fixed, can_move, missing))
        if missing[0] > 0:
            low = middle
        elif missing[0] < 0:
            high = middle
        else:
            break
    return best


@njit(cache=True, nogil=True, error_model="numpy")
def fill_bounds(tables: Tables, terms: Terms, moving: Numbers, line: float, bounds: Numbers) -> None:
    """Fill what no plan of an article can undercut at the prices of `terms`; `line` is the cheapest fixed cost of a move.

    Either nothing is moved, or there is a move; the stocks of the article are taken apart, and what a unit is worth between
    them is the multiplier of the rule that they hold together what they hold one by one. Raising a stock takes the cheaper
    line, and one of them takes that of a move where there is a move.
    """
    missing = np.zeros(1, np.int64)
    for article in range(tables.start.size - 1):
        first, last = tables.start[article], tables.start[article + 1]
        money, order = terms.money[article], terms.order[article]
        bounds[article] = _highest_relaxed(tables, moving, article, money, order, False, missing)
        can_move = False
        for stock in range(first, last):
            can_move = can_move or tables.least[stock] < tables.position[stock]
        if can_move and last - first > 1:
            fixed = min(order, line)
            found = _highest_relaxed(tables, moving, article, money, fixed, True, missing)
            bounds[article] = min(bounds[article], found + line - fixed)


@njit(cache=True, nogil=True, error_model="numpy")
def fill_savings(tables: Tables, terms: Terms, lines: Lines, by_purchase: Numbers, by_move: Numbers) -> None:
    """Fill what each line of a plan saves beyond its own cost, lines taken in the order of what they save then."""
    now = tables.position.copy()
    is_done = np.zeros(2 * now.size, np.int8)
    for article in range(tables.start.size - 1):
        first, last = tables.start[article], tables.start[article + 1]
        have = 0
        for stock in range(first, last):
            have += now[stock]
        while True:
            best, best_line = np.inf, -1
            for line in range(2 * first, 2 * last):
                place, is_move = line // 2, line % 2 == 0
                units = lines.moved[place] if is_move else lines.bought[place]
                if is_done[line] != 0 or units == 0:
                    continue
                if is_move:
                    cost = _sent_cost(tables, terms, lines.source[place], lines.target[place], units, now)
                else:
                    cost = terms.order[article] + together_cost(tables, article, have + units)
                    cost += stock_cost(tables, place, now[place] + units) - stock_cost(tables, place, now[place])
                    cost -= together_cost(tables, article, have)
                if cost < best:
                    best, best_line = cost, line
            if best_line < 0:
                break
            is_done[best_line] = 1
            place = best_line // 2
            if best_line % 2 == 0:
                now[lines.source[place]] -= lines.moved[place]
                now[lines.target[place]] += lines.moved[place]
                by_move[place] = -best
            else:
                now[place] += lines.bought[place]
                have += lines.bought[place]
                by_purchase[place] = -best
