"""The orders as the bound sees them: every offer at its cost plus what it pays for what orders share."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.verify.charges import Premiums
from engine.verify.files import Night
from engine.verify.limits import Places
from engine.verify.offers import Choices
from engine.verify.partitions import Int64, Orders
from engine.verify.stock import pickup_parcels
from engine.verify.waiting import has_bit

_MILLICENTS: Final = 1_000
_LARGEST: Final = 2.0**60
_UNLIMITED: Final = 2**31


def priced_orders(night: Night, given: Choices, network: Places, charged: Premiums, prices: pl.DataFrame) -> Orders:
    """Give the orders with every offer at its cost plus what its pieces pay for the limits, in thousandths of a cent.

    Offers that ask for more than a whole limit holds are left out: no plan can take them.

    Parameters
    ----------
    night
        The run.
    given
        What the plan chose from.
    network
        Stock and capacity with their prices.
    charged
        The premiums.
    prices
        All prices: table `bound_prices` or `shadow_prices`.

    Raises
    ------
    ValueError
        When costs are so large that their sums could not be exact.
    """
    num_orders, pieces = given.orders.height, given.pieces
    _refuse_overflow(night, given.offers, pieces, charged, prices)
    offers = given.offers.select(
        "order", "pieces", "shipments", "cost_cents", "order_id", "offer_number", "warehouse_id",
        warehouse=_position("warehouse_id", network.warehouse),
    )  # fmt: skip
    cartons_millicents, has_cartons = _cartons_of(night, offers, prices)
    pickups_millicents, has_pickups = _pickups_of(night, offers, prices)
    piece_start = _starts(pieces["order"].to_numpy(), num_orders)
    units_millicents, has_units = _units_of(network, charged, offers, pieces, piece_start)
    cost = offers["cost_cents"].to_numpy() * _MILLICENTS + cartons_millicents + pickups_millicents + units_millicents
    fits = np.flatnonzero(has_cartons & has_pickups & has_units)
    return Orders(
        piece_start=piece_start,
        offer_start=_starts(offers["order"].to_numpy()[fits], num_orders),
        waiting=pieces["backorder_cents"].to_numpy() * _MILLICENTS,
        mask=offers["pieces"].to_numpy()[fits],
        parcels=offers["shipments"].to_numpy()[fits],
        cost=cost[fits],
        max_parcels=given.orders["max_shipments"].fill_null(_UNLIMITED).to_numpy(),
        split=night.settings.costs.split_cents * _MILLICENTS,
    )


def _position(name: str, positions: dict[str, int]) -> pl.Expr:
    # An empty dictionary would leave the column as text.
    return pl.col(name).replace_strict({"": -1} | positions, return_dtype=pl.Int64)


def _units_of(
    network: Places, charged: Premiums, offers: pl.DataFrame, pieces: pl.DataFrame, piece_start: Int64
) -> tuple[Int64, NDArray[np.bool_]]:
    """Give what the pieces of each offer pay for stock and capacity, and whether its warehouse could send them all."""
    mask, warehouse, order = (offers[name].to_numpy() for name in ("pieces", "warehouse", "order"))
    sku = pieces.select(_position("sku", network.sku)).to_series().to_numpy()
    quantity, first = pieces["quantity"].to_numpy(), piece_start[order]
    millicents, units = np.zeros(len(mask), dtype=np.int64), np.zeros(len(mask), dtype=np.int64)
    fits = np.ones(len(mask), dtype=np.bool_)
    for bit in range(int(np.diff(piece_start).max(initial=0))):
        carries = np.flatnonzero((mask >> bit) & 1)
        piece, place = first[carries] + bit, warehouse[carries]
        per_unit = network.stock_millicents[place, sku[piece]] + network.capacity_millicents[place]
        millicents[carries] += quantity[piece] * per_unit + charged.paid(piece, place)
        units[carries] += quantity[piece]
        fits[carries] &= quantity[piece] <= network.available[place, sku[piece]]
    fits &= units <= network.capacity[warehouse]
    fits[_short_together(network, offers, pieces)] = False
    return millicents, fits


def _short_together(network: Places, offers: pl.DataFrame, pieces: pl.DataFrame) -> Int64:
    """Give the offers whose pieces of one article are more than there is, where an order has it in several pieces."""
    again = pieces.filter(pl.len().over("order", "sku") > 1).select("order", "sku", "piece_number", "quantity")
    carried = (
        offers.select("order", "warehouse", mask="pieces")
        .with_row_index("offer")
        .join(again, on="order", how="inner")
        .filter(has_bit(pl.col("mask"), pl.col("piece_number")))
        .group_by("offer", "warehouse", "sku")
        .agg(pl.col("quantity").sum())
        .with_columns(_position("sku", network.sku))
    )
    available = network.available[carried["warehouse"].to_numpy(), carried["sku"].to_numpy()]
    return np.asarray(carried["offer"].to_numpy()[carried["quantity"].to_numpy() > available])


def _cartons_of(night: Night, offers: pl.DataFrame, prices: pl.DataFrame) -> tuple[Int64, NDArray[np.bool_]]:
    """Give what the cartons of each offer cost at the prices, and whether there are enough of them at all."""
    priced = prices.filter(pl.col("carton_id").is_not_null())
    per_carton = priced.group_by("carton_id").agg(price=pl.col("millicents_per_unit").sum())
    per_offer = (
        night.table("offer_cartons")
        .join(per_carton, on="carton_id", how="left")
        .join(night.table("cartons").select("carton_id", "on_hand"), on="carton_id", how="left")
        .group_by("order_id", "offer_number")
        .agg(
            cost=(pl.col("quantity") * pl.col("price").fill_null(0)).sum(),
            enough=(pl.col("on_hand").is_null() | (pl.col("quantity") <= pl.col("on_hand"))).all(),
        )
    )
    both = offers.select("order_id", "offer_number").join(
        per_offer, on=["order_id", "offer_number"], how="left", maintain_order="left"
    )
    return both["cost"].fill_null(0).to_numpy(), both["enough"].fill_null(value=True).to_numpy()


def _pickups_of(night: Night, offers: pl.DataFrame, prices: pl.DataFrame) -> tuple[Int64, NDArray[np.bool_]]:
    """Give what the pickups of each offer cost at the prices, and whether its carriers collect so many at all."""
    place = ["warehouse_id", "carrier"]
    priced = prices.filter(pl.col("carrier").is_not_null())
    per_parcel = priced.group_by(place).agg(price=pl.col("millicents_per_unit").sum())
    per_offer = (
        night.table("offer_pickups")
        .join(offers.select("order_id", "offer_number", "warehouse_id"), on=["order_id", "offer_number"], how="left")
        .join(per_parcel, on=place, how="left")
        .join(pickup_parcels(night), on=place, how="left")
        .group_by("order_id", "offer_number")
        .agg(
            cost=(pl.col("quantity") * pl.col("price").fill_null(0)).sum(),
            enough=(pl.col("quantity") <= pl.col("limit")).all(),
        )
    )
    both = offers.select("order_id", "offer_number").join(
        per_offer, on=["order_id", "offer_number"], how="left", maintain_order="left"
    )
    return both["cost"].fill_null(0).to_numpy(), both["enough"].fill_null(value=True).to_numpy()


def _starts(owner: Int64, num_orders: int) -> Int64:
    counts = np.bincount(owner, minlength=num_orders)
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _refuse_overflow(
    night: Night, offers: pl.DataFrame, pieces: pl.DataFrame, charged: Premiums, prices: pl.DataFrame
) -> None:
    """Refuse what could leave 64 bits in any sum over the pieces of an order, or of an article."""

    def most(frame: pl.DataFrame, name: str) -> float:
        return float(frame.select(pl.col(name).max()).item() or 0)

    parcels = most(offers, "shipments")
    cents = most(pieces, "backorder_cents") + most(offers, "cost_cents") + night.settings.costs.split_cents * parcels
    per_unit = most(prices, "millicents_per_unit")
    premium = float(charged.millicents.sum(dtype=np.float64))
    priced = per_unit * (2 * most(pieces, "quantity") + parcels) + premium
    earned = max(per_unit, 1.0) * float(pieces["quantity"].cast(pl.Float64).sum()) + premium
    worst = max(64 * (cents * _MILLICENTS + priced), earned)
    if worst >= _LARGEST:
        raise ValueError(f"costs are too large to sum exactly: up to {worst:.3g} thousandths of a cent")
