"""Cartons and protection material: sixteen boxes, three mailers, four materials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import polars as pl

from engine.contracts import TABLES


class Box(NamedTuple):
    """A carton by its inside; the height of a mailer is its greatest fill."""

    carton_id: str
    length_mm: int
    width_mm: int
    height_mm: int
    wall_mm: int
    tare_g: int
    max_weight_g: int
    cost_cents: int
    packaging: str | None = None


BOXES: Final = (
    Box("BOX-01", 160, 110, 60, 3, 45, 5_000, 18),
    Box("BOX-02", 200, 150, 90, 3, 75, 8_000, 24),
    Box("BOX-03", 250, 175, 100, 3, 105, 10_000, 31),
    Box("BOX-04", 305, 215, 60, 3, 115, 10_000, 33),
    Box("BOX-05", 305, 215, 150, 3, 165, 15_000, 42),
    Box("BOX-06", 350, 250, 100, 3, 180, 15_000, 45),
    Box("BOX-07", 350, 250, 220, 4, 260, 20_000, 61),
    Box("BOX-08", 400, 300, 150, 4, 290, 20_000, 66),
    Box("BOX-09", 400, 300, 300, 4, 390, 25_000, 84),
    Box("BOX-10", 500, 400, 300, 6, 690, 30_000, 128),
    Box("BOX-11", 600, 400, 400, 6, 880, 30_000, 165),
    Box("BOX-12", 880, 600, 500, 7, 1_850, 30_000, 340),
    Box("BOX-13", 1_000, 200, 200, 6, 820, 20_000, 190),
    Box("GIFT-S", 230, 180, 110, 3, 150, 8_000, 120, "gift"),
    Box("GIFT-M", 360, 270, 180, 4, 330, 15_000, 185, "gift"),
    Box("GIFT-L", 560, 420, 360, 6, 860, 25_000, 320, "gift"),
)

MAILERS: Final = (
    Box("MAILER-S", 240, 170, 25, 2, 22, 1_000, 11),
    Box("MAILER-M", 330, 240, 40, 2, 38, 2_000, 16),
    Box("MAILER-L", 430, 320, 60, 2, 60, 3_000, 23),
)

GIFT_STOCK: Final = {"GIFT-S": 0.25, "GIFT-M": 0.5, "GIFT-L": 0.6}
"""Gift boxes in stock, as a share of the orders that ask for them."""


def cartons(*, gift_orders: int) -> pl.DataFrame:
    """Give the sample's cartons.

    Parameters
    ----------
    gift_orders
        Orders tonight that ask for gift packaging; gift boxes are stocked for little more than these.
    """
    stock = {name: max(2, round(gift_orders * share)) for name, share in GIFT_STOCK.items()}
    on_hand = pl.col("carton_id").replace_strict(stock, default=None, return_dtype=pl.Int64).alias("on_hand")
    return make_cartons(BOXES, MAILERS).with_columns(on_hand)


def make_cartons(boxes: Sequence[Box], mailers: Sequence[Box]) -> pl.DataFrame:
    """Give a cartons table with outer sizes from walls: a box has two layers of flaps above and below.

    Parameters
    ----------
    boxes, mailers
        The cartons of each kind.
    """
    rows = [
        (box.carton_id, kind, *box[1:4], *_outer(box, lid_layers), *box[5:], None)
        for kind, given, lid_layers in (("box", boxes, 2), ("mailer", mailers, 1))
        for box in given
    ]
    return pl.DataFrame(rows, schema=TABLES["cartons"].schema, orient="row")


def _outer(box: Box, lid_layers: int) -> tuple[int, int, int]:
    walls = 2 * box.wall_mm
    return box.length_mm + walls, box.width_mm + walls, box.height_mm + lid_layers * walls


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
