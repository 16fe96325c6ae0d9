"""Input tables with the rules of a network: what carriers collect, what is kept back, what may not be sent, who rests when."""

from __future__ import annotations

from typing import Final

import polars as pl

from engine.contracts.ranges import COUNTRY, MAX_CENTS, MAX_UNITS
from engine.contracts.schema import Reference, Rule, Table, date, integer, text

_FORBIDS: Final = ("warehouse_id", "service_id", "dest_country", "hazard_class")

PICKUPS: Final = Table(
    "pickups",
    "how many parcels a carrier collects from a warehouse a day",
    key=("warehouse_id", "carrier"),
    references=(Reference(("warehouse_id",), "warehouses"),),
    columns=(
        text("warehouse_id", "warehouse"),
        text("carrier", "carrier, as services name it; a pair without a row is not limited"),
        integer(
            "daily_shipments",
            "most parcels on one hand-over day, those that earlier nights planned for it included",
            at_least=0,
            at_most=MAX_UNITS,
        ),
    ),
)

STOCK_RESERVES: Final = Table(
    "stock_reserves",
    "stock kept for orders still to come: units not to be touched, a price on the others, or both",
    key=("warehouse_id", "sku"),
    references=(Reference(("warehouse_id",), "warehouses"), Reference(("sku",), "products")),
    columns=(
        text("warehouse_id", "warehouse"),
        text("sku", "article"),
        integer(
            "quantity",
            "units that tonight may not take, beside safety stock",
            default=0,
            at_least=0,
            at_most=MAX_UNITS,
        ),
        integer(
            "worth_cents",
            "what a unit there is expected to be worth to later orders; set on every unit that an offer takes",
            default=0,
            at_least=0,
            at_most=MAX_CENTS,
        ),
    ),
)

RESTRICTIONS: Final = Table(
    "restrictions",
    "what may not be sent: all that has every value of the row; an absent value stands for any",
    references=(Reference(("warehouse_id",), "warehouses"), Reference(("service_id",), "services")),
    rules=(
        Rule(
            "warehouse_id",
            pl.any_horizontal(pl.col(_FORBIDS).is_not_null()),
            "a restriction without any value forbids everything; name a warehouse, service, country or hazard class",
        ),
    ),
    columns=(
        text("warehouse_id", "origin", nullable=True),
        text("service_id", "service", nullable=True),
        text("dest_country", "destination, ISO 3166 alpha-2, such as DE", nullable=True, pattern=COUNTRY),
        text("hazard_class", "dangerous-goods class in the parcel", nullable=True),
    ),
)

HOLIDAYS: Final = Table(
    "holidays",
    "a day without work in a country, beside Saturday and Sunday: nothing leaves, moves towards it or is delivered there",
    key=("country", "day"),
    columns=(
        text("country", "ISO 3166 alpha-2, such as DE", pattern=COUNTRY),
        date("day", "day"),
    ),
)
