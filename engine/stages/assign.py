"""Assign: one set of offers per order, at least total cost for the whole night, with a bound and its prices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.config import Settings
from engine.contracts.outputs import BACKORDERS, OFFER_CARTONS, OFFER_PIECES, OFFERS, SHADOW_PRICES
from engine.inputs import Inputs
from engine.parcelling import ParcelPlan, parcel_plan
from engine.stages.quote import Quotes
from engine.stages.quote.pieces import available_stock
from engine.waiting import why_waiting
from solvers.assignment import (
    MILLICENTS,
    UNLIMITED_SHIPMENTS,
    UNLIMITED_UNITS,
    AssignmentProblem,
    AssignmentSolution,
    Effort,
    solve,
)
from solvers.outcome import Outcome

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """What the night decides, and the proof of how good it is.

    Parameters
    ----------
    offers
        Contract `offers`, the chosen ones marked.
    offer_pieces, offer_cartons, backorders, shadow_prices
        By their contracts.
    parcels
        The parcels of the chosen offers and what is in them.
    split_cents
        Price of further parcels of an order, summed over the plan.
    outcome
        Cost, bound and what ended the solve, in cents.
    problem
        What was solved, for whoever wants to solve it otherwise.
    """

    offers: pl.DataFrame
    offer_pieces: pl.DataFrame
    offer_cartons: pl.DataFrame
    backorders: pl.DataFrame
    shadow_prices: pl.DataFrame
    parcels: ParcelPlan
    split_cents: int
    outcome: Outcome
    problem: AssignmentProblem

    def tables(self) -> dict[str, pl.DataFrame]:
        """Give what is published of it, by table."""
        names = ("offers", "offer_pieces", "offer_cartons", "backorders", "shadow_prices")
        return {name: getattr(self, name) for name in names}


def assign(orders: pl.DataFrame, quotes: Quotes, inputs: Inputs, settings: Settings) -> Plan:
    """Choose the offers of the night.

    Parameters
    ----------
    orders
        Released orders.
    quotes
        The offers, packed and rated.
    inputs
        Tables stock, warehouses, products, cartons.
    settings
        Sections `costs`, `assign` and `night`.
    """
    offer_cartons = _limited_cartons(quotes, inputs)
    problem = assignment_problem(orders, quotes.pieces, quotes.offers, offer_cartons, inputs, settings)
    solution = solve(
        problem,
        effort=Effort(price_rounds=settings.assign.iterations),
        seconds=settings.assign.seconds,
        threads=settings.night.threads,
        seed=settings.night.seed,
    )
    offers = quotes.offers.with_columns(pl.Series("is_chosen", solution.option_chosen)).select(list(OFFERS.schema))
    return Plan(
        offers,
        quotes.pieces.select(list(OFFER_PIECES.schema)),
        offer_cartons,
        _backorders(quotes, problem, solution),
        _shadow_prices(solution, inputs),
        parcel_plan(offers, quotes, orders, inputs),
        _split_cents(offers, settings),
        solution.outcome,
        problem,
    )


def assignment_problem(
    orders: pl.DataFrame,
    pieces: pl.DataFrame,
    offers: pl.DataFrame,
    offer_cartons: pl.DataFrame,
    inputs: Inputs,
    settings: Settings,
) -> AssignmentProblem:
    """Turn the night's tables into what the solver takes: orders, warehouses and articles by position.

    Parameters
    ----------
    orders
        Released orders; those of the problem stand by `order_id`.
    pieces, offers, offer_cartons
        By their contracts, all of these orders; offers may lack `is_chosen`.
    inputs
        Tables stock, warehouses, products, cartons.
    settings
        Section `costs`.
    """
    orders = orders.sort("order_id")
    warehouses, skus, limited = inputs.warehouses["warehouse_id"], inputs.products["sku"], _limits(inputs)
    stock = available_stock(inputs.stock)
    units = np.zeros((len(warehouses), len(skus)), np.int64)
    units[_at(stock["warehouse_id"], warehouses), _at(stock["sku"], skus)] = stock["available"].to_numpy()
    position = offers.select("order_id", "offer_number", pl.row_index("at"))
    uses = offer_cartons.join(position, on=["order_id", "offer_number"]).sort("at", "carton_id")
    return AssignmentProblem(
        piece_start=_starts(orders["order_id"], pieces["order_id"]),
        piece_sku=_at(pieces["sku"], skus).astype(np.int32),
        piece_quantity=pieces["quantity"].to_numpy(),
        piece_backorder_cents=pieces["backorder_cents"].to_numpy(),
        option_start=_starts(orders["order_id"], offers["order_id"]),
        option_warehouse=_at(offers["warehouse_id"], warehouses).astype(np.int32),
        option_mask=offers["pieces"].to_numpy(),
        option_cents=offers["cost_cents"].to_numpy(),
        option_parcels=offers["shipments"].to_numpy().astype(np.int32),
        max_shipments=orders["max_shipments"].fill_null(UNLIMITED_SHIPMENTS).to_numpy().astype(np.int32),
        split_cents=settings.costs.split_cents,
        stock_units=units,
        capacity_units=inputs.warehouses["daily_capacity_units"].fill_null(UNLIMITED_UNITS).to_numpy(),
        option_resource_start=np.searchsorted(uses["at"].to_numpy(), np.arange(offers.height + 1)),
        option_resource=_at(uses["carton_id"], limited["carton_id"]).astype(np.int32),
        option_resource_amount=uses["quantity"].to_numpy(),
        resource_limit=limited["on_hand"].to_numpy(),
    )


def _limits(inputs: Inputs) -> pl.DataFrame:
    return inputs.cartons.filter(pl.col("on_hand").is_not_null()).select("carton_id", "on_hand")


def _limited_cartons(quotes: Quotes, inputs: Inputs) -> pl.DataFrame:
    limited = _limits(inputs)
    of_parcel = quotes.packed.parcels.join(limited, on="carton_id").select("parcel", "carton_id")
    counted = (
        quotes.offer_parcels.join(of_parcel, on="parcel")
        .group_by("offer", "carton_id")
        .len("quantity")
        .sort("offer", "carton_id")
    )
    of_offer = quotes.offers.select("order_id", "offer_number", pl.row_index("offer").cast(pl.Int64))
    return (
        counted.join(of_offer, on="offer", maintain_order="left")
        .select(list(OFFER_CARTONS.schema))
        .cast(OFFER_CARTONS.schema)
    )


def _at(values: pl.Series, among: pl.Series) -> Ints:
    """Give the position of each value among distinct ones."""
    places = pl.DataFrame({"value": among, "at": np.arange(len(among), dtype=np.int64)})
    found = pl.DataFrame({"value": values}).join(places, on="value", how="left", maintain_order="left")
    return found["at"].to_numpy().astype(np.int64)


def _starts(owners: pl.Series, rows: pl.Series) -> Ints:
    """Give where the rows of each owner begin, rows being grouped in the owners' order."""
    counts = pl.DataFrame({"id": owners}).join(
        rows.rename("id").to_frame().group_by("id").len(), on="id", how="left", maintain_order="left"
    )
    return np.concatenate(([0], np.cumsum(counts["len"].fill_null(0).to_numpy()))).astype(np.int64)


def _backorders(quotes: Quotes, problem: AssignmentProblem, solution: AssignmentSolution) -> pl.DataFrame:
    """Gather the pieces that wait by line, with the reason of the first."""
    reason = pl.Series(why_waiting(problem, solution.option_chosen).tolist(), dtype=pl.String)
    waiting = quotes.pieces.with_columns(pl.coalesce("blocked", reason).alias("reason")).filter(
        pl.Series(solution.piece_backordered)
    )
    return (
        waiting.group_by("order_id", "line_number", "sku", maintain_order=True)
        .agg(
            pl.col("quantity").sum(),
            pl.col("reason").first(),
            pl.col("expected_at").first(),
            pl.col("backorder_cents").sum().alias("cost_cents"),
        )
        .select(list(BACKORDERS.schema))
        .sort("order_id", "line_number")
    )


def _split_cents(offers: pl.DataFrame, settings: Settings) -> int:
    further = offers.filter("is_chosen").group_by("order_id").agg(pl.col("shipments").sum() - 1)["shipments"].sum()
    return int(further) * settings.costs.split_cents


def _shadow_prices(solution: AssignmentSolution, inputs: Inputs) -> pl.DataFrame:
    """List the prices above zero of stock, capacity and cartons."""
    prices = solution.prices
    warehouse, sku = np.nonzero(prices.stock_millicents)
    full = np.flatnonzero(prices.capacity_millicents)
    scarce = np.flatnonzero(prices.resource_millicents)
    names = inputs.warehouses["warehouse_id"]
    none = pl.lit(None, pl.String)
    frames = [
        pl.DataFrame(
            {
                "warehouse_id": names.gather(warehouse),
                "sku": inputs.products["sku"].gather(sku),
                "price": prices.stock_millicents[warehouse, sku],
            }
        ),
        pl.DataFrame({"warehouse_id": names.gather(full), "price": prices.capacity_millicents[full]}),
        pl.DataFrame(
            {"carton_id": _limits(inputs)["carton_id"].gather(scarce), "price": prices.resource_millicents[scarce]}
        ),
    ]
    listed = pl.concat(frames, how="diagonal").with_columns(
        millicents_per_unit=pl.col("price"), cents_per_unit=pl.col("price") / MILLICENTS
    )
    missing = [none.alias(name) for name in ("carton_id", "sku", "warehouse_id") if name not in listed.columns]
    ordered = listed.with_columns(missing).sort("warehouse_id", "sku", "carton_id", nulls_last=True)
    return ordered.select(list(SHADOW_PRICES.schema)).cast(SHADOW_PRICES.schema)
