"""How large costs may be: sums over a night must be exact, so what could leave 64 bits is named before it is added up."""

from __future__ import annotations

import polars as pl

from engine.config import Settings
from solvers.assignment import MAX_PIECES, MILLICENTS

_LARGEST = 2**62


def most_cents(order_lines: pl.DataFrame) -> int:
    """Give the most that an offer, or the wait of a line, may cost in a night of these lines.

    A quarter of what the assignment can sum over the night in thousandths of a cent: an offer, the wait of a piece with its
    later parcel, and a margin for further parcels.

    Parameters
    ----------
    order_lines
        Lines of the night's orders.
    """
    orders = max(order_lines["order_id"].n_unique(), 1)
    units = int(order_lines["quantity"].sum())
    return _LARGEST // (4 * MILLICENTS * max(MAX_PIECES * orders, units))


def waiting_estimate(settings: Settings) -> pl.Expr:
    """Give the highest price of a line's wait in floating point, which cannot wrap.

    Parameters
    ----------
    settings
        Section `costs`.
    """
    costs = settings.costs
    per_unit = float(costs.backorder_horizon_days) * float(costs.backorder_cents_per_unit_day)
    base = costs.backorder_cents_per_line + pl.col("quantity").cast(pl.Float64) * per_unit
    raised = 1 + costs.priority_share * pl.max_horizontal("priority", 0).cast(pl.Float64)
    return base * raised + costs.churn_cents_per_line
