"""What the search for a container load works on: cargo, block choice, actions, and a pool of states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numba import njit

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

ZERO: Final[Any] = np.int64(0)
"""Zero that is not a literal: numba compiles a kernel anew for every literal it is called with."""

MASK = (1 << 61) - 1
"""Hashes are kept to 61 bits."""

_LOW = (1 << 31) - 1


class Rule(NamedTuple):
    """The weights of the block choice, spread into tables; row 0 serves emptier containers, row 1 fuller ones."""

    base: Array
    """(2, num_blocks) value / items^gamma of each block; row 0 decreases."""
    ceiling: Array
    """(2, num_blocks) the largest base of this block and all that follow."""
    contact_power: Array
    """(2, 2049) share in contact ^ alpha."""
    use_power: Array
    """(2, 2049) usable share ^ beta."""
    slack: Array
    """(2,) the gap, as a share of the block's edge, that still counts as contact."""
    switch_volume: Array
    """(1,) the loaded volume from which row 1 serves."""


class Cargo(NamedTuple):
    """What the search may load."""

    container_mm: Array
    """(3,)"""
    box_mm: Array
    """(num_oriented, 3) oriented items."""
    box_type: Array
    """(num_oriented,) their types, increasing."""
    supported: bool
    """Whether each item must stand on its whole base."""
    size_mm: Array
    """(num_blocks, 3)"""
    top_mm: Array
    """(num_blocks, 2)"""
    volume: Array
    """(num_blocks,)"""
    value: Array
    """(num_blocks,)"""
    per_surface: Array
    """(num_blocks,) one over the surface."""
    content_start: Array
    content_type: Array
    content_count: Array


class Actions(NamedTuple):
    """What may be done next: a block into the anchor corner of a space of a parent state."""

    parent: Array
    block: Array
    space: Array
    """(num_actions, 6)"""
    mirrored: Array
    """Mirrored axes as bits."""
    key: Array
    """Hash of the state it leads to."""
    value: Array
    """Value of that state completed greedily."""


class Work(NamedTuple):
    """Arrays that listing actions works in."""

    used: Array
    """(longest_edge + 1,)"""
    block: Array
    """(most_actions,)"""
    score: Array
    """(most_actions,)"""


class Pool(NamedTuple):
    """States of the search, one a slot."""

    spaces: Array
    """(num_slots, 7, max_spaces) low corner, high corner, distance to the nearest container corner."""
    num_spaces: Array
    placed: Array
    """(num_slots, max_placed, 8) low corner, high corner, block, mirrored axes as bits."""
    num_placed: Array
    left: Array
    """(num_slots, num_types) items not loaded."""
    least_edge: Array
    """(num_slots, 3) the shortest edge along each axis of the items not loaded."""
    value: Array
    volume: Array
    key: Array
    """(num_slots,) hash of the placed set."""
    menu_block: Array
    """(num_parents, num_blocks) blocks that a parent state and its descendants may use, in order of base."""
    menu_size: Array
    """(num_parents, 3, num_blocks) their envelopes."""
    menu_base: Array
    """(num_parents, 2, num_blocks) their base by either row of the rule."""
    menu_surface: Array
    """(num_parents, num_blocks) one over their surface."""
    num_menu: Array
    """(num_parents,)"""
    fitting: Array
    """(num_threads, 128) places in the menu of blocks that may be the best for the space in hand."""
    most_score: Array
    """(num_threads, 128) the most that blocks of the menu can score in the space in hand."""
    reach: Array
    """(num_reach, 3, longest_edge + 1) the greatest length up to each that item edges in a row can fill."""
    neighbours: Array
    """(num_threads, 6, max_placed + 1, 5) what bounds the space in hand: gap, and the rectangle along the two other axes."""
    num_neighbours: Array
    """(num_threads, 6)"""
    best_block: Array
    """(num_threads, 1)"""
    best_score: Array
    """(num_threads, 1)"""
    cut: Array
    """(num_threads, max_spaces + 8, 7) rows 0 to 7: edges, corners, extent and space in hand; then the spaces being cut."""


@njit(cache=True, nogil=True)
def hashed(value: int) -> int:
    """Hash a number to 61 bits, by products that cannot overflow."""
    for _ in range(2):
        value = ((value & _LOW) * 1103515245) ^ ((value >> 31) * 1812433253)
        value = (value ^ (value >> 29)) & MASK
    return value


@njit(cache=True, nogil=True)
def copy_state(pool: Pool, source: int, target: int) -> None:
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
    pool.value[target] = pool.value[source]
    pool.volume[target] = pool.volume[source]
    pool.key[target] = pool.key[source]
