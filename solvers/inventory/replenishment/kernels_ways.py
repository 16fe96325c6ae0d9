"""What no plan of an article can undercut where ways differ: every sender has a price of its own, purchases come in packs.

The rule that a stock sends what others get from it is given a multiplier for every sender, the rule that the article holds
what its stocks hold one more. What is left falls apart into the stocks. Of what a stock gets, one sender is enough there:
the fixed cost of its way is paid in full, which is what cheapest ways for all leave out.

References
----------
Geoffrion (1974), Lagrangean relaxation for integer programming; Polyak (1969), Minimization of unsmooth functionals.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from solvers.inventory.replenishment.kernels_plans import Terms
from solvers.inventory.replenishment.kernels_stock import (
    Integers,
    Numbers,
    Tables,
    first_above,
    first_enough,
    reach_of,
    stock_cost,
    together_cost,
)

_FAR = 1 << 40
_NEVER = 1e15
_STEPS = 120
_PATIENCE = 6
_LEAST_STEP = 0.02
_NEAR_CENTS = 0.25


class _Offer(NamedTuple):
    """What a stock may do with units at prices, all packs bought: send up to `sends`, receive up to `takes`."""

    sends: int
    takes: int
    turn: int
    """Units beyond those bought at which the price of one more changes."""
    below: int
    """Best level up to there."""
    above: int
    """Best level from there on."""
    earned: float
    price: float


@njit(cache=True, nogil=True, error_model="numpy")
def _level(offer: _Offer, held: int) -> int:
    """Give the best level of a stock that holds so many units with its purchases."""
    turn = held + offer.turn
    if turn >= offer.below:
        return max(offer.below, held - offer.sends)
    if turn <= offer.above:
        return min(offer.above, held + offer.takes)
    return turn


@njit(cache=True, nogil=True, error_model="numpy")
def _taken(offer: _Offer, change: int) -> int:
    """Give the units received where a stock ends so many above what it holds; the rest of the change is sent."""
    if offer.earned <= offer.price:
        return max(change, 0)
    return min(offer.sends + change, offer.takes)


@njit(cache=True, nogil=True, error_model="numpy")
def _cost(tables: Tables, stock: int, offer: _Offer, held: int) -> float:
    """Give the least cost of a stock that holds so many units with its purchases."""
    level = _level(offer, held)
    taken = _taken(offer, level - held)
    sent = taken - (level - held)
    cost = stock_cost(tables, stock, level) - offer.earned * sent
    return float(cost + offer.price * taken if taken > 0 else cost)


@njit(cache=True, nogil=True, error_model="numpy")
def _best_packs(
    tables: Tables, stock: int, offer: _Offer, price: float, pack: int, fewest: int, most: int, best: Numbers
) -> None:
    """Fill the least cost of a stock that buys, and the packs; the cost is convex in them."""
    position = tables.position[stock]
    low, high = fewest, most
    while low < high:
        middle = (low + high) // 2
        held = position + middle * pack
        if _cost(tables, stock, offer, held + pack) + price * pack >= _cost(tables, stock, offer, held):
            high = middle
        else:
            low = middle + 1
    best[0] = _cost(tables, stock, offer, position + low * pack) + price * pack * low
    best[1] = low


@njit(cache=True, nogil=True, error_model="numpy")
def _is_behind(terms: Terms, earned: Numbers, can_send: Integers, first: int, sender: int, taker: int) -> bool:
    """Tell whether another sender is as cheap by the unit and by the line."""
    place, to = terms.place, terms.place[taker]
    unit = earned[sender - first] + terms.route_unit[place[sender], to]
    line = terms.route_line[place[sender], to]
    for at in range(can_send.size):
        other = first + at
        if can_send[at] == 0 or other in (taker, sender):
            continue
        other_unit = earned[at] + terms.route_unit[place[other], to]
        other_line = terms.route_line[place[other], to]
        if other_unit <= unit and other_line <= line and (other_unit < unit or other_line < line or other < sender):
            return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def _apart(
    tables: Tables, terms: Terms, article: int, earned: Numbers, worth: float, can_send: Integers, slope: Numbers
) -> float:
    """Give the least cost of an article's stocks apart, senders earning `earned` for a unit, and fill the bound's slope."""
    first, last = tables.start[article], tables.start[article + 1]
    have, free, size = 0, 0, last - first
    largest = 0
    for stock in range(first, last):
        have += tables.position[stock]
        largest += abs(tables.position[stock])
        free += can_send[stock - first]
    together = tables.together_reach[article + 1] - tables.together_reach[article]
    units = have
    if tables.lost[article] > 0.0:
        units = first_enough(tables, article, worth, have, max(have, together))
    total = together_cost(tables, article, units) + worth * (units - have)
    slope[:] = 0.0
    slope[size] = units - have
    money, pack = terms.money[article] - worth, terms.pack[article]
    fewest = max(1, terms.least[article] // pack)
    best = np.empty(2)
    for stock in range(first, last):
        at, position, to = stock - first, tables.position[stock], terms.place[stock]
        sends, least = can_send[at], tables.least[stock]
        # More than all demand together, or than a stock keeps for a year, is never bought but as part of a last pack.
        most = max(fewest, (largest + max(reach_of(tables, stock), together) - position) // pack + 1)
        keeps = first_above(tables, stock, -earned[at], least, int(np.int64(_FAR)))
        cheapest, source, taken, sent, packs = np.inf, -1, 0, 0, 0
        for sender in range(first - 1, last):
            takes, price, line = 0, _NEVER, 0.0
            if sender >= first:
                takes = free - sends
                if sender == stock or can_send[sender - first] == 0:
                    continue
                price = earned[sender - first] + terms.route_unit[terms.place[sender], to]
                line = terms.route_line[terms.place[sender], to]
                if price >= tables.shortage[stock] and (price >= earned[at] or sends == 0):
                    continue
                if _is_behind(terms, earned, can_send, first, sender, stock):
                    continue
            wants = first_above(tables, stock, -price, least, int(np.int64(_FAR))) if takes > 0 else least
            if earned[at] <= price:
                offer = _Offer(sends, takes, 0, keeps, wants, earned[at], price)
            else:
                offer = _Offer(sends, takes, takes - sends, wants, keeps, earned[at], price)
            cost = _cost(tables, stock, offer, position) + line
            bought = 0
            _best_packs(tables, stock, offer, money, pack, fewest, most, best)
            if best[0] + terms.order[article] + line < cost:
                cost, bought = best[0] + terms.order[article] + line, int(best[1])
            if cost < cheapest:
                held = position + bought * pack
                change = _level(offer, held) - held
                cheapest, source, packs, taken = cost, sender, bought, _taken(offer, change)
                sent = taken - change
        total += cheapest
        slope[at] -= sent
        if source >= first:
            slope[source - first] += taken
        slope[size] -= packs * pack
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _highest(
    tables: Tables, terms: Terms, article: int, aim: float, best: float, start: Numbers, can_send: Integers
) -> float:
    """Give the highest of these bounds found by steps along its slope, as far as the cost of a known plan lets hope for.

    `start` holds what senders earn, and what a unit is worth to the article at last.
    """
    size = start.size - 1
    price, kept, slope = start.copy(), start.copy(), np.zeros(size + 1)
    length, failed, own = 1.0, 0, -np.inf
    for _ in range(_STEPS):
        found = _apart(tables, terms, article, price, price[size], can_send, slope)
        for at in range(size):
            if can_send[at] == 0:
                slope[at] = 0.0
        if tables.lost[article] == 0.0:
            slope[size] = 0.0
        if found > own:
            own, failed = found, 0
            kept[:] = price
        else:
            failed += 1
        norm = 0.0
        for at in range(size + 1):
            norm += slope[at] * slope[at]
        if norm == 0.0 or aim - own <= _NEAR_CENTS:
            break
        if failed >= _PATIENCE:
            length, failed = length / 2, 0
            price[:] = kept
            if length < _LEAST_STEP:
                break
            continue
        step = length * max(aim - found, _NEAR_CENTS) / norm
        for at in range(size + 1):
            price[at] += step * slope[at]
        price[size] = min(max(price[size], 0.0), tables.lost[article])
    start[:] = kept
    return max(own, best)


@njit(cache=True, nogil=True, error_model="numpy")
def raise_bounds(
    tables: Tables, terms: Terms, starts: Numbers, articles: Integers, aims: Numbers, bounds: Numbers
) -> None:
    """Raise what no plan of each of the articles can undercut, where a known plan costs more.

    `starts` holds for each stock what a unit sent from it earns, and at its end for each article what a unit is worth to it.
    """
    stocks = tables.position.size
    for article in articles:
        if aims[article] - bounds[article] <= _NEAR_CENTS:
            continue
        first, last = tables.start[article], tables.start[article + 1]
        can_send = np.maximum(tables.position[first:last] - tables.least[first:last], 0)
        if last - first == 1:
            can_send[0] = 0
        start = np.empty(last - first + 1)
        start[:-1] = starts[first:last]
        start[-1] = starts[stocks + article]
        bounds[article] = _highest(tables, terms, article, aims[article], bounds[article], start, can_send)
