"""The output tables of a run: the plan, its proof, and what was left out of it and why."""

from __future__ import annotations

from typing import Final

from engine.contracts.floor import MANIFESTS, PICK_LISTS, PICK_STOPS
from engine.contracts.schema import Table, date, flag, instant, integer, number, text

PACKING_STATUSES: Final = ("OPTIMAL", "FEASIBLE")
SHIPMENT_COSTS: Final = (
    ("freight_cents", "price of the rate card"),
    ("surcharge_cents", "surcharges of the carrier"),
    ("carton_cents", "the carton"),
    ("protection_cents", "protection material"),
    ("handling_cents", "packing and handing over, by the warehouse's rate"),
    ("pick_cents", "picking, by the warehouse's rate"),
)

SHIPMENTS: Final = Table(
    "shipments",
    "a parcel to send",
    key=("shipment_id",),
    columns=(
        text("shipment_id", "identifier: order and parcel number"),
        text("order_id", "order"),
        text("warehouse_id", "origin"),
        text("carton_id", "carton"),
        text("service_id", "carrier's service"),
        text("carrier", "carrier"),
        integer("units", "units in it", at_least=1),
        integer("zone", "zone of the rate card", at_least=0),
        integer("outer_length_mm", "size billed: length", at_least=1),
        integer("outer_width_mm", "size billed: width", at_least=1),
        integer("outer_height_mm", "size billed: height", at_least=1),
        integer("weight_g", "weight with carton and protection", at_least=1),
        integer("billable_g", "weight the carrier bills", at_least=1),
        *(integer(name, about, at_least=0) for name, about in SHIPMENT_COSTS),
        integer("total_cents", "sum of the costs above: what the parcel costs in money", at_least=0),
        integer("lateness_cents", "price set on arriving after the promise", at_least=0),
        text("packing_status", "what is proven of the carton choice", allowed=PACKING_STATUSES),
        text("tracking_number", "tracking number"),
        flag("tracking_is_synthetic", "whether the number comes from a made-up range"),
        instant("dispatch_at", "hand-over to the carrier"),
        instant("deliver_by", "end of the day it should arrive"),
        instant("promised_by", "what the customer was promised"),
        integer("days_late", "days after the promise", at_least=0),
        flag("is_late", "whether it arrives after the promise"),
    ),
)

SHIPMENT_LINES: Final = Table(
    "shipment_lines",
    "what is in a parcel",
    key=("shipment_id", "line_number"),
    columns=(
        text("shipment_id", "parcel"),
        text("order_id", "order"),
        integer("line_number", "order line", at_least=0),
        text("sku", "article"),
        integer("quantity", "units", at_least=1),
    ),
)

SHIPMENT_SURCHARGES: Final = Table(
    "shipment_surcharges",
    "a surcharge of a parcel",
    key=("shipment_id", "surcharge_id"),
    columns=(
        text("shipment_id", "parcel"),
        text("surcharge_id", "surcharge"),
        integer("cents", "what it adds", at_least=0),
    ),
)

PLACEMENTS: Final = Table(
    "placements",
    "where an item lies in its carton, protection included, in the carton's inside coordinates",
    key=("shipment_id", "item_number"),
    columns=(
        text("shipment_id", "parcel"),
        integer("item_number", "item in the parcel, from 1", at_least=1),
        text("sku", "article"),
        integer("line_number", "order line", at_least=0),
        *(integer(f"{axis}_mm", f"nearest corner along {axis}", at_least=0) for axis in "xyz"),
        *(integer(f"d{axis}_mm", f"extent along {axis}, padding included", at_least=1) for axis in "xyz"),
        integer("step", "packing order, bottom first, from 1", at_least=1),
    ),
)

BACKORDERS: Final = Table(
    "backorders",
    "units of a released line that wait",
    key=("order_id", "line_number"),
    columns=(
        text("order_id", "order"),
        integer("line_number", "line", at_least=0),
        text("sku", "article"),
        integer("quantity", "units that wait", at_least=1),
        text("reason", "why"),
        instant("expected_at", "when the next firm receipt is due", nullable=True),
        integer("cost_cents", "price set on waiting", at_least=0),
    ),
)

HOLDS: Final = Table(
    "holds",
    "an order that is not released tonight; an order may have several reasons",
    key=("order_id", "reason"),
    columns=(
        text("order_id", "order"),
        text("reason", "why, one of the closed set of the receive stage"),
        text("detail", "the value behind the reason and what to do"),
    ),
)

REJECTS: Final = Table(
    "rejects",
    "a row that could not be read, once for every reason",
    columns=(
        text("table", "table"),
        text("source", "file"),
        integer("row", "row in the file, the first row of data is 1", at_least=0),
        text("key", "what identifies the row, as far as it could be read", nullable=True),
        text("column", "column", nullable=True),
        text("value", "value as it stood", nullable=True),
        text("reason", "what is wrong and what is allowed"),
    ),
)

OFFER_PIECES: Final = Table(
    "offer_pieces",
    "an indivisible part of a released order: a line, or a part of its quantity where no warehouse holds it all",
    key=("order_id", "piece_number"),
    columns=(
        text("order_id", "order"),
        integer("piece_number", "position among the pieces of the order, from 0", at_least=0, at_most=61),
        integer("line_number", "line", at_least=0),
        text("sku", "article"),
        integer("quantity", "units", at_least=1),
        integer(
            "later_cents",
            "what sending it later is taken to cost: its cheapest offer alone, 0 where it has none",
            at_least=0,
        ),
        integer(
            "backorder_cents", "price set on leaving it unshipped tonight: sending it later, and the wait", at_least=0
        ),
    ),
)

OFFERS: Final = Table(
    "offers",
    "a way one warehouse could ship some pieces of an order, packed and rated",
    key=("order_id", "offer_number"),
    columns=(
        text("order_id", "order"),
        integer("offer_number", "position among the offers of the order, from 0", at_least=0),
        text("warehouse_id", "origin"),
        integer("pieces", "bit i set: piece i is in it", at_least=1, at_most=2**62),
        integer("shipments", "parcels it takes", at_least=1),
        *(integer(name, about, at_least=0) for name, about in SHIPMENT_COSTS),
        integer("lateness_cents", "price set on arriving after the promise", at_least=0),
        integer("reserve_cents", "worth to later orders of the stock it takes, by stock_reserves", at_least=0),
        integer("churn_cents", "price set on moving lines that an earlier plan sends from elsewhere", at_least=0),
        integer("cost_cents", "sum of the costs above", at_least=0),
        flag("is_chosen", "whether the plan takes it"),
    ),
)

OFFER_CARTONS: Final = Table(
    "offer_cartons",
    "how many of a carton whose stock is limited an offer takes",
    key=("order_id", "offer_number", "carton_id"),
    columns=(
        text("order_id", "order"),
        integer("offer_number", "offer", at_least=0),
        text("carton_id", "carton"),
        integer("quantity", "cartons", at_least=1),
    ),
)

OFFER_PICKUPS: Final = Table(
    "offer_pickups",
    "how many parcels an offer hands to a carrier whose pickups at its warehouse are limited",
    key=("order_id", "offer_number", "carrier"),
    columns=(
        text("order_id", "order"),
        integer("offer_number", "offer", at_least=0),
        text("carrier", "carrier"),
        integer("quantity", "parcels", at_least=1),
    ),
)

MOVES: Final = Table(
    "moves",
    "a line that an earlier plan of the night sends from elsewhere",
    key=("order_id", "line_number"),
    columns=(
        text("order_id", "order"),
        integer("line_number", "line", at_least=0),
        text("sku", "article"),
        text("planned_from", "warehouses of the earlier plan, separated by blanks"),
        text("now_from", "warehouses of this plan, separated by blanks; null where it waits", nullable=True),
        integer("churn_cents", "price set on the move", at_least=0),
    ),
)

SHADOW_PRICES: Final = Table(
    "shadow_prices",
    "what one more unit would save tonight; rows without a price of zero only",
    columns=(
        text("warehouse_id", "warehouse; null for a limit of the whole network", nullable=True),
        text("sku", "article; null for the warehouse's capacity and for pickups", nullable=True),
        text("carton_id", "carton whose stock is limited; null otherwise", nullable=True),
        text("carrier", "carrier whose pickups at the warehouse are limited; null otherwise", nullable=True),
        integer("millicents_per_unit", "price in thousandths of a cent, exact", at_least=1),
        number("cents_per_unit", "the same in cents, for reading", at_least=0),
    ),
)

BOUND_PRICES: Final = Table(
    "bound_prices",
    "what every unit pays in the proof of the bound; prices of zero are left out",
    columns=(
        text("warehouse_id", "as in shadow_prices", nullable=True),
        text("sku", "as in shadow_prices", nullable=True),
        text("carton_id", "as in shadow_prices", nullable=True),
        text("carrier", "as in shadow_prices", nullable=True),
        integer("millicents_per_unit", "price in thousandths of a cent, exact", at_least=1),
    ),
)

BOUND_PREMIUMS: Final = Table(
    "bound_premiums",
    "what a piece pays for an article's stock in a warehouse beyond its units in the proof of the bound",
    key=("order_id", "piece_number", "warehouse_id"),
    columns=(
        text("order_id", "order"),
        integer("piece_number", "piece, as in offer_pieces", at_least=0),
        text("warehouse_id", "warehouse that would send it"),
        integer("millicents", "for the whole piece, in thousandths of a cent", at_least=1),
    ),
)

PLAN_SUMMARY: Final = Table(
    "plan_summary",
    "the night in one row",
    columns=(
        text("run_id", "run"),
        instant("as_of", "the night"),
        text("currency", "unit of all money: its hundredth"),
        integer("orders", "open orders tonight", at_least=0),
        integer("orders_released", "released to the plan", at_least=0),
        integer("orders_held", "held, with a reason", at_least=0),
        integer("orders_shipped", "with at least one parcel", at_least=0),
        integer("orders_short", "with at least one unit that waits", at_least=0),
        integer("orders_split", "in more than one parcel", at_least=0),
        integer("orders_late", "with a late parcel", at_least=0),
        integer("lines_released", "lines of released orders", at_least=0),
        integer("units_released", "units of released orders", at_least=0),
        integer("units_shipped", "units in parcels", at_least=0),
        integer("units_backordered", "units that wait", at_least=0),
        integer("shipments", "parcels", at_least=0),
        integer("rejects", "reject reasons recorded", at_least=0),
        *(integer(name, about, at_least=0) for name, about in SHIPMENT_COSTS),
        integer("lateness_cents", "price set on arriving late", at_least=0),
        integer("backorder_cents", "price set on waiting", at_least=0),
        integer("split_cents", "price set on further parcels of an order", at_least=0),
        integer("reserve_cents", "worth to later orders of the stock that ships, by stock_reserves", at_least=0),
        integer("churn_cents", "price set on lines that ship from elsewhere than an earlier plan said", at_least=0),
        integer("cost_cents", "sum of the costs above: what the plan minimises", at_least=0),
        integer("bound_cents", "proven lower bound over all plans from the offers listed in `offers`", at_least=0),
        number("gap", "(cost - bound) / cost", at_least=0, at_most=1),
        text("status", "OPTIMAL or FEASIBLE"),
        integer(
            "shadow_bound_cents",
            "what shadow_prices prove alone: every order's cheapest way at those prices less price times limit, summed",
            at_least=0,
        ),
        integer(
            "orders_offered_in_part",
            "orders of too many pieces to list every set of them: of these the bound holds for the sets listed, of all "
            "others for every set that a warehouse holds",
            at_least=0,
        ),
        integer(
            "orders_moved", "orders with a line that an earlier plan of the night sends from elsewhere", at_least=0
        ),
        integer("lines_moved", "such lines", at_least=0),
        integer(
            "moves_saved_cents",
            "what the moved orders would cost at least if tonight they could only stay or wait, less what they cost; below "
            "zero where they made room for others",
        ),
    ),
)

BASELINE_NAMES: Final = ("nearest_warehouse", "single_warehouse_first", "order_by_order")
BASELINES: Final = Table(
    "baselines",
    "what a common rule would have made of tonight's very orders, offers and limits",
    key=("baseline",),
    columns=(
        text(
            "baseline",
            "rule: nearest warehouse with stock, the warehouse that can send most of the order, or each order's optimum in turn",
            allowed=BASELINE_NAMES,
        ),
        integer("cost_cents", "what the rule's plan costs", at_least=0),
        integer("plan_cost_cents", "what the plan costs", at_least=0),
        number("saving_share", "(rule - plan) / rule; below zero where the rule does better", at_most=1),
        integer("orders_split", "orders that the rule sends in more than one parcel", at_least=0),
        integer("units_backordered", "units that wait under the rule", at_least=0),
    ),
)

STAGE_SECONDS: Final = Table(
    "stage_seconds",
    "how long each stage took; measured, so the one table that differs between replays",
    key=("stage",),
    columns=(
        text("stage", "stage"),
        number("seconds", "wall time", at_least=0),
        integer("peak_memory_mib", "highest memory of the process so far", at_least=0),
    ),
)

STOCK_LEDGER: Final = Table(
    "stock_ledger",
    "a day on which a warehouse's stock of an article moved, or the opening of the period",
    key=("warehouse_id", "sku", "day"),
    columns=(
        text("warehouse_id", "warehouse"),
        text("sku", "article"),
        date("day", "day, UTC"),
        integer("opening_units", "units at the start of the day"),
        integer("movement_units", "sum of the day's movements"),
        integer("closing_units", "units at the end of the day"),
    ),
)

OUTPUTS: Final[tuple[Table, ...]] = (
    SHIPMENTS,
    SHIPMENT_LINES,
    SHIPMENT_SURCHARGES,
    PLACEMENTS,
    BACKORDERS,
    HOLDS,
    REJECTS,
    OFFER_PIECES,
    OFFERS,
    OFFER_CARTONS,
    OFFER_PICKUPS,
    MOVES,
    SHADOW_PRICES,
    BOUND_PRICES,
    BOUND_PREMIUMS,
    PICK_LISTS,
    PICK_STOPS,
    MANIFESTS,
    PLAN_SUMMARY,
    BASELINES,
    STAGE_SECONDS,
    STOCK_LEDGER,
)
