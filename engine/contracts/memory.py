"""Input tables that carry one run on to the next: prices to start from, what was planned, and what the floor already has."""

from __future__ import annotations

from typing import Final

from engine.contracts.schema import Table, instant, integer, text

FLOOR_RELEASES: Final = Table(
    "floor_releases",
    "a parcel that was released to the floor: it stays as it is, and a later run plans around it",
    key=("tracking_number",),
    is_log=True,
    columns=(
        text("tracking_number", "parcel, by the number its run gave it"),
        instant("released_at", "when"),
    ),
)

PAST_PRICES: Final = Table(
    "past_prices",
    "a shadow price of the last night, from which the search for tonight's starts; the book fills it after the first night",
    columns=(
        text("warehouse_id", "as in shadow_prices", nullable=True),
        text("sku", "as in shadow_prices", nullable=True),
        text("carton_id", "as in shadow_prices", nullable=True),
        text("carrier", "as in shadow_prices", nullable=True),
        integer("millicents_per_unit", "price in thousandths of a cent", at_least=1),
    ),
)

EARLIER_PLAN: Final = Table(
    "earlier_plan",
    "what a run that tonight's takes the place of sends of a line from a warehouse; the book fills it",
    key=("order_id", "line_number", "warehouse_id"),
    columns=(
        text("order_id", "order"),
        integer("line_number", "line", at_least=0, at_most=100_000),
        text("warehouse_id", "origin"),
        integer("quantity", "units", at_least=1, at_most=10**9),
    ),
)
