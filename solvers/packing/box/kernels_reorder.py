"""Packing one box by improving an order of its units, each with a rule of its own for where it goes.

A packing is written down as the order in which units are placed and, for each unit, by which criterion and towards which corner
of the box its place is chosen (in the manner of the random keys of Goncalves and Resende 2013). Small changes are kept where
they leave no more volume without a place. What a change leaves as it was at the front of the order is not placed again: the
free spaces after every unit are kept, of the packing at hand and of the one being tried.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

from solvers.packing.box.kernels_fill import NUM_CRITERIA, NUM_KEYS, centre_contents, note_rest, order_units, rests_well
from solvers.packing.box.kernels_spaces import cut_spaces
from solvers.packing.kernels_work import HAS_LOADS, TOTAL_UNITS, TOTAL_VOLUME, Group, Reorder, RuleArrays, Work

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

RESTART = 200
CHANGE_RULE_PERCENT = 60
OTHER_CORNER_PERCENT = 50
MOST_RULES_AT_ONCE = 4
EASY_SHARE = 10
"""Boxes of which a tenth stays empty get all tries."""
MANY_UNITS = 30


@numba.njit(cache=True, nogil=True)
def _draw(state: Ints, below: int) -> int:
    """Give a random number from 0 to `below` - 1."""
    state[0] = (state[0] * 1103515245 + 12345) & 0x7FFFFFFF
    return int((state[0] >> 8) % below)


@numba.njit(cache=True, nogil=True)
def _take_up(group: Group, rows: int, work: Work, memory: Reorder, first: int, need_rest: bool) -> int:
    """Bring back what was placed and missed before turn `first`; give how many units were placed."""
    memory.failed[:rows] = 0
    missed = int(np.int64(0))
    for u in range(first):
        if memory.placed_before[u + 1] == memory.placed_before[u]:
            memory.failed[memory.unit[u]] = 1
            memory.missed[missed] = u
            missed += 1
    memory.tally[1] = missed
    placed = memory.placed_before[first]
    slots = 2**62 - 1 if memory.spaces.shape[1] > group.total[TOTAL_UNITS] else 1
    for i in range(placed):
        own = memory.owner[i + 1]
        at = (i + 1) & slots
        work.box_entry[i] = memory.entry[own, at]
        if need_rest:
            note_rest(group, work, i, work.box_entry[i])
        for k in range(6):
            work.box[i, k] = memory.box[own, at, k]
    return int(placed)


@numba.njit(cache=True, nogil=True, inline="always")
def _replay(
    group: Group, rows: int, work: Work, rules: RuleArrays, edge: Ints, first: int, least: int, most: int
) -> int:
    """Place the units from turn `first` on, each by its rule, after what was placed before it.

    A rule is a criterion of `score` in the box mirrored along the axes of the corner's bits; the least rank wins. Gives the
    volume that found no place, `memory.tally` the units placed and missed. Stops where that is more than `most`.
    """
    memory = work.reorder
    free, num_free, kept_box, kept_entry = memory.spaces, memory.num_spaces, memory.box, memory.entry
    dims, pieces, owner, unit, rule = memory.dims, memory.pieces, memory.owner, memory.unit, memory.rule
    missed_turn, failed, box, box_entry = memory.missed, memory.failed, work.box, work.box_entry
    usable, volume = group.usable, group.volume
    num = group.total[TOTAL_UNITS]
    slots = 2**62 - 1 if free.shape[1] > num else 1
    need_rest = rules.support_per_10000 > 0 or group.total[HAS_LOADS] == 1
    start = _take_up(group, rows, work, memory, first, need_rest)
    placed, missed, lost = start, memory.tally[1], memory.missed_before[first]
    own = owner[start]
    for u in range(first, num):
        e = unit[u]
        spaces = free[own, placed & slots]
        num_spaces = num_free[own, placed & slots]
        criterion, corner = rule[u] % NUM_CRITERIA, rule[u] // NUM_CRITERIA
        if rules.support_per_10000 > 0:
            # Nothing hangs from the top.
            corner &= 3
        a, b = criterion // 3, criterion % 3
        i, j = (1, 0) if a == 2 else ((2, 1) if a == 0 else (2, 0))
        far_a, far_i, far_j = (corner >> a) & 1, (corner >> i) & 1, (corner >> j) & 1
        best, best_space, best_turn = 2**62, -1, -1
        for s in range(num_spaces if failed[e] == 0 else 0):
            at_a = edge[a] - spaces[s, a + 3] if far_a else spaces[s, a]
            at_i = edge[i] - spaces[s, i + 3] if far_i else spaces[s, i]
            at_j = edge[j] - spaces[s, j + 3] if far_j else spaces[s, j]
            rank = ((at_a * 2**15 + at_i) * 2**15 + at_j) * 2**15
            if b < 2 and rank >= best:
                continue
            room_x, room_y, room_z = (
                spaces[s, 3] - spaces[s, 0],
                spaces[s, 4] - spaces[s, 1],
                spaces[s, 5] - spaces[s, 2],
            )
            for k in range(usable[e, 0]):
                left_x, left_y, left_z = room_x - dims[e, k, 0], room_y - dims[e, k, 1], room_z - dims[e, k, 2]
                if (left_x | left_y | left_z) < 0:
                    continue
                tight = min(left_x, left_y, left_z)
                value = rank + tight
                if b == 2:
                    middle = left_x + left_y + left_z - tight - max(left_x, left_y, left_z)
                    value = ((tight * 2**15 + middle) * 2**15 + at_a) * 2**15 + at_i
                elif b == 1:
                    value += ((dims[e, k, a] * 2**15 + dims[e, k, i]) * 2**15 + dims[e, k, j]) * 2**15
                if value >= best:
                    continue
                if need_rest:
                    _put(spaces, s, dims, e, k, corner, box, placed)
                    if not rests_well(group, work, rules, placed, e):
                        continue
                best, best_space, best_turn = value, s, k
        if best_space < 0:
            failed[e] = 1
            missed_turn[missed] = u
            missed += 1
            lost += volume[e]
            if lost > most:
                break
            continue
        _put(spaces, best_space, dims, e, best_turn, corner, box, placed)
        box_entry[placed] = e
        if need_rest:
            note_rest(group, work, placed, e)
        placed += 1
        own, at = 1 - owner[placed], placed & slots
        kept_entry[own, at] = e
        for k in range(6):
            kept_box[own, at, k] = box[placed - 1, k]
        num_free[own, at] = cut_spaces(spaces, num_spaces, free[own, at], pieces, box[placed - 1], least)
    memory.tally[0], memory.tally[1] = placed, missed
    return int(lost)


@numba.njit(cache=True, nogil=True)
def _put(spaces: Ints, s: int, dims: Ints, e: int, k: int, corner: int, box: Ints, row: int) -> None:
    """Put an item into a corner of a space."""
    for axis in range(3):
        box[row, axis] = spaces[s, axis + 3] - dims[e, k, axis] if (corner >> axis) & 1 else spaces[s, axis]
        box[row, axis + 3] = box[row, axis] + dims[e, k, axis]


@numba.njit(cache=True, nogil=True)
def _adopt(group: Group, memory: Reorder, num: int, first: int) -> None:
    """Make the packing tried the one at hand."""
    placed, missed = memory.tally[0], memory.tally[1]
    if memory.spaces.shape[1] > num:
        for i in range(memory.placed_before[first] + 1, placed + 1):
            memory.owner[i] = 1 - memory.owner[i]
    m = int(np.int64(0))
    while m < missed and memory.missed[m] < first:
        m += 1
    for u in range(first, num):
        e = memory.unit[u]
        is_missed = m < missed and memory.missed[m] == u
        m += is_missed
        memory.placed_before[u + 1] = memory.placed_before[u] + (0 if is_missed else 1)
        memory.missed_before[u + 1] = memory.missed_before[u] + (group.volume[e] if is_missed else 0)
        memory.kept_unit[u], memory.kept_rule[u] = e, memory.rule[u]
    for u in range(first):
        memory.kept_unit[u], memory.kept_rule[u] = memory.unit[u], memory.rule[u]
    for k in range(missed):
        memory.kept_missed[k] = memory.missed[k]
    memory.tally[2] = missed


@numba.njit(cache=True, nogil=True)
def _change(memory: Reorder, num: int) -> int:
    """Change the packing a little: other rules for a few units in a row, or a unit earlier; give the first turn concerned."""
    unit, rule = memory.unit, memory.rule
    if _draw(memory.state, 100) < CHANGE_RULE_PERCENT:
        new = _draw(memory.state, NUM_CRITERIA)
        if _draw(memory.state, 100) < OTHER_CORNER_PERCENT:
            new += NUM_CRITERIA * _draw(memory.state, 8)
        first = _draw(memory.state, num)
        for u in range(first, min(num, first + 1 + _draw(memory.state, MOST_RULES_AT_ONCE))):
            rule[u] = new
        return first
    missed = memory.tally[2]
    moved = _draw(memory.state, num)
    if missed > 0 and _draw(memory.state, 4) > 0:
        moved = memory.kept_missed[_draw(memory.state, missed)]
    to = _draw(memory.state, num)
    if to > moved:
        moved, to = to, moved
    e, r = unit[moved], rule[moved]
    for u in range(moved, to, -1):
        unit[u], rule[u] = unit[u - 1], rule[u - 1]
    unit[to], rule[to] = e, r
    return int(to)


@numba.njit(cache=True, nogil=True)
def _rounds(group: Group, edge: Ints, tries: int) -> int:
    """Cut the tries where they promise little or each takes long."""
    box = edge[0] * edge[1] * edge[2]
    free = min(1000, (box - group.total[TOTAL_VOLUME]) * EASY_SHARE * 1000 // box)
    units = max(MANY_UNITS, group.total[TOTAL_UNITS])
    return int(tries * free * free // 1_000_000 * MANY_UNITS * MANY_UNITS // (units * units))


@numba.njit(cache=True, nogil=True, inline="always")
def reorder(group: Group, rows: int, work: Work, rules: RuleArrays, edge: Ints, tries: int) -> bool:
    """Look for a packing of all entries in one box, by fewer tries where they promise little; else like `improve`."""
    return improve(group, rows, work, rules, edge, _rounds(group, edge, tries), RESTART)


@numba.njit(cache=True, nogil=True)
def improve(group: Group, rows: int, work: Work, rules: RuleArrays, edge: Ints, rounds: int, restart: int) -> bool:
    """Look for a packing of all entries in one box by improving orders step by step; True leaves it in `work.box`.

    Parameters
    ----------
    group, rows
        The entries; their usable orientations match the box.
    work
        Memory; `box` and `box_entry` hold the result.
    rules
        What to keep within the box, and the seed.
    edge
        Inner edges of the box.
    rounds
        Packings tried. False proves nothing.
    restart
        Packings after which another order is taken up from its start.
    """
    memory = work.reorder
    num = group.total[TOTAL_UNITS]
    least = int(np.int64(2**40))
    for e in range(rows):
        for k in range(group.usable[e, 0] if group.quantity[e] > 0 else 0):
            for axis in range(3):
                memory.dims[e, k, axis] = group.dims[e, group.usable[e, k + 1], axis]
                least = min(least, memory.dims[e, k, axis])
    memory.state[0] = 12345 + rules.seed
    memory.owner[: num + 2] = 0
    memory.placed_before[0], memory.missed_before[0] = 0, 0
    best = int(np.int64(2**62))
    for turn in range(rounds):
        first = int(np.int64(0))
        stage = turn % restart
        if stage == 0:
            key = _draw(memory.state, NUM_KEYS)
            if group.total[HAS_LOADS] == 1 and _draw(memory.state, 3) > 0:
                key += NUM_KEYS
            order_units(group, rows, work, key)
            memory.unit[:num] = work.unit[:num]
            memory.rule[:num] = 0
            best = int(np.int64(2**62))
        elif stage < NUM_CRITERIA:
            memory.rule[:num] = stage
        else:
            first = _change(memory, num)
        if memory.spaces.shape[1] <= num:
            first = int(np.int64(0))
        if first == 0 or memory.placed_before[first] == 0:
            own = memory.owner[0]
            memory.num_spaces[own, 0] = 1
            for axis in range(3):
                memory.spaces[own, 0, 0, axis], memory.spaces[own, 0, 0, axis + 3] = 0, edge[axis]
        lost = _replay(group, rows, work, rules, edge, first, least, best)
        if lost == 0 and centre_contents(group, work, rules, num, edge):
            return True
        if lost <= best:
            best = lost
            _adopt(group, memory, num, first)
        else:
            memory.unit[:num], memory.rule[:num] = memory.kept_unit[:num], memory.kept_rule[:num]
    return False
