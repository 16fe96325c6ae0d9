"""Input tables of goods and places: articles, warehouses, what lies where, how it moved and what is to come."""

from __future__ import annotations

from typing import Final

from engine.contracts.ranges import COUNTRY, MAX_CENTS, MAX_G, MAX_MM, MAX_UNITS
from engine.contracts.schema import Reference, Table, flag, instant, integer, local_time, number, text, zone

PRODUCTS: Final = Table(
    "products",
    "an article",
    key=("sku",),
    is_required=True,
    columns=(
        text("sku", "article; text, so that 00123 stays 00123"),
        text("category", "group of articles"),
        integer(
            "length_mm",
            "outer length; an order with an article of unknown size is held",
            nullable=True,
            at_least=1,
            at_most=MAX_MM,
        ),
        integer("width_mm", "outer width", nullable=True, at_least=1, at_most=MAX_MM),
        integer("height_mm", "outer height", nullable=True, at_least=1, at_most=MAX_MM),
        integer("weight_g", "weight of a unit", nullable=True, at_least=1, at_most=MAX_G),
        integer("unit_cost_cents", "purchase cost of a unit", at_least=0, at_most=MAX_CENTS),
        text("fragility", "how much protection it needs", default="none", allowed=("none", "fragile", "very_fragile")),
        flag("keep_upright", "whether its height must stay vertical", default=False),
        integer(
            "max_load_g",
            "what it can carry on top; absent: no limit, 0: nothing",
            nullable=True,
            at_least=0,
            at_most=MAX_G,
        ),
        text("hazard_class", "dangerous-goods class; two classes never share a parcel", nullable=True),
        flag("ships_alone", "whether it travels in a parcel of its own", default=False),
    ),
)

WAREHOUSES: Final = Table(
    "warehouses",
    "a place that ships",
    key=("warehouse_id",),
    is_required=True,
    columns=(
        text("warehouse_id", "identifier"),
        text("country", "ISO 3166 alpha-2, such as DE", pattern=COUNTRY),
        text("postcode", "postcode"),
        number("latitude", "degrees north", at_least=-90, at_most=90),
        number("longitude", "degrees east", at_least=-180, at_most=180),
        zone("timezone", "where its clocks are"),
        local_time("cutoff", "orders planned before this local time leave the same working day"),
        integer(
            "daily_capacity_units",
            "units it can ship a day; absent: no limit",
            nullable=True,
            at_least=0,
            at_most=MAX_UNITS,
        ),
        integer(
            "handling_cents_per_shipment", "cost of packing and handing over a parcel", at_least=0, at_most=MAX_CENTS
        ),
        integer("pick_cents_per_unit", "cost of picking a unit", at_least=0, at_most=MAX_CENTS),
        integer(
            "transfer_capacity_units",
            "units it can send to other warehouses a night; absent: no limit",
            nullable=True,
            at_least=0,
            at_most=MAX_UNITS,
        ),
    ),
)

STOCK: Final = Table(
    "stock",
    "what lies in a warehouse tonight",
    key=("warehouse_id", "sku"),
    references=(Reference(("warehouse_id",), "warehouses"), Reference(("sku",), "products")),
    is_required=True,
    columns=(
        text("warehouse_id", "warehouse"),
        text("sku", "article"),
        integer("on_hand", "units there; negative where the books say so", at_least=-MAX_UNITS, at_most=MAX_UNITS),
        integer("reserved", "units already promised", default=0, at_least=0, at_most=MAX_UNITS),
        integer("safety_stock", "units kept back", default=0, at_least=0, at_most=MAX_UNITS),
    ),
)

STOCK_MOVEMENTS: Final = Table(
    "stock_movements",
    "a change of stock",
    references=(Reference(("warehouse_id",), "warehouses"), Reference(("sku",), "products")),
    is_log=True,
    columns=(
        instant("moved_at", "when"),
        text("warehouse_id", "where"),
        text("sku", "article"),
        integer("quantity", "units, signed: what comes in is positive", at_least=-MAX_UNITS, at_most=MAX_UNITS),
        text(
            "kind",
            "why",
            allowed=("receipt", "sale", "return", "transfer_in", "transfer_out", "adjustment", "write_off"),
        ),
        integer("unit_cost_cents", "cost of a unit where known", nullable=True, at_least=0, at_most=MAX_CENTS),
        text("reference", "order, purchase or transfer it belongs to", nullable=True),
    ),
)

INBOUND: Final = Table(
    "inbound",
    "a firm receipt still to come",
    references=(Reference(("warehouse_id",), "warehouses"), Reference(("sku",), "products")),
    columns=(
        text("warehouse_id", "warehouse"),
        text("sku", "article"),
        integer("quantity", "units expected", at_least=1, at_most=MAX_UNITS),
        instant("expected_at", "when"),
    ),
)

LOCATIONS: Final = Table(
    "locations",
    "where an article lies in a warehouse",
    key=("warehouse_id", "sku"),
    references=(Reference(("warehouse_id",), "warehouses"), Reference(("sku",), "products")),
    columns=(
        text("warehouse_id", "warehouse"),
        text("sku", "article"),
        integer("aisle", "aisle, from 1", at_least=1, at_most=10_000),
        integer("position", "position in the aisle from the front, from 1", at_least=1, at_most=10_000),
        text("side", "left or right", allowed=("left", "right")),
        integer("level", "shelf level, from 0", at_least=0, at_most=100),
    ),
)
