"""Three made-up carriers with eight services: how far is dear, dimensional divisors and dated surcharges."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from engine.sample.places import CITIES, distance_km
from engine.sample.tariffs import Card, Lane, Service, Surcharge

FIRST_DAY: Final = date(2025, 1, 1)
CARDS: Final = (Card(0.953, FIRST_DAY, date(2025, 12, 31)), Card(1.0, date(2026, 1, 1), None))
"""Last year's rate card, which has ended, and this year's."""
ZONE_FACTORS: Final = {1: 1.0, 2: 1.08, 3: 1.22, 4: 1.7, 5: 2.05, 6: 2.5, 7: 3.1, 8: 1.55, 9: 3.6}
"""Dearness of a zone: 1 to 3 domestic by distance, 4 to 7 abroad by distance, 8 remote at home, 9 remote abroad."""
REMOTE_FROM_ZONE: Final = 8


GROUND_HAZARDS: Final = "lithium_battery flammable_liquid corrosive"

# fmt: off
SERVICES: Final = tuple(Service(*row) for row in (
    # service_id, carrier, speed, preference, divisor, dim from cm3, step g, most g, longest mm, with girth, hazards,
    #     base cents, cents a kg, reach km, first day, days per 1,000 km
    ("POSTILIO-ECO", "Postilio", "economy", 2, None, 0, 100, 20_000, 1_200, 3_000, None,
        290, 95, 9_999, 2.4, 1.5),
    ("POSTILIO-STD", "Postilio", "standard", 1, 6_000, 0, 100, 30_000, 1_200, 3_000, None,
        395, 98, 9_999, 1.4, 1.1),
    ("NORDPAK-ECO", "Nordpak", "economy", 1, 5_000, 20_000, 500, 30_000, 1_750, 3_600, GROUND_HAZARDS,
        330, 82, 2_400, 1.9, 1.4),
    ("NORDPAK-STD", "Nordpak", "standard", 0, 5_000, 0, 500, 30_000, 1_750, 3_600, GROUND_HAZARDS,
        420, 88, 9_999, 0.9, 1.0),
    ("NORDPAK-EXP", "Nordpak", "express", 0, 5_000, 0, 500, 30_000, 1_750, 3_300, "lithium_battery",
        890, 210, 9_999, 0.6, 0.25),
    ("VOLANTE-ECO", "Volante", "economy", 0, 6_000, 0, 1_000, 30_000, 2_000, 4_000, GROUND_HAZARDS,
        345, 74, 1_600, 2.2, 1.6),
    ("VOLANTE-STD", "Volante", "standard", 2, 6_000, 10_000, 1_000, 30_000, 2_000, 4_000, "lithium_battery",
        435, 80, 3_500, 1.2, 1.0),
    ("VOLANTE-EXP", "Volante", "express", 1, 4_000, 0, 500, 30_000, 1_500, 3_000, None,
        840, 225, 9_999, 0.8, 0.2),
))
# fmt: on

SURCHARGES: Final = tuple(
    Surcharge(*row)
    for row in (
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
)


def lanes(warehouses: pl.DataFrame) -> Iterator[Lane]:
    """Give the lanes from each warehouse: to every country, and to each prefix at home or remote.

    Parameters
    ----------
    warehouses
        The warehouses table.
    """
    latitude, longitude = (np.array([getattr(city, name) for city in CITIES]) for name in ("latitude", "longitude"))
    for warehouse in warehouses.iter_rows(named=True):
        km = distance_km(
            np.array([warehouse["latitude"]]), np.array([warehouse["longitude"]]), latitude, longitude
        ).tolist()
        origin = warehouse["warehouse_id"]
        for country in dict.fromkeys(city.country for city in CITIES):
            is_home = country == warehouse["country"]
            inside = [(city, away) for city, away in zip(CITIES, km, strict=True) if city.country == country]
            near = [(city.people, away) for city, away in inside if not city.is_remote]
            mean_km = sum(people * away for people, away in near) / sum(people for people, _ in near)
            yield Lane(origin, country, "", mean_km, _zone(mean_km, is_home, False), 0)
            for city, away in inside:
                if is_home or city.is_remote:
                    zone = _zone(away, is_home, city.is_remote)
                    yield Lane(origin, country, city.prefix, away, zone, int(city.is_remote))


def _zone(km: float, is_home: bool, is_remote: bool) -> int:
    if is_remote:
        return REMOTE_FROM_ZONE if is_home else REMOTE_FROM_ZONE + 1
    limits = (150, 450) if is_home else (500, 1_100, 1_900)
    return (1 if is_home else 4) + sum(km > limit for limit in limits)
