"""The morning page: the night's figures, its exceptions and the stock health, on one offline page."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from engine.contracts.outputs import SHIPMENT_COSTS
from engine.reports import html
from engine.reports.page_stock import stock_sections
from engine.reports.written import count, day, days, money, share

_SHOWN: Final = 20
_COMPONENTS: Final = (
    *((name, name.removesuffix("_cents").replace("_", " ")) for name, _ in SHIPMENT_COSTS),
    ("lateness_cents", "lateness (priced)"),
    ("backorder_cents", "backorders (priced)"),
    ("split_cents", "splits (priced)"),
    ("reserve_cents", "stock kept for later orders (priced)"),
    ("churn_cents", "moves since an earlier plan (priced)"),
)

_Summary = dict[str, Any]


def morning_page(tables: dict[str, pl.DataFrame]) -> str:
    """Give the page of a run as HTML.

    Parameters
    ----------
    tables
        The output tables of the run by name.
    """
    summary = tables["plan_summary"].row(0, named=True)
    return html.page(
        f"Ordermill {summary['as_of']:%Y-%m-%d}",
        [
            html.title(
                f"The night of {summary['as_of']:%A %d %B %Y}",
                f"as of {summary['as_of']:%Y-%m-%d %H:%M} UTC, run {summary['run_id']}",
            ),
            *_night(summary),
            *_costs(summary),
            *_savings(tables["baselines"], summary),
            *_held(tables["holds"]),
            *_late(tables["shipments"], summary),
            *_short(tables["backorders"]),
            *_rejected(tables["rejects"]),
            *stock_sections(tables, summary["currency"]),
            *_deliveries(tables["delivery_performance"]),
        ],
    )


def _night(summary: _Summary) -> list[str]:
    if not summary["orders"]:
        return [html.heading("No orders", "Nothing was open tonight.")]
    plain = [
        (count(summary["orders_released"]), f"of {count(summary['orders'])} open orders released", None),
        (count(summary["shipments"]), f"parcels, {count(summary['orders_split'])} orders split", None),
        (money(summary["currency"])(summary["cost_cents"]), "cost of the plan", None),
        (f"{100 * summary['gap']:.2f} %", "gap to the proven bound", None),
    ]
    exceptions = [
        (summary["orders_held"], "orders held", "Held"),
        (summary["orders_late"], "orders late", "Late"),
        (summary["orders_short"], "orders short", "Short"),
        (summary["rejects"], "faults in the files", "Rejected"),
    ]
    return [html.figures([*plain, *((count(n), name, section if n else None) for n, name, section in exceptions)])]


def _costs(summary: _Summary) -> list[str]:
    write = money(summary["currency"])
    rows = [(name, summary[column], write(summary[column]), name.endswith("(priced)")) for column, name in _COMPONENTS]
    note = f"At least {write(summary['bound_cents'])} is necessary with tonight's offers: proven, and recomputed by the verifier."
    return [html.heading("What the plan costs", note), html.bars(rows)]


def _savings(baselines: pl.DataFrame, summary: _Summary) -> list[str]:
    if not baselines["cost_cents"].sum():
        return []
    write = money(summary["currency"])
    named = baselines.with_columns(pl.col("baseline").str.replace_all("_", " ")).sort("cost_cents", "baseline")
    columns = [
        ("baseline", "rule", None),
        ("cost_cents", "would cost", write),
        ("saving_share", "the plan saves", share),
        ("orders_split", "orders split", count),
        ("units_backordered", "units that wait", count),
    ]
    note = "Rules in common use, given the same orders, offers and limits of tonight."
    return [html.heading("What the plan saves", note), html.table(named, columns)]


def _held(holds: pl.DataFrame) -> list[str]:
    if holds.is_empty():
        return [html.heading("Held", "No order is held.")]
    by_reason = holds.group_by("reason").agg(
        pl.len().alias("orders"),
        pl.col("order_id").sort().head(3).str.join(", ").alias("first"),
        pl.col("detail").first(),
    )
    by_reason = by_reason.sort("orders", "reason", descending=[True, False]).with_columns(
        pl.col("reason").str.replace_all("_", " ")
    )
    columns = [
        ("reason", "reason", None),
        ("orders", "orders", count),
        ("first", "first orders", None),
        ("detail", "for the first of them", None),
    ]
    return [
        html.heading(
            "Held",
            f"{count(holds['order_id'].n_unique())} orders are not released; an order may be held for several reasons.",
        ),
        html.table(by_reason, columns),
    ]


def _late(shipments: pl.DataFrame, summary: _Summary) -> list[str]:
    late = shipments.filter("is_late").sort("days_late", "shipment_id", descending=[True, False])
    if late.is_empty():
        return [html.heading("Late", "Every parcel arrives as promised.")]
    columns = [
        ("order_id", "order", None),
        ("warehouse_id", "warehouse", None),
        ("service_id", "service", None),
        ("promised_by", "promised", day),
        ("deliver_by", "arrives", day),
        ("days_late", "days late", count),
        ("lateness_cents", "priced at", money(summary["currency"])),
    ]
    return [
        html.heading("Late", f"{count(late.height)} parcels; the {min(_SHOWN, late.height)} latest of them."),
        html.table(late.head(_SHOWN), columns),
    ]


def _short(backorders: pl.DataFrame) -> list[str]:
    if backorders.is_empty():
        return [html.heading("Short", "Every released unit ships.")]
    by_sku = backorders.group_by("sku", "reason").agg(
        pl.col("order_id").n_unique().alias("orders"), pl.col("quantity").sum(), pl.col("expected_at").min()
    )
    by_sku = by_sku.sort("quantity", "sku", "reason", descending=[True, False, False])
    columns = [
        ("sku", "article", None),
        ("reason", "why it waits", None),
        ("orders", "orders", count),
        ("quantity", "units", count),
        ("expected_at", "next receipt", day),
    ]
    note = f"{count(int(backorders['quantity'].sum()))} units of {count(by_sku['sku'].n_unique())} articles wait; the first {min(_SHOWN, by_sku.height)}."
    return [html.heading("Short", note), html.table(by_sku.head(_SHOWN), columns)]


def _rejected(rejects: pl.DataFrame) -> list[str]:
    if rejects.is_empty():
        return [html.heading("Rejected", "Every row of every file could be used.")]
    columns = [
        ("source", "file", None),
        ("row", "row", count),
        ("column", "column", None),
        ("value", "value", None),
        ("reason", "what is wrong", None),
    ]
    note = f"{count(rejects.height)} faults; the first {min(_SHOWN, rejects.height)}. All are in rejects.parquet."
    return [html.heading("Rejected", note), html.table(rejects.head(_SHOWN), columns)]


def _deliveries(performance: pl.DataFrame) -> list[str]:
    rung = performance.filter((pl.col("level") == "parcel") & (pl.col("tolerance_days") == 0))
    if rung.is_empty() or not rung["shipped"].sum():
        return [html.heading("Deliveries", "No parcel sent before is on file.")]
    rung = rung.with_columns(pl.col("carrier").fill_null("all carriers"))
    columns = [
        ("carrier", "carrier", None),
        ("shipped", "sent", count),
        ("delivered", "delivered", count),
        ("on_time_share", "on time", share),
        ("overdue", "overdue", count),
        ("cycle_days_mean", "days from order, mean", days),
        ("cycle_days_p95", "95th percentile", days),
        ("failed_attempts", "failed attempts", count),
    ]
    return [html.heading("Deliveries", "Parcels against the last promise, no tolerance."), html.table(rung, columns)]
