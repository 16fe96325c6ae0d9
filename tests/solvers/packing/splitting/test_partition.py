"""Covers of a multiset by sub-multisets."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.packing.splitting.kernels_partition import NO_COVER, cheapest_cover, cheapest_partition

PER_PARCEL = 2**50


def worth(value, whole, choice):
    """Add up the parts on the way down from the whole, without what follows from their number."""
    parts = []
    while whole > 0:
        parts.append(int(choice[whole]))
        whole -= choice[whole]
    return sum(int(value[part]) for part in parts)


@pytest.mark.parametrize("per_parcel", [0, PER_PARCEL])
@pytest.mark.parametrize("dearest", [3, 40])
def test_the_short_way_to_a_cover_costs_as_little_as_the_long_one(per_parcel, dearest):
    rng = np.random.default_rng(dearest)
    for _ in range(300):
        quantity = rng.integers(0, 3, rng.integers(1, 5))
        quantity[rng.integers(quantity.size)] = 2
        radix = np.r_[1, np.cumprod(quantity + 1)[:-1]]
        value = rng.integers(0, dearest, int(np.prod(quantity + 1))) + per_parcel
        # Single units always go into some parcel; of the others many do not.
        refused = rng.random(value.size) < rng.choice([0, 0.5, 0.95])
        refused[radix[quantity > 0]] = False
        value[refused], value[0] = NO_COVER, rng.choice([0, NO_COVER])
        long, short = (np.zeros((2, value.size), np.int64) for _ in range(2))
        cheapest_partition(quantity, radix, value, *long)
        cheapest_cover(quantity, radix, value, *short)
        whole = value.size - 1
        assert short[0, whole] == long[0, whole] == worth(value, whole, short[1])
        assert np.array_equal(short[1, whole], long[1, whole])
