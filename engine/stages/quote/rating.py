"""Rating: the cheapest service of every parcel, and where pickups are limited, the cheapest without the limited carriers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.stages.quote.item_sets import Candidates
from engine.stages.quote.lanes import area_of, days_late, lateness_cents
from engine.stages.quote.night import QuoteNight
from engine.stages.quote.parcels import PackedSets
from engine.stages.quote.scarcity import gone_without
from solvers.arrays import ranges
from solvers.tariff import CheapestServices, Lanes, Parcels, cheapest_services

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_FORBIDS: Final = {"warehouse_id": "warehouse_id", "service_id": "service_id", "dest_country": "ship_country"}
"""What a restriction names, and the column of the lanes that it is about."""


@dataclass(frozen=True)
class Ways:
    """Ways to send a candidate: as it is cheapest, and without certain carriers whose pickups are limited.

    Parameters
    ----------
    candidate, variant
        Of each way; variant 0 does without none.
    """

    candidate: Ints
    variant: Ints


@dataclass(frozen=True)
class Rated:
    """The parcels of every way with their services.

    Parameters
    ----------
    ways
        The ways.
    way, parcel
        Of every row: a parcel of a way.
    choice
        The service of every row, by `option`.
    lane
        Row of the night's lanes behind every option.
    """

    ways: Ways
    way: Ints
    parcel: Ints
    choice: CheapestServices
    lane: Ints


def rate(found: Candidates, set_of_candidate: Ints, packed: PackedSets, night: QuoteNight) -> Rated:
    """Choose the service of every parcel of every way to send a candidate.

    Parameters
    ----------
    found
        The candidates.
    set_of_candidate
        The item set of each.
    packed
        The parcels of each item set.
    night
        Lanes, orders and settings.
    """
    without = carriers_gone_without(night)
    ways = _ways(found, without, night)
    item_set = set_of_candidate[ways.candidate]
    count = np.diff(packed.set_start)[item_set]
    way, parcel = np.repeat(np.arange(len(item_set)), count), ranges(packed.set_start[item_set], count)
    hazard = packed.parcels["hazard_class"].to_numpy()
    num_warehouses, num_variants = (
        night.warehouses.height,
        max(len(sets) for sets in without.values()) if without else 1,
    )
    num_hazards = int(hazard.max(initial=0)) + 1
    origin = found.order[ways.candidate[way]] * num_warehouses + found.warehouse[ways.candidate[way]]
    key = (origin * num_variants + ways.variant[way]) * num_hazards + hazard[parcel]
    lane_key, lane_of_row = np.unique(key, return_inverse=True)
    lane_key, lane_hazard = np.divmod(lane_key, num_hazards)
    lane_key, lane_variant = np.divmod(lane_key, num_variants)
    order, warehouse = np.divmod(lane_key, num_warehouses)
    areas, area_at = _areas(night)
    rows, start, count = _accepting(night, areas, without, num_variants, num_hazards)
    cell = (
        (lane_variant * num_hazards + lane_hazard) * (areas.height + 1) + area_at[order]
    ) * num_warehouses + warehouse
    lane = rows[ranges(start[cell], count[cell])]
    lanes = night.lanes
    choice = cheapest_services(
        night.cards.tariff,
        Parcels(
            *(
                packed.parcels[name].to_numpy()
                for name in ("outer_length_mm", "outer_width_mm", "outer_height_mm", "weight_g")
            )
        ),
        Lanes(
            np.concatenate(([0], np.cumsum(count[cell]))),
            lanes["service"].to_numpy()[lane],
            lanes["rate_group"].to_numpy()[lane],
            lanes["surcharge_set"].to_numpy()[lane],
            _lateness(night, lane, np.repeat(order, count[cell])),
        ),
        parcel,
        lane_of_row,
        threads=night.settings.night.threads,
    )
    return Rated(ways, way, parcel, choice, lane)


def carriers_gone_without(night: QuoteNight) -> dict[str, list[frozenset[str]]]:
    """Give by warehouse the sets of limited carriers that its offers do without in turn, the empty set first.

    A parcel's cheapest service and its cheapest among the others are all it can need, so of single parcels nothing is lost.
    """
    by_place = night.inputs.pickups.sort("carrier").group_by("warehouse_id", maintain_order=True)
    return {str(name): gone_without(rows["carrier"].to_list()) for (name,), rows in by_place}


def _ways(found: Candidates, without: dict[str, list[frozenset[str]]], night: QuoteNight) -> Ways:
    variants = np.array([len(without.get(name, [()])) for name in night.warehouses["warehouse_id"]], np.int64)
    count = variants[found.warehouse]
    return Ways(np.repeat(np.arange(len(count)), count), ranges(np.zeros(len(count), np.int64), count))


def _areas(night: QuoteNight) -> tuple[pl.DataFrame, Ints]:
    """Give the areas that lanes reach, and of each order the position of its own, one beyond the last where none does."""
    areas = night.lanes.select("ship_country", "area").unique(maintain_order=True).with_row_index("at")
    place = night.orders.select("ship_country", area_of(night.inputs.zones))
    joined = place.join(areas, on=["ship_country", "area"], how="left", maintain_order="left")
    return areas, joined["at"].cast(pl.Int64).fill_null(areas.height).to_numpy()


def _accepting(
    night: QuoteNight,
    areas: pl.DataFrame,
    without: dict[str, list[frozenset[str]]],
    num_variants: int,
    num_hazards: int,
) -> tuple[Ints, Ints, Ints]:
    """Give rows of the lanes by variant, hazard class, area and warehouse: those that may take such a parcel."""
    lanes, names = night.lanes, night.warehouses["warehouse_id"]
    at = lanes.join(areas, on=["ship_country", "area"], maintain_order="left")["at"].to_numpy().astype(np.int64)
    place = {name: i for i, name in enumerate(names)}
    cell = at * len(names) + np.array([place[w] for w in lanes["warehouse_id"]], np.int64)
    num_cells = (areas.height + 1) * len(names)
    classes = [None, *sorted(set(night.inputs.products["hazard_class"].drop_nulls()))]
    takes = [_takes(lanes, night.inputs.restrictions, name) for name in classes[:num_hazards]]
    rows, cells = [], []
    for variant in range(num_variants):
        is_used = _is_used(lanes, without, variant)
        for hazard, is_taken in enumerate(takes):
            found = np.flatnonzero(is_taken & is_used)
            found = found[np.argsort(cell[found], kind="stable")]
            rows.append(found)
            cells.append(cell[found] + (variant * num_hazards + hazard) * num_cells)
    count = np.bincount(np.concatenate(cells), minlength=num_variants * num_hazards * num_cells).astype(np.int64)
    return np.concatenate(rows), np.cumsum(count) - count, count


def _takes(lanes: pl.DataFrame, restrictions: pl.DataFrame, hazard_class: str | None) -> Flags:
    """Tell which lanes take parcels of a hazard class: by their service, and unless a restriction forbids it."""
    accepted = lanes["hazard_classes"].fill_null("").str.split(" ").to_list()
    takes = np.array([hazard_class is None or hazard_class in classes for classes in accepted], np.bool_)
    for row in restrictions.iter_rows(named=True):
        if row["hazard_class"] not in (None, hazard_class):
            continue
        is_forbidden = np.ones(lanes.height, np.bool_)
        for name, of in _FORBIDS.items():
            if row[name] is not None:
                is_forbidden &= (lanes[of] == row[name]).to_numpy()
        takes &= ~is_forbidden
    return takes


def _is_used(lanes: pl.DataFrame, without: dict[str, list[frozenset[str]]], variant: int) -> Flags:
    """Tell which lanes are not of a carrier that their warehouse's offers of a variant do without."""
    if variant == 0:
        return np.ones(lanes.height, np.bool_)
    gone = {name: sets[variant] for name, sets in without.items() if variant < len(sets)}
    pairs = lanes.select("warehouse_id", "carrier").iter_rows()
    return np.array([carrier not in gone.get(name, ()) for name, carrier in pairs], np.bool_)


def _lateness(night: QuoteNight, lane: Ints, order: Ints) -> Ints:
    orders = night.orders.select("promised_by", "service_level", "priority")
    both = pl.concat([night.lanes.select("deliver_by")[lane], orders[order]], how="horizontal")
    return (
        both.select(days_late().alias("days_late"), "service_level", "priority")
        .select(lateness_cents(night.settings))
        .to_series()
        .to_numpy()
    )
