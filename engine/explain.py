"""Explain: why an order ships as it does, from the published offers and prices alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from engine.contracts.outputs import SHIPMENT_COSTS
from engine.errors import UsageError

if TYPE_CHECKING:  # a run can explain itself, so the import goes the other way
    from engine.runs import Run

_COSTS: Final = [*(name for name, _ in SHIPMENT_COSTS), "lateness_cents", "reserve_cents", "churn_cents"]
_WORTHS: Final = ("stock_worth_cents", "carton_worth_cents", "pickup_worth_cents")
"""What an offer takes is worth to other orders: stock with the capacity to send it, cartons, pickups."""
_SHOWN: Final = 5
_MOST_PIECES: Final = 12
"""For orders of more pieces, what an alternative does not carry waits, instead of being spread at least cost."""


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


def explain_order(run: Run, order_id: str) -> Explanation:
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
    order = _Order(offers, frame["pieces"].to_list(), pieces.to_dicts(), run.settings["costs"]["split_cents"])
    limit: int | None = run.inputs.orders.filter(mine)["max_shipments"].item()
    ways = [way for way in order.ways() if way != taken and (limit is None or order.parcels(way) <= limit)]
    alternatives = [order.told(way) for way in ways[:_SHOWN]]
    chosen, cost = [offers[number] for number in taken], order.cost_cents(taken)
    backorders = run.table("backorders").filter(mine)
    sentence = _sentence(order_id, chosen, cost, alternatives, backorders)
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


@dataclass(frozen=True)
class _Order:
    """An order with its offers, and the pieces of each as bits; a way to serve it is a set of positions of offers."""

    offers: list[dict[str, Any]]
    masks: list[int]
    pieces: list[dict[str, Any]]
    split_cents: int

    def parcels(self, way: tuple[int, ...]) -> int:
        return sum(self.offers[number]["shipments"] for number in way)

    def waiting(self, way: tuple[int, ...]) -> list[dict[str, Any]]:
        covered = sum(self.masks[number] for number in way)
        return [piece for piece in self.pieces if not covered >> piece["piece_number"] & 1]

    def cost_cents(self, way: tuple[int, ...]) -> int:
        offers = sum(self.offers[number]["cost_cents"] for number in way)
        waiting = sum(piece["backorder_cents"] for piece in self.waiting(way))
        return int(offers + waiting + self.split_cents * max(self.parcels(way) - 1, 0))

    def worth_cents(self, way: tuple[int, ...]) -> int:
        return sum(self.offers[number][name] for number in way for name in _WORTHS)

    def components(self, way: tuple[int, ...]) -> dict[str, int]:
        """Give what a way costs by component, the worth of its stock to other orders, and both together."""
        parts = {name.removesuffix("_cents"): sum(self.offers[n][name] for n in way) for name in _COSTS}
        parts["backorder"] = sum(piece["backorder_cents"] for piece in self.waiting(way))
        parts["split"] = self.split_cents * max(self.parcels(way) - 1, 0)
        cost = self.cost_cents(way)
        named = zip(_WORTHS, ("stock it takes", "cartons it takes", "pickups it takes"), strict=True)
        worths = {name: sum(self.offers[number][worth] for number in way) for worth, name in named}
        return parts | {"cost": cost} | worths | {"for the night": cost + sum(worths.values())}

    def told(self, way: tuple[int, ...]) -> dict[str, Any]:
        return {
            "offers": [self.offers[number] for number in way],
            "waiting": _listed(self.waiting(way)),
            "cost_cents": self.cost_cents(way),
            **{name: sum(self.offers[number][name] for number in way) for name in _WORTHS},
        }

    def ways(self) -> list[tuple[int, ...]]:
        """For every offer the best way that takes it, and letting all wait; the cheapest at prices first."""
        whole = (1 << len(self.pieces)) - 1
        rest = self._rest()
        found = {tuple(sorted((number, *rest(whole & ~mask)))) for number, mask in enumerate(self.masks)}
        return sorted({*found, ()}, key=lambda way: (self.cost_cents(way) + self.worth_cents(way), way))

    def _rest(self) -> Callable[[int], tuple[int, ...]]:
        """Give what finds the offers that serve a set of pieces at least cost and worth."""
        if len(self.pieces) > _MOST_PIECES:
            return lambda _: ()

        def price(way: tuple[int, ...], mask: int) -> int:
            waits = sum(p["backorder_cents"] for p in self.waiting(way) if mask >> p["piece_number"] & 1)
            offers = sum(self.offers[n]["cost_cents"] for n in way) + self.worth_cents(way)
            return int(waits + offers + self.split_cents * self.parcels(way))

        @cache
        def best(mask: int) -> tuple[int, ...]:
            if not mask:
                return ()
            lowest = mask & -mask
            ways = [best(mask ^ lowest)]
            ways += [
                (number, *best(mask & ~own))
                for number, own in enumerate(self.masks)
                if own & lowest and not own & ~mask
            ]
            return min(ways, key=lambda way: price(way, mask))

        return best


def _with_worths(run: Run, mine: pl.Expr, pieces: pl.DataFrame) -> pl.DataFrame:
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


def _listed(pieces: list[dict[str, Any]]) -> list[str]:
    """Write pieces as quantity and article, those of one line together."""
    units: dict[tuple[int, str], int] = {}
    for piece in pieces:
        line = piece["line_number"], piece["sku"]
        units[line] = units.get(line, 0) + piece["quantity"]
    return [f"{quantity} x {sku}" for (_, sku), quantity in units.items()]


def _told(offer: dict[str, Any], pieces: pl.DataFrame) -> dict[str, Any]:
    carried = [row for row in pieces.iter_rows(named=True) if offer["pieces"] >> row["piece_number"] & 1]
    return {
        "warehouse_id": offer["warehouse_id"],
        "lines": _listed(carried),
        "shipments": offer["shipments"],
        **{name: offer[name] for name in _COSTS},
        "cost_cents": offer["cost_cents"],
        **{name: offer[name] for name in _WORTHS},
    }


def _line(offer: dict[str, Any]) -> str:
    parts = ", ".join(f"{name.removesuffix('_cents')} {offer[name] / 100:.2f}" for name in _COSTS if offer[name])
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
    names = zip(_WORTHS, ("the stock it takes is", "its cartons are", "its pickups are"), strict=True)
    told = [f"{name} worth {taken[worth] / 100:.2f}" for worth, name in names if taken[worth]]
    return f"; {', '.join(told)} to other orders" if told else ""


def _parcels(count: int) -> str:
    return "1 parcel" if count == 1 else f"{count} parcels"


def _places(offers: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(offer["warehouse_id"] for offer in offers))
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _sentence(
    order_id: str,
    chosen: list[dict[str, Any]],
    cost_cents: int,
    alternatives: list[dict[str, Any]],
    backorders: pl.DataFrame,
) -> str:
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
    ships = [way for way in alternatives if way["offers"] and not way["waiting"]]
    if not ships:
        return f"{sentence}; no other offers ship all of it."
    best = ships[0]
    return f"{sentence}; next best is {_places(best['offers'])} for {best['cost_cents'] / 100:.2f}{_worth(best)}."
