"""Demand by analogy: what came, in all series, after the moments most like the present one of a series.

A moment is told by the level of demand over several spans, how long ago the last demand was, how often there was one lately
and how large they are, on a square-root scale, where whole numbers of demand scatter alike at every level. No distribution
is assumed: that a part dies out, or comes back in lots, is in what came after moments like it.

References
----------
Nearest neighbours as an estimate of a conditional distribution: Stone (1977); analogues in forecasting: Lorenz (1969).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from solvers.inventory.demand import kernels_analogues as kernels
from solvers.inventory.demand import kernels_forecast
from solvers.inventory.demand.kernels_forecast import Flags, Numbers
from solvers.inventory.demand.series import DemandSeries

NEIGHBOURS: Final = 120
LEAST_MOMENTS: Final = 10 * NEIGHBOURS
"""With fewer moments to choose from, the nearest are not like the one asked for."""
_SPANS: Final = (2 / 3, 5 / 3, 4.0, 40 / 3)
"""Half-lives of the levels that tell a moment, in lead times."""
_RECENT: Final = 4
"""Lead times that tell how often there was demand lately."""
_LONGEST_SINCE: Final = 8
"""Lead times after which it does not matter how long ago the last demand was."""
_WEIGHTS: Final = np.array([1.0, 1.5, 1.5, 1.0, 0.35, 2.0, 0.7])
"""What a difference in each feature counts."""

Share = Callable[[Callable[[int, int], None], int], None]
"""Runs a function over parts of that many series, on as many threads as the caller allows."""


@dataclass(frozen=True, eq=False)
class Analogues:
    """What came after the moments nearest to each series' present one.

    Parameters
    ----------
    mean, variance
        (series,) units over the lead time.
    quantiles
        (series, levels) units that were not passed with that probability.
    """

    mean: Numbers
    variance: Numbers
    quantiles: Numbers


def analogues(
    series: DemandSeries,
    library: DemandSeries,
    factors: tuple[Numbers, Numbers],
    end: int,
    origins: list[int],
    lead_periods: int,
    levels: Numbers,
    share: Share,
) -> Analogues | None:
    """Give the demand after period `end` - 1 by analogy; None where too few moments are on record.

    Parameters
    ----------
    series
        The series to forecast.
    library
        The series whose history is drawn on.
    factors
        Season factors of both.
    end
        First period to forecast.
    origins
        First periods of the windows drawn on, none of which may end after `end`.
    lead_periods
        Periods of a window.
    levels
        Rising probabilities of the quantiles.
    share
        How work is shared among threads.
    """
    moments, came = [], []
    for origin in origins:
        window = slice(origin, origin + lead_periods)
        is_known = library.is_known[:, window].all(axis=1)
        demand = library.demand[:, window].sum(axis=1, dtype=np.int64).astype(np.float64)
        season = _season(factors[1], origin, lead_periods)
        moments.append(_features(library, factors[1], origin, lead_periods, share)[is_known])
        came.append((demand / season)[is_known])
    if sum(part.size for part in came) < LEAST_MOMENTS:
        return None
    wanted = _features(series, factors[0], end, lead_periods, share)
    known, outcome = np.concatenate(moments), np.concatenate(came)
    found = np.zeros((wanted.shape[0], 2 + levels.size))

    def fill(low: int, high: int) -> None:
        kernels.fill_analogues(wanted, known, outcome, levels, NEIGHBOURS, low, high, found)

    share(fill, wanted.shape[0])
    season = _season(factors[0], end, lead_periods)
    quantiles = np.ceil(found[:, 2:] * season[:, None] - 1e-9)
    return Analogues(found[:, 0] * season, found[:, 1] * season**2, quantiles)


def _season(factor: Numbers, origin: int, lead_periods: int) -> Numbers:
    """Give how a window stands to a mean one in each series, for its place in the season."""
    places = (origin + np.arange(lead_periods)) % factor.shape[1]
    out: Numbers = factor[:, places].mean(axis=1)
    return out


def _features(series: DemandSeries, factor: Numbers, end: int, lead_periods: int, share: Share) -> Numbers:
    count = series.demand.shape[0]
    out = np.zeros((count, _WEIGHTS.size))
    sums, recent = np.zeros((count, 3)), np.zeros((count, 3))
    is_known: Flags = series.is_known
    for one, span in enumerate(_SPANS):
        discount = 0.5 ** (1 / (span * lead_periods))

        def add(low: int, high: int, discount: float = discount) -> None:
            kernels_forecast.discounted_sums(series.demand, is_known, factor, end, discount, low, high, sums)

        share(add, count)
        out[:, one] = np.sqrt(lead_periods * sums[:, 1] / np.maximum(sums[:, 0], 1e-9))

    def look(low: int, high: int) -> None:
        kernels.recent_features(series.demand, is_known, end, _RECENT * lead_periods, low, high, recent)

    share(look, count)
    since = np.minimum(recent[:, 0] / lead_periods, _LONGEST_SINCE)
    out[:, 4] = np.log1p(3 * since)
    out[:, 5] = recent[:, 1]
    out[:, 6] = np.sqrt(recent[:, 2])
    scaled: Numbers = np.ascontiguousarray(out * _WEIGHTS)
    return scaled
