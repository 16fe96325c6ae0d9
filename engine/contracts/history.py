"""Input tables of parcels sent before, planned here or elsewhere, and what carriers reported of them."""

from __future__ import annotations

from typing import Final

from engine.contracts.orders import ORDER_LINES
from engine.contracts.ranges import MAX_LINE_UNITS
from engine.contracts.schema import Table, instant, integer, text

TRACKING_STATUSES: Final = (
    "pending",
    "picked_up",
    "in_transit",
    "on_hold",
    "out_for_delivery",
    "ready_for_pickup",
    "delivered",
    "delivery_delayed",
    "delivery_failed",
    "return_to_sender",
    "cancelled",
    "unknown",
)

TRACKING_EVENTS: Final = Table(
    "tracking_events",
    "what a carrier reported of a parcel",
    key=("tracking_number", "status", "occurred_at"),
    is_log=True,
    columns=(
        text("tracking_number", "parcel"),
        text("status", "normalised status", allowed=TRACKING_STATUSES),
        instant("occurred_at", "when"),
        text("cause", "who or what caused a delay", nullable=True),
    ),
)

PAST_SHIPMENTS: Final = Table(
    "past_shipments",
    "a parcel sent before, planned here or elsewhere; delivery figures join it with tracking events",
    key=("shipment_id",),
    is_log=True,
    columns=(
        text("shipment_id", "parcel"),
        text("order_id", "order"),
        text("warehouse_id", "origin"),
        text("carrier", "who carried it"),
        text("tracking_number", "tracking number"),
        instant("placed_at", "when the order was placed"),
        instant("dispatched_at", "when it was handed over", nullable=True),
        instant("promised_by", "when delivery was promised"),
        integer("units", "units in it", at_least=1, at_most=MAX_LINE_UNITS),
    ),
)

PAST_ORDER_LINES: Final = Table(
    "past_order_lines",
    "a line of an order that is no longer open; return rates join it with past shipments",
    key=("order_id", "line_number"),
    is_log=True,
    columns=ORDER_LINES.columns,
)
