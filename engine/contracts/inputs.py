"""The input tables: what a workspace's inbox may bring."""

from __future__ import annotations

from typing import Final

import polars as pl

from engine.contracts.memory import EARLIER_PLAN, FLOOR_RELEASES, PAST_PRICES
from engine.contracts.rules import HOLIDAYS, PICKUPS, RESTRICTIONS, STOCK_RESERVES
from engine.contracts.schema import Reference, Rule, Table, date, flag, instant, integer, local_time, number, text, zone
from engine.contracts.supply import SUPPLIERS, SUPPLY_TERMS, TRANSFER_ROUTES

_MAX_MM: Final = 20_000
_MAX_G: Final = 5_000_000
_MAX_CENTS: Final = 10**10
_MAX_UNITS: Final = 10**9
_MAX_LINE_UNITS: Final = 1_000_000

COUNTRY: Final = "[A-Z]{2}"
SPEEDS: Final = ("economy", "standard", "express")
TRIGGERS: Final = (
    "always",
    "weight_g",
    "billable_g",
    "longest_mm",
    "second_longest_mm",
    "length_plus_girth_mm",
    "volume_cm3",
    "zone",
)


def _ordered_dates() -> Rule:
    from_, to = pl.col("valid_from"), pl.col("valid_to")
    return Rule("valid_to", to.is_null() | (to >= from_), "valid_to lies before valid_from")


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
        text("ship_country", "ISO 3166 alpha-2", pattern=COUNTRY),
        text("ship_postcode", "postcode as written in that country"),
        number("ship_latitude", "degrees north", nullable=True, at_least=-90, at_most=90),
        number("ship_longitude", "degrees east", nullable=True, at_least=-180, at_most=180),
        integer("priority", "higher goes first", default=0, at_least=-1_000, at_most=1_000),
        integer("max_shipments", "most parcels the customer accepts", nullable=True, at_least=1, at_most=1_000),
        text("packaging", "brand or gift packaging that cartons must carry", nullable=True),
        text("currency", "ISO 4217", pattern="[A-Z]{3}"),
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
        integer("quantity", "units ordered", at_least=1, at_most=_MAX_LINE_UNITS),
        integer("unit_price_cents", "selling price of a unit, without tax", at_least=0, at_most=_MAX_CENTS),
        text(
            "ship_together", "lines of the order with the same mark leave in one parcel or wait together", nullable=True
        ),
    ),
)

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
            at_most=_MAX_MM,
        ),
        integer("width_mm", "outer width", nullable=True, at_least=1, at_most=_MAX_MM),
        integer("height_mm", "outer height", nullable=True, at_least=1, at_most=_MAX_MM),
        integer("weight_g", "weight of a unit", nullable=True, at_least=1, at_most=_MAX_G),
        integer("unit_cost_cents", "purchase cost of a unit", at_least=0, at_most=_MAX_CENTS),
        text("fragility", "how much protection it needs", default="none", allowed=("none", "fragile", "very_fragile")),
        flag("keep_upright", "whether its height must stay vertical", default=False),
        integer(
            "max_load_g",
            "what it can carry on top; absent: no limit, 0: nothing",
            nullable=True,
            at_least=0,
            at_most=_MAX_G,
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
        text("country", "ISO 3166 alpha-2", pattern=COUNTRY),
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
            at_most=_MAX_UNITS,
        ),
        integer(
            "handling_cents_per_shipment", "cost of packing and handing over a parcel", at_least=0, at_most=_MAX_CENTS
        ),
        integer("pick_cents_per_unit", "cost of picking a unit", at_least=0, at_most=_MAX_CENTS),
        integer(
            "transfer_capacity_units",
            "units it can send to other warehouses a night; absent: no limit",
            nullable=True,
            at_least=0,
            at_most=_MAX_UNITS,
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
        integer("on_hand", "units there; negative where the books say so", at_least=-_MAX_UNITS, at_most=_MAX_UNITS),
        integer("reserved", "units already promised", default=0, at_least=0, at_most=_MAX_UNITS),
        integer("safety_stock", "units kept back", default=0, at_least=0, at_most=_MAX_UNITS),
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
        integer("quantity", "units, signed: what comes in is positive", at_least=-_MAX_UNITS, at_most=_MAX_UNITS),
        text(
            "kind",
            "why",
            allowed=("receipt", "sale", "return", "transfer_in", "transfer_out", "adjustment", "write_off"),
        ),
        integer("unit_cost_cents", "cost of a unit where known", nullable=True, at_least=0, at_most=_MAX_CENTS),
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
        integer("quantity", "units expected", at_least=1, at_most=_MAX_UNITS),
        instant("expected_at", "when"),
    ),
)

CARTONS: Final = Table(
    "cartons",
    "a box, mailer or bag to pack in",
    key=("carton_id",),
    is_required=True,
    rules=tuple(
        Rule(
            f"outer_{axis}_mm",
            pl.col(f"outer_{axis}_mm") >= pl.col(f"inner_{axis}_mm"),
            f"outer {axis} is smaller than inner {axis}",
        )
        for axis in ("length", "width", "height")
    ),
    columns=(
        text("carton_id", "identifier"),
        text(
            "kind", "what it is; mailers and bags take the shape of what is in them", allowed=("box", "mailer", "bag")
        ),
        integer("inner_length_mm", "inside length", at_least=1, at_most=_MAX_MM),
        integer("inner_width_mm", "inside width", at_least=1, at_most=_MAX_MM),
        integer("inner_height_mm", "inside height; of a mailer or bag its greatest fill", at_least=1, at_most=_MAX_MM),
        integer("outer_length_mm", "outside length", at_least=1, at_most=_MAX_MM),
        integer("outer_width_mm", "outside width", at_least=1, at_most=_MAX_MM),
        integer("outer_height_mm", "outside height", at_least=1, at_most=_MAX_MM),
        integer("tare_g", "empty weight", at_least=0, at_most=_MAX_G),
        integer("max_weight_g", "most it may weigh packed, itself included", at_least=1, at_most=_MAX_G),
        integer("cost_cents", "price of one", at_least=0, at_most=_MAX_CENTS),
        text("packaging", "brand or gift packaging it carries", nullable=True),
        integer("on_hand", "how many there are; absent: enough", nullable=True, at_least=0, at_most=_MAX_UNITS),
    ),
)

PROTECTION: Final = Table(
    "protection",
    "a material that protects fragile goods",
    key=("material_id",),
    columns=(
        text("material_id", "identifier"),
        text("kind", "what it is", allowed=("bubble_wrap", "air_cushion", "paper")),
        text("fragility", "the class it serves", allowed=("fragile", "very_fragile")),
        integer("thickness_mm", "layer on every side of the article", at_least=0, at_most=1_000),
        integer("cents_per_litre", "price of the volume it fills", at_least=0, at_most=1_000_000),
        integer("g_per_litre", "weight of the volume it fills", at_least=0, at_most=100_000),
    ),
)

SERVICES: Final = Table(
    "services",
    "a carrier's product",
    key=("service_id", "valid_from"),
    rules=(_ordered_dates(),),
    is_required=True,
    columns=(
        text("service_id", "identifier"),
        text("carrier", "who carries"),
        text("speed", "how fast", allowed=SPEEDS),
        integer("preference", "lower wins at equal price", default=0, at_least=-1_000, at_most=1_000),
        integer(
            "dim_divisor_cm3_per_kg",
            "volume that counts as a kilogram; absent: weight only",
            nullable=True,
            at_least=1,
            at_most=1_000_000,
        ),
        integer("dim_from_cm3", "volume counts only above this", default=0, at_least=0, at_most=10**9),
        integer("weight_step_g", "billable weight is rounded up to this", at_least=1, at_most=1_000_000),
        integer("max_weight_g", "heaviest parcel it takes", at_least=1, at_most=_MAX_G),
        integer("max_length_mm", "longest edge it takes", at_least=1, at_most=_MAX_MM),
        integer(
            "max_length_plus_girth_mm",
            "longest edge plus girth it takes; absent: no limit",
            nullable=True,
            at_least=1,
            at_most=10 * _MAX_MM,
        ),
        text("hazard_classes", "classes it accepts, separated by blanks", nullable=True),
        date("valid_from", "first day"),
        date("valid_to", "last day; absent: open", nullable=True),
    ),
)

ZONES: Final = Table(
    "zones",
    "how far a destination is for a service from a warehouse; the longest matching prefix wins",
    key=("service_id", "warehouse_id", "dest_country", "dest_postcode_prefix"),
    references=(Reference(("service_id",), "services"), Reference(("warehouse_id",), "warehouses")),
    is_required=True,
    columns=(
        text("service_id", "service"),
        text("warehouse_id", "origin"),
        text("dest_country", "ISO 3166 alpha-2", pattern=COUNTRY),
        text("dest_postcode_prefix", "how the postcode begins; empty: the whole country", default=""),
        integer("zone", "zone number of the rate card", at_least=0, at_most=10_000),
        integer("transit_days", "working days on the way", at_least=0, at_most=365),
    ),
)

RATES: Final = Table(
    "rates",
    "a weight break of a rate card",
    key=("service_id", "zone", "up_to_g", "valid_from"),
    references=(Reference(("service_id",), "services"),),
    rules=(_ordered_dates(),),
    is_required=True,
    columns=(
        text("service_id", "service"),
        integer("zone", "zone number", at_least=0, at_most=10_000),
        integer("up_to_g", "billable weight up to and including", at_least=1, at_most=_MAX_G),
        integer("price_cents", "price of a parcel", at_least=0, at_most=_MAX_CENTS),
        date("valid_from", "first day"),
        date("valid_to", "last day; absent: open", nullable=True),
    ),
)

SURCHARGES: Final = Table(
    "surcharges",
    "what a carrier adds; per-cent ones apply to freight plus flat surcharges",
    key=("service_id", "surcharge_id", "valid_from"),
    references=(Reference(("service_id",), "services"),),
    rules=(
        _ordered_dates(),
        Rule(
            "threshold",
            (pl.col("trigger") == "always") | pl.col("threshold").is_not_null(),
            "a trigger other than always needs a threshold",
        ),
    ),
    columns=(
        text("service_id", "service"),
        text("surcharge_id", "identifier"),
        text("group", "only the dearest of a group applies", nullable=True),
        text("basis", "how the amount counts", allowed=("flat", "per_cent")),
        integer("amount", "cents where flat; hundredths of a per cent where per_cent", at_least=0, at_most=10**8),
        text("trigger", "what is compared with the threshold", allowed=TRIGGERS),
        integer("threshold", "applies above this", nullable=True, at_least=0, at_most=10**9),
        date("valid_from", "first day"),
        date("valid_to", "last day; absent: open", nullable=True),
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

RETURNS: Final = Table(
    "returns",
    "goods that came back",
    key=("order_id", "line_number", "received_at"),
    is_log=True,
    columns=(
        text("order_id", "order"),
        integer("line_number", "line", at_least=0, at_most=100_000),
        integer("quantity", "units", at_least=1, at_most=_MAX_LINE_UNITS),
        instant("received_at", "when"),
        text("disposition", "what became of them", allowed=("restock", "scrap", "inspect", "missing")),
        integer("refund_cents", "what was refunded", at_least=0, at_most=_MAX_CENTS),
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
        integer("units", "units in it", at_least=1, at_most=_MAX_LINE_UNITS),
    ),
)

PAST_ORDER_LINES: Final = Table(
    "past_order_lines",
    "a line of an order that is no longer open; return rates join it with past shipments",
    key=("order_id", "line_number"),
    is_log=True,
    columns=ORDER_LINES.columns,
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

INPUTS: Final[tuple[Table, ...]] = (
    ORDERS,
    ORDER_LINES,
    PRODUCTS,
    WAREHOUSES,
    STOCK,
    STOCK_MOVEMENTS,
    INBOUND,
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
