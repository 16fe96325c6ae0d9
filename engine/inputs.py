"""The canonical tables of a night, as one value that passes from stage to stage."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import polars as pl

from engine.contracts import TABLES


@dataclass(frozen=True)
class Inputs:
    """One frame an input table, each by its contract, rows ordered by key.

    `orders` and `order_lines` hold what is open tonight, with open quantities; `stock.reserved` includes what earlier
    nights promised and the stock files cannot know yet.
    """

    orders: pl.DataFrame
    order_lines: pl.DataFrame
    products: pl.DataFrame
    warehouses: pl.DataFrame
    stock: pl.DataFrame
    stock_movements: pl.DataFrame
    inbound: pl.DataFrame
    cartons: pl.DataFrame
    protection: pl.DataFrame
    services: pl.DataFrame
    zones: pl.DataFrame
    rates: pl.DataFrame
    surcharges: pl.DataFrame
    locations: pl.DataFrame
    tracking_events: pl.DataFrame
    returns: pl.DataFrame
    past_shipments: pl.DataFrame
    past_order_lines: pl.DataFrame
    order_actions: pl.DataFrame

    @classmethod
    def from_frames(cls, frames: dict[str, pl.DataFrame]) -> Self:
        """Gather frames by table name; tables not given are empty."""
        return cls(**{field.name: frames.get(field.name, TABLES[field.name].empty()) for field in fields(cls)})

    def frames(self) -> dict[str, pl.DataFrame]:
        """Give the frames by table name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
