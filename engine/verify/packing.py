"""Invariant 3: every parcel can be packed as it is drawn, and weighs and costs what is said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from engine.verify.checks import Check, must, named, none_of
from engine.verify.files import Night
from engine.verify.geometry import Boxes, Meetings, centre_supported, loads, meet, supported_area

_AXES: Final = ("x", "y", "z")
_LOAD_SLACK_G: Final = 1e-6
"""Shares of weight are fractions; sums of them are exact to far less than this."""


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


def check_packing(night: Night) -> Iterator[Check]:
    """Check every parcel.

    Parameters
    ----------
    night
        The run.
    """
    contents = lay_out(
        night.table("placements"),
        night.table("shipments"),
        protected_products(night.table("products"), night.table("protection")),
    )
    parcels = weigh_parcels(contents.items, night.table("shipments"), night.table("cartons"))
    support_share = night.settings.packing.support_share
    yield check_sizes(contents.items)
    yield check_walls(contents.items, parcels)
    yield check_overlaps(contents)
    yield check_support(contents, support_share)
    yield check_loads(contents)
    yield check_steps(contents)
    yield check_companions(contents.items)
    yield check_carton_match(parcels, night.table("orders"))
    yield check_weights(parcels)
    yield check_outer_sizes(parcels)


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
    low = np.stack([items[f"{axis}_mm"].to_numpy() for axis in _AXES])
    boxes = Boxes(items["parcel"].to_numpy(), low, low + np.stack([items[f"d{axis}_mm"].to_numpy() for axis in _AXES]))
    return Contents(items, boxes, meet(boxes))


def check_sizes(items: pl.DataFrame) -> Check:
    """Every item is drawn at its article's size and padding, upright where it must be.

    Parameters
    ----------
    items
        The items with their articles.
    """
    padded = [pl.col(f"{side}_mm") + 2 * pl.col("padding_mm") for side in ("length", "width", "height")]
    drawn = [pl.col(f"d{axis}_mm") for axis in _AXES]
    # Three edges are the same whatever their order when smallest, largest and sum agree.
    same_edges = (
        (pl.min_horizontal(drawn) == pl.min_horizontal(padded))
        & (pl.max_horizontal(drawn) == pl.max_horizontal(padded))
        & (pl.sum_horizontal(drawn) == pl.sum_horizontal(padded, ignore_nulls=False))
    )
    upright = ~pl.col("keep_upright") | (pl.col("dz_mm") == padded[2])
    return named(
        "packing.sizes",
        must(
            items,
            same_edges,
            "shipment {shipment_id} item {item_number} ({sku}): drawn as {dx_mm} x {dy_mm} x {dz_mm} mm, the article is "
            "{length_mm} x {width_mm} x {height_mm} with {padding_mm} mm of protection on each side",
        ),
        must(
            items,
            upright,
            "shipment {shipment_id} item {item_number} ({sku}) must stay upright: it stands {dz_mm} mm high, its height is "
            "{height_mm} with {padding_mm} mm of protection on each side",
        ),
    )


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
        for axis in _AXES
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


def check_walls(items: pl.DataFrame, parcels: pl.DataFrame) -> Check:
    """Everything lies inside the carton: a box by its inner walls, a mailer or bag by what it closes around.

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
        for axis, wall in zip(_AXES, inner, strict=True)
    ])  # fmt: skip
    soft = parcels.filter(pl.col("kind") != "box")
    closes = (
        (pl.col("extent_x") + pl.col("extent_z") <= pl.col("inner_length_mm"))
        & (pl.col("extent_y") + pl.col("extent_z") <= pl.col("inner_width_mm"))
        & (pl.col("extent_z") <= pl.col("inner_height_mm"))
    )
    return named(
        "packing.walls",
        must(
            walls,
            (pl.col("kind") != "box") | in_box,
            "shipment {shipment_id} item {item_number} ({sku}) at {x_mm}, {y_mm}, {z_mm} of {dx_mm} x {dy_mm} x {dz_mm} mm "
            "leaves its box of {inner_length_mm} x {inner_width_mm} x {inner_height_mm} mm",
        ),
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


def check_support(contents: Contents, support_share: float) -> Check:
    """Every item rests on the floor or on others: enough of its base, and its centre within what carries it.

    Parameters
    ----------
    contents
        The items.
    support_share
        Least share of a base that is carried; 0 asks for no support at all.
    """
    if support_share == 0:
        return named("packing.support")
    boxes, contacts = contents.boxes, contents.meetings.contacts
    size = boxes.high - boxes.low
    told_of = contents.items.select("shipment_id", "item_number", "sku").with_columns(
        carried=pl.Series(supported_area(boxes, contacts)),
        base=pl.Series(size[0] * size[1]),
        centred=pl.Series(centre_supported(boxes, contacts)),
    )
    return named(
        "packing.support",
        must(
            told_of,
            pl.col("carried") >= support_share * pl.col("base") * (1 - 1e-12),
            f"shipment {{shipment_id}} item {{item_number}} ({{sku}}): {{carried}} of {{base}} mm2 rest on something, "
            f"{support_share} of it must",
        ),
        must(
            told_of,
            pl.col("centred"),
            "shipment {shipment_id} item {item_number} ({sku}): its centre hangs over the edge of what carries it",
        ),
    )


def check_loads(contents: Contents) -> Check:
    """No item carries more than it can; a fragile one without a stated limit carries fragile ones only.

    Parameters
    ----------
    contents
        The items.
    """
    contacts = contents.meetings.contacts
    weight = contents.items.select((pl.col("weight_g") + pl.col("protection_g")).fill_null(0)).to_series().to_numpy()
    carried = loads(contents.boxes, contacts, weight)
    limits = contents.items.select("shipment_id", "item_number", "sku", "max_load_g").with_columns(
        carried=pl.Series(carried)
    )
    upper, lower = contents.items[contacts.upper], contents.items[contacts.lower]
    resting = lower.select("shipment_id", "item_number", "sku", "fragility", "max_load_g").hstack(
        upper.select(upper_item="item_number", upper_sku="sku", upper_fragility="fragility")
    )
    return named(
        "packing.loads",
        must(
            limits,
            pl.col("max_load_g").is_null() | (pl.col("carried") <= pl.col("max_load_g") + _LOAD_SLACK_G),
            "shipment {shipment_id} item {item_number} ({sku}) carries {carried:.1f} g, it bears {max_load_g}",
        ),
        must(
            resting,
            (pl.col("fragility") == "none")
            | pl.col("max_load_g").is_not_null()
            | (pl.col("upper_fragility") != "none"),
            "shipment {shipment_id}: item {upper_item} ({upper_sku}) rests on item {item_number} ({sku}), which is {fragility}",
        ),
    )


def check_steps(contents: Contents) -> Check:
    """Packing steps count from 1 in each parcel, and whatever lies below an item is packed before it.

    Parameters
    ----------
    contents
        The items.
    """
    lower, upper = (contents.items[index] for index in contents.meetings.stacks)
    steps = lower.select("shipment_id", "item_number", "step").hstack(
        upper.select(upper_item="item_number", upper_step="step")
    )
    counted = contents.items.group_by("shipment_id", maintain_order=True).agg(
        pl.len().alias("items"), numbers=pl.col("item_number").n_unique(), last_number=pl.col("item_number").max(),
        steps=pl.col("step").n_unique(), last_step=pl.col("step").max(),
    )  # fmt: skip
    return named(
        "packing.steps",
        must(
            steps,
            pl.col("step") < pl.col("upper_step"),
            "shipment {shipment_id}: item {upper_item} (step {upper_step}) lies above item {item_number} (step {step})",
        ),
        must(
            counted,
            pl.all_horizontal(
                [pl.col(name) == pl.col("items") for name in ("numbers", "last_number", "steps", "last_step")]
            ),
            "shipment {shipment_id}: {items} items, numbered up to {last_number}, in steps up to {last_step}",
        ),
    )


def check_companions(items: pl.DataFrame) -> Check:
    """Hazard classes do not mix, and what ships alone is alone.

    Parameters
    ----------
    items
        The items with their articles.
    """
    parcels = items.group_by("shipment_id", maintain_order=True).agg(
        pl.len().alias("items"),
        alone=pl.col("ships_alone").any(),
        classes=pl.col("hazard_class").drop_nulls().unique().sort().str.join(", "),
        num_classes=pl.col("hazard_class").drop_nulls().n_unique(),
    )
    return named(
        "packing.companions",
        must(parcels, pl.col("num_classes") <= 1, "shipment {shipment_id} mixes hazard classes {classes}"),
        must(
            parcels,
            ~pl.col("alone") | (pl.col("items") == 1),
            "shipment {shipment_id} holds {items} items, one of which ships alone",
        ),
    )


def check_carton_match(parcels: pl.DataFrame, orders: pl.DataFrame) -> Check:
    """Check that the carton carries the brand or gift packaging that the order asks for.

    Parameters
    ----------
    parcels
        The parcels with their cartons.
    orders
        The open orders.
    """
    asked = parcels.join(orders.select("order_id", "packaging"), on="order_id", how="left", maintain_order="left")
    return named(
        "packing.packaging",
        must(
            asked,
            pl.col("packaging").is_null() | (pl.col("packaging") == pl.col("carton_packaging")),
            "shipment {shipment_id}: the order asks for packaging {packaging}, carton {carton_id} carries {carton_packaging}",
        ),
    )


def check_weights(parcels: pl.DataFrame) -> Check:
    """Weight is contents, protection and carton, and within what the carton bears; protection costs what it fills.

    Parameters
    ----------
    parcels
        The parcels with cartons and contents.
    """
    return named(
        "packing.weight",
        must(
            parcels,
            pl.col("weight_g") == pl.col("contents_g") + pl.col("tare_g"),
            "shipment {shipment_id}: weight_g is {weight_g}, contents of {contents_g} in a carton of {tare_g}",
        ),
        must(
            parcels,
            pl.col("weight_g") <= pl.col("carton_max_weight_g"),
            "shipment {shipment_id}: {weight_g} g in carton {carton_id}, which bears {carton_max_weight_g}",
        ),
        must(
            parcels,
            pl.col("protection_cents") == pl.col("contents_protection_cents"),
            "shipment {shipment_id}: protection_cents is {protection_cents}, recomputed {contents_protection_cents}",
        ),
    )


def check_outer_sizes(parcels: pl.DataFrame) -> Check:
    """Check that the size billed is the outside of a box, or contents and material of a mailer or bag.

    Parameters
    ----------
    parcels
        The parcels with cartons and extents.
    """
    findings = []
    for axis, side in zip(_AXES, ("length", "width", "height"), strict=True):
        outer, inner = pl.col(f"outer_{side}_mm_carton"), pl.col(f"inner_{side}_mm")
        soft = pl.col(f"extent_{axis}") + outer - inner
        expected = pl.when(pl.col("kind") == "box").then(outer).otherwise(soft)
        findings.append(
            must(
                parcels.with_columns(expected=expected),
                pl.col(f"outer_{side}_mm") == pl.col("expected"),
                f"shipment {{shipment_id}} in {{kind}} {{carton_id}}: outer_{side}_mm is {{outer_{side}_mm}}, recomputed {{expected}}",
            )
        )
    return named("packing.outer", *findings)
