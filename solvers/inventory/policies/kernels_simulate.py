"""Day-by-day simulation of a reorder policy with lost sales and random lead times."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from numba import njit

Integers: TypeAlias = npt.NDArray[np.int64]


@njit(cache=True, nogil=True, error_model="numpy")
def run_days(
    demand: Integers, lead_days: Integers, lower: int, upper: int, lot: int, review_days: int, warm_up: int
) -> tuple[int, int, int, int]:
    """Give units wanted, units sold, units held (summed over days) and orders, after the days of warm-up.

    Each day: what is due arrives, customers buy what there is and the rest is lost, and on review days stock plus what is
    on its way is brought from `lower` or below to `upper`, in multiples of `lot`. The n-th order takes lead_days[n].
    """
    days = demand.size
    due = np.zeros(days + 1, np.int64)
    stock, coming, orders = upper, 0, 0
    wanted, sold, held, placed = 0, 0, 0, 0
    for day in range(days):
        stock += due[day]
        coming -= due[day]
        served = min(demand[day], stock)
        stock -= served
        if day >= warm_up:
            wanted += demand[day]
            sold += served
            held += stock
        if day % review_days == 0 and stock + coming <= lower:
            quantity = (upper - stock - coming + lot - 1) // lot * lot
            arrives = min(day + 1 + lead_days[orders % lead_days.size], days)
            due[arrives] += quantity
            coming += quantity
            orders += 1
            if day >= warm_up:
                placed += 1
    return wanted, sold, held, placed
