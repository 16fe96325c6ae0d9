"""Lanes: on which services, in which zone and by when a warehouse reaches an order's destination."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from engine.config import Settings
from engine.inputs import Inputs
from engine.rate_cards import RateCards
from engine.stages.quote.pieces import raised_by_priority
from engine.working_days import NO_HOLIDAYS, delivery_deadline, holidays_by_country, local_date, next_dispatch

_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Dispatches:
    """When each warehouse hands over what is planned tonight.

    Parameters
    ----------
    frame
        warehouse_id, dispatch_at, day (local).
    """

    frame: pl.DataFrame

    @property
    def days(self) -> list[date]:
        """The distinct local days of dispatch."""
        return self.frame["day"].unique().sort().to_list()


def dispatches(warehouses: pl.DataFrame, holidays: pl.DataFrame, as_of: datetime) -> Dispatches:
    """Give when each warehouse hands over what is planned at `as_of`, by the working days of its country."""
    rest = holidays_by_country(holidays)
    rows = [
        (
            w["warehouse_id"],
            next_dispatch(as_of, w["cutoff"], w["timezone"], rest.get(w["country"], NO_HOLIDAYS)),
            w["timezone"],
        )
        for w in warehouses.iter_rows(named=True)
    ]
    return Dispatches(
        pl.DataFrame(
            [(name, at, local_date(at, timezone)) for name, at, timezone in rows],
            schema={"warehouse_id": pl.String, "dispatch_at": pl.Datetime("us", "UTC"), "day": pl.Date},
            orient="row",
        )
    )


def area_lanes(orders: pl.DataFrame, inputs: Inputs, cards: RateCards, leaving: Dispatches) -> pl.DataFrame:
    """Give every service from every warehouse to every area that orders go to.

    An area is a country and as much of the postcode as any zone looks at.

    Returns
    -------
    pl.DataFrame
        ship_country, area, warehouse_id, service_id, service, surcharge_set, rate_group, hazard_classes, zone,
        transit_days, deliver_by; sorted.
    """
    areas = orders.select("ship_country", area_of(inputs.zones)).unique().sort("ship_country", "area")
    zones = _longest_match(areas, inputs.zones)
    lanes = (
        zones.join(leaving.frame, on="warehouse_id")
        .join(cards.services, on=["day", "service_id"])
        .join(cards.groups, on=["day", "service_id", "zone"])
        .sort("ship_country", "area", "warehouse_id", "service")
    )
    timezones = dict(inputs.warehouses.select("warehouse_id", "timezone").iter_rows())
    trip, rest = ["warehouse_id", "dispatch_at", "transit_days", "ship_country"], holidays_by_country(inputs.holidays)
    arrivals = lanes.select(trip).unique()
    deadlines = [
        delivery_deadline(at, days, timezones[name], rest.get(country, NO_HOLIDAYS))
        for name, at, days, country in arrivals.iter_rows()
    ]
    arrivals = arrivals.with_columns(pl.Series("deliver_by", deadlines, dtype=pl.Datetime("us", "UTC")))
    return lanes.join(arrivals, on=trip, maintain_order="left")


def area_of(zones: pl.DataFrame) -> pl.Expr:
    """Give as much of an order's postcode as any zone looks at, as column `area`."""
    longest = max(zones["dest_postcode_prefix"].str.len_chars().to_list(), default=0)
    return pl.col("ship_postcode").str.slice(0, longest).alias("area")


def _longest_match(areas: pl.DataFrame, zones: pl.DataFrame) -> pl.DataFrame:
    length = pl.col("dest_postcode_prefix").str.len_chars()
    found = []
    for size in zones.select(length.unique().sort(descending=True)).to_series():
        of_size = zones.filter(length == size).rename({"dest_country": "ship_country"})
        keyed = areas.with_columns(pl.col("area").str.slice(0, size).alias("dest_postcode_prefix"))
        found.append(
            keyed.join(of_size, on=["ship_country", "dest_postcode_prefix"]).with_columns(
                pl.lit(size).cast(pl.Int64).alias("size")
            )
        )
    if not found:
        return areas.join(zones.rename({"dest_country": "ship_country"}), on="ship_country")
    matches = pl.concat(found).sort("size", descending=True, maintain_order=True)
    best = matches.unique(
        subset=["ship_country", "area", "warehouse_id", "service_id"], keep="first", maintain_order=True
    )
    return best.select("ship_country", "area", "warehouse_id", "service_id", "zone", "transit_days")


def days_late() -> pl.Expr:
    """Give the whole days, begun ones included, by which `deliver_by` lies after `promised_by`."""
    late_us = (pl.col("deliver_by") - pl.col("promised_by")).dt.total_microseconds()
    return pl.max_horizontal((late_us + _DAY_US - 1) // _DAY_US, pl.lit(0)).cast(pl.Int64)


def lateness_cents(settings: Settings) -> pl.Expr:
    """Price `days_late` by the order's service level and priority."""
    costs = settings.costs
    a_day = {
        "economy": costs.late_cents_per_day_economy,
        "standard": costs.late_cents_per_day_standard,
        "express": costs.late_cents_per_day_express,
    }
    per_day = pl.col("service_level").replace_strict(a_day, return_dtype=pl.Int64)
    return raised_by_priority(pl.col("days_late") * per_day, settings)
