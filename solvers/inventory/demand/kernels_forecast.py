"""Forecasting: discounted sums of demand, quantiles of the negative binomial, and the classic intermittent methods."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from numba import njit

Numbers: TypeAlias = npt.NDArray[np.float64]
Units: TypeAlias = npt.NDArray[np.int32]
Flags: TypeAlias = npt.NDArray[np.bool_]

STEP_LIMIT_UNITS = 200.0
"""Above this mean, quantiles come from a moment expansion; below, from adding up probabilities."""
SMALLEST_WEIGHT = 1e-5


@njit(cache=True, nogil=True)
def discounted_sums(
    demand: Units, is_known: Flags, factor: Numbers, end: int, discount: float, first: int, last: int, sums: Numbers
) -> None:
    """Fill sums[series] with weight, weighted demand and weighted square of series first..last-1 before period `end`.

    The latest period weighs 1, each earlier one `discount` of the next; unknown periods weigh nothing. Demand is taken
    free of season: divided by the factor of its place in the season.
    """
    season = factor.shape[1]
    for series in range(first, last):
        weight, mass, total, squares = 1.0, 0.0, 0.0, 0.0
        for period in range(end - 1, -1, -1):
            if weight < SMALLEST_WEIGHT:
                break
            if is_known[series, period]:
                units = demand[series, period] / factor[series, period % season]
                mass += weight
                total += weight * units
                squares += weight * units * units
            weight *= discount
        sums[series, 0], sums[series, 1], sums[series, 2] = mass, total, squares


@njit(cache=True, nogil=True)
def _expanded(mean: float, deviation: float, skewness: float, z: float) -> float:
    """Give a quantile by the Cornish-Fisher expansion of mean, deviation and skewness, rounded up."""
    return max(0.0, math.ceil(mean + deviation * (z + (z * z - 1.0) * skewness / 6.0) - 1e-9))


@njit(cache=True, nogil=True)
def fill_quantiles(
    mean: Numbers, variance: Numbers, levels: Numbers, z: Numbers, first: int, last: int, quantiles: Numbers
) -> None:
    """Fill quantiles[series, level], levels rising: negative binomial, Poisson where variance is not above the mean.

    Demand steadier than Poisson is taken as normal, rounded up; z holds the normal quantiles of the levels.
    """
    for series in range(first, last):
        centre, spread = mean[series], variance[series]
        if centre <= 0.0:
            quantiles[series, :] = 0.0
            continue
        deviation = math.sqrt(spread)
        if centre > STEP_LIMIT_UNITS or (spread < centre * (1 - 1e-9) and centre > 5.0):
            skewness = (2.0 * spread / centre - 1.0) / deviation if spread > centre else 0.0
            for one in range(levels.size):
                quantiles[series, one] = _expanded(centre, deviation, skewness, z[one])
            continue
        if spread > centre * (1 + 1e-9):
            size = centre * centre / (spread - centre)
            grow = 1.0 - centre / spread
            log_none = size * math.log(centre / spread)
        else:
            size, grow, log_none = 0.0, 0.0, -centre
        chance = math.exp(log_none)
        below, units = chance, 0
        for one in range(levels.size):
            while below < levels[one] - 1e-12 and units < 100_000:
                if size > 0.0:
                    chance *= (size + units) / (units + 1.0) * grow
                else:
                    chance *= centre / (units + 1.0)
                units += 1
                below += chance
            quantiles[series, one] = units


@njit(cache=True, nogil=True)
def fill_intermittent(demand: Units, size_weight: float, time_weight: float, rates: Numbers) -> None:
    """Fill rates[series] with the Croston, Syntetos-Boylan (SBA) and Teunter-Syntetos-Babai (TSB) rates a period.

    Sizes and intervals are smoothed by size_weight (Croston), size and probability by size_weight and time_weight (TSB);
    each starts from its first observation.
    """
    for series in range(demand.shape[0]):
        size, interval, since = 0.0, 0.0, 0
        chance = 1.0 if demand.shape[1] and demand[series, 0] > 0 else 0.0
        has_size = False
        for period in range(demand.shape[1]):
            units = demand[series, period]
            since += 1
            if period > 0:
                chance += time_weight * ((1.0 if units > 0 else 0.0) - chance)
            if units > 0:
                if has_size:
                    size += size_weight * (units - size)
                    interval += size_weight * (since - interval)
                else:
                    size, interval, has_size = float(units), float(since), True
                since = 0
        rates[series, 0] = size / interval if has_size else 0.0
        rates[series, 1] = rates[series, 0] * (1.0 - size_weight / 2.0)
        rates[series, 2] = chance * size
