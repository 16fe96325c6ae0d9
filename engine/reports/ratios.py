"""The ratios of turnover from their parts, the same for every report."""

from __future__ import annotations

import polars as pl


def turn_ratios(period_days: pl.Expr) -> list[pl.Expr]:
    """Give turns, days on hand and gross margin return on inventory.

    Turns are annualised with 365 days. Stock without sales has no days on hand; sales without stock have no turns.

    Parameters
    ----------
    period_days
        Days of the period. The frame has cogs_cents, average_value_cents and gross_margin_cents.
    """
    average, cogs = pl.col("average_value_cents"), pl.col("cogs_cents")
    return [
        pl.when(average > 0).then(cogs * (365 / period_days) / average).alias("turns"),
        pl.when((average > 0) & (cogs > 0)).then(period_days * average / cogs).alias("days_on_hand"),
        pl.when(average > 0).then(pl.col("gross_margin_cents") / average).alias("gmroi"),
    ]


def margin(revenue: str, is_complete: str) -> pl.Expr:
    """Give revenue less cost of goods sold, absent where part of what was sold has no price."""
    return pl.when(pl.col(is_complete)).then(pl.col(revenue) - pl.col("cogs_cents")).alias("gross_margin_cents")
