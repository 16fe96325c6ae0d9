"""Input tables of what to pack in: boxes, mailers, bags, and what protects fragile goods."""

from __future__ import annotations

from typing import Final

import polars as pl

from engine.contracts.ranges import MAX_CENTS, MAX_G, MAX_MM, MAX_UNITS
from engine.contracts.schema import Rule, Table, integer, text

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
        integer("inner_length_mm", "inside length", at_least=1, at_most=MAX_MM),
        integer("inner_width_mm", "inside width", at_least=1, at_most=MAX_MM),
        integer("inner_height_mm", "inside height; of a mailer or bag its greatest fill", at_least=1, at_most=MAX_MM),
        integer("outer_length_mm", "outside length", at_least=1, at_most=MAX_MM),
        integer("outer_width_mm", "outside width", at_least=1, at_most=MAX_MM),
        integer("outer_height_mm", "outside height", at_least=1, at_most=MAX_MM),
        integer("tare_g", "empty weight", at_least=0, at_most=MAX_G),
        integer("max_weight_g", "most it may weigh packed, itself included", at_least=1, at_most=MAX_G),
        integer("cost_cents", "price of one", at_least=0, at_most=MAX_CENTS),
        text("packaging", "brand or gift packaging it carries", nullable=True),
        integer("on_hand", "how many there are; absent: enough", nullable=True, at_least=0, at_most=MAX_UNITS),
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
