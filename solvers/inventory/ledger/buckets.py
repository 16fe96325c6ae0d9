"""Room for movements that wait for others of their block."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from solvers.inventory.ledger.kernels_moves import Moves
from solvers.inventory.ledger.kernels_take import Buckets

_MOST_BYTES: Final = 1 << 28
_MOVE_BYTES: Final = 28


def empty_buckets(blocks: int, room: int, *, has_links: bool) -> Buckets:
    """Give buckets with room for so many movements of each block.

    Parameters
    ----------
    blocks, room
        How many buckets, and how many movements each may hold.
    has_links
        Whether movements may belong together.
    """
    rows = blocks * room
    moves = Moves(np.empty((rows, 4), np.int32), np.empty(rows, np.int64), np.empty(rows if has_links else 0, np.int32))
    return Buckets(moves, np.zeros((blocks, 2), np.int64))


def widened(buckets: Buckets, room: int) -> Buckets | None:
    """Give the buckets with twice the room, for movements of one instant that fill one; None where it takes too much memory.

    Parameters
    ----------
    buckets
        With what waits in them.
    room
        Movements that each may hold.
    """
    blocks = buckets.fill.shape[0]
    if 2 * blocks * room * _MOVE_BYTES > _MOST_BYTES:
        return None
    wider = empty_buckets(blocks, 2 * room, has_links=buckets.moves.pool.size > 0)
    for old, new in zip(_columns(buckets.moves), _columns(wider.moves), strict=True):
        if old.size:
            new.reshape(blocks, 2 * room, -1)[:, :room] = old.reshape(blocks, room, -1)
    wider.fill[:] = buckets.fill
    return wider


def _columns(moves: Moves) -> list[npt.NDArray[Any]]:
    return [moves.what, moves.unit_cost, moves.pool]
