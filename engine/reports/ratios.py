"""The ratios of turnover from their parts, the same for every report."""

from __future__ import annotations

import polars as pl


def turn_ratios(period_days: pl.Expr) -> list[pl.Expr]:
    """Give turns, days on hand and gross margin return on inventory.

    Turns are annualised with 365 days. Stock without sales turns zero times and has no days on hand, even where covering
    a negative stock cost something; sales without stock have no turns.

    Parameters
    ----------
    period_days
        Days of the period. The frame has sold_units, cogs_cents, average_value_cents and gross_margin_cents.
    """
    average, cogs = pl.col("average_value_cents"), pl.col("cogs_cents")
    has_sales = pl.col("sold_units") > 0
    turned = pl.when(has_sales).then(cogs * (365 / period_days) / average).otherwise(0.0)
    return [
        pl.when(average > 0).then(turned).alias("turns"),
        pl.when((average > 0) & has_sales & (cogs > 0)).then(period_days * average / cogs).alias("days_on_hand"),
        pl.when(average > 0).then(pl.col("gross_margin_cents") / average).alias("gmroi"),
    ]


def margin(revenue: str, is_complete: str) -> pl.Expr:
    """Give revenue less cost of goods sold, absent where part of what was sold has no price."""
    return pl.when(pl.col(is_complete)).then(pl.col(revenue) - pl.col("cogs_cents")).alias("gross_margin_cents")
