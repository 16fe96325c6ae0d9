"""Every movement at its cost, and what every stock began with: what each figure of the turnover is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from engine.contracts.goods import STOCK_MOVEMENTS
from engine.errors import InputError
from engine.reports.frames import Frame, frame_of
from engine.reports.history import past_movements, stock_history
from solvers.inventory import value_movements
from solvers.inventory.ledger.kernels_log import movement_sums

_PAIR: Final = ["warehouse_id", "sku"]


@dataclass(frozen=True)
class ValuedMovements:
    """Stocks and their movements at cost.

    Parameters
    ----------
    stocks
        One row a stock: warehouse_id, sku, category, and opening_units and opening_value_cents before its first movement.
    rows
        The canonical movements up to the night with day, value_cents, revaluation_cents, units_after, value_after_cents.
    """

    stocks: pl.DataFrame
    rows: pl.DataFrame


def valued_movements(
    stock: Frame, movements: Frame, products: Frame, as_of: datetime, *, threads: int = 1
) -> ValuedMovements:
    """Value every movement.

    Parameters
    ----------
    stock, movements, products
        The tables `stock`, `stock_movements`, `products`.
    as_of
        The night; movements after it are left out.
    threads
        Threads to use; the result does not depend on it.

    Raises
    ------
    InputError
        When a table lacks a column, or its values cannot be valued exactly.
    """
    past = past_movements(movements, as_of)
    stocks, history = stock_history(
        frame_of(stock, "stock"), past, frame_of(products, "products"), as_of, period_days=1
    )
    try:
        values = value_movements(history, threads=threads)
    except ValueError as error:
        raise InputError(f"stock and stock_movements cannot be valued: {error}") from error
    rows = past.with_columns(
        value_cents=values.value_cents,
        revaluation_cents=values.revaluation_cents,
        units_after=values.units_after,
        value_after_cents=values.value_after_cents,
        day=pl.col("moved_at").dt.date(),
    )
    moved, _ = movement_sums(history.stock, history.quantity, stocks.height)
    opening = pl.col("on_hand") - pl.Series(moved)
    return ValuedMovements(
        stocks.with_columns(opening_units=opening, opening_value_cents=opening * pl.col("unit_cost_cents")).select(
            *_PAIR, "category", "opening_units", "opening_value_cents"
        ),
        rows.select(*STOCK_MOVEMENTS.schema, "day", *_ADDED),
    )


_ADDED: Final = ("value_cents", "revaluation_cents", "units_after", "value_after_cents")
