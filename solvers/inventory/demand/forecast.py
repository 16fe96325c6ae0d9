"""Demand over a lead time as a whole distribution, for regular and intermittent series and for those without history.

Two methods stand against each other in a back-test: a model that all series share (`demand.model`), whose speed of
forgetting each series chooses by its own losses and those of series of its size; and analogy (`analogues`), what came after
the moments most like the present one. For each size of series the better one is taken.

References
----------
Syntetos and Boylan (2005); Teunter, Syntetos and Babai (2011), for the classic intermittent rates.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from solvers.inventory.demand import kernels_forecast as kernels
from solvers.inventory.demand.analogues import Analogues, analogues
from solvers.inventory.demand.kernels_forecast import Flags, Numbers, Units
from solvers.inventory.demand.model import DemandModel, ForecastParameters, first_guess
from solvers.inventory.demand.series import DemandSeries, season_factors

LEVELS: Final = (0.5, 0.75, 0.9, 0.95, 0.99)
HALF_LIFE_FACTORS: Final = (0.25, 0.5, 1.0, 2.0, 4.0)
"""What each series may forget faster or slower than the half-life that suits all."""
_SAMPLE: Final = 2_500
"""Series that decide the shared parameters; more change them little."""
_WINDOWS: Final = 8
"""Windows of history that analogy draws on."""
_FEWEST_OF_A_SIZE: Final = 50
"""Fewer series of a size say too little about which method suits it."""
_SERIES_WEIGHT: Final = 10.0
"""Windows of evidence that series of the same size weigh against a series' own."""


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
        (series,) periods after which evidence counts half, as chosen for each series that the model forecasts.
    is_by_analogy
        (series,) whether the distribution is what came after moments like the present one.
    parameters
        What all series share.
    backtest_loss
        Mean pinball loss of the chosen forecasts in the latest window of the back-test, over the demand there; None
        without a back-test.
    """

    mean: Numbers
    variance: Numbers
    quantiles: Numbers
    levels: Numbers
    half_life: Numbers
    is_by_analogy: Flags
    parameters: ForecastParameters
    backtest_loss: float | None


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
    model = DemandModel(series, lead_periods, wanted, threads)
    origins = model.origins()
    parameters = first_guess(series)
    if origins:
        parameters = _search(_sample(series), lead_periods, wanted, parameters, threads)
    half_life = _choose(model, origins, parameters)
    end = series.demand.shape[1]
    mean, variance = _moments(model, end, parameters, half_life)
    trial = _trial(series, lead_periods, wanted, threads)
    is_alike = np.zeros(mean.size, np.bool_)
    if trial is not None:
        # A size that the trial has not seen stays with the model.
        is_alike = np.append(trial.is_better, np.False_)[np.minimum(_size(mean), trial.is_better.size)]
    alike = _alike(model, end) if bool(is_alike.any()) else None
    if alike is not None:
        mean, variance = np.where(is_alike, alike.mean, mean), np.where(is_alike, alike.variance, variance)
    variance += (mean / lead_periods) ** 2 * lead_deviation**2
    quantiles = model.quantiles(mean, variance)
    if alike is not None and lead_deviation == 0:
        quantiles = np.where(is_alike[:, None], alike.quantiles, quantiles)
    loss = trial.loss if trial else None
    return DemandForecast(mean, variance, quantiles, wanted, half_life, is_alike, parameters, loss)


def _moments(
    model: DemandModel, end: int, parameters: ForecastParameters, half_life: Numbers
) -> tuple[Numbers, Numbers]:
    """Give mean and variance by the model, each series with its own half-life."""
    mean, variance = np.zeros(half_life.size), np.zeros(half_life.size)
    for one in np.unique(half_life):
        own = half_life == one
        centre, spread = model.moments(end, replace(parameters, half_life=float(one)))
        mean[own], variance[own] = centre[own], spread[own]
    return mean, variance


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
    model = DemandModel(series, lead_periods, levels, threads)
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


def _choose(model: DemandModel, origins: list[int], parameters: ForecastParameters) -> Numbers:
    """Choose each series' half-life by its own losses and those of series of its size."""
    count = model.series.demand.shape[0]
    if not origins:
        return np.full(count, parameters.half_life)
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
    out: Numbers = half_lives[np.argmin(losses + _SERIES_WEIGHT * peers, axis=0)]
    return out


def _alike(model: DemandModel, end: int) -> Analogues | None:
    """Give what came after moments like those before period `end`, from windows that had ended by then."""
    library, lead = _sample(model.series), model.lead_periods
    windows = list(range(end - lead, end // 3, -lead))[:_WINDOWS]
    factors = model.factor, season_factors(library)
    return analogues(model.series, library, factors, end, windows, lead, model.levels, model.share)


@dataclass(frozen=True, slots=True)
class _Trial:
    """Which sizes of series analogy forecast better than the model, and the loss of the better over the demand."""

    is_better: Flags
    loss: float


def _size(mean: Numbers) -> npt.NDArray[np.int64]:
    return np.floor(np.log2(mean + 1)).astype(np.int64)


def _trial(series: DemandSeries, lead_periods: int, levels: Numbers, threads: int) -> _Trial | None:
    """Set both methods against each other in the latest window, each from what was known before it.

    The model is fitted once more for that: one that has seen the window would win by that alone. Series of a size, by what
    the model expected of them, choose together.
    """
    sample = _sample(series)
    latest = series.demand.shape[1] - lead_periods
    before = DemandModel(sample.until(latest), lead_periods, levels, threads)
    origins = before.origins()
    if not origins:
        return None
    parameters = _search(before.series, lead_periods, levels, first_guess(before.series), threads)
    mean, variance = _moments(before, latest, parameters, _choose(before, origins, parameters))
    whole = DemandModel(sample, lead_periods, levels, threads)
    loss, came = whole.loss_of(latest, before.quantiles(mean, variance))
    total = max(float(came.sum()), 1.0)
    alike, size = _alike(before, latest), _size(mean)
    if alike is None:
        return _Trial(np.zeros(1, np.bool_), float(loss.sum()) / total)
    other = whole.loss_of(latest, alike.quantiles)[0]
    is_better = (np.bincount(size, loss - other) > 0) & (np.bincount(size) >= _FEWEST_OF_A_SIZE)
    return _Trial(is_better, float(np.where(is_better[size], other, loss).sum()) / total)


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
