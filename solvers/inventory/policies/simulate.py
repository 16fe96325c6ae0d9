"""What a reorder policy does when sales are lost and lead times vary, and the policy that keeps a promised fill rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from solvers.inventory.policies import kernels_simulate as kernels
from solvers.inventory.policies.kernels_simulate import Integers
from solvers.inventory.policies.loss import Demand

_BLOCK: Final = 512
"""Draws that together follow the distribution closely."""
_DEMANDS: Final = 20_000
"""Separate demands that a fill rate is measured over: with fewer, chance moves that of a slow and lumpy mover by half a point."""
_MOST_DAYS: Final = 2_000_000
_QUANTITIES: Final = 27
_CLOSE: Final = 0.001
"""Fill rate beyond the promise that is near enough to stop."""
_NEAR: Final = 0.004
"""The same for quantities that are far from what was asked for."""


@dataclass(frozen=True, slots=True)
class StockPolicy:
    """Order up to `upper`, in multiples of `lot`, when stock and what is coming are at `lower` or below at a review.

    Raises
    ------
    ValueError
        When the levels are not in order, or lot or review period are below one.
    """

    lower: int
    upper: int
    lot: int = 1
    review_days: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.lower < self.upper and not self.lower == -1 < self.upper:
            raise ValueError(f"lower must lie below upper, from -1 up; they are {self.lower} and {self.upper}.")
        if self.lot < 1 or self.review_days < 1:
            raise ValueError(f"lot and review_days must be at least 1; they are {self.lot} and {self.review_days}.")


@dataclass(frozen=True, slots=True)
class SimulatedService:
    """What came of a policy.

    Parameters
    ----------
    fill_rate
        Share of units wanted that were sold from stock; 1 where nothing was wanted.
    mean_stock
        Mean units at the end of a day.
    orders_per_day
        Orders placed a day.
    """

    fill_rate: float
    mean_stock: float
    orders_per_day: float


def draw_days(demand: Demand, lead_time: Demand, days: int, seed: int) -> tuple[Integers, Integers]:
    """Draw daily demand and lead times of orders, the same for the same seed.

    Parameters
    ----------
    demand
        Units of a day.
    lead_time
        Whole days between an order and its arrival.
    days
        Days to draw.
    seed
        Seed of the generator.
    """
    rng = np.random.default_rng(seed)
    return _drawn(demand, days, rng), _drawn(lead_time, days, rng)


def telling_days(demand: Demand) -> int:
    """Give the days that tell a fill rate: a slow mover takes more of them, and more still where it is bought by the dozen.

    Parameters
    ----------
    demand
        Units of a day.
    """
    if demand.mean <= 0:
        return 0
    units = np.arange(demand.probability.size)
    spread = float(demand.probability @ (units - demand.mean) ** 2)
    return int(min(_DEMANDS * max(spread / demand.mean, 1.0) / demand.mean, _MOST_DAYS))


def _drawn(of: Demand, count: int, rng: np.random.Generator) -> Integers:
    """Draw numbers in blocks that each hold every outcome as often as it should be, in random order.

    A rare long lead time drawn a few times more or less than it should be moves the fill rate by half a point.
    """
    blocks = -(-count // _BLOCK)
    chance = (np.arange(_BLOCK) + rng.random((blocks, 1))) / _BLOCK
    units = np.searchsorted(np.cumsum(of.probability), rng.permuted(chance, axis=1) * (1 - 1e-12), side="right")
    drawn: Integers = np.minimum(units, of.probability.size - 1).astype(np.int64).ravel()[:count]
    return drawn


def simulate_policy(
    policy: StockPolicy, demand: Integers, lead_days: Integers, *, warm_up: int = 200
) -> SimulatedService:
    """Run a policy over days of demand; what is not in stock when it is wanted is lost.

    Parameters
    ----------
    policy
        The policy.
    demand
        (days,) units wanted.
    lead_days
        Lead time of the first, second, … order; taken again from the start when they run out.
    warm_up
        Days at the start that do not count.

    Raises
    ------
    ValueError
        When there are no days after the warm-up, or a value is negative.
    """
    if demand.size <= warm_up or lead_days.size == 0:
        raise ValueError(
            f"there must be days after the {warm_up} of warm-up, and lead times; there are {demand.size} days."
        )
    if int(demand.min()) < 0 or int(lead_days.min()) < 0:
        raise ValueError("demand and lead_days must not be negative.")
    wanted, sold, held, placed = kernels.run_days(
        demand, lead_days, policy.lower, policy.upper, policy.lot, policy.review_days, warm_up
    )
    days = demand.size - warm_up
    return SimulatedService(sold / wanted if wanted else 1.0, held / days, placed / days)


def policy_for_fill_rate(
    demand: Demand,
    lead_time: Demand,
    fill_rate: float,
    *,
    quantity: int,
    lot: int = 1,
    review_days: int = 1,
    days: int = 120_000,
    seed: int = 0,
) -> StockPolicy:
    """Give a policy whose simulated fill rate keeps the promise and hardly more, sales lost and lead times random.

    No formula is exact here: with lost sales and several orders under way, the usual ones for backorders ask for too much
    stock. The days drawn are the same for every policy tried. For an order quantity the lowest reorder level is taken that
    keeps the promise; where a unit of it is a large step, as for slow movers, other quantities from half to twice as much,
    the nearest first, are tried until the promise is kept to a tenth of a point: cost is flat there. Where none of them keeps
    it to four tenths, quantities down to a third and up to three times as much are tried.

    Parameters
    ----------
    demand
        Units of a day.
    lead_time
        Whole days between an order and its arrival.
    fill_rate
        Share of units to sell from stock.
    quantity
        Units between reorder level and order-up-to level, about: what an order brings.
    lot
        Units an order is a multiple of.
    review_days
        Days between reviews.
    days, seed
        Length and seed of the simulation.

    Raises
    ------
    ValueError
        When the fill rate is not strictly between 0 and 1, or the quantity below one.
    """
    if not 0 < fill_rate < 1:
        raise ValueError(f"fill_rate must lie strictly between 0 and 1; it is {fill_rate}.")
    if quantity < 1:
        raise ValueError(f"quantity must be at least 1; it is {quantity}.")
    wanted, waits = draw_days(demand, lead_time, max(days, telling_days(demand)), seed)

    def served(lower: int, ordered: int) -> float:
        return simulate_policy(StockPolicy(lower, lower + ordered, lot, review_days), wanted, waits).fill_rate

    lower, upper = _levels(served, fill_rate, quantity)
    return StockPolicy(lower, upper, lot, review_days)


def _levels(served: Callable[[int, int], float], fill_rate: float, quantity: int) -> tuple[int, int]:
    """Give the levels that keep the promise most nearly, by what a lower level and an order quantity serve."""

    def keeps(ordered: int, lower: int) -> bool:
        return served(lower, ordered) >= fill_rate

    best, least = (0, quantity), 1.0
    lower = 0
    for ordered in _around(quantity):
        is_far = not quantity / 2 <= ordered <= 2 * quantity
        if is_far and least < _NEAR:
            break
        lower = _lowest(partial(keeps, ordered), lower)
        beyond = served(lower, ordered) - fill_rate
        if beyond < least:
            best, least = (lower, lower + ordered), beyond
        if least < _CLOSE:
            break
    return best


def _around(quantity: int) -> list[int]:
    """Give order quantities from a third to three times as much, the nearest first."""
    shares = 3.0 ** np.linspace(-1, 1, _QUANTITIES)
    found = np.unique(np.maximum(np.rint(quantity * shares).astype(np.int64), 1))
    return sorted(found.tolist(), key=lambda units: (abs(math.log(units / quantity)), units))


def _lowest(is_enough: Callable[[int], bool], near: int) -> int:
    """Give the lowest level from -1 up that is enough, looked for from a level near it."""
    step = 1
    if is_enough(near):
        low, high = near - 1, near
        while low > -2 and is_enough(low):
            low, high, step = max(low - 2 * step, -2), low, 2 * step
    else:
        low, high = near, near + 1
        while not is_enough(high):
            low, high, step = high, high + 2 * step, 2 * step
    while high - low > 1:
        middle = (low + high) // 2
        if is_enough(middle):
            high = middle
        else:
            low = middle
    return high
