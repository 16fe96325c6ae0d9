"""Which parts of a set are worth packing, and the parcels they make: many sets in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numba
import numpy as np

from solvers.packing.kernels_price import NO_PRICE, PriceArrays, parcel_price
from solvers.packing.kernels_sets import OutArrays, SetArrays
from solvers.packing.kernels_work import CartonArrays
from solvers.packing.splitting.kernels_partition import NO_COVER, cheapest_cover

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    SmallInts = npt.NDArray[np.int32]

PER_PARCEL = 2**50


class SplitArrays(NamedTuple):
    """Sets to split. A row is what moves as one: a unit, or units kept together, `row_quantity` times.

    Rows of set i are `row_start[i]:row_start[i + 1]`, the items of row r are `item_start[r]:item_start[r + 1]` of `item_type`
    and `item_count`, and the set's sub-multisets ("parts") have the places `part_start[i]:part_start[i + 1]`; `radix` is what
    a row adds to the number of a part. `row_bound` is the least price of any parcel with that row in it.
    """

    packaging: Ints
    price_table: Ints
    row_start: Ints
    row_quantity: Ints
    row_weight_g: Ints
    row_volume: Ints
    row_cents: Ints
    row_hazard: Ints
    row_bound: Ints
    radix: Ints
    item_start: Ints
    item_type: Ints
    item_count: Ints
    part_start: Ints


@numba.njit(cache=True, nogil=True)
def _goes_in(edge: Ints, inner: Ints) -> bool:
    """Say whether a box fits another by its sorted edges."""
    a, b = min(edge[0], edge[1], edge[2]), max(edge[0], edge[1], edge[2])
    c, d = min(inner[0], inner[1], inner[2]), max(inner[0], inner[1], inner[2])
    return bool(a <= c and b <= d and edge[0] + edge[1] + edge[2] - a - b <= inner[0] + inner[1] + inner[2] - c - d)


@numba.njit(cache=True, nogil=True)
def _soft_room(inner: Ints) -> int:
    """Give the largest volume that a mailer closes around: L + H, W + H and H within its inner size."""
    most = 0
    for height in range(1, min(inner[0], inner[1], inner[2] + 1)):
        most = max(most, (inner[0] - height) * (inner[1] - height) * height)
    return most


@numba.njit(cache=True, nogil=True)
def least_prices(
    splits: SplitArrays, edges: Ints, cartons: CartonArrays, prices: PriceArrays, per_parcel: int, value: Ints
) -> None:
    """Fill `value` with a lower bound on the price of every part as one parcel, `NO_COVER` where no carton can hold it.

    The cheapest carton that bears its weight, has its volume and takes each of its items alone, and the bounds of its rows.
    """
    num_cartons = cartons.cost_cents.size
    room = np.zeros(num_cartons, np.int64)
    for c in range(num_cartons):
        inner = cartons.inner[c]
        room[c] = _soft_room(inner) if cartons.is_flat[c] == 1 else inner[0] * inner[1] * inner[2]
    for i in range(splits.packaging.size):
        first, last = splits.row_start[i], splits.row_start[i + 1]
        takes = np.ones((last - first, num_cartons), np.bool_)
        for r in range(first, last):
            for k in range(splits.item_start[r], splits.item_start[r + 1]):
                for c in range(num_cartons):
                    takes[r - first, c] &= _goes_in(edges[splits.item_type[k]], cartons.inner[c])
        begin = splits.part_start[i]
        value[begin] = 0
        for part in range(1, splits.part_start[i + 1] - begin):
            weight, volume, cents, hazard, mixed = 0, 0, 0, 0, False
            least = int(np.int64(0))
            for r in range(first, last):
                count = part // splits.radix[r] % (splits.row_quantity[r] + 1)
                if count == 0:
                    continue
                weight += count * splits.row_weight_g[r]
                volume += count * splits.row_volume[r]
                cents += count * splits.row_cents[r]
                least = max(least, splits.row_bound[r])
                if splits.row_hazard[r] > 0:
                    mixed |= hazard not in (0, splits.row_hazard[r])
                    hazard = splits.row_hazard[r]
            best = int(np.int64(NO_PRICE))
            for c in range(0 if mixed else num_cartons):
                gross = weight + cartons.tare_g[c]
                if (
                    splits.packaging[i] not in (0, cartons.packaging[c])
                    or gross > cartons.max_weight_g[c]
                    or volume > room[c]
                ):
                    continue
                outer = volume
                if cartons.is_flat[c] == 0:
                    outer = cartons.outer[c, 0] * cartons.outer[c, 1] * cartons.outer[c, 2]
                price = parcel_price(prices, splits.price_table[i], gross, outer, cartons.cost_cents[c] + cents)
                if price >= best:
                    continue
                fits = True
                for r in range(first, last):
                    fits &= part // splits.radix[r] % (splits.row_quantity[r] + 1) == 0 or takes[r - first, c]
                if fits:
                    best = price
            best = max(best, least)
            value[begin + part] = NO_COVER if best >= NO_COVER else best + per_parcel


@numba.njit(cache=True, nogil=True)
def _walk(choice: Ints, whole: int, parts: Ints) -> int:
    """Follow the choices from a sub-multiset down to nothing, list the parts taken and give their number."""
    num = 0
    while whole > 0:
        parts[num] = choice[whole]
        num += 1
        whole -= choice[whole]
    return num


@numba.njit(cache=True, nogil=True)
def missing_parts(splits: SplitArrays, value: Ints, is_packed: Ints, is_open: Ints, missing: Ints) -> int:
    """List the parts that the cheapest partitions by `value` use and that are not packed yet; give their number.

    A set without such parts is settled: its `is_open` becomes 0. `missing` has room for as many as there are units.
    """
    most = int(np.diff(splits.part_start).max())
    total, choice, parts = np.zeros(most, np.int64), np.zeros(most, np.int64), np.zeros(most, np.int64)
    num = 0
    for i in range(splits.packaging.size):
        if is_open[i] == 0:
            continue
        first, last = splits.row_start[i], splits.row_start[i + 1]
        begin, end = splits.part_start[i], splits.part_start[i + 1]
        cheapest_cover(splits.row_quantity[first:last], splits.radix[first:last], value[begin:end], total, choice)
        before = num
        for k in range(_walk(choice, end - begin - 1, parts)):
            at = begin + parts[k]
            if is_packed[at] == 0:
                # Marked at once, so that a part used twice is listed once.
                is_packed[at] = 1
                missing[num] = at
                num += 1
        if num == before:
            is_open[i] = 0
    return num


@numba.njit(cache=True, nogil=True)
def settle(
    splits: SplitArrays, real: Ints, hopeful: Ints, per_parcel: int, parts: Ints, num_parts: Ints, bound: Ints
) -> int:
    """Choose the parts of every set among those packed, and prove a bound on any choice; give how many parts were chosen.

    With fewest parcels first, the best of the hopeful values bounds the price as long as it takes as many parcels; otherwise
    the price alone is bounded, whatever the number.
    """
    most = int(np.diff(splits.part_start).max())
    total, choice, value = np.zeros(most, np.int64), np.zeros(most, np.int64), np.zeros(most, np.int64)
    num = 0
    for i in range(splits.packaging.size):
        first, last = splits.row_start[i], splits.row_start[i + 1]
        begin, end = splits.part_start[i], splits.part_start[i + 1]
        whole = end - begin - 1
        quantity, radix = splits.row_quantity[first:last], splits.radix[first:last]
        cheapest_cover(quantity, radix, real[begin:end], total, choice)
        num_parts[i] = _walk(choice, whole, parts[num:])
        for k in range(num, num + num_parts[i]):
            parts[k] += begin
        num += num_parts[i]
        cheapest_cover(quantity, radix, hopeful[begin:end], total, choice)
        bound[i] = total[whole]
        if per_parcel > 0:
            if total[whole] // per_parcel < num_parts[i]:
                for part in range(whole + 1):
                    known = hopeful[begin + part]
                    value[part] = known if part == 0 or known >= NO_COVER else known - per_parcel
                cheapest_cover(quantity, radix, value[: end - begin], total, choice)
            bound[i] = total[whole] % per_parcel
    return num


@numba.njit(cache=True, nogil=True)
def publish(
    set_of_part: Ints, parcels: Ints, placement_start: Ints, placements: SmallInts, parcel_of_entry: Ints,
    sets: SetArrays, out: OutArrays,
) -> None:  # fmt: skip
    """Write packed parts as the next parcels of their sets.

    Parameters
    ----------
    set_of_part, parcels, placement_start, placements
        Of each part its set, its row of `OutArrays.parcels` and its rows of `OutArrays.placements`, with the item type where
        those have the entry.
    parcel_of_entry
        For entries kept together the parcel of their set that holds them; -1 for others, which take the rest in their order.
    sets, out
        The sets and what is found.
    """
    for p in range(set_of_part.size):
        s = set_of_part[p]
        parcel = out.sets[s, 3]
        out.parcels[sets.unit_start[s] + parcel] = parcels[p]
        for k in range(placement_start[p], placement_start[p + 1]):
            row = out.placements[sets.unit_start[s] + out.sets[s, 4]]
            row[:] = placements[k]
            row[0] = parcel
            chosen = -1
            for entry in range(sets.set_start[s], sets.set_start[s + 1]):
                if sets.entry_type[entry] != placements[k, 1] or out.left[entry] == 0:
                    continue
                if parcel_of_entry[entry] == parcel or (parcel_of_entry[entry] == -1 and chosen == -1):
                    chosen = entry
                    if parcel_of_entry[entry] == parcel:
                        break
            row[1] = chosen
            out.left[chosen] -= 1
            out.sets[s, 4] += 1
        out.sets[s, 1] += parcels[p, 1]
        out.sets[s, 3] += 1
