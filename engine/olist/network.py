"""Warehouses where the sellers are: clusters of their coordinates, weighted by what they sold."""

from __future__ import annotations

import unicodedata
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import InputError
from engine.olist.source import Olist, prefix_of
from engine.olist.times import TIMEZONE

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MOST_WAREHOUSES: Final = 8
ROUNDS: Final = 50
TIMEZONES: Final = {
    "AC": "America/Rio_Branco",
    "AL": "America/Maceio",
    "AM": "America/Manaus",
    "AP": "America/Belem",
    "BA": "America/Bahia",
    "CE": "America/Fortaleza",
    "MA": "America/Fortaleza",
    "MS": "America/Campo_Grande",
    "MT": "America/Cuiaba",
    "PA": "America/Belem",
    "PB": "America/Fortaleza",
    "PE": "America/Recife",
    "PI": "America/Fortaleza",
    "RN": "America/Fortaleza",
    "RO": "America/Porto_Velho",
    "RR": "America/Boa_Vista",
    "SE": "America/Maceio",
    "TO": "America/Araguaina",
}
"""States whose clocks are not those of São Paulo."""


def placed_sellers(source: Olist) -> pl.DataFrame:
    """Give seller_id, prefix, city, state, latitude, longitude and units, with a place for every seller that sold.

    A seller whose prefix has no coordinates stands at the middle of its state's sellers, else of all.

    Raises
    ------
    InputError
        When no seller that sold has coordinates.
    """
    sold = source.order_items.group_by("seller_id").agg(pl.len().cast(pl.Int64).alias("units"))
    sellers = source.sellers.select(
        "seller_id",
        prefix_of("seller_zip_code_prefix").alias("prefix"),
        pl.col("seller_city").alias("city"),
        pl.col("seller_state").alias("state"),
    )
    placed = sold.join(sellers, on="seller_id", how="left").join(
        source.places.select("prefix", "latitude", "longitude"), on="prefix", how="left"
    )
    if placed["latitude"].drop_nulls().is_empty():
        raise InputError(
            "no seller of olist_order_items_dataset.csv has a postcode prefix that olist_geolocation_dataset.csv "
            "places. Warehouses are derived from where sellers are: copy the files of one data set together."
        )
    middles = [pl.coalesce(axis, pl.mean(axis).over("state"), pl.mean(axis)) for axis in ("latitude", "longitude")]
    return placed.sort("seller_id").with_columns(middles)


def cluster(sellers: pl.DataFrame) -> Integers:
    """Give the cluster of each seller, shape (sellers,), numbered from the one that sold most.

    Weighted k-means on the sphere. Starts are chosen greedily, the farthest heavy place first, so that no chance is
    in it.

    Parameters
    ----------
    sellers
        What `placed_sellers` gives.
    """
    points = _on_sphere(sellers["latitude"].to_numpy(), sellers["longitude"].to_numpy())
    weights = sellers["units"].to_numpy().astype(np.float64)
    centres = _starts(points, weights)
    for _ in range(ROUNDS):
        label = np.argmax(points @ centres.T, axis=1)
        sums = np.stack([np.bincount(label, weights * points[:, axis], len(centres)) for axis in range(3)], axis=1)
        sums = sums[np.linalg.norm(sums, axis=1) > 0]
        moved = sums / np.linalg.norm(sums, axis=1, keepdims=True)
        if moved.shape == centres.shape and np.allclose(moved, centres, atol=1e-12):
            break
        centres = moved
    label = np.argmax(points @ centres.T, axis=1)
    order = np.argsort(-np.bincount(label, weights, len(centres)), kind="stable")
    return np.asarray(np.argsort(order, kind="stable")[label].astype(np.int64))


def _on_sphere(latitude: Floats, longitude: Floats) -> Floats:
    phi, theta = np.radians(latitude), np.radians(longitude)
    return np.stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)], axis=1)


def _starts(points: Floats, weights: Floats) -> Floats:
    chosen = [int(np.argmax(weights))]
    nearest = np.sum((points - points[chosen[0]]) ** 2, axis=1)
    while len(chosen) < MOST_WAREHOUSES and (weights * nearest).max() > 0:
        chosen.append(int(np.argmax(weights * nearest)))
        nearest = np.minimum(nearest, np.sum((points - points[chosen[-1]]) ** 2, axis=1))
    return points[chosen]


def warehouses_table(sellers: pl.DataFrame, label: Integers) -> pl.DataFrame:
    """Give the warehouses, one a cluster, at the seller that sold most in the city that sold most.

    Parameters
    ----------
    sellers
        What `placed_sellers` gives.
    label
        (sellers,) cluster of each seller.

    Returns
    -------
    pl.DataFrame
        The warehouses table without `daily_capacity_units`, in the order of the clusters.
    """
    named = sellers.with_columns(pl.Series("cluster", label), _clean_city().alias("clean"))
    in_city = pl.col("units").sum().over("cluster", "clean", "state")
    heads = (
        named.with_columns(in_city.alias("city_units"))
        .sort(["city_units", "units", "seller_id"], descending=[True, True, False])
        .group_by("cluster", maintain_order=True)
        .first()
        .sort("cluster")
    )
    state = pl.col("state").fill_null("BR")
    name = pl.format("{}-{}", "clean", state)
    repeat = pl.col("cluster").rank("ordinal").over(name)
    return heads.select(
        pl.when(repeat == 1).then(name).otherwise(pl.format("{}-{}", name, repeat)).alias("warehouse_id"),
        pl.lit("BR").alias("country"),
        pl.col("prefix").fill_null("00000").alias("postcode"),
        "latitude",
        "longitude",
        pl.col("state").replace_strict(TIMEZONES, default=TIMEZONE, return_dtype=pl.String).alias("timezone"),
        pl.lit("16:00").str.to_time("%H:%M").alias("cutoff"),
        (pl.lit(350) + 10 * pl.col("cluster")).alias("handling_cents_per_shipment"),
        (pl.lit(60) + 3 * pl.col("cluster")).alias("pick_cents_per_unit"),
    )


def _clean_city() -> pl.Expr:
    """Give the city without accents, in capitals, words joined by hyphens: the source spells one city in many ways."""
    return pl.col("city").fill_null("UNKNOWN").map_elements(_plain, return_dtype=pl.String)


def _plain(city: str) -> str:
    first = city.replace("/", ",").replace("\\", ",").split(",")[0]
    letters = unicodedata.normalize("NFKD", first).encode("ascii", "ignore").decode("ascii")
    return "-".join("".join(c if c.isalnum() else " " for c in letters).upper().split()) or "UNKNOWN"
