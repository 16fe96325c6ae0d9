"""Generated cartons, carriers and prices in Brazilian shape: made up, and named so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from engine.olist.source import Olist
from engine.sample.cartons import Box
from engine.sample.places import distance_km
from engine.sample.tariffs import BREAKS_G, Card, Lane, Service, Surcharge

FIRST_DAY: Final = date(2016, 1, 1)
CARDS: Final = (Card(0.94, FIRST_DAY, date(2017, 12, 31)), Card(1.0, date(2018, 1, 1), None))
"""A rate card that has ended and the current one."""
ZONE_LIMITS_KM: Final = (100, 300, 600, 1_000, 1_600, 2_400)
ZONE_FACTORS: Final = {1: 1.0, 2: 1.15, 3: 1.35, 4: 1.6, 5: 1.9, 6: 2.3, 7: 2.8, 8: 3.6}
REMOTE_ZONE: Final = 8
REMOTE_STATES: Final = frozenset({"AC", "AM", "AP", "RO", "RR"})
REMOTE_EXTRA_DAYS: Final = 4
BREAKS_OF_ROAD_G: Final = (*BREAKS_G, 50_000, 75_000, 100_000, 150_000, 250_000, 400_000)
"""Road carriers bill large parcels by volume, far above what they weigh."""

# fmt: off
SERVICES: Final = tuple(Service(*row) for row in (
    # service_id, carrier, speed, preference, divisor, dim from cm3, step g, most g, longest mm, with girth, hazards,
    #     base cents, cents a kg, reach km, first day, days per 1,000 km
    ("SYNTHETIC-POSTA-ECO", "SYNTHETIC-POSTA", "economy", 1, 6_000, 10_000, 100, 30_000, 1_080, 3_400, None,
        1_050, 260, 9_999, 4.0, 3.0),
    ("SYNTHETIC-POSTA-EXP", "SYNTHETIC-POSTA", "express", 1, 6_000, 10_000, 100, 30_000, 1_080, 3_400, None,
        1_690, 520, 9_999, 1.2, 1.0),
    ("SYNTHETIC-RODO-ECO", "SYNTHETIC-RODO", "economy", 0, 3_333, 0, 1_000, 60_000, 2_000, 7_000, None,
        1_320, 150, 3_200, 4.5, 3.5),
    ("SYNTHETIC-RODO-STD", "SYNTHETIC-RODO", "standard", 0, 3_333, 0, 1_000, 60_000, 2_000, 7_000, None,
        1_480, 185, 9_999, 2.5, 2.5),
    ("SYNTHETIC-AEREO-STD", "SYNTHETIC-AEREO", "standard", 1, 6_000, 0, 500, 30_000, 1_500, 4_000, None,
        1_390, 330, 9_999, 2.0, 1.2),
    ("SYNTHETIC-AEREO-EXP", "SYNTHETIC-AEREO", "express", 0, 6_000, 0, 500, 30_000, 1_500, 4_000, None,
        1_880, 560, 9_999, 1.0, 0.6),
))

SURCHARGES: Final = tuple(Surcharge(*row) for row in (
    ("SYNTHETIC-FUEL", None, "per_cent", 700, "always", None, FIRST_DAY, date(2017, 12, 31)),
    ("SYNTHETIC-FUEL", None, "per_cent", 850, "always", None, date(2018, 1, 1), None),
    ("SYNTHETIC-LONG", "size", "flat", 2_100, "longest_mm", 1_000, FIRST_DAY, None),
    ("SYNTHETIC-GIRTH", "size", "flat", 2_900, "length_plus_girth_mm", 3_000, FIRST_DAY, None),
    ("SYNTHETIC-HEAVY", None, "flat", 1_900, "weight_g", 25_000, FIRST_DAY, None),
    ("SYNTHETIC-REMOTE", None, "flat", 1_500, "zone", REMOTE_ZONE - 1, FIRST_DAY, None),
))

BOXES: Final = tuple(Box(f"SYNTHETIC-BOX-{number:02}", *sizes) for number, sizes in enumerate((
    # inner length, width, height, wall, tare g, most g, cents
    (180, 130, 60, 3, 50, 5_000, 60),
    (200, 150, 100, 3, 80, 8_000, 80),
    (240, 180, 120, 3, 115, 10_000, 105),
    (280, 200, 90, 3, 120, 10_000, 110),
    (280, 210, 180, 3, 180, 15_000, 150),
    (320, 240, 140, 4, 220, 15_000, 170),
    (340, 260, 230, 4, 300, 20_000, 215),
    (400, 300, 180, 4, 340, 20_000, 240),
    (400, 350, 300, 5, 480, 25_000, 310),
    (480, 400, 260, 5, 560, 25_000, 350),
    (550, 450, 380, 6, 850, 30_000, 480),
    (650, 500, 200, 6, 760, 30_000, 450),
    (700, 600, 500, 7, 1_400, 40_000, 790),
    (1_060, 320, 280, 7, 1_250, 30_000, 680),
    (1_060, 700, 350, 7, 2_100, 40_000, 1_150),
    (1_060, 1_060, 1_060, 9, 5_200, 55_000, 2_900),
), start=1))

MAILERS: Final = tuple(Box(f"SYNTHETIC-MAILER-{size}", *sizes) for size, sizes in (
    ("S", (240, 170, 30, 2, 22, 1_000, 35)),
    ("M", (340, 250, 50, 2, 38, 2_000, 50)),
    ("L", (450, 350, 80, 2, 66, 4_000, 75)),
))
# fmt: on

PROTECTION: Final = pl.DataFrame(
    [
        ("SYNTHETIC-PAPER", "paper", "fragile", 10, 12, 24),
        ("SYNTHETIC-BUBBLE", "bubble_wrap", "fragile", 10, 18, 14),
        ("SYNTHETIC-AIR", "air_cushion", "very_fragile", 30, 10, 6),
    ],
    schema=["material_id", "kind", "fragility", "thickness_mm", "cents_per_litre", "g_per_litre"],
    orient="row",
)


def lanes(warehouses: pl.DataFrame, source: Olist) -> Iterator[Lane]:
    """Give the lanes: to each pair of leading postcode digits that the data set places, and to all Brazil.

    Zones follow distance; the states of the far north are remote.

    Parameters
    ----------
    warehouses
        The warehouses table.
    source
        The data set.
    """
    regions = (
        source.places.group_by(pl.col("prefix").str.slice(0, 2))
        .agg(
            pl.col("latitude", "longitude").mean(),
            pl.col("state").drop_nulls().mode().sort().first(),
            pl.len().alias("places"),
        )
        .sort("prefix")
    )
    latitude, longitude, places = (regions[name].to_numpy() for name in ("latitude", "longitude", "places"))
    for warehouse in warehouses.iter_rows(named=True):
        km = distance_km(np.array([warehouse["latitude"]]), np.array([warehouse["longitude"]]), latitude, longitude)
        mean_km = float(np.average(km, weights=places))
        yield Lane(warehouse["warehouse_id"], "BR", "", mean_km, _zone(mean_km, is_remote=False), 0)
        for prefix, state, away in zip(regions["prefix"], regions["state"], km.tolist(), strict=True):
            is_remote = state in REMOTE_STATES
            extra_days = REMOTE_EXTRA_DAYS if is_remote else 0
            yield Lane(warehouse["warehouse_id"], "BR", prefix, away, _zone(away, is_remote=is_remote), extra_days)


def _zone(km: float, *, is_remote: bool) -> int:
    return REMOTE_ZONE if is_remote else 1 + sum(km > limit for limit in ZONE_LIMITS_KM)
