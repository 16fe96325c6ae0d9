"""The stock ledger: opening plus movements is closing, for every warehouse, article and day."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from engine.contracts.goods import STOCK, STOCK_MOVEMENTS
from engine.contracts.outputs import STOCK_LEDGER
from engine.reports.frames import Frame, canonical, one_row_each, utc
from engine.reports.pairs import name_type
from engine.reports.valued import valued_movements

_PAIR = ["warehouse_id", "sku"]


def stock_ledger(stock: Frame, movements: Frame, as_of: datetime, *, period_days: int) -> pl.DataFrame:
    """Give the stock ledger of a period.

    Every stock has a row on the first day of the period, with its opening, and one on each later day on which it moved.
    The opening follows from what is on hand tonight less the movements of the period; days count in UTC.

    Parameters
    ----------
    stock, movements
        Tables `stock` and `stock_movements`; movements after the night are left out.
    as_of
        The night.
    period_days
        Days of the period, the night's day included.

    Raises
    ------
    InputError
        When a table lacks a column.
    """
    night = utc(as_of)
    first_day = night.date() - timedelta(days=period_days - 1)
    on_hand = one_row_each(canonical(stock, STOCK), STOCK).select(*_PAIR, "on_hand")
    moved = (
        canonical(movements, STOCK_MOVEMENTS)
        .lazy()
        .filter(pl.col("moved_at") <= night)
        .select(*_PAIR, pl.col("moved_at").dt.date().alias("day"), movement_units="quantity")
        .filter(pl.col("day") >= first_day)
        .collect()
    )
    # Names are compared a dozen times a row from here on; as positions among all of them they are compared as numbers.
    numbered = [pl.col(name).cast(name_type(on_hand[name], moved[name])) for name in _PAIR]
    on_hand, moved = on_hand.with_columns(numbered), moved.with_columns(numbered)
    pairs = pl.concat([on_hand.select(_PAIR), moved.select(_PAIR)]).unique()
    openings = pairs.with_columns(day=pl.lit(first_day), movement_units=pl.lit(0, pl.Int64))
    after = (pl.col("movement_units").sum() - pl.col("movement_units").cum_sum()).over(_PAIR)
    return (
        pl.concat([moved, openings])
        .lazy()
        .group_by(*_PAIR, "day")
        .agg(pl.col("movement_units").sum())
        .join(on_hand.lazy(), on=_PAIR, how="left")
        .sort(*_PAIR, "day")
        .with_columns(closing_units=pl.col("on_hand").fill_null(0) - after)
        .with_columns(pl.col(_PAIR).cast(pl.String), opening_units=pl.col("closing_units") - pl.col("movement_units"))
        .select(*STOCK_LEDGER.schema)
        .collect()
    )


def movement_costs(
    stock: Frame, movements: Frame, products: Frame, as_of: datetime, *, threads: int = 1
) -> pl.DataFrame:
    """Give every movement with its cost; see `engine.reports.trace` for the rows behind one figure of the turnover.

    Adds `value_cents` (the units at moving-average cost, signed as the quantity), `revaluation_cents` (what covering a
    negative stock adds to the cost of the units that had left before), `units_after` and `value_after_cents`. For every
    stock, value after = value before + value_cents - revaluation_cents, to the cent.

    Raises
    ------
    InputError
        When a table lacks a column, or its values cannot be valued exactly.
    """
    return valued_movements(stock, movements, products, as_of, threads=threads).rows.drop("day")
