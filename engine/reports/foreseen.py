"""How many stocks a night's own forecast expected to run out although nothing was proposed for them."""

from __future__ import annotations

import polars as pl

from engine.reports.outlook import PAIR, Outlook
from solvers.inventory import Demand


def expected_to_run_out(
    outlook: Outlook, replenishment: pl.DataFrame, transfers: pl.DataFrame, due: pl.DataFrame, days: int
) -> float:
    """Give the expected number of stocks without a proposal whose demand takes all they have within so many days.

    A warehouse that runs out is served from others where that costs less than stock of its own, so some are left to.

    Parameters
    ----------
    outlook
        The stocks as they stood the night of the proposals.
    replenishment, transfers
        The proposals, tables of those names.
    due
        What was on its way and due in these days, columns warehouse_id, sku, quantity.
    days
        The days.
    """
    usual = max(outlook.horizon_days, 1)
    coming = due.group_by(PAIR).agg(due_units=pl.col("quantity").sum())
    sent = transfers.group_by(warehouse_id="from_warehouse_id", sku="sku").agg(sent_units=pl.col("quantity").sum())
    stocks = (
        outlook.stocks.select(*PAIR, "on_hand")
        .with_columns(
            mean=pl.Series(outlook.forecast.mean) * (days / usual),
            variance=pl.Series(outlook.forecast.variance) * (days / usual),
        )
        .join(replenishment, on=PAIR, how="anti", maintain_order="left")
        .join(transfers, left_on=PAIR, right_on=["to_warehouse_id", "sku"], how="anti", maintain_order="left")
        .join(coming, on=PAIR, how="left", maintain_order="left")
        .join(sent, on=PAIR, how="left", maintain_order="left")
        .select(
            "mean",
            "variance",
            has=pl.col("on_hand") + pl.col("due_units").fill_null(0) - pl.col("sent_units").fill_null(0),
        )
    )
    return sum(_chance(*row) for row in stocks.iter_rows())


def _chance(mean: float, variance: float, units: int) -> float:
    """Give the probability that demand takes all units."""
    if units <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    return float(Demand.negative_binomial(mean, max(variance, mean)).probability[units:].sum())
