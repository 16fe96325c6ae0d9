"""Sales lost on days without stock, estimated from the days with stock."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

_WEEK_DAYS: Final = 7
_WEEKS_AROUND: Final = 4
"""Days of the same weekday up to this many weeks before and after speak for the season."""
_FEWEST_DAYS: Final = 2
"""Fewer days of the same weekday than this say too little; all days of the season are taken instead."""


def lost_sales(sales: npt.NDArray[np.int32], could_sell: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Give the units that each series would have sold on each day without stock.

    Demand of such a day is the mean of the days with stock of the same weekday within four weeks, or of all days with stock
    within four weeks where there are fewer than two; unknown, and taken as none lost, where there are none. Nothing is
    lost on a day with stock, and never less than nothing.

    Parameters
    ----------
    sales
        (series, days) units sold.
    could_sell
        (series, days) whether there was anything to sell.

    Raises
    ------
    ValueError
        When the shapes differ.
    """
    if sales.shape != could_sell.shape:
        raise ValueError(f"sales and could_sell must have one shape; they have {sales.shape} and {could_sell.shape}.")
    days = sales.shape[1]
    seen = np.where(could_sell, sales, 0).astype(np.float64)
    same_day, same_count = np.zeros(sales.shape), np.zeros(sales.shape)
    for weeks in range(-_WEEKS_AROUND, _WEEKS_AROUND + 1):
        shift = weeks * _WEEK_DAYS
        low, high = max(0, -shift), min(days, days - shift)
        if low < high:
            same_day[:, low:high] += seen[:, low + shift : high + shift]
            same_count[:, low:high] += could_sell[:, low + shift : high + shift]
    reach = _WEEKS_AROUND * _WEEK_DAYS
    season, season_count = _around(seen, reach), _around(could_sell.astype(np.float64), reach)
    by_weekday = same_day / np.maximum(same_count, 1)
    by_season = season / np.maximum(season_count, 1)
    estimate = np.where(same_count >= _FEWEST_DAYS, by_weekday, by_season)
    lost: npt.NDArray[np.float64] = np.where(could_sell, 0.0, np.maximum(estimate - sales, 0.0))
    return lost


def _around(values: npt.NDArray[np.float64], reach: int) -> npt.NDArray[np.float64]:
    """Give the sum of each row over `reach` columns on either side."""
    total = np.concatenate((np.zeros((values.shape[0], 1)), np.cumsum(values, axis=1)), axis=1)
    at = np.arange(values.shape[1])
    out: npt.NDArray[np.float64] = (
        total[:, np.minimum(at + reach + 1, values.shape[1])] - total[:, np.maximum(at - reach, 0)]
    )
    return out
