"""Demand over a lead time as a whole distribution, for regular and intermittent series and for those without history.

The level of a series is a discounted mean of its recent periods, drawn towards its long-run mean, which is drawn towards
the mean of its group; periods without stock count neither way. Demand over the lead time is negative binomial with that
mean, an index of dispersion drawn towards the one all series share, and the uncertainty of the level itself. What all
series share (how fast to forget, how strongly to draw) is found by back-test over all of them; how fast each series
forgets, by its own back-test set against that of series of its size.

References
----------
Snyder, Ord and Beaumont (2012), Forecasting the intermittent demand for slow-moving inventories; Syntetos and Boylan
(2005); Teunter, Syntetos and Babai (2011).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

from solvers.inventory import kernels_forecast as kernels
from solvers.inventory.kernels_forecast import Numbers, Units
from solvers.inventory.series import DemandSeries, season_factors

LEVELS: Final = (0.5, 0.75, 0.9, 0.95, 0.99)
HALF_LIFE_FACTORS: Final = (0.25, 0.5, 1.0, 2.0, 4.0)
"""What each series may forget faster or slower than the half-life that suits all."""
_BACKTESTS: Final = 5
_SAMPLE: Final = 2_500
"""Series that decide the shared parameters; more change them little."""
_SERIES_WEIGHT: Final = 10.0
"""Windows of evidence that series of the same size weigh against a series' own."""
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


@dataclass(frozen=True, eq=False)
class DemandForecast:
    """Demand of each series over the lead time.

    Parameters
    ----------
    mean, variance
        (series,) units over the lead time and their variance.
    quantiles
        (series, levels) units that demand does not pass with that probability.
    levels
        (levels,) the probabilities.
    half_life
        (series,) periods after which evidence counts half, as chosen for each series.
    parameters
        What all series share.
    backtest_loss
        Mean pinball loss of the chosen forecasts in the back-test, over the demand there; None without a back-test.
    """

    mean: Numbers
    variance: Numbers
    quantiles: Numbers
    levels: Numbers
    half_life: Numbers
    parameters: ForecastParameters
    backtest_loss: float | None


def pinball_loss(demand: npt.NDArray[np.generic], quantiles: Numbers, levels: Numbers) -> Numbers:
    """Give the pinball loss of each series and level.

    Parameters
    ----------
    demand
        (series,) what came.
    quantiles
        (series, levels) what was forecast.
    levels
        (levels,) probabilities of the quantiles.
    """
    short = np.asarray(demand, np.float64)[:, None] - quantiles
    loss: Numbers = np.maximum(levels * short, (levels - 1) * short)
    return loss


def forecast_demand(
    series: DemandSeries,
    lead_periods: int,
    *,
    lead_deviation: float = 0.0,
    levels: tuple[float, ...] = LEVELS,
    threads: int = 1,
) -> DemandForecast:
    """Forecast the demand of each series over the coming lead time, as a distribution.

    Parameters
    ----------
    series
        The history.
    lead_periods
        Whole periods of the lead time.
    lead_deviation
        Standard deviation of the lead time, in periods.
    levels
        Rising probabilities of the quantiles to give.
    threads
        Threads that share the series; the result does not depend on it.

    Raises
    ------
    ValueError
        When the lead time is below one period, or levels do not rise strictly between 0 and 1.
    """
    wanted = np.array(levels, np.float64)
    if lead_periods < 1 or lead_deviation < 0:
        raise ValueError(
            f"lead_periods must be at least 1 and its deviation not negative; they are {lead_periods}, {lead_deviation}."
        )
    if wanted.size == 0 or wanted[0] <= 0 or wanted[-1] >= 1 or bool(np.any(np.diff(wanted) <= 0)):
        raise ValueError(f"levels must rise strictly between 0 and 1; they are {levels}.")
    model = _Model(series, lead_periods, wanted, threads)
    origins = model.origins()
    parameters = _first_guess(series)
    if origins:
        parameters = _search(_sample(series), lead_periods, wanted, parameters, threads)
    half_life, loss = _choose(model, origins, parameters)
    end = series.demand.shape[1]
    mean, variance = np.zeros(half_life.size), np.zeros(half_life.size)
    for one in np.unique(half_life):
        own = half_life == one
        centre, spread = model.moments(end, replace(parameters, half_life=float(one)))
        mean[own], variance[own] = centre[own], spread[own]
    variance += (mean / lead_periods) ** 2 * lead_deviation**2
    return DemandForecast(mean, variance, model.quantiles(mean, variance), wanted, half_life, parameters, loss)


class _Model:
    """A set of series and the forecasts that parameters give for any origin; sums are kept, as searches ask again."""

    def __init__(self, series: DemandSeries, lead_periods: int, levels: Numbers, threads: int) -> None:
        self.series, self.lead_periods, self.levels, self.threads = series, lead_periods, levels, threads
        self.z = np.array([NormalDist().inv_cdf(float(level)) for level in levels])
        self.factor = season_factors(series)
        self._sums: dict[tuple[int, float], Numbers] = {}

    def origins(self) -> list[int]:
        """Give the ends of history of the back-test, the latest first: windows that do not overlap."""
        periods, lead = self.series.demand.shape[1], self.lead_periods
        least = max(2 * lead, periods // 3, 4)
        starts = [periods - lead * back for back in range(1, _BACKTESTS + 1)]
        return [start for start in starts if start >= least] if self.series.demand.shape[0] else []

    def sums(self, end: int, half_life: float) -> Numbers:
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

            self._share(fill)
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
        places = (end + np.arange(self.lead_periods)) % self.series.season_periods
        out: Numbers = self.factor[:, places].sum(axis=1)
        return out

    def quantiles(self, mean: Numbers, variance: Numbers) -> Numbers:
        found = np.zeros((mean.size, self.levels.size))

        def fill(low: int, high: int) -> None:
            kernels.fill_quantiles(mean, variance, self.levels, self.z, low, high, found)

        self._share(fill)
        return found

    def losses(self, origin: int, parameters: ForecastParameters) -> tuple[Numbers, Numbers]:
        """Give loss and demand of each series in the window after an origin; zero where part of it is not known."""
        window = slice(origin, origin + self.lead_periods)
        came = self.series.demand[:, window].sum(axis=1, dtype=np.int64).astype(np.float64)
        is_known = self.series.is_known[:, window].all(axis=1)
        loss = pinball_loss(came, self.quantiles(*self.moments(origin, parameters)), self.levels).mean(axis=1)
        return np.where(is_known, loss, 0.0), np.where(is_known, came, 0.0)

    def _share(self, fill: Callable[[int, int], None]) -> None:
        edges = np.linspace(0, self.series.demand.shape[0], self.threads + 1).astype(int).tolist()
        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(fill, edges[:-1], edges[1:]))


def _first_guess(series: DemandSeries) -> ForecastParameters:
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


def _sample(series: DemandSeries) -> DemandSeries:
    count = series.demand.shape[0]
    if count <= _SAMPLE:
        return series
    return series.rows(np.unique(np.linspace(0, count - 1, _SAMPLE).astype(np.int64)))


_MOVES: Final = {
    "half_life": 1.35,
    "long_half_life": 1.8,
    "long_weight": 1.8,
    "group_weight": 2.0,
    "dispersion": 1.15,
    "dispersion_weight": 2.0,
    "level_variance": 2.0,
    "drift": 1.03,
}
_SWEEPS: Final = 5


def _search(
    series: DemandSeries, lead_periods: int, levels: Numbers, guess: ForecastParameters, threads: int
) -> ForecastParameters:
    """Find the shared parameters by coordinate search over the back-test, one factor up or down at a time."""
    model = _Model(series, lead_periods, levels, threads)
    origins = model.origins()

    def loss(parameters: ForecastParameters) -> float:
        return sum(float(model.losses(origin, parameters)[0].sum()) for origin in origins)

    best, least = guess, loss(guess)
    for _ in range(_SWEEPS):
        before = least
        for one in fields(ForecastParameters):
            for factor in (_MOVES[one.name], 1 / _MOVES[one.name]):
                while True:
                    tried = replace(best, **{one.name: min(getattr(best, one.name) * factor, 1e4)})
                    found = loss(tried)
                    if found >= least * (1 - 1e-4) or tried == best:
                        break
                    best, least = tried, found
        if least > before * (1 - 1e-3):
            break
    return best


def _choose(model: _Model, origins: list[int], parameters: ForecastParameters) -> tuple[Numbers, float | None]:
    """Choose each series' half-life by its own losses and those of series of its size; give them and the mean loss."""
    count = model.series.demand.shape[0]
    if not origins:
        return np.full(count, parameters.half_life), None
    half_lives = np.array([parameters.half_life * factor for factor in HALF_LIFE_FACTORS])
    losses, came = np.zeros((half_lives.size, count)), np.zeros(count)
    for origin in origins:
        for one, half_life in enumerate(half_lives):
            loss, demand = model.losses(origin, replace(parameters, half_life=float(half_life)))
            losses[one] += loss
        came += demand
    size = np.floor(np.log2(came + 1) / 2).astype(np.int64)
    members = np.bincount(size)
    peers = np.array([np.bincount(size, row) / np.maximum(members, 1) for row in losses])[:, size]
    chosen = np.argmin(losses + _SERIES_WEIGHT * peers, axis=0)
    total = float(losses[chosen, np.arange(count)].sum()) / max(float(came.sum()), 1.0)
    out: Numbers = half_lives[chosen]
    return out, total


def intermittent_rates(demand: Units, *, size_weight: float = 0.1, time_weight: float = 0.1) -> Numbers:
    """Give the Croston, SBA and TSB forecasts of each series, in units a period.

    Parameters
    ----------
    demand
        (series, periods) units.
    size_weight, time_weight
        Smoothing weights of sizes (and Croston's intervals) and of TSB's probability.

    Returns
    -------
        (series, 3) rates: Croston, Syntetos-Boylan, Teunter-Syntetos-Babai. A series without demand has none.

    Raises
    ------
    ValueError
        When a weight is not above 0 and at most 1.
    """
    if not (0 < size_weight <= 1 and 0 < time_weight <= 1):
        raise ValueError(f"weights must lie above 0 and at most at 1; they are {size_weight} and {time_weight}.")
    units = np.ascontiguousarray(demand, np.int32)
    rates = np.zeros((units.shape[0], 3))
    kernels.fill_intermittent(units, size_weight, time_weight, rates)
    return rates
