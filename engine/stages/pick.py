"""Pick: waves before the carriers' cut-offs, lists within the cart, each list in walking order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from engine.config import Pick, Settings
from engine.contracts.floor import PICK_LISTS, PICK_STOPS
from solvers.outcome import Outcome
from solvers.picking import Block, Cart, PickingProblem, PickingSolution, batch_and_route

_WAVE: Final = ("warehouse_id", "dispatch_at", "carrier")
_PLACE: Final = ("aisle", "position", "side", "level")
_MOVES_PER_WAVE: Final = 2_000
"""On top of the moves for each shipment, so that small waves are searched well too."""


@dataclass(frozen=True)
class PickPlan:
    """What pickers do in the morning.

    Parameters
    ----------
    pick_lists
        One walk of one picker a row.
    pick_stops
        What to take where for which parcel, in walking order, sorted into the totes of the cart while picking.
    outcomes
        For each wave its total walk in millimetres and a lower bound on it.
    """

    pick_lists: pl.DataFrame
    pick_stops: pl.DataFrame
    outcomes: dict[str, Outcome]

    def tables(self) -> dict[str, pl.DataFrame]:
        """Give what is published of it, by table."""
        return {"pick_lists": self.pick_lists, "pick_stops": self.pick_stops}


def pick(
    shipments: pl.DataFrame,
    shipment_lines: pl.DataFrame,
    locations: pl.DataFrame,
    warehouses: pl.DataFrame,
    settings: Settings,
) -> PickPlan:
    """Turn parcels into pick lists.

    What leaves one warehouse at one time with one carrier is a wave. A wave is cut into lists that fit a cart so that
    the pickers walk little, and each list is put in the order of its shortest walk. An article without a location on
    file is a stop at the end of its list.

    Parameters
    ----------
    shipments
        `shipment_id`, `warehouse_id`, `carrier`, `dispatch_at`.
    shipment_lines
        `shipment_id`, `line_number`, `sku`, `quantity`.
    locations, warehouses
        The input tables of that name.
    settings
        Cart, layout, seed and threads.
    """
    lines = _lines_in_waves(shipments, shipment_lines, locations)
    if lines.is_empty():
        return PickPlan(PICK_LISTS.empty(), PICK_STOPS.empty(), {})
    waves = _waves(lines, warehouses)
    blocks = _blocks(locations, settings.pick)
    problems = [
        _problem(lines.slice(first, count), blocks.get(warehouse), settings.pick)
        for first, count, warehouse in waves.select("first", "lines", "warehouse_id").iter_rows()
    ]
    solutions = _solve(problems, settings)
    lists, stops = _tables(lines, waves, problems, solutions)
    outcomes = {wave: solution.outcome for wave, solution in zip(waves["wave_id"], solutions, strict=True)}
    return PickPlan(lists, stops, outcomes)


def _lines_in_waves(shipments: pl.DataFrame, shipment_lines: pl.DataFrame, locations: pl.DataFrame) -> pl.DataFrame:
    return (
        shipment_lines.select("shipment_id", "line_number", "sku", "quantity")
        .join(shipments.select("shipment_id", *_WAVE), on="shipment_id", how="inner", validate="m:1")
        .join(locations.select("warehouse_id", "sku", *_PLACE), on=["warehouse_id", "sku"], how="left", validate="m:1")
        .sort(*_WAVE, "shipment_id", "line_number")
        .with_columns(wave=pl.struct(_WAVE).rle_id().cast(pl.Int64))
    )


def _waves(lines: pl.DataFrame, warehouses: pl.DataFrame) -> pl.DataFrame:
    """Give each wave, named by warehouse, local time of the hand-over and carrier, and where its lines stand."""
    zone_of = dict(warehouses.select("warehouse_id", "timezone").iter_rows())

    def name(wave: dict[str, object]) -> str:
        dispatch_at = wave["dispatch_at"]
        assert isinstance(dispatch_at, datetime)
        local = dispatch_at.astimezone(ZoneInfo(zone_of.get(wave["warehouse_id"], "UTC")))
        return f"{wave['warehouse_id']}/{local.isoformat(timespec='minutes')}/{wave['carrier']}"

    waves = lines.group_by("wave", *_WAVE, maintain_order=True).agg(lines=pl.len().cast(pl.Int64))
    return waves.with_columns(
        first=pl.col("lines").cum_sum() - pl.col("lines"),
        wave_id=pl.Series([name(wave) for wave in waves.iter_rows(named=True)], dtype=pl.String),
    )


def _blocks(locations: pl.DataFrame, layout: Pick) -> dict[str, Block]:
    extents = locations.group_by("warehouse_id").agg(pl.col("aisle").max(), pl.col("position").max())
    return {
        warehouse: _block(aisles, positions, layout)
        for warehouse, aisles, positions in extents.select("warehouse_id", "aisle", "position").iter_rows()
    }


def _block(num_aisles: int, num_positions: int, layout: Pick) -> Block:
    return Block(
        num_aisles=num_aisles,
        num_positions=num_positions,
        aisle_pitch_mm=layout.aisle_pitch_mm,
        position_pitch_mm=layout.position_pitch_mm,
        front_to_first_mm=layout.cross_aisle_mm,
        back_to_last_mm=layout.cross_aisle_mm,
        depot_aisle=min(layout.depot_aisle, num_aisles) - 1,
    )


def _problem(lines: pl.DataFrame, block: Block | None, limits: Pick) -> PickingProblem:
    has_place = lines["aisle"].is_not_null()
    shipment = lines["shipment_id"].rle_id().to_numpy().astype(np.int64)
    num_shipments = int(shipment[-1]) + 1
    units = np.zeros(num_shipments, np.int64)
    np.add.at(units, shipment, lines["quantity"].to_numpy())
    stops = np.bincount(shipment[has_place.to_numpy()], minlength=num_shipments)
    placed = lines.filter(has_place)
    return PickingProblem(
        block=block or _block(1, 1, limits),
        cart=Cart(max_shipments=limits.max_shipments_per_list, max_units=limits.max_units_per_list),
        stop_start=np.concatenate(([0], np.cumsum(stops))),
        stop_aisle=placed["aisle"].to_numpy() - 1,
        stop_position=placed["position"].to_numpy() - 1,
        units=units,
        volume_cm3=np.zeros(num_shipments, np.int64),
    )


def _solve(problems: list[PickingProblem], settings: Settings) -> list[PickingSolution]:
    """Solve the waves side by side; each is solved alone, so the number of threads does not show."""

    def solve(problem: PickingProblem) -> PickingSolution:
        moves = _MOVES_PER_WAVE + settings.pick.moves_per_shipment * problem.num_shipments
        return batch_and_route(problem, moves=moves, seed=settings.night.seed)

    with ThreadPoolExecutor(settings.night.threads) as pool:
        return list(pool.map(solve, problems))


def _tables(
    lines: pl.DataFrame, waves: pl.DataFrame, problems: list[PickingProblem], solutions: list[PickingSolution]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    num_stops = sum(problem.stop_aisle.size for problem in problems)
    visit = np.full(lines.height, num_stops, np.int64)
    visit[lines["aisle"].is_not_null().to_numpy()] = np.concatenate([one.visit_of for one in solutions])
    of_shipment = np.concatenate([one.list_of for one in solutions])
    shipment = lines.select(pl.struct("wave", "shipment_id").rle_id()).to_series().to_numpy()
    routed = lines.join(waves.select("wave", "wave_id"), on="wave", how="left", maintain_order="left").with_columns(
        list_number=pl.Series(of_shipment[shipment] + 1),
        visit=pl.Series(visit),
        # Places on file are told apart by where they are, articles without a place by what they are.
        article=pl.when(pl.col("aisle").is_null()).then("sku"),
    )
    stops = _number_stops(routed)
    walks = pl.DataFrame(
        {
            "wave": np.repeat(np.arange(len(solutions)), [one.num_lists for one in solutions]),
            "list_number": np.concatenate([np.arange(1, one.num_lists + 1) for one in solutions]),
            "walk_mm": np.concatenate([one.walk_mm for one in solutions]),
        }
    )
    lists = (
        stops.group_by("wave", "list_number", "pick_list_id", "wave_id", "warehouse_id", "dispatch_at")
        .agg(
            shipments=pl.col("shipment_id").n_unique().cast(pl.Int64),
            units=pl.col("quantity").sum(),
            stops=pl.col("stop_number").max(),
        )
        .join(walks, on=["wave", "list_number"], how="left", validate="1:1")
        .rename({"dispatch_at": "pick_by"})
        .sort("wave", "list_number")
    )
    return lists.select(*PICK_LISTS.schema).cast(PICK_LISTS.schema), stops.select(*PICK_STOPS.schema).cast(
        PICK_STOPS.schema
    )


def _number_stops(routed: pl.DataFrame) -> pl.DataFrame:
    """Count stops along each walk, and the totes of each cart in the order in which they are first used."""
    one_list = ("wave", "list_number")
    in_order = routed.sort(*one_list, "visit", "side", "level", "article", "shipment_id", "line_number").with_columns(
        pick_list_id=pl.format("{}/{}", "wave_id", pl.col("list_number").cast(pl.String).str.zfill(3)),
        place=pl.struct(*one_list, "visit", "side", "level", "article").rle_id().cast(pl.Int64),
    )
    totes = in_order.unique(["shipment_id"], keep="first", maintain_order=True).select(
        "shipment_id", tote=pl.col("shipment_id").cum_count().over(one_list).cast(pl.Int64)
    )
    return in_order.with_columns(stop_number=pl.col("place") - pl.col("place").min().over(one_list) + 1).join(
        totes, on="shipment_id", how="left", validate="m:1", maintain_order="left"
    )
