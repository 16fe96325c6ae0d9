"""From published runs into the order book: always from the files, so that a run published just before a crash counts too."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from engine.book import Book
from engine.book.runs import PublishedRun, RunRecord
from engine.contracts.memory import PAST_PRICES
from engine.holds import HoldReason
from engine.runs import Run
from engine.runs.folders import published


def adopt_published_runs(workspace: Path, book: Book) -> list[Run]:
    """Record published runs that the book does not know, and give them: the process died before it remembered them."""
    known, adopted = book.known_runs(), []
    for directory in published(workspace):
        run = Run(directory)
        if run.run_id not in known:
            record(book, run)
            adopted.append(run)
    return adopted


def record(book: Book, run: Run) -> None:
    """Remember what a published run ships, holds and used up."""
    book.record_run(PublishedRun(run.run_id, run.as_of, str(run.directory)), _record_of(run))


def _record_of(run: Run) -> RunRecord:
    shipments, lines = run.table("shipments"), run.table("shipment_lines")
    planned = lines.join(shipments.select("shipment_id", "warehouse_id"), on="shipment_id", maintain_order="left")
    placed = run.inputs.orders.select("order_id", "placed_at")
    sent = shipments.join(placed, on="order_id", maintain_order="left").rename({"dispatch_at": "dispatched_at"})
    serials = run.manifest["tracking_serials"]
    return RunRecord(
        planned.select("order_id", "line_number", "warehouse_id", "sku", "quantity", "shipment_id"),
        _states(run).select(pl.lit(run.as_of).alias("as_of"), "order_id", "state", "detail"),
        sent.select(
            "shipment_id",
            "order_id",
            "warehouse_id",
            "carrier",
            "tracking_number",
            "placed_at",
            "dispatched_at",
            "promised_by",
            "units",
            "carton_id",
        ),
        pl.DataFrame(serials, schema={"carrier": pl.String, "first_serial": pl.Int64, "num_serials": pl.Int64}),
        run.table("shadow_prices").select(list(PAST_PRICES.schema)),
    )


def _states(run: Run) -> pl.DataFrame:
    """Give the state of every order after the run: cancelled, held, planned, short (part of it waits) or waiting (all of it)."""
    held = (
        run.table("holds")
        .group_by("order_id", maintain_order=True)
        .agg(pl.col("reason").str.join(", ").alias("detail"), pl.col("reason").alias("reasons"))
    )
    is_cancelled = pl.col("reasons").list.contains(HoldReason.CANCELLED.value)
    held = held.select(
        "order_id", pl.when(is_cancelled).then(pl.lit("cancelled")).otherwise(pl.lit("held")).alias("state"), "detail"
    )
    waiting = run.table("backorders").group_by("order_id", maintain_order=True).agg(pl.col("quantity").sum())
    sent = run.table("shipments").group_by("order_id", maintain_order=True).len("parcels")
    both = sent.join(waiting, on="order_id", how="full", coalesce=True)
    state = (
        pl.when(pl.col("quantity").is_null())
        .then(pl.lit("planned"))
        .when(pl.col("parcels").is_null())
        .then(pl.lit("waiting"))
        .otherwise(pl.lit("short"))
    )
    detail = pl.format("{} parcels, {} units wait", pl.col("parcels").fill_null(0), pl.col("quantity").fill_null(0))
    return pl.concat([held, both.select("order_id", state.alias("state"), detail.alias("detail"))]).sort("order_id")
