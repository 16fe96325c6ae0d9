"""A movement log in time order, valued while it is read and never held."""

from __future__ import annotations

import polars as pl

from engine.reports.scan import LogFile, Numbering
from solvers.inventory import GroupedHistory, RunningLedger, StockPositions, opening_units
from solvers.inventory.ledger.kernels_log import Stocks
from solvers.inventory.ledger.running import BUCKET_ROWS


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

    The next rows are read while the last are valued; the result does not depend on it.

    Parameters
    ----------
    log_file, numbering, links
        The file, and what its articles, stocks and linked rows are numbered.
    history
        The stocks and the period; its own movements are not looked at.
    has_ages
        Whether to keep stock by age, which takes memory for every layer.
    threads
        Threads that share the articles.

    Raises
    ------
    InputError
        When rows of the file cannot be read as movements.
    ValueError
        When units or value of a stock leave the range that is exact in 64 bits.
    """
    openings = opening_units(history.on_hand, numbering.units[:, 0], numbering.units[:, 1])
    ledger = RunningLedger(
        Stocks(history.stock_start, openings, history.unit_cost_cents),
        numbering.stock_of,
        numbering.block_of_sku,
        num_links=history.num_links,
        last_day=history.last_day,
        period_days=history.period_days,
        has_ages=has_ages,
        bucket_rows=BUCKET_ROWS,
        threads=threads,
    )
    for batch in log_file.movements(links):
        if not ledger.take(batch):
            return None
    return ledger.close()
