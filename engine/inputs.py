"""The canonical tables of a night, as one value that passes from stage to stage."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import polars as pl

from engine.contracts import TABLES
from engine.contracts.memory import EARLIER_PLAN


@dataclass(frozen=True)
class Inputs:
    """One frame an input table, each by its contract, rows ordered by key.

    `orders` and `order_lines` hold what is open tonight, with open quantities; `stock.reserved` includes what earlier
    runs settled and the stock files cannot know yet, and `cartons.on_hand` lacks what they used.
    """

    orders: pl.DataFrame
    order_lines: pl.DataFrame
    products: pl.DataFrame
    warehouses: pl.DataFrame
    stock: pl.DataFrame
    stock_movements: pl.DataFrame
    inbound: pl.DataFrame
    exchange_rates: pl.DataFrame
    suppliers: pl.DataFrame
    supply_terms: pl.DataFrame
    transfer_routes: pl.DataFrame
    cartons: pl.DataFrame
    protection: pl.DataFrame
    services: pl.DataFrame
    zones: pl.DataFrame
    rates: pl.DataFrame
    surcharges: pl.DataFrame
    pickups: pl.DataFrame
    stock_reserves: pl.DataFrame
    restrictions: pl.DataFrame
    holidays: pl.DataFrame
    locations: pl.DataFrame
    tracking_events: pl.DataFrame
    returns: pl.DataFrame
    past_shipments: pl.DataFrame
    past_order_lines: pl.DataFrame
    order_actions: pl.DataFrame
    floor_releases: pl.DataFrame
    past_prices: pl.DataFrame
    earlier_plan: pl.DataFrame

    @classmethod
    def from_frames(cls, frames: dict[str, pl.DataFrame]) -> Self:
        """Gather frames by table name; tables not given are empty."""
        return cls(**{field.name: frames.get(field.name, TABLES[field.name].empty()) for field in fields(cls)})

    def frames(self) -> dict[str, pl.DataFrame]:
        """Give the frames by table name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def latest_plan(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Give two plans by contract `earlier_plan` as one: of a line that both have, what the second says."""
    kept = before.join(after, on=["order_id", "line_number"], how="anti", maintain_order="left")
    return pl.concat([kept, after]).sort(EARLIER_PLAN.key)
