"""Explain: why an order ships as it does, from the published offers and prices alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from engine.contracts.outputs import SHIPMENT_COSTS
from engine.errors import UsageError

if TYPE_CHECKING:  # a run can explain itself, so the import goes the other way
    from engine.runs import Run

_COSTS: Final = [*(name for name, _ in SHIPMENT_COSTS), "lateness_cents"]
_SHOWN: Final = 5


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
        The offers taken: warehouse, lines, parcels, cost by component.
    alternatives
        The cheapest offers for all of the order from one warehouse that were not taken, and for each what the stock it
        would take is worth to other orders tonight.
    """

    order_id: str
    sentence: str
    chosen: list[dict[str, Any]]
    alternatives: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """Give it as plain values."""
        return asdict(self)

    def __str__(self) -> str:
        parts = [self.sentence]
        if self.chosen:
            parts += ["", "taken:", *(_line(offer) for offer in self.chosen)]
        if self.alternatives:
            parts += ["", "not taken:", *(_line(offer) for offer in self.alternatives)]
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
        return Explanation(order_id, f"Order {order_id} is held: {why}.", [], [])
    pieces = run.table("offer_pieces").filter(mine)
    if pieces.is_empty():
        raise UsageError(f"order {order_id!r} was not open in run {run.run_id}.")
    offers = _with_stock_worth(run.table("offers").filter(mine), pieces, run.table("shadow_prices"))
    backorders = run.table("backorders").filter(mine)
    chosen = [_told(row, pieces) for row in offers.filter("is_chosen").iter_rows(named=True)]
    whole = (1 << pieces.height) - 1
    others = offers.filter(~pl.col("is_chosen") & (pl.col("pieces") == whole))
    if others.is_empty():
        others = offers.filter(~pl.col("is_chosen"))
    others = (
        others.with_columns(at_prices=pl.col("cost_cents") + pl.col("stock_worth_cents"))
        .sort("at_prices", "offer_number")
        .head(_SHOWN)
    )
    alternatives = [_told(row, pieces) for row in others.iter_rows(named=True)]
    return Explanation(order_id, _sentence(order_id, chosen, alternatives, backorders), chosen, alternatives)


def _with_stock_worth(offers: pl.DataFrame, pieces: pl.DataFrame, prices: pl.DataFrame) -> pl.DataFrame:
    """Add what the stock and capacity an offer takes are worth to other orders, rounded to cents."""
    stock = prices.filter(pl.col("sku").is_not_null()).select("warehouse_id", "sku", stock="millicents_per_unit")
    capacity = prices.filter(pl.col("sku").is_null() & pl.col("warehouse_id").is_not_null()).select(
        "warehouse_id", capacity="millicents_per_unit"
    )
    bit = pl.lit(2, pl.Int64).pow("piece_number").cast(pl.Int64)
    carried = offers.select("offer_number", "warehouse_id", "pieces").join(
        pieces.select("piece_number", "sku", "quantity"), how="cross"
    )
    priced = (
        carried.filter((pl.col("pieces") & bit) != 0)
        .join(stock, on=["warehouse_id", "sku"], how="left")
        .join(capacity, on="warehouse_id", how="left")
        .group_by("offer_number")
        .agg(worth=((pl.col("stock").fill_null(0) + pl.col("capacity").fill_null(0)) * pl.col("quantity")).sum())
    )
    worth = (pl.col("worth") / 1000).round().cast(pl.Int64)
    return (
        offers.join(priced, on="offer_number", how="left")
        .with_columns(worth.alias("stock_worth_cents"))
        .drop("worth")
        .sort("offer_number")
    )


def _told(offer: dict[str, Any], pieces: pl.DataFrame) -> dict[str, Any]:
    lines = [
        f"{row['quantity']} x {row['sku']}"
        for row in pieces.iter_rows(named=True)
        if offer["pieces"] >> row["piece_number"] & 1
    ]
    return {
        "warehouse_id": offer["warehouse_id"],
        "lines": lines,
        "shipments": offer["shipments"],
        **{name: offer[name] for name in _COSTS},
        "cost_cents": offer["cost_cents"],
        "stock_worth_cents": offer["stock_worth_cents"],
    }


def _line(offer: dict[str, Any]) -> str:
    parts = ", ".join(f"{name.removesuffix('_cents')} {offer[name] / 100:.2f}" for name in _COSTS if offer[name])
    return (
        f"  {offer['warehouse_id']:<12} {offer['cost_cents'] / 100:>9.2f}  {offer['shipments']} parcel(s): {', '.join(offer['lines'])}\n"
        f"  {'':<12} {'':>9}  {parts}; the stock it takes is worth {offer['stock_worth_cents'] / 100:.2f} to other orders"
    )


def _sentence(
    order_id: str, chosen: list[dict[str, Any]], alternatives: list[dict[str, Any]], backorders: pl.DataFrame
) -> str:
    waiting = "; ".join(
        f"{row['quantity']} x {row['sku']} waits because {row['reason']}" for row in backorders.iter_rows(named=True)
    )
    if not chosen:
        return f"Order {order_id} does not ship tonight: {waiting}."
    places = ", ".join(dict.fromkeys(offer["warehouse_id"] for offer in chosen))
    cost = sum(offer["cost_cents"] for offer in chosen)
    sentence = (
        f"Order {order_id} ships from {places} in {sum(o['shipments'] for o in chosen)} parcel(s) for {cost / 100:.2f}"
    )
    if waiting:
        return f"{sentence}; {waiting}."
    if not alternatives:
        return f"{sentence}; no other offer exists."
    best = alternatives[0]
    return f"{sentence}; next best is {best['warehouse_id']} for {best['cost_cents'] / 100:.2f}, whose stock is worth {best['stock_worth_cents'] / 100:.2f} to other orders."
