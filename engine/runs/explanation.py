"""Explain: why an order ships as it does, from the published offers and prices alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

import polars as pl

from engine.errors import UsageError
from engine.inputs import Inputs
from engine.runs.ways import COSTS, WORTHS, OrderWays, listed
from engine.runs.words import difference_line, offer_line, sentence, way_line

_SHOWN: Final = 5


class Decided(Protocol):
    """A published run, told by what an explanation reads of it."""

    @property
    def run_id(self) -> str:
        """Its name."""

    @property
    def settings(self) -> dict[str, Any]:
        """The settings it was planned with, by section and name."""

    @property
    def inputs(self) -> Inputs:
        """The tables it was planned from."""

    def table(self, name: str) -> pl.DataFrame:
        """Give an output table."""


@dataclass(frozen=True)
class Explanation:
    """Why an order ships as it does.

    Parameters
    ----------
    order_id
        The order.
    sentence
        The decision in words.
    chosen
        The offers taken: warehouse, lines, parcels, cost by component, and what the stock and capacity, the cartons and the
        pickups they take are worth to other orders.
    cost_cents
        What the order costs tonight: the offers, splitting it, and the units that wait.
    alternatives
        The cheapest other ways to serve the whole order: offers, units that wait, what it would cost in all, and what the
        stock, cartons and pickups it would take are worth to other orders. Cheapest first, by cost and worth together.
    next_best
        The alternative that the decision is held against: the cheapest, but where all of the order ships the cheapest that
        ships all of it too, if there is one. None where there is no alternative.
    difference
        What was taken against the next best: component, taken_cents, next_best_cents, difference_cents; empty where there is
        none.
    """

    order_id: str
    sentence: str
    chosen: list[dict[str, Any]]
    cost_cents: int
    alternatives: list[dict[str, Any]]
    next_best: dict[str, Any] | None
    difference: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """Give it as plain values."""
        return asdict(self)

    def __str__(self) -> str:
        parts = [self.sentence]
        if self.chosen:
            parts += ["", "taken:", *(offer_line(offer) for offer in self.chosen)]
        if self.alternatives:
            best = self.next_best
            parts += ["", "not taken:", *(way_line(way, is_next_best=way is best) for way in self.alternatives)]
        if self.difference:
            parts += ["", f"  {'':<18}{'taken':>10}{'next best':>12}{'difference':>13}"]
            parts += [difference_line(row) for row in self.difference]
        return "\n".join(parts)


def explain_order(run: Decided, order_id: str) -> Explanation:
    """Explain what a run decided of an order.

    Raises
    ------
    UsageError
        When the order was not open that night.
    """
    mine = pl.col("order_id") == order_id
    holds = run.table("holds").filter(mine)
    if holds.height:
        why = "; ".join(f"{row['reason']} ({row['detail']})" for row in holds.iter_rows(named=True))
        return Explanation(order_id, f"Order {order_id} is held: {why}.", [], 0, [], None, [])
    pieces = run.table("offer_pieces").filter(mine).sort("piece_number")
    if pieces.is_empty():
        raise UsageError(
            f"order {order_id!r} was not open in run {run.run_id}. Its orders are in run.inputs.orders; see also: ordermill orders show"
        )
    frame = _with_worths(run, mine, pieces)
    offers = [_told(row, pieces) for row in frame.iter_rows(named=True)]
    taken = tuple(number for number, row in enumerate(frame.iter_rows(named=True)) if row["is_chosen"])
    order = OrderWays(offers, frame["pieces"].to_list(), pieces.to_dicts(), run.settings["costs"]["split_cents"])
    limit: int | None = run.inputs.orders.filter(mine)["max_shipments"].item()
    ways = [way for way in order.ways(limit) if way != taken]
    backorders = run.table("backorders").filter(mine)
    best = order.next_best(ways, ships_all=backorders.is_empty())
    shown = [way for position, way in enumerate(ways) if position < _SHOWN or position == best]
    alternatives = [order.told(way) for way in shown]
    next_best = None if best is None else alternatives[min(best, _SHOWN)]
    difference = [] if best is None else _difference(order.components(taken), order.components(ways[best]))
    chosen, cost = [offers[number] for number in taken], order.cost_cents(taken)
    told = sentence(order_id, chosen, cost, next_best, backorders)
    return Explanation(order_id, told, chosen, cost, alternatives, next_best, difference)


def _difference(taken: dict[str, int], other: dict[str, int]) -> list[dict[str, Any]]:
    """Set two ways to serve an order side by side, leaving out what neither of them has."""
    return [
        {"component": name, "taken_cents": cents, "next_best_cents": other[name]}
        | {"difference_cents": other[name] - cents}
        for name, cents in taken.items()
        if cents or other[name]
    ]


def _with_worths(run: Decided, mine: pl.Expr, pieces: pl.DataFrame) -> pl.DataFrame:
    """Give an order's offers with what they take of limits that others want, in cents: stock and capacity, cartons, pickups."""
    offers, prices = run.table("offers").filter(mine), run.table("shadow_prices")
    price = pl.col("millicents_per_unit").alias("price")
    of_pickups = prices.drop_nulls("carrier").select("warehouse_id", "carrier", price)
    of_cartons = prices.drop_nulls("carton_id").select("carton_id", price)
    cartons = run.table("offer_cartons").filter(mine).join(of_cartons, on="carton_id")
    places = offers.select("offer_number", "warehouse_id")
    pickups = run.table("offer_pickups").filter(mine).join(places, on="offer_number")
    worths = {
        "stock_worth_cents": _units_priced(offers, pieces, prices),
        "carton_worth_cents": cartons,
        "pickup_worth_cents": pickups.join(of_pickups, on=["warehouse_id", "carrier"]),
    }
    for name, taken in worths.items():
        millicents = (pl.col("price") * pl.col("quantity")).sum()
        cents = taken.group_by("offer_number").agg((millicents / 1000).round().cast(pl.Int64).alias(name))
        offers = offers.join(cents, on="offer_number", how="left").with_columns(pl.col(name).fill_null(0))
    return offers.sort("offer_number")


def _units_priced(offers: pl.DataFrame, pieces: pl.DataFrame, prices: pl.DataFrame) -> pl.DataFrame:
    """Give offer_number, quantity and price of the pieces in each offer, stock and capacity together."""
    stock = prices.drop_nulls("sku").select("warehouse_id", "sku", stock="millicents_per_unit")
    capacity = prices.filter(pl.all_horizontal(pl.col("sku", "carton_id", "carrier").is_null())).select(
        "warehouse_id", capacity="millicents_per_unit"
    )
    bit = pl.lit(2, pl.Int64).pow("piece_number").cast(pl.Int64)
    carried = offers.select("offer_number", "warehouse_id", "pieces").join(
        pieces.select("piece_number", "sku", "quantity"), how="cross"
    )
    return (
        carried.filter((pl.col("pieces") & bit) != 0)
        .join(stock, on=["warehouse_id", "sku"], how="left")
        .join(capacity, on="warehouse_id", how="left")
        .with_columns(price=pl.col("stock").fill_null(0) + pl.col("capacity").fill_null(0))
    )


def _told(offer: dict[str, Any], pieces: pl.DataFrame) -> dict[str, Any]:
    carried = [row for row in pieces.iter_rows(named=True) if offer["pieces"] >> row["piece_number"] & 1]
    return {
        "warehouse_id": offer["warehouse_id"],
        "lines": listed(carried),
        "shipments": offer["shipments"],
        **{name: offer[name] for name in COSTS},
        "cost_cents": offer["cost_cents"],
        **{name: offer[name] for name in WORTHS},
    }
