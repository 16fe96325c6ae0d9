"""A model of demand that all series share: a level drawn towards longer runs and groups, negative binomial around it.

The level of a series is a discounted mean of its recent periods, drawn towards its long-run mean, which is drawn towards
the mean of its group; periods without stock count neither way. Demand over the lead time is negative binomial with that
mean, an index of dispersion drawn towards the one all series share, and the uncertainty of the level itself.

References
----------
Snyder, Ord and Beaumont (2012), Forecasting the intermittent demand for slow-moving inventories.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

from solvers.inventory.demand import kernels_forecast as kernels
from solvers.inventory.demand.accuracy import pinball_loss
from solvers.inventory.demand.kernels_forecast import Numbers
from solvers.inventory.demand.series import DemandSeries, season_factors

_BACKTESTS: Final = 5
_LEAST_DISPERSION: Final = 0.05


@dataclass(frozen=True, slots=True)
class ForecastParameters:
    """What all series share; weights are in periods of evidence.

    Parameters
    ----------
    half_life
        Periods after which evidence of the recent level counts half.
    long_half_life
        The same for the long-run level and the dispersion.
    long_weight, group_weight
        Periods that the long-run level weighs against recent ones, and the group against the long run.
    dispersion, dispersion_weight
        Index of dispersion (variance over mean) of a period that all share, and how much it weighs.
    level_variance
        Squared coefficient of variation of what the level may do during the lead time.
    drift
        Level of the near future over that of the recent past.
    """

    half_life: float
    long_half_life: float
    long_weight: float
    group_weight: float
    dispersion: float
    dispersion_weight: float
    level_variance: float
    drift: float


class DemandModel:
    """A set of series and the forecasts that parameters give for any origin; what searches ask for again is kept."""

    def __init__(self, series: DemandSeries, lead_periods: int, levels: Numbers, threads: int) -> None:
        self.series, self.lead_periods, self.levels, self.threads = series, lead_periods, levels, threads
        self.z = np.array([NormalDist().inv_cdf(float(level)) for level in levels])
        self.factor = season_factors(series)
        self._sums: dict[tuple[int, float], Numbers] = {}
        self._seasons: dict[int, Numbers] = {}
        self._windows: dict[int, tuple[Numbers, npt.NDArray[np.bool_]]] = {}

    def origins(self) -> list[int]:
        """Give the ends of history of the back-test, the latest first: windows that do not overlap."""
        periods, lead = self.series.demand.shape[1], self.lead_periods
        least = max(2 * lead, periods // 3, 4)
        starts = [periods - lead * back for back in range(1, _BACKTESTS + 1)]
        return [start for start in starts if start >= least] if self.series.demand.shape[0] else []

    def sums(self, end: int, half_life: float) -> Numbers:
        """Give weight, weighted demand and weighted squares of each series before period `end`."""
        key = (end, half_life)
        if key not in self._sums:
            if len(self._sums) > 60:
                self._sums.clear()
            self._sums[key] = np.zeros((self.series.demand.shape[0], 3))
            discount = 0.5 ** (1 / half_life)

            sums = self._sums[key]

            def fill(low: int, high: int) -> None:
                kernels.discounted_sums(
                    self.series.demand, self.series.is_known, self.factor, end, discount, low, high, sums
                )

            self.share(fill, self.series.demand.shape[0])
        return self._sums[key]

    def moments(self, end: int, with_: ForecastParameters) -> tuple[Numbers, Numbers]:
        """Give mean and variance of demand over the lead time that begins with period `end`."""
        recent, long = self.sums(end, with_.half_life), self.sums(end, with_.long_half_life)
        group = self.series.group
        groups = int(group.max()) + 1 if group.size else 0
        weight = np.bincount(group, long[:, 0], groups)
        total = np.bincount(group, long[:, 1], groups)
        overall = float(total.sum()) / max(float(weight.sum()), 1e-9)
        of_group = np.where(weight > 0, total / np.maximum(weight, 1e-9), overall)[group]
        of_long = (with_.group_weight * of_group + long[:, 1]) / (with_.group_weight + long[:, 0])
        level = (with_.long_weight * of_long + recent[:, 1]) / (with_.long_weight + recent[:, 0])
        centre = long[:, 1] / np.maximum(long[:, 0], 1e-9)
        spread = np.maximum(long[:, 2] / np.maximum(long[:, 0], 1e-9) - centre**2, 0)
        seen = np.where(centre > 0, long[:, 0], 0.0)
        own = np.where(centre > 0, spread / np.maximum(centre, 1e-9), 0.0)
        index = (with_.dispersion_weight * with_.dispersion + seen * own) / (with_.dispersion_weight + seen)
        mean = level * with_.drift * self._season_of(end)
        variance = mean * np.maximum(index, _LEAST_DISPERSION) + with_.level_variance * mean**2
        return mean, variance

    def _season_of(self, end: int) -> Numbers:
        if end not in self._seasons:
            places = (end + np.arange(self.lead_periods)) % self.series.season_periods
            self._seasons[end] = self.factor[:, places].sum(axis=1)
        return self._seasons[end]

    def quantiles(self, mean: Numbers, variance: Numbers) -> Numbers:
        """Give the quantiles of demand with those moments."""
        found = np.zeros((mean.size, self.levels.size))

        def fill(low: int, high: int) -> None:
            kernels.fill_quantiles(mean, variance, self.levels, self.z, low, high, found)

        self.share(fill, mean.size)
        return found

    def losses(self, origin: int, parameters: ForecastParameters) -> tuple[Numbers, Numbers]:
        """Give loss and demand of each series in the window after an origin; zero where part of it is not known."""
        return self.loss_of(origin, self.quantiles(*self.moments(origin, parameters)))

    def loss_of(self, origin: int, quantiles: Numbers) -> tuple[Numbers, Numbers]:
        """Give the same for quantiles from elsewhere."""
        came, is_known = self._window(origin)
        loss = pinball_loss(came, quantiles, self.levels).mean(axis=1)
        return np.where(is_known, loss, 0.0), np.where(is_known, came, 0.0)

    def _window(self, origin: int) -> tuple[Numbers, npt.NDArray[np.bool_]]:
        """Give the demand of the window after an origin, and whether all of it is known."""
        if origin not in self._windows:
            window = slice(origin, origin + self.lead_periods)
            came = self.series.demand[:, window].sum(axis=1, dtype=np.int64).astype(np.float64)
            is_known: npt.NDArray[np.bool_] = np.all(self.series.is_known[:, window], axis=1)
            self._windows[origin] = came, is_known
        return self._windows[origin]

    def share(self, fill: Callable[[int, int], None], count: int) -> None:
        """Run a function over consecutive parts of the series, one a thread."""
        if self.threads == 1:
            fill(0, count)
            return
        edges = np.linspace(0, count, self.threads + 1).astype(int).tolist()
        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(fill, edges[:-1], edges[1:]))


def first_guess(series: DemandSeries) -> ForecastParameters:
    """Give parameters to search from."""
    periods = max(series.demand.shape[1], 2)
    demand = series.demand.astype(np.float64)
    mean = demand.mean(axis=1) if demand.size else np.zeros(1)
    spread = demand.var(axis=1) if demand.size else np.zeros(1)
    index = float(spread[mean > 0].sum() / mean[mean > 0].sum()) if bool(np.any(mean > 0)) else 1.0
    return ForecastParameters(
        half_life=periods / 6,
        long_half_life=2.0 * periods,
        long_weight=2.0,
        group_weight=1.0,
        dispersion=max(min(index, 20.0), 0.2),
        dispersion_weight=periods / 8,
        level_variance=0.05,
        drift=1.0,
    )
