"""Loss functions and distributions of demand: what is short, what is left over, at a stock level."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

_TAIL = 1e-13
"""Probability beyond which a discrete distribution is cut off."""


def normal_loss(level: float, mean: float, deviation: float) -> float:
    """Give the expected units short of demand at a stock level, demand normal.

    Raises
    ------
    ValueError
        When the standard deviation is negative.
    """
    if deviation < 0:
        raise ValueError(f"deviation must not be negative; it is {deviation}.")
    if deviation == 0:
        return max(mean - level, 0.0)
    z = (level - mean) / deviation
    return deviation * (NormalDist().pdf(z) - z * NormalDist().cdf(-z))


def poisson_loss(level: int, mean: float) -> float:
    """Give the expected units short of demand at a stock level, demand Poisson.

    Raises
    ------
    ValueError
        When the mean is negative.
    """
    return Demand.poisson(mean).loss(level)


@dataclass(frozen=True, eq=False)
class Demand:
    """The distribution of whole units demanded over some time.

    Parameters
    ----------
    probability
        (units + 1,) probability of each number of units, from none upwards.

    Raises
    ------
    ValueError
        When a probability is negative or not finite, or they do not add up to one.
    """

    probability: Numbers

    def __post_init__(self) -> None:
        values = np.ascontiguousarray(self.probability, dtype=np.float64)
        if values.ndim != 1 or values.size == 0 or not bool(np.all(np.isfinite(values))) or float(values.min()) < 0:
            raise ValueError(
                "probability must be a row of finite numbers from 0 upwards, one for each number of units."
            )
        if abs(float(values.sum()) - 1) > 1e-9:
            raise ValueError(f"probability must add up to 1; it adds up to {float(values.sum())}.")
        object.__setattr__(self, "probability", values)

    @classmethod
    def poisson(cls, mean: float) -> Demand:
        """Give Poisson demand, its tail beyond 1e-13 put on the largest number kept.

        Raises
        ------
        ValueError
            When the mean is negative or not finite.
        """
        if not 0 <= mean < math.inf:
            raise ValueError(f"mean must be a finite number from 0 upwards; it is {mean}.")
        units = np.arange(int(mean + 12 * math.sqrt(mean) + 30))
        logs = (
            units * math.log(mean) - mean - _log_factorials(units.size)
            if mean > 0
            else np.where(units == 0, 0, -np.inf)
        )
        return cls._cut(np.exp(logs))

    @classmethod
    def negative_binomial(cls, mean: float, variance: float) -> Demand:
        """Give demand of a mean and variance, variance above mean; Poisson where it is not above.

        Raises
        ------
        ValueError
            When the mean is negative or not finite.
        """
        if variance <= mean * (1 + 1e-9):
            return cls.poisson(mean)
        size, share = mean * mean / (variance - mean), mean / variance
        units = np.arange(int(mean + 20 * math.sqrt(variance) + 40 * variance / max(mean, 1e-9) + 30))
        steps = np.log((size + units[:-1]) / (units[:-1] + 1)) + math.log1p(-share)
        return cls._cut(np.exp(size * math.log(share) + np.concatenate(([0.0], np.cumsum(steps)))))

    @classmethod
    def _cut(cls, probability: Numbers) -> Demand:
        above = 1 - np.cumsum(probability)
        last = min(int(np.argmax(above < _TAIL)), probability.size - 1) if bool(np.any(above < _TAIL)) else -1
        kept = probability[: last + 1].copy() if last >= 0 else probability.copy()
        kept[-1] += 1 - kept.sum()
        return cls(np.maximum(kept, 0) / np.maximum(kept, 0).sum())

    @property
    def mean(self) -> float:
        """Expected units."""
        return float(self.probability @ np.arange(self.probability.size))

    @property
    def variance(self) -> float:
        """Variance of the units."""
        return float(self.probability @ (np.arange(self.probability.size) - self.mean) ** 2)

    def cdf(self, level: int) -> float:
        """Give the probability that demand is at most `level`."""
        return 0.0 if level < 0 else float(self.probability[: level + 1].sum())

    def quantile(self, share: float) -> int:
        """Give the smallest number of units that demand does not pass with at least this probability."""
        return min(int(np.searchsorted(np.cumsum(self.probability), share - 1e-12)), self.probability.size - 1)

    def loss(self, level: int) -> float:
        """Give the expected units short at a stock level; below zero, all demand and what was owed."""
        units = np.arange(self.probability.size)
        return float(self.probability @ np.maximum(units - level, 0))

    def left_over(self, level: int) -> float:
        """Give the expected units that remain at a stock level."""
        return level - self.mean + self.loss(level)

    def plus(self, other: Demand) -> Demand:
        """Give the distribution of the sum with another, independent demand."""
        return self._cut(np.convolve(self.probability, other.probability))

    def over(self, periods: int) -> Demand:
        """Give the demand of several independent periods.

        Raises
        ------
        ValueError
            When the number of periods is negative.
        """
        if periods < 0:
            raise ValueError(f"periods must not be negative; it is {periods}.")
        total, power = Demand(np.ones(1)), self
        while periods:
            if periods & 1:
                total = total.plus(power)
            periods >>= 1
            if periods:
                power = power.plus(power)
        return total

    def over_random(self, periods: Demand) -> Demand:
        """Give the demand of a random number of independent periods, such as a lead time that varies.

        Parameters
        ----------
        periods
            Distribution of the number of periods.
        """
        total, summed = Demand(np.ones(1)), np.zeros(1)
        for chance in periods.probability.tolist():
            size = max(summed.size, total.probability.size)
            summed = np.pad(summed, (0, size - summed.size))
            summed[: total.probability.size] += chance * total.probability
            total = total.plus(self)
        return self._cut(summed)


def _log_factorials(count: int) -> Numbers:
    return np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, count)))))
