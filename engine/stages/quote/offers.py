"""Offers: the parcels of each way to send some pieces, added up, with what they take of cartons and pickups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.assignment.limits import carton_limits
from engine.assignment.tables import positions
from engine.contracts.outputs import OFFER_CARTONS, OFFER_PICKUPS, OFFERS
from engine.stages.quote.item_sets import Candidates
from engine.stages.quote.night import QuoteNight
from engine.stages.quote.parcels import PackedSets
from engine.stages.quote.rating import Rated

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Offered:
    """Offers with their parcels.

    Parameters
    ----------
    offers
        Contract `offers` without `is_chosen`, sorted by order and offer number.
    parcels
        offer (row in `offers`), parcel (row in the packed parcels), lane (row in the night's lanes), freight_cents,
        surcharge_cents, lateness_cents, billable_g.
    too_dear
        Of the candidates behind them, those whose price cannot be summed.
    """

    offers: pl.DataFrame
    parcels: pl.DataFrame
    too_dear: Ints

    def joined(self, other: Self) -> Self:
        """Give these offers and others of the same night as one; the others' parcels are counted on."""
        key = ["order_id", "pieces", "warehouse_id"]
        both = pl.concat([self.offers, other.offers]).with_row_index("was")
        both = both.with_columns(pl.col("was").cast(pl.Int64)).sort(*key, "was")
        now = np.empty(both.height, np.int64)
        now[both["was"].to_numpy()] = np.arange(both.height)
        parcels = pl.concat([self.parcels, other.parcels.with_columns(pl.col("offer") + self.offers.height)])
        moved = parcels.with_columns(pl.Series("offer", now[parcels["offer"].to_numpy()]))
        number = pl.int_range(pl.len(), dtype=pl.Int64).over("order_id")
        return type(self)(
            both.with_columns(offer_number=number).select(self.offers.columns),
            moved.sort("offer", maintain_order=True),
            self.too_dear,
        )


def offered(found: Candidates, packed: PackedSets, rated: Rated, night: QuoteNight) -> Offered:
    """Add up the parcels of each way.

    A way with a parcel that nobody carries is no offer, nor is one like another, nor one whose price cannot be summed.

    Parameters
    ----------
    found
        The candidates.
    packed
        The parcels of each item set.
    rated
        Their services.
    night
        The night.
    """
    ways, choice = rated.ways, rated.choice
    parcels, carried = _counted(rated, np.ones(len(rated.way), np.bool_)), _counted(rated, choice.is_feasible)
    is_whole = (parcels > 0) & (carried == parcels)
    offers = _added_up(found, packed, rated, night)
    is_payable = offers["cost_cents"].to_numpy() <= night.most_cents
    is_offer = np.zeros(len(ways.candidate), np.bool_)
    is_offer[_distinct(np.flatnonzero(is_whole & is_payable), offers["cost_cents"].to_numpy(), rated, night)] = True
    kept = is_offer[rated.way]
    offer_parcels = pl.DataFrame(
        {
            "offer": (np.cumsum(is_offer) - 1)[rated.way[kept]],
            "parcel": rated.parcel[kept],
            "lane": rated.lane[choice.option[kept]],
            "freight_cents": choice.freight_cents[kept],
            "surcharge_cents": choice.surcharge_cents[kept],
            "lateness_cents": choice.extra_cents[kept],
            "billable_g": choice.billable_g[kept],
        }
    )
    at = found.order[ways.candidate[is_offer]]
    number = pl.Series("offer_number", np.arange(len(at)) - np.searchsorted(at, at))
    listed = offers.filter(pl.Series(is_offer)).with_columns(number)
    too_dear = ways.candidate[is_whole & ~is_payable]
    return Offered(listed.select([name for name in OFFERS.schema if name != "is_chosen"]), offer_parcels, too_dear)


def _counted(rated: Rated, which: Flags) -> Ints:
    """Count the parcels of each way, of those that are meant."""
    return np.bincount(rated.way[which], minlength=len(rated.ways.candidate))


def _added_up(found: Candidates, packed: PackedSets, rated: Rated, night: QuoteNight) -> pl.DataFrame:
    """Give every way as an offer without its number, whether it is one or not."""
    ways, choice = rated.ways, rated.choice

    def total(values: Ints) -> Ints:
        sums = np.zeros(len(ways.candidate), np.int64)
        np.add.at(sums, rated.way, values)
        return sums

    parcels = _counted(rated, np.ones(len(rated.way), np.bool_))
    order, warehouse, mask = (values[ways.candidate] for values in (found.order, found.warehouse, found.mask))
    rates = night.warehouses.select("handling_cents_per_shipment", "pick_cents_per_unit").to_numpy()[warehouse]
    offers = pl.DataFrame(
        {
            "order_id": night.orders["order_id"].gather(order),
            "warehouse_id": night.warehouses["warehouse_id"].gather(warehouse),
            "pieces": mask,
            "shipments": parcels,
            "freight_cents": total(choice.freight_cents),
            "surcharge_cents": total(choice.surcharge_cents),
            "carton_cents": total(packed.parcels["carton_cents"].to_numpy()[rated.parcel]),
            "protection_cents": total(packed.parcels["protection_cents"].to_numpy()[rated.parcel]),
            "handling_cents": rates[:, 0] * parcels,
            "pick_cents": rates[:, 1] * total(packed.parcels["units"].to_numpy()[rated.parcel]),
            "lateness_cents": total(choice.extra_cents),
            "reserve_cents": _reserve_cents(order, warehouse, mask, night),
            "churn_cents": _churn_cents(order, warehouse, mask, night),
        }
    )
    costs = [name for name in offers.columns if name.endswith("_cents")]
    return offers.with_columns(pl.sum_horizontal(costs).alias("cost_cents"))


def _distinct(ways: Ints, cents: Ints, rated: Rated, night: QuoteNight) -> Ints:
    """Give the ways less those that cost the same as another of their candidate and hand as much to limited carriers."""
    if not night.inputs.pickups.height:
        return ways
    lanes = night.lanes.select("warehouse_id", "carrier", pl.int_range(pl.len(), dtype=pl.Int64).alias("lane"))
    names = night.inputs.pickups.select("warehouse_id", "carrier").with_columns(
        pickup=pl.col("carrier").rank("dense").cast(pl.Int64)
    )
    codes = lanes.join(names, on=["warehouse_id", "carrier"], how="left", maintain_order="left")["pickup"]
    carriers = codes.fill_null(0).to_numpy()
    feasible = np.flatnonzero(rated.choice.is_feasible)
    carrier = carriers[rated.lane[rated.choice.option[feasible]]]
    uses = np.zeros((len(cents), int(carriers.max(initial=0)) + 1), np.int64)
    np.add.at(uses, (rated.way[feasible], carrier), 1)
    alike = np.column_stack([rated.ways.candidate[ways], cents[ways], uses[ways, 1:]])
    return np.sort(ways[np.unique(alike, axis=0, return_index=True)[1]])


def _carried(order: Ints, mask: Ints, night: QuoteNight) -> list[tuple[Ints, Ints]]:
    """Give, bit by bit, the rows whose mask has it and the piece it stands for."""
    most = int(night.num_pieces.max(initial=0))
    at = [np.flatnonzero(mask >> bit & 1) for bit in range(most)]
    return [(rows, night.goods.start[order[rows]] + bit) for bit, rows in enumerate(at)]


def _reserve_cents(order: Ints, warehouse: Ints, mask: Ints, night: QuoteNight) -> Ints:
    cents = np.zeros(len(order), np.int64)
    if night.worth_cents.any():
        for rows, piece in _carried(order, mask, night):
            cents[rows] += night.goods.quantity[piece] * night.worth_cents[warehouse[rows], night.goods.sku[piece]]
    return cents


def _churn_cents(order: Ints, warehouse: Ints, mask: Ints, night: QuoteNight) -> Ints:
    cents = np.zeros(len(order), np.int64)
    if not night.inputs.earlier_plan.height:
        return cents
    is_moved = _is_moved(night)
    for rows, piece in _carried(order, mask, night):
        cents[rows] += night.settings.costs.churn_cents_per_line * is_moved[piece, warehouse[rows]]
    return cents


def _is_moved(night: QuoteNight) -> Flags:
    """Tell for each piece and warehouse whether an earlier plan sends its line, and nothing of it from there."""
    line = ["order_id", "line_number"]
    names = night.warehouses["warehouse_id"]
    planned = night.pieces.select(*line, pl.int_range(pl.len()).alias("piece")).join(night.inputs.earlier_plan, on=line)
    is_planned = np.zeros((night.pieces.height, len(names)), np.bool_)
    known = planned.filter(pl.col("warehouse_id").is_in(names.implode()))
    is_planned[known["piece"].to_numpy(), positions(known["warehouse_id"], names)] = True
    has_plan = np.zeros(night.pieces.height, np.bool_)
    has_plan[planned["piece"].to_numpy()] = True
    return has_plan[:, None] & ~is_planned


def cartons_taken(
    offers: pl.DataFrame, offer_parcels: pl.DataFrame, packed: PackedSets, cartons: pl.DataFrame
) -> pl.DataFrame:
    """Count the cartons of limited stock that each offer takes, by contract `offer_cartons`.

    Parameters
    ----------
    offers, offer_parcels
        The offers and their parcels.
    packed
        What the parcels are packed in.
    cartons
        Table cartons.
    """
    of_parcel = packed.parcels.join(carton_limits(cartons), on="carton_id").select("parcel", "carton_id")
    counted = offer_parcels.join(of_parcel, on="parcel").group_by("offer", "carton_id").len("quantity")
    return (
        _numbered(counted, offers)
        .sort("order_id", "offer_number", "carton_id")
        .select(list(OFFER_CARTONS.schema))
        .cast(OFFER_CARTONS.schema)
    )


def pickups_taken(
    offers: pl.DataFrame, offer_parcels: pl.DataFrame, lanes: pl.DataFrame, pickups: pl.DataFrame
) -> pl.DataFrame:
    """Count the parcels that each offer hands to carriers of limited pickups, by contract `offer_pickups`.

    Parameters
    ----------
    offers, offer_parcels
        The offers and their parcels.
    lanes
        The lanes the parcels take.
    pickups
        Table pickups.
    """
    limited = lanes.select("warehouse_id", "carrier", pl.int_range(pl.len(), dtype=pl.Int64).alias("lane")).join(
        pickups.select("warehouse_id", "carrier"), on=["warehouse_id", "carrier"], how="semi"
    )
    counted = offer_parcels.join(limited, on="lane").group_by("offer", "carrier").len("quantity")
    return (
        _numbered(counted, offers)
        .sort("order_id", "offer_number", "carrier")
        .select(list(OFFER_PICKUPS.schema))
        .cast(OFFER_PICKUPS.schema)
    )


def _numbered(counted: pl.DataFrame, offers: pl.DataFrame) -> pl.DataFrame:
    of_offer = offers.select("order_id", "offer_number", pl.row_index("offer").cast(pl.Int64))
    return counted.join(of_offer, on="offer")
