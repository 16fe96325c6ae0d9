"""Three made-up carriers with eight services: zones, weight breaks, dimensional divisors and dated surcharges."""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.sample.places import City, distance_km

Floats = NDArray[np.float64]

OLD_CARD: Final = (date(2025, 1, 1), date(2025, 12, 31))
NEW_CARD: Final = (date(2026, 1, 1), None)
BREAKS_G: Final = (500, 1_000, 2_000, 3_000, 5_000, 7_500, 10_000, 15_000, 20_000, 25_000, 30_000)
DIMENSIONAL_BREAKS_G: Final = (40_000, 55_000, 75_000)
"""A parcel never weighs as much; a large one may be billed as if it did."""
ZONE_FACTORS: Final = {1: 1.0, 2: 1.08, 3: 1.22, 4: 1.7, 5: 2.05, 6: 2.5, 7: 3.1, 8: 1.55, 9: 3.6}
"""Dearness of a zone: 1 to 3 domestic by distance, 4 to 7 abroad by distance, 8 remote at home, 9 remote abroad."""
REMOTE_FROM_ZONE: Final = 8


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


SERVICES: Final = (
    Service(
        "POSTILIO-ECO", "Postilio", "economy", 2, None, 0, 100, 20_000, 1_200, 3_000, None, 290, 95, 9_999, 2.4, 1.5
    ),
    Service(
        "POSTILIO-STD", "Postilio", "standard", 1, 6_000, 0, 100, 30_000, 1_200, 3_000, None, 395, 98, 9_999, 1.4, 1.1
    ),
    Service(
        "NORDPAK-ECO",
        "Nordpak",
        "economy",
        1,
        5_000,
        20_000,
        500,
        30_000,
        1_750,
        3_600,
        "lithium_battery flammable_liquid corrosive",
        330,
        82,
        2_400,
        1.9,
        1.4,
    ),
    Service(
        "NORDPAK-STD",
        "Nordpak",
        "standard",
        0,
        5_000,
        0,
        500,
        30_000,
        1_750,
        3_600,
        "lithium_battery flammable_liquid corrosive",
        420,
        88,
        9_999,
        0.9,
        1.0,
    ),
    Service(
        "NORDPAK-EXP",
        "Nordpak",
        "express",
        0,
        5_000,
        0,
        500,
        30_000,
        1_750,
        3_300,
        "lithium_battery",
        890,
        210,
        9_999,
        0.6,
        0.25,
    ),
    Service(
        "VOLANTE-ECO",
        "Volante",
        "economy",
        0,
        6_000,
        0,
        1_000,
        30_000,
        2_000,
        4_000,
        "lithium_battery flammable_liquid corrosive",
        345,
        74,
        1_600,
        2.2,
        1.6,
    ),
    Service(
        "VOLANTE-STD",
        "Volante",
        "standard",
        2,
        6_000,
        10_000,
        1_000,
        30_000,
        2_000,
        4_000,
        "lithium_battery flammable_liquid",
        435,
        80,
        3_500,
        1.2,
        1.0,
    ),
    Service(
        "VOLANTE-EXP", "Volante", "express", 1, 4_000, 0, 500, 30_000, 1_500, 3_000, None, 840, 225, 9_999, 0.8, 0.2
    ),
)

_SURCHARGES: Final = (
    # surcharge_id, group, basis, amount, trigger, threshold, from, to
    ("FUEL", None, "per_cent", 1_150, "always", None, date(2025, 1, 1), date(2026, 6, 30)),
    ("FUEL", None, "per_cent", 1_325, "always", None, date(2026, 7, 1), date(2026, 9, 30)),
    ("FUEL", None, "per_cent", 1_275, "always", None, date(2026, 10, 1), None),
    ("OVERSIZE-LENGTH", "size", "flat", 950, "longest_mm", 1_000, date(2025, 1, 1), None),
    ("OVERSIZE-GIRTH", "size", "flat", 1_400, "length_plus_girth_mm", 2_500, date(2025, 1, 1), None),
    ("BULKY", "size", "flat", 380, "volume_cm3", 90_000, date(2025, 1, 1), None),
    ("HEAVY", "handling", "flat", 490, "weight_g", 20_000, date(2025, 1, 1), None),
    ("WIDE", "handling", "flat", 340, "second_longest_mm", 550, date(2025, 1, 1), None),
    ("REMOTE", None, "flat", 620, "zone", REMOTE_FROM_ZONE - 1, date(2025, 1, 1), None),
    ("PEAK", "peak", "flat", 32, "always", None, date(2025, 11, 16), date(2026, 1, 10)),
    ("PEAK", "peak", "flat", 38, "always", None, date(2026, 11, 15), date(2027, 1, 9)),
    ("PEAK-LARGE", "peak", "flat", 290, "volume_cm3", 60_000, date(2026, 11, 15), date(2027, 1, 9)),
)


def services() -> pl.DataFrame:
    """Give the services table."""
    return pl.DataFrame(
        [(*service[:11], date(2025, 1, 1), None) for service in SERVICES],
        schema={
            "service_id": pl.String,
            "carrier": pl.String,
            "speed": pl.String,
            "preference": pl.Int64,
            "dim_divisor_cm3_per_kg": pl.Int64,
            "dim_from_cm3": pl.Int64,
            "weight_step_g": pl.Int64,
            "max_weight_g": pl.Int64,
            "max_length_mm": pl.Int64,
            "max_length_plus_girth_mm": pl.Int64,
            "hazard_classes": pl.String,
            "valid_from": pl.Date,
            "valid_to": pl.Date,
        },
        orient="row",
    )


def zones(warehouses: pl.DataFrame, places: tuple[City, ...]) -> pl.DataFrame:
    """Give the zones: a row for each country, and one for each prefix at home or remote.

    Parameters
    ----------
    warehouses
        The warehouses table.
    places
        Cities that stand for their postcode prefixes.
    """
    rows = [
        (service.service_id, warehouse["warehouse_id"], *lane)
        for warehouse in warehouses.iter_rows(named=True)
        for country, prefix, km, is_home, is_remote in _destinations(warehouse, places)
        for service in SERVICES
        if km <= service.reach_km
        for lane in [(country, prefix, _zone(km, is_home, is_remote), _transit_days(service, km, is_remote))]
    ]
    names = ["service_id", "warehouse_id", "dest_country", "dest_postcode_prefix", "zone", "transit_days"]
    return pl.DataFrame(rows, schema=names, orient="row").sort("service_id", "warehouse_id", *names[2:4])


def _destinations(
    warehouse: dict[str, float | str], places: tuple[City, ...]
) -> list[tuple[str, str, float, bool, bool]]:
    latitude, longitude = (np.array([getattr(place, name) for place in places]) for name in ("latitude", "longitude"))
    here = [np.array([float(warehouse[name])]) for name in ("latitude", "longitude")]
    km = distance_km(*here, latitude, longitude)
    found = []
    for country in dict.fromkeys(place.country for place in places):
        inside = [i for i, place in enumerate(places) if place.country == country]
        near = [i for i in inside if not places[i].is_remote]
        mean_km = float(np.average(km[near], weights=[places[i].people for i in near]))
        is_home = country == warehouse["country"]
        found.append((country, "", mean_km, is_home, False))
        found += [
            (country, places[i].prefix, float(km[i]), is_home, places[i].is_remote)
            for i in inside
            if is_home or places[i].is_remote
        ]
    return found


def _zone(km: float, is_home: bool, is_remote: bool) -> int:
    if is_remote:
        return REMOTE_FROM_ZONE if is_home else REMOTE_FROM_ZONE + 1
    limits = (150, 450) if is_home else (500, 1_100, 1_900)
    return (1 if is_home else 4) + sum(km > limit for limit in limits)


def _transit_days(service: Service, km: float, is_remote: bool) -> int:
    return max(1, round(service.first_day + service.days_per_1000_km * km / 1_000)) + is_remote


def rates(*, cost_factor: float = 1.0) -> pl.DataFrame:
    """Give the rate cards: last year's, which has ended, and this year's.

    Parameters
    ----------
    cost_factor
        What a euro cent is in the workspace's cents.
    """
    rows = [
        (service.service_id, zone, up_to_g, _price(service, zone, up_to_g, level * cost_factor), *card)
        for card, level in ((OLD_CARD, 0.953), (NEW_CARD, 1.0))
        for service in SERVICES
        for zone in ZONE_FACTORS
        for up_to_g in (250, *BREAKS_G, *DIMENSIONAL_BREAKS_G)
        if up_to_g >= service.step_g
    ]
    names = ["service_id", "zone", "up_to_g", "price_cents", "valid_from", "valid_to"]
    return pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)


def _price(service: Service, zone: int, up_to_g: int, level: float) -> int:
    # Prices rise with weight a little less than in proportion, as printed cards do.
    kilograms = float((up_to_g / 1_000) ** 0.85)
    # Distance makes weight dear rather than the parcel as such.
    factor = ZONE_FACTORS[zone]
    return round(level * (service.base_cents * (1 + 0.6 * (factor - 1)) + service.cents_per_kg * kilograms * factor))


def surcharges(*, cost_factor: float = 1.0) -> pl.DataFrame:
    """Give the surcharges of every service, with the days on which each applies.

    Parameters
    ----------
    cost_factor
        What a euro cent is in the workspace's cents.
    """
    rows = [
        (service.service_id, name, group, basis, round(amount * factor), *rest)
        for number, service in enumerate(SERVICES)
        for name, group, basis, amount, *rest in _SURCHARGES
        for factor in [1 + 0.04 * (number % 3) if basis == "per_cent" else cost_factor]
    ]
    return pl.DataFrame(
        rows,
        schema={
            "service_id": pl.String,
            "surcharge_id": pl.String,
            "group": pl.String,
            "basis": pl.String,
            "amount": pl.Int64,
            "trigger": pl.String,
            "threshold": pl.Int64,
            "valid_from": pl.Date,
            "valid_to": pl.Date,
        },
        orient="row",
    )
