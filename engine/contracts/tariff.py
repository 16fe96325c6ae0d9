"""Input tables of what carriers offer and charge: services, zones, rates, surcharges."""

from __future__ import annotations

from typing import Final

import polars as pl

from engine.contracts.ranges import COUNTRY, MAX_CENTS, MAX_G, MAX_MM, SPEEDS
from engine.contracts.schema import Reference, Rule, Table, date, integer, text

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
        integer("max_weight_g", "heaviest parcel it takes", at_least=1, at_most=MAX_G),
        integer("max_length_mm", "longest edge it takes", at_least=1, at_most=MAX_MM),
        integer(
            "max_length_plus_girth_mm",
            "longest edge plus girth it takes; absent: no limit",
            nullable=True,
            at_least=1,
            at_most=10 * MAX_MM,
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
        text("dest_country", "ISO 3166 alpha-2, such as DE", pattern=COUNTRY),
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
        integer("up_to_g", "billable weight up to and including", at_least=1, at_most=MAX_G),
        integer("price_cents", "price of a parcel", at_least=0, at_most=MAX_CENTS),
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
