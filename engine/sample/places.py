"""Where customers live and warehouses stand: real European cities, rounded coordinates, true postcode shapes."""

from __future__ import annotations

from string import ascii_uppercase
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EARTH_RADIUS_KM: Final = 6371.0


class City(NamedTuple):
    """A city: where its postcodes begin, where it lies and how many people (thousands) its region stands for."""

    country: str
    name: str
    prefix: str
    latitude: float
    longitude: float
    people: int
    is_remote: bool = False


CITIES: Final = (
    City("FR", "Paris", "75", 48.86, 2.35, 12_300),
    City("FR", "Lyon", "69", 45.76, 4.84, 6_100),
    City("FR", "Marseille", "13", 43.30, 5.37, 5_200),
    City("FR", "Toulouse", "31", 43.60, 1.44, 5_000),
    City("FR", "Nice", "06", 43.70, 7.27, 2_100),
    City("FR", "Nantes", "44", 47.22, -1.55, 4_900),
    City("FR", "Strasbourg", "67", 48.58, 7.75, 4_300),
    City("FR", "Bordeaux", "33", 44.84, -0.58, 4_700),
    City("FR", "Lille", "59", 50.63, 3.06, 6_000),
    City("FR", "Rennes", "35", 48.11, -1.68, 4_100),
    City("FR", "Ajaccio", "20", 41.93, 8.74, 350, is_remote=True),
    City("DE", "Berlin", "10", 52.52, 13.40, 8_200),
    City("DE", "Hamburg", "20", 53.55, 9.99, 6_500),
    City("DE", "München", "80", 48.14, 11.58, 9_600),
    City("DE", "Köln", "50", 50.94, 6.96, 8_100),
    City("DE", "Frankfurt am Main", "60", 50.11, 8.68, 7_800),
    City("DE", "Stuttgart", "70", 48.78, 9.18, 8_300),
    City("DE", "Düsseldorf", "40", 51.23, 6.77, 7_900),
    City("DE", "Leipzig", "04", 51.34, 12.37, 4_900),
    City("DE", "Dresden", "01", 51.05, 13.74, 3_600),
    City("DE", "Bremen", "28", 53.08, 8.80, 4_200),
    City("DE", "Hannover", "30", 52.37, 9.73, 6_400),
    City("DE", "Nürnberg", "90", 49.45, 11.08, 5_400),
    City("DE", "Sylt", "25", 54.91, 8.34, 300, is_remote=True),
    City("IT", "Roma", "00", 41.90, 12.50, 9_800),
    City("IT", "Milano", "20", 45.46, 9.19, 12_400),
    City("IT", "Napoli", "80", 40.85, 14.27, 8_300),
    City("IT", "Torino", "10", 45.07, 7.69, 5_200),
    City("IT", "Bologna", "40", 44.49, 11.34, 6_100),
    City("IT", "Firenze", "50", 43.77, 11.26, 4_700),
    City("IT", "Bari", "70", 41.12, 16.87, 4_600),
    City("IT", "Genova", "16", 44.41, 8.93, 1_900),
    City("IT", "Palermo", "90", 38.12, 13.36, 4_800, is_remote=True),
    City("IT", "Cagliari", "09", 39.22, 9.12, 1_600, is_remote=True),
    City("ES", "Madrid", "28", 40.42, -3.70, 11_500),
    City("ES", "Barcelona", "08", 41.39, 2.17, 8_300),
    City("ES", "València", "46", 39.47, -0.38, 5_900),
    City("ES", "Sevilla", "41", 37.39, -5.98, 6_200),
    City("ES", "Zaragoza", "50", 41.65, -0.89, 2_400),
    City("ES", "Málaga", "29", 36.72, -4.42, 3_500),
    City("ES", "Bilbao", "48", 43.26, -2.93, 4_600),
    City("ES", "Palma", "07", 39.57, 2.65, 1_200, is_remote=True),
    City("ES", "Las Palmas", "35", 28.12, -15.43, 2_200, is_remote=True),
    City("PL", "Warszawa", "00", 52.23, 21.01, 8_000),
    City("PL", "Kraków", "30", 50.06, 19.94, 5_900),
    City("PL", "Łódź", "90", 51.76, 19.46, 3_700),
    City("PL", "Wrocław", "50", 51.11, 17.04, 4_600),
    City("PL", "Poznań", "60", 52.41, 16.93, 4_400),
    City("PL", "Gdańsk", "80", 54.35, 18.65, 4_000),
    City("PL", "Katowice", "40", 50.26, 19.02, 4_700),
    City("PL", "Lublin", "20", 51.25, 22.57, 2_400),
    City("NL", "Amsterdam", "10", 52.37, 4.90, 5_600),
    City("NL", "Rotterdam", "30", 51.92, 4.48, 3_900),
    City("NL", "Den Haag", "25", 52.08, 4.31, 2_700),
    City("NL", "Utrecht", "35", 52.09, 5.12, 2_900),
    City("NL", "Eindhoven", "56", 51.44, 5.48, 1_800),
    City("NL", "Groningen", "97", 53.22, 6.57, 1_000),
    City("BE", "Bruxelles", "10", 50.85, 4.35, 3_700),
    City("BE", "Antwerpen", "20", 51.22, 4.40, 3_200),
    City("BE", "Gent", "90", 51.05, 3.72, 2_400),
    City("BE", "Liège", "40", 50.63, 5.57, 2_400),
    City("PT", "Lisboa", "10", 38.72, -9.14, 3_900),
    City("PT", "Porto", "40", 41.15, -8.61, 3_700),
    City("PT", "Coimbra", "30", 40.21, -8.43, 1_600),
    City("PT", "Faro", "80", 37.02, -7.93, 500),
    City("PT", "Funchal", "90", 32.65, -16.91, 260, is_remote=True),
    City("PT", "Ponta Delgada", "95", 37.74, -25.67, 240, is_remote=True),
    City("SE", "Stockholm", "11", 59.33, 18.07, 4_300),
    City("SE", "Göteborg", "41", 57.71, 11.97, 2_900),
    City("SE", "Malmö", "21", 55.60, 13.00, 2_000),
    City("SE", "Umeå", "90", 63.83, 20.26, 900, is_remote=True),
    City("SE", "Kiruna", "98", 67.86, 20.23, 250, is_remote=True),
    City("GR", "Athína", "10", 37.98, 23.73, 5_400),
    City("GR", "Thessaloníki", "54", 40.64, 22.94, 2_900),
    City("GR", "Pátra", "26", 38.25, 21.73, 1_100),
    City("GR", "Irákleio", "71", 35.34, 25.13, 650, is_remote=True),
    City("GR", "Ródos", "85", 36.43, 28.22, 350, is_remote=True),
    City("AT", "Wien", "10", 48.21, 16.37, 4_300),
    City("AT", "Graz", "80", 47.07, 15.44, 1_800),
    City("AT", "Linz", "40", 48.31, 14.29, 1_600),
    City("AT", "Innsbruck", "60", 47.27, 11.40, 1_300),
    City("DK", "København", "10", 55.68, 12.57, 2_900),
    City("DK", "Aarhus", "80", 56.16, 10.20, 1_900),
    City("DK", "Odense", "50", 55.40, 10.39, 1_100),
)
"""A prefix is unique within its country."""

POSTCODE_SHAPES: Final = {
    "FR": "#####",
    "DE": "#####",
    "IT": "#####",
    "ES": "#####",
    "PL": "##-###",
    "NL": "#### @@",
    "BE": "####",
    "PT": "####-###",
    "SE": "### ##",
    "GR": "### ##",
    "AT": "####",
    "DK": "####",
}
"""How a postcode is written: # a digit, @ a letter."""

WAREHOUSES: Final = pl.DataFrame(
    [
        ("PARIS", "FR", "77600", 48.83, 2.70, "Europe/Paris", "17:00", 115, 21, 1.5),
        ("LYON", "FR", "69800", 45.70, 4.95, "Europe/Paris", "16:30", 110, 20, 0.9),
        ("MADRID", "ES", "28830", 40.43, -3.53, "Europe/Madrid", "18:00", 95, 17, 1.1),
        ("LISBOA", "PT", "2600-001", 38.95, -8.99, "Europe/Lisbon", "16:00", 85, 15, 0.5),
        ("MILANO", "IT", "20060", 45.49, 9.40, "Europe/Rome", "17:30", 105, 19, 1.2),
        ("FRANKFURT", "DE", "65451", 50.01, 8.50, "Europe/Berlin", "18:30", 130, 24, 1.8),
        ("ROTTERDAM", "NL", "3197 KK", 51.89, 4.27, "Europe/Amsterdam", "18:00", 120, 22, 1.3),
        ("WARSZAWA", "PL", "05-850", 52.20, 20.79, "Europe/Warsaw", "15:30", 75, 13, 1.0),
        ("STOCKHOLM", "SE", "195 60", 59.62, 17.86, "Europe/Stockholm", "15:00", 140, 27, 0.5),
        ("ATHÍNA", "GR", "193 00", 38.06, 23.60, "Europe/Athens", "14:30", 80, 14, 0.4),
    ],
    schema={
        "warehouse_id": pl.String,
        "country": pl.String,
        "postcode": pl.String,
        "latitude": pl.Float64,
        "longitude": pl.Float64,
        "timezone": pl.String,
        "cutoff": pl.String,
        "handling_cents_per_shipment": pl.Int64,
        "pick_cents_per_unit": pl.Int64,
        "size": pl.Float64,
    },
    orient="row",
).with_columns(pl.col("cutoff").str.to_time("%H:%M"))
"""The ten warehouses; `size` is relative and decides how much stock each holds."""


def distance_km(latitude: Floats, longitude: Floats, to_latitude: Floats, to_longitude: Floats) -> Floats:
    """Give great-circle distances; the shapes broadcast."""
    phi, to_phi = np.radians(latitude), np.radians(to_latitude)
    half = np.sin((to_phi - phi) / 2) ** 2
    half = half + np.cos(phi) * np.cos(to_phi) * np.sin(np.radians(to_longitude - longitude) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(half)))


def cities() -> pl.DataFrame:
    """Give the cities as a frame."""
    return pl.DataFrame(list(CITIES), schema=list(City._fields), orient="row")


def postcodes(rng: np.random.Generator, country: pl.Series, prefix: pl.Series) -> pl.Series:
    """Draw a postcode for each row, written as its country writes it and beginning with the prefix.

    Parameters
    ----------
    rng
        Random stream.
    country, prefix
        (rows,) country code and the two digits that the postcode begins with.
    """
    num_rows = len(country)
    tail = rng.integers(0, 100_000, num_rows)
    letters = rng.integers(0, 26, (num_rows, 2))
    digits = prefix + pl.Series(tail, dtype=pl.Int64).cast(pl.String).str.zfill(5)
    rows = pl.DataFrame({"country": country, "digits": digits, "letters": _pairs_of_letters(letters)})
    written = pl.lit(None, dtype=pl.String)
    for code, shape in POSTCODE_SHAPES.items():
        written = pl.when(pl.col("country") == code).then(_written(shape)).otherwise(written)
    return rows.select(written.alias("postcode")).to_series()


def _pairs_of_letters(codes: NDArray[np.int64]) -> pl.Series:
    alphabet = pl.Series(list(ascii_uppercase))
    first, second = (alphabet.gather(codes[:, column]) for column in (0, 1))
    return first + second


def _written(shape: str) -> pl.Expr:
    parts: list[pl.Expr] = []
    used = 0
    for block in shape.replace("-", "|-|").replace(" ", "| |").split("|"):
        if block.startswith("#"):
            parts.append(pl.col("digits").str.slice(used, len(block)))
            used += len(block)
        else:
            parts.append(pl.col("letters") if block.startswith("@") else pl.lit(block))
    return pl.concat_str(parts)
