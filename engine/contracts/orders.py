"""Input tables of what customers want and what became of it: orders, what planners decide of them, returns."""

from __future__ import annotations

from typing import Final

from engine.contracts.ranges import COUNTRY, CURRENCY, MAX_CENTS, MAX_LINE_UNITS, SPEEDS
from engine.contracts.schema import Reference, Table, instant, integer, number, text

ORDERS: Final = Table(
    "orders",
    "an order of any channel",
    key=("order_id",),
    is_required=True,
    is_log=True,
    columns=(
        text("order_id", "identifier, unique over all channels"),
        text("channel", "where it was sold"),
        instant("placed_at", "when the customer placed it"),
        text(
            "payment_status",
            "state of the payment",
            allowed=("paid", "authorized", "cod", "pending", "failed", "refunded"),
        ),
        text("service_level", "speed the customer chose", allowed=SPEEDS),
        instant(
            "promised_by", "when delivery was promised; derived from the service level where absent", nullable=True
        ),
        text("ship_country", "ISO 3166 alpha-2, such as DE", pattern=COUNTRY),
        text("ship_postcode", "postcode as written in that country"),
        number("ship_latitude", "degrees north", nullable=True, at_least=-90, at_most=90),
        number("ship_longitude", "degrees east", nullable=True, at_least=-180, at_most=180),
        integer("priority", "higher goes first", default=0, at_least=-1_000, at_most=1_000),
        integer("max_shipments", "most parcels the customer accepts", nullable=True, at_least=1, at_most=1_000),
        text("packaging", "brand or gift packaging that cartons must carry", nullable=True),
        text("currency", "ISO 4217, such as EUR", pattern=CURRENCY),
        instant("cancelled_at", "when it was cancelled", nullable=True),
    ),
)

ORDER_LINES: Final = Table(
    "order_lines",
    "one article of an order",
    key=("order_id", "line_number"),
    references=(Reference(("order_id",), "orders"),),
    is_required=True,
    is_log=True,
    columns=(
        text("order_id", "the order"),
        integer("line_number", "position in the order", at_least=0, at_most=100_000),
        text("sku", "article"),
        integer("quantity", "units ordered", at_least=1, at_most=MAX_LINE_UNITS),
        integer("unit_price_cents", "selling price of a unit, without tax", at_least=0, at_most=MAX_CENTS),
        text(
            "ship_together", "lines of the order with the same mark leave in one parcel or wait together", nullable=True
        ),
    ),
)

ORDER_ACTIONS: Final = Table(
    "order_actions",
    "what a planner decided of an order",
    key=("order_id", "acted_at"),
    references=(Reference(("order_id",), "orders"),),
    is_log=True,
    columns=(
        text("order_id", "order"),
        text("action", "what to do with it; release sets a payment hold aside", allowed=("hold", "release", "cancel")),
        instant("acted_at", "when it was decided"),
        text("note", "why", nullable=True),
    ),
)

RETURNS: Final = Table(
    "returns",
    "goods that came back",
    key=("order_id", "line_number", "received_at"),
    is_log=True,
    columns=(
        text("order_id", "order"),
        integer("line_number", "line", at_least=0, at_most=100_000),
        integer("quantity", "units", at_least=1, at_most=MAX_LINE_UNITS),
        instant("received_at", "when"),
        text("disposition", "what became of them", allowed=("restock", "scrap", "inspect", "missing")),
        integer("refund_cents", "what was refunded", at_least=0, at_most=MAX_CENTS),
    ),
)
