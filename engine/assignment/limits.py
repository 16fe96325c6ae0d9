"""What orders share tonight: stock, units a warehouse can send, cartons, and parcels its carriers collect."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import polars as pl

from engine.inputs import Inputs
from engine.working_days import NO_HOLIDAYS, at_local, holidays_by_country, local_date, next_dispatch


def available_stock(stock: pl.DataFrame, stock_reserves: pl.DataFrame) -> pl.DataFrame:
    """Give warehouse_id, sku, available: what may be promised tonight, where there is any."""
    kept = stock_reserves.select("warehouse_id", "sku", kept="quantity")
    free = pl.col("on_hand") - pl.col("reserved") - pl.col("safety_stock") - pl.col("kept").fill_null(0)
    return (
        stock.join(kept, on=["warehouse_id", "sku"], how="left", maintain_order="left")
        .select("warehouse_id", "sku", free.alias("available"))
        .filter(pl.col("available") > 0)
    )


def carton_limits(cartons: pl.DataFrame) -> pl.DataFrame:
    """Give carton_id, limit of the cartons that are counted."""
    return cartons.filter(pl.col("on_hand").is_not_null()).select("carton_id", limit="on_hand")


def pickup_limits(inputs: Inputs, as_of: datetime) -> pl.DataFrame:
    """Give warehouse_id, carrier, limit: parcels that may still be added to tonight's hand-overs, never below 0.

    Parameters
    ----------
    inputs
        Tables pickups, past_shipments, warehouses, holidays.
    as_of
        The night.
    """
    place = ["warehouse_id", "carrier"]
    used = same_day_shipments(inputs, as_of).group_by(place).agg(used=pl.len().cast(pl.Int64))
    left = pl.max_horizontal(pl.col("daily_shipments") - pl.col("used").fill_null(0), 0)
    return inputs.pickups.join(used, on=place, how="left", maintain_order="left").select(*place, limit=left).sort(place)


def capacity_limits(inputs: Inputs, as_of: datetime) -> pl.Series:
    """Give the units each warehouse may still send on the day of tonight's hand-over; null where not limited.

    Parameters
    ----------
    inputs
        Tables warehouses, past_shipments, holidays.
    as_of
        The night.
    """
    used = same_day_shipments(inputs, as_of).group_by("warehouse_id").agg(used=pl.col("units").sum())
    joined = inputs.warehouses.join(used, on="warehouse_id", how="left", maintain_order="left")
    left = pl.max_horizontal(pl.col("daily_capacity_units") - pl.col("used").fill_null(0), 0)
    return joined.select(pl.when(pl.col("daily_capacity_units").is_not_null()).then(left)).to_series()


def same_day_shipments(inputs: Inputs, as_of: datetime) -> pl.DataFrame:
    """Give the parcels of earlier runs that leave on the local day of their warehouse's next hand-over.

    Parameters
    ----------
    inputs
        Tables warehouses, past_shipments, holidays.
    as_of
        The night.
    """
    rest = holidays_by_country(inputs.holidays)
    days = []
    for row in inputs.warehouses.select("warehouse_id", "country", "cutoff", "timezone").iter_rows(named=True):
        zone = row["timezone"]
        day = local_date(next_dispatch(as_of, row["cutoff"], zone, rest.get(row["country"], NO_HOLIDAYS)), zone)
        days.append(
            (row["warehouse_id"], at_local(day, time(0), zone), at_local(day + timedelta(days=1), time(0), zone))
        )
    instant = pl.Datetime("us", "UTC")
    spans = pl.DataFrame(days, schema={"warehouse_id": pl.String, "from": instant, "until": instant}, orient="row")
    return inputs.past_shipments.join(spans, on="warehouse_id", maintain_order="left").filter(
        (pl.col("dispatched_at") >= pl.col("from")) & (pl.col("dispatched_at") < pl.col("until"))
    )
