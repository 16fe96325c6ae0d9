"""Invariant 4, last part: the bound is what the published prices prove, and the plan is one of those it bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from engine.verify.checks import Check, Findings, must, named, none_of, told
from engine.verify.files import Night
from engine.verify.offers import Choices, check_choices, choices
from engine.verify.partitions import Int64, Orders, least_costs
from engine.verify.stock import available_units

_MILLICENTS: Final = 1_000
_LARGEST: Final = 2.0**60
_LIMITED: Final = ["warehouse_id", "sku", "carton_id"]
_UNLIMITED: Final = 2**31


def check_bound(night: Night) -> Iterator[Check]:
    """Recompute the bound from offers and prices, and compare the plan with the offers it took.

    Parameters
    ----------
    night
        The run.
    """
    given = choices(night)
    yield from check_choices(night, given)
    yield check_value(night, given)


def check_value(night: Night, given: Choices) -> Check:
    """Check that the published bound is at most what the shadow prices prove, and at most the cost.

    Parameters
    ----------
    night
        The run.
    given
        What the plan chose from.
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
    orders = priced_orders(night, given)
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
    return named("bound.value", told_right, told(messages, orders.num_orders))


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


def priced_orders(night: Night, given: Choices) -> Orders:
    """Give the orders with every offer at its cost plus what it takes at shadow prices, in thousandths of a cent.

    Parameters
    ----------
    night
        The run.
    given
        What the plan chose from.

    Raises
    ------
    ValueError
        When costs are so large that their sums could not be exact.
    """
    unit = _unit_prices(night)
    num_orders, pieces = given.orders.height, given.pieces
    offers = given.offers.with_columns(
        warehouse=pl.col("warehouse_id").replace_strict(unit.warehouse, return_dtype=pl.Int64)
    )
    mask, warehouse, order_of = (offers[name].to_numpy() for name in ("pieces", "warehouse", "order"))
    sku = pieces["sku"].replace_strict(unit.sku, return_dtype=pl.Int64).to_numpy()
    quantity = pieces["quantity"].to_numpy()
    piece_start = _starts(pieces["order"].to_numpy(), num_orders)
    _refuse_overflow(offers, pieces, night)
    cost = offers["cost_cents"].to_numpy() * _MILLICENTS + _carton_cost(night, offers)
    first = piece_start[order_of]
    for bit in range(int(np.diff(piece_start).max(initial=0))):
        carries = np.flatnonzero((mask >> bit) & 1)
        piece = first[carries] + bit
        cost[carries] += quantity[piece] * unit.millicents[warehouse[carries], sku[piece]]
    return Orders(
        piece_start=piece_start,
        offer_start=_starts(order_of, num_orders),
        waiting=pieces["backorder_cents"].to_numpy() * _MILLICENTS,
        mask=mask,
        parcels=offers["shipments"].to_numpy(),
        cost=cost,
        max_parcels=given.orders["max_shipments"].fill_null(_UNLIMITED).to_numpy(),
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
