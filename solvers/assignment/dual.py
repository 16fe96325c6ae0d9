"""Prices by adaptive subgradient steps on the Lagrangian dual of the shared limits."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from solvers.assignment.preparation import flatten
from solvers.assignment.problem import MILLICENTS

if TYPE_CHECKING:
    from solvers.assignment.kernels_plan import PriceArrays
    from solvers.assignment.preparation import Prepared
    from solvers.assignment.pricer import Pricer
    from solvers.assignment.problem import Int64Array

Float64Array = NDArray[np.float64]


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
    """Search for the prices of the best bound, in ever shorter steps.

    Parameters
    ----------
    pricer
        Prices the orders.
    rounds
        Pricing rounds, at least 1.
    warm_prices
        Prices to start from, such as last night's.
    deadline
        `time.monotonic()` after which to stop early.
    last_step_cents
        Length of the last step; the first is about the cost of a parcel, or a tenth of it from warm prices.
    """
    prepared = pricer.prepared
    contested = prepared.contested
    limit = flatten(prepared.limit)
    flat = np.zeros(len(limit), dtype=np.int64)
    start = np.zeros(len(contested)) if warm_prices is None else flatten(warm_prices)[contested].astype(np.float64)
    first_step_cents = _typical_cost_cents(prepared) * (0.5 if warm_prices is None else 0.05)
    ratio = min(1.0, last_step_cents / max(first_step_cents, 1e-3))
    ascent = Ascent(start)
    best: DualResult | None = None
    done = 0
    while best is None or (done < rounds and len(contested) and not (deadline and time.monotonic() > deadline)):
        whole = ascent.whole()
        flat[contested] = whole
        pricing = pricer(prepared.unflatten(flat))
        bound = pricing.bound_millicents - int((whole * limit[contested]).sum())
        if best is None or bound > best.bound_millicents:
            best = DualResult(prepared.unflatten(flat.copy()), bound, done)
        excess = (pricing.used - limit)[contested].astype(np.float64)
        ascent.step(excess, first_step_cents * ratio ** (done / max(rounds - 1, 1)))
        done += 1
    return DualResult(best.prices, best.bound_millicents, done)


def _typical_cost_cents(prepared: Prepared) -> float:
    """Give the middle cost of an option, the scale on which prices live."""
    cost = prepared.instance.option_cost
    return float(np.median(cost)) / MILLICENTS if len(cost) else 1.0
