"""How good forecasts were: pinball loss, and the scaled measures that a forecast of all zeros does not win.

References
----------
Makridakis, Spiliotis and Assimakopoulos (2022), the M5 accuracy and uncertainty competitions: both scales are taken from the
first demand on, so that a series is not made easy by the time before it was sold.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from solvers.inventory.demand.kernels_forecast import Numbers


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


def rmsse(history: npt.NDArray[np.generic], came: npt.NDArray[np.generic], forecast: Numbers) -> Numbers:
    """Give the root mean squared scaled error of each series.

    The scale is the root mean squared step of the history from its first demand on; a series without a step has no error,
    which is told by not a number.

    Parameters
    ----------
    history
        (series, periods) demand before the forecast.
    came, forecast
        (series, horizon) what came and what was forecast.
    """
    error = (np.asarray(came, np.float64) - forecast) ** 2
    return np.sqrt(_over(error.mean(axis=1), _mean_step(history, 2)))


def scaled_pinball_loss(
    history: npt.NDArray[np.generic], came: npt.NDArray[np.generic], quantiles: Numbers, levels: Numbers
) -> Numbers:
    """Give the pinball loss of each series and level over the mean absolute step of its history, from its first demand on.

    A series without a step has no loss, which is told by not a number.

    Parameters
    ----------
    history
        (series, periods) demand before the forecast.
    came
        (series, horizon) what came.
    quantiles
        (series, horizon, levels) what was forecast.
    levels
        (levels,) probabilities of the quantiles.
    """
    demand = np.asarray(came)
    losses = [pinball_loss(demand[:, period], quantiles[:, period], levels) for period in range(demand.shape[1])]
    return _over(np.mean(losses, axis=0), _mean_step(history, 1)[:, None])


def _mean_step(history: npt.NDArray[np.generic], power: int) -> Numbers:
    units = np.asarray(history, np.float64)
    has_begun = np.logical_or.accumulate(units != 0, axis=1)[:, :-1]
    steps = np.where(has_begun, np.abs(np.diff(units, axis=1)) ** power, 0.0).sum(axis=1)
    return _over(steps, has_begun.sum(axis=1))


def _over(value: Numbers, scale: npt.NDArray[np.generic]) -> Numbers:
    whole = np.asarray(scale, np.float64)
    out: Numbers = np.where(whole > 0, value / np.where(whole > 0, whole, 1.0), np.nan)
    return out
