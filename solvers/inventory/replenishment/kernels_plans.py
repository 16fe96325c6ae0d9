"""From best stocks to lines: which warehouse sends how much to which, and what is bought."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from solvers.inventory.replenishment.kernels_stock import (
    Integers,
    Numbers,
    Tables,
    fill_best,
    one_more,
    reach_of,
    stock_cost,
    together_cost,
    uncovered_together,
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
    route_unit: Numbers
    """(warehouses, warehouses) cost of moving a unit, down the sender, across the receiver."""
    route_line: Numbers
    """(warehouses, warehouses) fixed cost of a move."""


class Lines(NamedTuple):
    """A plan: purchases by stock; moves of an article in the places of its stocks, 0 units where there is none."""

    bought: Integers
    source: Integers
    target: Integers
    moved: Integers


@njit(cache=True, nogil=True, error_model="numpy")
def fill_ways(tables: Tables, terms: Terms, out_unit: Numbers, in_line: Numbers) -> None:
    """Fill the cheapest cost of a unit from each stock, and of a line to it, among the stocks of its article."""
    for article in range(tables.start.size - 1):
        first, last = tables.start[article], tables.start[article + 1]
        for stock in range(first, last):
            for other in range(first, last):
                out_unit[stock] = min(out_unit[stock], terms.route_unit[terms.place[stock], terms.place[other]])
                in_line[stock] = min(in_line[stock], terms.route_line[terms.place[other], terms.place[stock]])


@njit(cache=True, nogil=True, error_model="numpy")
def _sent_cost(tables: Tables, terms: Terms, sender: int, taker: int, units: int, now: Integers) -> float:
    """Give what moving so many units adds to the cost; less than zero where it saves."""
    own = terms.route_unit[terms.place[sender], terms.place[taker]] * units
    own += terms.route_line[terms.place[sender], terms.place[taker]]
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
def _step(tables: Tables, stock: int, units: int) -> float:
    """Give what one more unit adds to the cost of a stock of so many, owed ones included."""
    return -tables.shortage[stock] if units < 0 else one_more(tables, stock, units)


@njit(cache=True, nogil=True, error_model="numpy")
def _bought_cost(tables: Tables, terms: Terms, article: int, stock: int, base: int, bought: int, others: int) -> float:
    """Give the cost of a stock that buys so many units, and of what is lost everywhere, `others` being all other units."""
    cost = stock_cost(tables, stock, base + bought) + together_cost(tables, article, others + bought)
    return float(cost + terms.money[article] * bought + (terms.order[article] if bought > 0 else 0.0))


@njit(cache=True, nogil=True, error_model="numpy")
def _best_purchase(tables: Tables, terms: Terms, article: int, stock: int, base: int, others: int) -> int:
    """Give the units that a stock best buys where the other stocks stay as they are."""
    pack, money = terms.pack[article], terms.money[article]
    low, high = 0, reach_of(tables, stock) + max(-base, 0)
    while low < high:
        middle = (low + high) // 2
        saved = tables.lost[article] * uncovered_together(tables, article, others + middle)
        if _step(tables, stock, base + middle) + money - saved >= 0.0:
            high = middle
        else:
            low = middle + 1
    best, best_cost = 0, _bought_cost(tables, terms, article, stock, base, int(np.int64(0)), others)
    for units in (max(low // pack * pack, terms.least[article]), max(-(-low // pack) * pack, terms.least[article])):
        if low > 0 and units > 0:
            cost = _bought_cost(tables, terms, article, stock, base, units, others)
            if cost < best_cost - _LEAST_SAVING:
                best, best_cost = units, cost
    return best


@njit(cache=True, nogil=True, error_model="numpy")
def _best_move(tables: Tables, unit: float, sender: int, taker: int, sends: int, takes: int, most: int) -> int:
    """Give the units best moved from a stock of `sends` to one of `takes` units."""
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        if unit - _step(tables, sender, sends - middle - 1) + _step(tables, taker, takes + middle) >= 0.0:
            high = middle
        else:
            low = middle + 1
    return low


@njit(cache=True, nogil=True, error_model="numpy")
def _slot(lines: Lines, first: int, last: int, sender: int, taker: int) -> int:
    """Give the place of a move, or a free one where there is none yet; -1 where all are taken."""
    free = -1
    for slot in range(first, last):
        if lines.moved[slot] > 0 and lines.source[slot] == sender and lines.target[slot] == taker:
            return slot
        if lines.moved[slot] == 0 and free < 0:
            free = slot
    return free


@njit(cache=True, nogil=True, error_model="numpy")
def _improve(tables: Tables, terms: Terms, article: int, base: Integers, sent: Integers, lines: Lines) -> float:
    """Change one move at a time, its receiver buying anew, by what saves most; then purchases. Give what it adds.

    `base` is what each stock holds without its purchases, `sent` what leaves it.
    """
    first, last = tables.start[article], tables.start[article + 1]
    total = 0
    for stock in range(first, last):
        total += base[stock] + lines.bought[stock]
    added = 0.0
    for _ in range(4 * (last - first)):
        best, best_sender, best_taker, best_units, best_bought = -_LEAST_SAVING, -1, -1, 0, 0
        for sender in range(first, last):
            if tables.position[sender] <= tables.least[sender]:
                continue
            for taker in range(first, last):
                if taker == sender:
                    continue
                slot = _slot(lines, first, last, sender, taker)
                if slot < 0:
                    continue
                had = lines.moved[slot]
                most = tables.position[sender] - tables.least[sender] - sent[sender] + had
                unit = terms.route_unit[terms.place[sender], terms.place[taker]]
                line = terms.route_line[terms.place[sender], terms.place[taker]]
                holds, bought = base[sender] + lines.bought[sender], lines.bought[taker]
                if had == 0:
                    relief = max(_step(tables, sender, holds - 1), 0.0) + max(-_step(tables, taker, base[taker]), 0.0)
                    saved = terms.money[article] * bought + (terms.order[article] if bought > 0 else 0.0)
                    if most <= 0 or relief * most + saved <= line:
                        continue
                others = total - bought
                now = _bought_cost(tables, terms, article, taker, base[taker], bought, others)
                now += stock_cost(tables, sender, holds) + unit * had + (line if had > 0 else 0.0)
                wanted = _best_move(tables, unit, sender, taker, holds + had, base[taker] - had, most)
                for units in (0, wanted):
                    if units == had:
                        continue
                    held = base[taker] - had + units
                    # A move leaves what all of them hold as it is; only the receiver's purchase changes it.
                    fresh = _best_purchase(tables, terms, article, taker, held, others)
                    cost = _bought_cost(tables, terms, article, taker, held, fresh, others)
                    cost += stock_cost(tables, sender, holds + had - units) + unit * units
                    cost += (line if units > 0 else 0.0) - now
                    if cost < best:
                        best, best_sender, best_taker, best_units, best_bought = cost, sender, taker, units, fresh
        if best_sender < 0:
            break
        slot = _slot(lines, first, last, best_sender, best_taker)
        change = best_units - lines.moved[slot]
        lines.source[slot], lines.target[slot], lines.moved[slot] = best_sender, best_taker, best_units
        base[best_sender] -= change
        base[best_taker] += change
        sent[best_sender] += change
        total += best_bought - lines.bought[best_taker]
        lines.bought[best_taker] = best_bought
        added += best
    for stock in range(first, last):
        bought = lines.bought[stock]
        fresh = _best_purchase(tables, terms, article, stock, base[stock], total - bought)
        change_cost = _bought_cost(tables, terms, article, stock, base[stock], fresh, total - bought)
        change_cost -= _bought_cost(tables, terms, article, stock, base[stock], bought, total - bought)
        if change_cost < -_LEAST_SAVING:
            lines.bought[stock] = fresh
            total += fresh - bought
            added += change_cost
    return added


@njit(cache=True, nogil=True, error_model="numpy")
def fill_plans(tables: Tables, terms: Terms, moving: Numbers, articles: Integers, lines: Lines, added: Numbers) -> None:
    """Fill the better of two plans of each of the articles: move and then buy, or buy alone, each then improved line by line.

    `lines` do nothing before; `added` is what the plan adds to the cost of that, at the prices of `terms`: zero or less.
    """
    size = lines.bought.size
    ideal, above, now = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    sent = np.zeros(size, np.int64)
    other = Lines(
        np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size, np.int64)
    )
    for article in articles:
        first, last = tables.start[article], tables.start[article + 1]
        money = terms.money[article]
        can_move = False
        for stock in range(first, last):
            now[stock] = tables.position[stock]
            can_move = can_move or tables.least[stock] < tables.position[stock]
        fill_best(tables, moving, money, article, now, bool(np.bool_(False)), ideal, above)
        added[article] = _buy(tables, terms, article, ideal, now, lines)
        if not can_move or last - first == 1:
            continue
        now[first:last] = tables.position[first:last]
        added[article] += _improve(tables, terms, article, now, sent, lines)
        sent[first:last] = 0
        now[first:last] = tables.position[first:last]
        fill_best(tables, moving, money, article, now, bool(np.bool_(True)), ideal, above)
        cost = _move(tables, terms, article, ideal, now, other)
        if cost == 0.0:
            continue
        for slot in range(first, last):
            if other.moved[slot] > 0:
                sent[other.source[slot]] += other.moved[slot]
        fill_best(tables, moving, money, article, now, bool(np.bool_(False)), ideal, above)
        cost += _buy(tables, terms, article, ideal, now, other)
        now[first:last] -= other.bought[first:last]
        cost += _improve(tables, terms, article, now, sent, other)
        sent[first:last] = 0
        if cost < added[article]:
            added[article] = cost
            for stock in range(first, last):
                lines.bought[stock], lines.moved[stock] = other.bought[stock], other.moved[stock]
                lines.source[stock], lines.target[stock] = other.source[stock], other.target[stock]


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
