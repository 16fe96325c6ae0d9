"""Who sells each article and on which terms: one supplier an article, the conditions of each supplier, ways between warehouses."""

from __future__ import annotations

from typing import Final

import polars as pl

from engine.config import Inventory
from engine.contracts.supply import SUPPLIERS, SUPPLY_TERMS
from engine.errors import InputError, UsageError
from engine.reports.currency import check_currency
from engine.reports.frames import Frame, completed, frame_of

TERMS: Final = ("supplier_id", "price_cents", "pack_units", "minimum_units", "order_cents", "lead_days", "lead_days_sd")
"""What is known of buying an article, beside its sku."""


def with_terms(stocks: pl.DataFrame, terms: Frame | None, suppliers: pl.DataFrame, settings: Inventory) -> pl.DataFrame:
    """Add to stocks who sells their article and on which terms, by the columns `TERMS`.

    Of several suppliers the one of least preference sells it, then the cheapest, then the first by identifier. Without terms
    an article costs what the products say, comes in single units, and takes the lead time of the settings.

    Parameters
    ----------
    stocks
        Columns sku and unit_cost_cents.
    terms
        Columns of table `supply_terms`; all but sku may be absent.
    suppliers
        Table `suppliers`, as `conditions` gives it.
    settings
        The lead time where a supplier has none.

    Raises
    ------
    InputError
        When terms lack the article, name it twice for a supplier, hold values that no file could bring, or are in several
        currencies.
    """
    rows = pl.DataFrame(schema={"sku": pl.String}) if terms is None else frame_of(terms, "terms", "sku")
    _check_one_currency(rows, SUPPLY_TERMS.name)
    known = completed(rows, SUPPLY_TERMS)
    twice = known.filter(pl.struct("supplier_id", "sku").is_duplicated())
    if twice.height:
        raise InputError(f"terms names article {twice['sku'][0]} more than once; a supplier has one row an article.")
    costs = stocks.select("sku", usual="unit_cost_cents").unique("sku", keep="first", maintain_order=True)
    lead = suppliers.select("supplier_id", lead_days="lead_days_mean", lead_days_sd="lead_days_sd")
    chosen = (
        known.join(costs, on="sku", how="inner", maintain_order="left")
        .with_columns(price_cents=pl.coalesce("unit_cost_cents", "usual"))
        .sort("sku", "preference", "price_cents", "supplier_id", nulls_last=True)
        .unique("sku", keep="first", maintain_order=True)
        .join(lead, on="supplier_id", how="left", maintain_order="left")
        .select("sku", *TERMS)
    )
    usual = {"pack_units": 1, "minimum_units": 0, "order_cents": 0}
    return stocks.join(chosen, on="sku", how="left", maintain_order="left").with_columns(
        pl.coalesce("price_cents", "unit_cost_cents").alias("price_cents"),
        *(pl.col(name).fill_null(value) for name, value in usual.items()),
        pl.col("lead_days").fill_null(float(settings.lead_time_days)),
        pl.col("lead_days_sd").fill_null(0.0),
    )


def conditions(suppliers: Frame | None) -> pl.DataFrame:
    """Give table `suppliers` of a frame of which all columns but the identifier may be absent.

    Raises
    ------
    InputError
        When suppliers lack their identifier, one is named twice, values are such that no file could bring them, or they are
        in several currencies.
    """
    if suppliers is None:
        return SUPPLIERS.empty()
    given = frame_of(suppliers, "suppliers", "supplier_id")
    _check_one_currency(given, SUPPLIERS.name)
    found = completed(given, SUPPLIERS)
    if found["supplier_id"].null_count():
        raise InputError(
            f"suppliers has {found['supplier_id'].null_count()} rows without supplier_id; name or remove them."
        )
    if found["supplier_id"].is_duplicated().any():
        raise InputError(
            f"suppliers names {found.filter(pl.col('supplier_id').is_duplicated())['supplier_id'][0]} twice."
        )
    return found.sort("supplier_id")


def check_one_purse(suppliers: pl.DataFrame, budget_cents: int | None) -> None:
    """Refuse a budget for all purchases together beside suppliers that have conditions of their own.

    Raises
    ------
    UsageError
        When both are given: which of them should yield is the buyer's to say.
    """
    binding = suppliers.filter(
        pl.col("budget_cents").is_not_null() | (pl.col("minimum_order_cents") > 0) | (pl.col("order_cents") > 0)
    )
    if budget_cents is not None and binding.height:
        raise UsageError(
            f"one budget of {budget_cents} cents for all purchases stands beside conditions of {binding.height} suppliers, such as "
            f"{binding['supplier_id'][0]}. Leave inventory.purchase_budget_cents out and give suppliers their budgets."
        )


def _check_one_currency(frame: pl.DataFrame, name: str) -> None:
    """Refuse prices in several currencies; those without one are in the shop's."""
    if "currency" in frame.columns:
        stated = frame.lazy().select(pl.col("currency").cast(pl.String).fill_null("the shop's own"))
        check_currency(stated, name, "supply_in_currency")
