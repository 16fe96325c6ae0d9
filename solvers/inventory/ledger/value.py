"""Value a stock history: wires the ledger's kernels to threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from solvers.inventory.ledger import kernels_blocks, kernels_log
from solvers.inventory.ledger.kernels_ledger import State
from solvers.inventory.ledger.kernels_log import Integers, Log, Stocks
from solvers.inventory.ledger.problem import AGE_LIMITS_DAYS, MovementValues, StockHistory, StockPositions
from solvers.inventory.ledger.running import empty_books, no_ages, opening_units
from solvers.inventory.ledger.running_part import check_in_range

_BLOCK_STOCKS: Final = 64
"""Stocks of a block: what is measured of them takes some twenty kilobytes, which stay in the nearest cache."""


@dataclass(frozen=True, eq=False)
class GroupedHistory:
    """A stock history whose movements stand by block of articles: what a long log is read into, held in memory once.

    Parameters
    ----------
    log
        Movements by block, in any order within it; they are brought into order in place.
    stock_start
        (blocks + 1,) where the stocks of each block begin; see `block_starts`.
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


def block_starts(article: Integers) -> Integers:
    """Give where the stocks of each block of articles begin, and where the last ends: whole articles, about as many stocks.

    Parameters
    ----------
    article
        (stocks,) article of each; rises.
    """
    ends = np.flatnonzero(np.diff(article)) + 1
    wanted = np.arange(_BLOCK_STOCKS, article.size, _BLOCK_STOCKS)
    inner = np.searchsorted(ends, wanted)
    starts: Integers = np.unique(np.concatenate(([0], ends[inner[inner < ends.size]], [article.size]))).astype(np.int64)
    return starts


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


def blocks_of(starts: Integers) -> npt.NDArray[np.int32]:
    """Give the block of each stock."""
    return np.repeat(np.arange(starts.size - 1, dtype=np.int32), np.diff(starts))


def group_by_block(history: StockHistory) -> GroupedHistory:
    """Give a history with its movements by block of articles."""
    starts = block_starts(history.article)
    log_start = np.zeros(starts.size, np.int64)
    rows = kernels_log.group_rows(history.stock, blocks_of(starts), log_start)
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


def value_stocks(history: StockHistory | GroupedHistory, *, has_ages: bool = True, threads: int = 1) -> StockPositions:
    """Value every stock at moving-average cost, age it by FIFO and measure the period, in one pass.

    Parameters
    ----------
    history
        Stocks and movements; their order does not matter.
    has_ages
        Whether to age the stock; without, the positions have no ages, and the rest is the same.
    threads
        Threads that share the articles; the result does not depend on it.

    Raises
    ------
    ValueError
        When units or value of a stock leave the range that is exact in 64 bits.
    """
    grouped = history if isinstance(history, GroupedHistory) else group_by_block(history)
    return _run(grouped, np.empty((0, 4), np.int64), has_ages=has_ages, threads=threads)


def value_movements(history: StockHistory, *, threads: int = 1) -> MovementValues:
    """Give the cost of every movement, so that each figure of the ledger can be traced to rows.

    Raises
    ------
    ValueError
        When units or value of a stock leave the range that is exact in 64 bits.
    """
    grouped = group_by_block(history)
    by_place = np.zeros((history.stock.size, 4), np.int64)
    _run(grouped, by_place, has_ages=False, threads=threads)
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
        Stocks and movements by block.
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
        list(pool.map(fill, even_cuts(history.log.start, threads)))
    return DailySales(sales, could_sell)


def _openings(history: GroupedHistory) -> Integers:
    moved, passed = kernels_log.movement_sums(history.log.pair, history.log.quantity, history.on_hand.size)
    return opening_units(history.on_hand, moved, passed)


def _run(history: GroupedHistory, row_values: Integers, *, has_ages: bool, threads: int) -> StockPositions:
    log, count = history.log, history.on_hand.size
    stocks = Stocks(history.stock_start, _openings(history), history.unit_cost_cents)
    # What lay there before the first movement on record is at least as old as the record, and nothing says it is older.
    origin_day = int(log.moved_at.min() // kernels_log.DAY_US) - 1 if log.moved_at.size else history.last_day
    period = np.array([history.last_day - history.period_days + 1, history.last_day, origin_day], np.int64)
    limits = np.array(AGE_LIMITS_DAYS, np.int64)
    ages = no_ages(count, has_ages=has_ages)
    books = empty_books(count, history.num_links, 0, has_ages=has_ages)

    def value(cut: tuple[int, int]) -> int:
        kernels_log.order_rows(log, *cut)
        return int(
            kernels_blocks.value_blocks(
                log,
                stocks,
                _with_layers(books.state, log, stocks, cut),
                books.pools,
                books.pool_lists,
                period,
                limits,
                *cut,
                books.measures,
                ages,
                row_values,
            )
        )

    with ThreadPoolExecutor(threads) as pool:
        failed = [stock for stock in pool.map(value, even_cuts(log.start, threads)) if stock != kernels_log.UNKNOWN]
    check_in_range(min(failed, default=kernels_log.UNKNOWN))
    return StockPositions(books.measures, ages[:, 0], ages[:, 1])


def _with_layers(state: State, log: Log, stocks: Stocks, cut: tuple[int, int]) -> State:
    """Give the state with layers of its own for a cut: a block's worth, two a movement: what it splits off and brings."""
    low, high = cut
    nodes = 0
    if state.lists.size:
        rows, own = np.diff(log.start[low : high + 1]).max(), np.diff(stocks.start[low : high + 1]).max()
        nodes = int(2 * rows + own + 2)
    return state._replace(nodes=np.empty((nodes, 3), np.int64), heap=np.array([kernels_log.UNKNOWN, 0], np.int64))
