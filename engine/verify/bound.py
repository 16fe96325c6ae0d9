"""Invariant 4, last part: the bound is what the published prices prove, and the plan is one of those it bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from engine.verify.charges import earned_beyond_prices_millicents, premiums, unusable_premiums
from engine.verify.checks import Check, Findings, must, named, none_of, told
from engine.verify.files import Night
from engine.verify.limits import LIMITED, limits_worth_millicents, places, shared_limits
from engine.verify.moves import check_moves_saved
from engine.verify.offers import Choices, check_choices, choices
from engine.verify.partitions import least_costs
from engine.verify.relaxation import priced_orders

_MILLICENTS: Final = 1_000


def check_bound(night: Night) -> Iterator[Check]:
    """Recompute the bound from offers and prices, and compare the plan with the offers it took.

    Parameters
    ----------
    night
        The run.
    """
    given = choices(night)
    yield from check_choices(night, given)
    yield check_value(night, given)
    yield check_moves_saved(night)


def check_value(night: Night, given: Choices) -> Check:
    """Check that both bounds are at most what the prices they stand on prove, and rise from them to the cost.

    The bound stands on the prices and premiums of the bound, what the shadow prices prove on these alone.

    Parameters
    ----------
    night
        The run.
    given
        What the plan chose from.
    """
    shadow, summary = night.table("shadow_prices"), night.table("plan_summary")
    unusable = (
        *(_unusable_prices(night, name) for name in ("shadow_prices", "bound_prices")),
        unusable_premiums(night),
    )
    told_right = must(
        shadow,
        (_MILLICENTS * pl.col("cents_per_unit") - pl.col("millicents_per_unit")).abs() < 0.5,
        "shadow price of {sku} in {warehouse_id}: {millicents_per_unit} thousandths of a cent, {cents_per_unit} cents",
    )
    if any(findings.num_violations for findings in unusable) or summary.height != 1:
        return named("bound.value", *unusable, told(["the bound cannot be recomputed"], 1))
    published, by_prices, cost = summary.select("bound_cents", "shadow_bound_cents", "cost_cents").row(0)
    bound = proven_cents(night, given, "bound_prices", charges_premiums=True)
    alone = proven_cents(night, given, "shadow_prices", charges_premiums=False)
    messages = []
    if published > bound.cents:
        messages.append(f"plan_summary: bound_cents is {published}, the prices prove {bound}")
    if by_prices > alone.cents:
        messages.append(f"plan_summary: shadow_bound_cents is {by_prices}, the shadow prices prove {alone}")
    if not by_prices <= published <= cost:
        messages.append(
            f"plan_summary: shadow_bound_cents {by_prices}, bound_cents {published} and cost_cents {cost} do not rise"
        )
    return named("bound.value", told_right, told(messages, 2 * given.orders.height))


@dataclass(frozen=True)
class Proven:
    """What prices prove.

    Parameters
    ----------
    cents
        No plan costs less.
    num_relaxed
        Orders of so many pieces that they were bounded from below.
    """

    cents: int
    num_relaxed: int

    def __str__(self) -> str:
        note = f"; {self.num_relaxed} orders of very many pieces were bounded from below" if self.num_relaxed else ""
        return f"{self.cents}{note}"


def proven_cents(night: Night, given: Choices, table: str, *, charges_premiums: bool) -> Proven:
    """Compute what published prices prove: every order's cheapest division at them less what the limits earn.

    Parameters
    ----------
    night
        The run.
    given
        What the plan chose from.
    table
        The prices: `bound_prices` or `shadow_prices`.
    charges_premiums
        Whether pieces pay `bound_premiums` beside them.
    """
    prices = night.table(table)
    network = places(night, prices)
    listed = night.table("bound_premiums")
    charged = premiums(listed if charges_premiums else listed.clear(), given.pieces, network)
    least, num_relaxed = least_costs(priced_orders(night, given, network, charged, prices))
    beyond = earned_beyond_prices_millicents(given.pieces, network, network.stock_millicents, charged)
    millicents = sum(least.tolist()) - limits_worth_millicents(night, prices) - beyond
    # Every plan costs whole cents.
    return Proven(-(-millicents // _MILLICENTS), num_relaxed)


def _unusable_prices(night: Night, name: str) -> Findings:
    """Name prices whose limit the published tables do not hold."""
    prices = night.table(name)
    wrong = prices.join(shared_limits(night), on=LIMITED, how="anti", nulls_equal=True, maintain_order="left")
    return none_of(
        wrong,
        "price of warehouse {warehouse_id}, sku {sku}, carton {carton_id}, carrier {carrier} of {millicents_per_unit} "
        "thousandths of a cent: there is no such limit",
        prices.height,
    )
