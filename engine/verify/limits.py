"""What orders share, stock, capacity, cartons and pickups, and what prices set on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from engine.verify.files import Night
from engine.verify.partitions import Int64
from engine.verify.stock import available_units, capacity_units, pickup_parcels

LIMITED: Final = ["warehouse_id", "sku", "carton_id", "carrier"]
"""What names a limit: warehouse and article, warehouse alone, carton alone, or warehouse and carrier."""
ENDLESS: Final = 2**60
"""Capacity of a warehouse without a limit."""


def shared_limits(night: Night) -> pl.DataFrame:
    """Give every limit that orders share: stock of an article, capacity of a warehouse, stock of a carton, pickups.

    Parameters
    ----------
    night
        The run.
    """
    stock = available_units(night.table("stock"), night.table("stock_reserves"))
    warehouses = capacity_units(night).drop_nulls()
    cartons = night.table("cartons").filter(pl.col("on_hand").is_not_null())
    limits = [
        stock.select("warehouse_id", "sku", limit="available"),
        warehouses.select("warehouse_id", limit="daily_capacity_units"),
        cartons.select("carton_id", limit="on_hand"),
        pickup_parcels(night).select("warehouse_id", "carrier", "limit"),
    ]
    nothing = pl.DataFrame(schema=dict.fromkeys(LIMITED, pl.String) | {"limit": pl.Int64})
    return pl.concat([nothing, *limits], how="diagonal")


def limits_worth_millicents(night: Night, prices: pl.DataFrame) -> int:
    """Sum price times limit over all prices, exactly.

    Parameters
    ----------
    night
        The run.
    prices
        Table `bound_prices` or `shadow_prices`.
    """
    priced = prices.join(shared_limits(night), on=LIMITED, how="inner", nulls_equal=True)
    return sum(price * limit for price, limit in priced.select("millicents_per_unit", "limit").iter_rows())


@dataclass(frozen=True)
class Places:
    """Stock and capacity by position.

    Parameters
    ----------
    warehouse, sku
        Position of each warehouse, and of each article that is ordered.
    available
        Shape (num_warehouses, num_skus): units that may be taken.
    capacity
        Shape (num_warehouses,): units that may leave; `ENDLESS` where not limited.
    stock_millicents, capacity_millicents
        Shapes (num_warehouses, num_skus), (num_warehouses,): prices of a unit of stock and of capacity.
    """

    warehouse: dict[str, int]
    sku: dict[str, int]
    available: Int64
    capacity: Int64
    stock_millicents: Int64
    capacity_millicents: Int64


def places(night: Night, prices: pl.DataFrame) -> Places:
    """Give stock, capacity and their prices by position.

    Parameters
    ----------
    night
        The run.
    prices
        Table `bound_prices` or `shadow_prices`.
    """
    skus = night.table("offer_pieces")["sku"].unique(maintain_order=True).to_list()
    warehouses = night.table("warehouses")
    warehouse = {name: index for index, name in enumerate(warehouses["warehouse_id"].to_list())}
    sku = {name: index for index, name in enumerate(skus)}
    available, of_stock = (np.zeros((len(warehouse), len(sku)), dtype=np.int64) for _ in range(2))
    of_capacity = np.zeros(len(warehouse), dtype=np.int64)
    for place, article, units in available_units(night.table("stock"), night.table("stock_reserves")).iter_rows():
        if article in sku:
            available[warehouse[place], sku[article]] = units
    per_unit = prices.filter(pl.col("carton_id").is_null() & pl.col("carrier").is_null())
    for place, article, price in per_unit.select("warehouse_id", "sku", "millicents_per_unit").iter_rows():
        if article is None:
            of_capacity[warehouse[place]] += price
        elif article in sku:
            of_stock[warehouse[place], sku[article]] += price
    capacity = capacity_units(night)["daily_capacity_units"].fill_null(ENDLESS).to_numpy()
    return Places(warehouse, sku, available, capacity, of_stock, of_capacity)
