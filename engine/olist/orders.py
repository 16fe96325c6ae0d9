"""Real orders, lines, articles and deliveries in the tables of the contract."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from engine.errors import InputError
from engine.olist.source import Olist, prefix_of
from engine.olist.times import TIMEZONE, end_of_day, instant

COST_SHARE: Final = 0.6
"""Assumed purchase cost as a share of the real selling price."""
USUAL_PRICE_CENTS: Final = 7_500
"""Price assumed for an article of a category that was never sold."""
FRAGILE_CATEGORIES: Final = (
    "artes",
    "consoles_games",
    "eletrodomesticos",
    "eletronicos",
    "la_cuisine",
    "musica",
    "pcs",
    "tablets_impressao_imagem",
    "utilidades_domesticas",
)
"""Categories assumed fragile; the source does not say."""
HOUR_OF_THE_NIGHT: Final = 2


def timed_orders(source: Olist) -> pl.DataFrame:
    """Give the orders with instants in place of local times; the promise is the end of the estimated day."""
    columns = (
        "order_purchase_timestamp",
        "order_approved_at",
        "order_delivered_carrier_date",
        "order_delivered_customer_date",
    )
    return source.orders.with_columns(*map(instant, columns), end_of_day("order_estimated_delivery_date"))


def night_after(orders: pl.DataFrame) -> datetime:
    """Give the night to plan: two o'clock, local time, after the last purchase.

    Raises
    ------
    InputError
        When no order has a purchase time.
    """
    last = orders["order_purchase_timestamp"].max()
    if not isinstance(last, datetime):
        raise InputError(
            "olist_orders_dataset.csv has no order with a readable order_purchase_timestamp. "
            "Times are written 2017-07-09 21:57:05; copy the file again from the published data set."
        )
    local = last.astimezone(ZoneInfo(TIMEZONE))
    night = local.replace(hour=HOUR_OF_THE_NIGHT, minute=0, second=0, microsecond=0, fold=0)
    return (night if night > local else night + timedelta(days=1)).astimezone(ZoneInfo("UTC"))


def orders_table(orders: pl.DataFrame, source: Olist, as_of: datetime) -> pl.DataFrame:
    """Give the orders table: each real order, open tonight, with as long to its promise as it really had.

    Parameters
    ----------
    orders
        The orders with instants.
    source
        The data set.
    as_of
        The night.
    """
    customers = source.customers.select("customer_id", prefix_of("customer_zip_code_prefix").alias("prefix"))
    payments = source.order_payments.group_by("order_id").agg(
        (pl.col("payment_type") != "not_defined").any().alias("has_payment")
    )
    placed, approved = pl.col("order_purchase_timestamp"), pl.col("order_approved_at")
    # An order that left was paid, whatever its approval says.
    has_left = pl.any_horizontal(pl.col("order_delivered_carrier_date", "order_delivered_customer_date").is_not_null())
    is_paid = has_left | (approved.is_not_null() & pl.col("has_payment"))
    status = (
        pl.when(is_paid).then(pl.lit("paid")).when("has_payment").then(pl.lit("pending")).otherwise(pl.lit("failed"))
    )
    last_known = pl.max_horizontal(placed, approved, "order_delivered_carrier_date", "order_delivered_customer_date")
    cancelled_at = pl.min_horizontal(last_known, pl.lit(as_of))
    return (
        orders.join(customers, on="customer_id", how="left", maintain_order="left")
        .join(source.places, on="prefix", how="left", maintain_order="left")
        .join(payments, on="order_id", how="left", maintain_order="left")
        .with_columns(pl.col("has_payment").fill_null(value=False))
        .select(
            "order_id",
            pl.lit("olist").alias("channel"),
            placed.alias("placed_at"),
            status.alias("payment_status"),
            pl.lit("standard").alias("service_level"),
            (pl.lit(as_of) + (pl.col("order_estimated_delivery_date") - placed)).alias("promised_by"),
            pl.lit("BR").alias("ship_country"),
            pl.col("prefix").alias("ship_postcode"),
            pl.col("latitude").alias("ship_latitude"),
            pl.col("longitude").alias("ship_longitude"),
            pl.lit(0).alias("priority"),
            pl.lit(None).alias("max_shipments"),
            pl.lit(None).alias("packaging"),
            pl.lit("BRL").alias("currency"),
            pl.when(pl.col("order_status") == "canceled").then(cancelled_at).alias("cancelled_at"),
        )
        .sort("order_id")
    )


def order_lines_table(source: Olist) -> pl.DataFrame:
    """Give the order lines: the source repeats a row for each unit, which become one line with a quantity."""
    return (
        source.order_items.with_columns(
            pl.col("order_item_id").cast(pl.Int64, strict=False),
            (pl.col("price").cast(pl.Float64, strict=False) * 100).round().cast(pl.Int64).alias("unit_price_cents"),
        )
        .group_by("order_id", pl.col("product_id").alias("sku"), "unit_price_cents")
        .agg(pl.col("order_item_id").min().alias("line_number"), pl.len().cast(pl.Int64).alias("quantity"))
        .with_columns(pl.lit(None, pl.String).alias("ship_together"))
        .sort("order_id", "line_number", "sku")
    )


def products_table(source: Olist, lines: pl.DataFrame) -> pl.DataFrame:
    """Give the products: real sizes and weights in mm and g, null where the source has none or zero; assumed costs.

    Parameters
    ----------
    source
        The data set.
    lines
        The order_lines table, for prices.
    """
    price = lines.group_by("sku").agg(pl.col("unit_price_cents").median().alias("price"))
    category = pl.col("product_category_name").fill_null("unknown")
    known = source.products.join(price, left_on="product_id", right_on="sku", how="left", maintain_order="left")
    usual = pl.coalesce("price", pl.col("price").median().over("product_category_name"), pl.lit(USUAL_PRICE_CENTS))
    is_fragile = category.is_in(FRAGILE_CATEGORIES)
    return known.select(
        pl.col("product_id").alias("sku"),
        category.alias("category"),
        *(_positive(f"product_{edge}_cm", 10).alias(f"{edge}_mm") for edge in ("length", "width", "height")),
        _positive("product_weight_g", 1).alias("weight_g"),
        (usual * COST_SHARE).round().cast(pl.Int64).alias("unit_cost_cents"),
        pl.when(is_fragile).then(pl.lit("fragile")).otherwise(pl.lit("none")).alias("fragility"),
        pl.lit(value=False).alias("keep_upright"),
        pl.lit(None).alias("max_load_g"),
        pl.lit(None).alias("hazard_class"),
        pl.lit(value=False).alias("ships_alone"),
    ).sort("sku")


def _positive(column: str, factor: int) -> pl.Expr:
    value = (pl.col(column).cast(pl.Float64, strict=False) * factor).round()
    return pl.when((value > 0) & value.is_finite()).then(value).cast(pl.Int64)


def past_shipments_table(orders: pl.DataFrame, origin: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Give the parcels that really left before the night: one an order, since the source has one set of dates an order.

    Parameters
    ----------
    orders
        The orders with instants.
    origin
        order_id, warehouse_id, units: where the seller of the first article is, and how many units there were.
    as_of
        The night.
    """
    return (
        orders.filter(pl.col("order_delivered_carrier_date") <= as_of)
        .join(origin, on="order_id", how="inner", maintain_order="left")
        .select(
            pl.format("REAL-{}", "order_id").alias("shipment_id"),
            "order_id",
            "warehouse_id",
            pl.lit("unnamed").alias("carrier"),
            pl.format("SYNTHETIC-{}", "order_id").alias("tracking_number"),
            pl.col("order_purchase_timestamp").alias("placed_at"),
            pl.col("order_delivered_carrier_date").alias("dispatched_at"),
            pl.col("order_estimated_delivery_date").alias("promised_by"),
            "units",
        )
        .drop_nulls(["placed_at", "promised_by"])
        .sort("shipment_id")
    )


def tracking_events_table(orders: pl.DataFrame, parcels: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Give the two events the source knows: handed over, and delivered unless that came after the night.

    Parameters
    ----------
    orders
        The orders with instants.
    parcels
        The past_shipments table.
    as_of
        The night; what came after it is not known tonight.
    """
    known = parcels.join(orders, on="order_id", how="inner", maintain_order="left")
    events = [
        known.select(
            "tracking_number",
            pl.lit(status).alias("status"),
            pl.col(column).alias("occurred_at"),
            pl.lit(None, dtype=pl.String).alias("cause"),
        )
        for status, column in (
            ("picked_up", "order_delivered_carrier_date"),
            ("delivered", "order_delivered_customer_date"),
        )
    ]
    happened = pl.concat(events).filter(pl.col("occurred_at") <= as_of)
    return happened.sort("occurred_at", "tracking_number", "status")
