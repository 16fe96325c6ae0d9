"""Some blocks of a running ledger: what one thread values of every batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from solvers.inventory.ledger import kernels_blocks, kernels_log, kernels_take
from solvers.inventory.ledger.kernels_ledger import MAX_CENTS
from solvers.inventory.ledger.kernels_moves import Moves
from solvers.inventory.ledger.kernels_take import Books, Buckets
from solvers.inventory.ledger.problem import AGE_LIMITS_DAYS

if TYPE_CHECKING:
    from solvers.inventory.ledger.kernels_log import Indices, Integers, Stocks
    from solvers.inventory.ledger.kernels_scan import Batch

_MOST_BUCKETS_BYTES = 1 << 28
_MOVE_BYTES = 28


def check_in_range(failed: int) -> None:
    """Refuse a stock that a kernel found to leave the exact range.

    Raises
    ------
    ValueError
        When there is one.
    """
    if failed != kernels_log.UNKNOWN:
        raise ValueError(f"the value of stock {failed} passes {MAX_CENTS} cents; check its quantities and unit costs.")


class LedgerPart:
    """Blocks low to high - 1 of a ledger, with buckets and layers of their own.

    Parameters
    ----------
    stocks
        All stocks by block, with what was there before the first movement.
    stock_of, block_of
        As in `RunningLedger`.
    books
        What all parts value into, each its own stocks; the layers by age are taken anew.
    low, high
        The blocks.
    has_ages
        Whether stock is kept by age.
    bucket_rows
        Movements of a block that are valued together.
    """

    def __init__(
        self,
        stocks: Stocks,
        stock_of: Indices,
        block_of: Indices,
        books: Books,
        low: int,
        high: int,
        *,
        has_ages: bool,
        bucket_rows: int,
    ) -> None:
        self._stocks, self._stock_of, self._block_of = stocks, stock_of, block_of
        self._blocks = np.array([low, high], np.int64)
        self._first, self._end = int(stocks.start[low]), int(stocks.start[high])
        self._has_ages, self._room = has_ages, bucket_rows
        nodes = np.empty((2 * (self._end - self._first) + 1 if has_ages else 0, 3), np.int64)
        heap = np.array([kernels_log.UNKNOWN, 0], np.int64)
        self._books = books._replace(state=books.state._replace(nodes=nodes, heap=heap))
        self._buckets = self._empty_buckets(bucket_rows)
        self._stopped = np.zeros(1, np.int64)

    def open(self, period: Integers) -> None:
        """Lay out the stocks as they stood before the first movement.

        Parameters
        ----------
        period
            First day, last day, and the day that opening stock is aged from.

        Raises
        ------
        ValueError
            When the value of a stock leaves the range that is exact in 64 bits.
        """
        state, measures = self._books.state, self._books.measures
        check_in_range(
            int(
                kernels_blocks.open_stocks(
                    self._stocks, state, period, self._first, self._end, self._has_ages, measures
                )
            )
        )

    def take(self, batch: Batch, floor: int, first_day: int) -> bool:
        """Take this part's movements of a batch; False where they are not in order, or too many at one instant.

        Parameters
        ----------
        batch
            Movements of all blocks.
        floor
            Instant before which none may be.
        first_day
            First day that is measured.

        Raises
        ------
        ValueError
            When the value of a stock leaves the range that is exact in 64 bits.
        """
        at = 0
        while True:
            ended = kernels_take.take_rows(
                batch,
                at,
                floor,
                self._stock_of,
                self._block_of,
                self._blocks,
                self._buckets,
                self._room,
                self._books,
                first_day,
                self._has_ages,
                self._stopped,
            )
            if ended == kernels_take.TAKEN:
                return True
            if ended == kernels_take.NOT_IN_ORDER or (ended == kernels_take.NO_ROOM and not self._widen()):
                return False
            self._handle(ended)
            at = int(self._stopped[0])

    def close(self, period: Integers, ages: Integers) -> None:
        """Value what still waits, close the days up to the last and sort what is left by age.

        Parameters
        ----------
        period
            First day and last day.
        ages
            Written for this part's stocks.

        Raises
        ------
        ValueError
            When the value of a stock leaves the range that is exact in 64 bits.
        """
        at, ended = 0, kernels_take.NO_NODES
        while ended != kernels_take.TAKEN:
            ended = kernels_take.empty_buckets(
                at, self._buckets, self._room, self._books, int(period[0]), self._has_ages, self._stopped
            )
            self._handle(ended)
            at = int(self._stopped[0])
        limits = np.array(AGE_LIMITS_DAYS, np.int64)
        state, measures = self._books.state, self._books.measures
        kernels_blocks.close_stocks(state, period, limits, self._first, self._end, measures, ages)

    def _handle(self, ended: int) -> None:
        if ended == kernels_take.OUT_OF_RANGE:
            check_in_range(int(self._stopped[0]))
        if ended == kernels_take.NO_NODES:
            state = self._books.state
            used = int(state.heap[1])
            nodes = np.empty((used + used // 2 + 4 * self._room, 3), np.int64)
            nodes[:used] = state.nodes[:used]
            self._books = self._books._replace(state=state._replace(nodes=nodes))

    def _empty_buckets(self, room: int) -> Buckets:
        blocks = int(self._blocks[1] - self._blocks[0])
        rows, num_links = blocks * room, self._books.pools.shape[0]
        moves = Moves(
            np.empty((rows, 4), np.int32), np.empty(rows, np.int64), np.empty(rows if num_links else 0, np.int32)
        )
        return Buckets(moves, np.zeros((blocks, 2), np.int64))

    def _widen(self) -> bool:
        """Double the buckets for movements of one instant that fill one; False where that would take too much memory."""
        blocks, room = self._buckets.fill.shape[0], self._room
        if 2 * blocks * room * _MOVE_BYTES > _MOST_BUCKETS_BYTES:
            return False
        wider = self._empty_buckets(2 * room)
        for old, new in zip(_columns(self._buckets.moves), _columns(wider.moves), strict=True):
            if old.size:
                new.reshape(blocks, 2 * room, -1)[:, :room] = old.reshape(blocks, room, -1)
        wider.fill[:] = self._buckets.fill
        self._buckets, self._room = wider, 2 * room
        return True


def _columns(moves: Moves) -> list[npt.NDArray[Any]]:
    return [moves.what, moves.unit_cost, moves.pool]
