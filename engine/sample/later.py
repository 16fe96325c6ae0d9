"""Days that pass after a night of the sample: its articles sell on, and most of what was proposed comes."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.contracts.goods import STOCK_MOVEMENTS
from engine.errors import UsageError
from engine.runs import Run, open_run
from engine.sample.streams import stream
from engine.sample.write import INBOX, write_inbox

Integers = NDArray[np.int64]

_PAIR: Final = ["warehouse_id", "sku"]
_RATE_DAYS: Final = 90
_SHARE_FOLLOWED: Final = 0.8
"""Proposals that a buyer follows."""
_TRANSFER_DAYS: Final = 2
_MOST_DAYS: Final = 365


def pass_days(workspace: Path, days: int, *, seed: int = 0) -> datetime:
    """Let days pass after the latest run of a workspace: write the movements since, and the stock as it stands then.

    Articles sell at the pace of their last 90 days as far as there is stock. What was on its way comes on its day. Four in five
    of the run's purchases come after the lead time of their supplier, four in five of its transfers within two days; the others
    do not.

    Parameters
    ----------
    workspace
        A workspace with a published run.
    days
        Days to pass.
    seed
        Same run, same seed: same bytes.

    Returns
    -------
    datetime
        The night to plan next.

    Raises
    ------
    UsageError
        When the days are out of range, or nothing was published.
    """
    if not 1 <= days <= _MOST_DAYS:
        raise UsageError(f"days must lie between 1 and {_MOST_DAYS}; days: {days}. Choose a number in that range.")
    run = open_run(workspace)
    stock = run.inputs.stock.sort(_PAIR)
    coming = pl.concat([_coming(run, stock, days, seed), _due(run, stock, days)])
    units, moved = _lived(stock["on_hand"].to_numpy().copy(), _rates(run, stock), coming, days, seed)
    night = run.as_of + timedelta(days=days)
    movements = moved.join(
        stock.select(_PAIR).with_row_index("pair"), on="pair", how="left", maintain_order="left"
    ).select(
        # Before the hour of the night, so that the last day is over when the next one is planned.
        moved_at=pl.lit(run.as_of)
        + pl.duration(days="day")
        - pl.duration(hours=pl.col("kind").replace_strict(_HOURS, return_dtype=pl.Int64)),
        warehouse_id="warehouse_id",
        sku="sku",
        quantity="quantity",
        kind="kind",
        unit_cost_cents=pl.lit(None, pl.Int64),
        reference=pl.lit(None, pl.String),
    )
    later = run.inputs.inbound.filter(pl.col("expected_at") > night)
    write_inbox(workspace, {"stock": stock.with_columns(on_hand=pl.Series(units)), "inbound": later})
    movements.cast(STOCK_MOVEMENTS.schema).write_parquet(
        workspace / INBOX / f"stock_movements-{night:%Y-%m-%d}.parquet", compression="zstd"
    )
    return night


_HOURS: Final = {"transfer_out": 14, "receipt": 13, "transfer_in": 12, "sale": 6}
"""Hours before the night at which a day's movements of a kind are: what comes can be sold the same day."""


def _rates(run: Run, stock: pl.DataFrame) -> NDArray[np.float64]:
    """Give the units that each stock sells a day."""
    since = run.as_of - timedelta(days=_RATE_DAYS)
    sold = (
        run.inputs.stock_movements.filter((pl.col("kind") == "sale") & (pl.col("moved_at") > since))
        .group_by(_PAIR)
        .agg(sold=-pl.col("quantity").sum())
    )
    rates: NDArray[np.float64] = (
        stock.join(sold, on=_PAIR, how="left", maintain_order="left")["sold"].fill_null(0).to_numpy() / _RATE_DAYS
    )
    return rates


def _coming(run: Run, stock: pl.DataFrame, days: int, seed: int) -> pl.DataFrame:
    """Give what is followed of the proposals: pair, day, quantity, kind."""
    rng = stream(seed, "later_proposals")
    pairs = stock.select(_PAIR).with_row_index("pair")
    lead = run.inputs.suppliers.select("supplier_id", "lead_days_mean")
    bought = run.replenishment.join(lead, on="supplier_id", how="left", maintain_order="left").select(
        *_PAIR,
        quantity="buy_units",
        day=pl.col("lead_days_mean").fill_null(10.0).ceil().cast(pl.Int64).clip(lower_bound=1),
        kind=pl.lit("receipt"),
    )
    followed = bought.filter(pl.Series(rng.random(bought.height) < _SHARE_FOLLOWED))
    moves = run.transfers.filter(pl.Series(rng.random(run.transfers.height) < _SHARE_FOLLOWED))
    ends = [
        moves.select(
            f"{end}_warehouse_id",
            "sku",
            quantity=sign * pl.col("quantity"),
            day=pl.lit(day, pl.Int64),
            kind=pl.lit(kind),
        ).rename({f"{end}_warehouse_id": "warehouse_id"})
        for end, sign, day, kind in (("from", -1, 1, "transfer_out"), ("to", 1, 1 + _TRANSFER_DAYS, "transfer_in"))
    ]
    return (
        pl.concat([one.select(*_PAIR, "quantity", "day", "kind") for one in (followed, *ends)])
        .filter(pl.col("day") <= days)
        .join(pairs, on=_PAIR, how="inner", maintain_order="left")
        .select("pair", "day", "quantity", "kind")
    )


def _due(run: Run, stock: pl.DataFrame, days: int) -> pl.DataFrame:
    """Give what was on its way before the run and comes in these days: pair, day, quantity, kind."""
    in_days = (pl.col("expected_at") - run.as_of).dt.total_microseconds() / (24 * 60 * 60 * 1_000_000)
    return (
        run.inputs.inbound.with_columns(day=in_days.ceil().cast(pl.Int64), kind=pl.lit("receipt"))
        .filter(pl.col("day").is_between(1, days))
        .join(stock.select(_PAIR).with_row_index("pair"), on=_PAIR, how="inner", maintain_order="left")
        .select("pair", "day", "quantity", "kind")
    )


def _lived(
    units: Integers, rates: NDArray[np.float64], coming: pl.DataFrame, days: int, seed: int
) -> tuple[Integers, pl.DataFrame]:
    """Give the units of each stock at the end, and every movement: pair, day, quantity, kind."""
    rng = stream(seed, "later_sales")
    parts = [coming.cast({"pair": pl.Int64})]
    for day in range(1, days + 1):
        today = coming.filter(pl.col("day") == day)
        np.add.at(units, today["pair"].to_numpy(), today["quantity"].to_numpy())
        sold = np.minimum(rng.poisson(rates), np.maximum(units, 0))
        units -= sold
        sells = np.flatnonzero(sold)
        parts.append(
            pl.DataFrame({"pair": sells, "day": day, "quantity": -sold[sells], "kind": "sale"}, schema=parts[0].schema)
        )
    return units, pl.concat(parts).cast({"pair": pl.UInt32})
