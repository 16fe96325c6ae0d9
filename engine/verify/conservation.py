"""Invariant 1: every unit of every released line is in exactly one shipment or backorder, and lies in its parcel."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from engine.verify.checks import Check, Findings, must, named, none_of
from engine.verify.files import Night

_LINE = ["order_id", "line_number", "sku"]
_PARCEL_LINE = ["shipment_id", "line_number", "sku"]


def check_conservation(night: Night) -> Iterator[Check]:
    """Follow units from order lines to parcels and placements.

    Parameters
    ----------
    night
        The run.
    """
    orders, lines, holds = night.table("orders"), night.table("order_lines"), night.table("holds")
    shipments, shipment_lines = night.table("shipments"), night.table("shipment_lines")
    backorders = night.table("backorders")
    yield check_units(released_lines(orders, lines, holds), shipment_lines, backorders)
    yield check_shipment_lines(shipments, shipment_lines, orders, night.table("past_shipments"))
    yield check_holds(holds, orders, shipments, backorders, night.table("offer_pieces"))
    yield check_max_shipments(shipments, orders)
    yield check_placed(shipment_lines, night.table("placements"))
    yield check_released(night)


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


def check_shipment_lines(
    shipments: pl.DataFrame, shipment_lines: pl.DataFrame, orders: pl.DataFrame, past_shipments: pl.DataFrame
) -> Check:
    """Every line lies in a parcel of its own order, every parcel has lines, and its units are counted right.

    Parameters
    ----------
    shipments, shipment_lines
        Parcels and what is in them.
    orders
        The open orders.
    past_shipments
        Parcels sent before, whose identifiers are taken.
    """
    taken = shipments.join(past_shipments, on="shipment_id", how="semi", maintain_order="left")
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
        none_of(taken, "shipment {shipment_id}: a parcel sent before has this identifier", shipments.height),
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


def check_released(night: Night) -> Check:
    """Check that what is released may be: paid or released by hand, not cancelled, of articles whose size is known.

    Parameters
    ----------
    night
        The run.
    """
    orders, actions = night.table("orders"), night.table("order_actions")
    lines = released_lines(orders, night.table("order_lines"), night.table("holds"))
    latest = (
        actions.filter(pl.col("acted_at") <= night.as_of)
        .sort("acted_at", maintain_order=True)
        .unique("order_id", keep="last", maintain_order=True)
        .select("order_id", "action")
    )
    released = orders.join(night.table("holds"), on="order_id", how="anti", maintain_order="left").join(
        latest, on="order_id", how="left", maintain_order="left"
    )
    is_paid = pl.col("payment_status").is_in(night.settings.receive.release_payments)
    sizes = pl.all_horizontal(pl.col("length_mm", "width_mm", "height_mm", "weight_g").is_not_null())
    known = night.table("products").select("sku", has_size=sizes)
    return named(
        "conservation.released",
        must(
            released,
            is_paid | (pl.col("action") == "release"),
            "order {order_id} is released with payment {payment_status}",
        ),
        must(
            released,
            pl.col("cancelled_at").is_null() | (pl.col("cancelled_at") > night.as_of),
            "order {order_id} is released, it was cancelled at {cancelled_at}",
        ),
        must(
            released,
            pl.col("action").is_null() | (pl.col("action") == "release"),
            "order {order_id} is released, a planner decided: {action}",
        ),
        must(
            lines.join(known, on="sku", how="left", maintain_order="left"),
            pl.col("has_size"),
            "order {order_id} is released with {sku}, whose size and weight are not known",
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
    return named("conservation.placements", same_units(shipment_lines, placed, "placed"))


def same_units(shipment_lines: pl.DataFrame, counted: pl.DataFrame, verb: str) -> Findings:
    """Compare what is in each parcel with what was counted of it elsewhere.

    Parameters
    ----------
    shipment_lines
        What is in each parcel.
    counted
        Columns shipment_id, line_number, sku, counted.
    verb
        What was done with the units counted.
    """
    both = shipment_lines.select(*_PARCEL_LINE, "quantity").join(
        counted, on=_PARCEL_LINE, how="full", coalesce=True, maintain_order="left_right"
    )
    return must(
        both,
        pl.col("quantity") == pl.col("counted"),
        f"shipment {{shipment_id}} line {{line_number}} ({{sku}}): {{quantity}} in it, {{counted}} {verb}",
    )
