"""Kernels of the beam search that loads one container: empty spaces, the choice of a block, greedy completion.

The search is BSG (Araya and Riff 2014, "A beam search approach to the container loading problem") with the block choice of
VCS (Araya, Guerrero and Nuñez 2017, "VCS: a new heuristic function for selecting boxes in the single container loading
problem") over maximal empty spaces (Parreño et al. 2008). Every state is one slot of a pool of arrays; a block is always
put into the corner of its space that lies nearest a corner of the container, and geometry is mirrored so that this corner
is the origin.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

_STEPS = 2048
_DEAD = 1 << 29
_LOW = (1 << 31) - 1
_MASK = (1 << 61) - 1


class Rule(NamedTuple):
    """The weights of the block choice, spread into tables; row 0 serves emptier containers, row 1 fuller ones."""

    base: np.ndarray
    """(2, num_blocks) value / items^gamma of each block; row 0 decreases."""
    ceiling: np.ndarray
    """(2, num_blocks) the largest base of this block and all that follow."""
    contact_power: np.ndarray
    """(2, 2049) share in contact ^ alpha."""
    use_power: np.ndarray
    """(2, 2049) usable share ^ beta."""
    slack: np.ndarray
    """(2,) the gap, as a share of the block's edge, that still counts as contact."""
    switch_volume: np.ndarray
    """(1,) the loaded volume from which row 1 serves."""


class Cargo(NamedTuple):
    """What the search may load."""

    container_mm: np.ndarray
    """(3,)"""
    box_mm: np.ndarray
    """(num_oriented, 3) oriented items."""
    box_type: np.ndarray
    """(num_oriented,) their types, increasing."""
    supported: bool
    """Whether each item must stand on its whole base."""
    size_mm: np.ndarray
    """(num_blocks, 3)"""
    top_mm: np.ndarray
    """(num_blocks, 2)"""
    volume: np.ndarray
    """(num_blocks,)"""
    value: np.ndarray
    """(num_blocks,)"""
    per_surface: np.ndarray
    """(num_blocks,) one over the surface."""
    content_start: np.ndarray
    content_type: np.ndarray
    content_count: np.ndarray


class Actions(NamedTuple):
    """What may be done next: a block into the anchor corner of a space of a parent state."""

    parent: np.ndarray
    block: np.ndarray
    space: np.ndarray
    """(num_actions, 6)"""
    mirrored: np.ndarray
    """Mirrored axes as bits."""
    key: np.ndarray
    """Hash of the state it leads to."""
    value: np.ndarray
    """Value of that state completed greedily."""


class Work(NamedTuple):
    """Arrays that listing actions works in."""

    used: np.ndarray
    """(longest_edge + 1,)"""
    block: np.ndarray
    """(most_actions,)"""
    score: np.ndarray
    """(most_actions,)"""


class Pool(NamedTuple):
    """States of the search, one a slot."""

    spaces: np.ndarray
    """(num_slots, 7, max_spaces) low corner, high corner, distance to the nearest container corner."""
    num_spaces: np.ndarray
    placed: np.ndarray
    """(num_slots, max_placed, 8) low corner, high corner, block, mirrored axes as bits."""
    num_placed: np.ndarray
    left: np.ndarray
    """(num_slots, num_types) items not loaded."""
    least_edge: np.ndarray
    """(num_slots, 3) the shortest edge along each axis of the items not loaded."""
    following: np.ndarray
    """(num_slots, num_blocks + 1) linked list of the blocks that may still be used; entry 0 is the head."""
    value: np.ndarray
    volume: np.ndarray
    key: np.ndarray
    """(num_slots,) hash of the placed set."""
    reach: np.ndarray
    """(num_reach, 3, longest_edge + 1) the greatest length up to each that item edges in a row can fill."""
    neighbours: np.ndarray
    """(num_threads, 6, max_placed + 1, 5) what bounds the space in hand: gap, and the rectangle along the two other axes."""
    num_neighbours: np.ndarray
    """(num_threads, 6)"""
    best_block: np.ndarray
    """(num_threads, 1)"""
    best_score: np.ndarray
    """(num_threads, 1)"""
    cut: np.ndarray
    """(num_threads, max_spaces + 8, 7) rows 0 to 7: edges, corners, extent and space in hand; then the spaces being cut."""


@njit(cache=True, nogil=True)
def copy_state(pool, source, target):  # type: ignore[no-untyped-def]
    """Copy one slot to another."""
    n = pool.num_spaces[source]
    pool.num_spaces[target] = n
    for d in range(7):
        pool.spaces[target, d, :n] = pool.spaces[source, d, :n]
    m = pool.num_placed[source]
    pool.num_placed[target] = m
    pool.placed[target, :m] = pool.placed[source, :m]
    pool.left[target] = pool.left[source]
    pool.least_edge[target] = pool.least_edge[source]
    pool.following[target] = pool.following[source]
    pool.value[target] = pool.value[source]
    pool.volume[target] = pool.volume[source]
    pool.key[target] = pool.key[source]


@njit(cache=True, nogil=True)
def _refresh_least_edge(pool, slot, cargo):  # type: ignore[no-untyped-def]
    """Note the shortest edges that are left along each axis."""
    for d in range(3):
        pool.least_edge[slot, d] = 1 << 30
    for i in range(cargo.box_type.shape[0]):
        if pool.left[slot, cargo.box_type[i]] > 0:
            for d in range(3):
                if cargo.box_mm[i, d] < pool.least_edge[slot, d]:
                    pool.least_edge[slot, d] = cargo.box_mm[i, d]


@njit(cache=True, nogil=True)
def start_state(pool, slot, cargo, quantity):  # type: ignore[no-untyped-def]
    """Write the empty container into a slot."""
    pool.num_spaces[slot] = 1
    for d in range(3):
        pool.spaces[slot, d, 0] = 0
        pool.spaces[slot, d + 3, 0] = cargo.container_mm[d]
    pool.spaces[slot, 6, 0] = 0
    pool.num_placed[slot] = 0
    pool.left[slot] = quantity
    num_blocks = cargo.size_mm.shape[0]
    for i in range(num_blocks):
        pool.following[slot, i] = i + 1
    pool.following[slot, num_blocks] = 0
    pool.value[slot] = 0
    pool.volume[slot] = 0
    pool.key[slot] = 0
    _refresh_least_edge(pool, slot, cargo)


@njit(cache=True, nogil=True)
def refresh_reach(pool, slot, cargo, used):  # type: ignore[no-untyped-def]
    """Solve the knapsack of edge lengths of the items left, along each axis (the loss estimate of VCS)."""
    reach = pool.reach[slot % pool.reach.shape[0]]
    for d in range(3):
        length = cargo.container_mm[d]
        row = reach[d]
        for v in range(1, length + 1):
            row[v] = -1
        row[0] = 0
        for i in range(cargo.box_type.shape[0]):
            edge = cargo.box_mm[i, d]
            count = pool.left[slot, cargo.box_type[i]]
            if count == 0 or edge > length:
                continue
            repeated = False
            for j in range(i):
                if cargo.box_type[j] == cargo.box_type[i] and cargo.box_mm[j, d] == edge:
                    repeated = True
            if repeated:
                continue
            for v in range(length + 1):
                used[v] = 0
            for v in range(edge, length + 1):
                if row[v] < 0 and row[v - edge] >= 0 and used[v - edge] < count:
                    row[v] = v
                    used[v] = used[v - edge] + 1
        for v in range(1, length + 1):
            if row[v] < 0:
                row[v] = row[v - 1]


@njit(cache=True, nogil=True)
def _choose_space(pool, slot):  # type: ignore[no-untyped-def]
    """Find the space nearest a corner of the container, the largest of equals."""
    best = -1
    best_volume = np.int64(-1)
    best_distance = np.int32(_DEAD - 1)
    spaces = pool.spaces
    for i in range(np.int64(pool.num_spaces[slot])):
        distance = spaces[slot, 6, i]
        if distance > best_distance:
            continue
        volume = np.int64(spaces[slot, 3, i] - spaces[slot, 0, i]) * (spaces[slot, 4, i] - spaces[slot, 1, i])
        volume *= spaces[slot, 5, i] - spaces[slot, 2, i]
        if distance < best_distance or volume > best_volume:
            best = i
            best_volume = volume
            best_distance = distance
    return best


@njit(cache=True, nogil=True)
def _mirrored(space, container_mm, supported):  # type: ignore[no-untyped-def]
    """Tell along which axes the anchor corner of a space is the far one, as bits."""
    bits = 0
    for d in range(3):
        if container_mm[d] - space[d + 3] < space[d] and not (supported and d == 2):
            bits |= 1 << d
    return bits


@njit(cache=True, nogil=True)
def _note_neighbour(pool, thread, face, gap, low_1, high_1, low_2, high_2):  # type: ignore[no-untyped-def]
    k = pool.num_neighbours[thread, face]
    pool.num_neighbours[thread, face] = k + 1
    row = pool.neighbours[thread, face, k]
    row[0] = gap
    row[1] = low_1
    row[2] = high_1
    row[3] = low_2
    row[4] = high_2


@njit(cache=True, nogil=True)
def _find_neighbours(pool, slot, thread, space, bits, container_mm, slack):  # type: ignore[no-untyped-def]
    """List the walls and placed blocks close to the six faces of a space, in coordinates from its anchor corner."""
    edge = pool.cut[thread, 0]
    low = pool.cut[thread, 1]
    high = pool.cut[thread, 2]
    for f in range(6):
        pool.num_neighbours[thread, f] = 0
    for d in range(3):
        edge[d] = space[d + 3] - space[d]
        before = space[d]
        after = container_mm[d] - space[d + 3]
        if bits & (1 << d):
            before, after = after, before
        tolerance = np.int32(slack * edge[d])
        if before <= tolerance:
            _note_neighbour(pool, thread, d, before, 0, 1 << 30, 0, 1 << 30)
        if after <= tolerance:
            _note_neighbour(pool, thread, d + 3, after + edge[d], 0, 1 << 30, 0, 1 << 30)
    for i in range(np.int64(pool.num_placed[slot])):
        placed = pool.placed[slot, i]
        apart = -1
        meets = 0
        for d in range(3):
            if bits & (1 << d):
                low[d] = space[d + 3] - placed[d + 3]
                high[d] = space[d + 3] - placed[d]
            else:
                low[d] = placed[d] - space[d]
                high[d] = placed[d + 3] - space[d]
            if low[d] < edge[d] and high[d] > 0:
                meets += 1
                low[d] = max(low[d], 0)
            else:
                apart = d
        if meets != 2:
            continue
        tolerance = np.int32(slack * edge[apart])
        d1 = 1 if apart == 0 else 0
        d2 = 1 if apart == 2 else 2
        if high[apart] <= 0:
            if -high[apart] <= tolerance:
                _note_neighbour(pool, thread, apart, -high[apart], low[d1], high[d1], low[d2], high[d2])
        elif low[apart] - edge[apart] <= tolerance:
            _note_neighbour(pool, thread, apart + 3, low[apart], low[d1], high[d1], low[d2], high[d2])


@njit(cache=True, nogil=True)
def _touching(rows, count, thread, face, limit, edge_1, edge_2):  # type: ignore[no-untyped-def]
    """Area of one block face that lies within ``limit`` of neighbours, at most the face."""
    whole = np.int64(edge_1) * edge_2
    area = np.int64(0)
    for k in range(count[thread, face]):
        if rows[thread, face, k, 0] <= limit:
            along = min(edge_1, rows[thread, face, k, 2]) - rows[thread, face, k, 1]
            across = min(edge_2, rows[thread, face, k, 4]) - rows[thread, face, k, 3]
            if along > 0 and across > 0:
                area += np.int64(along) * across
                if area >= whole:
                    return whole
    return area


@njit(cache=True, nogil=True)
def _scan_blocks(pool, slot, thread, cargo, rule, regime, reach_slot, most, action_block, action_score):  # type: ignore[no-untyped-def]
    """Collect the ``most`` best blocks by VCS for the space in hand in a heap; give how many there are.

    A block's value, the room it wastes and the faces it can reach bound its score, in this order, so most blocks are passed
    over before their contact is measured. Blocks that can never be used again leave the list.
    """
    edge_a = pool.cut[thread, 0, 0]
    edge_b = pool.cut[thread, 0, 1]
    edge_c = pool.cut[thread, 0, 2]
    extent_a, extent_b, extent_c = _largest_extent(pool, slot)
    per_space = 1.0 / np.float64(np.int64(edge_a) * edge_b * edge_c)
    slack = rule.slack[regime]
    following = pool.following
    left = pool.left
    reach = pool.reach
    size = cargo.size_mm
    base_of = rule.base
    ceiling = rule.ceiling
    contact_power = rule.contact_power
    use_power = rule.use_power
    per_surface = cargo.per_surface
    content_start = cargo.content_start
    rows = pool.neighbours
    counts = pool.num_neighbours
    count = 0
    worst = 0.0
    before = 0
    node = following[slot, 0]
    while node != 0:
        block = node - 1
        if ceiling[regime, block] <= worst:
            break
        after = following[slot, node]
        a = size[block, 0]
        b = size[block, 1]
        c = size[block, 2]
        if a > edge_a or b > edge_b or c > edge_c:
            if a > extent_a or b > extent_b or c > extent_c:
                following[slot, before] = after
            else:
                before = node
            node = after
            continue
        base = base_of[regime, block]
        slack_a = np.int32(slack * a)
        slack_b = np.int32(slack * b)
        slack_c = np.int32(slack * c)
        far_a = edge_a - a <= slack_a
        far_b = edge_b - b <= slack_b
        far_c = edge_c - c <= slack_c
        face_a = np.int64(b) * c
        face_b = np.int64(a) * c
        face_c = np.int64(a) * b
        most_contact = face_a * (1 + far_a) + face_b * (1 + far_b) + face_c * (1 + far_c)
        scale = _STEPS * per_surface[block]
        if base * contact_power[regime, np.int64(scale * most_contact + 0.5)] <= worst:
            before = node
            node = after
            continue
        usable = np.int64(a + reach[reach_slot, 0, edge_a - a]) * (b + reach[reach_slot, 1, edge_b - b])
        usable *= c + reach[reach_slot, 2, edge_c - c]
        base *= use_power[regime, np.int64(_STEPS * (np.float64(usable) * per_space) + 0.5)]
        if base * contact_power[regime, np.int64(scale * most_contact + 0.5)] <= worst:
            before = node
            node = after
            continue
        enough = True
        for k in range(content_start[block], content_start[block + 1]):
            if cargo.content_count[k] > left[slot, cargo.content_type[k]]:
                enough = False
                break
        if not enough:
            following[slot, before] = after
            node = after
            continue
        area = _touching(rows, counts, thread, 0, slack_a, b, c)
        area += _touching(rows, counts, thread, 1, slack_b, a, c)
        area += _touching(rows, counts, thread, 2, slack_c, a, b)
        if far_a:
            area += _touching(rows, counts, thread, 3, slack_a + a, b, c)
        if far_b:
            area += _touching(rows, counts, thread, 4, slack_b + b, a, c)
        if far_c:
            area += _touching(rows, counts, thread, 5, slack_c + c, a, b)
        score = base * contact_power[regime, np.int64(scale * area + 0.5)]
        if score > worst:
            count = _push(action_score, action_block, count, most, score, block)
            if count == most:
                worst = action_score[0]
        before = node
        node = after
    return count


@njit(cache=True, nogil=True)
def _largest_extent(pool, slot):  # type: ignore[no-untyped-def]
    """Longest edge of any space along each axis."""
    a = b = c = 0
    for i in range(np.int64(pool.num_spaces[slot])):
        a = max(a, pool.spaces[slot, 3, i] - pool.spaces[slot, 0, i])
        b = max(b, pool.spaces[slot, 4, i] - pool.spaces[slot, 1, i])
        c = max(c, pool.spaces[slot, 5, i] - pool.spaces[slot, 2, i])
    return a, b, c


@njit(cache=True, nogil=True)
def _move_space(spaces, slot, source, target):  # type: ignore[no-untyped-def]
    # element by element: numba copies rows through slices several times slower
    for d in range(7):
        spaces[slot, d, target] = spaces[slot, d, source]


@njit(cache=True, nogil=True)
def _drop_space(pool, slot, i, supported):  # type: ignore[no-untyped-def]
    """Give up a space; on top of a block it stays as a sleeper that a neighbour of the same height may yet widen."""
    if supported and pool.spaces[slot, 2, i] > 0:
        pool.spaces[slot, 6, i] = _DEAD
        return
    n = pool.num_spaces[slot] - 1
    _move_space(pool.spaces, slot, n, i)
    pool.num_spaces[slot] = n


@njit(cache=True, nogil=True)
def _add_space(spaces, slot, n, first_new, least, container, supported, x1, y1, z1, x2, y2, z2):  # type: ignore[no-untyped-def]
    """Add a space unless it is of no use or lies in another; drop the new ones that lie in it. Gives the count of spaces."""
    small = x2 - x1 < least[0] or y2 - y1 < least[1] or z2 - z1 < least[2]
    if (small and not (supported and z1 > 0)) or n >= spaces.shape[2]:
        return n
    # no early exit, so that the compiler compares many spaces at once
    inside = 0
    for i in range(n):
        inside |= (
            (x1 >= spaces[slot, 0, i])
            & (x2 <= spaces[slot, 3, i])
            & (y1 >= spaces[slot, 1, i])
            & (y2 <= spaces[slot, 4, i])
            & (z1 >= spaces[slot, 2, i])
            & (z2 <= spaces[slot, 5, i])
        )
    if inside:
        return n
    holds = 0
    for i in range(first_new, n):
        holds |= (
            (x1 <= spaces[slot, 0, i])
            & (x2 >= spaces[slot, 3, i])
            & (y1 <= spaces[slot, 1, i])
            & (y2 >= spaces[slot, 4, i])
            & (z1 <= spaces[slot, 2, i])
            & (z2 >= spaces[slot, 5, i])
        )
    kept = n
    if holds:
        kept = first_new
        for i in range(first_new, n):
            if not (
                x1 <= spaces[slot, 0, i]
                and x2 >= spaces[slot, 3, i]
                and y1 <= spaces[slot, 1, i]
                and y2 >= spaces[slot, 4, i]
                and z1 <= spaces[slot, 2, i]
                and z2 >= spaces[slot, 5, i]
            ):
                if kept != i:
                    _move_space(spaces, slot, i, kept)
                kept += 1
    far = z1 if supported else min(z1, container[2] - z2)
    spaces[slot, 0, kept] = x1
    spaces[slot, 1, kept] = y1
    spaces[slot, 2, kept] = z1
    spaces[slot, 3, kept] = x2
    spaces[slot, 4, kept] = y2
    spaces[slot, 5, kept] = z2
    spaces[slot, 6, kept] = _DEAD if small else min(x1, container[0] - x2) + min(y1, container[1] - y2) + far
    return kept + 1


@njit(cache=True, nogil=True)
def _join_pair(spaces, slot, n, least, container, i, j, level):  # type: ignore[no-untyped-def]
    """Add the space that two on one level make together across their common edge, if that is new."""
    ax1 = spaces[slot, 0, i]
    ay1 = spaces[slot, 1, i]
    ax2 = spaces[slot, 3, i]
    ay2 = spaces[slot, 4, i]
    bx1 = spaces[slot, 0, j]
    by1 = spaces[slot, 1, j]
    bx2 = spaces[slot, 3, j]
    by2 = spaces[slot, 4, j]
    high = min(spaces[slot, 5, i], spaces[slot, 5, j])
    low = max(ay1, by1)
    top = min(ay2, by2)
    if ax2 >= bx1 and ax1 < bx1 and ax2 < bx2 and top > low:
        return _add_space(spaces, slot, n, n, least, container, True, ax1, low, level, bx2, top, high)
    low = max(ax1, bx1)
    top = min(ax2, bx2)
    if ay2 >= by1 and ay1 < by1 and ay2 < by2 and top > low:
        return _add_space(spaces, slot, n, n, least, container, True, low, ay1, level, top, by2, high)
    return n


@njit(cache=True, nogil=True)
def _join_spaces(spaces, slot, n, least, container, level):  # type: ignore[no-untyped-def]
    """Join spaces that stand on the same level and meet, so that a block may stand across several blocks."""
    i = 0
    while i < n:
        if spaces[slot, 2, i] == level:
            for j in range(n):
                if j < i and spaces[slot, 2, j] == level:
                    n = _join_pair(spaces, slot, n, least, container, i, j, level)
                    n = _join_pair(spaces, slot, n, least, container, j, i, level)
        i += 1
    # joined spaces may hold the ones they came from
    kept = 0
    for i in range(n):
        held = False
        for j in range(n):
            if (
                j != i
                and spaces[slot, 2, i] == level
                and spaces[slot, 2, j] == level
                and spaces[slot, 0, i] >= spaces[slot, 0, j]
                and spaces[slot, 1, i] >= spaces[slot, 1, j]
                and spaces[slot, 3, i] <= spaces[slot, 3, j]
                and spaces[slot, 4, i] <= spaces[slot, 4, j]
                and spaces[slot, 5, i] <= spaces[slot, 5, j]
            ):
                held = True
                break
        if held:
            spaces[slot, 2, i] = -1
    for i in range(n):
        if spaces[slot, 2, i] >= 0:
            if kept != i:
                _move_space(spaces, slot, i, kept)
            kept += 1
    return kept


@njit(cache=True, nogil=True)
def _cut_spaces(pool, slot, thread, cargo, m):  # type: ignore[no-untyped-def]
    """Take the ``m``-th placed block out of every space it meets (maximal spaces; fully supported ones when asked)."""
    spaces = pool.spaces
    cut = pool.cut
    bx1 = pool.placed[slot, m, 0]
    by1 = pool.placed[slot, m, 1]
    bz1 = pool.placed[slot, m, 2]
    bx2 = pool.placed[slot, m, 3]
    by2 = pool.placed[slot, m, 4]
    bz2 = pool.placed[slot, m, 5]
    supported = cargo.supported
    least = (pool.least_edge[slot, 0], pool.least_edge[slot, 1], pool.least_edge[slot, 2])
    container = (cargo.container_mm[0], cargo.container_mm[1], cargo.container_mm[2])
    kept = 0
    last_cut = 8
    for i in range(np.int64(pool.num_spaces[slot])):
        x1 = spaces[slot, 0, i]
        y1 = spaces[slot, 1, i]
        z1 = spaces[slot, 2, i]
        x2 = spaces[slot, 3, i]
        y2 = spaces[slot, 4, i]
        z2 = spaces[slot, 5, i]
        if bx1 < x2 and bx2 > x1 and by1 < y2 and by2 > y1 and bz1 < z2 and bz2 > z1:
            for d in range(6):
                cut[thread, last_cut, d] = spaces[slot, d, i]
            last_cut += 1
        elif (supported and z1 > 0) or (x2 - x1 >= least[0] and y2 - y1 >= least[1] and z2 - z1 >= least[2]):
            if kept != i:
                _move_space(spaces, slot, i, kept)
            kept += 1
    n = kept
    for i in range(8, last_cut):
        x1 = cut[thread, i, 0]
        y1 = cut[thread, i, 1]
        z1 = cut[thread, i, 2]
        x2 = cut[thread, i, 3]
        y2 = cut[thread, i, 4]
        z2 = cut[thread, i, 5]
        if bx1 > x1:
            n = _add_space(spaces, slot, n, kept, least, container, supported, x1, y1, z1, bx1, y2, z2)
        if bx2 < x2:
            n = _add_space(spaces, slot, n, kept, least, container, supported, bx2, y1, z1, x2, y2, z2)
        if by1 > y1:
            n = _add_space(spaces, slot, n, kept, least, container, supported, x1, y1, z1, x2, by1, z2)
        if by2 < y2:
            n = _add_space(spaces, slot, n, kept, least, container, supported, x1, by2, z1, x2, y2, z2)
        if bz1 > z1:
            n = _add_space(spaces, slot, n, kept, least, container, supported, x1, y1, z1, x2, y2, bz1)
        if bz2 < z2 and not supported:
            n = _add_space(spaces, slot, n, kept, least, container, supported, x1, y1, bz2, x2, y2, z2)
    if supported and bz2 < container[2]:
        block = pool.placed[slot, m, 6]
        bits = pool.placed[slot, m, 7]
        if bits & 1:
            bx1 = bx2 - cargo.top_mm[block, 0]
        else:
            bx2 = bx1 + cargo.top_mm[block, 0]
        if bits & 2:
            by1 = by2 - cargo.top_mm[block, 1]
        else:
            by2 = by1 + cargo.top_mm[block, 1]
        n = _add_space(spaces, slot, n, n, least, container, True, bx1, by1, bz2, bx2, by2, container[2])
        n = _join_spaces(spaces, slot, n, least, container, bz2)
    pool.num_spaces[slot] = n


@njit(cache=True, nogil=True)
def _spread(value):  # type: ignore[no-untyped-def]
    """Hash a number to 61 bits, by products that cannot overflow."""
    for _ in range(2):
        value = ((value & _LOW) * 1103515245) ^ ((value >> 31) * 1812433253)
        value = (value ^ (value >> 29)) & _MASK
    return value


@njit(cache=True, nogil=True)
def child_key(pool, slot, cargo, block, space, bits):  # type: ignore[no-untyped-def]
    """Hash the state that putting a block into the anchor corner of a space leads to; the order of placing does not matter."""
    where = np.int64(0)
    for d in range(3):
        low = space[d + 3] - cargo.size_mm[block, d] if bits & (1 << d) else space[d]
        where = where * 1048583 + low
    return (pool.key[slot] + _spread(_spread(where & _MASK) + block + 1)) & _MASK


@njit(cache=True, nogil=True)
def place_block(pool, slot, thread, cargo, block, space, bits):  # type: ignore[no-untyped-def]
    """Put a block into the anchor corner of a space of a state."""
    pool.key[slot] = child_key(pool, slot, cargo, block, space, bits)
    m = np.int64(pool.num_placed[slot])
    placed = pool.placed
    for d in range(3):
        if bits & (1 << d):
            placed[slot, m, d + 3] = space[d + 3]
            placed[slot, m, d] = space[d + 3] - cargo.size_mm[block, d]
        else:
            placed[slot, m, d] = space[d]
            placed[slot, m, d + 3] = space[d] + cargo.size_mm[block, d]
    placed[slot, m, 6] = block
    placed[slot, m, 7] = bits
    pool.num_placed[slot] = m + 1
    exhausted = False
    for k in range(cargo.content_start[block], cargo.content_start[block + 1]):
        t = cargo.content_type[k]
        pool.left[slot, t] -= cargo.content_count[k]
        exhausted = exhausted or pool.left[slot, t] == 0
    if exhausted:
        _refresh_least_edge(pool, slot, cargo)
    pool.value[slot] += cargo.value[block]
    pool.volume[slot] += cargo.volume[block]
    _cut_spaces(pool, slot, thread, cargo, m)


@njit(cache=True, nogil=True)
def _next_actions(pool, slot, thread, cargo, rule, reach_slot, most, action_block, action_score):  # type: ignore[no-untyped-def]
    """Find the space a state fills next and its best blocks; spaces that take no block are given up.

    The space is left in ``pool.cut[thread, 4]``. Gives the number of blocks and the mirrored axes as bits.
    """
    while pool.num_spaces[slot] > 0 and pool.num_placed[slot] < pool.placed.shape[1]:
        s = _choose_space(pool, slot)
        if s < 0:
            break
        space = pool.cut[thread, 4]
        for d in range(7):
            space[d] = pool.spaces[slot, d, s]
        regime = 1 if pool.volume[slot] >= rule.switch_volume[0] else 0
        bits = _mirrored(space, cargo.container_mm, cargo.supported)
        _find_neighbours(pool, slot, thread, space, bits, cargo.container_mm, rule.slack[regime])
        count = _scan_blocks(pool, slot, thread, cargo, rule, regime, reach_slot, most, action_block, action_score)
        if count > 0:
            return count, bits
        _drop_space(pool, slot, s, cargo.supported)
    return 0, 0


@njit(cache=True, nogil=True)
def complete(pool, slot, thread, cargo, rule, reach_slot):  # type: ignore[no-untyped-def]
    """Complete a state greedily with the best block at each step."""
    block = pool.best_block[thread]
    score = pool.best_score[thread]
    while True:
        count, bits = _next_actions(pool, slot, thread, cargo, rule, reach_slot, 1, block, score)
        if count == 0:
            return pool.value[slot]
        place_block(pool, slot, thread, cargo, block[0], pool.cut[thread, 4], bits)


@njit(cache=True, nogil=True)
def list_actions(pool, slot, cargo, rule, most, work, actions, first):  # type: ignore[no-untyped-def]
    """Append the ``most`` best blocks for the space a state fills next to ``actions`` from row ``first``, best first.

    Gives the number of rows after it.
    """
    refresh_reach(pool, slot, cargo, work.used)
    reach_slot = slot % pool.reach.shape[0]
    block = work.block
    score = work.score
    most = min(most, block.shape[0])
    count, bits = _next_actions(pool, slot, 0, cargo, rule, reach_slot, most, block, score)
    _sort_heap(score, block, count)
    for i in range(count):
        row = first + i
        actions.parent[row] = slot
        actions.block[row] = block[i]
        for d in range(6):
            actions.space[row, d] = pool.cut[0, 4, d]
        actions.mirrored[row] = bits
        actions.key[row] = child_key(pool, slot, cargo, block[i], actions.space[row], bits)
    return first + count


@njit(cache=True, nogil=True)
def _push(score, block, count, most, new_score, new_block):  # type: ignore[no-untyped-def]
    """Push onto a heap of the best, worst on top, replacing the worst when it is full."""
    if count < most:
        i = count
        count += 1
        while i > 0 and score[(i - 1) // 2] > new_score:
            score[i] = score[(i - 1) // 2]
            block[i] = block[(i - 1) // 2]
            i = (i - 1) // 2
    else:
        i = _sink(score, block, count, new_score)
    score[i] = new_score
    block[i] = new_block
    return count


@njit(cache=True, nogil=True)
def _sink(score, block, count, new_score):  # type: ignore[no-untyped-def]
    """Move the hole at the top of the heap down to where a score belongs."""
    i = 0
    while True:
        child = 2 * i + 1
        if child >= count:
            return i
        if child + 1 < count and score[child + 1] < score[child]:
            child += 1
        if score[child] >= new_score:
            return i
        score[i] = score[child]
        block[i] = block[child]
        i = child


@njit(cache=True, nogil=True)
def _sort_heap(score, block, count):  # type: ignore[no-untyped-def]
    """Turn the heap into a list, best first."""
    for n in range(count - 1, 0, -1):
        top_score = score[0]
        top_block = block[0]
        i = _sink(score, block, n, score[n])
        score[i] = score[n]
        block[i] = block[n]
        score[n] = top_score
        block[n] = top_block


@njit(cache=True, nogil=True)
def apply_action(pool, slot, thread, cargo, actions, row):  # type: ignore[no-untyped-def]
    """Write the state an action leads to into a slot."""
    copy_state(pool, actions.parent[row], slot)
    place_block(pool, slot, thread, cargo, actions.block[row], actions.space[row], actions.mirrored[row])


@njit(cache=True, nogil=True)
def try_actions(pool, scratch, best_slot, thread, cargo, rule, actions, rows, best_value):  # type: ignore[no-untyped-def]
    """Complete the states that some actions lead to greedily; the first best beyond ``best_value`` is kept in a slot.

    Gives the best value and the row that led to it, or -1.
    """
    best_row = np.int64(-1)
    for i in range(rows.shape[0]):
        row = rows[i]
        apply_action(pool, scratch, thread, cargo, actions, row)
        value = complete(pool, scratch, thread, cargo, rule, actions.parent[row] % pool.reach.shape[0])
        actions.value[row] = value
        if value > best_value:
            best_value = value
            best_row = row
            copy_state(pool, scratch, best_slot)
    return best_value, best_row
