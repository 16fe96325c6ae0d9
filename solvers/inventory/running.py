"""The valued ledger fed with movements in time order, batch by batch, none of which is held for long."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from solvers.inventory import kernels_blocks, kernels_log, kernels_take
from solvers.inventory.kernels_ledger import MAX_CENTS, MEASURES, State
from solvers.inventory.kernels_log import DAY_US, Indices, Integers, Stocks
from solvers.inventory.kernels_moves import Moves
from solvers.inventory.kernels_scan import Batch
from solvers.inventory.kernels_take import Books, Buckets
from solvers.inventory.ledger import AGE_LIMITS_DAYS, StockPositions

BUCKET_ROWS = 500
"""Movements of a block of articles that are valued together: some for each stock, so that fetching it pays.

No power of two, which would have the buckets stand in each other's way in the cache.
"""
_MOST_BUCKETS_BYTES = 1 << 28
_MOVE_BYTES = 28


def opening_units(on_hand: Integers, moved: Integers, passed: Integers) -> Integers:
    """Give what was there before the first movement.

    Parameters
    ----------
    on_hand
        (stocks,) units tonight.
    moved, passed
        (stocks,) sum of the movements, and of their sizes.

    Raises
    ------
    ValueError
        When the units of a stock leave the range that is exact in 64 bits.
    """
    over = np.flatnonzero(passed + np.abs(on_hand) > kernels_log.MAX_UNITS)
    if over.size:
        raise ValueError(
            f"stock {over[0]} sees {passed[over[0]]} units pass, more than {kernels_log.MAX_UNITS}; "
            f"check its quantities or count in larger units ({over.size} such in all)."
        )
    openings: Integers = on_hand - moved
    return openings


def check_in_range(failed: int) -> None:
    """Refuse a stock that a kernel found to leave the exact range.

    Raises
    ------
    ValueError
        When there is one.
    """
    if failed != kernels_log.UNKNOWN:
        raise ValueError(f"the value of stock {failed} passes {MAX_CENTS} cents; check its quantities and unit costs.")


def empty_books(num_stocks: int, num_links: int, nodes: int, *, has_ages: bool) -> Books:
    """Give the books of stocks that are not open yet.

    Parameters
    ----------
    num_stocks, num_links
        How many there are.
    nodes
        Room for layers by age.
    has_ages
        Whether there are any.
    """
    aged = num_stocks if has_ages else 0
    state = State(
        np.empty((num_stocks, 3), np.int64),
        np.empty((num_stocks, 3), np.int64),
        np.empty((aged, 2), np.int64),
        np.empty((nodes if has_ages else 0, 3), np.int64),
        np.array([kernels_log.UNKNOWN, 0], np.int64),
    )
    return Books(
        state,
        np.zeros((num_links, 2), np.int64),
        np.full((num_links if has_ages else 0, 2), kernels_log.UNKNOWN, np.int64),
        np.zeros((num_stocks, len(MEASURES)), np.int64),
    )


def no_ages(num_stocks: int, *, has_ages: bool) -> Integers:
    """Give (stocks, 2, classes) units and value by age before anything is sorted; (0, 2, classes) without ages."""
    return np.zeros((num_stocks if has_ages else 0, 2, len(AGE_LIMITS_DAYS) + 1), np.int64)


class RunningLedger:
    """Every stock as it stands, and what has been measured of it so far.

    Parameters
    ----------
    stocks
        The stocks by block, with what was there before the first movement.
    stock_of
        (articles, warehouses) stock by the numbers that the batches use.
    block_of
        (articles,) block of each.
    num_links
        How many link numbers the movements use.
    last_day, period_days
        As in `StockHistory`.
    has_ages
        Whether stock is kept by age; without, the positions have no ages.
    bucket_rows
        Movements of a block that are valued together; the result does not depend on it.
    """

    def __init__(
        self,
        stocks: Stocks,
        stock_of: Indices,
        block_of: Indices,
        *,
        num_links: int,
        last_day: int,
        period_days: int,
        has_ages: bool = True,
        bucket_rows: int = BUCKET_ROWS,
    ) -> None:
        count = stocks.opening.size
        self._stocks, self._stock_of, self._block_of = stocks, stock_of, block_of
        self._has_ages, self._room, self._floor = has_ages, bucket_rows, int(np.iinfo(np.int64).min)
        self._period = np.array([last_day - period_days + 1, last_day, last_day], np.int64)
        self._ages = no_ages(count, has_ages=has_ages)
        self._books = empty_books(count, num_links, 2 * count + 1, has_ages=has_ages)
        self._buckets = self._empty_buckets(bucket_rows, num_links)
        self._stopped = np.zeros(1, np.int64)
        self._is_open = False

    def take(self, batch: Batch) -> bool:
        """Take a batch of movements; False where they are not in time order, or too many stand at one instant.

        Parameters
        ----------
        batch
            Movements, none before one that was taken; those of one instant may come in any order.

        Raises
        ------
        ValueError
            When the value of a stock leaves the range that is exact in 64 bits.
        """
        if not batch.moved_at.size:
            return True
        if not self._is_open:
            self._open(int(batch.moved_at[0]) // DAY_US - 1)
        at = 0
        while True:
            ended = kernels_take.take_rows(
                batch,
                at,
                self._floor,
                self._stock_of,
                self._block_of,
                self._buckets,
                self._room,
                self._books,
                int(self._period[0]),
                self._has_ages,
                self._stopped,
            )
            if ended == kernels_take.TAKEN:
                self._floor = int(batch.moved_at[-1])
                return True
            if ended == kernels_take.NOT_IN_ORDER or (ended == kernels_take.NO_ROOM and not self._widen()):
                return False
            self._handle(ended)
            at = int(self._stopped[0])

    def close(self) -> StockPositions:
        """Value what still waits, close the days up to the last and give what was measured.

        Raises
        ------
        ValueError
            When the value of a stock leaves the range that is exact in 64 bits.
        """
        if not self._is_open:
            self._open(int(self._period[1]))
        at, ended = 0, kernels_take.NO_NODES
        while ended != kernels_take.TAKEN:
            ended = kernels_take.empty_buckets(
                at,
                self._buckets,
                self._room,
                self._books,
                int(self._period[0]),
                self._has_ages,
                self._stopped,
            )
            self._handle(ended)
            at = int(self._stopped[0])
        limits = np.array(AGE_LIMITS_DAYS, np.int64)
        state, measures = self._books.state, self._books.measures
        kernels_blocks.close_stocks(state, self._period, limits, 0, measures.shape[0], measures, self._ages)
        return StockPositions(measures, self._ages[:, 0], self._ages[:, 1])

    def _open(self, origin_day: int) -> None:
        # What lay there before the first movement on record is at least as old as the record, and nothing says it is older.
        self._period[2], self._is_open = origin_day, True
        state, measures = self._books.state, self._books.measures
        count = measures.shape[0]
        check_in_range(
            int(kernels_blocks.open_stocks(self._stocks, state, self._period, 0, count, self._has_ages, measures))
        )

    def _handle(self, ended: int) -> None:
        if ended == kernels_take.OUT_OF_RANGE:
            check_in_range(int(self._stopped[0]))
        if ended == kernels_take.NO_NODES:
            state = self._books.state
            used = int(state.heap[1])
            nodes = np.empty((used + used // 2 + 4 * self._room, 3), np.int64)
            nodes[:used] = state.nodes[:used]
            self._books = self._books._replace(state=state._replace(nodes=nodes))

    def _empty_buckets(self, room: int, num_links: int) -> Buckets:
        rows = (self._stocks.start.size - 1) * room
        moves = Moves(
            np.empty((rows, 4), np.int32), np.empty(rows, np.int64), np.empty(rows if num_links else 0, np.int32)
        )
        return Buckets(moves, np.zeros((self._stocks.start.size - 1, 2), np.int64))

    def _widen(self) -> bool:
        """Double the buckets for movements of one instant that fill one; False where that would take too much memory."""
        blocks, room = self._buckets.fill.shape[0], self._room
        if 2 * blocks * room * _MOVE_BYTES > _MOST_BUCKETS_BYTES:
            return False
        wider = self._empty_buckets(2 * room, self._books.pools.shape[0])
        for old, new in zip(_columns(self._buckets.moves), _columns(wider.moves), strict=True):
            if old.size:
                new.reshape(blocks, 2 * room, -1)[:, :room] = old.reshape(blocks, room, -1)
        wider.fill[:] = self._buckets.fill
        self._buckets, self._room = wider, 2 * room
        return True


def _columns(moves: Moves) -> list[npt.NDArray[Any]]:
    return [moves.what, moves.unit_cost, moves.pool]
