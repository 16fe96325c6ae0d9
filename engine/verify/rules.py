"""Invariant 7: what must not be sent is not sent, and what must stay together does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from engine.verify.checks import Check, must, named, none_of
from engine.verify.conservation import released_lines
from engine.verify.files import Night
from engine.verify.moves import check_moves

_LINE: Final = ["order_id", "line_number"]


def check_rules(night: Night) -> Iterator[Check]:
    """Check restrictions and sets that ship together, and with them what moved.

    Parameters
    ----------
    night
        The run.
    """
    yield check_restrictions(night)
    yield check_together(night)
    yield check_moves(night)


def check_restrictions(night: Night) -> Check:
    """Check that no parcel has every value of a restriction.

    Parameters
    ----------
    night
        The run.
    """
    dangerous = night.table("products").select("sku", "hazard_class")
    hazards = (
        night.table("shipment_lines")
        .join(dangerous, on="sku", how="left", maintain_order="left")
        .select("shipment_id", "hazard_class")
        .unique(maintain_order=True)
    )
    parcels = (
        night.table("shipments")
        .select("shipment_id", "order_id", "warehouse_id", "service_id")
        .join(night.table("orders").select("order_id", dest_country="ship_country"), on="order_id", how="left")
        .join(hazards, on="shipment_id", how="left", maintain_order="left")
    )
    restrictions = night.table("restrictions")
    matches = [
        parcels.filter([pl.col(name) == value for name, value in row.items() if value is not None])
        for row in restrictions.iter_rows(named=True)
    ]
    broken = pl.concat([parcels.clear(), *matches]).unique("shipment_id", maintain_order=True)
    return named(
        "rules.restrictions",
        none_of(
            broken,
            "shipment {shipment_id} from {warehouse_id} by {service_id} to {dest_country}, class {hazard_class}: a restriction "
            "forbids it",
            parcels.height * max(restrictions.height, 1),
        ),
    )


def check_together(night: Night) -> Check:
    """Check that lines that ship together are in one parcel, whole, or all wait.

    Parameters
    ----------
    night
        The run.
    """
    released = released_lines(night.table("orders"), night.table("order_lines"), night.table("holds"))
    marked = released.filter(pl.col("ship_together").is_not_null()).select(*_LINE, "ship_together", asked="quantity")
    sent = night.table("shipment_lines").select(*_LINE, "shipment_id", "quantity")
    both = marked.join(sent, on=_LINE, how="left", maintain_order="left")
    sets = both.group_by("order_id", "ship_together", maintain_order=True).agg(
        parcels=pl.col("shipment_id").drop_nulls().n_unique(),
        sent=pl.col("quantity").fill_null(0).sum(),
    )
    asked = marked.group_by("order_id", "ship_together").agg(pl.col("asked").sum())
    return named(
        "rules.together",
        must(
            sets.join(asked, on=["order_id", "ship_together"], how="left", maintain_order="left"),
            (pl.col("sent") == 0) | ((pl.col("parcels") == 1) & (pl.col("sent") == pl.col("asked"))),
            "order {order_id}, lines marked {ship_together}: {sent} of {asked} units in {parcels} parcels",
        ),
    )
