"""Demand of many series over the same periods, and the season they share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from solvers.inventory.demand.kernels_forecast import Flags, Numbers, Units

_SEASON_UNITS: Final = 30.0
"""Units of demand that the shared season weighs against a series' own."""


@dataclass(frozen=True, eq=False)
class DemandSeries:
    """Demand of many series over the same periods.

    Parameters
    ----------
    demand
        (series, periods) units, not negative.
    is_known
        (series, periods) False where stock was out, so that demand could not show. All known where absent.
    group
        (series,) group whose mean stands in for missing history, such as the category. One group where absent.
    season_periods
        Periods of a season: 7 for days with a weekly pattern, 1 for none.

    Raises
    ------
    ValueError
        When shapes differ, demand is negative, or a number is out of range.
    """

    demand: Units
    is_known: Flags = field(default_factory=lambda: np.ones((0, 0), np.bool_))
    group: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    season_periods: int = 1

    def __post_init__(self) -> None:
        demand = np.ascontiguousarray(self.demand)
        if demand.ndim != 2 or (demand.size and demand.dtype.kind not in "iu"):
            raise ValueError(f"demand must be whole numbers by series and period; it is {demand.dtype} {demand.shape}.")
        if demand.size and (int(demand.min()) < 0 or int(demand.max()) > np.iinfo(np.int32).max):
            raise ValueError(
                f"demand must lie in 0..{np.iinfo(np.int32).max}; it spans {demand.min()}..{demand.max()}."
            )
        known = np.ascontiguousarray(self.is_known, np.bool_) if self.is_known.size else np.ones(demand.shape, np.bool_)
        group = np.ascontiguousarray(self.group, np.int64) if self.group.size else np.zeros(demand.shape[0], np.int64)
        if known.shape != demand.shape:
            raise ValueError(f"is_known must have the shape of demand, {demand.shape}; it has {known.shape}.")
        if group.shape != demand.shape[:1] or (group.size and int(group.min()) < 0):
            raise ValueError(f"group must be a number from 0 for each of the {demand.shape[0]} series.")
        if self.season_periods < 1:
            raise ValueError(f"season_periods must be at least 1; it is {self.season_periods}.")
        object.__setattr__(self, "demand", demand.astype(np.int32, copy=False))
        object.__setattr__(self, "is_known", known)
        object.__setattr__(self, "group", group)

    def rows(self, chosen: npt.NDArray[np.int64]) -> DemandSeries:
        """Give some of the series."""
        return replace(self, demand=self.demand[chosen], is_known=self.is_known[chosen], group=self.group[chosen])

    def until(self, end: int) -> DemandSeries:
        """Give the series as they were known before period `end`."""
        return replace(self, demand=self.demand[:, :end], is_known=self.is_known[:, :end])


def season_factors(series: DemandSeries) -> Numbers:
    """Give how each place in the season stands to the mean, each series drawn towards all; ones where there is none."""
    count, season = series.demand.shape[0], series.season_periods
    factor = np.ones((count, season))
    if season == 1 or series.demand.shape[1] < 2 * season:
        return factor
    total, known = np.zeros((count, season)), np.zeros((count, season))
    for place in range(season):
        of_place = series.is_known[:, place::season]
        total[:, place] = np.where(of_place, series.demand[:, place::season], 0).sum(axis=1)
        known[:, place] = of_place.sum(axis=1)
    mean = total.sum(axis=1, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1)
    expected = mean * known
    shared = total.sum(axis=0) / np.maximum(expected.sum(axis=0), 1e-9)
    factor = (total + _SEASON_UNITS * shared) / (expected + _SEASON_UNITS)
    factor = np.maximum(factor, 0.05)
    scaled: Numbers = factor / factor.mean(axis=1, keepdims=True)
    return scaled
