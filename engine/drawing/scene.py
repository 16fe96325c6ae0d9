"""What is drawn: parcels with their items, told as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl


@dataclass(frozen=True, slots=True)
class DrawnItem:
    """One item where it lies.

    Parameters
    ----------
    step
        Its turn in the packing order, from 1.
    name
        What it is called.
    line
        The order line it belongs to, None where there is none.
    at, extent
        Low corner and extent in millimetres along the length, width and height of the carton, protection included.
    size
        Length, width and height of the bare item in millimetres.
    weight_g
        Its weight, None where it is not known.
    padding_mm
        Protection on each side.
    fragility, hazard
        The words of the product table; empty for none.
    """

    step: int
    name: str
    line: str | None
    at: tuple[int, int, int]
    extent: tuple[int, int, int]
    size: tuple[int, int, int]
    weight_g: int | None = None
    padding_mm: int = 0
    fragility: str = ""
    hazard: str = ""


@dataclass(frozen=True, slots=True)
class DrawnParcel:
    """One carton, container or bin with its items.

    Parameters
    ----------
    name
        What it is called.
    facts
        What is said of it below its name.
    room
        Its inner length, width and height in millimetres; for what takes its shape the extent of its contents.
    is_soft
        Whether it takes the shape of its contents.
    items
        What lies in it.
    """

    name: str
    facts: tuple[str, ...]
    room: tuple[int, int, int]
    is_soft: bool
    items: tuple[DrawnItem, ...]

    def as_dict(self) -> dict[str, Any]:
        """Give it as plain values, named as the page reads them."""
        given = asdict(self)
        return {"isSoft": given.pop("is_soft"), **given}


def drawn_items(placements: pl.DataFrame, goods: pl.DataFrame, key: str) -> tuple[DrawnItem, ...]:
    """Tell placements as drawn items.

    Parameters
    ----------
    placements
        Column `key`, x_mm … dz_mm, step, and line_number where there are lines.
    goods
        Column `key`, length_mm, width_mm, height_mm, and weight_g, fragility, hazard_class where they are known.
    key
        What names an item in both.
    """
    known = placements.join(goods, on=key, how="left", maintain_order="left")
    items = []
    for row in known.iter_rows(named=True):
        size = (row["length_mm"], row["width_mm"], row["height_mm"])
        extent = (row["dx_mm"], row["dy_mm"], row["dz_mm"])
        fragility = row.get("fragility") or "none"
        line = row.get("line_number")
        items.append(
            DrawnItem(
                step=row["step"],
                name=str(row[key]),
                line=None if line is None else str(line),
                at=(row["x_mm"], row["y_mm"], row["z_mm"]),
                extent=extent,
                size=size,
                weight_g=row.get("weight_g"),
                padding_mm=(min(extent) - min(size)) // 2,
                fragility="" if fragility == "none" else fragility,
                hazard=row.get("hazard_class") or "",
            )
        )
    return tuple(items)


def drawn_parcel(
    name: str, facts: Sequence[str], room: tuple[int, int, int], items: tuple[DrawnItem, ...], *, is_soft: bool = False
) -> DrawnParcel:
    """Tell one carton with its items, its contents and how much of it they fill.

    Parameters
    ----------
    name, facts, room, items
        As in `DrawnParcel`; facts on contents are added.
    is_soft
        Whether it takes the shape of its contents, which then are the room.
    """
    if is_soft:
        extent = [max((i.at[axis] + i.extent[axis] for i in items), default=1) for axis in range(3)]
        room = (extent[0], extent[1], extent[2])
    filled = sum(i.extent[0] * i.extent[1] * i.extent[2] for i in items) / (room[0] * room[1] * room[2])
    weights = [i.weight_g for i in items]
    weight = "" if any(w is None for w in weights) else f"contents {sum(w for w in weights if w) / 1000:.2f} kg"
    count = "1 item" if len(items) == 1 else f"{len(items)} items"
    told = (*facts, count, f"{100 * filled:.1f} % of the room", weight)
    return DrawnParcel(name, tuple(fact for fact in told if fact), room, is_soft, items)
