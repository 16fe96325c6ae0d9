"""Explain: why an order ships as it does, from the published offers and prices alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

import polars as pl

from engine.errors import UsageError
from engine.inputs import Inputs
from engine.runs.ways import COSTS, WORTHS, OrderWays, listed

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
    difference
        What was taken against the first alternative: component, taken_cents, next_best_cents, difference_cents; empty
        where there is no alternative.
    """

    order_id: str
    sentence: str
    chosen: list[dict[str, Any]]
    cost_cents: int
    alternatives: list[dict[str, Any]]
    difference: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """Give it as plain values."""
        return asdict(self)

    def __str__(self) -> str:
        parts = [self.sentence]
        if self.chosen:
            parts += ["", "taken:", *(_line(offer) for offer in self.chosen)]
        if self.alternatives:
            parts += ["", "not taken:", *(_way_line(way) for way in self.alternatives)]
        if self.difference:
            parts += ["", f"  {'':<18}{'taken':>10}{'next best':>12}{'difference':>13}"]
            parts += [_difference_line(row) for row in self.difference]
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
        return Explanation(order_id, f"Order {order_id} is held: {why}.", [], 0, [], [])
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
    ways = [way for way in order.ways() if way != taken and (limit is None or order.parcels(way) <= limit)]
    alternatives = [order.told(way) for way in ways[:_SHOWN]]
    chosen, cost = [offers[number] for number in taken], order.cost_cents(taken)
    backorders = run.table("backorders").filter(mine)
    whole = next((order.told(way) for way in ways if not order.waiting(way)), None)
    sentence = _sentence(order_id, chosen, cost, whole, backorders)
    difference = _difference(order.components(taken), order.components(ways[0])) if ways else []
    return Explanation(order_id, sentence, chosen, cost, alternatives, difference)


def _difference(taken: dict[str, int], other: dict[str, int]) -> list[dict[str, Any]]:
    """Set two ways to serve an order side by side, leaving out what neither of them has."""
    return [
        {"component": name, "taken_cents": cents, "next_best_cents": other[name]}
        | {"difference_cents": other[name] - cents}
        for name, cents in taken.items()
        if cents or other[name]
    ]


def _difference_line(row: dict[str, Any]) -> str:
    taken, other, more = (row[name] / 100 for name in ("taken_cents", "next_best_cents", "difference_cents"))
    return f"  {row['component']:<18}{taken:>10.2f}{other:>12.2f}{more:>+13.2f}"


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


def _line(offer: dict[str, Any]) -> str:
    parts = ", ".join(f"{name.removesuffix('_cents')} {offer[name] / 100:.2f}" for name in COSTS if offer[name])
    return (
        f"  {offer['cost_cents'] / 100:>9.2f}  {offer['warehouse_id']}, {_parcels(offer['shipments'])}: {', '.join(offer['lines'])}\n"
        f"  {'':>9}  {parts}{_worth(offer)}"
    )


def _way_line(way: dict[str, Any]) -> str:
    parts = [
        f"{offer['warehouse_id']}, {_parcels(offer['shipments'])}: {', '.join(offer['lines'])}"
        for offer in way["offers"]
    ]
    if way["waiting"]:
        parts.append(f"waiting: {', '.join(way['waiting'])}")
    return f"  {way['cost_cents'] / 100:>9.2f}  {'; '.join(parts)}{_worth(way)}"


def _worth(taken: dict[str, Any]) -> str:
    names = zip(WORTHS, ("the stock it takes is", "its cartons are", "its pickups are"), strict=True)
    told = [f"{name} worth {taken[worth] / 100:.2f}" for worth, name in names if taken[worth]]
    return f"; {', '.join(told)} to other orders" if told else ""


def _parcels(count: int) -> str:
    return "1 parcel" if count == 1 else f"{count} parcels"


def _places(offers: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(offer["warehouse_id"] for offer in offers))
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _next_best(chosen: list[dict[str, Any]], cost_cents: int, other: dict[str, Any]) -> str:
    """Name another way by its places and its cost, and say so where these are those of the way taken."""
    same = "the same " if other["cost_cents"] == cost_cents else ""
    price = f"for {same}{other['cost_cents'] / 100:.2f}{_worth(other)}"
    taken, others = ({offer["warehouse_id"] for offer in offers} for offers in (chosen, other["offers"]))
    if taken != others:
        return f"{_places(other['offers'])} {price}"
    parted, otherwise = (
        sorted((offer["warehouse_id"], offer["lines"]) for offer in offers) for offers in (chosen, other["offers"])
    )
    how = "in other cartons or with another carrier" if parted == otherwise else "with the lines parted otherwise"
    return f"from the same {'place' if len(taken) == 1 else 'places'} {how}, {price}"


def _sentence(
    order_id: str,
    chosen: list[dict[str, Any]],
    cost_cents: int,
    whole: dict[str, Any] | None,
    backorders: pl.DataFrame,
) -> str:
    """Tell the decision; `whole` is the cheapest other way to ship all of the order."""
    waiting = "; ".join(
        f"{row['quantity']} x {row['sku']} {'waits' if row['quantity'] == 1 else 'wait'}: {row['reason']}"
        for row in backorders.iter_rows(named=True)
    )
    if not chosen:
        return f"Order {order_id} does not ship tonight, which is priced at {cost_cents / 100:.2f}. {waiting}."
    parcels = _parcels(sum(offer["shipments"] for offer in chosen))
    sentence = f"Order {order_id} ships from {_places(chosen)} in {parcels} for {cost_cents / 100:.2f}"
    if waiting:
        return f"{sentence}, with what waits priced in. {waiting}."
    if whole is None:
        return f"{sentence}; no other offers ship all of it."
    return f"{sentence}; next best is {_next_best(chosen, cost_cents, whole)}."
