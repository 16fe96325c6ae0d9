"""Invariant 2: nothing is shipped that is not there, no warehouse ships more than it can, no carrier takes more than it said."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from engine.verify.checks import Check, must, named
from engine.verify.delivery import dispatches
from engine.verify.files import Night


def check_stock(night: Night) -> Iterator[Check]:
    """Check what parcels take of stock, capacity, cartons and pickups.

    Parameters
    ----------
    night
        The run.
    """
    shipments = night.table("shipments")
    available = available_units(night.table("stock"), night.table("stock_reserves"))
    yield check_available(shipments, night.table("shipment_lines"), available)
    yield check_capacity(shipments, capacity_units(night))
    yield check_cartons(shipments, night.table("cartons"))
    yield check_pickups(shipments, pickup_parcels(night))


def available_units(stock: pl.DataFrame, stock_reserves: pl.DataFrame) -> pl.DataFrame:
    """Give what may be taken of each article in each warehouse: on hand less all that is kept back, not below 0.

    Parameters
    ----------
    stock, stock_reserves
        The tables.
    """
    kept = stock_reserves.select("warehouse_id", "sku", kept="quantity")
    both = stock.join(kept, on=["warehouse_id", "sku"], how="left", maintain_order="left")
    free = pl.col("on_hand") - pl.col("reserved") - pl.col("safety_stock") - pl.col("kept").fill_null(0)
    return both.select("warehouse_id", "sku", available=pl.max_horizontal(free, pl.lit(0)))


def planned_for_the_day(night: Night) -> pl.DataFrame:
    """Give the parcels sent before that leave on the local day of tonight's hand-over in their warehouse.

    Parameters
    ----------
    night
        The run.
    """
    leaving = dispatches(night.table("warehouses"), night.table("holidays"), night.as_of)
    past = night.table("past_shipments").join(leaving, on="warehouse_id", maintain_order="left")
    on_day = [
        past.filter(pl.col("timezone") == zone).filter(
            pl.col("dispatched_at").dt.convert_time_zone(zone).dt.date() == pl.col("dispatch_date")
        )
        for zone in past["timezone"].unique(maintain_order=True)
    ]
    return pl.concat([past.clear(), *on_day])


def capacity_units(night: Night) -> pl.DataFrame:
    """Give warehouse_id and the units it may still send that day as `daily_capacity_units`; null where not limited.

    Parameters
    ----------
    night
        The run.
    """
    used = planned_for_the_day(night).group_by("warehouse_id").agg(used=pl.col("units").sum())
    both = night.table("warehouses").join(used, on="warehouse_id", how="left", maintain_order="left")
    left = (pl.col("daily_capacity_units") - pl.col("used").fill_null(0)).clip(lower_bound=0)
    return both.select("warehouse_id", daily_capacity_units=left)


def pickup_parcels(night: Night) -> pl.DataFrame:
    """Give warehouse_id, carrier and the parcels it may still be handed that day as `limit`.

    Parameters
    ----------
    night
        The run.
    """
    used = planned_for_the_day(night).group_by("warehouse_id", "carrier").len("used")
    both = night.table("pickups").join(used, on=["warehouse_id", "carrier"], how="left", maintain_order="left")
    left = (pl.col("daily_shipments") - pl.col("used").fill_null(0).cast(pl.Int64)).clip(lower_bound=0)
    return both.select("warehouse_id", "carrier", limit=left)


def check_pickups(shipments: pl.DataFrame, limits: pl.DataFrame) -> Check:
    """No carrier is handed more parcels than it collects from a warehouse that day.

    Parameters
    ----------
    shipments
        Parcels.
    limits
        Columns warehouse_id, carrier, limit.
    """
    place = ["warehouse_id", "carrier"]
    handed = shipments.group_by(place, maintain_order=True).len("handed")
    return named(
        "stock.pickups",
        must(
            handed.join(limits, on=place, how="inner", maintain_order="left"),
            pl.col("handed") <= pl.col("limit"),
            "{carrier} is handed {handed} parcels in {warehouse_id}, it collects {limit} more that day",
        ),
    )


def check_available(shipments: pl.DataFrame, shipment_lines: pl.DataFrame, available: pl.DataFrame) -> Check:
    """Shipped units never exceed what is on hand, not reserved and not kept back.

    Parameters
    ----------
    shipments, shipment_lines
        Parcels and what is in them.
    available
        Columns warehouse_id, sku, available.
    """
    origin = shipments.select("shipment_id", "warehouse_id")
    taken = (
        shipment_lines.join(origin, on="shipment_id", how="left", maintain_order="left")
        .group_by("warehouse_id", "sku", maintain_order=True)
        .agg(shipped=pl.col("quantity").sum())
        .join(available, on=["warehouse_id", "sku"], how="left", maintain_order="left")
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
