"""The night in one row: counts, cost by component, bound and gap."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from engine.config import Settings
from engine.contracts.outputs import PLAN_SUMMARY, SHIPMENT_COSTS
from engine.inputs import Inputs
from engine.stages.assign import Plan
from engine.stages.receive import Received
from engine.stages.ship import Shipped
from solvers.outcome import Outcome


def plan_summary(
    run_id: str,
    as_of: datetime,
    inputs: Inputs,
    received: Received,
    plan: Plan,
    shipped: Shipped,
    rejects: pl.DataFrame,
    settings: Settings,
) -> pl.DataFrame:
    """Sum up a run by contract `plan_summary`."""
    shipments = shipped.shipments
    parcels = shipments.group_by("order_id").agg(pl.len().alias("parcels"), pl.col("is_late").any())
    chosen = plan.offers.filter("is_chosen")
    money = {name: int(shipments[name].sum()) for name, _ in SHIPMENT_COSTS}
    money |= {
        "lateness_cents": int(shipments["lateness_cents"].sum()),
        "backorder_cents": int(plan.backorders["cost_cents"].sum()),
        "split_cents": plan.split_cents,
        "reserve_cents": int(chosen["reserve_cents"].sum()),
        "churn_cents": int(chosen["churn_cents"].sum()),
    }
    pieces = plan.offer_pieces.group_by("order_id").len("pieces")["pieces"]
    row = {
        "run_id": run_id,
        "as_of": as_of,
        "currency": settings.night.currency,
        "orders": inputs.orders.height,
        "orders_released": received.orders.height,
        "orders_held": received.holds["order_id"].n_unique(),
        "orders_shipped": parcels.height,
        "orders_short": plan.backorders["order_id"].n_unique(),
        "orders_split": parcels.filter(pl.col("parcels") > 1).height,
        "orders_late": parcels.filter("is_late").height,
        "lines_released": received.order_lines.height,
        "units_released": int(received.order_lines["quantity"].sum()),
        "units_shipped": int(shipped.shipment_lines["quantity"].sum()),
        "units_backordered": int(plan.backorders["quantity"].sum()),
        "shipments": shipments.height,
        "rejects": rejects.height,
        **money,
        **_proof(sum(money.values()), plan.outcome),
        "shadow_bound_cents": plan.shadow_bound_cents,
        "orders_offered_in_part": int((pieces > settings.assign.exact_lines).sum()),
        "orders_moved": plan.moves["order_id"].n_unique(),
        "lines_moved": plan.moves.height,
        "moves_saved_cents": plan.moves_saved_cents,
    }
    return pl.DataFrame([row], schema=PLAN_SUMMARY.schema)


def _proof(cost_cents: int, outcome: Outcome) -> dict[str, int | float | str]:
    bound = outcome.bound or 0
    gap = (cost_cents - bound) / cost_cents if cost_cents else 0.0
    return {"cost_cents": cost_cents, "bound_cents": bound, "gap": gap, "status": outcome.status.value}
