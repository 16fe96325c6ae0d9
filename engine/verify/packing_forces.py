"""Whether what is packed rests on something, bears what rests on it, and can be packed in the order that is said."""

from __future__ import annotations

from typing import Final

import polars as pl

from engine.verify.checks import Check, must, named
from engine.verify.contents import Contents
from engine.verify.geometry import centre_supported, loads, supported_area

_LOAD_SLACK_G: Final = 1e-6
"""Shares of weight are fractions; sums of them are exact to far less than this."""


def check_support(contents: Contents, support_share: float) -> Check:
    """Every item rests on the floor or on others with enough of its base.

    Parameters
    ----------
    contents
        The items.
    support_share
        Least share of a base that is carried; 0 asks for no support at all.
    """
    boxes = contents.boxes
    size = boxes.high - boxes.low
    told_of = contents.items.select("shipment_id", "item_number", "sku").with_columns(
        carried=pl.Series(supported_area(boxes, contents.meetings.contacts)), base=pl.Series(size[0] * size[1])
    )
    return named(
        "packing.support",
        must(
            told_of,
            pl.col("carried") >= support_share * pl.col("base") * (1 - 1e-12),
            f"shipment {{shipment_id}} item {{item_number}} ({{sku}}): {{carried}} of {{base}} mm2 rest on something, "
            f"{support_share} of it must",
        ),
    )


def check_hanging(contents: Contents, support_share: float) -> Check:
    """No item hangs: its centre lies within what carries it, unless no support is asked for.

    Parameters
    ----------
    contents
        The items.
    support_share
        Least share of a base that is carried; 0 asks for no support at all.
    """
    told_of = contents.items.select("shipment_id", "item_number", "sku").with_columns(
        centred=pl.Series(centre_supported(contents.boxes, contents.meetings.contacts))
    )
    return named(
        "packing.hanging",
        must(
            told_of,
            pl.col("centred") | pl.lit(support_share == 0),
            "shipment {shipment_id} item {item_number} ({sku}): its centre hangs over the edge of what carries it",
        ),
    )


def check_loads(contents: Contents) -> Check:
    """No item carries more than it can.

    Parameters
    ----------
    contents
        The items.
    """
    weight = contents.items.select((pl.col("weight_g") + pl.col("protection_g")).fill_null(0)).to_series().to_numpy()
    limits = contents.items.select("shipment_id", "item_number", "sku", "max_load_g").with_columns(
        carried=pl.Series(loads(contents.boxes, contents.meetings.contacts, weight))
    )
    return named(
        "packing.loads",
        must(
            limits,
            pl.col("max_load_g").is_null() | (pl.col("carried") <= pl.col("max_load_g") + _LOAD_SLACK_G),
            "shipment {shipment_id} item {item_number} ({sku}) carries {carried:.1f} g, it bears {max_load_g}",
        ),
    )


def check_fragile(contents: Contents) -> Check:
    """On a fragile item without a stated load limit rest fragile ones only.

    Parameters
    ----------
    contents
        The items.
    """
    contacts = contents.meetings.contacts
    upper, lower = contents.items[contacts.upper], contents.items[contacts.lower]
    resting = lower.select("shipment_id", "item_number", "sku", "fragility", "max_load_g").hstack(
        upper.select(upper_item="item_number", upper_sku="sku", upper_fragility="fragility")
    )
    is_hard = (pl.col("fragility") == "none") | pl.col("max_load_g").is_not_null()
    return named(
        "packing.fragile",
        must(
            resting,
            is_hard | (pl.col("upper_fragility") != "none"),
            "shipment {shipment_id}: item {upper_item} ({upper_sku}) rests on item {item_number} ({sku}), which is {fragility}",
        ),
    )


def check_centres(items: pl.DataFrame, parcels: pl.DataFrame, centred_from_g: int | None) -> Check:
    """Heavy contents of a box have their centre of gravity within the middle half of its length and width.

    Parameters
    ----------
    items
        The items with their articles.
    parcels
        The parcels with cartons and contents.
    centred_from_g
        From this weight of the contents on; None for never.
    """
    weight = (pl.col("weight_g") + pl.col("protection_g")).cast(pl.Float64)
    centres = items.group_by("shipment_id", maintain_order=True).agg(
        ((pl.col(f"{axis}_mm") + pl.col(f"d{axis}_mm") / 2) * weight).sum().alias(f"moment_{axis}") for axis in "xy"
    )
    both = parcels.select("shipment_id", "kind", "contents_g", "inner_length_mm", "inner_width_mm").join(
        centres, on="shipment_id", how="left", maintain_order="left"
    )
    placed = both.with_columns(
        centre_x=pl.col("moment_x") / pl.col("contents_g"), centre_y=pl.col("moment_y") / pl.col("contents_g")
    )
    inside = [
        pl.col(f"centre_{axis}").is_between(pl.col(edge) / 4 - 1e-6, 3 * pl.col(edge) / 4 + 1e-6)
        for axis, edge in (("x", "inner_length_mm"), ("y", "inner_width_mm"))
    ]
    is_light = pl.lit(value=True) if centred_from_g is None else pl.col("contents_g") < centred_from_g
    return named(
        "packing.centre",
        must(
            placed,
            is_light | (pl.col("kind") != "box") | pl.all_horizontal(inside),
            "shipment {shipment_id}: {contents_g} g have their centre at {centre_x:.0f}, {centre_y:.0f} mm of a box of "
            "{inner_length_mm} x {inner_width_mm} mm",
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
