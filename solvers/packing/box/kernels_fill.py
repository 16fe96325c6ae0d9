"""Packing one box by one rule: units in a given order, each to the free space that suits it best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

from solvers.packing.box.kernels_rest import NO_LOAD_LIMIT, loads_borne, shift_to_centre, supported
from solvers.packing.box.kernels_spaces import cut_spaces
from solvers.packing.kernels_work import HAS_LOADS, TOTAL_UNITS, TOTAL_WEIGHT, Group, RuleArrays, Work

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

NUM_KEYS = 4
NUM_CRITERIA = 9
PLAIN_TRIES = NUM_KEYS * NUM_CRITERIA


@numba.njit(cache=True, nogil=True)
def order_units(group: Group, rows: int, work: Work, key: int) -> int:
    """List the units, largest first by volume (0), longest edge (1), largest face (2) or smallest edge (3).

    Keys from `NUM_KEYS` on do the same after putting what carries less behind what carries more.
    """
    by_strength = key >= NUM_KEYS
    key %= NUM_KEYS
    num = int(np.int64(0))
    for e in range(rows):
        d = group.dims[e, 0]
        low = min(d[0], d[1], d[2])
        high = max(d[0], d[1], d[2])
        if key == 0:
            value = group.volume[e]
        elif key == 1:
            value = high * 2**40 + group.volume[e] // 32
        elif key == 2:
            value = (group.volume[e] // low) * 2**15 + low
        else:
            value = low * 2**40 + group.volume[e] // 32
        if by_strength and group.max_load_g[e] == NO_LOAD_LIMIT:
            value += 2**58 if group.is_fragile[e] == 1 else 2**59
        elif by_strength and group.max_load_g[e] > 0:
            value += 2**58
        for _ in range(group.quantity[e]):
            at = num
            while at > 0 and work.key[at - 1] < value:
                work.key[at] = work.key[at - 1]
                work.unit[at] = work.unit[at - 1]
                at -= 1
            work.key[at] = value
            work.unit[at] = e
            num += 1
    return num


@numba.njit(cache=True, nogil=True)
def score(space: Ints, box: Ints, criterion: int) -> int:
    """Give the rank of a place; the least is taken.

    Criterion 3a + b: b = 0 starts lowest along axis a, then along the others; b = 1 ends lowest; b = 2 leaves the least
    room in its space, whatever the axis.
    """
    a = criterion // 3
    b = criterion % 3
    i, j = (1, 0) if a == 2 else ((2, 1) if a == 0 else (2, 0))
    left_x, left_y, left_z = space[3] - space[0], space[4] - space[1], space[5] - space[2]
    left_x -= box[3] - box[0]
    left_y -= box[4] - box[1]
    left_z -= box[5] - box[2]
    tight = min(left_x, left_y, left_z)
    if b == 0:
        return int(((box[a] * 2**15 + box[i]) * 2**15 + box[j]) * 2**15 + tight)
    if b == 1:
        return int(((box[a + 3] * 2**15 + box[i + 3]) * 2**15 + box[j + 3]) * 2**15 + tight)
    middle = left_x + left_y + left_z - tight - max(left_x, left_y, left_z)
    return int(((tight * 2**15 + middle) * 2**15 + box[a]) * 2**15 + box[i])


@numba.njit(cache=True, nogil=True)
def note_rest(group: Group, work: Work, row: int, e: int) -> None:
    """Note for a row of `work.box` what an item of entry `e` weighs and bears."""
    work.row_weight[row] = group.weight_g[e]
    work.row_limit[row] = group.max_load_g[e]
    work.row_fragile[row] = group.is_fragile[e]


@numba.njit(cache=True, nogil=True)
def rests_well(group: Group, work: Work, rules: RuleArrays, num: int, e: int) -> bool:
    """Check row `num` of `work.box`, not yet counted, against support and loads."""
    if not supported(work.box, num, work.box[num], rules.support_per_10000):
        return False
    if group.total[HAS_LOADS] == 0:
        return True
    note_rest(group, work, num, e)
    return loads_borne(work.box, num + 1, work.row_weight, work.row_limit, work.row_fragile, work.load, work.turn)


@numba.njit(cache=True, nogil=True)
def fill(
    group: Group,
    rows: int,
    work: Work,
    rules: RuleArrays,
    num_units: int,
    edge: Ints,
    criterion: int,
    must_all: int,
    max_weight_g: int,
) -> int:
    """Place the units of `work.unit` in their order into a box and give how many lie in it.

    Parameters
    ----------
    group, rows
        The entries; their usable orientations match the box.
    work
        `box` and `box_entry` hold the result, `missed` the turns of the units without a place.
    rules
        Support and loads to keep.
    num_units
        How many of `work.unit` count.
    edge
        Inner edges of the box.
    criterion
        How a place is chosen: see `score`.
    must_all
        1 to stop at the first unit that finds no place.
    max_weight_g
        What the contents may weigh.
    """
    spaces = work.spaces
    num_spaces = int(np.int64(1))
    for k in range(3):
        spaces[0, k] = 0
        spaces[0, k + 3] = edge[k]
    least = int(np.int64(2**40))
    for e in range(rows):
        if group.quantity[e] > 0:
            d = group.dims[e, 0]
            least = min(least, d[0], d[1], d[2])
    need_rest = rules.support_per_10000 > 0 or group.total[HAS_LOADS] == 1
    corners = 4 if rules.support_per_10000 > 0 else 1
    num = int(np.int64(0))
    weight = int(np.int64(0))
    missed = int(np.int64(0))
    failed = -1
    box = work.box
    for u in range(num_units):
        e = work.unit[u]
        if e == failed or group.usable[e, 0] == 0 or weight + group.weight_g[e] > max_weight_g:
            if must_all == 1:
                return num
            work.missed[missed] = u
            missed += 1
            continue
        best = 2**62
        b0, b1, b2, b3, b4, b5 = 0, 0, 0, 0, 0, 0
        here = box[num]
        for s in range(num_spaces):
            a = spaces[s]
            for k in range(1, group.usable[e, 0] + 1):
                d = group.dims[e, group.usable[e, k]]
                if d[0] > a[3] - a[0] or d[1] > a[4] - a[1] or d[2] > a[5] - a[2]:
                    continue
                for corner in range(corners if a[2] > 0 else 1):
                    here[0] = a[3] - d[0] if corner & 1 else a[0]
                    here[1] = a[4] - d[1] if corner & 2 else a[1]
                    here[2] = a[2]
                    here[3] = here[0] + d[0]
                    here[4] = here[1] + d[1]
                    here[5] = here[2] + d[2]
                    value = score(a, here, criterion)
                    if value < best and (not need_rest or rests_well(group, work, rules, num, e)):
                        best = value
                        b0, b1, b2, b3, b4, b5 = here[0], here[1], here[2], here[3], here[4], here[5]
        if best == 2**62:
            if must_all == 1:
                return num
            work.missed[missed] = u
            missed += 1
            failed = e
            continue
        here[0], here[1], here[2], here[3], here[4], here[5] = b0, b1, b2, b3, b4, b5
        work.box_entry[num] = e
        note_rest(group, work, num, e)
        num_spaces = cut_spaces(spaces, num_spaces, spaces, work.pieces, here, least)
        weight += group.weight_g[e]
        num += 1
    return num


@numba.njit(cache=True, nogil=True)
def centre_contents(group: Group, work: Work, rules: RuleArrays, num: int, edge: Ints) -> bool:
    """Shift heavy contents so that their centre of gravity lies in the middle half; False where no shift will do."""
    if group.total[TOTAL_WEIGHT] < rules.centred_from_g:
        return True
    for i in range(num):
        work.row_weight[i] = group.weight_g[work.box_entry[i]]
    for axis in range(2):
        shift = shift_to_centre(work.box, num, work.row_weight, axis, edge[axis])
        if shift < 0:
            return False
        for i in range(num):
            work.box[i, axis] += shift
            work.box[i, axis + 3] += shift
    return True


@numba.njit(cache=True, nogil=True)
def obeys_rules(group: Group, work: Work, rules: RuleArrays, edge: Ints) -> bool:
    """Check support, loads and centre of gravity of the packing in `work.box`, shifting it to the middle if need be."""
    num = group.total[TOTAL_UNITS]
    for i in range(num):
        note_rest(group, work, i, work.box_entry[i])
        if not supported(work.box, num, work.box[i], rules.support_per_10000):
            return False
    if group.total[HAS_LOADS] == 1 and not loads_borne(
        work.box, num, work.row_weight, work.row_limit, work.row_fragile, work.load, work.turn
    ):
        return False
    return bool(centre_contents(group, work, rules, num, edge))


@numba.njit(cache=True, nogil=True)
def fits(group: Group, rows: int, work: Work, rules: RuleArrays, edge: Ints, tries: int) -> bool:
    """Look for a packing of all entries in one box by several plain orders and criteria, at most `tries` of `PLAIN_TRIES`.

    The usable orientations must match the box. True leaves the packing in `work.box`; False proves nothing.
    """
    num = group.total[TOTAL_UNITS]
    all_, no_limit = int(np.int64(1)), int(np.int64(2**62))
    for tried in range(min(tries, NUM_CRITERIA if num == 1 else PLAIN_TRIES)):
        key = (tried // NUM_CRITERIA + tried) % NUM_KEYS
        if group.total[HAS_LOADS] == 1 and tried % 3 != 2:
            key += NUM_KEYS
        order_units(group, rows, work, key)
        # Along z first: what holds with support, too; then the other axes and the tightest space.
        criterion = (tried * 5 + 6) % NUM_CRITERIA
        if fill(group, rows, work, rules, num, edge, criterion, all_, no_limit) == num and centre_contents(
            group, work, rules, num, edge
        ):
            return True
    return False
