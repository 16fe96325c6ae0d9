"""A movement log in time order, valued while it is read and never held."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.reports.scan import BATCH_ROWS, FIRST_MOMENT, LAST_MOMENT, LogFile, Numbering, empty_log
from solvers.inventory import GroupedHistory, RunningLedger, StockPositions, even_cuts, opening_units
from solvers.inventory import kernels_scan as kernels
from solvers.inventory.kernels_log import DAY_US, UNKNOWN, Indices, Log, Stocks

_PART_ROWS: Final = 1 << 20
"""Movements valued at a time: enough that walking over all stocks for them costs little."""


def positions_in_order(
    log_file: LogFile,
    numbering: Numbering,
    links: pl.DataFrame,
    history: GroupedHistory,
    *,
    has_ages: bool,
    threads: int,
) -> StockPositions | None:
    """Value the stocks of a file whose rows come in time order; None where they do not.

    Movements of one instant are held back until a later one has come, so that their order in the file does not matter.

    Parameters
    ----------
    log_file, numbering, links
        The file, and what its articles, stocks and linked rows are numbered.
    history
        The stocks and the period; its own movements are not looked at.
    has_ages
        Whether to keep stock by age, which takes memory for every layer.
    threads
        Threads to use; the result does not depend on it.

    Raises
    ------
    InputError
        When rows of the file cannot be read as movements.
    ValueError
        When units or value of a stock leave the range that is exact in 64 bits.
    """
    openings = opening_units(history.on_hand, numbering.units[:, 0], numbering.units[:, 1])
    stocks = Stocks(history.stock_start, openings, history.unit_cost_cents)
    ledger: RunningLedger | None = None

    def begin(first_day: int) -> RunningLedger:
        return RunningLedger(
            stocks,
            even_cuts(numbering.start, threads),
            num_links=history.num_links,
            last_day=history.last_day,
            period_days=history.period_days,
            origin_day=first_day,
            has_ages=has_ages,
        )

    has_links = links.height > 0
    # Memory is taken when it is written to, so that a short file does not pay for a long one's room.
    part, out = (
        empty_log(_PART_ROWS + BATCH_ROWS, np.zeros_like(numbering.start), has_links=has_links) for _ in range(2)
    )
    held, floor = 0, FIRST_MOMENT
    for batch in log_file.movements(links):
        rows = batch.moved_at.size
        part = _with_room(part, held, held + rows, has_links=has_links)
        if kernels.append_rows(batch, numbering.stock_of, held, floor, part) != UNKNOWN:
            return None
        held += rows
        if held < _PART_ROWS:
            continue
        if ledger is None:
            ledger = begin(int(part.moved_at[:held].min()) // DAY_US - 1)
        floor = int(part.moved_at[:held].max())
        out = _with_room(out, 0, held, has_links=has_links)
        held = _group_before(floor, part, held, numbering.block_of, out)
        ledger.add(out, is_last=False)
    ledger = ledger or begin(int(part.moved_at[:held].min()) // DAY_US - 1 if held else history.last_day)
    out = _with_room(out, 0, held, has_links=has_links)
    _group_before(LAST_MOMENT, part, held, numbering.block_of, out)
    ledger.add(out, is_last=True)
    return ledger.positions


def _group_before(limit: int, part: Log, held: int, block_of: Indices, out: Log) -> int:
    """Move what is earlier than a limit from a part to `out`, by block; give how many movements stay."""
    kernels.count_before(part, held, limit, block_of, out.start)
    return int(kernels.place_before(part, held, limit, block_of, out.start[:-1].copy(), out))


def _with_room(log: Log, used: int, rows: int, *, has_links: bool) -> Log:
    """Give a log with room for that many movements, the `used` first as they were."""
    if log.pair.size >= rows:
        return log
    wider = empty_log(max(rows, 2 * used), log.start, has_links=has_links)
    for old, new in zip(_columns(log), _columns(wider), strict=True):
        new[: min(used, new.size)] = old[:used]
    return wider


def _columns(log: Log) -> list[npt.NDArray[Any]]:
    return [log.pair, log.moved_at, log.quantity, log.kind, log.unit_cost, log.pool]
