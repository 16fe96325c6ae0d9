"""One currency a run: costs stated in others are converted at the day of their movement, or refused by name."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import polars as pl

from engine.errors import InputError
from engine.reports.frames import Frame, frame_of

_OF_TERMS: Final = ("unit_cost_cents", "order_cents")
_OF_SUPPLIERS: Final = ("minimum_order_cents", "order_cents", "budget_cents")


def check_currency(frame: pl.LazyFrame, name: str, convert: str = "in_currency") -> None:
    """Refuse a frame whose column `currency`, where it has one, names several.

    Raises
    ------
    InputError
        When money is in more than one currency.
    """
    if "currency" not in frame.collect_schema().names():
        return
    found = frame.select(pl.col("currency").drop_nulls().unique().sort()).collect()["currency"].to_list()
    if len(found) > 1:
        raise InputError(
            f"{name} has money in {', '.join(map(str, found))}; a run knows one currency. "
            f"Convert its costs with engine.reports.currency.{convert} first."
        )


def in_currency(movements: Frame, rates: Frame, currency: str) -> pl.DataFrame:
    """Give movements with all costs in one currency, converted at the rate of their day and rounded half up.

    Parameters
    ----------
    movements
        Table `stock_movements` with a column `currency`; absent: the one asked for.
    rates
        Columns currency, valid_from (a day), rate: what a unit of it is worth in the currency asked for, from that day on.
        One table a run, so that every report converts alike.
    currency
        The currency asked for.

    Raises
    ------
    InputError
        When a column is missing, or a cost has no rate on its day.
    """
    rows = frame_of(movements, "stock_movements", "moved_at", "unit_cost_cents", "currency").with_row_index("row")
    known = frame_of(rates, "rates", "currency", "valid_from", "rate").select(
        pl.col("currency").cast(pl.String), pl.col("valid_from").cast(pl.Date), pl.col("rate").cast(pl.Float64)
    )
    stated = pl.col("currency").cast(pl.String).fill_null(currency)
    priced = (
        rows.with_columns(currency=stated, day=pl.col("moved_at").cast(pl.Date))
        .sort("day", "row")
        .join_asof(
            known.sort("valid_from"), left_on="day", right_on="valid_from", by="currency", check_sortedness=False
        )
        .with_columns(rate=pl.when(pl.col("currency") == currency).then(1.0).otherwise("rate"))
    )
    lost = priced.filter(pl.col("rate").is_null() & pl.col("unit_cost_cents").is_not_null())
    if lost.height:
        first = lost.row(0, named=True)
        raise InputError(
            f"{lost.height} movements have no rate to {currency}, such as {first['currency']} on {first['day']}; "
            "add it to the rates."
        )
    cents = (pl.col("unit_cost_cents") * pl.col("rate") + 0.5).floor().cast(pl.Int64)
    return (
        priced.sort("row")
        .with_columns(unit_cost_cents=cents, currency=pl.lit(currency))
        .select(name for name in rows.columns if name != "row")
    )


def supply_in_currency(
    terms: Frame, suppliers: Frame, rates: Frame, currency: str, as_of: datetime
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give suppliers and their terms with all money in one currency, at the rates of the night, rounded half up.

    Parameters
    ----------
    terms
        Table `supply_terms`, of which all columns but supplier_id and sku may be absent.
    suppliers
        Table `suppliers` with a column `currency`, in which each states its prices and conditions; absent: the one asked for.
    rates
        Columns currency, valid_from (a day), rate, as for `in_currency`.
    currency
        The currency asked for.
    as_of
        The night.

    Raises
    ------
    InputError
        When a column is missing, or a supplier's currency has no rate that night.
    """
    sellers = frame_of(suppliers, "suppliers", "supplier_id", "currency")
    rows = frame_of(terms, "supply_terms", "supplier_id", "sku")
    known = (
        frame_of(rates, "rates", "currency", "valid_from", "rate")
        .select(pl.col("currency").cast(pl.String), pl.col("valid_from").cast(pl.Date), pl.col("rate").cast(pl.Float64))
        .filter(pl.col("valid_from") <= as_of.date())
        .sort("valid_from")
        .unique("currency", keep="last", maintain_order=True)
    )
    stated = pl.col("currency").cast(pl.String).fill_null(currency)
    rate = pl.when(pl.col("currency") == currency).then(1.0).otherwise("rate")
    priced = (
        sellers.with_columns(currency=stated)
        .join(known.select("currency", "rate"), on="currency", how="left", maintain_order="left")
        .with_columns(rate=rate)
    )
    lost = priced.filter(pl.col("rate").is_null())
    if lost.height:
        first = lost.row(0, named=True)
        raise InputError(
            f"{lost.height} suppliers have no rate to {currency}, such as {first['supplier_id']} in {first['currency']} on "
            f"{as_of.date()}; add it to the rates."
        )
    bought = rows.join(priced.select("supplier_id", "rate"), on="supplier_id", how="left", maintain_order="left")
    return (
        _at_rate(bought, _OF_TERMS).select(rows.columns),
        _at_rate(priced, _OF_SUPPLIERS).with_columns(currency=pl.lit(currency)).select(sellers.columns),
    )


def _at_rate(frame: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """Convert those of the columns that are there; suppliers without a row state their prices in the currency asked for."""
    rate = pl.col("rate").fill_null(1.0)
    return frame.with_columns(
        (pl.col(name) * rate + 0.5).floor().cast(pl.Int64) for name in columns if name in frame.columns
    )
