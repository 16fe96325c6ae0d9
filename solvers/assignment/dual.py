"""Prices by adaptive subgradient steps on the Lagrangian dual of the shared limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solvers.assignment.columns import list_columns, price_in_shares
from solvers.assignment.deadlines import has_passed
from solvers.assignment.preparation import flatten
from solvers.assignment.problem import MILLICENTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from solvers.assignment.kernels_columns import Columns
    from solvers.assignment.kernels_plan import PriceArrays
    from solvers.assignment.preparation import Prepared
    from solvers.assignment.pricer import Pricer
    from solvers.assignment.problem import Int64Array

Float64Array = NDArray[np.float64]

_LARGEST = 2.0**60

_REFINEMENTS = ((0.6, 0.04, 0.008, 0.1), (0.4, 0.015, 0.002, 0.2), (0.25, 0.008, 0.0002, 0.7))
"""Slack of the listed plans, first and last step, all as shares of what an option typically costs; share of rounds."""


class Ascent:
    """Moves prices along the excess of what is asked over what there is, each on its own scale.

    Excesses of a fast mover and of a slow one differ by orders of magnitude, the prices that balance them do not; so
    the step of a price is divided by the size its own excess has had lately.

    Parameters
    ----------
    start
        Prices to start from, thousandths of a cent.

    References
    ----------
    Kingma and Ba (2015), Adam: a method for stochastic optimization, ICLR.
    """

    _MEMORY = 0.8
    _SCALE_MEMORY = 0.98

    def __init__(self, start: Float64Array) -> None:
        self.price = start
        self._mean = np.zeros(len(start))
        self._square = np.zeros(len(start))
        self._steps = 0

    def step(self, excess: Float64Array, length_cents: float) -> None:
        """Raise the price of what is asked too often, lower that of what is left over.

        Parameters
        ----------
        excess
            Use less limit, per price.
        length_cents
            Length of a typical step.
        """
        self._steps += 1
        self._mean += (1 - self._MEMORY) * (excess - self._mean)
        self._square += (1 - self._SCALE_MEMORY) * (excess * excess - self._square)
        mean = self._mean / (1 - self._MEMORY**self._steps)
        scale = np.sqrt(self._square / (1 - self._SCALE_MEMORY**self._steps)) + 1e-9
        self.price = np.maximum(0.0, self.price + length_cents * MILLICENTS * mean / scale)

    def whole(self) -> Int64Array:
        """Give the prices as whole thousandths of a cent."""
        return np.rint(self.price).astype(np.int64)


@dataclass(frozen=True)
class DualResult:
    """Where the price search ended.

    Parameters
    ----------
    prices
        The prices of the best bound met.
    bound_millicents
        That bound.
    rounds
        Pricing rounds done.
    """

    prices: PriceArrays
    bound_millicents: int
    rounds: int


def search_prices(
    pricer: Pricer,
    *,
    rounds: int,
    warm_prices: PriceArrays | None = None,
    deadline: float | None = None,
    last_step_cents: float = 3.0,
) -> DualResult:
    """Search for the prices of the best bound, in ever shorter steps, over all options.

    Parameters
    ----------
    pricer
        Prices the orders.
    rounds
        Pricing rounds, at least 1.
    warm_prices
        Prices to start from, such as last night's; where they prove less than nothing, nothing is charged.
    deadline
        `time.monotonic()` after which to stop early.
    last_step_cents
        Length of the last step; the first is about the cost of a parcel, or a tenth of it from warm prices.
    """
    prepared = pricer.prepared
    start = np.zeros(len(prepared.contested))
    if warm_prices is not None:
        start = np.minimum(_contested(prepared, warm_prices), _most_price(prepared))
    first_step_cents = typical_cost_cents(prepared) * (0.5 if warm_prices is None else 0.05)

    def price(whole: Int64Array) -> tuple[int, Int64Array]:
        pricing = pricer(prepared.spread(whole))
        return pricing.bound_millicents, pricing.used[prepared.contested]

    steps = (first_step_cents, min(last_step_cents, first_step_cents))
    bound, whole, done = climb(price, prepared.contested_limit(), start, rounds, steps, deadline)
    if bound < 0:
        whole = np.zeros_like(whole)
        bound, _used = price(whole)
    return DualResult(prepared.spread(whole), bound, done)


def refine_prices(pricer: Pricer, found: DualResult, *, rounds: int, deadline: float | None = None) -> DualResult:
    """Search on over the plans that are nearly cheapest: many more rounds, each at a small part of the work.

    The plans are listed anew around better prices, fewer each time. Prices are kept only as far as all options
    confirm them, so the bound is as exact as before.

    Parameters
    ----------
    pricer
        Prices the orders.
    found
        Where to start.
    rounds
        Rounds over the plans, all listings together.
    deadline
        `time.monotonic()` after which to stop early.
    """
    prepared = pricer.prepared
    typical = typical_cost_cents(prepared)
    limit = prepared.contested_limit()
    best, flat = found, _contested(prepared, found.prices)
    if len(limit) == 0:
        return best
    for slack, first, last, share in _REFINEMENTS:
        if rounds == 0 or has_passed(deadline):
            break
        columns = list_columns(pricer, prepared.spread(np.rint(flat).astype(np.int64)), round(slack * typical) + 1)
        chosen = np.zeros(prepared.num_orders, dtype=np.int64)

        def price(whole: Int64Array, columns: Columns = columns, chosen: Int64Array = chosen) -> tuple[int, Int64Array]:
            return price_in_shares(columns, whole, chosen, pricer.threads)

        steps = (first * typical, last * typical)
        _bound, whole, done = climb(price, limit, flat, max(1, round(share * rounds)), steps, deadline)
        flat = whole.astype(np.float64)
        prices = prepared.spread(whole)
        bound = pricer(prices).bound_millicents - int((whole * limit).sum())
        if bound > best.bound_millicents:
            best = DualResult(prices, bound, best.rounds + done)
    return best


def climb(
    price: Callable[[Int64Array], tuple[int, Int64Array]],
    limit: Int64Array,
    start: Float64Array,
    rounds: int,
    steps: tuple[float, float],
    deadline: float | None,
) -> tuple[int, Int64Array, int]:
    """Step from the start, ever shorter; gives the best bound, its prices, and the rounds done.

    Parameters
    ----------
    price
        Gives what the orders pay at prices, thousandths of a cent, and what they then take of each limit.
    limit
        How much there is of each.
    start
        Prices to start from, thousandths of a cent.
    rounds
        Rounds, at least 1.
    steps
        Length of the first and of the last step, cents.
    deadline
        `time.monotonic()` after which to stop early; None: never.
    """
    ascent = Ascent(start)
    ratio = steps[1] / max(steps[0], 1e-3)
    best: tuple[int, Int64Array] | None = None
    done = 0
    while best is None or (done < rounds and len(limit) and not has_passed(deadline)):
        whole = ascent.whole()
        cost, used = price(whole)
        bound = cost - int((whole * limit).sum())
        if best is None or bound > best[0]:
            best = bound, whole
        ascent.step((used - limit).astype(np.float64), steps[0] * ratio ** (done / max(rounds - 1, 1)))
        done += 1
    return best[0], best[1], done


def _contested(prepared: Prepared, prices: PriceArrays) -> Float64Array:
    return np.asarray(flatten(prices)[prepared.contested].astype(np.float64))


def _most_price(prepared: Prepared) -> float:
    """Give a price up to which all sums stay far within int64, and which no unit is worth."""
    instance, limit = prepared.instance, prepared.contested_limit()
    counted = (instance.piece_quantity, instance.piece_quantity, instance.use_amount, limit)
    return _LARGEST / (1.0 + sum(float(array.sum(dtype=np.float64)) for array in counted))


def typical_cost_cents(prepared: Prepared) -> float:
    """Give the middle cost of an option, the scale on which prices live."""
    cost = prepared.instance.option_cost
    return float(np.median(cost)) / MILLICENTS if len(cost) else 1.0
