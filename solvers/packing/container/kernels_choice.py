"""Kernels that choose the blocks for a space (VCS; see ``kernels_search``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from solvers.packing.container.kernels_state import ZERO

if TYPE_CHECKING:
    import numpy.typing as npt

    from solvers.packing.container.kernels_state import Cargo, Pool, Rule

    Array = npt.NDArray[Any]

_STEPS = 2048


@njit(cache=True, nogil=True)
def _note_neighbour(
    pool: Pool, thread: int, face: int, gap: int, low_1: int, high_1: int, low_2: int, high_2: int
) -> None:
    k = pool.num_neighbours[thread, face]
    pool.num_neighbours[thread, face] = k + 1
    rows = pool.neighbours
    rows[thread, face, k, 0] = gap
    rows[thread, face, k, 1] = low_1
    rows[thread, face, k, 2] = high_1
    rows[thread, face, k, 3] = low_2
    rows[thread, face, k, 4] = high_2


@njit(cache=True, nogil=True)
def find_neighbours(
    pool: Pool, slot: int, thread: int, space: Array, bits: int, container_mm: Array, slack: float
) -> None:
    """List the walls and placed blocks close to the six faces of a space, in coordinates from its anchor corner."""
    edge = pool.cut[thread, 0]
    low = pool.cut[thread, 1]
    high = pool.cut[thread, 2]
    endless = ZERO + (1 << 30)
    for f in range(6):
        pool.num_neighbours[thread, f] = 0
    for d in range(3):
        edge[d] = space[d + 3] - space[d]
        before = int(space[d])
        after = int(container_mm[d]) - int(space[d + 3])
        if bits & (1 << d):
            before, after = after, before
        tolerance = int(slack * edge[d])
        if before <= tolerance:
            _note_neighbour(pool, thread, d, before, ZERO, endless, ZERO, endless)
        if after <= tolerance:
            _note_neighbour(pool, thread, d + 3, after + int(edge[d]), ZERO, endless, ZERO, endless)
    for i in range(int(pool.num_placed[slot])):
        apart = ZERO
        meets = 0
        for d in range(3):
            if bits & (1 << d):
                low[d] = space[d + 3] - pool.placed[slot, i, d + 3]
                high[d] = space[d + 3] - pool.placed[slot, i, d]
            else:
                low[d] = pool.placed[slot, i, d] - space[d]
                high[d] = pool.placed[slot, i, d + 3] - space[d]
            if low[d] < edge[d] and high[d] > 0:
                meets += 1
                low[d] = max(low[d], 0)
            else:
                apart = ZERO + d
        if meets != 2:
            continue
        tolerance = int(slack * edge[apart])
        d1 = 1 if apart == 0 else 0
        d2 = 1 if apart == 2 else 2
        face = apart
        gap = -int(high[apart])
        if high[apart] > 0:
            face = apart + 3
            gap = int(low[apart])
            tolerance += int(edge[apart])
        if gap <= tolerance:
            _note_neighbour(pool, thread, face, gap, int(low[d1]), int(high[d1]), int(low[d2]), int(high[d2]))


@njit(cache=True, nogil=True)
def _touching(rows: Array, count: Array, thread: int, face: int, limit: int, edge_1: int, edge_2: int) -> int:
    """Area of one block face that lies within ``limit`` of neighbours, at most the face."""
    whole = edge_1 * edge_2
    area = 0
    for k in range(count[thread, face]):
        if rows[thread, face, k, 0] <= limit:
            along = min(edge_1, int(rows[thread, face, k, 2])) - int(rows[thread, face, k, 1])
            across = min(edge_2, int(rows[thread, face, k, 4])) - int(rows[thread, face, k, 3])
            if along > 0 and across > 0:
                area += along * across
                if area >= whole:
                    return whole
    return area


@njit(cache=True, nogil=True)
def write_menu(pool: Pool, slot: int, cargo: Cargo, rule: Rule) -> None:
    """List the blocks that a state can still use, so that it and its descendants look at no others."""
    menu = slot % pool.menu_block.shape[0]
    n = 0
    for block in range(cargo.size_mm.shape[0]):
        enough = True
        for k in range(cargo.content_start[block], cargo.content_start[block + 1]):
            if cargo.content_count[k] > pool.left[slot, cargo.content_type[k]]:
                enough = False
                break
        if enough:
            pool.menu_block[menu, n] = block
            for d in range(3):
                pool.menu_size[menu, d, n] = cargo.size_mm[block, d]
            pool.menu_base[menu, 0, n] = rule.base[0, block]
            pool.menu_base[menu, 1, n] = rule.base[1, block]
            pool.menu_surface[menu, n] = cargo.per_surface[block]
            n += 1
    pool.num_menu[menu] = n


@njit(cache=True, nogil=True)
def _find_promising(
    pool: Pool, thread: int, menu: int, start: int, stop: int, regime: int, slack: float, worst: float
) -> int:
    """Note which menu entries fit the space in hand and may score more than ``worst`` by their base and the faces they reach.

    Both loops are free of branches and run over slices: the first is computed for several entries at once, and what the
    second finds is hard to foretell.
    """
    edges_a = pool.menu_size[menu, 0, start:stop]
    edges_b = pool.menu_size[menu, 1, start:stop]
    edges_c = pool.menu_size[menu, 2, start:stop]
    bases = pool.menu_base[menu, regime, start:stop]
    per_surface = pool.menu_surface[menu, start:stop]
    most_score = pool.most_score[thread, : stop - start]
    out = pool.fitting
    edge_a = np.float64(pool.cut[thread, 0, 0])
    edge_b = np.float64(pool.cut[thread, 0, 1])
    edge_c = np.float64(pool.cut[thread, 0, 2])
    # a hair above, so that rounding never hides a block
    reachable = 1.0 + slack + 1e-12
    for i in range(len(most_score)):
        a = np.float64(edges_a[i])
        b = np.float64(edges_b[i])
        c = np.float64(edges_c[i])
        far_a = 2.0 if a * reachable >= edge_a else 1.0
        far_b = 2.0 if b * reachable >= edge_b else 1.0
        far_c = 2.0 if c * reachable >= edge_c else 1.0
        contact = (b * c * far_a + a * c * far_b + a * b * far_c) * per_surface[i] + 1e-3
        # alpha is 2 or more, so the square is a bound
        bound = bases[i] * contact * contact
        most_score[i] = bound if (a <= edge_a) & (b <= edge_b) & (c <= edge_c) else -1.0
    n = 0
    for i in range(len(most_score)):
        out[thread, n] = start + i
        n += most_score[i] > worst
    return n


@njit(cache=True, nogil=True)
def scan_blocks(
    pool: Pool,
    slot: int,
    thread: int,
    cargo: Cargo,
    rule: Rule,
    regime: int,
    parent: int,
    most: int,
    action_block: Array,
    action_score: Array,
) -> int:
    """Collect the ``most`` best blocks by VCS for the space in hand in a heap; give how many there are.

    A block's value, the faces it can reach and the room it wastes bound its score, in this order, so most blocks are passed
    over before their contact is measured.
    """
    edge_a = int(pool.cut[thread, 0, 0])
    edge_b = int(pool.cut[thread, 0, 1])
    edge_c = int(pool.cut[thread, 0, 2])
    per_space = 1.0 / (edge_a * edge_b * edge_c)
    slack = rule.slack[regime]
    menu = parent % pool.menu_block.shape[0]
    reach_slot = parent % pool.reach.shape[0]
    menu_block = pool.menu_block
    fitting = pool.fitting
    left = pool.left
    reach = pool.reach
    base_of = rule.base
    contact_power = rule.contact_power
    use_power = rule.use_power
    per_surface = cargo.per_surface
    content_start = cargo.content_start
    rows = pool.neighbours
    counts = pool.num_neighbours
    num_menu = int(pool.num_menu[menu])
    count = ZERO
    worst = 0.0
    for start in range(0, num_menu, fitting.shape[1]):
        if rule.ceiling[regime, menu_block[menu, start]] <= worst:
            break
        stop = min(start + fitting.shape[1], num_menu)
        num_fitting = _find_promising(pool, thread, menu, start, stop, regime, slack, worst)
        for j in range(num_fitting):
            i = fitting[thread, j]
            block = menu_block[menu, i]
            base = base_of[regime, block]
            if base <= worst:
                continue
            a = int(pool.menu_size[menu, 0, i])
            b = int(pool.menu_size[menu, 1, i])
            c = int(pool.menu_size[menu, 2, i])
            slack_a = int(slack * a)
            slack_b = int(slack * b)
            slack_c = int(slack * c)
            far_a = edge_a - a <= slack_a
            far_b = edge_b - b <= slack_b
            far_c = edge_c - c <= slack_c
            most_contact = b * c * (1 + far_a) + a * c * (1 + far_b) + a * b * (1 + far_c)
            scale = _STEPS * per_surface[block]
            most_power = contact_power[regime, int(scale * most_contact + 0.5)]
            if base * most_power <= worst:
                continue
            usable = (a + reach[reach_slot, 0, edge_a - a]) * (b + reach[reach_slot, 1, edge_b - b])
            usable *= c + reach[reach_slot, 2, edge_c - c]
            base *= use_power[regime, int(_STEPS * (usable * per_space) + 0.5)]
            if base * most_power <= worst:
                continue
            enough = True
            for k in range(content_start[block], content_start[block + 1]):
                if cargo.content_count[k] > left[slot, cargo.content_type[k]]:
                    enough = False
                    break
            if not enough:
                continue
            area = 0
            for axis in range(3):
                edge = a if axis == 0 else b if axis == 1 else c
                slack_edge = slack_a if axis == 0 else slack_b if axis == 1 else slack_c
                edge_1 = b if axis == 0 else a
                edge_2 = b if axis == 2 else c
                area += _touching(rows, counts, thread, axis, slack_edge, edge_1, edge_2)
                if far_a if axis == 0 else far_b if axis == 1 else far_c:
                    area += _touching(rows, counts, thread, axis + 3, slack_edge + edge, edge_1, edge_2)
            score = base * contact_power[regime, int(scale * area + 0.5)]
            if score > worst:
                count = _push(action_score, action_block, count, most, score, block)
                if count == most:
                    worst = action_score[0]
    return int(count)


@njit(cache=True, nogil=True)
def _push(score: Array, block: Array, count: int, most: int, new_score: float, new_block: int) -> int:
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
def _sink(score: Array, block: Array, count: int, new_score: float) -> int:
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
def sort_heap(score: Array, block: Array, count: int) -> None:
    """Turn the heap into a list, best first."""
    for n in range(count - 1, 0, -1):
        top_score = score[0]
        top_block = block[0]
        i = _sink(score, block, n, score[n])
        score[i] = score[n]
        block[i] = block[n]
        score[n] = top_score
        block[n] = top_block
