"""Output tables for the floor: who walks where, and what is handed over to whom."""

from __future__ import annotations

from typing import Final

from engine.contracts.schema import Table, instant, integer, text

PICK_LISTS: Final = Table(
    "pick_lists",
    "one walk of one picker",
    key=("pick_list_id",),
    columns=(
        text("pick_list_id", "identifier"),
        text("warehouse_id", "warehouse"),
        text("wave_id", "wave: what leaves together"),
        instant("pick_by", "when the wave must be ready"),
        integer("shipments", "parcels on the list", at_least=1),
        integer("units", "units on the list", at_least=1),
        integer("stops", "places to visit", at_least=1),
        integer("walk_mm", "length of the walk", at_least=0),
    ),
)

PICK_STOPS: Final = Table(
    "pick_stops",
    "what to take at one place for one parcel, in walking order",
    key=("pick_list_id", "stop_number", "shipment_id", "line_number"),
    columns=(
        text("pick_list_id", "walk"),
        integer("stop_number", "order of the walk, from 1", at_least=1),
        text("shipment_id", "parcel"),
        integer("line_number", "order line", at_least=0),
        text("sku", "article"),
        integer("quantity", "units to take", at_least=1),
        integer("aisle", "aisle; absent where no location is on file", nullable=True),
        integer("position", "position in the aisle", nullable=True),
        text("side", "side of the aisle", nullable=True),
        integer("level", "shelf level", nullable=True),
        integer("tote", "compartment of the cart the parcel's goods go into, from 1", at_least=1),
    ),
)

MANIFESTS: Final = Table(
    "manifests",
    "a parcel on a carrier's hand-over list",
    key=("manifest_id", "shipment_id"),
    columns=(
        text("manifest_id", "hand-over: carrier, warehouse, day"),
        text("carrier", "carrier"),
        text("warehouse_id", "origin"),
        instant("dispatch_at", "hand-over"),
        integer("position", "position on the list, from 1", at_least=1),
        text("shipment_id", "parcel"),
        text("service_id", "service"),
        text("tracking_number", "tracking number"),
        integer("weight_g", "weight", at_least=1),
        integer("outer_length_mm", "length", at_least=1),
        integer("outer_width_mm", "width", at_least=1),
        integer("outer_height_mm", "height", at_least=1),
        text("ship_country", "destination country"),
        text("ship_postcode", "destination postcode"),
    ),
)
