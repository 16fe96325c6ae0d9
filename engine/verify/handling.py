"""Invariant 1, second part: every parcel is picked once and handed over once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from engine.verify.checks import Check, Findings, must, named
from engine.verify.conservation import same_units
from engine.verify.files import Night

_PARCEL_LINE: Final = ["shipment_id", "line_number", "sku"]
_PLACE: Final = ["aisle", "position", "side", "level"]


def check_handling(night: Night) -> Iterator[Check]:
    """Follow units from parcels to pick lists and hand-over lists.

    Parameters
    ----------
    night
        The run.
    """
    shipments, shipment_lines = night.table("shipments"), night.table("shipment_lines")
    lists, stops = night.table("pick_lists"), night.table("pick_stops")
    yield check_picked(shipments, shipment_lines, lists, stops, night.table("locations"))
    yield check_handed_over(shipments, night.table("orders"), night.table("manifests"))


def check_picked(
    shipments: pl.DataFrame,
    shipment_lines: pl.DataFrame,
    pick_lists: pl.DataFrame,
    pick_stops: pl.DataFrame,
    locations: pl.DataFrame,
) -> Check:
    """Every unit is picked once, on one list, in its parcel's warehouse, where it lies.

    Parameters
    ----------
    shipments, shipment_lines
        Parcels and what is in them.
    pick_lists, pick_stops
        Walks and what to take on them.
    locations
        Where articles lie.
    """
    picked = pick_stops.group_by(_PARCEL_LINE, maintain_order=True).agg(counted=pl.col("quantity").sum())
    walks = pick_stops.select("pick_list_id", "shipment_id").unique(maintain_order=True)
    return named(
        "handling.picks",
        same_units(shipment_lines, picked, "picked"),
        _told_as_counted(pick_lists, pick_stops),
        _on_one_list_at_home(shipments, walks, pick_lists),
        _ready_before_they_leave(shipments, walks, pick_lists),
        *_kept_apart(pick_lists, pick_stops),
        _where_the_goods_lie(pick_lists, pick_stops, locations),
    )


def _told_as_counted(pick_lists: pl.DataFrame, pick_stops: pl.DataFrame) -> Findings:
    """Compare what a list says of its parcels, units and stops with its stops."""
    per_list = pick_stops.group_by("pick_list_id", maintain_order=True).agg(
        counted_shipments=pl.col("shipment_id").n_unique(),
        counted_units=pl.col("quantity").sum(),
        counted_stops=pl.col("stop_number").n_unique(),
    )
    return must(
        pick_lists.join(per_list, on="pick_list_id", how="full", coalesce=True, maintain_order="left_right"),
        (pl.col("shipments") == pl.col("counted_shipments"))
        & (pl.col("units") == pl.col("counted_units"))
        & (pl.col("stops") == pl.col("counted_stops")),
        "pick list {pick_list_id} says {shipments} parcels, {units} units, {stops} stops; its stops hold "
        "{counted_shipments}, {counted_units}, {counted_stops}",
    )


def _on_one_list_at_home(shipments: pl.DataFrame, walks: pl.DataFrame, pick_lists: pl.DataFrame) -> Findings:
    """Look for parcels on no list, on several, or on one of another warehouse."""
    places = pick_lists.select("pick_list_id", list_warehouse="warehouse_id")
    lists = (
        walks.join(places, on="pick_list_id", how="left", maintain_order="left")
        .group_by("shipment_id")
        .agg(num_lists=pl.len(), list_warehouse=pl.col("list_warehouse").first())
    )
    return must(
        shipments.select("shipment_id", "warehouse_id").join(
            lists, on="shipment_id", how="left", maintain_order="left"
        ),
        (pl.col("num_lists") == 1) & (pl.col("warehouse_id") == pl.col("list_warehouse")),
        "shipment {shipment_id} of {warehouse_id} is on {num_lists} pick lists, the first one of {list_warehouse}",
    )


def _ready_before_they_leave(shipments: pl.DataFrame, walks: pl.DataFrame, pick_lists: pl.DataFrame) -> Findings:
    """Look for parcels that leave before their list is ready."""
    ready, leaves = pick_lists.select("pick_list_id", "pick_by"), shipments.select("shipment_id", "dispatch_at")
    return must(
        walks.join(ready, on="pick_list_id", how="left", maintain_order="left").join(
            leaves, on="shipment_id", how="left", maintain_order="left"
        ),
        pl.col("pick_by") <= pl.col("dispatch_at"),
        "pick list {pick_list_id} is ready at {pick_by}, its shipment {shipment_id} leaves at {dispatch_at}",
    )


def _kept_apart(pick_lists: pl.DataFrame, pick_stops: pl.DataFrame) -> Iterator[Findings]:
    """Look for waves of several warehouses or hours, and totes of several parcels."""
    yield must(
        pick_lists.group_by("wave_id", maintain_order=True).agg(kinds=pl.struct("warehouse_id", "pick_by").n_unique()),
        pl.col("kinds") == 1,
        "wave {wave_id}: its lists are of {kinds} warehouses or hours",
    )
    yield must(
        pick_stops.group_by("pick_list_id", "tote", maintain_order=True).agg(parcels=pl.col("shipment_id").n_unique()),
        pl.col("parcels") == 1,
        "pick list {pick_list_id}: tote {tote} is shared by {parcels} parcels",
    )


def _where_the_goods_lie(pick_lists: pl.DataFrame, pick_stops: pl.DataFrame, locations: pl.DataFrame) -> Findings:
    """Look for stops that lead elsewhere than where their article lies."""
    places = pick_lists.select("pick_list_id", "warehouse_id")
    stops = pick_stops.join(places, on="pick_list_id", how="left", maintain_order="left").join(
        locations, on=["warehouse_id", "sku"], how="left", maintain_order="left", suffix="_on_file"
    )
    return must(
        stops,
        pl.all_horizontal([pl.col(name).eq_missing(pl.col(f"{name}_on_file")) for name in _PLACE]),
        "pick list {pick_list_id} stop {stop_number}: {sku} is not where the stop leads in {warehouse_id}",
    )


def check_handed_over(shipments: pl.DataFrame, orders: pl.DataFrame, manifests: pl.DataFrame) -> Check:
    """Every parcel stands on exactly one hand-over list, and the list says of it what the parcel says.

    Parameters
    ----------
    shipments
        Parcels.
    orders
        The open orders, for destinations.
    manifests
        Hand-over lists.
    """
    copied = [
        "carrier", "warehouse_id", "dispatch_at", "service_id", "tracking_number", "weight_g",
        "outer_length_mm", "outer_width_mm", "outer_height_mm", "ship_country", "ship_postcode",
    ]  # fmt: skip
    destinations = orders.select("order_id", "ship_country", "ship_postcode")
    parcels = shipments.join(destinations, on="order_id", how="left", maintain_order="left")
    rows = manifests.group_by("shipment_id", maintain_order=True).agg(pl.len().alias("rows"), pl.col(*copied).first())
    joined = parcels.select("shipment_id", *copied).join(
        rows, on="shipment_id", how="full", coalesce=True, maintain_order="left_right", suffix="_listed"
    )
    lists = manifests.group_by("manifest_id", maintain_order=True).agg(
        pl.len().alias("rows"),
        kinds=pl.struct("carrier", "warehouse_id", "dispatch_at").n_unique(),
        positions=pl.col("position").n_unique(),
        last=pl.col("position").max(),
    )
    return named(
        "handling.manifests",
        must(joined, pl.col("rows") == 1, "shipment {shipment_id} stands on {rows} hand-over lists"),
        *(
            must(
                joined,
                pl.col(name) == pl.col(f"{name}_listed"),
                f"shipment {{shipment_id}}: {name} is {{{name}}}, its hand-over list says {{{name}_listed}}",
            )
            for name in copied
        ),
        must(
            lists,
            (pl.col("kinds") == 1) & (pl.col("positions") == pl.col("rows")) & (pl.col("last") == pl.col("rows")),
            "manifest {manifest_id}: {rows} parcels of {kinds} carrier, warehouse and hour, {positions} positions up to {last}",
        ),
    )
