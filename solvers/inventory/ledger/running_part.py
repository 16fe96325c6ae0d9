"""Some blocks of a running ledger: what one thread values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.inventory.ledger import kernels_blocks, kernels_log, kernels_take
from solvers.inventory.ledger.kernels_ledger import MAX_CENTS
from solvers.inventory.ledger.kernels_take import Books, Buckets
from solvers.inventory.ledger.problem import AGE_LIMITS_DAYS

if TYPE_CHECKING:
    from solvers.inventory.ledger.kernels_log import Integers, Stocks


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
    """Blocks low to high - 1 of a ledger, with layers of their own.

    Parameters
    ----------
    stocks
        All stocks by block, with what was there before the first movement.
    books
        What all parts value into, each its own stocks; the layers by age are taken anew.
    low, high
        The blocks.
    has_ages
        Whether stock is kept by age.
    """

    def __init__(self, stocks: Stocks, books: Books, low: int, high: int, *, has_ages: bool) -> None:
        self._stocks, self._low, self._high = stocks, low, high
        self._first, self._end = int(stocks.start[low]), int(stocks.start[high])
        self._has_ages = has_ages
        nodes = np.empty((2 * (self._end - self._first) + 1 if has_ages else 0, 3), np.int64)
        heap = np.array([kernels_log.UNKNOWN, 0], np.int64)
        self._books = books._replace(state=books.state._replace(nodes=nodes, heap=heap))
        self._stopped = np.zeros(2, np.int64)

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

    def value(self, buckets: Buckets, room: int, least: int, first_day: int, *, is_last: bool) -> None:
        """Value what waits in the buckets of these blocks that hold at least so many movements.

        Parameters
        ----------
        buckets, room
            The buckets of all blocks, and how many movements each may hold.
        least
            Movements from which a bucket is valued.
        first_day
            First day that is measured.
        is_last
            Whether no more movements come; else those of a bucket's last instant stay.

        Raises
        ------
        ValueError
            When the value of a stock leaves the range that is exact in 64 bits.
        """
        at, ended = self._low, kernels_take.NO_NODES
        while ended == kernels_take.NO_NODES:
            ended = kernels_take.value_buckets(
                at,
                self._high,
                least,
                buckets,
                room,
                self._stocks.start,
                self._books,
                first_day,
                self._has_ages,
                is_last,
                self._stopped,
            )
            at = int(self._stopped[0])
            if ended == kernels_take.OUT_OF_RANGE:
                check_in_range(at)
            if ended == kernels_take.NO_NODES:
                self._add_nodes(2 * room)

    def close(self, period: Integers, ages: Integers) -> None:
        """Close the days up to the last and sort what is left by age.

        Parameters
        ----------
        period
            First day and last day.
        ages
            Written for this part's stocks.
        """
        limits = np.array(AGE_LIMITS_DAYS, np.int64)
        state, measures = self._books.state, self._books.measures
        kernels_blocks.close_stocks(state, period, limits, self._first, self._end, measures, ages)

    def _add_nodes(self, least: int) -> None:
        state = self._books.state
        used = int(state.heap[1])
        nodes = np.empty((used + used // 2 + 2 * least, 3), np.int64)
        nodes[:used] = state.nodes[:used]
        self._books = self._books._replace(state=state._replace(nodes=nodes))
