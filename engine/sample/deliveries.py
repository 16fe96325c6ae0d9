"""Parcels of the last quarter: when they were promised, what the carriers reported, and what came back."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.sample.catalogue import Catalogue, selling_prices
from engine.sample.streams import stream
from engine.sample.tracking import CARRIERS, tracking_numbers

Integers = NDArray[np.int64]

CAUSES: Final = (
    "carrier_sorting_delay",
    "carrier_capacity",
    "retailer_late_handover",
    "consignee_not_home",
    "consignee_wrong_address",
    "weather_storm",
    "customs_documents",
)
HOUR: Final = 3_600
DAY: Final = 86_400


def past_shipments(num_shipments: int, warehouses: pl.DataFrame, as_of: datetime, seed: int) -> pl.DataFrame:
    """Give parcels handed over in the last quarter.

    Parameters
    ----------
    num_shipments
        Parcels.
    warehouses
        The warehouses table.
    as_of
        The night.
    seed
        Seed of the whole sample.
    """
    rng = stream(seed, "past_shipments")
    number = np.arange(num_shipments)
    placed = -np.sort(rng.integers(4 * DAY, 90 * DAY, num_shipments))[::-1]
    dispatched = placed + rng.gamma(2.0, 9 * HOUR, num_shipments).astype(np.int64) + 2 * HOUR
    promised_days = rng.choice([2, 4, 7], num_shipments, p=[0.15, 0.63, 0.22])
    carrier = rng.integers(0, len(CARRIERS), num_shipments)
    return pl.DataFrame(
        {
            "shipment_id": _numbered("H-", number, "-1"),
            "order_id": _numbered("H-", number, ""),
            "warehouse_id": warehouses["warehouse_id"].gather(rng.integers(0, len(warehouses), num_shipments)),
            "carrier": pl.Series(list(CARRIERS)).gather(carrier),
            "tracking_number": tracking_numbers(carrier, number + 1),
            "placed_at": instants(as_of, placed),
            "dispatched_at": instants(as_of, dispatched),
            "promised_by": instants(as_of, _end_of_day(as_of, placed + promised_days * DAY)),
            "units": rng.choice([1, 2, 3, 4, 5], num_shipments, p=[0.55, 0.25, 0.12, 0.05, 0.03]),
        }
    )


def _numbered(before: str, number: Integers, after: str) -> pl.Series:
    return before + pl.Series(number + 1, dtype=pl.Int64).cast(pl.String).str.zfill(7) + after


def _end_of_day(as_of: datetime, seconds: Integers) -> Integers:
    start = int(as_of.timestamp())
    return np.asarray((start + seconds) // DAY * DAY + DAY - 1 - start)


def instants(as_of: datetime, seconds: Integers) -> pl.Series:
    """Give the instants that many seconds after the night."""
    micros = (int(as_of.timestamp()) + np.asarray(seconds, dtype=np.int64)) * 1_000_000
    return pl.Series(micros).cast(pl.Datetime("us", "UTC"))


def tracking_events(parcels: pl.DataFrame, as_of: datetime, seed: int) -> pl.DataFrame:
    """Give what the carriers reported: most on time, some late with a cause, some after a failed attempt.

    Parameters
    ----------
    parcels
        The past_shipments table.
    as_of
        The night; nothing is reported after it.
    seed
        Seed of the whole sample.
    """
    rng = stream(seed, "tracking_events")
    count = len(parcels)
    start = int(as_of.timestamp())
    dispatched, promised = (parcels[name].dt.epoch("s").to_numpy() - start for name in ("dispatched_at", "promised_by"))
    fate = rng.random(count)
    is_late, is_lost = fate < 0.09, fate > 0.994
    room = np.maximum(promised - dispatched, 8 * HOUR)
    on_time = dispatched + (room * rng.uniform(0.45, 0.97, count)).astype(np.int64)
    late = np.maximum(promised, dispatched) + rng.integers(3 * HOUR, 6 * DAY, count)
    delivered = np.where(is_late, late, on_time)
    has_failed = rng.random(count) < np.where(is_late, 0.3, 0.02)
    cause = pl.Series(CAUSES).gather(rng.choice(len(CAUSES), count, p=[0.28, 0.2, 0.15, 0.2, 0.06, 0.08, 0.03]))
    nobody = pl.Series([None], dtype=pl.String)
    number = parcels["tracking_number"]
    span = delivered - dispatched
    steps = [
        ("picked_up", dispatched + HOUR, np.ones(count, dtype=bool), nobody.new_from_index(0, count)),
        ("in_transit", dispatched + span // 3, np.ones(count, dtype=bool), nobody.new_from_index(0, count)),
        ("delivery_delayed", dispatched + span // 2, is_late & ~has_failed, cause),
        (
            "delivery_failed",
            delivered - np.minimum(span // 4, DAY),
            has_failed,
            pl.Series(["consignee_not_home"]).new_from_index(0, count),
        ),
        ("out_for_delivery", delivered - np.minimum(span // 8, 5 * HOUR), ~is_lost, nobody.new_from_index(0, count)),
        ("delivered", delivered, ~is_lost, nobody.new_from_index(0, count)),
    ]
    frames = [
        pl.DataFrame(
            {
                "tracking_number": number,
                "status": pl.repeat(status, count, eager=True),
                "occurred_at": instants(as_of, seconds),
                "cause": why,
            }
        ).filter(pl.Series(happened & (seconds <= 0)))
        for status, seconds, happened, why in steps
    ]
    return pl.concat(frames).sort("occurred_at", "tracking_number", "status")


def past_order_lines(parcels: pl.DataFrame, catalogue: Catalogue, seed: int) -> pl.DataFrame:
    """Give what was in the past parcels: one line each, of articles as popular as tonight's.

    Parameters
    ----------
    parcels
        The past_shipments table.
    catalogue
        The articles.
    seed
        Seed of the whole sample.
    """
    rng = stream(seed, "past_order_lines")
    sku_idx = rng.choice(catalogue.popularity.size, len(parcels), p=catalogue.popularity)
    return pl.DataFrame(
        {
            "order_id": parcels["order_id"],
            "line_number": np.ones(len(parcels), dtype=np.int64),
            "sku": catalogue.products["sku"].gather(sku_idx),
            "quantity": parcels["units"],
            "unit_price_cents": selling_prices(rng, catalogue, sku_idx),
        }
    )


def returns(
    parcels: pl.DataFrame, lines: pl.DataFrame, events: pl.DataFrame, as_of: datetime, seed: int
) -> pl.DataFrame:
    """Give what came back of the delivered parcels.

    Parameters
    ----------
    parcels, lines, events
        The past_shipments, past_order_lines and tracking_events tables.
    as_of
        The night.
    seed
        Seed of the whole sample.
    """
    rng = stream(seed, "returns")
    delivered = events.filter(pl.col("status") == "delivered").select(
        "tracking_number", pl.col("occurred_at").alias("delivered_at")
    )
    sold = parcels.join(lines, on="order_id", how="left", maintain_order="left")
    came = sold.join(delivered, on="tracking_number", how="inner", maintain_order="left")
    came = came.filter(pl.Series(rng.random(len(came)) < 0.08))
    seconds = rng.integers(3 * DAY, 30 * DAY, len(came))
    received = came["delivered_at"] + pl.Series(seconds * 1_000_000).cast(pl.Duration("us"))
    quantity = np.minimum(came["units"].to_numpy(), 1 + (rng.random(len(came)) < 0.15))
    return pl.DataFrame(
        {
            "order_id": came["order_id"],
            "line_number": came["line_number"],
            "quantity": quantity,
            "received_at": received,
            "disposition": pl.Series(["restock", "scrap", "inspect", "missing"]).gather(
                rng.choice(4, len(came), p=[0.72, 0.12, 0.13, 0.03])
            ),
            "refund_cents": came["unit_price_cents"].to_numpy() * quantity,
        }
    ).filter(pl.col("received_at") <= as_of)
