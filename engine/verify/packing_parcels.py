"""Whether each parcel holds what may travel together, in a carton that is right for it, at the size and weight stated."""

from __future__ import annotations

import polars as pl

from engine.verify.checks import Check, must, named
from engine.verify.contents import AXES


def check_hazards(items: pl.DataFrame) -> Check:
    """Hazard classes do not mix in a parcel.

    Parameters
    ----------
    items
        The items with their articles.
    """
    classes = pl.col("hazard_class").drop_nulls()
    parcels = items.group_by("shipment_id", maintain_order=True).agg(
        classes=classes.unique().sort().str.join(", "), num_classes=classes.n_unique()
    )
    return named(
        "packing.hazards",
        must(parcels, pl.col("num_classes") <= 1, "shipment {shipment_id} mixes hazard classes {classes}"),
    )


def check_alone(items: pl.DataFrame) -> Check:
    """Check that what ships alone is alone.

    Parameters
    ----------
    items
        The items with their articles.
    """
    parcels = items.group_by("shipment_id", maintain_order=True).agg(
        pl.len().alias("items"), alone=pl.col("ships_alone").any()
    )
    return named(
        "packing.alone",
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
    """Weight is contents, protection and carton.

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
    )


def check_weight_limits(parcels: pl.DataFrame) -> Check:
    """No carton holds more than it bears.

    Parameters
    ----------
    parcels
        The parcels with cartons and contents.
    """
    return named(
        "packing.limits",
        must(
            parcels,
            pl.max_horizontal("weight_g", pl.col("contents_g") + pl.col("tare_g")) <= pl.col("carton_max_weight_g"),
            "shipment {shipment_id}: {weight_g} g in carton {carton_id}, which bears {carton_max_weight_g}",
        ),
    )


def check_protection(parcels: pl.DataFrame) -> Check:
    """Protection costs what it fills.

    Parameters
    ----------
    parcels
        The parcels with cartons and contents.
    """
    return named(
        "packing.protection",
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
    for axis, side in zip(AXES, ("length", "width", "height"), strict=True):
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
