"""Classes of articles: by share of cost of goods sold (ABC), by steadiness (XYZ), by intermittence."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from solvers.arrays import whole_numbers

A_SHARE: Final = 0.80
B_SHARE: Final = 0.95
X_VARIATION: Final = 0.5
Y_VARIATION: Final = 1.0
INTERVAL_LIMIT: Final = 1.32
SQUARED_VARIATION_LIMIT: Final = 0.49


class ValueClass(IntEnum):
    """By cumulative share of cost of goods sold: A to 80 %, B to 95 %, C the rest."""

    A = 0
    B = 1
    C = 2


class SteadinessClass(IntEnum):
    """By coefficient of variation of weekly demand: X below 0.5, Y below 1.0, Z above or without demand."""

    X = 0
    Y = 1
    Z = 2


class DemandPattern(IntEnum):
    """By mean interval between demands and squared variation of their size (Syntetos and Boylan, 2005)."""

    SMOOTH = 0
    INTERMITTENT = 1
    ERRATIC = 2
    LUMPY = 3
    NONE = 4
    """No demand at all."""


def value_classes(cogs_cents: npt.ArrayLike) -> npt.NDArray[np.int8]:
    """Give the `ValueClass` of each article.

    The article that crosses a limit still belongs to the class before it; equal costs keep their order; articles without
    cost are C.

    Parameters
    ----------
    cogs_cents
        (articles,) annual cost of goods sold; negative counts as none.
    """
    cost = np.maximum(whole_numbers(cogs_cents, "cogs_cents"), 0)
    order = np.argsort(-cost, kind="stable")
    total = int(cost.sum())
    before = np.cumsum(cost[order]) - cost[order]
    classes = np.full(cost.size, ValueClass.C, np.int8)
    share = before / total if total else np.ones(cost.size)
    classes[order] = np.where(share < A_SHARE, ValueClass.A, np.where(share < B_SHARE, ValueClass.B, ValueClass.C))
    classes[cost == 0] = ValueClass.C
    return classes


def steadiness_classes(weekly: npt.NDArray[np.generic]) -> npt.NDArray[np.int8]:
    """Give the `SteadinessClass` of each series.

    Parameters
    ----------
    weekly
        (series, weeks) units.
    """
    units = np.asarray(weekly, np.float64)
    mean = units.mean(axis=1) if units.shape[1] else np.zeros(units.shape[0])
    spread = units.std(axis=1) if units.shape[1] else np.zeros(units.shape[0])
    variation = np.where(mean > 0, spread / np.where(mean > 0, mean, 1), np.inf)
    classes = np.where(variation < X_VARIATION, SteadinessClass.X, SteadinessClass.Z)
    middle = (variation >= X_VARIATION) & (variation < Y_VARIATION)
    return np.where(middle, SteadinessClass.Y, classes).astype(np.int8)


def demand_patterns(demand: npt.NDArray[np.generic]) -> npt.NDArray[np.int8]:
    """Give the `DemandPattern` of each series.

    Parameters
    ----------
    demand
        (series, periods) units.
    """
    units = np.asarray(demand, np.float64)
    is_demand = units > 0
    count = is_demand.sum(axis=1)
    safe = np.maximum(count, 1)
    interval = units.shape[1] / safe
    mean = units.sum(axis=1) / safe
    spread = np.where(is_demand, (units - mean[:, None]) ** 2, 0).sum(axis=1) / safe
    variation = spread / np.where(mean > 0, mean, 1) ** 2
    rare, uneven = interval >= INTERVAL_LIMIT, variation >= SQUARED_VARIATION_LIMIT
    named = np.where(rare, DemandPattern.INTERMITTENT, DemandPattern.SMOOTH)
    named = np.where(uneven, np.where(rare, DemandPattern.LUMPY, DemandPattern.ERRATIC), named)
    return np.where(count == 0, DemandPattern.NONE, named).astype(np.int8)
