"""The terms of suppliers: purchases come from whom they should, in whole packs, and orders keep their conditions."""

from __future__ import annotations

import polars as pl

from engine.verify.checks import Check, Findings, must, named, none_of, told
from engine.verify.files import Night


def terms_of(night: Night) -> pl.DataFrame:
    """Give who sells each article and on which terms: sku, seller, price, pack, least, lead_days.

    Of several the one of least preference sells it, then the cheapest, then the first by identifier.

    Parameters
    ----------
    night
        The run.
    """
    usual = float(night.settings.inventory.lead_time_days)
    lead = suppliers_of(night).select("supplier_id", "rate", lead_days="lead_days_mean")
    # Where a supplier says no price, what the products say is in the night's currency already.
    price = pl.coalesce(_worth("unit_cost_cents"), "usual_cents")
    rows = (
        night.table("supply_terms")
        .join(night.table("products").select("sku", usual_cents="unit_cost_cents"), on="sku", maintain_order="left")
        .join(lead, on="supplier_id", how="left", maintain_order="left")
        .with_columns(rank=pl.struct("preference", price, "supplier_id").rank("ordinal").over("sku"))
        .filter(pl.col("rank") == 1)
        .select("sku", "supplier_id", "lead_days", price=price, pack="pack_units", least="minimum_units")
    )
    return (
        night.table("products")
        .select("sku", "unit_cost_cents")
        .join(rows, on="sku", how="left", maintain_order="left")
        .select(
            "sku",
            seller="supplier_id",
            price=pl.coalesce("price", "unit_cost_cents"),
            pack=pl.col("pack").fill_null(1),
            least=pl.col("least").fill_null(0),
            lead_days=pl.col("lead_days").fill_null(usual),
        )
    )


def suppliers_of(night: Night) -> pl.DataFrame:
    """Give table `suppliers` with the rate of each to the night's currency, and its money in that.

    A supplier's rate is the latest that is not after the night; its own currency needs none.

    Parameters
    ----------
    night
        The run.
    """
    own, table = night.settings.night.currency, night.table("suppliers")
    is_due = pl.col("valid_from") <= night.as_of.date()
    latest = (
        night.table("exchange_rates").filter(is_due).sort("valid_from").group_by("currency").agg(pl.col("rate").last())
    )
    is_own = pl.col("currency").fill_null(own) == own
    return (
        table.join(latest, on="currency", how="left", maintain_order="left")
        .with_columns(rate=pl.when(is_own).then(1.0).otherwise("rate"))
        .with_columns(_worth(name) for name in ("minimum_order_cents", "order_cents", "budget_cents"))
    )


def _worth(cents: str) -> pl.Expr:
    return (pl.col(cents) * pl.col("rate") + 0.5).floor().cast(pl.Int64)


def check_supply(night: Night) -> Check:
    """Check supplier and packs of every purchase, and that each order adds its lines up and keeps its supplier's conditions.

    Parameters
    ----------
    night
        The run.
    """
    bought, orders = night.table("replenishment"), night.table("supplier_orders")
    sums = _sums(bought)
    by_order = int(orders["purchase_cents"].sum())
    by_line = int(bought.drop_nulls("supplier_id")["cost_cents"].sum())
    differ = [f"supplier_orders come to {by_order} cents, their lines to {by_line}"] if by_order != by_line else []
    return named(
        "supply.orders",
        told(differ, 1),
        *_of_lines(bought.join(terms_of(night), on="sku", how="left", maintain_order="left")),
        *_of_orders(orders.join(sums, on="supplier_id", how="left", maintain_order="left"), suppliers_of(night)),
        none_of(
            sums.join(orders, on="supplier_id", how="anti", maintain_order="left"),
            "{lines_are} lines are bought from {supplier_id}, which is not in supplier_orders",
            sums.height,
        ),
    )


def _sums(bought: pl.DataFrame) -> pl.DataFrame:
    """Give what the lines from each supplier come to."""
    return (
        bought.drop_nulls("supplier_id")
        .group_by("supplier_id", maintain_order=True)
        .agg(
            lines_are=pl.len().cast(pl.Int64),
            units_are=pl.col("buy_units").sum(),
            cost_is=pl.col("cost_cents").sum(),
            saved_is=pl.col("saved_cents").sum(),
        )
    )


def _of_lines(lines: pl.DataFrame) -> tuple[Findings, ...]:
    """Check who is bought from, and in which packs; `lines` with the terms of their articles."""
    return (
        must(
            lines,
            pl.col("supplier_id").eq_missing(pl.col("seller")),
            "{sku} in {warehouse_id}: bought from {supplier_id}, {seller} sells it",
        ),
        must(
            lines,
            (pl.col("buy_units") % pl.col("pack") == 0) & (pl.col("buy_units") >= pl.col("least")),
            "{sku} in {warehouse_id}: {buy_units} units in packs of {pack}, {least} at least",
        ),
    )


def _of_orders(summed: pl.DataFrame, suppliers: pl.DataFrame) -> tuple[Findings, ...]:
    """Check what each order says against its lines and the conditions of its supplier; `summed` with what the lines say."""
    said = suppliers.select(
        "supplier_id", least_is="minimum_order_cents", asked_is="order_cents", most_is="budget_cents"
    )
    beside = summed.join(said, on="supplier_id", how="left", maintain_order="left")
    return (
        must(
            beside,
            (pl.col("lines") == pl.col("lines_are"))
            & (pl.col("units") == pl.col("units_are"))
            & (pl.col("purchase_cents") == pl.col("cost_is"))
            & (pl.col("saved_cents") == pl.col("saved_is") - pl.col("order_cents")),
            "{supplier_id}: {lines} lines, {units} units, {purchase_cents} cents, {saved_cents} saved; "
            "its lines say {lines_are}, {units_are}, {cost_is}, {saved_is}",
        ),
        must(
            beside,
            (pl.col("minimum_order_cents") == pl.col("least_is").fill_null(0))
            & (pl.col("order_cents") == pl.col("asked_is").fill_null(0))
            & pl.col("budget_cents").eq_missing(pl.col("most_is")),
            "{supplier_id}: least {minimum_order_cents}, cost {order_cents}, budget {budget_cents}; "
            "suppliers say {least_is}, {asked_is}, {most_is}",
        ),
        must(
            beside,
            (pl.col("purchase_cents") >= pl.col("minimum_order_cents"))
            & (pl.col("purchase_cents") <= pl.col("budget_cents").fill_null(2**62)),
            "{supplier_id}: an order of {purchase_cents} cents, from {minimum_order_cents} to {budget_cents} are allowed",
        ),
    )
