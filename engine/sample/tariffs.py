"""Tariff tables made from a few numbers a service: zones, weight breaks and dated surcharges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

import polars as pl

from engine.contracts import TABLES

BREAKS_G: Final = (250, 500, 1_000, 2_000, 3_000, 5_000, 7_500, 10_000, 15_000, 20_000, 25_000, 30_000)
DIMENSIONAL_BREAKS_G: Final = (40_000, 55_000, 75_000)
"""A parcel never weighs as much; a large one may be billed as if it did."""


class Service(NamedTuple):
    """A carrier's service and what makes its prices."""

    service_id: str
    carrier: str
    speed: str
    preference: int
    divisor: int | None
    dim_from_cm3: int
    step_g: int
    max_weight_g: int
    max_length_mm: int
    max_girth_mm: int | None
    hazard_classes: str | None
    base_cents: int
    cents_per_kg: int
    reach_km: int
    """Longest lane it serves."""
    first_day: float
    days_per_1000_km: float


class Card(NamedTuple):
    """A rate card: its level of prices and the days it is valid."""

    level: float
    valid_from: date
    valid_to: date | None


class Lane(NamedTuple):
    """A way from a warehouse to a country or to the postcodes that begin with a prefix."""

    warehouse_id: str
    country: str
    prefix: str
    km: float
    zone: int
    extra_days: int


class Surcharge(NamedTuple):
    """A surcharge that every service has; a service may charge a little more of it."""

    surcharge_id: str
    group: str | None
    basis: str
    amount: int
    trigger: str
    threshold: int | None
    valid_from: date
    valid_to: date | None


def services(offered: Sequence[Service], valid_from: date) -> pl.DataFrame:
    """Give the services table, every service valid from one day on.

    Parameters
    ----------
    offered
        The services.
    valid_from
        First day of all of them.
    """
    rows = [(*service[:11], valid_from, None) for service in offered]
    return pl.DataFrame(rows, schema=TABLES["services"].schema, orient="row")


def zones(offered: Sequence[Service], lanes: Iterable[Lane]) -> pl.DataFrame:
    """Give the zones table: each lane of each service that reaches so far.

    Parameters
    ----------
    offered
        The services.
    lanes
        The lanes, each with its zone.
    """
    rows = [
        (service.service_id, lane.warehouse_id, lane.country, lane.prefix, lane.zone, _transit_days(service, lane))
        for lane in lanes
        for service in offered
        if lane.km <= service.reach_km
    ]
    frame = pl.DataFrame(rows, schema=TABLES["zones"].schema, orient="row")
    return frame.sort("service_id", "warehouse_id", "dest_country", "dest_postcode_prefix")


def _transit_days(service: Service, lane: Lane) -> int:
    return max(1, round(service.first_day + service.days_per_1000_km * lane.km / 1_000)) + lane.extra_days


def rates(
    offered: Sequence[Service],
    zone_factors: Mapping[int, float],
    cards: Sequence[Card],
    breaks_g: Sequence[int] = (*BREAKS_G, *DIMENSIONAL_BREAKS_G),
) -> pl.DataFrame:
    """Give the rates table.

    Parameters
    ----------
    offered
        The services.
    zone_factors
        How dear each zone is, against the first.
    cards
        The rate cards, each with its level of prices.
    breaks_g
        Weight breaks, rising.
    """
    rows = [
        (
            service.service_id,
            zone,
            up_to_g,
            _price(service, factor, up_to_g, card.level),
            card.valid_from,
            card.valid_to,
        )
        for card in cards
        for service in offered
        for zone, factor in zone_factors.items()
        for up_to_g in breaks_g
        if up_to_g >= service.step_g
    ]
    return pl.DataFrame(rows, schema=TABLES["rates"].schema, orient="row")


def _price(service: Service, zone_factor: float, up_to_g: int, level: float) -> int:
    # Prices rise with weight a little less than in proportion, as printed cards do.
    kilograms = float((up_to_g / 1_000) ** 0.85)
    # Distance makes weight dear rather than the parcel as such.
    parcel = service.base_cents * (1 + 0.6 * (zone_factor - 1))
    return round(level * (parcel + service.cents_per_kg * kilograms * zone_factor))


def surcharges(offered: Sequence[Service], rules: Sequence[Surcharge], *, cost_factor: float = 1.0) -> pl.DataFrame:
    """Give the surcharges table: every rule for every service.

    Parameters
    ----------
    offered
        The services.
    rules
        The surcharges that they share.
    cost_factor
        What a cent of a rule is in the workspace's cents.
    """
    rows = [
        (service.service_id, *rule[:3], round(rule.amount * factor), *rule[4:])
        for number, service in enumerate(offered)
        for rule in rules
        # Fuel differs a little from carrier to carrier.
        for factor in [1 + 0.04 * (number % 3) if rule.basis == "per_cent" else cost_factor]
    ]
    return pl.DataFrame(rows, schema=TABLES["surcharges"].schema, orient="row")
