"""Invariant 4, fourth part: the night in one row is the sum of its tables."""

from __future__ import annotations

from typing import Final

from engine.contracts.outputs import SHIPMENT_COSTS
from engine.verify.checks import Check, named, told
from engine.verify.conservation import released_lines
from engine.verify.files import Night

_GAP_SLACK: Final = 1e-9


def check_summary(night: Night) -> Check:
    """Check every figure of the plan summary.

    Parameters
    ----------
    night
        The run.
    """
    summary = night.table("plan_summary")
    if summary.height != 1:
        return named("prices.summary", told([f"plan_summary has {summary.height} rows instead of one"], 1))
    row = summary.row(0, named=True)
    expected = expected_summary(night)
    differ = [
        f"plan_summary: {name} is {row[name]}, recomputed {value}"
        for name, value in expected.items()
        if row[name] != value
    ]
    gap = (row["cost_cents"] - row["bound_cents"]) / row["cost_cents"] if row["cost_cents"] else 0.0
    if row["gap"] is None or not abs(row["gap"] - gap) <= _GAP_SLACK:
        differ.append(f"plan_summary: gap is {row['gap']}, recomputed {gap}")
    proven = "OPTIMAL" if row["bound_cents"] == row["cost_cents"] else "FEASIBLE"
    if row["status"] != proven:
        differ.append(f"plan_summary: status is {row['status']}, cost and bound say {proven}")
    return named("prices.summary", told(differ, len(row)))


def check_baselines(night: Night) -> Check:
    """Check that the rules are set against this very plan, and that the saving is what the two costs say.

    Parameters
    ----------
    night
        The run.
    """
    rows = night.table("baselines").to_dicts()
    plan_cents = night.table("plan_summary")["cost_cents"].sum()
    differ = [
        f"baselines: {row['baseline']} sets {row['plan_cost_cents']} beside it, the plan costs {plan_cents}"
        for row in rows
        if row["plan_cost_cents"] != plan_cents
    ]
    for row in rows:
        saved = (row["cost_cents"] - plan_cents) / row["cost_cents"] if row["cost_cents"] else 0.0
        if not abs(row["saving_share"] - saved) <= _GAP_SLACK:
            differ.append(f"baselines: {row['baseline']} says {row['saving_share']} is saved, recomputed {saved}")
    return named("prices.baselines", told(differ, 2 * len(rows)))


def expected_summary(night: Night) -> dict[str, object]:
    """Recompute what the summary says, except bound, gap and status.

    Parameters
    ----------
    night
        The run.
    """
    shipments, backorders = night.table("shipments"), night.table("backorders")
    orders, holds = night.table("orders"), night.table("holds")
    released = released_lines(orders, night.table("order_lines"), holds)
    parcels = shipments.group_by("order_id").len("parcels")["parcels"]
    split = int((parcels - 1).sum()) * night.settings.costs.split_cents if len(parcels) else 0
    components = {
        name: int(shipments[name].sum()) for name in (*(cost for cost, _ in SHIPMENT_COSTS), "lateness_cents")
    }
    chosen = night.table("offers").filter("is_chosen")
    components |= {"backorder_cents": int(backorders["cost_cents"].sum()), "split_cents": split}
    components |= {name: int(chosen[name].sum()) for name in ("reserve_cents", "churn_cents")}
    pieces, moves = night.table("offer_pieces").group_by("order_id").len("pieces")["pieces"], night.table("moves")
    held = holds["order_id"].n_unique()
    return {
        "run_id": night.manifest.run_id,
        "as_of": night.as_of,
        "currency": night.settings.night.currency,
        "orders": orders.height,
        "orders_released": orders.height - held,
        "orders_held": held,
        "orders_shipped": len(parcels),
        "orders_short": backorders["order_id"].n_unique(),
        "orders_split": int((parcels > 1).sum()),
        "orders_late": shipments.filter("is_late")["order_id"].n_unique(),
        "lines_released": released.height,
        "units_released": int(released["quantity"].sum()),
        "units_shipped": int(shipments["units"].sum()),
        "units_backordered": int(backorders["quantity"].sum()),
        "shipments": shipments.height,
        "rejects": night.table("rejects").height,
        **components,
        "cost_cents": sum(components.values()),
        "orders_offered_in_part": int((pieces > night.settings.assign.exact_lines).sum()),
        "orders_moved": moves["order_id"].n_unique(),
        "lines_moved": moves.height,
    }
