"""The Olist workspace, table by table."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.config import FILE_NAME, Carrier
from engine.errors import UsageError
from engine.olist import orders as real
from engine.olist import stock, tariff
from engine.olist.network import cluster, placed_sellers, warehouses_table
from engine.olist.notice import notice_text
from engine.olist.source import Olist, read_olist
from engine.olist.times import TIMEZONE
from engine.sample import network as places
from engine.sample import tariffs
from engine.sample.cartons import make_cartons
from engine.sample.tracking import carrier_settings
from engine.sample.write import write_inbox

NOTICE: Final = "SYNTHETIC.md"
CARRIERS: Final = {
    "SYNTHETIC-POSTA": Carrier(tracking="s10", prefix="LXBR"),
    "SYNTHETIC-RODO": Carrier(tracking="sscc_18", prefix="7899999"),
    "SYNTHETIC-AEREO": Carrier(tracking="ups_1z", prefix="5Y5N51"),
}
"""Made-up prefixes: service letters and posting country, GS1 company prefix, shipper number."""


def import_olist(source: Path, workspace: Path, *, seed: int = 0) -> None:
    """Write a workspace from the public Olist CSV files.

    The night is the one after the last purchase, and every real order is planned in it as if none had left yet. What
    really happened becomes the history: parcels, deliveries and sales at their real times. `SYNTHETIC.md` in the
    workspace says what is real, what is derived and what is generated.

    Parameters
    ----------
    source
        Folder with the CSV files.
    workspace
        Folder to write into; made where missing.
    seed
        Seed of what is generated; same files and seed, same bytes.

    Raises
    ------
    InputError
        When a file or column is missing or cannot be used.
    UsageError
        When `seed` is negative.
    """
    if seed < 0:
        raise UsageError(f"seed must not be negative; seed: {seed}. Choose zero or a positive number.")
    data = read_olist(source)
    orders = real.timed_orders(data)
    as_of = real.night_after(orders)
    tables = _tables(data, orders, as_of, seed)
    write_inbox(workspace, tables)
    (workspace / FILE_NAME).write_text(_settings_text(as_of, seed), encoding="utf-8")
    (workspace / NOTICE).write_text(notice_text(data, tables, as_of, seed), encoding="utf-8")


def _tables(data: Olist, orders: pl.DataFrame, as_of: datetime, seed: int) -> dict[str, pl.DataFrame]:
    sellers = placed_sellers(data)
    label = cluster(sellers)
    warehouses = warehouses_table(sellers, label)
    origin = sellers.select("seller_id").with_columns(pl.Series("warehouse_idx", label))
    order_table, lines = real.orders_table(orders, data, as_of), real.order_lines_table(data)
    products = real.products_table(data, lines)
    items = _items(data, orders, products, origin)
    demand = _demand_units(lines, order_table, products)
    sizes = np.bincount(label, sellers["units"].to_numpy(), len(warehouses)).astype(np.float64)
    goods = stock.make_catalogue(products, demand)
    net = stock.make_network(goods, items, sizes, demand, seed)
    left = items.filter(pl.col("sold_at").is_not_null())
    movements, on_hand = stock.stock_movements(net, left, warehouses, goods, as_of, seed)
    parcels = real.past_shipments_table(orders, _origins(data, origin, warehouses), as_of)
    expected = np.bincount(net.warehouse_idx, demand[net.sku_idx] * net.share, len(warehouses)).astype(np.float64)
    return {
        "orders": order_table,
        "order_lines": lines,
        "products": products,
        "warehouses": warehouses.with_columns(
            places.capacities(expected, seed).alias("daily_capacity_units"),
            pl.lit(None, dtype=pl.Int64).alias("transfer_capacity_units"),
        ),
        "stock": places.stock(net, on_hand, warehouses, products["sku"]),
        "stock_movements": movements,
        "inbound": places.inbound(net, demand, warehouses, products["sku"], as_of, seed),
        "cartons": make_cartons(tariff.BOXES, tariff.MAILERS),
        "protection": tariff.PROTECTION,
        "services": tariffs.services(tariff.SERVICES, tariff.FIRST_DAY),
        "zones": tariffs.zones(tariff.SERVICES, tariff.lanes(warehouses, data)),
        "rates": tariffs.rates(tariff.SERVICES, tariff.ZONE_FACTORS, tariff.CARDS, tariff.BREAKS_OF_ROAD_G),
        "surcharges": tariffs.surcharges(tariff.SERVICES, tariff.SURCHARGES),
        "locations": places.locations(net, goods, warehouses, seed),
        "past_shipments": parcels,
        "past_order_lines": lines.join(parcels, on="order_id", how="semi", maintain_order="left"),
        "tracking_events": real.tracking_events_table(orders, parcels, as_of),
    }


def _items(data: Olist, orders: pl.DataFrame, products: pl.DataFrame, origin: pl.DataFrame) -> pl.DataFrame:
    """Give sku_idx, warehouse_idx, quantity, sold_at and order_id of what each seller sold in each order."""
    sku_idx = products.select(pl.col("sku").alias("product_id"), pl.int_range(pl.len()).cast(pl.Int64).alias("sku_idx"))
    sold_at = orders.select("order_id", pl.col("order_delivered_carrier_date").alias("sold_at"))
    return (
        data.order_items.join(sku_idx, on="product_id", how="inner")
        .join(origin, on="seller_id", how="inner")
        .join(sold_at, on="order_id", how="left")
        .group_by("order_id", "sku_idx", "warehouse_idx", "sold_at")
        .agg(pl.len().cast(pl.Int64).alias("quantity"))
        .sort("order_id", "sku_idx", "warehouse_idx")
    )


def _demand_units(lines: pl.DataFrame, orders: pl.DataFrame, products: pl.DataFrame) -> NDArray[np.int64]:
    open_orders = orders.filter(pl.col("cancelled_at").is_null())
    wanted = (
        lines.join(open_orders.select("order_id"), on="order_id", how="semi")
        .group_by("sku")
        .agg(pl.col("quantity").sum())
    )
    units = products.select("sku").join(wanted, on="sku", how="left", maintain_order="left")["quantity"]
    return units.fill_null(0).to_numpy().astype(np.int64)


def _origins(data: Olist, origin: pl.DataFrame, warehouses: pl.DataFrame) -> pl.DataFrame:
    """Give order_id, warehouse_id and units: an order leaves from where the seller of its first article is."""
    first = (
        data.order_items.with_columns(pl.col("order_item_id").cast(pl.Int64, strict=False))
        .sort("order_id", "order_item_id")
        .group_by("order_id", maintain_order=True)
        .agg(pl.col("seller_id").first(), pl.len().cast(pl.Int64).alias("units"))
        .join(origin, on="seller_id", how="inner", maintain_order="left")
    )
    names = warehouses["warehouse_id"].gather(first["warehouse_idx"]).alias("warehouse_id")
    return first.select("order_id", names, "units")


def _settings_text(as_of: datetime, seed: int) -> str:
    return f"""# Real orders of the Olist data set, planned as one night. {NOTICE} says what is real and what is not.

[night]
as_of = {as_of:%Y-%m-%dT%H:%M:%SZ}
timezone = "{TIMEZONE}"
currency = "BRL"
seed = {seed}

# Hundredths of a real. Waiting is dear enough that what is in stock is sent, however heavy.
[costs]
late_cents_per_day_economy = 400
late_cents_per_day_standard = 800
late_cents_per_day_express = 2000
split_cents = 600
backorder_cents_per_line = 5000
backorder_cents_per_unit_day = 80

{carrier_settings(CARRIERS)}"""
