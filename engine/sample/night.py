"""The whole sample, table by table."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.config import FILE_NAME
from engine.errors import UsageError
from engine.sample import carriers, cartons, catalogue, deliveries, history, network, places, rules, supply, tariffs
from engine.sample.orders import Night, make_orders
from engine.sample.tracking import CARRIERS, carrier_settings
from engine.sample.write import write_inbox

AS_OF: Final = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)
USUAL_ORDERS: Final = 20_000
USUAL_SKUS: Final = 5_000
FEWEST_SKUS: Final = 300
MOST_ORDERS: Final = 5_000_000
USUAL_SHARE_OF_TONIGHT: Final = 0.1
"""Demand of a usual day, as a share of tonight's, which brings a weekend's orders at the height of the season.

Beyond the usual number of orders, articles keep the pace of that size: otherwise a year of a million orders a night
would be thirty million movements."""


def write_sample(workspace: Path, *, orders: int = USUAL_ORDERS, seed: int = 0) -> None:
    """Write a sample workspace: `ordermill.toml` and an inbox with every input table.

    Parameters
    ----------
    workspace
        Folder to write into; made where missing.
    orders
        Orders of the night. The catalogue grows with their square root; the ten warehouses stay.
    seed
        Same seed, same bytes.

    Raises
    ------
    UsageError
        When `orders` or `seed` is out of range.
    """
    tables = make_sample(orders=orders, seed=seed)
    write_inbox(workspace, tables)
    (workspace / FILE_NAME).write_text(settings_text(orders, seed), encoding="utf-8")


def make_sample(*, orders: int = USUAL_ORDERS, seed: int = 0) -> dict[str, pl.DataFrame]:
    """Give the sample's input tables by name.

    Parameters
    ----------
    orders
        Orders of the night.
    seed
        Seed; equal seeds give equal frames.

    Raises
    ------
    UsageError
        When `orders` or `seed` is out of range.
    """
    if not 1 <= orders <= MOST_ORDERS:
        raise UsageError(
            f"orders must lie between 1 and {MOST_ORDERS}; orders: {orders}. Choose a number in that range."
        )
    if seed < 0:
        raise UsageError(f"seed must not be negative; seed: {seed}. Choose zero or a positive number.")
    num_skus = max(FEWEST_SKUS, round(USUAL_SKUS * math.sqrt(orders / USUAL_ORDERS)))
    goods = catalogue.make_catalogue(num_skus, seed)
    night = make_orders(orders, goods, AS_OF, seed)
    demand = night.demand_units(num_skus)
    warehouses = places.WAREHOUSES
    net = network.make_network(goods, warehouses["size"].to_numpy(), demand, seed)
    usual_units = float(demand.sum()) * USUAL_SHARE_OF_TONIGHT * min(1.0, math.sqrt(USUAL_ORDERS / orders))
    year = history.make_history(net, goods, usual_units, AS_OF, seed)
    skus = goods.products["sku"]
    capacity = network.capacities(_expected_units(night, net, warehouses), seed)
    stock = network.stock(net, year.on_hand, warehouses, skus)
    countries = [*warehouses["country"], *night.orders["ship_country"]]
    return {
        "orders": night.orders,
        "order_lines": rules.ship_together(night.order_lines, seed),
        "products": goods.products,
        "warehouses": warehouses.with_columns(
            capacity.alias("daily_capacity_units"), supply.transfer_capacities(warehouses)
        ),
        "stock": stock,
        "stock_reserves": rules.stock_reserves(stock, seed),
        "stock_movements": history.stock_movements(year, net, goods, warehouses, AS_OF, seed),
        "inbound": network.inbound(net, demand, warehouses, skus, AS_OF, seed),
        "exchange_rates": supply.exchange_rates(),
        "suppliers": supply.suppliers(goods.products, usual_units, seed),
        "supply_terms": supply.supply_terms(goods.products, seed),
        "transfer_routes": supply.transfer_routes(warehouses),
        "cartons": cartons.cartons(gift_orders=int(night.orders["packaging"].is_not_null().sum())),
        "protection": cartons.protection(),
        **_tariff(warehouses),
        "pickups": rules.pickups(warehouses, orders),
        "restrictions": rules.restrictions(),
        "holidays": rules.holidays(countries),
        "locations": network.locations(net, goods, warehouses, seed),
        **_past(goods, warehouses, max(1, orders // 5), seed),
    }


def _tariff(warehouses: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Give what carriers offer and charge."""
    return {
        "services": tariffs.services(carriers.SERVICES, carriers.FIRST_DAY),
        "zones": tariffs.zones(carriers.SERVICES, carriers.lanes(warehouses)),
        "rates": tariffs.rates(carriers.SERVICES, carriers.ZONE_FACTORS, carriers.CARDS),
        "surcharges": tariffs.surcharges(carriers.SERVICES, carriers.SURCHARGES),
    }


def _past(goods: catalogue.Catalogue, warehouses: pl.DataFrame, num_parcels: int, seed: int) -> dict[str, pl.DataFrame]:
    """Give parcels sent before, what was in them, what carriers reported of them, and what came back."""
    parcels = deliveries.past_shipments(num_parcels, warehouses, AS_OF, seed)
    sold = deliveries.past_order_lines(parcels, goods, seed)
    events = deliveries.tracking_events(parcels, AS_OF, seed)
    return {
        "tracking_events": events,
        "returns": deliveries.returns(parcels, sold, events, AS_OF, seed),
        "past_shipments": parcels,
        "past_order_lines": sold,
    }


def _expected_units(night: Night, net: network.Network, warehouses: pl.DataFrame) -> NDArray[np.float64]:
    """Give the units each warehouse would ship if every unit came from the nearest place that stocks its article."""
    cities = places.cities()
    latitude, longitude, of_latitude, of_longitude = (
        frame[name].to_numpy() for frame in (cities, warehouses) for name in ("latitude", "longitude")
    )
    km = places.distance_km(latitude[:, None], longitude[:, None], of_latitude, of_longitude)
    num_skus = int(net.sku_idx.max(initial=-1)) + 1
    stocked = np.zeros((num_skus, len(warehouses)), dtype=bool)
    stocked[net.sku_idx, net.warehouse_idx] = True
    lines = night.order_lines
    num_lines = lines.group_by("order_id", maintain_order=True).len()["len"].to_numpy()
    city = np.repeat(night.city_idx, num_lines)
    is_known = night.sku_idx >= 0
    far = np.where(stocked[night.sku_idx[is_known]], km[city[is_known]], np.inf)
    nearest = np.argmin(far, axis=1)
    return np.bincount(nearest, lines["quantity"].to_numpy()[is_known], len(warehouses)).astype(np.float64)


def settings_text(orders: int, seed: int) -> str:
    """Give the settings of a sample workspace."""
    return f"""# A generated night: {orders} orders from seed {seed}. Shops, customers, carriers and prices are made up.

[night]
as_of = {AS_OF:%Y-%m-%dT%H:%M:%SZ}
timezone = "UTC"
currency = "EUR"
seed = {seed}

# Calendar days: the night ends a weekend, and what was ordered on Saturday leaves on Monday.
# Waiting is dear enough that what is in stock is sent, however heavy; lateness dear enough that express is used.
[costs]
late_cents_per_day_economy = 150
late_cents_per_day_standard = 400
late_cents_per_day_express = 1200

{carrier_settings(CARRIERS)}"""
