"""Invariant 4, last part: the bound is what the published prices prove, and the plan is one of those it bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from engine.verify.checks import Check, Findings, must, named, none_of, told
from engine.verify.conservation import released_lines
from engine.verify.files import Night
from engine.verify.partitions import Int64, Orders, least_costs
from engine.verify.prices import COSTS
from engine.verify.stock import available_units
from engine.verify.waiting import has_bit

_MILLICENTS: Final = 1_000
_LARGEST: Final = 2.0**60
_LINE: Final = ["order_id", "line_number", "sku"]
_LIMITED: Final = ["warehouse_id", "sku", "carton_id"]
_UNLIMITED: Final = 2**31


def check_bound(night: Night) -> Iterator[Check]:
    """Recompute the bound from offers and prices, and compare the plan with the offers it took.

    Parameters
    ----------
    night
        The run.
    """
    pieces, offers = night.table("offer_pieces"), night.table("offers")
    released = released_lines(night.table("orders"), night.table("order_lines"), night.table("holds"))
    yield check_pieces(pieces, released)
    yield check_offers(offers, pieces, night.table("warehouses"))
    yield check_chosen(night)
    yield check_cartons(night)
    yield check_prices_and_bound(night)


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
        The offers and the pieces they carry.
    warehouses
        The warehouses, whose prices every offer pays.
    """
    counted = pieces.group_by("order_id").agg(limit=pl.lit(2, pl.Int64).pow(pl.len().cast(pl.Int64)).cast(pl.Int64))
    own = offers.join(counted, on="order_id", how="left", maintain_order="left")
    chosen = offers.filter("is_chosen").with_columns(count=pl.col("pieces").bitwise_count_ones())
    covered = chosen.group_by("order_id", maintain_order=True).agg(
        pl.col("count").sum(), together=pl.col("pieces").bitwise_or().bitwise_count_ones()
    )
    rates = warehouses.select("warehouse_id", "handling_cents_per_shipment", "pick_cents_per_unit")
    priced = offers.with_columns(units=_units_of(offers, pieces)).join(
        rates, on="warehouse_id", how="left", maintain_order="left"
    )
    parts = pl.sum_horizontal([*COSTS, "lateness_cents"], ignore_nulls=False)
    return named(
        "bound.offers",
        must(
            own,
            pl.col("pieces") < pl.col("limit"),
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


def _units_of(offers: pl.DataFrame, pieces: pl.DataFrame) -> pl.Series:
    """Give the units each offer carries."""
    orders = pieces.select("order_id").unique(maintain_order=True).with_row_index("order")
    numbers = pieces["piece_number"].to_numpy()
    most = int(numbers.max(initial=-1)) + 1
    # An offer of no known order carries nothing: the last row.
    table = np.zeros((orders.height + 1, most), dtype=np.int64)
    row = pieces.join(orders, on="order_id", how="left", maintain_order="left")["order"].to_numpy()
    table[row, numbers] = pieces["quantity"].to_numpy()
    owner = offers.join(orders, on="order_id", how="left", maintain_order="left")["order"].fill_null(orders.height)
    mask, at = offers["pieces"].to_numpy(), owner.to_numpy()
    units = np.zeros(offers.height, dtype=np.int64)
    for bit in range(most):
        units += ((mask >> bit) & 1) * table[at, bit]
    return pl.Series("units", units)


def check_chosen(night: Night) -> Check:
    """Check that what the chosen offers promised is what the parcels of the order from that warehouse are.

    Parameters
    ----------
    night
        The run.
    """
    offers, shipments = night.table("offers").filter("is_chosen"), night.table("shipments")
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


def check_cartons(night: Night) -> Check:
    """Check that offers count the cartons whose stock is limited, and chosen ones those of their parcels.

    Parameters
    ----------
    night
        The run.
    """
    offers, uses = night.table("offers"), night.table("offer_cartons")
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


def check_prices_and_bound(night: Night) -> Check:
    """Check that the published bound is at most what the shadow prices prove, and at most the cost.

    Parameters
    ----------
    night
        The run.
    """
    prices, summary = night.table("shadow_prices"), night.table("plan_summary")
    unusable = _unusable_prices(prices, night)
    told_right = must(
        prices,
        (_MILLICENTS * pl.col("cents_per_unit") - pl.col("millicents_per_unit")).abs() < 0.5,
        "shadow price of {sku} in {warehouse_id}: {millicents_per_unit} thousandths of a cent, {cents_per_unit} cents",
    )
    if unusable.num_violations or summary.height != 1:
        return named("bound.value", unusable, told(["the bound cannot be recomputed"], 1))
    published, cost = summary.select("bound_cents", "cost_cents").row(0)
    order_ids, orders = priced_orders(night)
    least, num_relaxed = least_costs(orders)
    proven_millicents = sum(least.tolist()) - limits_worth_millicents(night)
    # Every plan costs whole cents.
    proven = -(-proven_millicents // _MILLICENTS)
    messages = []
    if published > proven:
        relaxed = f"; {num_relaxed} orders of very many pieces were bounded from below" if num_relaxed else ""
        messages.append(f"plan_summary: bound_cents is {published}, the shadow prices prove {proven}{relaxed}")
    if published > cost:
        messages.append(f"plan_summary: bound_cents {published} lies above cost_cents {cost}")
    return named("bound.value", told_right, told(messages, len(order_ids)))


def _unusable_prices(prices: pl.DataFrame, night: Night) -> Findings:
    """Name prices whose limit the published tables do not hold."""
    limits = _limits(night)
    wrong = prices.join(limits, on=_LIMITED, how="anti", nulls_equal=True, maintain_order="left")
    return none_of(
        wrong,
        "shadow price of warehouse {warehouse_id}, sku {sku}, carton {carton_id} of {cents_per_unit} cents: there is no such "
        "limit",
        prices.height,
    )


def _limits(night: Night) -> pl.DataFrame:
    """Give every limit that orders share: stock of an article, capacity of a warehouse, stock of a carton."""
    none = pl.lit(None, pl.String)
    stock = available_units(night.table("stock"))
    warehouses = night.table("warehouses").filter(pl.col("daily_capacity_units").is_not_null())
    cartons = night.table("cartons").filter(pl.col("on_hand").is_not_null())
    return pl.concat(
        [
            stock.select("warehouse_id", "sku", none.alias("carton_id"), limit="available"),
            warehouses.select("warehouse_id", none.alias("sku"), none.alias("carton_id"), limit="daily_capacity_units"),
            cartons.select(none.alias("warehouse_id"), none.alias("sku"), "carton_id", limit="on_hand"),
        ]
    )


@dataclass(frozen=True)
class _UnitPrices:
    """Price of a unit by warehouse and article, capacity included: shape (num_warehouses, num_skus)."""

    warehouse: dict[str, int]
    sku: dict[str, int]
    millicents: Int64


def _unit_prices(night: Night) -> _UnitPrices:
    skus = night.table("offer_pieces")["sku"].unique(maintain_order=True).to_list()
    warehouse = {name: index for index, name in enumerate(night.table("warehouses")["warehouse_id"].to_list())}
    sku = {name: index for index, name in enumerate(skus)}
    millicents = np.zeros((len(warehouse), len(sku)), dtype=np.int64)
    prices = night.table("shadow_prices").filter(pl.col("carton_id").is_null())
    prices = prices.select("warehouse_id", "sku", "millicents_per_unit")
    for place, article, price in prices.iter_rows():
        if article is None:
            millicents[warehouse[place]] += price
        elif article in sku:
            millicents[warehouse[place], sku[article]] += price
    return _UnitPrices(warehouse, sku, millicents)


def priced_orders(night: Night) -> tuple[list[str], Orders]:
    """Give the released orders with every offer at its cost plus what it takes at shadow prices, in thousandths of a cent.

    Parameters
    ----------
    night
        The run.

    Returns
    -------
    The orders' identifiers, and the orders in the same sequence.

    Raises
    ------
    ValueError
        When costs are so large that their sums could not be exact.
    """
    unit = _unit_prices(night)
    orders = night.table("offer_pieces").select("order_id").unique(maintain_order=True).with_row_index("order")
    limits = night.table("orders").select("order_id", "max_shipments")
    orders = orders.with_columns(pl.col("order").cast(pl.Int64)).join(
        limits, on="order_id", how="left", maintain_order="left"
    )
    pieces = (
        night.table("offer_pieces").join(orders, on="order_id", maintain_order="left").sort("order", "piece_number")
    )
    offers = (
        night.table("offers")
        .lazy()
        .select("order_id", "warehouse_id", "pieces", "shipments", "cost_cents", "offer_number")
        .join(orders.lazy(), on="order_id", maintain_order="left")
        .with_columns(warehouse=pl.col("warehouse_id").replace_strict(unit.warehouse, return_dtype=pl.Int64))
        .sort("order", "offer_number")
        .collect()
    )
    mask, warehouse, order_of = (offers[name].to_numpy() for name in ("pieces", "warehouse", "order"))
    sku = pieces["sku"].replace_strict(unit.sku, return_dtype=pl.Int64).to_numpy()
    quantity = pieces["quantity"].to_numpy()
    piece_start = _starts(pieces["order"].to_numpy(), orders.height)
    _refuse_overflow(offers, pieces, night)
    cost = offers["cost_cents"].to_numpy() * _MILLICENTS + _carton_cost(night, offers)
    first = piece_start[order_of]
    for bit in range(int(np.diff(piece_start).max(initial=0))):
        carries = np.flatnonzero((mask >> bit) & 1)
        piece = first[carries] + bit
        cost[carries] += quantity[piece] * unit.millicents[warehouse[carries], sku[piece]]
    return orders["order_id"].to_list(), Orders(
        piece_start=piece_start,
        offer_start=_starts(order_of, orders.height),
        waiting=pieces["backorder_cents"].to_numpy() * _MILLICENTS,
        mask=mask,
        parcels=offers["shipments"].to_numpy(),
        cost=cost,
        max_parcels=orders["max_shipments"].fill_null(_UNLIMITED).to_numpy(),
        split=night.settings.costs.split_cents * _MILLICENTS,
    )


def _starts(owner: Int64, num_orders: int) -> Int64:
    counts = np.bincount(owner, minlength=num_orders)
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _refuse_overflow(offers: pl.DataFrame, pieces: pl.DataFrame, night: Night) -> None:
    """Refuse what could leave 64 bits in any sum over the pieces of an order."""

    def most(frame: pl.DataFrame, name: str) -> float:
        return float(frame.select(pl.col(name).max()).item() or 0)

    parcels = most(offers, "shipments")
    cents = most(pieces, "backorder_cents") + most(offers, "cost_cents") + night.settings.costs.split_cents * parcels
    priced = most(night.table("shadow_prices"), "millicents_per_unit") * (2 * most(pieces, "quantity") + parcels)
    worst = 64 * (cents * _MILLICENTS + priced)
    if worst >= _LARGEST:
        raise ValueError(f"costs are too large to sum exactly: up to {worst:.3g} thousandths of a cent")


def limits_worth_millicents(night: Night) -> int:
    """Sum price times limit over all shadow prices, exactly.

    Parameters
    ----------
    night
        The run.
    """
    prices = night.table("shadow_prices").join(_limits(night), on=_LIMITED, how="inner", nulls_equal=True)
    return sum(price * limit for price, limit in prices.select("millicents_per_unit", "limit").iter_rows())


def _carton_cost(night: Night, offers: pl.DataFrame) -> Int64:
    """Give what the cartons of each offer cost at shadow prices."""
    prices = night.table("shadow_prices").filter(pl.col("carton_id").is_not_null())
    per_carton = prices.group_by("carton_id").agg(price=pl.col("millicents_per_unit").sum())
    per_offer = (
        night.table("offer_cartons")
        .join(per_carton, on="carton_id", how="inner")
        .group_by("order_id", "offer_number")
        .agg(cost=(pl.col("quantity") * pl.col("price")).sum())
    )
    both = offers.select("order_id", "offer_number").join(
        per_offer, on=["order_id", "offer_number"], how="left", maintain_order="left"
    )
    return both["cost"].fill_null(0).to_numpy()
