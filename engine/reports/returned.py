"""Returns by the week their orders were sent: how much came back, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import polars as pl

from engine.contracts.history import PAST_SHIPMENTS
from engine.contracts.orders import ORDER_LINES, RETURNS
from engine.contracts.reports import RETURN_SUMMARY
from engine.reports.frames import canonical, utc

_DISPOSITIONS: Final = {
    "restock": "restocked_units",
    "scrap": "scrapped_units",
    "inspect": "inspected_units",
    "missing": "missing_units",
}


def return_summary(
    returns: pl.DataFrame, order_lines: pl.DataFrame, past_shipments: pl.DataFrame, as_of: datetime
) -> pl.DataFrame:
    """Give returns by ship-week cohort, in units and in money.

    A cohort holds the orders first handed over in a week, Monday to Sunday UTC; an order counts with all its lines.
    Returns of orders that are not on file as sent stand in a row without a week. Refunds carry no date of their own in
    the `returns` table, so the refund lag is unknown, never guessed.

    Parameters
    ----------
    returns, order_lines, past_shipments
        The tables of those names; what came after the night is left out.
    as_of
        The night.
    """
    night = utc(as_of)
    weeks = (
        canonical(past_shipments, PAST_SHIPMENTS)
        .filter(pl.col("dispatched_at") <= night)
        .group_by("order_id")
        .agg(pl.col("dispatched_at").min().dt.truncate("1w").dt.date().alias("ship_week"))
    )
    lines = canonical(order_lines, ORDER_LINES)
    back = canonical(returns, RETURNS).filter(pl.col("received_at") <= night)
    shipped = _shipped(lines.join(weeks, on="order_id", how="inner"))
    returned = _returned(back, lines, weeks)
    counts = [name for name in (*shipped.columns, *returned.columns) if name != "ship_week"]
    units, cents = pl.col("returned_units"), pl.col("returned_cents")
    return (
        shipped.join(returned, on="ship_week", how="full", nulls_equal=True, coalesce=True)
        .with_columns(pl.col(counts).fill_null(0))
        .with_columns(
            return_rate_units=pl.when(pl.col("shipped_units") > 0).then(units / pl.col("shipped_units")),
            return_rate_cents=pl.when(pl.col("shipped_cents") > 0).then(cents / pl.col("shipped_cents")),
            restock_yield=pl.when(units > 0).then(pl.col("restocked_units") / units),
            refund_lag_days=pl.lit(None, pl.Float64),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in RETURN_SUMMARY.schema.items())
        .sort("ship_week", nulls_last=True)
    )


def _shipped(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.group_by("ship_week").agg(
        pl.col("order_id").n_unique().cast(pl.Int64).alias("orders"),
        pl.col("quantity").sum().alias("shipped_units"),
        (pl.col("quantity") * pl.col("unit_price_cents")).sum().alias("shipped_cents"),
    )


def _returned(back: pl.DataFrame, lines: pl.DataFrame, weeks: pl.DataFrame) -> pl.DataFrame:
    price = lines.select("order_id", "line_number", "unit_price_cents")
    quantity = pl.col("quantity")
    return (
        back.join(price, on=["order_id", "line_number"], how="left")
        .join(weeks, on="order_id", how="left")
        .group_by("ship_week")
        .agg(
            quantity.sum().alias("returned_units"),
            (quantity * pl.col("unit_price_cents").fill_null(0)).sum().alias("returned_cents"),
            *(quantity.filter(pl.col("disposition") == name).sum().alias(to) for name, to in _DISPOSITIONS.items()),
            pl.col("refund_cents").sum(),
        )
    )
