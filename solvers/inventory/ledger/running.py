"""The valued ledger fed with movements in time order, batch by batch, none of which is held for long."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from solvers.inventory.ledger import kernels_log, kernels_take
from solvers.inventory.ledger.buckets import empty_buckets, widened
from solvers.inventory.ledger.kernels_ledger import MEASURES, NOW_WORDS, State
from solvers.inventory.ledger.kernels_log import DAY_US, Indices, Integers, Stocks
from solvers.inventory.ledger.kernels_scan import Batch
from solvers.inventory.ledger.kernels_take import Books
from solvers.inventory.ledger.problem import AGE_LIMITS_DAYS, StockPositions
from solvers.inventory.ledger.running_part import LedgerPart

_SHARED_ROWS = 1 << 14
"""Movements from which threads share the valuing: starting them takes as long as a thousand."""
BUCKET_ROWS = 500
"""Movements of a block of articles that are valued together: some for each stock, so that fetching it pays."""


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
        np.empty((num_stocks, NOW_WORDS), np.int64),
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
    threads
        Threads that share the blocks; the result does not depend on them.
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
        threads: int = 1,
    ) -> None:
        count, blocks = stocks.opening.size, stocks.start.size - 1
        self._stock_of, self._block_of = stock_of, block_of
        self._period = np.array([last_day - period_days + 1, last_day, last_day], np.int64)
        self._ages = no_ages(count, has_ages=has_ages)
        books = empty_books(count, num_links, 0, has_ages=has_ages)
        self._measures = books.measures
        self._buckets, self._room = empty_buckets(blocks, bucket_rows, has_links=num_links > 0), bucket_rows
        cuts = np.unique(np.linspace(0, blocks, min(threads, max(blocks, 1)) + 1).astype(np.int64)).tolist()
        self._parts = [
            LedgerPart(stocks, books, low, high, has_ages=has_ages) for low, high in itertools.pairwise(cuts)
        ]
        self._stopped = np.zeros(2, np.int64)
        self._floor = int(np.iinfo(np.int64).min)
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
        at, ended = 0, kernels_take.FULL
        while ended == kernels_take.FULL:
            ended = kernels_take.scatter_rows(
                batch, at, self._floor, self._stock_of, self._block_of, self._buckets, self._room, self._stopped
            )
            at = int(self._stopped[0])
            if ended == kernels_take.FULL and not self._make_room(int(self._stopped[1])):
                return False
        self._floor = int(batch.moved_at[-1])
        return ended == kernels_take.TAKEN

    def close(self) -> StockPositions:
        """Value what still waits, close the days up to the last and give what was measured.

        Raises
        ------
        ValueError
            When the value of a stock leaves the range that is exact in 64 bits.
        """
        if not self._is_open:
            self._open(int(self._period[1]))
        self._value(0, is_last=True)
        for part in self._parts:
            part.close(self._period, self._ages)
        return StockPositions(self._measures, self._ages[:, 0], self._ages[:, 1])

    def _make_room(self, block: int) -> bool:
        """Value what waits so that a full bucket has room again; False where all of it is of one instant, and too much."""
        self._value(self._room // 2 + 1, is_last=False)
        if self._buckets.fill[block, 0] < self._room:
            return True
        wider = widened(self._buckets, self._room)
        if wider is None:
            return False
        self._buckets, self._room = wider, 2 * self._room
        return True

    def _value(self, least: int, *, is_last: bool) -> None:
        """Value the buckets that hold at least so many movements; few are not worth a thread of their own."""
        held = self._buckets.fill[:, 0]
        threads = len(self._parts) if held[held >= least].sum() >= _SHARED_ROWS else 1

        def value(part: LedgerPart) -> None:
            part.value(self._buckets, self._room, least, int(self._period[0]), is_last=is_last)

        if threads == 1:
            for part in self._parts:
                value(part)
            return
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(value, self._parts))

    def _open(self, origin_day: int) -> None:
        # What lay there before the first movement on record is at least as old as the record, and nothing says it is older.
        self._period[2], self._is_open = origin_day, True
        for part in self._parts:
            part.open(self._period)
