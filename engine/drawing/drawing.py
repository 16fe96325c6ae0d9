"""Drawing what was packed: the result of a packing function, or an order of a published run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from engine.drawing.drawable import Bins, Load, Night, PackedOrders
from engine.drawing.page import page
from engine.drawing.scene import DrawnParcel, drawn_items, drawn_parcel
from engine.errors import UsageError

_INNER = ("inner_length_mm", "inner_width_mm", "inner_height_mm")


@dataclass(frozen=True, slots=True)
class Drawing:
    """Parcels to turn, zoom and step through, in one page that needs no network.

    A notebook shows it as the value of a cell.

    Parameters
    ----------
    title, note
        What stands at its head.
    parcels
        What can be looked at.
    """

    title: str
    note: str
    parcels: tuple[DrawnParcel, ...]

    @property
    def html(self) -> str:
        """The page."""
        return page(self.title, self.note, self.parcels)

    def save(self, path: str | Path) -> Path:
        """Write the page to a file and give its path."""
        path = Path(path)
        path.write_text(self.html, encoding="utf-8")
        return path

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{escape(self.html)}" sandbox="allow-scripts" title="{escape(self.title)}" '
            'style="width: 100%; height: 36rem; border: 1px solid #8a97a6"></iframe>'
        )


class Drawable(Protocol):
    """What can draw itself; a run and a packing draw the order that is named."""

    @property
    def draw(self) -> Callable[..., Drawing]:
        """Draw what was packed."""


def draw(result: Drawable, order_id: object = None) -> Drawing:
    """Draw what was packed.

    Parameters
    ----------
    result
        What `pack_orders`, `load_container` or `pack_bins` gave, or a run.
    order_id
        The order to draw; needed for a run, and for a packing to see one order only.

    Raises
    ------
    UsageError
        When there is nothing to draw: no such order, or nothing in any parcel.
    """
    return result.draw() if order_id is None else result.draw(order_id)


def draw_packing(packing: PackedOrders, order_id: object = None) -> Drawing:
    """Draw the parcels of a packing, or of one of its orders."""
    parcels = packing.parcels
    if order_id is not None:
        parcels = parcels.filter(pl.col("order_id") == order_id)
    if parcels.is_empty():
        raise UsageError("nothing was packed." if order_id is None else f"order {order_id!r} is in no parcel.")
    keys = ["order_id", "parcel_number"]
    contents = _by_key(packing.placements, keys)
    cartons = {row["carton_id"]: row for row in packing.cartons.iter_rows(named=True)}
    drawn = []
    for row in parcels.iter_rows(named=True):
        items = drawn_items(contents[row["order_id"], row["parcel_number"]], packing.products, "sku")
        name = f"{row['order_id']}, parcel {row['parcel_number']}"
        drawn.append(_in_carton(name, cartons[row["carton_id"]], items, (str(row["status"]).lower(),)))
    orders = parcels["order_id"].n_unique()
    title = f"Order {parcels['order_id'][0]}" if orders == 1 else f"{orders} orders"
    return Drawing(title, _count(len(drawn), "parcel"), tuple(drawn))


def draw_load(load: Load) -> Drawing:
    """Draw a loaded container."""
    if load.placements.is_empty():
        raise UsageError("nothing was loaded.")
    items = drawn_items(load.placements, load.items, "item_id")
    parcel = drawn_parcel("Container", (_size(load.container_mm),), load.container_mm, items)
    note = f"{100 * load.volume_share:.2f} % of its volume, at most {100 * load.bound:.2f} %"
    return Drawing("Container", note, (parcel,))


def draw_bins(bins: Bins) -> Drawing:
    """Draw packed bins."""
    if bins.placements.is_empty():
        raise UsageError("nothing was packed.")
    contents = _by_key(bins.placements, ["bin_number"])
    drawn = tuple(
        drawn_parcel(
            f"Bin {number}",
            (_size(bins.container_mm),),
            bins.container_mm,
            drawn_items(contents[(number,)], bins.items, "item_id"),
        )
        for number in range(1, bins.num_bins + 1)
    )
    return Drawing(_count(bins.num_bins, "bin"), f"at least {bins.bound} are needed", drawn)


def draw_order(run: Night, order_id: str | None) -> Drawing:
    """Draw the parcels of an order of a published run.

    Raises
    ------
    UsageError
        When no order is named, or no parcel of it leaves that night.
    """
    if order_id is None:
        raise UsageError("name the order of the run to draw, such as run.shipments['order_id'][0].")
    shipments = run.shipments.filter(pl.col("order_id") == order_id).sort("shipment_id")
    if shipments.is_empty():
        raise UsageError(f"no parcel of order {order_id!r} leaves in run {run.run_id}. See: ordermill explain")
    placements = run.placements.filter(pl.col("shipment_id").is_in(shipments["shipment_id"].to_list()))
    contents = _by_key(placements, ["shipment_id"])
    cartons = {row["carton_id"]: row for row in run.inputs.cartons.iter_rows(named=True)}
    drawn = []
    for row in shipments.iter_rows(named=True):
        items = drawn_items(contents[(row["shipment_id"],)], run.inputs.products, "sku")
        facts = (f"{row['weight_g'] / 1000:.2f} kg in all", f"from {row['warehouse_id']}", f"by {row['service_id']}")
        drawn.append(_in_carton(f"Parcel {row['shipment_id']}", cartons[row["carton_id"]], items, facts))
    return Drawing(f"Order {order_id}", f"{_count(len(drawn), 'parcel')}, run {run.run_id}", tuple(drawn))


def _by_key(placements: pl.DataFrame, keys: list[str]) -> dict[tuple[Any, ...], pl.DataFrame]:
    return placements.partition_by(keys, as_dict=True, maintain_order=True)


def _in_carton(name: str, carton: dict[str, Any], items: Any, facts: Iterable[str]) -> DrawnParcel:
    room = (carton[_INNER[0]], carton[_INNER[1]], carton[_INNER[2]])
    is_soft = carton["kind"] != "box"
    closes = f"{carton['kind']} {carton['carton_id']}, {'flat ' if is_soft else ''}{_size(room)}"
    return drawn_parcel(name, (closes, *facts), room, items, is_soft=is_soft)


def _size(edges: tuple[int, int, int]) -> str:
    return " \u00d7 ".join(map(str, edges)) + " mm inside"


def _count(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"
