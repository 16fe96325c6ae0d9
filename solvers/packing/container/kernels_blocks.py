"""Kernels that build general blocks: arrangements of items that fill their envelope almost wholly.

Blocks follow Fanslau and Bortfeldt (2010), "A tree search algorithm for solving the container loading problem", and Araya
and Riff (2014), "A beam search approach to the container loading problem": oriented items are blocks, and two blocks side
by side along one axis are a block when their items fill at least a set share of the common envelope.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import njit

from solvers.packing.container.kernels_state import MASK, ZERO, hashed

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]


class Blocks(NamedTuple):
    """The blocks of one container, row by row; a block is one oriented item or two earlier blocks side by side."""

    size_mm: Array
    """(num_blocks, 3) envelope."""
    top_mm: Array
    """(num_blocks, 2) the rectangle at the origin corner of the top face on which others may stand."""
    volume: Array
    """(num_blocks,) volume of the items inside, mm³."""
    num_items: Array
    """(num_blocks,) items inside."""
    content_start: Array
    """(num_blocks + 1,) where the content of each block begins in the next two."""
    content_type: Array
    """Item types inside, increasing within a block."""
    content_count: Array
    """Items of that type inside."""
    first: Array
    """(num_blocks,) the part at the origin corner, or minus one minus the item type."""
    second: Array
    """(num_blocks,) the part beside it, or minus one."""
    axis: Array
    """(num_blocks,) along which axis the second part follows the first."""
    times: Array
    """(num_blocks,) how often the first part is repeated along that axis."""


@njit(cache=True, nogil=True)
def _remember(table: Array, key: int) -> bool:
    """Put a key into an open-addressing set; False when it was there already."""
    mask = table.shape[0] - 1
    slot = (key ^ (key >> 29)) & mask
    while table[slot] != 0:
        if table[slot] == key:
            return False
        slot = (slot + 1) & mask
    table[slot] = key
    return True


@njit(cache=True, nogil=True)
def _top_of(axis: int, first_size: Array, first_top: Array, second_size: Array, second_top: Array, top: Array) -> bool:
    """Work out the top rectangle of two blocks side by side; False when the second would hang."""
    if axis == 2:
        top[0] = second_top[0]
        top[1] = second_top[1]
        return bool(second_size[0] <= first_top[0] and second_size[1] <= first_top[1])
    other = 1 - axis
    top[0] = first_top[0]
    top[1] = first_top[1]
    if first_size[2] < second_size[2]:
        # the taller part is the origin's in the mirrored pair
        return False
    if first_size[2] == second_size[2] and first_top[axis] == first_size[axis]:
        across = min(first_top[other], second_top[other])
        along = first_size[axis] + second_top[axis]
        if np.int64(across) * along > np.int64(top[0]) * top[1]:
            top[axis] = along
            top[other] = across
    return True


@njit(cache=True, nogil=True)
def _add_repeated(blocks: Blocks, n: int, part: int, axis: int, times: int) -> None:
    """Write ``times`` copies of a block of one item type in a row as block n."""
    for d in range(3):
        blocks.size_mm[n, d] = blocks.size_mm[part, d] * (times if d == axis else 1)
    blocks.top_mm[n, 0] = blocks.size_mm[n, 0]
    blocks.top_mm[n, 1] = blocks.size_mm[n, 1]
    blocks.volume[n] = blocks.volume[part] * times
    blocks.num_items[n] = blocks.num_items[part] * times
    blocks.content_type[blocks.content_start[n]] = blocks.content_type[blocks.content_start[part]]
    blocks.content_count[blocks.content_start[n]] = blocks.num_items[n]
    blocks.content_start[n + 1] = blocks.content_start[n] + 1
    blocks.first[n] = part
    blocks.axis[n] = axis
    blocks.times[n] = times


@njit(cache=True, nogil=True)
def _add_grids(
    blocks: Blocks,
    n: int,
    num_oriented: int,
    quantity: Array,
    container_mm: Array,
    steps: int,
    content_key: Array,
    type_key: Array,
) -> int:
    """Add rows, layers and stacks of equal items, in ``steps`` sizes along each axis; gives the number of blocks."""
    for single in range(num_oriented):
        item = blocks.content_type[blocks.content_start[single]]
        parts = np.zeros((4, (steps + 2) ** 3), np.int64)
        parts[0, 0] = single
        num_parts = 1
        for axis in range(3):
            found = 0
            for p in range(num_parts):
                part = parts[axis, p]
                parts[axis + 1, found] = part
                found += 1
                most = min(
                    np.int64(container_mm[axis] // blocks.size_mm[part, axis]), quantity[item] // blocks.num_items[part]
                )
                before = np.int64(1)
                for step in range(1, steps + 1):
                    times = (most * step + steps - 1) // steps
                    if times <= before or n >= blocks.volume.shape[0]:
                        continue
                    before = times
                    _add_repeated(blocks, n, part, axis, times)
                    content_key[n] = hashed(type_key[item] + blocks.num_items[n])
                    parts[axis + 1, found] = n
                    found += 1
                    n += 1
            num_parts = found
    return n


@njit(cache=True, nogil=True)
def build_blocks(
    item_size_mm: Array,
    item_type: Array,
    quantity: Array,
    container_mm: Array,
    type_key: Array,
    min_fill: float,
    max_blocks: int,
    supported: bool,
    grid_steps: int,
) -> Blocks:
    """Build blocks generation by generation until nothing new arises or ``max_blocks`` is reached.

    Parameters are the oriented items ``(num_oriented, 3)`` with their types, the quantity of each type, the container,
    one random 60-bit key a type for hashing, the least fill of an envelope, the most blocks, whether every item must be
    supported, and in how many sizes along each axis to stack equal items beforehand (0 for none).
    """
    num_oriented = item_size_mm.shape[0]
    capacity = max(max_blocks, num_oriented)
    blocks = Blocks(
        np.zeros((capacity, 3), np.int32),
        np.zeros((capacity, 2), np.int32),
        np.zeros(capacity, np.int64),
        np.zeros(capacity, np.int64),
        np.zeros(capacity + 1, np.int64),
        np.zeros(16 * capacity, np.int32),
        np.zeros(16 * capacity, np.int64),
        np.full(capacity, -1, np.int32),
        np.full(capacity, -1, np.int32),
        np.zeros(capacity, np.int8),
        np.ones(capacity, np.int64),
    )
    size = blocks.size_mm
    top = blocks.top_mm
    volume = blocks.volume
    num_items = blocks.num_items
    start = blocks.content_start
    content_type = blocks.content_type
    content_count = blocks.content_count
    content_key = np.zeros(capacity, np.int64)
    table_size = 1024
    while table_size < 4 * capacity:
        table_size *= 2
    table = np.zeros(table_size, np.int64)
    n = ZERO + 0
    for i in range(num_oriented):
        size[n] = item_size_mm[i]
        top[n] = item_size_mm[i, :2]
        volume[n] = np.int64(size[n, 0]) * size[n, 1] * size[n, 2]
        num_items[n] = 1
        content_type[n] = item_type[i]
        content_count[n] = 1
        start[n + 1] = n + 1
        blocks.first[n] = -1 - item_type[i]
        content_key[n] = type_key[item_type[i]]
        n += 1
    if grid_steps > 0:
        n = _add_grids(blocks, n, num_oriented, quantity, container_mm, grid_steps, content_key, type_key)
    total_size = np.zeros(3, np.int32)
    new_top = np.zeros(2, np.int32)
    generation_start = 0
    generation_end = n
    while generation_start < generation_end and n < max_blocks:
        for a in range(generation_start, generation_end):
            if n >= max_blocks:
                break
            for b in range(a + 1):
                if n >= max_blocks:
                    break
                both = volume[a] + volume[b]
                for axis in range(3):
                    fits = True
                    for d in range(3):
                        if d == axis:
                            total_size[d] = size[a, d] + size[b, d]
                        else:
                            total_size[d] = max(size[a, d], size[b, d])
                        fits = fits and total_size[d] <= container_mm[d]
                    if not fits:
                        continue
                    envelope = np.float64(total_size[0]) * total_size[1] * total_size[2]
                    if both < min_fill * envelope:
                        continue
                    origin = a
                    beside = b
                    if supported:
                        allowed = _top_of(axis, size[a], top[a], size[b], top[b], new_top)
                        if not allowed:
                            origin = b
                            beside = a
                            allowed = _top_of(axis, size[b], top[b], size[a], top[a], new_top)
                        if not allowed:
                            continue
                    else:
                        new_top[0] = total_size[0]
                        new_top[1] = total_size[1]
                    key = (content_key[a] + content_key[b]) & MASK
                    block_key = hashed(
                        hashed(hashed((np.int64(total_size[0]) << 31) | total_size[1]) + total_size[2]) + key
                    )
                    if supported:
                        block_key = hashed(block_key ^ ((np.int64(new_top[0]) << 30) | new_top[1]))
                    # merge the two contents and check that there are as many items
                    i = start[a]
                    j = start[b]
                    k = start[n]
                    enough = k + (start[a + 1] - i) + (start[b + 1] - j) <= content_type.shape[0]
                    while enough and (i < start[a + 1] or j < start[b + 1]):
                        if j >= start[b + 1] or (i < start[a + 1] and content_type[i] < content_type[j]):
                            content_type[k] = content_type[i]
                            content_count[k] = content_count[i]
                            i += 1
                        elif i >= start[a + 1] or content_type[j] < content_type[i]:
                            content_type[k] = content_type[j]
                            content_count[k] = content_count[j]
                            j += 1
                        else:
                            content_type[k] = content_type[i]
                            content_count[k] = content_count[i] + content_count[j]
                            i += 1
                            j += 1
                        enough = content_count[k] <= quantity[content_type[k]]
                        k += 1
                    if not enough or not _remember(table, block_key):
                        continue
                    size[n] = total_size
                    top[n] = new_top
                    volume[n] = both
                    num_items[n] = num_items[a] + num_items[b]
                    start[n + 1] = k
                    blocks.first[n] = origin
                    blocks.second[n] = beside
                    blocks.axis[n] = axis
                    content_key[n] = key
                    n += 1
                    if n >= max_blocks:
                        break
        generation_start = generation_end
        generation_end = n
    return Blocks(
        size[:n].copy(),
        top[:n].copy(),
        volume[:n].copy(),
        num_items[:n].copy(),
        start[: n + 1].copy(),
        content_type[: start[n]].copy(),
        content_count[: start[n]].copy(),
        blocks.first[:n].copy(),
        blocks.second[:n].copy(),
        blocks.axis[:n].copy(),
        blocks.times[:n].copy(),
    )
