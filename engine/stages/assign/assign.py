"""Assign: one set of offers per order, at least total cost for the whole night, with a bound and its prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from engine.assignment.limits import carton_limits
from engine.assignment.tables import (
    assignment_problem,
    bound_premiums_table,
    bound_prices_table,
    prices_from,
    prices_table,
)
from engine.assignment.waiting import why_waiting
from engine.config import Settings
from engine.contracts.outputs import BACKORDERS, OFFER_PIECES, OFFERS
from engine.errors import NoPlanError
from engine.inputs import Inputs
from engine.stages.assign.moves import moves_of, moves_saved_cents
from engine.stages.assign.parcelling import ParcelPlan, parcel_plan
from engine.stages.quote import Quotes
from solvers.assignment import AssignmentProblem, AssignmentSolution, Effort, lower_bound, solve
from solvers.outcome import Outcome


@dataclass(frozen=True)
class Plan:
    """What the night decides, and the proof of how good it is.

    Parameters
    ----------
    offers
        Contract `offers`, the chosen ones marked.
    offer_pieces, offer_cartons, offer_pickups, backorders, moves, shadow_prices, bound_prices, bound_premiums
        By their contracts.
    parcels
        The parcels of the chosen offers and what is in them.
    split_cents
        Price of further parcels of an order, summed over the plan.
    moves_saved_cents
        What the orders that move would cost at least without a move, less what they cost.
    outcome
        Cost, bound and what ended the solve, in cents.
    shadow_bound_cents
        What the shadow prices prove without the premiums of the bound.
    problem
        What was solved, for whoever wants to solve it otherwise.
    """

    offers: pl.DataFrame
    offer_pieces: pl.DataFrame
    offer_cartons: pl.DataFrame
    offer_pickups: pl.DataFrame
    backorders: pl.DataFrame
    moves: pl.DataFrame
    shadow_prices: pl.DataFrame
    bound_prices: pl.DataFrame
    bound_premiums: pl.DataFrame
    parcels: ParcelPlan
    split_cents: int
    moves_saved_cents: int
    outcome: Outcome
    shadow_bound_cents: int
    problem: AssignmentProblem

    def tables(self) -> dict[str, pl.DataFrame]:
        """Give what is published of it, by table."""
        names = (
            "offers", "offer_pieces", "offer_cartons", "offer_pickups", "backorders", "moves", "shadow_prices",
            "bound_prices", "bound_premiums",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}


def assign(orders: pl.DataFrame, quotes: Quotes, inputs: Inputs, settings: Settings, as_of: datetime) -> Plan:
    """Choose the offers of the night.

    Parameters
    ----------
    orders
        Released orders.
    quotes
        The offers, packed and rated.
    inputs
        The canonical tables.
    settings
        Sections `costs`, `assign` and `night`.
    as_of
        The night.

    Raises
    ------
    NoPlanError
        When the prices of the settings are so large that no plan's cost could be summed.
    """
    try:
        problem = assignment_problem(
            orders, quotes.pieces, quotes.offers, quotes.offer_cartons, quotes.offer_pickups, inputs, settings, as_of
        )
    except ValueError as error:
        raise NoPlanError(f"the night cannot be planned: {error}") from error
    warm = prices_from(inputs.past_prices, inputs, as_of) if settings.assign.warm_start else None
    solution = solve(
        problem,
        effort=Effort(price_rounds=settings.assign.iterations),
        seconds=settings.assign.seconds,
        threads=settings.night.threads,
        seed=settings.night.seed,
        warm_prices=warm,
    )
    offers = quotes.offers.with_columns(pl.Series("is_chosen", solution.option_chosen)).select(list(OFFERS.schema))
    parcels = parcel_plan(offers, quotes, orders, inputs)
    moves = moves_of(parcels, quotes.pieces, inputs.earlier_plan, settings)
    return Plan(
        offers,
        quotes.pieces.select(list(OFFER_PIECES.schema)),
        quotes.offer_cartons,
        quotes.offer_pickups,
        _backorders(quotes, problem, solution, carton_limits(inputs.cartons).height),
        moves,
        prices_table(solution.prices, inputs, as_of),
        bound_prices_table(solution.charges, inputs, as_of),
        bound_premiums_table(solution.charges, quotes.pieces, inputs),
        parcels,
        _split_cents(offers, settings),
        moves_saved_cents(problem, solution, orders, quotes.offers, moves),
        solution.outcome,
        lower_bound(problem, solution.prices, settings.night.threads),
        problem,
    )


def _backorders(
    quotes: Quotes, problem: AssignmentProblem, solution: AssignmentSolution, num_cartons: int
) -> pl.DataFrame:
    """Gather the pieces that wait by line, with the reason of the first."""
    reason = pl.Series(why_waiting(problem, solution.option_chosen, num_cartons).tolist(), dtype=pl.String)
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
