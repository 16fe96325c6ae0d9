"""One currency a run: costs stated in others are converted at the day of their movement, or refused by name."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import polars as pl

from engine.contracts.schema import Table
from engine.contracts.supply import EXCHANGE_RATES, SUPPLIERS, SUPPLY_TERMS
from engine.errors import InputError
from engine.reports.frames import Frame, frame_of, one_row_each

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
        When a column is missing, a rate is not above 0 or stands twice, or a cost has no rate on its day.
    """
    rows = frame_of(movements, "stock_movements", "moved_at", "unit_cost_cents", "currency").with_row_index("row")
    known, stated = _known(rates), pl.col("currency").cast(pl.String).fill_null(currency)
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
        Table `suppliers`, by its column `currency` in which each states its prices and conditions; absent: the one asked for.
    rates
        Columns currency, valid_from (a day), rate, as for `in_currency`.
    currency
        The currency asked for.
    as_of
        The night.

    Raises
    ------
    InputError
        When a column is missing, a rate is not above 0 or stands twice, a supplier's currency has no rate that night, or an
        amount is beyond what can be planned with in the currency asked for.
    """
    sellers = frame_of(suppliers, "suppliers", "supplier_id")
    rows = frame_of(terms, "supply_terms", "supplier_id", "sku")
    priced = _with_rate(sellers, rates, currency, as_of)
    bought = rows.join(priced.select("supplier_id", "rate"), on="supplier_id", how="left", maintain_order="left")
    return (
        _at_rate(bought, SUPPLY_TERMS, _OF_TERMS).select(rows.columns),
        _at_rate(priced, SUPPLIERS, _OF_SUPPLIERS).with_columns(currency=pl.lit(currency)).select(sellers.columns),
    )


def check_rates(suppliers: pl.DataFrame, rates: pl.DataFrame, currency: str, as_of: datetime) -> None:
    """Refuse suppliers whose currency has no rate on a night, before anything is planned.

    Raises
    ------
    InputError
        When there are such suppliers.
    """
    _with_rate(suppliers, rates, currency, as_of)


def _with_rate(suppliers: pl.DataFrame, rates: Frame, currency: str, as_of: datetime) -> pl.DataFrame:
    """Add the rate of the night of each supplier's currency."""
    known = (
        _known(rates)
        .filter(pl.col("valid_from") <= as_of.date())
        .sort("valid_from")
        .unique("currency", keep="last", maintain_order=True)
    )
    stated = pl.col("currency").cast(pl.String) if "currency" in suppliers.columns else pl.lit(None, pl.String)
    priced = (
        suppliers.with_columns(currency=stated.fill_null(currency))
        .join(known.select("currency", "rate"), on="currency", how="left", maintain_order="left")
        .with_columns(rate=pl.when(pl.col("currency") == currency).then(1.0).otherwise("rate"))
    )
    lost = priced.filter(pl.col("rate").is_null())
    if lost.height:
        first = lost.row(0, named=True)
        raise InputError(
            f"{lost.height} suppliers have no rate to {currency}, such as {first['supplier_id']} in {first['currency']} on "
            f"{as_of.date()}; add it to the rates (table exchange_rates, valid_from that day or before)."
        )
    return priced


def _known(rates: Frame) -> pl.DataFrame:
    """Give the rates by the types of their table.

    Raises
    ------
    InputError
        When a rate is no number above 0, or a currency has two from the same day on.
    """
    known = frame_of(rates, "rates", *EXCHANGE_RATES.schema).select(
        pl.col(name).cast(dtype) for name, dtype in EXCHANGE_RATES.schema.items()
    )
    wrong = known.filter(~((pl.col("rate") > 0) & pl.col("rate").is_finite()).fill_null(value=False))
    if wrong.height:
        first = wrong.row(0, named=True)
        raise InputError(
            f"rates has {wrong.height} rows whose rate is not a number above 0, such as {first['rate']} for "
            f"{first['currency']} from {first['valid_from']}; correct or remove them."
        )
    return one_row_each(known, EXCHANGE_RATES)


def _at_rate(frame: pl.DataFrame, table: Table, columns: tuple[str, ...]) -> pl.DataFrame:
    """Convert those of the columns that are there; suppliers without a row state their prices in the currency asked for."""
    there = [name for name in columns if name in frame.columns]
    worth = frame.with_columns((pl.col(name) * pl.col("rate").fill_null(1.0) + 0.5).floor() for name in there)
    for name in there:
        beyond = worth.filter(pl.col(name) > table.column(name).maximum)
        if beyond.height:
            raise InputError(
                f"{table.name}: {name} of supplier {beyond['supplier_id'][0]} comes to {beyond[name][0]:.0f} at its rate, above "
                f"{table.column(name).maximum:.0f} ({beyond.height} such rows). Correct the amount, or the rate of its currency."
            )
    return worth.with_columns(pl.col(there).cast(pl.Int64))
