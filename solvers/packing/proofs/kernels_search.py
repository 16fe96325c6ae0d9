"""Exhaustive search for a packing of one box: how the largest items lie to each other decides it.

Two items of a packing lie apart along some axis, one before the other. The search takes the items largest first, decides
how each stands and, pair by pair, along which axis and which way round it lies apart from those before it. What has been
decided bounds the distance between the starts of any two items on every axis; the bounds are kept closed (each is no wider
than any detour allows), so a decision that contradicts the others is seen at once, and items whose decisions are consistent
have a packing: all as near to the origin as their bounds allow. A way round that has been searched is excluded from what is
searched after it, so no packing is met twice. Most boxes that are too small are too small for the largest few items
already, and these are refuted without a look at the rest.

Fekete, Schepers and van der Veen (2007) search over such relations, without their order; the bounds are those of a
disjunctive schedule on three machines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

from solvers.packing.kernels_work import JUDGED, MAX_SEARCHED, NODES, PATIENCE, TOTAL_UNITS, Group, Search
from solvers.packing.proofs.kernels_waste import is_wasteful, prepare_waste

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Bounds = npt.NDArray[np.int32]

FOUND, NONE, LIMIT = 1, 0, 2
FREE_LOOKS = 200
FIRST_LOOK = 500
WHOLE = 2**40
LEAST_ADDED = 2**14
"""For each doubling of the nodes since the first look it is four times as much, so 2**-14 of the whole at 32,000 nodes."""
_FAILED, _SETTLED = -1, 0
_LAST_CODE = 6


@numba.njit(cache=True, nogil=True)
def _bind(bound: Bounds, num: int, first: int, second: int, most: int) -> bool:
    """Let `second` start at most `most` after `first` on one axis and close the bounds; False for a contradiction."""
    if most >= bound[first, second]:
        return True
    if bound[second, first] + most < 0:
        return False
    for i in range(num + 1):
        reach = bound[i, first] + most
        # Bounds that were closed change only where the one to `second` does.
        if reach < bound[i, second]:
            for j in range(num + 1):
                bound[i, j] = min(bound[i, j], reach + bound[second, j])
    return True


@numba.njit(cache=True, nogil=True)
def _part(bound: Bounds, length: Ints, new: int, old: int, code: int) -> bool:
    """Let `new` lie behind `old` (even code) or before it (odd) along axis code // 2; False for a contradiction."""
    a = code // 2
    if code % 2 == 0:
        return _bind(bound[a], new, new, old, -length[old, a])
    return _bind(bound[a], new, old, new, -length[new, a])


@numba.njit(cache=True, nogil=True)
def _exclude(bound: Bounds, length: Ints, new: int, old: int, code: int) -> bool:
    """Take back what `_part` does with the same code for all that follows; False for a contradiction."""
    a = code // 2
    if code % 2 == 0:
        return _bind(bound[a], new, old, new, length[old, a] - 1)
    return _bind(bound[a], new, new, old, length[new, a] - 1)


@numba.njit(cache=True, nogil=True)
def _settle(bound: Bounds, length: Ints, new: int) -> int:
    """Decide all pairs of `new` that have one way left; give the open pair with the fewest ways, `_SETTLED` or `_FAILED`."""
    while True:
        open_pair, fewest, again = _SETTLED, _LAST_CODE + 1, False
        for old in range(1, new):
            ways, code = 0, -1
            for a in range(3):
                gap, back = bound[a, old, new], bound[a, new, old]
                if -back >= length[old, a] or -gap >= length[new, a]:
                    ways = _LAST_CODE + 1
                    break
                if gap >= length[old, a]:
                    ways += 1
                    code = 2 * a
                if back >= length[new, a]:
                    ways += 1
                    code = 2 * a + 1
            if ways == 0:
                return _FAILED
            if ways == 1:
                if not _part(bound, length, new, old, code):
                    return _FAILED
                again = True
            elif ways < fewest:
                open_pair, fewest = old, ways
        if not again:
            return open_pair


@numba.njit(cache=True, nogil=True)
def _copy(s: Search, frame: int, num: int) -> None:
    """Start the next frame from the bounds of this one, for the wall and `num` units."""
    for a in range(3):
        here, there = s.bound[frame, a], s.bound[frame + 1, a]
        for i in range(num + 1):
            for j in range(num + 1):
                there[i, j] = here[i, j]


@numba.njit(cache=True, nogil=True)
def _stand(s: Search, group: Group, frame: int, new: int, turn: int, edge: Ints) -> bool:
    """Add unit `new` in one of its orientations to the next frame; False for a contradiction."""
    e = s.entry[new]
    _copy(s, frame, new - 1)
    for a in range(3):
        long = group.dims[e, group.usable[e, turn], a]
        last = edge[a] - long
        if new == 1:
            # Reflected on an axis a packing is a packing, so one item, the first of its kind, may be kept to the lower half.
            last //= 2
        s.length[new, a] = long
        bound = s.bound[frame + 1, a]
        bound[0, new], bound[new, 0], bound[new, new] = last, 0, 0
        for old in range(1, new):
            bound[new, old] = bound[0, old]
            bound[old, new] = bound[old, 0] + last
    s.turn[new] = turn
    # Copies change places freely: those that stand alike follow in the order of their starts along x.
    if new > 1 and s.entry[new - 1] == e and s.turn[new - 1] == turn:
        return _bind(s.bound[frame + 1, 0], new, new, new - 1, int(np.int64(0)))
    return True


@numba.njit(cache=True, nogil=True)
def _list_units(s: Search, group: Group, rows: int) -> int:
    """List the entries of the units searched, largest first, and give their number."""
    listed = int(np.int64(0))
    for e in range(rows):
        at = listed
        while at > 0 and group.volume[s.by_size[at - 1]] < group.volume[e]:
            s.by_size[at] = s.by_size[at - 1]
            at -= 1
        s.by_size[at] = e
        listed += 1
    num = int(np.int64(0))
    for at in range(listed):
        for _ in range(group.quantity[s.by_size[at]]):
            if num < MAX_SEARCHED:
                num += 1
                s.entry[num] = s.by_size[at]
    return num


@numba.njit(cache=True, nogil=True)
def _share_done(s: Search, group: Group, frame: int) -> int:
    """Estimate which share of the search lies behind (Knuth 1975): branches of a frame count alike, all together `WHOLE`."""
    share, width = int(np.int64(0)), int(np.int64(WHOLE))
    for f in range(frame + 1):
        width //= group.usable[s.entry[s.unit[f]], 0] if s.pair[f] == 0 else _LAST_CODE
        share += width * max(0, s.code[f] - 1)
    return share


@numba.njit(cache=True, nogil=True)
def _is_stuck(s: Search, group: Group, frame: int, look: int) -> bool:
    """Note the share done at each doubling of the nodes; True where the last two doublings added next to nothing.

    Searches that come to an end move on throughout. Most others stand still somewhere deep, for as long as one cares to wait.
    """
    s.share[look] = _share_done(s, group, frame)
    if look < s.state[JUDGED]:
        return False
    return bool(s.share[look] - s.share[look - 2] < LEAST_ADDED << min(2 * look, 40))


@numba.njit(cache=True, nogil=True)
def search(s: Search, group: Group, rows: int, edge: Ints, node_limit: int, boxes: Ints, entries: Ints) -> int:
    """Search a box from end to end.

    Parameters
    ----------
    s
        Memory; `state[NODES]` gets the number of decisions tried.
    group, rows
        The entries; their usable orientations match the box.
    edge
        Inner edges of the box.
    node_limit
        Most decisions; less where they lead nowhere.
    boxes, entries
        Get the packing: rows x1, y1, z1, x2, y2, z2 and the entry of each.

    Returns
    -------
    int
        `FOUND`, `NONE` (proven: no packing exists, whatever the other rules) or `LIMIT`: also when the `MAX_SEARCHED` largest
        items fit together and there are more.
    """
    num = _list_units(s, group, rows)
    nodes = int(np.int64(0))
    look = int(np.int64(0))
    result, is_weighed = NONE, False
    frame = int(np.int64(0))
    s.unit[0], s.pair[0], s.code[0] = 1, 0, 0
    for a in range(3):
        s.bound[0, a, 0, 0] = 0
    for i in range(MAX_SEARCHED + 1):
        s.looks[i] = s.refuted[i] = 0
    while frame >= 0:
        new, old = s.unit[frame], s.pair[frame]
        code = s.code[frame]
        s.code[frame] += 1
        if old == 0:
            # Frames without a pair stand the unit in one orientation after the other.
            if code == group.usable[s.entry[new], 0]:
                frame -= 1
                continue
            holds = _stand(s, group, frame, new, code + 1, edge)
        else:
            here = s.bound[frame]
            if code == _LAST_CODE or (
                code > 0 and s.is_tried[frame] == 1 and not _exclude(here, s.length, new, old, code - 1)
            ):
                frame -= 1
                continue
            a = code // 2
            s.is_tried[frame] = (
                here[a, old, new] >= s.length[old, a] if code % 2 == 0 else here[a, new, old] >= s.length[new, a]
            )
            if s.is_tried[frame] == 0:
                continue
            _copy(s, frame, new)
            holds = _part(s.bound[frame + 1], s.length, new, old, code)
        nodes += 1
        if nodes > node_limit:
            result = LIMIT
            break
        if nodes == FIRST_LOOK << look:
            if _is_stuck(s, group, frame, look):
                result = LIMIT
                break
            look += 1
        if not holds:
            continue
        open_pair = _settle(s.bound[frame + 1], s.length, new)
        if open_pair == _FAILED:
            continue
        if nodes >= s.state[PATIENCE] and open_pair == _SETTLED:
            if not is_weighed:
                prepare_waste(s, group, rows, edge)
                is_weighed = True
            # Where hardly one look in sixteen refutes, looking costs more than it saves.
            if s.looks[new] < FREE_LOOKS + 16 * s.refuted[new]:
                s.looks[new] += 1
                if is_wasteful(s, frame + 1, new, edge):
                    s.refuted[new] += 1
                    continue
        frame += 1
        if open_pair == _SETTLED:
            if new == num:
                result = FOUND if num == group.total[TOTAL_UNITS] else LIMIT
                break
            new += 1
        s.unit[frame], s.pair[frame], s.code[frame], s.is_tried[frame] = new, open_pair, 0, 0
        if open_pair == _SETTLED and s.entry[new] == s.entry[new - 1]:
            # And those that stand in an earlier orientation come first.
            s.code[frame] = s.turn[new - 1] - 1
    s.state[NODES] = nodes
    if result == FOUND:
        for i in range(num):
            entries[i] = s.entry[i + 1]
            for a in range(3):
                boxes[i, a] = -s.bound[frame, a, i + 1, 0]
                boxes[i, a + 3] = boxes[i, a] + s.length[i + 1, a]
    return result
