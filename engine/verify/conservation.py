"""Invariant 1: every unit of every released line is in exactly one shipment or backorder, and followed through."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from engine.verify.checks import Check, Findings, must, named, none_of
from engine.verify.files import Night

_LINE = ["order_id", "line_number", "sku"]
_PARCEL_LINE = ["shipment_id", "line_number", "sku"]


def check_conservation(night: Night) -> Iterator[Check]:
    """Follow units from order lines to parcels, placements, pick lists and hand-over lists.

    Parameters
    ----------
    night
        The run.
    """
    orders, lines, holds = night.table("orders"), night.table("order_lines"), night.table("holds")
    shipments, shipment_lines = night.table("shipments"), night.table("shipment_lines")
    backorders = night.table("backorders")
    yield check_units(released_lines(orders, lines, holds), shipment_lines, backorders)
    yield check_shipment_lines(shipments, shipment_lines, orders)
    yield check_holds(holds, orders, shipments, backorders, night.table("offer_pieces"))
    yield check_max_shipments(shipments, orders)
    yield check_placed(shipment_lines, night.table("placements"))
    yield check_picked(
        shipments, shipment_lines, night.table("pick_lists"), night.table("pick_stops"), night.table("locations")
    )
    yield check_handed_over(shipments, orders, night.table("manifests"))


def released_lines(orders: pl.DataFrame, lines: pl.DataFrame, holds: pl.DataFrame) -> pl.DataFrame:
    """Give the lines of the open orders that nothing holds.

    Parameters
    ----------
    orders, lines
        The open orders with their open quantities.
    holds
        Orders that are not released.
    """
    released = orders.join(holds, on="order_id", how="anti", maintain_order="left")
    return lines.join(released, on="order_id", how="semi", maintain_order="left")


def check_units(released: pl.DataFrame, shipment_lines: pl.DataFrame, backorders: pl.DataFrame) -> Check:
    """Ordered = shipped + waiting, line by line, and nothing else is shipped or waits.

    Parameters
    ----------
    released
        Lines of the released orders.
    shipment_lines, backorders
        What ships and what waits.
    """
    moves = pl.concat([
        released.select(*_LINE, ordered="quantity", shipped=pl.lit(0), waiting=pl.lit(0)),
        shipment_lines.select(*_LINE, ordered=pl.lit(0), shipped="quantity", waiting=pl.lit(0)),
        backorders.select(*_LINE, ordered=pl.lit(0), shipped=pl.lit(0), waiting="quantity"),
    ], how="vertical_relaxed")  # fmt: skip
    totals = moves.group_by(_LINE, maintain_order=True).sum()
    return named(
        "conservation.units",
        must(
            totals,
            pl.col("ordered") == pl.col("shipped") + pl.col("waiting"),
            "order {order_id} line {line_number} ({sku}): {ordered} released, {shipped} shipped and {waiting} waiting",
        ),
    )


def check_shipment_lines(shipments: pl.DataFrame, shipment_lines: pl.DataFrame, orders: pl.DataFrame) -> Check:
    """Every line lies in a parcel of its own order, every parcel has lines, and its units are counted right.

    Parameters
    ----------
    shipments, shipment_lines
        Parcels and what is in them.
    orders
        The open orders.
    """
    of_parcel = shipments.select("shipment_id", "units", parcel_order="order_id")
    joined = shipment_lines.join(of_parcel, on="shipment_id", how="left", maintain_order="left")
    counted = of_parcel.join(
        shipment_lines.group_by("shipment_id").agg(counted=pl.col("quantity").sum()),
        on="shipment_id", how="left", maintain_order="left",
    )  # fmt: skip
    unknown = shipments.join(orders, on="order_id", how="anti", maintain_order="left")
    return named(
        "conservation.shipments",
        must(
            joined,
            pl.col("order_id") == pl.col("parcel_order"),
            "shipment line {shipment_id}/{line_number} of order {order_id}: its parcel is of order {parcel_order}",
        ),
        must(
            counted,
            pl.col("units") == pl.col("counted"),
            "shipment {shipment_id}: units says {units}, its lines sum to {counted}",
        ),
        none_of(unknown, "shipment {shipment_id}: {order_id} is not an open order", shipments.height),
    )


def check_holds(holds: pl.DataFrame, orders: pl.DataFrame, *planned: pl.DataFrame) -> Check:
    """Only open orders are held, and nothing of a held order is planned.

    Parameters
    ----------
    holds
        Orders that are not released.
    orders
        The open orders.
    planned
        Tables that name released orders only: shipments, backorders, offers.
    """
    held = holds.select("order_id").unique(maintain_order=True)
    unknown = held.join(orders, on="order_id", how="anti", maintain_order="left")
    found = [none_of(unknown, "holds: {order_id} is not an open order", held.height)]
    for table in planned:
        both = table.select("order_id").unique(maintain_order=True).join(
            holds.select("order_id", "reason").unique("order_id", maintain_order=True),
            on="order_id", how="inner", maintain_order="left",
        )  # fmt: skip
        found.append(none_of(both, "order {order_id} is held ({reason}) and yet planned", held.height))
    return named("conservation.holds", *found)


def check_max_shipments(shipments: pl.DataFrame, orders: pl.DataFrame) -> Check:
    """No order is in more parcels than its customer accepts.

    Parameters
    ----------
    shipments
        Parcels.
    orders
        The open orders.
    """
    parcels = shipments.group_by("order_id", maintain_order=True).len("parcels")
    limits = orders.select("order_id", "max_shipments").drop_nulls()
    return named(
        "conservation.max_shipments",
        must(
            parcels.join(limits, on="order_id", how="inner", maintain_order="left"),
            pl.col("parcels") <= pl.col("max_shipments"),
            "order {order_id}: {parcels} parcels, the customer accepts {max_shipments}",
        ),
    )


def check_placed(shipment_lines: pl.DataFrame, placements: pl.DataFrame) -> Check:
    """Every unit of a parcel lies somewhere in it, and nothing else does.

    Parameters
    ----------
    shipment_lines
        What is in each parcel.
    placements
        Where each item lies.
    """
    placed = placements.group_by(_PARCEL_LINE, maintain_order=True).len("counted")
    return named("conservation.placements", _same_units(shipment_lines, placed, "placed"))


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
    per_list = pick_stops.group_by("pick_list_id", maintain_order=True).agg(
        counted_shipments=pl.col("shipment_id").n_unique(),
        counted_units=pl.col("quantity").sum(),
        counted_stops=pl.col("stop_number").n_unique(),
    )
    lists = pick_lists.join(per_list, on="pick_list_id", how="full", coalesce=True, maintain_order="left_right")
    walks = pick_stops.select("pick_list_id", "shipment_id").unique(maintain_order=True)
    walks = walks.join(
        pick_lists.select("pick_list_id", list_warehouse="warehouse_id"),
        on="pick_list_id",
        how="left",
        maintain_order="left",
    )
    per_parcel = shipments.select("shipment_id", "warehouse_id").join(
        walks.group_by("shipment_id").agg(num_lists=pl.len(), list_warehouse=pl.col("list_warehouse").first()),
        on="shipment_id", how="left", maintain_order="left",
    )  # fmt: skip
    place = ["aisle", "position", "side", "level"]
    stops = pick_stops.join(
        pick_lists.select("pick_list_id", "warehouse_id"), on="pick_list_id", how="left", maintain_order="left"
    ).join(locations, on=["warehouse_id", "sku"], how="left", maintain_order="left", suffix="_on_file")
    return named(
        "conservation.picks",
        _same_units(shipment_lines, picked, "picked"),
        must(
            lists,
            (pl.col("shipments") == pl.col("counted_shipments"))
            & (pl.col("units") == pl.col("counted_units"))
            & (pl.col("stops") == pl.col("counted_stops")),
            "pick list {pick_list_id} says {shipments} parcels, {units} units, {stops} stops; its stops hold "
            "{counted_shipments}, {counted_units}, {counted_stops}",
        ),
        must(
            per_parcel,
            (pl.col("num_lists") == 1) & (pl.col("warehouse_id") == pl.col("list_warehouse")),
            "shipment {shipment_id} of {warehouse_id} is on {num_lists} pick lists, the first one of {list_warehouse}",
        ),
        must(
            stops,
            pl.all_horizontal([pl.col(name).eq_missing(pl.col(f"{name}_on_file")) for name in place]),
            "pick list {pick_list_id} stop {stop_number}: {sku} is not where the stop leads in {warehouse_id}",
        ),
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
        "conservation.manifests",
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


def _same_units(shipment_lines: pl.DataFrame, counted: pl.DataFrame, verb: str) -> Findings:
    both = shipment_lines.select(*_PARCEL_LINE, "quantity").join(
        counted, on=_PARCEL_LINE, how="full", coalesce=True, maintain_order="left_right"
    )
    return must(
        both,
        pl.col("quantity") == pl.col("counted"),
        f"shipment {{shipment_id}} line {{line_number}} ({{sku}}): {{quantity}} in it, {{counted}} {verb}",
    )
