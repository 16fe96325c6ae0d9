"""The movement rows behind a figure of the turnover: amounts that add up to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from engine.contracts.turnover import TURNOVER_TRACE
from engine.errors import UsageError
from engine.reports.frames import Frame, utc
from engine.reports.parts import valued_parts
from engine.reports.valued import ValuedMovements

_PAIR: Final = ["warehouse_id", "sku"]
_UNITS: Final = pl.col("quantity")
_CHANGE: Final = pl.col("value_cents") - pl.col("revaluation_cents")


def _of(kinds: tuple[str, ...], amount: pl.Expr) -> pl.Expr:
    return pl.when(pl.col("kind").is_in(kinds)).then(amount).otherwise(0)


def _counted(figure: str) -> pl.Expr | None:
    """Give what a movement adds to a figure that sums movements; None where the figure is none of these."""
    sold = ("sale", "return")
    return {
        "sale_units": _of(("sale",), -_UNITS),
        "returned_units": _of(("return",), _UNITS),
        "sold_units": _of(sold, -_UNITS),
        "received_units": _of(("receipt",), _UNITS),
        "transferred_in_units": _of(("transfer_in",), _UNITS),
        "transferred_out_units": _of(("transfer_out",), -_UNITS),
        "adjusted_units": _of(("adjustment",), _UNITS),
        "written_off_units": _of(("write_off",), -_UNITS),
        "received_value_cents": _of(("receipt",), pl.col("value_cents")),
        "cogs_cents": _of(sold, -pl.col("value_cents")) + pl.col("revaluation_cents"),
        "revaluation_cents": pl.col("revaluation_cents"),
    }.get(figure)


_STANDING: Final[dict[str, tuple[str, Callable[[pl.Expr], pl.Expr]]]] = {
    "opening_units": ("units", lambda _: pl.lit(1)),
    "opening_value_cents": ("value", lambda _: pl.lit(1)),
    "closing_units": ("units", lambda _: pl.lit(1)),
    "closing_value_cents": ("value", lambda _: pl.lit(1)),
    "average_units": ("units", lambda share: share),
    "average_value_cents": ("value", lambda share: share),
}
"""Figures of what stands there: a movement counts for the share of the period that its units or value stayed."""
_OPENING: Final = ("opening_units", "opening_value_cents")
TRACED: Final = (
    "sale_units",
    "returned_units",
    "sold_units",
    "received_units",
    "transferred_in_units",
    "transferred_out_units",
    "adjusted_units",
    "written_off_units",
    "received_value_cents",
    "cogs_cents",
    "revaluation_cents",
    *_STANDING,
)
"""Figures of `inventory_turnover` that are sums over movements."""


def trace_turnover(
    figure: str,
    stock: Frame,
    movements: Frame | Path,
    products: Frame,
    as_of: datetime,
    *,
    period_days: int = 365,
    warehouse_id: str | None = None,
    sku: str | None = None,
    category: str | None = None,
    threads: int = 1,
) -> pl.DataFrame:
    """Give the movements behind a figure of `inventory_turnover`; their amounts add up to it.

    A figure of what stands there (closing and average stock) begins with a row of kind `opening` for each stock: what was
    there before the period; for the opening itself, before the first movement on record. The ratios are made of such
    figures: turns of `cogs_cents` and `average_value_cents`.

    Parameters
    ----------
    figure
        One of `TRACED`.
    stock, movements, products, as_of, period_days
        As given to `inventory_turnover`.
    warehouse_id, sku, category
        The row of the turnover: those its level has; none for the company.
    threads
        Threads to use; the result does not depend on it.

    Raises
    ------
    InputError
        When a table lacks a column, or its values cannot be valued exactly.
    UsageError
        When the figure is not one that movements add up to.
    """
    if figure not in TRACED:
        raise UsageError(f"{figure} is no sum of movements; those are {', '.join(TRACED)}.")
    last_day = utc(as_of).date()
    parts = valued_parts(stock, movements, products, as_of, sku=sku, threads=threads)
    wanted = {"warehouse_id": warehouse_id, "sku": sku, "category": category}
    chosen = [pl.col(name) == value for name, value in wanted.items() if value is not None]
    found = [_amounts(figure, valued, valued.stocks.filter(*chosen), last_day, period_days) for valued in parts]
    return pl.concat(found).sort("sku", "warehouse_id", "moved_at", nulls_last=False, maintain_order=True)


def _amounts(
    figure: str, valued: ValuedMovements, stocks: pl.DataFrame, last_day: date, period_days: int
) -> pl.DataFrame:
    """Give what the movements of these stocks add to the figure."""
    first_day = last_day - timedelta(days=period_days - 1)
    rows = valued.rows.join(stocks.select(_PAIR), on=_PAIR, how="semi", maintain_order="left")
    before, within = rows.filter(pl.col("day") < first_day), rows.filter(pl.col("day") >= first_day)
    counted = _counted(figure)
    if counted is not None:
        found = within.with_columns(amount=counted.cast(pl.Float64))
    elif figure in _OPENING:
        found = _standing(figure, _openings(stocks, before.clear()), before, last_day, period_days)
    else:
        found = _standing(figure, _openings(stocks, before), within, last_day, period_days)
    return found.filter(pl.col("amount") != 0).select(
        pl.col(name).cast(dtype) for name, dtype in TURNOVER_TRACE.schema.items()
    )


def _openings(stocks: pl.DataFrame, earlier: pl.DataFrame) -> pl.DataFrame:
    """Give what each stock began the period with, as rows like movements."""
    moved = earlier.group_by(_PAIR).agg(units=_UNITS.sum(), value=_CHANGE.sum())
    return stocks.join(moved, on=_PAIR, how="left", maintain_order="left").select(
        *_PAIR,
        quantity=pl.col("opening_units") + pl.col("units").fill_null(0),
        value_cents=pl.col("opening_value_cents") + pl.col("value").fill_null(0),
        revaluation_cents=pl.lit(0, pl.Int64),
        kind=pl.lit("opening"),
        moved_at=pl.lit(None, pl.Datetime("us", "UTC")),
        reference=pl.lit(None, pl.String),
        day=pl.lit(None, pl.Date),
    )


def _standing(
    figure: str, openings: pl.DataFrame, rows: pl.DataFrame, last_day: date, period_days: int
) -> pl.DataFrame:
    what, weight = _STANDING[figure]
    closes = (pl.lit(last_day) - pl.col("day")).dt.total_days().fill_null(period_days - 1) + 1
    amount = (_UNITS if what == "units" else _CHANGE) * weight(closes / period_days)
    every = pl.concat([openings, rows.select(openings.columns)])
    return every.with_columns(amount=amount.cast(pl.Float64))
