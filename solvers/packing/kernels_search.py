"""Exhaustive search for a packing of one box: one axis after another.

Any packing can be pushed towards the origin until every item touches, on each axis, a wall or another item. So every
coordinate is 0 or the end of an item that starts before it, and it is enough to look at packings of that kind. The search
sweeps the first axis and decides which items start at each coordinate and which of their edges lies along it; what is left
empty on the way may not add up to more than box less items (Clautiaux, Carlier and Moukrim 2007 do so in the plane). Each
cross-section must itself be a feasible packing of the plane. Then the second axis is swept in the same way with a budget of
emptiness for every slice of the first, and last the third axis is settled by the order in which overlapping items stack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

from solvers.packing.kernels_work import MAX_SEARCHED, TOTAL_UNITS, TOTAL_VOLUME, Group, Search

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

FOUND, NONE, LIMIT = 1, 0, 2
NODES, NODE_LIMIT, EDGE_Y, EDGE_Z = 0, 1, 2, 3


@numba.njit(cache=True, nogil=True)
def _stack(s: Search, floor: int, num: int) -> int:
    """Stack the items whose first two axes are settled, in order of their start on the third."""
    z_start, z_item, z_next = s.z_start[floor], s.z_item[floor], s.z_next[floor]
    on = s.z_placed[floor]
    for i in range(num):
        on[i] = 0
    depth = 0
    z_next[0] = 0
    while True:
        if depth == num:
            return FOUND
        s.state[NODES] += 1
        if s.state[NODES] > s.state[NODE_LIMIT]:
            return LIMIT
        z = z_start[z_item[depth - 1]] if depth > 0 else 0
        last = z_item[depth - 1] if depth > 0 else -1
        pushed = False
        for i in range(z_next[depth], num):
            if on[i] == 1:
                continue
            a = s.chosen[floor, i]
            low = 0
            for j in range(num):
                b = s.chosen[floor, j]
                if (
                    on[j] == 1
                    and s.start[a] < s.end[b]
                    and s.start[b] < s.end[a]
                    and s.y_start[floor, i] < s.y_end[floor, j]
                    and s.y_start[floor, j] < s.y_end[floor, i]
                ):
                    low = max(low, z_start[j] + s.height[floor, j])
            if low + s.height[floor, i] > s.state[EDGE_Z]:
                # What is placed stays, so this item cannot come lower any more: the whole branch is dead.
                break
            if low < z or (low == z and i < last):
                continue
            on[i] = 1
            z_start[i] = low
            z_item[depth] = i
            z_next[depth] = i + 1
            depth += 1
            if depth < num:
                z_next[depth] = 0
            pushed = True
            break
        if not pushed:
            if depth == 0:
                return NONE
            depth -= 1
            on[z_item[depth]] = 0


@numba.njit(cache=True, nogil=True)
def _list_cuts(s: Search, floor: int, num: int) -> int:
    """Cut the first axis where chosen items start or end; give each slice its budget of emptiness and items their twin."""
    cuts = 0
    cut = s.cut[floor]
    for i in range(num):
        a = s.chosen[floor, i]
        s.y_placed[floor, i] = 0
        s.twin[floor, i] = -1
        for j in range(i):
            b = s.chosen[floor, j]
            if s.item[a] == s.item[b] and s.option[a] == s.option[b] and s.start[a] == s.start[b]:
                s.twin[floor, i] = j
        for side in range(2):
            x = s.start[a] if side == 0 else s.end[a]
            at = cuts
            while at > 0 and cut[at - 1] > x:
                at -= 1
            if at > 0 and cut[at - 1] == x:
                continue
            for k in range(cuts, at, -1):
                cut[k] = cut[k - 1]
            cut[at] = x
            cuts += 1
    for c in range(cuts - 1):
        s.budget[floor, c] = s.state[EDGE_Y] * s.state[EDGE_Z]
        s.taken[floor, c] = 0
        for i in range(num):
            a = s.chosen[floor, i]
            if s.start[a] <= cut[c] and cut[c] < s.end[a]:
                s.budget[floor, c] -= s.area[a]
    return cuts


@numba.njit(cache=True, nogil=True)
def _plane(s: Search, floor: int, num: int) -> int:
    """Settle the second and third axis for the `chosen` items, whose extent on the first is given."""
    cuts = _list_cuts(s, floor, num)
    edge_y, edge_z = s.state[EDGE_Y], s.state[EDGE_Z]
    level_y, level_code, level_item = s.level_y[floor], s.level_code[floor], s.level_item[floor]
    cut, on, y_start, y_end = s.cut[floor], s.y_placed[floor], s.y_start[floor], s.y_end[floor]
    chosen, height, twin, budget, taken = (
        s.chosen[floor],
        s.height[floor],
        s.twin[floor],
        s.budget[floor],
        s.taken[floor],
    )
    # Reflected on any axis a packing is a packing, and pushing towards the origin leaves an item in its half: so one item
    # of which there is no other may be kept to the lower half. A section may choose its own.
    mirrored = 0
    if floor == 0:
        mirrored = -1
        for i in range(num):
            if s.item[chosen[i]] == s.key[0]:
                mirrored = i
    depth = int(np.int64(0))
    placed = int(np.int64(0))
    level_y[0], level_code[0], level_item[0] = 0, 0, -1
    while True:
        moved = False
        if placed == num:
            result = _stack(s, floor, num)
            if result != NONE:
                return result
        else:
            s.state[NODES] += 1
            if s.state[NODES] > s.state[NODE_LIMIT]:
                return LIMIT
            y = level_y[depth]
            while level_code[depth] < 2 * num:
                i, f = level_code[depth] // 2, level_code[depth] % 2
                level_code[depth] += 1
                a = chosen[i]
                if on[i] == 1 or f >= s.num_faces[s.item[a], s.option[a]] or (twin[i] >= 0 and on[twin[i]] == 0):
                    continue
                wide, high = s.face[s.item[a], s.option[a], f, 0], s.face[s.item[a], s.option[a], f, 1]
                if y + wide > edge_y or (i == mirrored and 2 * y + wide > edge_y):
                    continue
                # In every slice that the item crosses, what lies at y must leave room for its height.
                free = True
                for c in range(cuts - 1):
                    if s.start[a] <= cut[c] and cut[c] < s.end[a] and taken[c] + high > edge_z:
                        free = False
                        break
                if not free:
                    continue
                for c in range(cuts - 1):
                    if s.start[a] <= cut[c] and cut[c] < s.end[a]:
                        taken[c] += high
                on[i], y_start[i], y_end[i], height[i] = 1, y, y + wide, high
                placed += 1
                depth += 1
                level_y[depth], level_code[depth], level_item[depth] = y, 2 * (i + 1), i
                moved = True
                break
            if not moved and level_code[depth] == 2 * num:
                level_code[depth] += 1
                further = edge_y
                for j in range(num):
                    if on[j] == 1 and y_end[j] > y:
                        further = min(further, y_end[j])
                if further < edge_y:
                    within = True
                    for c in range(cuts - 1):
                        budget[c] -= (edge_z - taken[c]) * (further - y)
                        if budget[c] < 0:
                            within = False
                    if within:
                        for j in range(num):
                            if on[j] == 1 and y_end[j] == further:
                                a = chosen[j]
                                for c in range(cuts - 1):
                                    if s.start[a] <= cut[c] and cut[c] < s.end[a]:
                                        taken[c] -= height[j]
                        depth += 1
                        level_y[depth], level_code[depth], level_item[depth] = further, 0, -1
                        moved = True
                    else:
                        for c in range(cuts - 1):
                            budget[c] += (edge_z - taken[c]) * (further - y)
        if moved:
            continue
        if depth == 0:
            return NONE
        i = level_item[depth]
        if i >= 0:
            a = chosen[i]
            on[i] = 0
            placed -= 1
            for c in range(cuts - 1):
                if s.start[a] <= cut[c] and cut[c] < s.end[a]:
                    taken[c] -= height[i]
        else:
            before, here = level_y[depth - 1], level_y[depth]
            for j in range(num):
                if on[j] == 1 and y_end[j] == here:
                    a = chosen[j]
                    for c in range(cuts - 1):
                        if s.start[a] <= cut[c] and cut[c] < s.end[a]:
                            taken[c] += height[j]
            for c in range(cuts - 1):
                budget[c] += (edge_z - taken[c]) * (here - before)
        depth -= 1


@numba.njit(cache=True, nogil=True)
def _section_holds(s: Search, placed: int) -> int:
    """Say whether the item placed last and all that overlap it on the first axis at its start fit the plane together."""
    last = placed - 1
    x = s.start[last]
    chosen = s.chosen[1]
    num = int(np.int64(0))
    for a in range(placed):
        if s.end[a] > x:
            chosen[num] = a
            num += 1
    e, o = s.item[last], s.option[last]
    for i in range(num - 1):
        a = chosen[i]
        beside = False
        for f in range(s.num_faces[e, o]):
            for g in range(s.num_faces[s.item[a], s.option[a]]):
                here, there = s.face[e, o, f], s.face[s.item[a], s.option[a], g]
                if here[0] + there[0] <= s.state[EDGE_Y] or here[1] + there[1] <= s.state[EDGE_Z]:
                    beside = True
        if not beside:
            return NONE
    if num <= 2:
        return FOUND
    # Only what crosses the section matters: give all the same extent while the plane is searched.
    for i in range(num):
        a = chosen[i]
        s.kept[0, i], s.kept[1, i] = s.start[a], s.end[a]
        s.start[a], s.end[a] = 0, 1
    result = _plane(s, int(np.int64(1)), num)
    for i in range(num):
        a = chosen[i]
        s.start[a], s.end[a] = s.kept[0, i], s.kept[1, i]
    return result


@numba.njit(cache=True, nogil=True)
def _sweep(s: Search, rows: int, units: int, edge_x: int, slack: int) -> int:
    """Sweep the first axis: decide what starts at each coordinate, and which edge of it lies along the axis."""
    section = s.state[EDGE_Y] * s.state[EDGE_Z]
    depth = int(np.int64(0))
    placed = int(np.int64(0))
    s.x_level[0], s.x_code[0], s.x_item[0], s.x_used[0], s.x_empty[0] = 0, 0, -1, 0, 0
    while True:
        moved = False
        if placed == units:
            for i in range(placed):
                s.chosen[0, i] = i
            result = _plane(s, int(np.int64(0)), placed)
            if result != NONE:
                return result
        else:
            s.state[NODES] += 1
            if s.state[NODES] > s.state[NODE_LIMIT]:
                return LIMIT
            x, used = s.x_level[depth], s.x_used[depth]
            while s.x_code[depth] < 3 * rows:
                code = s.x_code[depth]
                s.x_code[depth] += 1
                e, o = s.by_size[code // 3], code % 3
                if s.left[e] == 0 or o >= s.num_options[e] or x + s.option_x[e, o] > edge_x:
                    continue
                if e == s.key[0] and 2 * x + s.option_x[e, o] > edge_x:
                    continue
                area = s.face[e, o, 0, 0] * s.face[e, o, 0, 1]
                if used + area > section:
                    continue
                s.item[placed], s.option[placed], s.area[placed] = e, o, area
                s.start[placed], s.end[placed] = x, x + s.option_x[e, o]
                result = _section_holds(s, placed + 1)
                if result == LIMIT:
                    return LIMIT
                if result == FOUND:
                    s.left[e] -= 1
                    placed += 1
                    depth += 1
                    s.x_level[depth], s.x_code[depth], s.x_item[depth] = x, code, e
                    s.x_used[depth], s.x_empty[depth] = used + area, s.x_empty[depth - 1]
                    moved = True
                    break
            if not moved and s.x_code[depth] == 3 * rows:
                s.x_code[depth] += 1
                further = edge_x
                for a in range(placed):
                    if s.end[a] > x:
                        further = min(further, s.end[a])
                empty = s.x_empty[depth] + (section - used) * (further - x)
                if further < edge_x and empty <= slack:
                    reachable = True
                    for e in range(rows):
                        if s.left[e] > 0 and (
                            further + s.shortest[e] > edge_x or (e == s.key[0] and 2 * further + s.shortest[e] > edge_x)
                        ):
                            reachable = False
                    if reachable:
                        used = 0
                        for a in range(placed):
                            if s.end[a] > further:
                                used += s.area[a]
                        depth += 1
                        s.x_level[depth], s.x_code[depth], s.x_item[depth] = further, 0, -1
                        s.x_used[depth], s.x_empty[depth] = used, empty
                        moved = True
        if moved:
            continue
        if depth == 0:
            return NONE
        if s.x_item[depth] >= 0:
            s.left[s.x_item[depth]] += 1
            placed -= 1
        depth -= 1


@numba.njit(cache=True, nogil=True)
def _load_options(s: Search, group: Group, rows: int, axis_x: int, axis_y: int, axis_z: int) -> None:
    """List for each entry which edges may lie along the first axis and the faces that go with them."""
    s.key[0] = -1
    for e in range(rows):
        at = e
        while at > 0 and group.volume[s.by_size[at - 1]] < group.volume[e]:
            s.by_size[at] = s.by_size[at - 1]
            at -= 1
        s.by_size[at] = e
    for at in range(rows - 1, -1, -1):
        if group.quantity[s.by_size[at]] == 1:
            s.key[0] = s.by_size[at]
    for e in range(rows):
        num = int(np.int64(0))
        for k in range(1, group.usable[e, 0] + 1):
            d = group.dims[e, group.usable[e, k]]
            o = int(np.int64(0))
            while o < num and s.option_x[e, o] != d[axis_x]:
                o += 1
            # Equal first edges make one option only where the faces are the same two edges.
            if o < num and s.face[e, o, 0, 0] * s.face[e, o, 0, 1] != d[axis_y] * d[axis_z]:
                o = num
            if o == num:
                s.option_x[e, o] = d[axis_x]
                s.num_faces[e, o] = 0
                num += 1
            f = s.num_faces[e, o]
            s.face[e, o, f, 0] = d[axis_y]
            s.face[e, o, f, 1] = d[axis_z]
            s.num_faces[e, o] = f + 1
        s.num_options[e] = num
        s.shortest[e] = 2**40
        for o in range(num):
            s.shortest[e] = min(s.shortest[e], s.option_x[e, o])
        s.left[e] = group.quantity[e]


@numba.njit(cache=True, nogil=True)
def search(
    s: Search, group: Group, rows: int, edge: Ints, axis_x: int, node_limit: int, boxes: Ints, entries: Ints
) -> int:
    """Search a box from end to end.

    Parameters
    ----------
    s
        Memory.
    group, rows
        The entries; their usable orientations match the box.
    edge
        Inner edges of the box.
    axis_x
        The axis swept first.
    node_limit
        Most nodes.
    boxes, entries
        Get the packing: rows x1, y1, z1, x2, y2, z2 and the entry of each.

    Returns
    -------
    int
        `FOUND`, `NONE` (proven: no packing exists, whatever the other rules) or `LIMIT`.
    """
    num = group.total[TOTAL_UNITS]
    if num > MAX_SEARCHED:
        return LIMIT
    axis_y, axis_z = (axis_x + 1) % 3, (axis_x + 2) % 3
    if edge[axis_y] < edge[axis_z]:
        axis_y, axis_z = axis_z, axis_y
    _load_options(s, group, rows, axis_x, axis_y, axis_z)
    s.state[NODES], s.state[NODE_LIMIT] = 0, node_limit
    s.state[EDGE_Y], s.state[EDGE_Z] = edge[axis_y], edge[axis_z]
    slack = edge[0] * edge[1] * edge[2] - group.total[TOTAL_VOLUME]
    result = _sweep(s, rows, num, edge[axis_x], slack)
    if result == FOUND:
        for i in range(num):
            entries[i] = s.item[i]
            boxes[i, axis_x], boxes[i, axis_x + 3] = s.start[i], s.end[i]
            boxes[i, axis_y], boxes[i, axis_y + 3] = s.y_start[0, i], s.y_end[0, i]
            boxes[i, axis_z] = s.z_start[0, i]
            boxes[i, axis_z + 3] = s.z_start[0, i] + s.height[0, i]
    return result
