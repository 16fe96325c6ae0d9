"""The valued ledger fed with movements part by part, each part later than the one before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from solvers.inventory import kernels_ledger, kernels_log
from solvers.inventory.kernels_ledger import MEASURES, State
from solvers.inventory.kernels_log import Integers, Log, Stocks
from solvers.inventory.ledger import AGE_LIMITS_DAYS, StockPositions

_NO_VALUES = np.empty((0, 4), np.int64)


def even_cuts(start: Integers, threads: int) -> list[tuple[int, int]]:
    """Cut blocks of articles into consecutive parts of about as many movements.

    Parameters
    ----------
    start
        (blocks + 1,) movements before each block.
    threads
        Most parts to give.
    """
    ends = np.searchsorted(start, np.linspace(0, start[-1], threads + 1)[1:-1]).tolist()
    edges = [0, *ends, start.size - 1]
    return [(low, high) for low, high in pairwise(edges) if low < high]


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


class RunningLedger:
    """Every stock as it stands, and what has been measured of it so far.

    Parameters
    ----------
    stocks
        The stocks by block, with what was there before the first movement.
    cuts
        Blocks that one thread takes; see `even_cuts`. The result does not depend on them.
    num_links
        How many link numbers the movements use.
    last_day, period_days
        As in `StockHistory`.
    origin_day
        Day that the opening is aged from.
    has_ages
        Whether stock is kept by age; without, the positions have no ages.
    """

    def __init__(
        self,
        stocks: Stocks,
        cuts: list[tuple[int, int]],
        *,
        num_links: int,
        last_day: int,
        period_days: int,
        origin_day: int,
        has_ages: bool = True,
    ) -> None:
        count = stocks.opening.size
        self._stocks, self._cuts, self._is_open = stocks, cuts, False
        self._period = np.array([last_day - period_days + 1, last_day, origin_day], np.int64)
        self._limits = np.array(AGE_LIMITS_DAYS, np.int64)
        self._pools = np.zeros((num_links, 2), np.int64)
        self._pool_lists = np.full((num_links if has_ages else 0, 2), kernels_log.UNKNOWN, np.int64)
        self._measures = np.zeros((count, len(MEASURES)), np.int64)
        self._ages = np.zeros((count if has_ages else 0, 2, len(AGE_LIMITS_DAYS) + 1), np.int64)
        now, recent = np.empty((count, 3), np.int64), np.empty((count, 3), np.int64)
        lists = np.empty((count if has_ages else 0, 2), np.int64)
        self._states = [
            State(now, recent, lists, np.empty((0, 3), np.int64), np.array([kernels_log.UNKNOWN, 0])) for _ in cuts
        ]

    @property
    def positions(self) -> StockPositions:
        """What was measured; whole once the last part is in."""
        return StockPositions(self._measures, self._ages[:, 0], self._ages[:, 1])

    def add(self, log: Log, *, is_last: bool, row_values: Integers = _NO_VALUES) -> None:
        """Value a part of the movements; they are brought into order in place.

        Parameters
        ----------
        log
            Movements by block, none before a movement of its article in an earlier part.
        is_last
            Whether no part follows: the days up to the last are then closed.
        row_values
            (movements, 4) to fill with value, revaluation, units and value after each; or empty.

        Raises
        ------
        ValueError
            When the value of a stock leaves the range that is exact in 64 bits.
        """
        opens, self._is_open = not self._is_open, True
        for one in range(len(self._cuts)):
            self._make_room(one, log, opens and is_last)

        def value(one: int) -> int:
            low, high = self._cuts[one]
            kernels_log.order_rows(log, low, high)
            return int(
                kernels_ledger.value_blocks(
                    log,
                    self._stocks,
                    self._states[one],
                    self._pools,
                    self._pool_lists,
                    self._period,
                    self._limits,
                    low,
                    high,
                    opens,
                    is_last,
                    self._measures,
                    self._ages,
                    row_values,
                )
            )

        with ThreadPoolExecutor(max(len(self._cuts), 1)) as pool:
            failed = [stock for stock in pool.map(value, range(len(self._cuts))) if stock != kernels_log.UNKNOWN]
        if failed:
            raise ValueError(
                f"the value of stock {min(failed)} passes {kernels_ledger.MAX_CENTS} cents; "
                "check its quantities and unit costs."
            )

    def _make_room(self, one: int, log: Log, is_whole: bool) -> None:
        """Have nodes for all the layers that a part may add: two a movement, what it splits off and what it brings."""
        if not self._ages.shape[0]:
            return
        low, high = self._cuts[one]
        state = self._states[one]
        if is_whole:
            rows = int(np.diff(log.start[low : high + 1]).max())
            own = int(np.diff(self._stocks.start[low : high + 1]).max())
        else:
            rows, own = int(log.start[high] - log.start[low]), int(self._stocks.start[high] - self._stocks.start[low])
        used = int(state.heap[1])
        if state.nodes.shape[0] < used + 2 * rows + own + 2:
            nodes = np.empty((2 * used + 2 * rows + own + 2, 3), np.int64)
            nodes[:used] = state.nodes[:used]
            self._states[one] = state._replace(nodes=nodes)
