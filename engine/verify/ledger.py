"""Invariant 5: opening + movements = closing, for every warehouse, article and day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from engine.verify.checks import Check, must, named, none_of
from engine.verify.files import Night

_PAIR: Final = ["warehouse_id", "sku"]
_DAYS: Final = 1_000_000
"""More than there are days from 1970 to the last date there is."""


def check_ledger(night: Night) -> Iterator[Check]:
    """Check the stock ledger against movements and against the stock of tonight.

    Parameters
    ----------
    night
        The run.
    """
    stock, ledger, movements = night.table("stock"), night.table("stock_ledger"), night.table("stock_movements")
    first_day = night.as_of.astimezone(UTC).date() - timedelta(days=night.settings.inventory.period_days - 1)
    pairs = number_pairs(stock, ledger, movements)
    ledger = with_keys(ledger, pairs, pl.col("day")).sort("key")
    yield check_chain(ledger, first_day)
    yield check_movements(ledger, happened(movements, pairs, first_day, night.as_of))
    yield check_closing(ledger, stock)


def number_pairs(*tables: pl.DataFrame) -> pl.DataFrame:
    """Give every pair of warehouse and article in any of the tables, numbered in `pair`.

    Parameters
    ----------
    tables
        Tables with a warehouse and an article.
    """
    every = pl.concat([table.select(_PAIR).unique() for table in tables]).unique()
    return every.sort(_PAIR).with_columns(pair=pl.int_range(pl.len(), dtype=pl.Int64))


def with_keys(table: pl.DataFrame, pairs: pl.DataFrame, day: pl.Expr) -> pl.DataFrame:
    """Add `pair`, and `key`: one number for pair and day, so that millions of rows are compared by whole numbers.

    Parameters
    ----------
    table
        The rows.
    pairs
        The pairs by number.
    day
        The day of a row.
    """
    joined = table.join(pairs, on=_PAIR, how="left", maintain_order="left")
    # Days before 1970 are negative: they are moved up so that they cannot reach into the pair before.
    days = day.cast(pl.Int32).cast(pl.Int64) + _DAYS // 2
    return joined.with_columns(key=pl.col("pair") * _DAYS + days)


def happened(movements: pl.DataFrame, pairs: pl.DataFrame, first_day: date, as_of: datetime) -> pl.DataFrame:
    """Give what moved on each UTC day of the period, by warehouse and article; later movements have not happened yet.

    Parameters
    ----------
    movements
        The stock movements.
    pairs
        The pairs by number.
    first_day, as_of
        First day of the period, and the night that ends it. What moved before is inside the opening.
    """
    day = pl.col("moved_at").dt.date()
    inside = movements.filter((pl.col("moved_at") <= as_of) & (day >= first_day)).select(*_PAIR, "quantity", day=day)
    keyed = with_keys(inside, pairs, pl.col("day"))
    return keyed.group_by("key").agg(moved=pl.col("quantity").sum()).sort("key")


def check_chain(ledger: pl.DataFrame, first_day: date) -> Check:
    """Every day adds up and opens with what the one before closed with, from the first day of the period on.

    Parameters
    ----------
    ledger
        The ledger, sorted by warehouse, article and day.
    first_day
        The first day of the period, on which every chain begins.
    """
    begins = pl.col("pair") != pl.col("pair").shift(1, fill_value=-1)
    chained = ledger.with_columns(begins=begins, before=pl.col("closing_units").shift(1))
    return named(
        "ledger.chain",
        must(
            ledger,
            pl.col("opening_units") + pl.col("movement_units") == pl.col("closing_units"),
            "{sku} in {warehouse_id} on {day}: {opening_units} + {movement_units} is not {closing_units}",
        ),
        must(
            chained,
            pl.col("begins") | (pl.col("opening_units") == pl.col("before")),
            "{sku} in {warehouse_id} on {day}: opens with {opening_units}, the day before it closed with {before}",
        ),
        must(
            chained,
            pl.col("begins") == (pl.col("day") == first_day),
            f"{{sku}} in {{warehouse_id}} on {{day}}: the ledger begins or goes on here, the period begins on {first_day}",
        ),
    )


def check_movements(ledger: pl.DataFrame, moved: pl.DataFrame) -> Check:
    """Each day's movement is the sum of that day's movements, and no day that moved is left out.

    Parameters
    ----------
    ledger
        The ledger, sorted by key.
    moved
        What moved, by key, sorted by it.
    """
    key, days, sums = ledger["key"].to_numpy(), moved["key"].to_numpy(), moved["moved"].to_numpy()
    at = np.searchsorted(days, key)
    is_there = np.append(days, -1)[at] == key
    beside = ledger.with_columns(moved=pl.Series(np.where(is_there, np.append(sums, 0)[at], 0)))
    is_listed = np.append(key, -1)[np.searchsorted(key, days)] == days
    missing = moved.filter(~pl.Series(is_listed))
    names = ledger.select("pair", *_PAIR).unique()
    told_of = missing.with_columns(
        pair=pl.col("key") // _DAYS, day=(pl.col("key") % _DAYS - _DAYS // 2).cast(pl.Int32).cast(pl.Date)
    ).join(names, on="pair", how="left", maintain_order="left")
    return named(
        "ledger.movements",
        must(
            beside,
            pl.col("movement_units") == pl.col("moved"),
            "{sku} in {warehouse_id} on {day}: the ledger moves {movement_units}, the movements of that day sum to {moved}",
        ),
        none_of(told_of, "{sku} in {warehouse_id} on {day}: {moved} moved, the ledger has no such day", moved.height),
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
    ends = pl.col("pair") != pl.col("pair").shift(-1, fill_value=-1)
    last = ledger.filter(ends).select(*_PAIR, closing="closing_units")
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
