"""Value a stock history: wires the ledger's kernels to threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from solvers.inventory import kernels_ledger, kernels_log
from solvers.inventory.kernels_log import Integers, Log, Stocks
from solvers.inventory.ledger import AGE_LIMITS_DAYS, MovementValues, StockHistory, StockPositions


@dataclass(frozen=True, eq=False)
class GroupedHistory:
    """A stock history whose movements stand by article: what a long log is read into, to be held in memory once.

    Parameters
    ----------
    log
        Movements by article, in any order within it; they are brought into order in place.
    stock_start
        (articles + 1,) where the stocks of each article begin.
    on_hand, unit_cost_cents
        (stocks,) as in `StockHistory`.
    num_links
        How many link numbers the log uses.
    last_day, period_days
        As in `StockHistory`.
    """

    log: Log
    stock_start: Integers
    on_hand: Integers
    unit_cost_cents: Integers
    num_links: int
    last_day: int
    period_days: int


def group_by_article(history: StockHistory) -> GroupedHistory:
    """Give a history with its movements by article."""
    starts = np.searchsorted(history.article, np.arange(history.num_articles + 1))
    log_start = np.zeros(history.num_articles + 1, np.int64)
    rows = kernels_log.group_rows(history.stock, history.article, log_start)
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
    return GroupedHistory(
        log,
        starts,
        history.on_hand,
        history.unit_cost_cents,
        history.num_links,
        history.last_day,
        history.period_days,
    )


def value_stocks(history: StockHistory | GroupedHistory, *, threads: int = 1) -> StockPositions:
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
    grouped = history if isinstance(history, GroupedHistory) else group_by_article(history)
    return _run(grouped, np.empty((0, 4), np.int64), threads)


def value_movements(history: StockHistory, *, threads: int = 1) -> MovementValues:
    """Give the cost of every movement, so that each figure of the ledger can be traced to rows.

    Raises
    ------
    ValueError
        When units or value of a stock leave the range that is exact in 64 bits.
    """
    grouped = group_by_article(history)
    by_place = np.zeros((history.stock.size, 4), np.int64)
    _run(grouped, by_place, threads)
    values = np.empty_like(by_place)
    values[grouped.log.row] = by_place
    return MovementValues(*(np.ascontiguousarray(values[:, column]) for column in range(4)))


@dataclass(frozen=True, eq=False)
class DailySales:
    """Sales of every stock on every day of the period.

    Parameters
    ----------
    sales
        (stocks, days) units sold, returns not deducted.
    could_sell
        (stocks, days) False on days without stock at any time: sales then say nothing of demand.
    """

    sales: npt.NDArray[np.int32]
    could_sell: npt.NDArray[np.bool_]


def daily_sales(history: GroupedHistory, *, threads: int = 1) -> DailySales:
    """Give daily sales over the period, and the days on which there was something to sell.

    Parameters
    ----------
    history
        Stocks and movements by article.
    threads
        Threads that share the articles; the result does not depend on it.

    Raises
    ------
    ValueError
        When the units of a stock leave the range that is exact in 64 bits.
    """
    shape = history.on_hand.size, history.period_days
    sales, could_sell = np.zeros(shape, np.int32), np.zeros(shape, np.bool_)
    stocks = Stocks(history.stock_start, _openings(history), history.unit_cost_cents)
    first_day = history.last_day - history.period_days + 1

    def fill(cut: tuple[int, int]) -> None:
        kernels_log.order_rows(history.log, *cut)
        kernels_log.fill_daily(history.log, stocks, first_day, history.last_day, *cut, sales, could_sell)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(fill, _cuts(history.log.start, threads)))
    return DailySales(sales, could_sell)


def _cuts(start: Integers, threads: int) -> list[tuple[int, int]]:
    """Cut the articles into consecutive parts of about as many movements."""
    ends = np.searchsorted(start, np.linspace(0, start[-1], threads + 1)[1:-1]).tolist()
    edges = [0, *ends, start.size - 1]
    return [(low, high) for low, high in pairwise(edges) if low < high]


def _openings(history: GroupedHistory) -> Integers:
    moved, passed = kernels_log.movement_sums(history.log.pair, history.log.quantity, history.on_hand.size)
    over = np.flatnonzero(passed + np.abs(history.on_hand) > kernels_log.MAX_UNITS)
    if over.size:
        raise ValueError(
            f"stock {over[0]} sees {passed[over[0]]} units pass, more than {kernels_log.MAX_UNITS}; "
            f"check its quantities or count in larger units ({over.size} such in all)."
        )
    openings: Integers = history.on_hand - moved
    return openings


def _run(history: GroupedHistory, row_values: Integers, threads: int) -> StockPositions:
    log, cuts = history.log, _cuts(history.log.start, threads)
    # What lay there before the first movement on record is at least as old as the record, and nothing says it is older.
    origin = int(log.moved_at.min() // kernels_log.DAY_US) - 1 if log.moved_at.size else history.last_day
    period = np.array([history.last_day - history.period_days + 1, history.last_day, origin], np.int64)
    measures = np.zeros((history.on_hand.size, len(kernels_ledger.MEASURES)), np.int64)
    ages = np.zeros((history.on_hand.size, 2, len(AGE_LIMITS_DAYS) + 1), np.int64)
    pools = np.zeros((history.num_links, 2), np.int64)
    pool_lists = np.full((history.num_links, 2), kernels_log.UNKNOWN, np.int64)
    limits = np.array(AGE_LIMITS_DAYS, np.int64)
    stocks = Stocks(history.stock_start, _openings(history), history.unit_cost_cents)

    def value(cut: tuple[int, int]) -> int:
        kernels_log.order_rows(log, *cut)
        return int(
            kernels_ledger.value_articles(
                log, stocks, pools, pool_lists, period, limits, *cut, measures, ages, row_values
            )
        )

    with ThreadPoolExecutor(threads) as pool:
        failed = [stock for stock in pool.map(value, cuts) if stock != kernels_log.UNKNOWN]
    if failed:
        raise ValueError(
            f"the value of stock {min(failed)} passes {kernels_ledger.MAX_CENTS} cents; check its quantities and unit costs."
        )
    return StockPositions(measures, ages[:, 0], ages[:, 1])
