"""Packing orders: which carton(s) for each, and where every item lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from engine.errors import InputError, UsageError
from engine.packing_tables import as_polars, carton_arrays, item_types, packing_products
from solvers.packing.cartons import Objective, Prices
from solvers.packing.items import MAX_UNITS_PER_SET, ItemSets
from solvers.packing.problem import PackingProblem, Rules, Split
from solvers.packing.solution import STATUSES, PackingSolution, Reason
from solvers.packing.solve import pack

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

_OBJECTIVES = {"cost": Objective.COST, "volume": Objective.VOLUME, "cartons": Objective.CARTONS}


@dataclass(frozen=True, slots=True)
class Packing:
    """What packing found, as frames.

    Parameters
    ----------
    parcels
        order_id, parcel_number (from 1), carton_id, status, cost, bound; one row a parcel. The status is the order's; its
        cost is the sum over its parcels, and so is its bound.
    placements
        order_id, parcel_number, item_number (from 1), line_number, sku, x_mm … dz_mm, step. Sizes are those of the item with
        its protection on every side, positions from the carton's inner corner; steps go bottom up from 1.
    unpacked
        order_id, line_number, sku, quantity, reason; one row a line with units in no parcel.
    """

    parcels: pl.DataFrame
    placements: pl.DataFrame
    unpacked: pl.DataFrame


def pack_orders(
    lines: object,
    products: object,
    cartons: object,
    protection: object | None = None,
    objective: Literal["cost", "volume", "cartons"] = "cost",
    support: float = 0.7,
    seconds: float | None = None,
    threads: int = 1,
    seed: int = 0,
) -> Packing:
    """Choose the carton or cartons of every order and place every item in them.

    Parameters
    ----------
    lines
        order_id, line_number, sku, quantity; a Polars or pandas frame. A column `packaging`, where present and not null,
        names the packaging that the order's cartons must carry.
    products, cartons, protection
        The tables of those names. Without `protection` fragile items are not padded.
    objective
        cost: carton and protection cents, several parcels where they cost less than one; volume: fewest parcels, then outer
        volume in cubic millimetres; cartons: fewest parcels.
    support
        Least share of an item's base that rests on the floor or other items; 0 asks for none.
    seconds
        Most time to spend on proving one order; None for a fixed effort, the same on every machine.
    threads
        How many threads share the orders. The result does not depend on it.
    seed
        Start of the random choices.

    Returns
    -------
    Packing
        Parcels, placements and what could not be packed, with the reason; a bad line does not stop the others.

    Raises
    ------
    InputError
        When a table lacks a column, or there are no usable cartons.
    UsageError
        When an option is out of range.
    """
    if objective not in _OBJECTIVES:
        raise UsageError(f"objective must be one of {', '.join(_OBJECTIVES)}; it is {objective!r}.")
    if not 0 <= support <= 1:
        raise UsageError(f"support must lie in 0..1; it is {support}.")
    if threads < 1 or (seconds is not None and seconds <= 0):
        raise UsageError(f"threads must be at least 1 and seconds above 0; they are {threads} and {seconds}.")
    goods = packing_products(products)
    carton_frame, carton_values, packagings = carton_arrays(cartons)
    entries = _judge(_lines(lines), goods, packagings)
    good = entries.filter(pl.col("reason").is_null())
    sets, set_of_order = _distinct_sets(good)
    problem = PackingProblem(
        items=item_types(goods, protection),
        sets=sets,
        cartons=carton_values,
        prices=Prices.without_freight(_OBJECTIVES[objective]),
        rules=Rules(support_share=support, split=Split.WHEN_CHEAPER if objective == "cost" else Split.WHEN_NEEDED),
    )
    solution = pack(problem, threads=threads, seconds=seconds, seed=seed)
    return _frames(entries, good, set_of_order, problem, solution, carton_frame)


def _lines(lines: object) -> pl.DataFrame:
    frame = as_polars(lines, "lines")
    missing = [name for name in ("order_id", "line_number", "sku", "quantity") if name not in frame.columns]
    if missing:
        raise InputError(f"lines lacks the columns {', '.join(missing)}; it has {', '.join(frame.columns) or 'none'}.")
    packaging = pl.col("packaging") if "packaging" in frame.columns else pl.lit(None)
    try:
        return frame.select(
            "order_id",
            "line_number",
            pl.col("sku").cast(pl.String),
            pl.col("quantity").cast(pl.Int64),
            packaging.cast(pl.String).fill_null("").alias("packaging"),
        )
    except pl.exceptions.PolarsError as error:
        raise InputError(f"lines holds a value of the wrong kind: {str(error).splitlines()[0]}") from error


def _judge(lines: pl.DataFrame, goods: pl.DataFrame, packagings: dict[str, int]) -> pl.DataFrame:
    """Add each line's order and item as positions, and the reason why it cannot be packed, null where it can."""
    known = goods.select("sku", "flaw", pl.row_index("type"))
    joined = lines.join(known, on="sku", how="left", maintain_order="left").with_columns(
        pl.col("order_id").rank("dense").cast(pl.Int64).alias("order") - 1,
        pl.col("packaging").replace_strict(packagings, default=-1, return_dtype=pl.Int64).max().over("order_id"),
    )
    reason = (
        pl.when(pl.col("type").is_null())
        .then(pl.lit("unknown_sku"))
        .when(pl.col("quantity").is_null() | (pl.col("quantity") <= 0))
        .then(pl.lit("invalid_quantity"))
        .when(pl.col("packaging") < 0)
        .then(pl.lit("no_carton"))
        .otherwise(pl.col("flaw"))
    )
    judged = joined.with_columns(reason.alias("reason"))
    units = pl.col("quantity").filter(pl.col("reason").is_null()).sum().over("order_id")
    return judged.with_columns(
        pl.when(pl.col("reason").is_null() & (units > MAX_UNITS_PER_SET))
        .then(pl.lit("too_many"))
        .otherwise(pl.col("reason"))
        .alias("reason")
    )


def _distinct_sets(good: pl.DataFrame) -> tuple[ItemSets, pl.DataFrame]:
    """Give each different item set once, and the set of every order."""
    merged = good.group_by("order", "packaging", "type").agg(pl.col("quantity").sum()).sort("order", "type")
    order, item = merged["order"].to_numpy(), merged["type"].to_numpy().astype(np.int64)
    quantity, packaging = merged["quantity"].to_numpy(), merged["packaging"].to_numpy()
    start = np.flatnonzero(np.diff(order, prepend=-1))
    end = np.append(start[1:], order.size)[: start.size]
    rows = np.ascontiguousarray(np.stack([packaging, item, quantity], axis=1))
    seen: dict[bytes, int] = {}
    of_order = [seen.setdefault(rows[a:b].tobytes(), len(seen)) for a, b in zip(start, end, strict=True)]
    every = np.frombuffer(b"".join(seen), dtype=np.int64).reshape(-1, 3)
    size = np.array([len(key) // rows.itemsize // 3 for key in seen], dtype=np.int64)
    set_start = np.r_[0, np.cumsum(size)].astype(np.int64)
    sets = ItemSets(set_start, every[:, 1].copy(), every[:, 2].copy(), packaging=every[set_start[:-1], 0])
    return sets, pl.DataFrame(
        {"order": order[start], "set": np.array(of_order, dtype=np.int64)}, schema={"order": pl.Int64, "set": pl.Int64}
    )


def _frames(
    entries: pl.DataFrame,
    good: pl.DataFrame,
    set_of_order: pl.DataFrame,
    problem: PackingProblem,
    solution: PackingSolution,
    cartons: pl.DataFrame,
) -> Packing:
    """Hand every order the packing of its set, units of one item to its lines in their order."""
    ids = entries.select("order", "order_id").unique("order").sort("order")
    parcels = _parcels(solution, cartons)
    units = (
        good.select("order", "type", "line_number", "sku", pl.int_ranges(0, "quantity").alias("unit"))
        .explode("unit")
        .with_columns((pl.int_range(pl.len()).over("order", "type")).alias("unit"))
    )
    placed = (
        set_of_order.join(_placements(solution), on="set", maintain_order="left_right")
        .with_columns(pl.int_range(pl.len()).over("order", "type").alias("unit"))
        .join(units, on=["order", "type", "unit"], how="left", maintain_order="left")
        .join(ids, on="order", maintain_order="left")
    )
    missed = units.join(placed, on=["order", "type", "unit"], how="anti", maintain_order="left")
    reasons = pl.DataFrame(
        {
            "set": np.searchsorted(problem.sets.set_start, solution.unpacked_entry, side="right") - 1,
            "type": problem.sets.entry_type[solution.unpacked_entry],
            "reason": [Reason(code).name.lower() for code in solution.unpacked_reason],
        },
        schema={"set": pl.Int64, "type": pl.Int64, "reason": pl.String},
    )
    left = (
        missed.group_by("order", "type", "line_number", "sku", maintain_order=True)
        .agg(pl.len().cast(pl.Int64).alias("quantity"))
        .join(set_of_order, on="order")
        .join(reasons, on=["set", "type"], how="left")
        .join(ids, on="order")
    )
    columns = ["order_id", "line_number", "sku", "quantity", "reason"]
    refused = entries.filter(pl.col("reason").is_not_null())
    place = [f"{axis}_mm" for axis in ("x", "y", "z", "dx", "dy", "dz")]
    return Packing(
        parcels=set_of_order.join(parcels, on="set", maintain_order="left_right")
        .join(ids, on="order", maintain_order="left")
        .select("order_id", "parcel_number", "carton_id", "status", "cost", "bound"),
        placements=placed.with_columns(pl.int_range(1, pl.len() + 1).over("order").alias("item_number")).select(
            "order_id", "parcel_number", "item_number", "line_number", "sku", *place, "step"
        ),
        unpacked=pl.concat([refused.select(columns), left.select(columns)]).sort("order_id", "line_number"),
    )


def _numbers_within(parcel_set: Ints) -> Ints:
    """Give each parcel its number within its set, from 1."""
    first = np.flatnonzero(np.diff(parcel_set, prepend=-1))
    many = np.diff(np.append(first, parcel_set.size))[: first.size]
    return np.arange(1, parcel_set.size + 1) - np.repeat(first, many)


def _parcels(solution: PackingSolution, cartons: pl.DataFrame) -> pl.DataFrame:
    of = solution.parcel_set
    running = np.cumsum(solution.parcel_cost)
    before = np.r_[0, np.cumsum(solution.set_cost)][of]
    # The order's bound shared out in proportion to cost, so that the shares add up to it exactly.
    share = (running - before).astype(float) / np.maximum(solution.set_cost[of], 1)
    reached = np.where(share >= 1, solution.set_bound[of], np.floor(share * solution.set_bound[of]).astype(np.int64))
    first = np.diff(of, prepend=-1) != 0
    return pl.DataFrame(
        {
            "set": of,
            "parcel_number": _numbers_within(of),
            "carton_id": cartons["carton_id"].gather(solution.parcel_carton),
            "status": [STATUSES[code].value for code in solution.set_status[of]],
            "cost": solution.parcel_cost,
            "bound": reached - np.where(first, 0, np.r_[0, reached[:-1]][: of.size]),
        },
        schema_overrides={"status": pl.String, "carton_id": pl.String},
    )


def _placements(solution: PackingSolution) -> pl.DataFrame:
    of = solution.placement_parcel
    numbers = _numbers_within(solution.parcel_set)
    position, size = solution.position_mm.astype(np.int64), solution.size_mm.astype(np.int64)
    return pl.DataFrame(
        {
            "set": solution.parcel_set[of],
            "parcel_number": numbers[of],
            "type": solution.placement_type,
            **{f"{axis}_mm": position[:, k] for k, axis in enumerate("xyz")},
            **{f"d{axis}_mm": size[:, k] for k, axis in enumerate("xyz")},
            "step": solution.placement_step + 1,
        }
    )
