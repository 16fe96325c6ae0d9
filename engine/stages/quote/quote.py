"""The quote stage: pieces, item sets, parcels, lanes, and from them the offers of the night."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.config import Settings
from engine.contracts.outputs import OFFERS
from engine.inputs import Inputs
from engine.rate_cards import RateCards, rate_cards
from engine.stages.quote.item_sets import Candidates, candidates, item_sets, ranges
from engine.stages.quote.lanes import Dispatches, area_lanes, area_of, days_late, dispatches, lateness_cents
from engine.stages.quote.parcels import PackedSets, pack_sets, why_unpackable
from engine.stages.quote.pieces import available_stock, pieces_of, with_backorder_cents
from engine.stages.receive import Received
from engine.waiting import NOT_IN_STOCK
from solvers.tariff import CheapestServices, Lanes, Parcels, cheapest_services

Ints = npt.NDArray[np.int64]

_NO_SERVICE: Final = "no carrier's service takes it to this destination"


@dataclass(frozen=True)
class Quotes:
    """What the night can choose from.

    Parameters
    ----------
    pieces
        Contract `offer_pieces`, with `expected_at` of the next receipt and `blocked`: why no offer has the piece, null
        where one has.
    offers
        Contract `offers` without `is_chosen`, sorted by order and offer number.
    offer_parcels
        offer (row in `offers`), parcel (row in `packed.parcels`), lane (row in `lanes`), freight_cents,
        surcharge_cents, lateness_cents, billable_g.
    packed
        The packing of every distinct item set.
    lanes
        Services from warehouses to areas, by which `offer_parcels.lane` counts.
    cards
        The rate cards that priced them.
    leaving
        When each warehouse hands over.
    """

    pieces: pl.DataFrame
    offers: pl.DataFrame
    offer_parcels: pl.DataFrame
    packed: PackedSets
    lanes: pl.DataFrame
    cards: RateCards
    leaving: Dispatches


@dataclass(frozen=True)
class _Night:
    """The night as positions: orders, warehouses and products by their row."""

    orders: pl.DataFrame
    warehouses: pl.DataFrame
    pieces: pl.DataFrame
    piece_start: Ints
    piece_sku: Ints
    piece_quantity: Ints
    available: Ints
    packagings: list[str | None]
    order_packaging: Ints


def quote(received: Received, inputs: Inputs, settings: Settings, as_of: datetime) -> Quotes:
    """Pack and rate every parcel that could matter tonight.

    Parameters
    ----------
    received
        Released orders and lines.
    inputs
        The canonical tables.
    settings
        Sections `costs`, `packing`, `assign`, `night`.
    as_of
        The night.
    """
    night = _positions(received, inputs, settings, as_of)
    leaving = dispatches(inputs.warehouses, as_of)
    cards = rate_cards(inputs, leaving.days)
    found = candidates(
        night.piece_start, night.piece_sku, night.piece_quantity, night.available, settings.assign.exact_lines
    )
    sets = item_sets(found, night.piece_start, night.piece_sku, night.piece_quantity, night.order_packaging)
    packed = pack_sets(sets, night.packagings, inputs, cards.tariff, settings)
    lanes = area_lanes(night.orders, inputs, cards, leaving)
    set_of_candidate = sets.of_bundle[found.bundle]
    pairs = _Pairs.of(found, set_of_candidate, packed)
    choice, lane_row = _cheapest(pairs, found, packed, lanes, night, cards, inputs, settings)
    offers, offer_parcels = _offers(found, pairs, choice, lane_row, packed, night)
    pieces = with_backorder_cents(_with_blocked(night, found, set_of_candidate, packed, offers), offers)
    return Quotes(pieces, offers, offer_parcels, packed, lanes, cards, leaving)


def _positions(received: Received, inputs: Inputs, settings: Settings, as_of: datetime) -> _Night:
    orders = received.orders.sort("order_id")
    pieces = pieces_of(orders, received.order_lines, inputs, settings, as_of)
    position = {"sku": inputs.products["sku"], "warehouse_id": inputs.warehouses["warehouse_id"]}
    index = {
        name: pl.DataFrame({name: values, f"{name}_at": np.arange(len(values))}) for name, values in position.items()
    }
    stock = available_stock(inputs.stock).join(index["sku"], on="sku").join(index["warehouse_id"], on="warehouse_id")
    available = np.zeros((len(position["warehouse_id"]), len(position["sku"])), np.int64)
    available[stock["warehouse_id_at"].to_numpy(), stock["sku_at"].to_numpy()] = stock["available"].to_numpy()
    counts = orders.join(pieces.group_by("order_id").len("pieces"), on="order_id", how="left", maintain_order="left")
    packagings: list[str | None] = [None, *orders["packaging"].drop_nulls().unique().sort().to_list()]
    packaging = orders["packaging"].replace_strict(packagings, list(range(len(packagings))), return_dtype=pl.Int64)
    return _Night(
        orders,
        inputs.warehouses,
        pieces,
        np.concatenate(([0], np.cumsum(counts["pieces"].fill_null(0).to_numpy()))).astype(np.int64),
        pieces.join(index["sku"], on="sku", how="left", maintain_order="left")["sku_at"].to_numpy().astype(np.int64),
        pieces["quantity"].to_numpy().astype(np.int64),
        available,
        packagings,
        packaging.to_numpy().astype(np.int64),
    )


@dataclass(frozen=True)
class _Pairs:
    """Every parcel of every candidate: position of the candidate and of the parcel."""

    candidate: Ints
    parcel: Ints

    @classmethod
    def of(cls, found: Candidates, set_of_candidate: Ints, packed: PackedSets) -> _Pairs:
        count = np.diff(packed.set_start)[set_of_candidate]
        return cls(np.repeat(np.arange(len(found.order)), count), ranges(packed.set_start[set_of_candidate], count))


def _cheapest(
    pairs: _Pairs,
    found: Candidates,
    packed: PackedSets,
    lanes: pl.DataFrame,
    night: _Night,
    cards: RateCards,
    inputs: Inputs,
    settings: Settings,
) -> tuple[CheapestServices, Ints]:
    """Choose the service of every pair; give with it the row of `lanes` behind every option."""
    hazard_of_parcel = packed.parcels["hazard_class"].to_numpy()
    order, warehouse = found.order[pairs.candidate], found.warehouse[pairs.candidate]
    num_warehouses, num_hazards = night.warehouses.height, int(hazard_of_parcel.max(initial=0)) + 1
    key = (order * num_warehouses + warehouse) * num_hazards + hazard_of_parcel[pairs.parcel]
    lane_key, lane_of_pair = np.unique(key, return_inverse=True)
    lane_order, lane_warehouse, lane_hazard = (
        lane_key // num_hazards // num_warehouses,
        lane_key // num_hazards % num_warehouses,
        lane_key % num_hazards,
    )
    area = night.orders.select("ship_country", area_of(inputs.zones))
    areas = lanes.select("ship_country", "area").unique(maintain_order=True).with_row_index("at")
    area_at = (
        area.join(areas, on=["ship_country", "area"], how="left", maintain_order="left")["at"]
        .fill_null(areas.height)
        .to_numpy()
    )
    rows, start, count = _accepting(lanes, areas, night, inputs.products, num_hazards)
    cell = (lane_hazard * (areas.height + 1) + area_at[lane_order]) * num_warehouses + lane_warehouse
    lane_row = rows[ranges(start[cell], count[cell])]
    lateness = _lateness(lanes, lane_row, np.repeat(lane_order, count[cell]), night, settings)
    choice = cheapest_services(
        cards.tariff,
        Parcels(
            *(
                packed.parcels[name].to_numpy()
                for name in ("outer_length_mm", "outer_width_mm", "outer_height_mm", "weight_g")
            )
        ),
        Lanes(
            np.concatenate(([0], np.cumsum(count[cell]))),
            lanes["service"].to_numpy()[lane_row],
            lanes["rate_group"].to_numpy()[lane_row],
            lanes["surcharge_set"].to_numpy()[lane_row],
            lateness,
        ),
        pairs.parcel,
        lane_of_pair,
        threads=settings.night.threads,
    )
    return choice, lane_row


def _accepting(
    lanes: pl.DataFrame, areas: pl.DataFrame, night: _Night, products: pl.DataFrame, num_hazards: int
) -> tuple[Ints, Ints, Ints]:
    """Give rows of `lanes` by hazard class, area and warehouse: all for class 0, those that accept the class for others."""
    names = [None, *sorted(set(products["hazard_class"].drop_nulls()))]
    at = lanes.join(areas, on=["ship_country", "area"], maintain_order="left")["at"].to_numpy().astype(np.int64)
    place = {name: i for i, name in enumerate(night.warehouses["warehouse_id"])}
    cell = at * night.warehouses.height + np.array([place[w] for w in lanes["warehouse_id"]], np.int64)
    num_cells = (areas.height + 1) * night.warehouses.height
    accepted = lanes["hazard_classes"].fill_null("").str.split(" ").to_list()
    rows, cells = [], []
    for code in range(num_hazards):
        takes = np.flatnonzero([code == 0 or names[code] in classes for classes in accepted])
        takes = takes[np.argsort(cell[takes], kind="stable")]
        rows.append(takes)
        cells.append(cell[takes] + code * num_cells)
    all_cells = np.concatenate(cells)
    count = np.bincount(all_cells, minlength=num_hazards * num_cells).astype(np.int64)
    return np.concatenate(rows), np.cumsum(count) - count, count


def _lateness(lanes: pl.DataFrame, lane_row: Ints, order: Ints, night: _Night, settings: Settings) -> Ints:
    orders = night.orders.select("promised_by", "service_level", "priority")
    both = pl.concat([lanes.select("deliver_by")[lane_row], orders[order]], how="horizontal")
    return (
        both.select(days_late().alias("days_late"), "service_level", "priority")
        .select(lateness_cents(settings))
        .to_series()
        .to_numpy()
    )


def _offers(
    found: Candidates, pairs: _Pairs, choice: CheapestServices, lane_row: Ints, packed: PackedSets, night: _Night
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Add up the parcels of each candidate; a candidate with a parcel that nobody carries is no offer."""
    num_candidates = len(found.order)
    num_parcels = np.bincount(pairs.candidate, minlength=num_candidates)
    num_carried = np.bincount(pairs.candidate[choice.is_feasible], minlength=num_candidates)
    is_offer = (num_parcels > 0) & (num_carried == num_parcels)

    def total(values: Ints) -> Ints:
        sums = np.zeros(num_candidates, np.int64)
        np.add.at(sums, pairs.candidate, values)
        return np.asarray(sums[is_offer])

    units = total(packed.parcels["units"].to_numpy()[pairs.parcel])
    order, warehouse = found.order[is_offer], found.warehouse[is_offer]
    rates = night.warehouses.select("handling_cents_per_shipment", "pick_cents_per_unit").to_numpy()[warehouse]
    first = np.searchsorted(order, order)
    offers = pl.DataFrame(
        {
            "order_id": night.orders["order_id"].gather(order),
            "offer_number": np.arange(len(order)) - first,
            "warehouse_id": night.warehouses["warehouse_id"].gather(warehouse),
            "pieces": found.mask[is_offer],
            "shipments": num_parcels[is_offer],
            "freight_cents": total(choice.freight_cents),
            "surcharge_cents": total(choice.surcharge_cents),
            "carton_cents": total(packed.parcels["carton_cents"].to_numpy()[pairs.parcel]),
            "protection_cents": total(packed.parcels["protection_cents"].to_numpy()[pairs.parcel]),
            "handling_cents": rates[:, 0] * num_parcels[is_offer],
            "pick_cents": rates[:, 1] * units,
            "lateness_cents": total(choice.extra_cents),
        }
    )
    costs = [name for name in offers.columns if name.endswith("_cents")]
    offers = offers.with_columns(pl.sum_horizontal(costs).alias("cost_cents")).select(
        [n for n in OFFERS.schema if n != "is_chosen"]
    )
    kept = is_offer[pairs.candidate]
    offer_parcels = pl.DataFrame(
        {
            "offer": (np.cumsum(is_offer) - 1)[pairs.candidate[kept]],
            "parcel": pairs.parcel[kept],
            "lane": lane_row[choice.option[kept]],
            "freight_cents": choice.freight_cents[kept],
            "surcharge_cents": choice.surcharge_cents[kept],
            "lateness_cents": choice.extra_cents[kept],
            "billable_g": choice.billable_g[kept],
        }
    )
    return offers, offer_parcels


def _with_blocked(
    night: _Night, found: Candidates, set_of_candidate: Ints, packed: PackedSets, offers: pl.DataFrame
) -> pl.DataFrame:
    """Say for every piece that no offer has why that is so."""
    pieces = night.pieces
    offered = offers.group_by("order_id").agg(pl.col("pieces").bitwise_or().alias("offered"))
    joined = pieces.join(offered, on="order_id", how="left", maintain_order="left")
    bit = np.int64(1) << joined["piece_number"].to_numpy()
    is_offered = joined["offered"].fill_null(0).to_numpy() & bit != 0
    is_held = (night.available[:, night.piece_sku] >= night.piece_quantity).any(axis=0)
    reason = np.full(len(bit), _NO_SERVICE, object)
    alone = found.mask & (found.mask - 1) == 0
    piece = night.piece_start[found.order[alone]] + np.frexp(found.mask[alone])[1] - 1
    code = packed.set_reason[set_of_candidate[alone]]
    for at in np.flatnonzero(code):
        reason[piece[at]] = why_unpackable(int(code[at]))
    reason[~is_held] = NOT_IN_STOCK
    reason[is_offered] = None
    return pieces.with_columns(pl.Series("blocked", reason.tolist(), dtype=pl.String))
