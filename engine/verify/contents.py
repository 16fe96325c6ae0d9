"""What lies in the parcels of a run, and how: the items with what is known of them, laid out as boxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from engine.verify.geometry import Boxes, Meetings, meet

AXES: Final = ("x", "y", "z")


@dataclass(frozen=True)
class Contents:
    """What lies in the parcels, and how.

    Parameters
    ----------
    items
        A row an item, sorted by parcel, with what its article, carton, order and protection say.
    boxes, meetings
        The same rows as boxes, and how they lie to each other.
    """

    items: pl.DataFrame
    boxes: Boxes
    meetings: Meetings


def protected_products(products: pl.DataFrame, protection: pl.DataFrame) -> pl.DataFrame:
    """Give the products with padding, and weight and price of the protection of a unit.

    Material fills the space between an article and itself grown by the material's thickness on every side; price and weight
    are rounded up for each unit. Of several materials for a class an article gets the cheapest, of equals the thinnest.

    Parameters
    ----------
    products
        The articles.
    protection
        The materials.
    """
    sides = [pl.col(f"{side}_mm") for side in ("length", "width", "height")]
    grown = [side + 2 * pl.col("thickness_mm") for side in sides]
    fill = grown[0] * grown[1] * grown[2] - sides[0] * sides[1] * sides[2]
    wrapped = (
        products.select("sku", "fragility", "length_mm", "width_mm", "height_mm")
        .join(protection, on="fragility", how="inner", maintain_order="left_right")
        .select(
            "sku",
            "material_id",
            padding_mm="thickness_mm",
            protection_unit_cents=_litres(fill * pl.col("cents_per_litre")),
            protection_g=_litres(fill * pl.col("g_per_litre")),
        )
        .sort("protection_unit_cents", "padding_mm", "material_id")
        .unique("sku", keep="first", maintain_order=True)
        .drop("material_id")
    )
    return products.join(wrapped, on="sku", how="left", maintain_order="left").with_columns(
        pl.col("padding_mm", "protection_unit_cents", "protection_g").fill_null(0)
    )


def _litres(cubic_millimetres: pl.Expr) -> pl.Expr:
    """Give whole litres of a volume, begun ones included."""
    return (cubic_millimetres + 999_999) // 1_000_000


def lay_out(
    placements: pl.DataFrame,
    shipments: pl.DataFrame,
    products: pl.DataFrame,
) -> Contents:
    """Bring together what is known of every item, and compare all items of a parcel.

    Parameters
    ----------
    placements, shipments
        Tables of the run.
    products
        The articles with their protection.
    """
    numbered = shipments.select("shipment_id", "order_id", "carton_id").with_row_index("parcel")
    items = (
        placements.join(numbered, on="shipment_id", how="left", maintain_order="left")
        .with_columns(pl.col("parcel").cast(pl.Int64).fill_null(-1))
        .sort("parcel", "shipment_id", "item_number", maintain_order=True)
        .join(products, on="sku", how="left", maintain_order="left")
    )
    low = np.stack([items[f"{axis}_mm"].to_numpy() for axis in AXES])
    boxes = Boxes(items["parcel"].to_numpy(), low, low + np.stack([items[f"d{axis}_mm"].to_numpy() for axis in AXES]))
    return Contents(items, boxes, meet(boxes))


def weigh_parcels(items: pl.DataFrame, shipments: pl.DataFrame, cartons: pl.DataFrame) -> pl.DataFrame:
    """Give a row a parcel: its carton, and extents, weight and protection of its contents.

    Parameters
    ----------
    items
        The items with their articles.
    shipments, cartons
        Tables of the run.
    """
    extents = {
        f"extent_{axis}": (pl.col(f"{axis}_mm") + pl.col(f"d{axis}_mm")).max() - pl.col(f"{axis}_mm").min()
        for axis in AXES
    }
    # A sum skips what is unknown, so unknown weights are carried along to make the sum unknown.
    known = pl.col("weight_g").is_not_null().all()
    contents = items.group_by("shipment_id", maintain_order=True).agg(
        **extents,
        contents_g=pl.when(known).then((pl.col("weight_g") + pl.col("protection_g")).sum()),
        contents_protection_cents=pl.when(known).then(pl.col("protection_unit_cents").sum()),
    )
    return shipments.join(
        cartons.rename({"max_weight_g": "carton_max_weight_g", "packaging": "carton_packaging"}).drop("cost_cents", "on_hand"),
        on="carton_id", how="left", maintain_order="left", suffix="_carton",
    ).join(contents, on="shipment_id", how="left", maintain_order="left")  # fmt: skip
