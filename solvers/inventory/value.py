"""Value a stock history: wires the ledger's kernels to threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from solvers.inventory import kernels_ledger as kernels
from solvers.inventory.kernels_ledger import Integers, Log, Stocks
from solvers.inventory.ledger import AGE_LIMITS_DAYS, MovementValues, StockHistory, StockPositions


@dataclass(frozen=True, eq=False)
class _Sorted:
    log: Log
    stocks: Stocks
    rows: Integers
    """Row of the history at each place of the log."""


def value_stocks(history: StockHistory, *, threads: int = 1) -> StockPositions:
    """Value every stock at moving-average cost, age it by FIFO and measure the period, in one pass.

    Parameters
    ----------
    history
        Stocks and movements; their order does not matter.
    threads
        Threads that share the articles; the result does not depend on it.

    Raises
    ------
    ValueError
        When units or value of a stock leave the range that is exact in 64 bits.
    """
    positions, _ = _run(_sort(history, threads), history, np.empty((0, 4), np.int64), threads)
    return positions


def value_movements(history: StockHistory, *, threads: int = 1) -> MovementValues:
    """Give the cost of every movement, so that each figure of the ledger can be traced to rows.

    Raises
    ------
    ValueError
        When units or value of a stock leave the range that is exact in 64 bits.
    """
    ordered = _sort(history, threads)
    _, by_place = _run(ordered, history, np.zeros((history.stock.size, 4), np.int64), threads)
    values = np.empty_like(by_place)
    values[ordered.rows] = by_place
    return MovementValues(*(np.ascontiguousarray(values[:, column]) for column in range(4)))


def _sort(history: StockHistory, threads: int) -> _Sorted:
    starts = np.searchsorted(history.article, np.arange(history.num_articles + 1))
    log_start = np.zeros(history.num_articles + 1, np.int64)
    rows = kernels.group_rows(history.stock, history.article, log_start)
    link = history.link[rows] if history.link.size else history.link
    log = Log(
        log_start,
        history.stock[rows],
        history.moved_at_us[rows],
        history.quantity[rows],
        history.kind[rows],
        history.movement_cost_cents[rows],
        link,
        rows,
    )
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda cut: kernels.order_rows(log, *cut), _cuts(log_start, threads)))
    moved, passed = kernels.movement_sums(history.stock, history.quantity, history.on_hand.size)
    over = np.flatnonzero(passed + np.abs(history.on_hand) > kernels.MAX_UNITS)
    if over.size:
        raise ValueError(
            f"stock {over[0]} sees {passed[over[0]]} units pass, more than {kernels.MAX_UNITS}; "
            f"check its quantities or count in larger units ({over.size} such in all)."
        )
    return _Sorted(log, Stocks(starts, history.on_hand - moved, history.unit_cost_cents), rows)


def _cuts(start: Integers, threads: int) -> list[tuple[int, int]]:
    """Cut the articles into consecutive parts of about as many movements."""
    ends = np.searchsorted(start, np.linspace(0, start[-1], threads + 1)[1:-1]).tolist()
    edges = [0, *ends, start.size - 1]
    return [(low, high) for low, high in pairwise(edges) if low < high]


def _run(
    ordered: _Sorted, history: StockHistory, row_values: Integers, threads: int
) -> tuple[StockPositions, Integers]:
    # What lay there before the first movement on record is at least as old as the record, and nothing says it is older.
    has_log = history.moved_at_us.size > 0
    origin = int(history.moved_at_us.min() // kernels.DAY_US) - 1 if has_log else history.last_day
    period = np.array([history.first_day, history.last_day, origin], np.int64)
    measures = np.zeros((history.article.size, len(kernels.MEASURES)), np.int64)
    ages = np.zeros((history.article.size, 2, len(AGE_LIMITS_DAYS) + 1), np.int64)
    pools = np.zeros((history.num_links, 2), np.int64)
    pool_lists = np.full((history.num_links, 2), kernels.UNKNOWN, np.int64)
    limits = np.array(AGE_LIMITS_DAYS, np.int64)

    def value(cut: tuple[int, int]) -> int:
        return int(
            kernels.value_articles(
                ordered.log, ordered.stocks, pools, pool_lists, period, limits, *cut, measures, ages, row_values
            )
        )

    with ThreadPoolExecutor(threads) as pool:
        failed = [stock for stock in pool.map(value, _cuts(ordered.log.start, threads)) if stock != kernels.UNKNOWN]
    if failed:
        raise ValueError(
            f"the value of stock {min(failed)} passes {kernels.MAX_CENTS} cents; check its quantities and unit costs."
        )
    return StockPositions(measures, ages[:, 0], ages[:, 1]), row_values
