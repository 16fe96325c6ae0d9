"""What a parcel costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numba

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

NO_PRICE = 2**62
COST, VOLUME = 0, 1


class PriceArrays(NamedTuple):
    """Freight tables and objective, as the kernels take them."""

    objective: int
    table_start: Ints
    up_to_g: Ints
    price_cents: Ints
    dim_divisor: Ints
    dim_from_mm3: Ints
    weight_step_g: Ints


@numba.njit(cache=True, nogil=True)
def parcel_price(prices: PriceArrays, table: int, weight_g: int, volume_mm3: int, own_cents: int) -> int:
    """Give the objective of one parcel.

    Parameters
    ----------
    prices, table
        The freight tables and which of them applies.
    weight_g, volume_mm3
        Gross weight and outer volume.
    own_cents
        Carton and protection.

    Returns
    -------
    int
        Cents, cubic millimetres or 1, by objective; `NO_PRICE` where the parcel is heavier than the last step.
    """
    grams = weight_g
    divisor = prices.dim_divisor[table]
    if divisor > 0 and volume_mm3 > prices.dim_from_mm3[table]:
        grams = max(grams, -(-volume_mm3 // divisor))
    step = prices.weight_step_g[table]
    grams = -(-grams // step) * step
    low, high = prices.table_start[table], prices.table_start[table + 1]
    end = high
    while low < high:
        middle = (low + high) // 2
        if prices.up_to_g[middle] < grams:
            low = middle + 1
        else:
            high = middle
    if low == end:
        return NO_PRICE
    if prices.objective == COST:
        return own_cents + int(prices.price_cents[low])
    return volume_mm3 if prices.objective == VOLUME else 1
