"""Cartons and protection material: sixteen boxes, three mailers, four materials."""

from __future__ import annotations

from typing import Final

import polars as pl

BOXES: Final = (
    # carton_id, inner length, width, height, wall, tare, most weight, cost, packaging
    ("BOX-01", 160, 110, 60, 3, 45, 5_000, 18, None),
    ("BOX-02", 200, 150, 90, 3, 75, 8_000, 24, None),
    ("BOX-03", 250, 175, 100, 3, 105, 10_000, 31, None),
    ("BOX-04", 305, 215, 60, 3, 115, 10_000, 33, None),
    ("BOX-05", 305, 215, 150, 3, 165, 15_000, 42, None),
    ("BOX-06", 350, 250, 100, 3, 180, 15_000, 45, None),
    ("BOX-07", 350, 250, 220, 4, 260, 20_000, 61, None),
    ("BOX-08", 400, 300, 150, 4, 290, 20_000, 66, None),
    ("BOX-09", 400, 300, 300, 4, 390, 25_000, 84, None),
    ("BOX-10", 500, 400, 300, 6, 690, 30_000, 128, None),
    ("BOX-11", 600, 400, 400, 6, 880, 30_000, 165, None),
    ("BOX-12", 800, 600, 450, 7, 1_650, 30_000, 310, None),
    ("BOX-13", 1_000, 200, 200, 6, 820, 20_000, 190, None),
    ("GIFT-S", 230, 180, 110, 3, 150, 8_000, 120, "gift"),
    ("GIFT-M", 360, 270, 180, 4, 330, 15_000, 185, "gift"),
    ("GIFT-L", 560, 420, 360, 6, 860, 25_000, 320, "gift"),
)

MAILERS: Final = (
    # carton_id, inner length, width, greatest fill, wall, tare, most weight, cost
    ("MAILER-S", 240, 170, 25, 2, 22, 1_000, 11),
    ("MAILER-M", 330, 240, 40, 2, 38, 2_000, 16),
    ("MAILER-L", 430, 320, 60, 2, 60, 3_000, 23),
)


def cartons(*, gift_orders: int, cost_factor: float = 1.0) -> pl.DataFrame:
    """Give the cartons.

    Parameters
    ----------
    gift_orders
        Orders tonight that ask for gift packaging; gift boxes are stocked for little more than these.
    cost_factor
        What a euro cent is in the workspace's cents.
    """
    gift_share = {"GIFT-S": 0.25, "GIFT-M": 0.5, "GIFT-L": 0.6}
    rows = [
        (name, "box", *_sizes(length, width, height, wall, 2 * wall), tare, most, cost, packaging)
        for name, length, width, height, wall, tare, most, cost, packaging in BOXES
    ]
    rows += [
        (name, "mailer", *_sizes(length, width, height, wall, wall), tare, most, cost, None)
        for name, length, width, height, wall, tare, most, cost in MAILERS
    ]
    inner, outer = ([f"{side}_{axis}_mm" for axis in ("length", "width", "height")] for side in ("inner", "outer"))
    names = ["carton_id", "kind", *inner, *outer, "tare_g", "max_weight_g", "cost_cents", "packaging"]
    stock = {name: max(2, round(gift_orders * share)) for name, share in gift_share.items()}
    return pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None).with_columns(
        (pl.col("cost_cents") * cost_factor).round().cast(pl.Int64),
        pl.col("carton_id").replace_strict(stock, default=None, return_dtype=pl.Int64).alias("on_hand"),
    )


def _sizes(length: int, width: int, height: int, wall: int, lid: int) -> tuple[int, ...]:
    return length, width, height, length + 2 * wall, width + 2 * wall, height + 2 * lid


def protection(*, cost_factor: float = 1.0) -> pl.DataFrame:
    """Give the protection materials.

    Parameters
    ----------
    cost_factor
        What a euro cent is in the workspace's cents.
    """
    return pl.DataFrame(
        [
            ("PAPER-10", "paper", "fragile", 10, 5, 24),
            ("BUBBLE-10", "bubble_wrap", "fragile", 10, 7, 14),
            ("BUBBLE-25", "bubble_wrap", "very_fragile", 25, 7, 14),
            ("AIR-30", "air_cushion", "very_fragile", 30, 4, 6),
        ],
        schema=["material_id", "kind", "fragility", "thickness_mm", "cents_per_litre", "g_per_litre"],
        orient="row",
    ).with_columns((pl.col("cents_per_litre") * cost_factor).round().cast(pl.Int64))
