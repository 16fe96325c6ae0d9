"""The input tables: what a workspace's inbox may bring, in the order in which their references are met."""

from __future__ import annotations

from typing import Final

from engine.contracts.cartons import CARTONS, PROTECTION
from engine.contracts.goods import INBOUND, LOCATIONS, PRODUCTS, STOCK, STOCK_MOVEMENTS, WAREHOUSES
from engine.contracts.history import PAST_ORDER_LINES, PAST_SHIPMENTS, TRACKING_EVENTS
from engine.contracts.memory import EARLIER_PLAN, FLOOR_RELEASES, PAST_PRICES
from engine.contracts.orders import ORDER_ACTIONS, ORDER_LINES, ORDERS, RETURNS
from engine.contracts.rules import HOLIDAYS, PICKUPS, RESTRICTIONS, STOCK_RESERVES
from engine.contracts.schema import Table
from engine.contracts.supply import EXCHANGE_RATES, SUPPLIERS, SUPPLY_TERMS, TRANSFER_ROUTES
from engine.contracts.tariff import RATES, SERVICES, SURCHARGES, ZONES

INPUTS: Final[tuple[Table, ...]] = (
    ORDERS,
    ORDER_LINES,
    PRODUCTS,
    WAREHOUSES,
    STOCK,
    STOCK_MOVEMENTS,
    INBOUND,
    EXCHANGE_RATES,
    SUPPLIERS,
    SUPPLY_TERMS,
    TRANSFER_ROUTES,
    CARTONS,
    PROTECTION,
    SERVICES,
    ZONES,
    RATES,
    SURCHARGES,
    PICKUPS,
    STOCK_RESERVES,
    RESTRICTIONS,
    HOLIDAYS,
    LOCATIONS,
    TRACKING_EVENTS,
    RETURNS,
    PAST_SHIPMENTS,
    PAST_ORDER_LINES,
    ORDER_ACTIONS,
    FLOOR_RELEASES,
    PAST_PRICES,
    EARLIER_PLAN,
)
