"""The night as positions: what is ordered, what may be taken, and what is worked out once for all offers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.assignment.limits import available_stock
from engine.assignment.magnitudes import most_cents
from engine.config import Settings
from engine.inputs import Inputs
from engine.rate_cards import RateCards, rate_cards
from engine.stages.quote.item_sets import Pieces
from engine.stages.quote.lanes import Dispatches, area_lanes, dispatches
from engine.stages.quote.pieces import pieces_of
from engine.stages.receive import Received

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class QuoteNight:
    """Orders, warehouses and articles by their row, with tonight's services.

    Parameters
    ----------
    orders
        Released orders, sorted.
    inputs
        The canonical tables.
    settings
        The settings.
    pieces
        Pieces of the orders, priced for waiting.
    goods
        The pieces and the stock as positions.
    worth_cents
        (num_warehouses, num_skus) what a unit there is worth to later orders.
    most_cents
        The most that an offer may cost.
    packagings
        Names of the packagings that orders ask for; None at 0.
    order_packaging
        Position in `packagings` of each order's.
    cards
        Rate cards of the days of dispatch.
    leaving
        When each warehouse hands over.
    lanes
        Services from warehouses to areas.
    """

    orders: pl.DataFrame
    inputs: Inputs
    settings: Settings
    pieces: pl.DataFrame
    goods: Pieces
    worth_cents: Ints
    most_cents: int
    packagings: list[str | None]
    order_packaging: Ints
    cards: RateCards
    leaving: Dispatches
    lanes: pl.DataFrame

    @property
    def warehouses(self) -> pl.DataFrame:
        """Table warehouses."""
        return self.inputs.warehouses

    @property
    def num_pieces(self) -> Ints:
        """Shape (num_orders,): how many pieces each order has."""
        return np.diff(self.goods.start)


def quote_night(received: Received, inputs: Inputs, settings: Settings, as_of: datetime) -> QuoteNight:
    """Work out what all offers of a night have in common.

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
    orders = received.orders.sort("order_id")
    stock = available_stock(inputs.stock, inputs.stock_reserves)
    pieces = pieces_of(orders, received.order_lines, stock, inputs, settings, as_of)
    counts = orders.join(pieces.group_by("order_id").len("pieces"), on="order_id", how="left", maintain_order="left")
    packagings: list[str | None] = [None, *orders["packaging"].drop_nulls().unique().sort().to_list()]
    packaging = orders["packaging"].replace_strict(packagings, list(range(len(packagings))), return_dtype=pl.Int64)
    leaving = dispatches(inputs.warehouses, inputs.holidays, as_of)
    cards = rate_cards(inputs, leaving.days)
    return QuoteNight(
        orders,
        inputs,
        settings,
        pieces,
        Pieces(
            np.concatenate(([0], np.cumsum(counts["pieces"].fill_null(0).to_numpy()))).astype(np.int64),
            pieces.select(_at("sku", inputs.products)).to_series().to_numpy(),
            pieces["quantity"].to_numpy().astype(np.int64),
            _together(pieces),
            _by_place(stock, "available", inputs),
        ),
        _by_place(inputs.stock_reserves, "worth_cents", inputs),
        most_cents(received.order_lines),
        packagings,
        packaging.to_numpy().astype(np.int64),
        cards,
        leaving,
        area_lanes(orders, inputs, cards, leaving),
    )


def _at(name: str, among: pl.DataFrame) -> pl.Expr:
    # An empty dictionary would leave the column as text.
    rows = {"": -1} | {value: row for row, value in enumerate(among[name])}
    return pl.col(name).replace_strict(rows, return_dtype=pl.Int64)


def _by_place(frame: pl.DataFrame, value: str, inputs: Inputs) -> Ints:
    cells = np.zeros((inputs.warehouses.height, inputs.products.height), np.int64)
    at = frame.select(_at("warehouse_id", inputs.warehouses), _at("sku", inputs.products))
    cells[at["warehouse_id"].to_numpy(), at["sku"].to_numpy()] = frame[value].to_numpy()
    return cells


def _together(pieces: pl.DataFrame) -> Ints:
    bit = pl.lit(2, pl.Int64).pow("piece_number").cast(pl.Int64)
    together = bit.sum().over("order_id", "ship_together")
    return (
        pieces.select(pl.when(pl.col("ship_together").is_null()).then(bit).otherwise(together)).to_series().to_numpy()
    )
