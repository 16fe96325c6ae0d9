"""Kernels of the beam search that loads one container: empty spaces, the choice of a block, greedy completion.

The search is BSG (Araya and Riff 2014, "A beam search approach to the container loading problem") with the block choice of
VCS (Araya, Guerrero and Nuñez 2017, "VCS: a new heuristic function for selecting boxes in the single container loading
problem") over maximal empty spaces (Parreño et al. 2008). Every state is one slot of a pool of arrays; a block is always
put into the corner of its space that lies nearest a corner of the container, and geometry is mirrored so that this corner
is the origin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numba import njit

from solvers.packing.container.kernels_choice import find_neighbours, scan_blocks, sort_heap, write_menu
from solvers.packing.container.kernels_spaces import choose_space, cut_spaces, drop_space, mirrored_axes
from solvers.packing.container.kernels_state import MASK, copy_state, hashed

if TYPE_CHECKING:
    import numpy.typing as npt

    from solvers.packing.container.kernels_state import Actions, Cargo, Pool, Rule, Work

    Array = npt.NDArray[Any]


@njit(cache=True, nogil=True)
def _refresh_least_edge(pool: Pool, slot: int, cargo: Cargo) -> None:
    """Note the shortest edges that are left along each axis."""
    for d in range(3):
        pool.least_edge[slot, d] = 1 << 30
    for i in range(cargo.box_type.shape[0]):
        if pool.left[slot, cargo.box_type[i]] > 0:
            for d in range(3):
                pool.least_edge[slot, d] = min(pool.least_edge[slot, d], cargo.box_mm[i, d])


@njit(cache=True, nogil=True)
def start_state(pool: Pool, slot: int, cargo: Cargo, quantity: Array) -> None:
    """Write the empty container into a slot."""
    pool.num_spaces[slot] = 1
    for d in range(3):
        pool.spaces[slot, d, 0] = 0
        pool.spaces[slot, d + 3, 0] = cargo.container_mm[d]
    pool.spaces[slot, 6, 0] = 0
    pool.num_placed[slot] = 0
    pool.left[slot] = quantity
    pool.value[slot] = 0
    pool.volume[slot] = 0
    pool.key[slot] = 0
    _refresh_least_edge(pool, slot, cargo)


@njit(cache=True, nogil=True)
def refresh_reach(pool: Pool, slot: int, cargo: Cargo, used: Array) -> None:
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
def child_key(pool: Pool, slot: int, cargo: Cargo, block: int, space: Array, bits: int) -> int:
    """Hash the state that putting a block into the anchor corner of a space leads to; the order of placing does not matter."""
    where = 0
    for d in range(3):
        low = space[d + 3] - cargo.size_mm[block, d] if bits & (1 << d) else space[d]
        where = where * 1048583 + int(low)
    return int((pool.key[slot] + hashed(hashed(where & MASK) + int(block) + 1)) & MASK)


@njit(cache=True, nogil=True)
def place_block(pool: Pool, slot: int, thread: int, cargo: Cargo, block: int, space: Array, bits: int) -> None:
    """Put a block into the anchor corner of a space of a state."""
    pool.key[slot] = child_key(pool, slot, cargo, block, space, bits)
    m = int(pool.num_placed[slot])
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
    cut_spaces(pool, slot, thread, cargo, m)


@njit(cache=True, nogil=True)
def _next_actions(
    pool: Pool,
    slot: int,
    thread: int,
    cargo: Cargo,
    rule: Rule,
    parent: int,
    most: int,
    action_block: Array,
    action_score: Array,
) -> tuple[int, int]:
    """Find the space a state fills next and its best blocks; spaces that take no block are given up.

    The space is left in ``pool.cut[thread, 4]``. Gives the number of blocks and the mirrored axes as bits.
    """
    while pool.num_spaces[slot] > 0 and pool.num_placed[slot] < pool.placed.shape[1]:
        s = choose_space(pool, slot)
        if s < 0:
            break
        space = pool.cut[thread, 4]
        for d in range(7):
            space[d] = pool.spaces[slot, d, s]
        regime = 1 if pool.volume[slot] >= rule.switch_volume[0] else 0
        bits = mirrored_axes(space, cargo.container_mm, cargo.supported)
        find_neighbours(pool, slot, thread, space, bits, cargo.container_mm, rule.slack[regime])
        count = scan_blocks(pool, slot, thread, cargo, rule, regime, parent, most, action_block, action_score)
        if count > 0:
            return count, bits
        drop_space(pool, slot, s, cargo.supported)
    return 0, 0


@njit(cache=True, nogil=True)
def complete(pool: Pool, slot: int, thread: int, cargo: Cargo, rule: Rule, parent: int) -> int:
    """Complete a state greedily with the best block at each step."""
    block = pool.best_block[thread]
    score = pool.best_score[thread]
    while True:
        count, bits = _next_actions(pool, slot, thread, cargo, rule, parent, block.shape[0], block, score)
        if count == 0:
            return int(pool.value[slot])
        place_block(pool, slot, thread, cargo, block[0], pool.cut[thread, 4], bits)


@njit(cache=True, nogil=True)
def list_actions(
    pool: Pool, slot: int, thread: int, cargo: Cargo, rule: Rule, most: int, work: Work, actions: Actions, first: int
) -> int:
    """Append the ``most`` best blocks for the space a state fills next to ``actions`` from row ``first``, best first.

    Gives the number of rows after it.
    """
    refresh_reach(pool, slot, cargo, work.used)
    write_menu(pool, slot, cargo, rule)
    block = work.block
    score = work.score
    most = min(most, block.shape[0])
    count, bits = _next_actions(pool, slot, thread, cargo, rule, slot, most, block, score)
    sort_heap(score, block, count)
    for i in range(count):
        row = first + i
        actions.parent[row] = slot
        actions.block[row] = block[i]
        for d in range(6):
            actions.space[row, d] = pool.cut[thread, 4, d]
        actions.mirrored[row] = bits
        actions.key[row] = child_key(pool, slot, cargo, block[i], actions.space[row], bits)
    return first + count


@njit(cache=True, nogil=True)
def apply_action(pool: Pool, slot: int, thread: int, cargo: Cargo, actions: Actions, row: int) -> None:
    """Write the state an action leads to into a slot."""
    copy_state(pool, actions.parent[row], slot)
    place_block(pool, slot, thread, cargo, actions.block[row], actions.space[row], actions.mirrored[row])


@njit(cache=True, nogil=True)
def try_actions(
    pool: Pool,
    scratch: int,
    best_slot: int,
    thread: int,
    cargo: Cargo,
    rule: Rule,
    actions: Actions,
    rows: Array,
    best_value: int,
) -> tuple[int, int]:
    """Complete the states that some actions lead to greedily; the first best beyond ``best_value`` is kept in a slot.

    Gives the best value and the row that led to it, or -1.
    """
    best_row = -1
    for i in range(rows.shape[0]):
        row = int(rows[i])
        apply_action(pool, scratch, thread, cargo, actions, row)
        value = complete(pool, scratch, thread, cargo, rule, int(actions.parent[row]))
        actions.value[row] = value
        if value > best_value:
            best_value = value
            best_row = row
            copy_state(pool, scratch, best_slot)
    return best_value, best_row
