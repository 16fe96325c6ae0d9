"""Explanations in words: a sentence, the offers, the ways not taken, the difference by component."""

from __future__ import annotations

from typing import Any

import polars as pl

from engine.runs.ways import COSTS, WORTHS


def sentence(
    order_id: str,
    chosen: list[dict[str, Any]],
    cost_cents: int,
    next_best: dict[str, Any] | None,
    backorders: pl.DataFrame,
) -> str:
    """Tell a decision.

    Parameters
    ----------
    order_id
        The order.
    chosen
        The offers taken.
    cost_cents
        What the order costs tonight.
    next_best
        The way it is held against; None where there is none.
    backorders
        Of the order, by their contract.
    """
    waiting = "; ".join(
        f"{row['quantity']} x {row['sku']} {'waits' if row['quantity'] == 1 else 'wait'}: {row['reason']}"
        for row in backorders.iter_rows(named=True)
    )
    if not chosen:
        return f"Order {order_id} does not ship tonight, which is priced at {cost_cents / 100:.2f}. {waiting}."
    parcels = _parcels(sum(offer["shipments"] for offer in chosen))
    ships = f"Order {order_id} ships from {_places(chosen)} in {parcels} for {cost_cents / 100:.2f}"
    if waiting:
        return f"{ships}, with what waits priced in. {waiting}."
    if next_best is None or next_best["waiting"]:
        return f"{ships}; no other way to ship all of it was found."
    return f"{ships}; next best is {in_contrast(chosen, cost_cents, next_best)}."


def in_contrast(chosen: list[dict[str, Any]], cost_cents: int, other: dict[str, Any]) -> str:
    """Name another way by its places and its cost, and say so where these are those of the way taken.

    Parameters
    ----------
    chosen
        The offers taken.
    cost_cents
        What the order costs tonight.
    other
        The way not taken.
    """
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


def difference_line(row: dict[str, Any]) -> str:
    """Write one component of the difference in currency units."""
    taken, other, more = (row[name] / 100 for name in ("taken_cents", "next_best_cents", "difference_cents"))
    return f"  {row['component']:<18}{taken:>10.2f}{other:>12.2f}{more:>+13.2f}"


def offer_line(offer: dict[str, Any]) -> str:
    """Write an offer: cost, warehouse, parcels, lines, and the cost by component."""
    parts = ", ".join(f"{name.removesuffix('_cents')} {offer[name] / 100:.2f}" for name in COSTS if offer[name])
    return (
        f"  {offer['cost_cents'] / 100:>9.2f}  {offer['warehouse_id']}, {_parcels(offer['shipments'])}: {', '.join(offer['lines'])}\n"
        f"  {'':>9}  {parts}{_worth(offer)}"
    )


def way_line(way: dict[str, Any], *, is_next_best: bool) -> str:
    """Write a way not taken: cost, its offers, what waits, and what it takes from others; the next best is marked."""
    parts = [
        f"{offer['warehouse_id']}, {_parcels(offer['shipments'])}: {', '.join(offer['lines'])}"
        for offer in way["offers"]
    ]
    if way["waiting"]:
        parts.append(f"waiting: {', '.join(way['waiting'])}")
    mark = "  (next best)" if is_next_best else ""
    return f"  {way['cost_cents'] / 100:>9.2f}  {'; '.join(parts)}{_worth(way)}{mark}"


def _worth(taken: dict[str, Any]) -> str:
    names = zip(WORTHS, ("the stock it takes is", "its cartons are", "its pickups are"), strict=True)
    told = [f"{name} worth {taken[worth] / 100:.2f}" for worth, name in names if taken[worth]]
    return f"; {', '.join(told)} to other orders" if told else ""


def _parcels(count: int) -> str:
    return "1 parcel" if count == 1 else f"{count} parcels"


def _places(offers: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(offer["warehouse_id"] for offer in offers))
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
