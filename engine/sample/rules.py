"""The rules of the sample's network: a carrier's pickups, stock kept for later, what may not be sent, and holidays."""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np
import polars as pl

from engine.contracts.rules import HOLIDAYS, PICKUPS, RESTRICTIONS, STOCK_RESERVES
from engine.sample.streams import stream

_PICKUP_CARRIER: Final = "Volante"
_PICKUP_SHARE: Final = 0.015
"""Parcels that the carrier collects from the first warehouse, as a share of the night's orders: fewer than would suit."""
_SHARE_KEPT: Final = 0.01
_SHARE_TOGETHER: Final = 0.01
_HOLIDAYS: Final = (date(2026, 12, 25), date(2026, 12, 26), date(2027, 1, 1))


def pickups(warehouses: pl.DataFrame, num_orders: int) -> pl.DataFrame:
    """Give table pickups: one carrier's van is small at the first warehouse.

    Parameters
    ----------
    warehouses
        The warehouses table.
    num_orders
        Orders of the night.
    """
    most = max(1, round(_PICKUP_SHARE * num_orders))
    row = {"warehouse_id": warehouses["warehouse_id"][0], "carrier": _PICKUP_CARRIER, "daily_shipments": most}
    return pl.DataFrame([row], schema=PICKUPS.schema)


def stock_reserves(stock: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Give table stock_reserves: of some articles a unit is kept for later orders, and the others have a price.

    Parameters
    ----------
    stock
        The stock table.
    seed
        Seed of the whole sample.
    """
    rng = stream(seed, "stock_reserves")
    kept = np.flatnonzero(rng.random(stock.height) < _SHARE_KEPT)
    kept = kept if len(kept) else np.zeros(1, np.int64)
    return (
        stock.select("warehouse_id", "sku")[kept]
        .with_columns(
            quantity=pl.Series(rng.integers(0, 2, len(kept))), worth_cents=pl.Series(rng.integers(20, 200, len(kept)))
        )
        .select(list(STOCK_RESERVES.schema))
    )


def restrictions() -> pl.DataFrame:
    """Give table restrictions: where dangerous goods may not go, and from where they may not leave."""
    rows = [
        {"dest_country": "CH", "hazard_class": "flammable_liquid"},
        {"service_id": "NORDPAK-ECO", "hazard_class": "corrosive"},
    ]
    return pl.DataFrame(rows, schema=RESTRICTIONS.schema)


def holidays(countries: list[str]) -> pl.DataFrame:
    """Give table holidays: Christmas and New Year everywhere.

    Parameters
    ----------
    countries
        Countries of warehouses and customers.
    """
    rows = [{"country": country, "day": day} for country in sorted(set(countries)) for day in _HOLIDAYS]
    return pl.DataFrame(rows, schema=HOLIDAYS.schema)


def ship_together(order_lines: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Mark the first two lines of a few orders as a set that leaves in one parcel.

    Parameters
    ----------
    order_lines
        The order_lines table without the mark.
    seed
        Seed of the whole sample.
    """
    orders = order_lines.select("order_id").unique(maintain_order=True)
    is_set = stream(seed, "ship_together").random(orders.height) < _SHARE_TOGETHER
    has_two = pl.len().over("order_id") > 1
    of_set = pl.col("order_id").is_in(orders.filter(pl.Series(is_set))["order_id"].implode())
    marked = of_set & has_two & (pl.col("line_number") <= 2)
    return order_lines.with_columns(ship_together=pl.when(marked).then(pl.lit("set")))
