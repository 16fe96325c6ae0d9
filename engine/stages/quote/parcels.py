"""Parcels: every distinct item set packed once, by the price a parcel of its size and weight typically has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.config import Settings
from engine.inputs import Inputs
from engine.packing.tables import carton_arrays, item_types, packing_products
from engine.stages.quote.item_sets import ItemSets
from solvers.packing.cartons import Objective, Prices
from solvers.packing.items import ItemSets as PackingSets
from solvers.packing.items import ItemTypes
from solvers.packing.problem import PackingProblem, Rules
from solvers.packing.solution import STATUSES, PackingSolution, Reason
from solvers.packing.solve import pack
from solvers.tariff import Tariff

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PackedSets:
    """The packing of every distinct item set.

    Parameters
    ----------
    set_start
        Parcels of each item set: `set_start[i]:set_start[i + 1]`; none where not all of it could be packed.
    set_reason
        Why an item set could not be packed, a `Reason`; 0 where it could.
    parcels
        parcel, carton_id, outer_length_mm, outer_width_mm, outer_height_mm, weight_g, carton_cents, protection_cents,
        units, hazard_class, packing_status.
    placements
        parcel, sku, mark (of what had to share its parcel; 0 for none), x_mm … dz_mm, step (from 1); protection included.
    """

    set_start: Ints
    set_reason: Ints
    parcels: pl.DataFrame
    placements: pl.DataFrame

    def joined(self, other: Self) -> Self:
        """Give these item sets and others as one; the others' sets and parcels are counted on."""
        shift = pl.col("parcel") + self.parcels.height
        return type(self)(
            np.concatenate([self.set_start, other.set_start[1:] + self.set_start[-1]]),
            np.concatenate([self.set_reason, other.set_reason]),
            pl.concat([self.parcels, other.parcels.with_columns(shift)]),
            pl.concat([self.placements, other.placements.with_columns(shift)]),
        )


def pack_sets(
    sets: ItemSets, packagings: list[str | None], inputs: Inputs, tariff: Tariff, settings: Settings
) -> PackedSets:
    """Pack every item set.

    Parameters
    ----------
    sets
        Distinct contents; SKUs are positions in the products table.
    packagings
        The name behind each packaging code of `sets`; None at 0.
    inputs
        Tables products, cartons and protection.
    tariff
        Tonight's tariff, from which the typical price of a parcel is taken.
    settings
        Section `packing` and the number of threads.
    """
    goods = packing_products(inputs.products)
    items = item_types(goods, inputs.protection)
    cartons, carton_values, codes = carton_arrays(inputs.cartons)
    unknown = max(codes.values()) + 1
    code_of = np.array([0 if name is None else codes.get(name, unknown) for name in packagings], np.int64)
    problem = PackingProblem(
        items=items,
        sets=PackingSets(
            sets.start, sets.sku, sets.quantity, packaging=code_of[sets.packaging], together=sets.together
        ),
        cartons=carton_values,
        prices=typical_prices(tariff),
        rules=Rules(settings.packing.support_share, settings.packing.centred_from_g),
    )
    solution = pack(
        problem, threads=settings.night.threads, tries=settings.packing.tries, node_limit=settings.packing.node_limit
    )
    return _packed(sets, solution, items, goods, cartons)


def typical_prices(tariff: Tariff) -> Prices:
    """Give one freight table that stands for all lanes: at each weight the median over zones of the cheapest service.

    Packing chooses between cartons by it; the parcel is then rated on its own lane.
    """
    breaks = np.unique(tariff.rate_up_to_g)
    if not len(breaks):
        return Prices.without_freight(Objective.COST)
    zones = np.unique(tariff.zone)
    cheapest = np.full((len(zones), len(breaks)), np.inf)
    for group in range(tariff.num_rate_groups):
        rows = slice(tariff.rate_start[group], tariff.rate_start[group + 1])
        at = np.searchsorted(tariff.rate_up_to_g[rows], breaks)
        carried = at < rows.stop - rows.start
        prices = tariff.rate_price_cents[rows][at[carried]]
        row = cheapest[np.searchsorted(zones, tariff.zone[group])]
        row[carried] = np.minimum(row[carried], prices)
    median = np.array([np.median(column[np.isfinite(column)]) for column in cheapest.T])
    one = np.ones(1, np.int64)
    divisors = tariff.dim_divisor_cm3_per_kg[tariff.dim_divisor_cm3_per_kg > 0]
    return Prices(
        Objective.COST,
        np.array([0, len(breaks)]),
        breaks,
        np.maximum.accumulate(np.round(median)).astype(np.int64),
        one * int(np.median(divisors) if len(divisors) else 0),
        one * int(np.median(tariff.dim_from_cm3)),
        one * int(tariff.weight_step_g.min()),
    )


def _packed(
    sets: ItemSets, solution: PackingSolution, items: ItemTypes, goods: pl.DataFrame, cartons: pl.DataFrame
) -> PackedSets:
    num_sets = len(sets.start) - 1
    reason = np.zeros(num_sets, np.int64)
    set_of_entry = np.repeat(np.arange(num_sets), np.diff(sets.start))
    reason[set_of_entry[solution.unpacked_entry]] = solution.unpacked_reason
    keep = reason[solution.parcel_set] == 0
    number = np.cumsum(keep) - 1
    counts = np.bincount(solution.parcel_set[keep], minlength=num_sets)
    placed = keep[solution.placement_parcel]
    parcel_of_unit = number[solution.placement_parcel[placed]]
    type_of_unit = solution.placement_type[placed]
    num_parcels = int(keep.sum())
    hazard = np.zeros(num_parcels, np.int64)
    np.maximum.at(hazard, parcel_of_unit, items.hazard_class[type_of_unit])
    protection = np.zeros(num_parcels, np.int64)
    np.add.at(protection, parcel_of_unit, items.protection_cents[type_of_unit])
    carton = cartons.select("carton_id", "cost_cents")[solution.parcel_carton[keep]]
    parcels = pl.DataFrame(
        {
            "parcel": np.arange(num_parcels, dtype=np.int64),
            "carton_id": carton["carton_id"],
            "outer_length_mm": solution.billed_length_mm[keep],
            "outer_width_mm": solution.billed_width_mm[keep],
            "outer_height_mm": solution.billed_height_mm[keep],
            "weight_g": solution.parcel_weight_g[keep],
            "carton_cents": carton["cost_cents"],
            "protection_cents": protection,
            "units": np.bincount(parcel_of_unit, minlength=num_parcels).astype(np.int64),
            "hazard_class": hazard,
            "packing_status": np.array([str(s) for s in STATUSES])[solution.set_status[solution.parcel_set[keep]]],
        }
    )
    return PackedSets(
        np.concatenate(([0], np.cumsum(counts))),
        reason,
        parcels,
        _placements(sets, solution, placed, parcel_of_unit, goods),
    )


def _placements(
    sets: ItemSets, solution: PackingSolution, placed: npt.NDArray[np.bool_], parcel: Ints, goods: pl.DataFrame
) -> pl.DataFrame:
    position, size = solution.position_mm[placed], solution.size_mm[placed]
    return pl.DataFrame(
        {
            "parcel": parcel,
            "sku": goods["sku"].gather(solution.placement_type[placed]),
            "mark": sets.together[solution.placement_entry[placed]],
            **{f"{axis}_mm": position[:, at].astype(np.int64) for at, axis in enumerate("xyz")},
            **{f"d{axis}_mm": size[:, at].astype(np.int64) for at, axis in enumerate("xyz")},
            "step": solution.placement_step[placed].astype(np.int64) + 1,
        }
    )


def why_unpackable(reason: int) -> str:
    """Say in words why packing left something out."""
    return {
        Reason.TOO_LARGE: "goes into no carton",
        Reason.TOO_HEAVY: "is too heavy for every carton or service",
        Reason.TOO_MANY: "has more units than can be packed as one; divide the line",
        Reason.NO_CARTON: "asks for a packaging that no carton carries",
        Reason.NOT_TOGETHER: "must stay together and goes into no carton",
        Reason.OUT_OF_CARTONS: "finds no carton in stock",
    }[Reason(reason)]
