"""Invariant 4: what the plan chose from is whole, adds up, and is what the parcels became."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from engine.verify.checks import Check, must, named, none_of
from engine.verify.conservation import released_lines
from engine.verify.files import Night
from engine.verify.prices import COSTS
from engine.verify.waiting import has_bit

_LINE: Final = ["order_id", "line_number", "sku"]


@dataclass(frozen=True)
class Choices:
    """What the plan chose from, orders by number.

    Parameters
    ----------
    orders
        Columns order (from 0), order_id, max_shipments.
    pieces, offers
        Tables `offer_pieces` and `offers` with `order`, null for an offer of no known order; sorted by it and their number.
    """

    orders: pl.DataFrame
    pieces: pl.DataFrame
    offers: pl.DataFrame


def choices(night: Night) -> Choices:
    """Give the orders of the plan by number, and pieces and offers in their sequence.

    Parameters
    ----------
    night
        The run.
    """
    pieces, offers = night.table("offer_pieces"), night.table("offers")
    orders = pieces.select("order_id").unique(maintain_order=True).with_row_index("order").cast({"order": pl.Int64})
    limits = night.table("orders").select("order_id", "max_shipments")
    return Choices(
        orders.join(limits, on="order_id", how="left", maintain_order="left"),
        pieces.join(orders, on="order_id", how="left", maintain_order="left").sort("order", "piece_number"),
        offers.join(orders, on="order_id", how="left", maintain_order="left").sort("order", "offer_number"),
    )


def check_choices(night: Night, given: Choices) -> Iterator[Check]:
    """Check pieces, offers, and what became of the chosen ones.

    Parameters
    ----------
    night
        The run.
    given
        What the plan chose from.
    """
    released = released_lines(night.table("orders"), night.table("order_lines"), night.table("holds"))
    yield check_pieces(given.pieces, released)
    yield check_offers(given.offers, given.pieces, night.table("warehouses"))
    chosen = given.offers.filter("is_chosen")
    yield check_chosen(chosen, night)
    yield check_cartons(given.offers, night)
    yield check_pickups(given.offers, night)
    yield check_reserves(given, night.table("stock_reserves"))


def check_pieces(pieces: pl.DataFrame, released: pl.DataFrame) -> Check:
    """Check that the pieces of an order are all its released units, counted from 0.

    Parameters
    ----------
    pieces
        The pieces.
    released
        Lines of the released orders.
    """
    summed = pieces.group_by(_LINE, maintain_order=True).agg(in_pieces=pl.col("quantity").sum())
    both = released.select(*_LINE, "quantity").join(
        summed, on=_LINE, how="full", coalesce=True, maintain_order="left_right"
    )
    numbers = pieces.group_by("order_id", maintain_order=True).agg(
        pl.len().alias("pieces"), last=pl.col("piece_number").max(), distinct=pl.col("piece_number").n_unique()
    )
    return named(
        "bound.pieces",
        must(
            both,
            pl.col("quantity") == pl.col("in_pieces"),
            "order {order_id} line {line_number} ({sku}): {quantity} units released, {in_pieces} in pieces",
        ),
        must(
            numbers,
            (pl.col("last") == pl.col("pieces") - 1) & (pl.col("distinct") == pl.col("pieces")),
            "order {order_id}: {pieces} pieces, {distinct} different numbers up to {last}",
        ),
    )


def check_offers(offers: pl.DataFrame, pieces: pl.DataFrame, warehouses: pl.DataFrame) -> Check:
    """Check that offers carry pieces of their order at the sum of their parts, and chosen ones different pieces.

    Parameters
    ----------
    offers, pieces
        The offers and the pieces they carry, each with the number of its order; null where an offer has none.
    warehouses
        The warehouses, whose prices every offer pays.
    """
    chosen = offers.filter("is_chosen").with_columns(count=pl.col("pieces").bitwise_count_ones())
    covered = chosen.group_by("order_id", maintain_order=True).agg(
        pl.col("count").sum(), together=pl.col("pieces").bitwise_or().bitwise_count_ones()
    )
    rates = warehouses.select("warehouse_id", "handling_cents_per_shipment", "pick_cents_per_unit")
    carried, is_own = _carried_units(offers, pieces)
    priced = offers.with_columns(units=carried, is_own=is_own).join(
        rates, on="warehouse_id", how="left", maintain_order="left"
    )
    parts = pl.sum_horizontal([*COSTS, "lateness_cents", "reserve_cents", "churn_cents"], ignore_nulls=False)
    return named(
        "bound.offers",
        must(
            priced,
            pl.col("is_own"),
            "order {order_id} offer {offer_number}: pieces {pieces} are not all its own",
        ),
        must(
            offers.with_columns(parts=parts),
            pl.col("cost_cents") == pl.col("parts"),
            "order {order_id} offer {offer_number}: cost_cents is {cost_cents}, its parts sum to {parts}",
        ),
        must(
            priced,
            (pl.col("handling_cents") == pl.col("shipments") * pl.col("handling_cents_per_shipment"))
            & (pl.col("pick_cents") == pl.col("units") * pl.col("pick_cents_per_unit")),
            "order {order_id} offer {offer_number}: handling {handling_cents} and picking {pick_cents} for {shipments} parcels "
            "with {units} units in {warehouse_id}",
        ),
        must(
            covered, pl.col("count") == pl.col("together"), "order {order_id}: two chosen offers carry the same piece"
        ),
    )


def _carried_units(offers: pl.DataFrame, pieces: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Give the units each offer carries, and whether all its pieces are of its order."""
    numbers, owner = pieces["piece_number"].to_numpy(), pieces["order"].to_numpy()
    num_orders, most = int(owner.max(initial=-1)) + 1, int(numbers.max(initial=-1)) + 1
    # An offer of no known order carries nothing: the last row.
    table = np.zeros((num_orders + 1, most), dtype=np.int64)
    table[owner, numbers] = pieces["quantity"].to_numpy()
    whole = np.zeros(num_orders + 1, dtype=np.int64)
    np.bitwise_or.at(whole, owner, np.int64(1) << numbers)
    mask, at = offers["pieces"].to_numpy(), offers["order"].fill_null(num_orders).to_numpy()
    units = np.zeros(offers.height, dtype=np.int64)
    for bit in range(most):
        units += ((mask >> bit) & 1) * table[at, bit]
    return pl.Series("units", units), pl.Series("is_own", mask & ~whole[at] == 0)


def check_chosen(offers: pl.DataFrame, night: Night) -> Check:
    """Check that what the chosen offers promised is what the parcels of the order from that warehouse are.

    Parameters
    ----------
    offers
        The chosen offers.
    night
        The run.
    """
    shipments = night.table("shipments")
    money = [*COSTS, "lateness_cents"]
    place = ["order_id", "warehouse_id"]
    promised = offers.group_by(place, maintain_order=True).agg(pl.col("shipments", *money).sum())
    sent = shipments.group_by(place, maintain_order=True).agg(pl.len().alias("shipments"), pl.col(money).sum())
    both = promised.join(sent, on=place, how="full", coalesce=True, maintain_order="left_right", suffix="_sent")
    carried = (
        offers.select(*place, mask="pieces")
        .join(night.table("offer_pieces"), on="order_id", how="inner", maintain_order="left")
        .filter(has_bit(pl.col("mask"), pl.col("piece_number")))
        .group_by(*place, "line_number", "sku", maintain_order=True)
        .agg(offered=pl.col("quantity").sum())
    )
    lines = (
        night.table("shipment_lines")
        .join(shipments.select("shipment_id", "warehouse_id"), on="shipment_id", how="left", maintain_order="left")
        .group_by(*place, "line_number", "sku", maintain_order=True)
        .agg(sent=pl.col("quantity").sum())
    )
    units = carried.join(
        lines, on=[*place, "line_number", "sku"], how="full", coalesce=True, maintain_order="left_right"
    )
    return named(
        "bound.chosen",
        *(
            must(
                both,
                pl.col(name) == pl.col(f"{name}_sent"),
                f"order {{order_id}} from {{warehouse_id}}: chosen offers say {name} {{{name}}}, its parcels {{{name}_sent}}",
            )
            for name in ("shipments", *money)
        ),
        must(
            units,
            pl.col("offered") == pl.col("sent"),
            "order {order_id} line {line_number} ({sku}) from {warehouse_id}: {offered} units offered, {sent} sent",
        ),
    )


def check_cartons(offers: pl.DataFrame, night: Night) -> Check:
    """Check that offers count the cartons whose stock is limited, and chosen ones those of their parcels.

    Parameters
    ----------
    offers
        The offers.
    night
        The run.
    """
    uses = night.table("offer_cartons")
    limited = night.table("cartons").filter(pl.col("on_hand").is_not_null())
    place = ["order_id", "warehouse_id", "carton_id"]
    of_offer = uses.join(
        offers.select("order_id", "offer_number", "warehouse_id", "is_chosen", "shipments"),
        on=["order_id", "offer_number"],
        how="left",
        maintain_order="left",
    )
    counted = of_offer.filter("is_chosen").group_by(place, maintain_order=True).agg(counted=pl.col("quantity").sum())
    used = (
        night.table("shipments")
        .join(limited, on="carton_id", how="semi", maintain_order="left")
        .group_by(place, maintain_order=True)
        .len("used")
    )
    both = counted.join(used, on=place, how="full", coalesce=True, maintain_order="left_right")
    unlimited = uses.join(limited, on="carton_id", how="anti", maintain_order="left")
    return named(
        "bound.cartons",
        must(
            of_offer,
            pl.col("quantity") <= pl.col("shipments"),
            "order {order_id} offer {offer_number}: {quantity} of carton {carton_id} in {shipments} parcels",
        ),
        none_of(
            unlimited,
            "order {order_id} offer {offer_number}: the stock of carton {carton_id} is not limited",
            uses.height,
        ),
        must(
            both,
            pl.col("counted") == pl.col("used"),
            "order {order_id} from {warehouse_id}: chosen offers take {counted} of carton {carton_id}, its parcels {used}",
        ),
    )


def check_pickups(offers: pl.DataFrame, night: Night) -> Check:
    """Check that offers count the parcels of carriers whose pickups are limited, and chosen ones those of their parcels.

    Parameters
    ----------
    offers
        The offers.
    night
        The run.
    """
    limited = night.table("pickups").select("warehouse_id", "carrier")
    place = ["order_id", "warehouse_id", "carrier"]
    of_offer = night.table("offer_pickups").join(
        offers.select("order_id", "offer_number", "warehouse_id", "is_chosen", "shipments"),
        on=["order_id", "offer_number"],
        how="left",
        maintain_order="left",
    )
    counted = of_offer.filter("is_chosen").group_by(place, maintain_order=True).agg(counted=pl.col("quantity").sum())
    used = (
        night.table("shipments")
        .join(limited, on=["warehouse_id", "carrier"], how="semi", maintain_order="left")
        .group_by(place, maintain_order=True)
        .len("used")
    )
    both = counted.join(used, on=place, how="full", coalesce=True, maintain_order="left_right")
    unlimited = of_offer.join(limited, on=["warehouse_id", "carrier"], how="anti", maintain_order="left")
    return named(
        "bound.pickups",
        must(
            of_offer,
            pl.col("quantity") <= pl.col("shipments"),
            "order {order_id} offer {offer_number}: {quantity} by {carrier} of {shipments} parcels",
        ),
        none_of(
            unlimited,
            "order {order_id} offer {offer_number}: the pickups of {carrier} in {warehouse_id} are not limited",
            of_offer.height,
        ),
        must(
            both,
            pl.col("counted") == pl.col("used"),
            "order {order_id} from {warehouse_id}: chosen offers hand {counted} parcels to {carrier}, its parcels are {used}",
        ),
    )


def check_reserves(given: Choices, stock_reserves: pl.DataFrame) -> Check:
    """Check that every offer pays what the stock it takes is worth to later orders.

    Parameters
    ----------
    given
        What the plan chose from.
    stock_reserves
        The table.
    """
    worth = stock_reserves.filter(pl.col("worth_cents") > 0).select("warehouse_id", "sku", "worth_cents")
    key = ["order_id", "offer_number"]
    paid = (
        given.offers.join(worth.select("warehouse_id").unique(), on="warehouse_id", how="semi")
        .select(*key, "warehouse_id", "pieces")
        .join(given.pieces.select("order_id", "piece_number", "sku", "quantity"), on="order_id")
        .filter(has_bit(pl.col("pieces"), pl.col("piece_number")))
        .join(worth, on=["warehouse_id", "sku"])
        .group_by(key)
        .agg(expected=(pl.col("quantity") * pl.col("worth_cents")).sum())
    )
    both = given.offers.select(*key, "reserve_cents").join(paid, on=key, how="left", maintain_order="left")
    return named(
        "bound.reserves",
        must(
            both,
            pl.col("reserve_cents") == pl.col("expected").fill_null(0),
            "order {order_id} offer {offer_number}: reserve_cents is {reserve_cents}, recomputed {expected}",
        ),
    )
