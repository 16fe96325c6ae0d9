"""Invariant 5: opening + movements = closing, for every warehouse, article and day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import polars as pl

from engine.verify.checks import Check, must, named
from engine.verify.files import Night

_PAIR = ["warehouse_id", "sku"]


def check_ledger(night: Night) -> Iterator[Check]:
    """Check the stock ledger against movements and against the stock of tonight.

    Parameters
    ----------
    night
        The run.
    """
    ledger = night.table("stock_ledger").sort(*_PAIR, "day")
    first_day = night.as_of.astimezone(UTC).date() - timedelta(days=night.settings.inventory.period_days - 1)
    yield check_chain(ledger, first_day)
    yield check_movements(ledger, night.table("stock_movements"), night.as_of)
    yield check_closing(ledger, night.table("stock"))


def check_chain(ledger: pl.DataFrame, first_day: date) -> Check:
    """Every day adds up and opens with what the one before closed with, from the first day of the period on.

    Parameters
    ----------
    ledger
        The ledger, sorted by warehouse, article and day.
    first_day
        The first day of the period, on which every chain begins.
    """
    chained = ledger.with_columns(before=pl.col("closing_units").shift(1).over(_PAIR))
    return named(
        "ledger.chain",
        must(
            ledger,
            pl.col("opening_units") + pl.col("movement_units") == pl.col("closing_units"),
            "{sku} in {warehouse_id} on {day}: {opening_units} + {movement_units} is not {closing_units}",
        ),
        must(
            chained,
            (pl.col("opening_units") == pl.col("before")) | pl.col("before").is_null(),
            "{sku} in {warehouse_id} on {day}: opens with {opening_units}, the day before it closed with {before}",
        ),
        must(
            ledger.group_by(_PAIR, maintain_order=True).agg(begins=pl.col("day").min()),
            pl.col("begins") == first_day,
            f"{{sku}} in {{warehouse_id}}: the ledger begins on {{begins}}, the period on {first_day}",
        ),
    )


def check_movements(ledger: pl.DataFrame, movements: pl.DataFrame, as_of: datetime) -> Check:
    """Each day's movement is the sum of that UTC day's movements, and no day that moved is left out.

    Parameters
    ----------
    ledger
        The ledger.
    movements
        The stock movements.
    as_of
        The night; later movements have not happened yet.
    """
    daily = (
        movements.lazy()
        .filter(pl.col("moved_at") <= as_of)
        .group_by(*_PAIR, pl.col("moved_at").dt.date().alias("day"))
        .agg(moved=pl.col("quantity").sum())
        .collect()
    )
    first = ledger.group_by(_PAIR).agg(first_day=pl.col("day").min())
    # Before its first day the ledger is an opening balance, so earlier movements are inside it.
    inside = daily.join(first, on=_PAIR, how="left").filter(
        pl.col("first_day").is_null() | (pl.col("day") >= pl.col("first_day"))
    )
    both = ledger.join(inside, on=[*_PAIR, "day"], how="full", coalesce=True).sort(*_PAIR, "day")
    return named(
        "ledger.movements",
        must(
            both.with_columns(pl.col("moved").fill_null(0)),
            (pl.col("movement_units") == pl.col("moved"))
            | (pl.col("movement_units").is_null() & (pl.col("moved") == 0)),
            "{sku} in {warehouse_id} on {day}: the ledger moves {movement_units}, the movements of that day sum to {moved}",
        ),
    )


def check_closing(ledger: pl.DataFrame, stock: pl.DataFrame) -> Check:
    """Every pair of warehouse and article with stock is in the ledger, and closes with what is on hand.

    Parameters
    ----------
    ledger
        The ledger, sorted by warehouse, article and day.
    stock
        The stock table.
    """
    last = ledger.group_by(_PAIR, maintain_order=True).agg(closing=pl.col("closing_units").last())
    both = stock.select(*_PAIR, "on_hand").join(last, on=_PAIR, how="full", coalesce=True, maintain_order="left_right")
    return named(
        "ledger.closing",
        must(
            # What moved once and has no stock row any more has nothing on hand.
            both.with_columns(pl.col("on_hand").fill_null(0)),
            pl.col("closing") == pl.col("on_hand"),
            "{sku} in {warehouse_id}: the ledger closes with {closing}, {on_hand} are on hand",
        ),
    )
