"""Invariant 2: nothing is shipped that is not there, and no warehouse ships more than it can."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from engine.verify.checks import Check, must, named
from engine.verify.files import Night


def check_stock(night: Night) -> Iterator[Check]:
    """Check what parcels take of stock, capacity and cartons.

    Parameters
    ----------
    night
        The run.
    """
    shipments = night.table("shipments")
    yield check_available(shipments, night.table("shipment_lines"), night.table("stock"))
    yield check_capacity(shipments, night.table("warehouses"))
    yield check_cartons(shipments, night.table("cartons"))


def available_units(stock: pl.DataFrame) -> pl.DataFrame:
    """Give what may be taken of each article in each warehouse: on hand less reserved and safety stock, not below 0.

    Parameters
    ----------
    stock
        The stock table.
    """
    free = pl.col("on_hand") - pl.col("reserved") - pl.col("safety_stock")
    return stock.select("warehouse_id", "sku", available=pl.max_horizontal(free, pl.lit(0)))


def check_available(shipments: pl.DataFrame, shipment_lines: pl.DataFrame, stock: pl.DataFrame) -> Check:
    """Shipped units never exceed what is on hand, not reserved and not kept back.

    Parameters
    ----------
    shipments, shipment_lines
        Parcels and what is in them.
    stock
        The stock table.
    """
    origin = shipments.select("shipment_id", "warehouse_id")
    taken = (
        shipment_lines.join(origin, on="shipment_id", how="left", maintain_order="left")
        .group_by("warehouse_id", "sku", maintain_order=True)
        .agg(shipped=pl.col("quantity").sum())
        .join(available_units(stock), on=["warehouse_id", "sku"], how="left", maintain_order="left")
        .with_columns(pl.col("available").fill_null(0))
    )
    return named(
        "stock.available",
        must(
            taken,
            pl.col("shipped") <= pl.col("available"),
            "{sku} in {warehouse_id}: {shipped} units shipped, {available} available",
        ),
    )


def check_capacity(shipments: pl.DataFrame, warehouses: pl.DataFrame) -> Check:
    """No warehouse ships more units than its capacity for the day.

    Parameters
    ----------
    shipments
        Parcels.
    warehouses
        The warehouses.
    """
    shipped = shipments.group_by("warehouse_id", maintain_order=True).agg(shipped=pl.col("units").sum())
    capacity = warehouses.select("warehouse_id", "daily_capacity_units", is_known=pl.lit(value=True))
    return named(
        "stock.capacity",
        must(
            shipped.join(capacity, on="warehouse_id", how="left", maintain_order="left"),
            pl.col("is_known")
            & (pl.col("daily_capacity_units").is_null() | (pl.col("shipped") <= pl.col("daily_capacity_units"))),
            "{warehouse_id} ships {shipped} units, its capacity is {daily_capacity_units}",
        ),
    )


def check_cartons(shipments: pl.DataFrame, cartons: pl.DataFrame) -> Check:
    """No more cartons are used than there are.

    Parameters
    ----------
    shipments
        Parcels.
    cartons
        The cartons.
    """
    used = shipments.group_by("carton_id", maintain_order=True).len("used")
    there = cartons.select("carton_id", "on_hand", is_known=pl.lit(value=True))
    return named(
        "stock.cartons",
        must(
            used.join(there, on="carton_id", how="left", maintain_order="left"),
            pl.col("is_known") & (pl.col("on_hand").is_null() | (pl.col("used") <= pl.col("on_hand"))),
            "carton {carton_id}: {used} used, {on_hand} on hand",
        ),
    )
