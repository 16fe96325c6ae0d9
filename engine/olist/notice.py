"""The notice in an Olist workspace: what is real, what is derived and what is generated."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from engine.olist.orders import COST_SHARE, FRAGILE_CATEGORIES
from engine.olist.source import Olist
from engine.olist.times import TIMEZONE, odd_times


def notice_text(source: Olist, tables: Mapping[str, pl.DataFrame], as_of: datetime, seed: int) -> str:
    """Give the notice as Markdown, with the counts of this data.

    Parameters
    ----------
    source
        The data set.
    tables
        The workspace's tables.
    as_of
        The night.
    seed
        Seed of what is generated.
    """
    counts = _counted(source, tables)
    return f"""# What is real here, and what is not

Source: the public Olist data set of Brazilian marketplace orders (CC BY-NC-SA 4.0; this workspace is derived from it and carries
the same licence). The night is {as_of:%Y-%m-%d %H:%M} UTC, seed {seed}.

**A replay, not a night that happened.** {counts["orders"]} real orders, placed over many months, are planned as one night,
as if none had left yet. What really happened to them is kept as history beside the plan.

| table | real | derived | generated |
|---|---|---|---|
| orders | id, time of purchase, destination prefix, cancellation | payment status (paid: approved or left; pending: neither), coordinates (middle of the prefix), `promised_by` (tonight plus the time from purchase to the estimated day's end), `cancelled_at` (last time known of the order) | service level: all `standard` |
| order_lines | article, price | quantity: the source repeats a row for each unit | |
| products | category, sizes (cm to mm), weight; absent where the source has none or zero | cost: {COST_SHARE:.0%} of the median selling price | fragility, by category: {", ".join(FRAGILE_CATEGORIES)} |
| warehouses | | where sellers are: clusters of their coordinates weighted by units sold, named after the city that sold most | cut-off, capacity, costs |
| past_shipments, past_order_lines, tracking_events | times of purchase, hand-over and delivery, promised day | origin (cluster of the first article's seller), one parcel an order | tracking numbers (`SYNTHETIC-…`); the carrier is `unnamed` |
| stock_movements | sales: article, quantity, time of hand-over | warehouse of a sale | receipts (`SYNTHETIC-PO-…`) |
| stock, inbound, locations | | | all of it; a tenth of the popular articles is short on purpose |
| cartons, protection, services, zones, rates, surcharges | | zones from real distances | all names begin with `SYNTHETIC-`, all prices are made up |
| returns | | | none: the source has no returns |

Read with care
- Times are local in the source ({TIMEZONE}). {counts["skipped"]} fell into the hour that clocks skipped and count as an hour later; {counts["twice"]}
  came twice when clocks went back and count as the first.
- A promised date counts until the end of that day, local time.
- {counts["bare"]} orders have no article in the source and are held. {counts["unsized"]} articles lack a size or weight; orders for them are held.
- {counts["unplaced"]} orders lie in a postcode prefix without coordinates; they have none here.
- {counts["repeated"]} repeated item rows became quantities of other lines.
- {counts["parcels"]} parcels really left before the night; hand-overs and deliveries after it are not known yet and left out. Dates that contradict each other in the source (delivered before hand-over) are kept as they are.
- {counts["undelivered"]} of them have no delivery by the night; those whose promised day has passed count as overdue.
- Payments of one order in several rows count as one payment.
"""


def _counted(source: Olist, tables: Mapping[str, pl.DataFrame]) -> dict[str, int]:
    """Count what is odd or missing in the source and what became of it."""
    orders, products, parcels = tables["orders"], tables["products"], tables["past_shipments"]
    skipped, twice = odd_times(
        source.orders,
        [
            "order_purchase_timestamp",
            "order_approved_at",
            "order_delivered_carrier_date",
            "order_delivered_customer_date",
        ],
    )
    unplaced = orders["ship_latitude"].null_count()
    unsized = products.filter(
        pl.any_horizontal(pl.col("length_mm", "width_mm", "height_mm", "weight_g").is_null())
    ).height
    bare = orders.join(tables["order_lines"], on="order_id", how="anti").height
    undelivered = parcels.height - tables["tracking_events"].filter(pl.col("status") == "delivered").height
    repeated = source.order_items.height - tables["order_lines"].height
    return {
        "orders": orders.height,
        "skipped": skipped,
        "twice": twice,
        "bare": bare,
        "unsized": unsized,
        "unplaced": unplaced,
        "repeated": repeated,
        "parcels": parcels.height,
        "undelivered": undelivered,
    }
