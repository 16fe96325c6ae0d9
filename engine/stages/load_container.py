"""Loading one container, and packing into as few equal bins as possible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from engine.drawing import Drawing
from engine.drawing.drawing import draw_bins, draw_load
from engine.errors import InputError, UsageError
from engine.packing.tables import as_flag, as_polars
from solvers.packing.bins.solve import solve_bins
from solvers.packing.container.problem import MAX_EDGE_MM, ContainerProblem
from solvers.packing.container.solve import solve_container

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

_EDGES: Final = ("length_mm", "width_mm", "height_mm")
_VERTICAL: Final = ("length_vertical", "width_vertical", "height_vertical")
_MAX_QUANTITY: Final = 1 << 53
_MAX_PLACED: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class ContainerLoad:
    """A loaded container.

    Parameters
    ----------
    volume_share
        Share of the container's volume that the loaded items take.
    bound
        No loading takes a larger share.
    status
        OPTIMAL when no better loading exists, FEASIBLE when one may.
    placements
        item_id, x_mm, y_mm, z_mm (low corner along length, width, height), dx_mm, dy_mm, dz_mm (extent), step: from 1, in an
        order in which the items can be loaded, what lies below or deeper first.
    unloaded
        item_id, quantity, reason {too_large, no_room}; one row an item type that is not loaded whole.
    items, container_mm
        What was to be loaded, and into what.
    """

    volume_share: float
    bound: float
    status: str
    placements: pl.DataFrame
    unloaded: pl.DataFrame
    items: pl.DataFrame
    container_mm: tuple[int, int, int]

    def draw(self) -> Drawing:
        """Draw the loaded container.

        Raises
        ------
        UsageError
            When nothing was loaded.
        """
        return draw_load(self)


@dataclass(frozen=True, slots=True)
class BinPacking:
    """Items packed into equal bins.

    Parameters
    ----------
    num_bins
        How many bins are used.
    bound
        The items do not fit into fewer bins than this.
    status
        OPTIMAL when no packing into fewer bins exists, FEASIBLE when one may.
    placements
        bin_number (from 1), then as in `ContainerLoad`; steps begin at 1 in each bin.
    unpacked
        item_id, quantity, reason {too_large}; item types that fit no bin whichever way they are turned.
    items, container_mm
        What was to be packed, and the bin.
    """

    num_bins: int
    bound: int
    status: str
    placements: pl.DataFrame
    unpacked: pl.DataFrame
    items: pl.DataFrame
    container_mm: tuple[int, int, int]

    def draw(self) -> Drawing:
        """Draw the bins.

        Raises
        ------
        UsageError
            When nothing was packed.
        """
        return draw_bins(self)


def load_container(
    items: object,
    container: Sequence[int],
    support: float = 0.0,
    seconds: float | None = 1.0,
    threads: int = 1,
    seed: int = 0,
) -> ContainerLoad:
    """Load as much volume as possible into one container.

    Parameters
    ----------
    items
        item_id, length_mm, width_mm, height_mm, quantity, and length_vertical, width_vertical, height_vertical: whether that
        edge may stand vertical, true where absent or null. A Polars or pandas frame.
    container
        Inner length, width and height in millimetres.
    support
        Least share of an item's base that rests on the floor or on other items; 0 asks for none. Above 0 the whole base of
        every item is supported.
    seconds
        Most time; None for a fixed effort, whose result is the same on every machine.
    threads
        How many threads search.
    seed
        Start of the random choices.

    Returns
    -------
    ContainerLoad
        The loading; items that fit no way round are listed as unloaded.

    Raises
    ------
    InputError
        When a column is missing or an item has an impossible size or quantity; it names the item.
    UsageError
        When the container or an option is out of range.
    """
    frame, problem = _problem(items, container, support, seconds, threads)
    solution = solve_container(problem, seconds=seconds, threads=threads, seed=seed)
    placements = _placements(frame, solution.item_type, solution.position_mm, solution.size_mm)
    loaded = np.bincount(solution.item_type, minlength=problem.num_types)
    assert problem.quantity is not None
    return ContainerLoad(
        volume_share=solution.loaded_mm3 / problem.volume_mm3,
        bound=solution.bound_mm3 / problem.volume_mm3,
        status=str(solution.outcome.status),
        placements=placements.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("step")),
        unloaded=_left_over(frame, problem.quantity - loaded, _too_large(problem)),
        items=frame,
        container_mm=problem.container_mm,
    )


def pack_bins(
    items: object,
    container: Sequence[int],
    support: float = 0.0,
    seconds: float | None = 5.0,
    threads: int = 1,
    seed: int = 0,
) -> BinPacking:
    """Pack all items into as few equal bins as possible.

    Parameters
    ----------
    items, container, support, seconds, threads, seed
        As in `load_container`; the container is the bin.

    Returns
    -------
    BinPacking
        The packing; items that fit no bin are listed as unpacked.

    Raises
    ------
    InputError
        When a column is missing, an item has an impossible size or quantity, or there are too many items to place one by one.
    UsageError
        When the container or an option is out of range.
    """
    frame, problem = _problem(items, container, support, seconds, threads)
    assert problem.quantity is not None
    large = _too_large(problem)
    to_place = int(problem.quantity[~large].sum())
    if to_place > _MAX_PLACED:
        raise InputError(
            f"items holds {to_place} items to place; pack_bins takes at most {_MAX_PLACED}. Pack them in parts."
        )
    solution = solve_bins(problem, seconds=seconds, threads=threads, seed=seed)
    placements = _placements(frame, solution.item_type, solution.position_mm, solution.size_mm)
    number = pl.Series("bin_number", solution.bin_number + 1, dtype=pl.Int64)
    step = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("bin_number").alias("step")
    return BinPacking(
        num_bins=solution.num_bins,
        bound=solution.outcome.bound or 0,
        status=str(solution.outcome.status),
        placements=placements.insert_column(0, number).with_columns(step),
        unpacked=_left_over(frame, solution.unpacked, large),
        items=frame,
        container_mm=problem.container_mm,
    )


def _problem(
    items: object, container: Sequence[int], support: float, seconds: float | None, threads: int
) -> tuple[pl.DataFrame, ContainerProblem]:
    if not 0 <= support <= 1:
        raise UsageError(f"support must lie in 0..1; it is {support}.")
    if threads < 1 or (seconds is not None and not seconds > 0):
        raise UsageError(f"threads must be at least 1 and seconds above 0; they are {threads} and {seconds}.")
    edges = _edges(container)
    frame = _checked(as_polars(items, "items"))
    problem = ContainerProblem(
        container_mm=edges,
        edge_mm=frame.select(_EDGES).to_numpy().astype(np.int64),
        quantity=frame["quantity"].to_numpy().astype(np.int64),
        vertical=frame.select(_VERTICAL).to_numpy().astype(np.bool_),
        support_share=support,
    )
    return frame, problem


def _edges(container: Sequence[int]) -> tuple[int, int, int]:
    """Give the edges of the container as whole numbers."""
    try:
        length, width, height = (int(edge) for edge in container)
        if (length, width, height) == tuple(container) and all(1 <= e <= MAX_EDGE_MM for e in (length, width, height)):
            return length, width, height
    except (TypeError, ValueError):
        pass
    raise UsageError(
        f"container must be length, width and height, each a whole number in 1..{MAX_EDGE_MM} millimetres; it is {container!r}."
    )


def _checked(given: pl.DataFrame) -> pl.DataFrame:
    """Give the columns in their types; refuse rows that describe no possible item."""
    missing = [name for name in ("item_id", *_EDGES, "quantity") if name not in given.columns]
    if missing:
        raise InputError(f"items lacks the columns {', '.join(missing)}; it has {', '.join(given.columns) or 'none'}.")
    numbers = [pl.col(name).cast(pl.Float64) for name in (*_EDGES, "quantity")]
    try:
        frame = given.select(pl.col("item_id"), *numbers, *(_flag(given, name) for name in _VERTICAL))
    except pl.exceptions.PolarsError as error:
        raise InputError(f"items holds a value of the wrong kind: {str(error).splitlines()[0]}") from error
    if frame["item_id"].is_null().any() or frame["item_id"].is_duplicated().any():
        raise InputError(
            "item_id must be given and name each item once; put equal items into one row with their quantity."
        )
    for name in (*_EDGES, "quantity"):
        low, high = (0, _MAX_QUANTITY) if name == "quantity" else (1, MAX_EDGE_MM)
        _refuse(frame, name, low, high)
    unturnable = frame.filter(~pl.any_horizontal(_VERTICAL))
    if not unturnable.is_empty():
        raise InputError(f"item {unturnable['item_id'][0]!r} allows no edge to stand vertical; allow at least one.")
    return frame.with_columns(pl.col(name).cast(pl.Int64) for name in (*_EDGES, "quantity"))


def _flag(given: pl.DataFrame, name: str) -> pl.Series:
    """Give a column of yes and no, yes where it says nothing; refuse by name what is neither."""
    if name not in given.columns:
        return pl.repeat(value=True, n=given.height, dtype=pl.Boolean, eager=True).alias(name)
    flag = given.select(as_flag(pl.col(name), given.schema[name]))[name]
    bad = given.filter(given[name].is_not_null() & flag.is_null())
    if not bad.is_empty():
        raise InputError(
            f"the {name} of item {bad['item_id'][0]!r} is {bad[name][0]!r}; it must be true or false ({bad.height} such in all)."
        )
    return flag.fill_null(value=True)


def _refuse(frame: pl.DataFrame, name: str, low: int, high: int) -> None:
    value = pl.col(name)
    good = (value.is_between(low, high) & (value == value.floor())).fill_null(value=False)
    bad = frame.filter(~good)
    if bad.is_empty():
        return
    shown = bad[name][0]
    text = "missing" if shown is None else f"{shown:g}"
    raise InputError(
        f"the {name} of item {bad['item_id'][0]!r} is {text}; it must be a whole number in {low}..{high} "
        f"({bad.height} such in all)."
    )


def _too_large(problem: ContainerProblem) -> npt.NDArray[np.bool_]:
    large = np.ones(problem.num_types, np.bool_)
    large[problem.oriented()[1]] = False
    return large


def _placements(frame: pl.DataFrame, item_type: Ints, position_mm: Ints, size_mm: Ints) -> pl.DataFrame:
    columns: dict[str, object] = {"item_id": frame["item_id"].gather(item_type)}
    for axis, name in enumerate("xyz"):
        columns[f"{name}_mm"] = position_mm[:, axis]
    for axis, name in enumerate("xyz"):
        columns[f"d{name}_mm"] = size_mm[:, axis]
    return pl.DataFrame(columns)


def _left_over(frame: pl.DataFrame, quantity: Ints, large: npt.NDArray[np.bool_]) -> pl.DataFrame:
    reason = np.where(large, "too_large", "no_room").astype(object)
    table = pl.DataFrame(
        {"item_id": frame["item_id"], "quantity": quantity, "reason": pl.Series(reason, dtype=pl.String)}
    )
    return table.filter(pl.col("quantity") > 0)
