"""Whether everything is drawn as it is, fits where it is drawn, and nothing is where something else is."""

from __future__ import annotations

from typing import Final

import polars as pl

from engine.verify.checks import Check, must, named, none_of
from engine.verify.contents import AXES, Contents

_SIDES: Final = [pl.col(f"{side}_mm") for side in ("length", "width", "height")]
_DRAWN: Final = [pl.col(f"d{axis}_mm") for axis in AXES]
_ADDED_MM: Final = pl.min_horizontal(_DRAWN) - pl.min_horizontal(_SIDES)
"""What is drawn around an article from one side to the other: twice the layer of its protection."""


def check_sizes(items: pl.DataFrame) -> Check:
    """Every item is drawn at its article's size, with the same layer on every side.

    Parameters
    ----------
    items
        The items with their articles.
    """
    # Three edges are the same whatever their order when smallest, largest and sum agree.
    same_edges = (
        (pl.max_horizontal(_DRAWN) - pl.max_horizontal(_SIDES) == _ADDED_MM)
        & (pl.sum_horizontal(_DRAWN) - pl.sum_horizontal(_SIDES, ignore_nulls=False) == 3 * _ADDED_MM)
        & (_ADDED_MM >= 0)
    )
    return named(
        "packing.sizes",
        must(
            items,
            same_edges,
            "shipment {shipment_id} item {item_number} ({sku}): drawn as {dx_mm} x {dy_mm} x {dz_mm} mm, the article is "
            "{length_mm} x {width_mm} x {height_mm}",
        ),
    )


def check_padding(items: pl.DataFrame) -> Check:
    """Every item is drawn with the layer of protection its fragility asks for.

    Parameters
    ----------
    items
        The items with their articles.
    """
    return named(
        "packing.padding",
        must(
            items.with_columns(added_mm=_ADDED_MM),
            pl.col("added_mm") == 2 * pl.col("padding_mm"),
            "shipment {shipment_id} item {item_number} ({sku}): drawn as {dx_mm} x {dy_mm} x {dz_mm} mm, the article is "
            "{length_mm} x {width_mm} x {height_mm} with {padding_mm} mm of protection on each side",
        ),
    )


def check_orientations(items: pl.DataFrame) -> Check:
    """Every item that must stay upright does.

    Parameters
    ----------
    items
        The items with their articles.
    """
    return named(
        "packing.orientation",
        must(
            items,
            ~pl.col("keep_upright") | (pl.col("dz_mm") == pl.col("height_mm") + 2 * pl.col("padding_mm")),
            "shipment {shipment_id} item {item_number} ({sku}) must stay upright: it stands {dz_mm} mm high, its height is "
            "{height_mm} with {padding_mm} mm of protection on each side",
        ),
    )


def check_walls(items: pl.DataFrame, parcels: pl.DataFrame) -> Check:
    """Everything in a box lies inside its inner walls.

    Parameters
    ----------
    items
        The items.
    parcels
        The parcels with cartons and extents.
    """
    inner = ("inner_length_mm", "inner_width_mm", "inner_height_mm")
    walls = items.join(
        parcels.select("shipment_id", "kind", *inner), on="shipment_id", how="left", maintain_order="left"
    )
    in_box = pl.all_horizontal([
        (pl.col(f"{axis}_mm") >= 0) & (pl.col(f"{axis}_mm") + pl.col(f"d{axis}_mm") <= pl.col(wall))
        for axis, wall in zip(AXES, inner, strict=True)
    ])  # fmt: skip
    return named(
        "packing.walls",
        must(
            walls,
            (pl.col("kind") != "box") | in_box,
            "shipment {shipment_id} item {item_number} ({sku}) at {x_mm}, {y_mm}, {z_mm} of {dx_mm} x {dy_mm} x {dz_mm} mm "
            "leaves its box of {inner_length_mm} x {inner_width_mm} x {inner_height_mm} mm",
        ),
    )


def check_mailers(parcels: pl.DataFrame) -> Check:
    """Every mailer or bag closes around its contents: length and width with the height within its inner size.

    Parameters
    ----------
    parcels
        The parcels with cartons and extents.
    """
    soft = parcels.filter(pl.col("kind") != "box")
    closes = (
        (pl.col("extent_x") + pl.col("extent_z") <= pl.col("inner_length_mm"))
        & (pl.col("extent_y") + pl.col("extent_z") <= pl.col("inner_width_mm"))
        & (pl.col("extent_z") <= pl.col("inner_height_mm"))
    )
    return named(
        "packing.mailers",
        must(
            soft,
            closes,
            "shipment {shipment_id}: {kind} {carton_id} of {inner_length_mm} x {inner_width_mm} x {inner_height_mm} mm does "
            "not close around {extent_x} x {extent_y} x {extent_z} mm",
        ),
    )


def check_overlaps(contents: Contents) -> Check:
    """No two items share space.

    Parameters
    ----------
    contents
        The items.
    """
    first, second = (contents.items[index] for index in contents.meetings.overlaps)
    both = first.select("shipment_id", "item_number", "sku").hstack(
        second.select(other_item="item_number", other_sku="sku")
    )
    return named(
        "packing.overlap",
        none_of(
            both,
            "shipment {shipment_id}: items {item_number} ({sku}) and {other_item} ({other_sku}) overlap",
            len(contents.boxes),
        ),
    )
