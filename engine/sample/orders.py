"""The night's orders: who ordered what, from where, by which channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.sample.catalogue import Catalogue, selling_prices
from engine.sample.places import cities, postcodes
from engine.sample.streams import stream

Integers = NDArray[np.int64]

LINES_SHARE: Final = (0.52, 0.215, 0.12, 0.065, 0.035, 0.022, 0.014, 0.009)
"""Share of orders with 1, 2, … 8 lines; the mean is 2.05."""
QUANTITY_SHARE: Final = (0.84, 0.11, 0.03, 0.012, 0.004, 0.004)
PAYMENTS: Final = {"paid": 0.9, "authorized": 0.06, "cod": 0.02, "pending": 0.012, "failed": 0.006, "refunded": 0.002}
CHANNELS: Final = {"shopify": 0.46, "amazon": 0.29, "woocommerce": 0.17, "ebay": 0.08}
SPEEDS: Final = {"economy": 0.22, "standard": 0.63, "express": 0.15}
PROMISE_DAYS: Final = {"economy": 8, "standard": 5, "express": 3}
SHARE_CANCELLED: Final = 0.006
SHARE_GIFT: Final = 0.012
SHARE_UNKNOWN_SKU: Final = 0.0003
HOURS_OPEN: Final = 44
"""Orders of this many hours wait tonight: a weekend."""
SECONDS_A_DAY: Final = 86_400
HOUR_WEIGHTS: Final = (2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 13, 13, 12, 12, 12, 12, 12, 13, 15, 18, 20, 19, 13, 6)


@dataclass(frozen=True)
class Night:
    """Orders and their lines.

    Parameters
    ----------
    orders, order_lines
        The tables.
    sku_idx
        (lines,) article of each line; -1 where the article is unknown.
    city_idx
        (orders,) city of each customer.
    """

    orders: pl.DataFrame
    order_lines: pl.DataFrame
    sku_idx: Integers
    city_idx: Integers

    def demand_units(self, num_skus: int) -> Integers:
        """Give the units ordered tonight of each article, shape (articles,)."""
        is_known = self.sku_idx >= 0
        quantity = self.order_lines["quantity"].to_numpy()[is_known]
        return np.bincount(self.sku_idx[is_known], quantity, num_skus).astype(np.int64)


def make_orders(num_orders: int, catalogue: Catalogue, as_of: datetime, seed: int) -> Night:
    """Draw the night's orders and lines.

    Parameters
    ----------
    num_orders
        Orders.
    catalogue
        What can be ordered.
    as_of
        The night.
    seed
        Seed of the whole sample.
    """
    rng = stream(seed, "orders")
    channel = rng.choice(len(CHANNELS), num_orders, p=list(CHANNELS.values()))
    placed_at = _placed_at(rng, num_orders, as_of)
    city_idx, address = _addresses(stream(seed, "addresses"), num_orders)
    speed = _pick(rng, SPEEDS, num_orders)
    orders = pl.DataFrame(
        {
            "order_id": _order_ids(channel),
            "channel": pl.Series(list(CHANNELS)).gather(channel),
            "placed_at": placed_at,
            "payment_status": _pick(rng, PAYMENTS, num_orders),
            "service_level": speed,
            "promised_by": _promises(placed_at, speed, channel == list(CHANNELS).index("amazon")),
            **address,
            "priority": rng.choice([0, 1, 2], num_orders, p=[0.95, 0.04, 0.01]),
            "max_shipments": _sometimes(rng, num_orders, 0.06, rng.integers(1, 3, num_orders)),
            "packaging": _sometimes_text(rng, num_orders, SHARE_GIFT, "gift"),
            "currency": pl.repeat("EUR", num_orders, eager=True),
            "cancelled_at": _cancellations(rng, placed_at, as_of),
        }
    )
    lines, sku_idx = _lines(stream(seed, "order_lines"), orders, catalogue)
    return Night(orders, lines, sku_idx, city_idx)


def _pick(rng: np.random.Generator, shares: dict[str, float], num_rows: int) -> pl.Series:
    weights = np.array(list(shares.values()))
    return pl.Series(list(shares)).gather(rng.choice(len(shares), num_rows, p=weights / weights.sum()))


def _sometimes(rng: np.random.Generator, num_rows: int, share: float, values: Integers) -> pl.Series:
    nothing = pl.Series([None], dtype=pl.Int64)
    return pl.Series(values, dtype=pl.Int64).zip_with(pl.Series(rng.random(num_rows) < share), nothing)


def _sometimes_text(rng: np.random.Generator, num_rows: int, share: float, value: str) -> pl.Series:
    return pl.Series([None, value], dtype=pl.String).gather((rng.random(num_rows) < share).astype(np.int64))


def _order_ids(channel: Integers) -> pl.Series:
    """Give each order a number of its channel's kind; every number is used once over all channels."""
    number = pl.Series(np.arange(channel.size), dtype=pl.Int64)
    # Odd multipliers that share no factor with ten scatter the numbers and keep them apart.
    scattered = (number * 7_654_321 % 10_000_000).cast(pl.String).str.zfill(7)
    frame = pl.DataFrame({"channel": channel, "number": number, "scattered": scattered})
    amazon = pl.format("{}-{}-{}", 403 + pl.col("number") % 5, pl.lit("5550001"), "scattered")
    ebay = pl.format(
        "{}-{}-{}", pl.lit("27"), (pl.col("number") // 100_000 + 10_000), (pl.col("number") % 100_000 + 10_000)
    )
    named = (
        pl.when(pl.col("channel") == 0)
        .then(pl.format("S-{}", pl.col("number") + 1_001))
        .when(pl.col("channel") == 1)
        .then(amazon)
        .when(pl.col("channel") == 2)
        .then(pl.format("W-{}", pl.col("number") + 50_001))
        .otherwise(ebay)
    )
    return frame.select(named.alias("order_id")).to_series()


def _placed_at(rng: np.random.Generator, num_orders: int, as_of: datetime) -> pl.Series:
    hours = np.arange(HOURS_OPEN)
    weights = np.array(HOUR_WEIGHTS, dtype=np.float64)[(as_of.hour - 1 - hours) % 24]
    hours_ago = rng.choice(hours, num_orders, p=weights / weights.sum())
    seconds_ago = hours_ago * 3_600 + rng.integers(1, 3_600, num_orders)
    # A few have waited for days: last week's backorders.
    has_waited = rng.random(num_orders) < 0.01
    seconds_ago = seconds_ago + has_waited * rng.integers(1, 9, num_orders) * SECONDS_A_DAY
    return _instants(as_of, -seconds_ago)


def _instants(as_of: datetime, seconds: Integers) -> pl.Series:
    micros = int(as_of.timestamp()) * 1_000_000 + np.asarray(seconds, dtype=np.int64) * 1_000_000
    return pl.Series(micros).cast(pl.Datetime("us", "UTC"))


def _addresses(rng: np.random.Generator, num_orders: int) -> tuple[Integers, dict[str, pl.Series]]:
    places = cities()
    people = places["people"].to_numpy().astype(np.float64)
    city_idx = rng.choice(len(places), num_orders, p=people / people.sum())
    chosen = places[city_idx]
    around = rng.normal(0, 0.12, (num_orders, 2))
    known = pl.Series(rng.random(num_orders) < 0.97)
    nothing = pl.Series([None], dtype=pl.Float64)
    return city_idx, {
        "ship_country": chosen["country"],
        "ship_postcode": postcodes(rng, chosen["country"], chosen["prefix"]),
        "ship_latitude": (chosen["latitude"] + around[:, 0]).round(5).zip_with(known, nothing),
        "ship_longitude": (chosen["longitude"] + around[:, 1]).round(5).zip_with(known, nothing),
    }


def _promises(placed_at: pl.Series, speed: pl.Series, is_promised: NDArray[np.bool_]) -> pl.Series:
    """Give Amazon's promise: the end of a day; the other channels leave it to the service level."""
    frame = pl.DataFrame({"placed_at": placed_at, "speed": speed, "is_promised": is_promised})
    days = pl.col("speed").replace_strict(PROMISE_DAYS, return_dtype=pl.Int64)
    promise = pl.col("placed_at").dt.truncate("1d") + pl.duration(days=days, hours=22, minutes=59, seconds=59)
    return frame.select(pl.when("is_promised").then(promise).alias("promised_by")).to_series()


def _cancellations(rng: np.random.Generator, placed_at: pl.Series, as_of: datetime) -> pl.Series:
    num_orders = len(placed_at)
    since = np.datetime64(int(as_of.timestamp()), "s") - placed_at.dt.epoch("s").to_numpy().astype("datetime64[s]")
    seconds_ago = (since.astype(np.int64) * rng.random(num_orders)).astype(np.int64)
    cancelled = pl.Series(rng.random(num_orders) < SHARE_CANCELLED)
    return _instants(as_of, -seconds_ago).zip_with(cancelled, pl.Series([None], dtype=pl.Datetime("us", "UTC")))


def _lines(rng: np.random.Generator, orders: pl.DataFrame, catalogue: Catalogue) -> tuple[pl.DataFrame, Integers]:
    num_lines = rng.choice(len(LINES_SHARE), len(orders), p=LINES_SHARE) + 1
    order_idx = np.repeat(np.arange(len(orders)), num_lines)
    first = np.repeat(np.cumsum(num_lines) - num_lines, num_lines)
    sku_idx = rng.choice(len(catalogue.products), order_idx.size, p=catalogue.popularity)
    lines = pl.DataFrame(
        {
            "order_id": orders["order_id"].gather(order_idx),
            "line_number": np.arange(order_idx.size) - first + 1,
            "sku": catalogue.products["sku"].gather(sku_idx),
            "quantity": rng.choice(len(QUANTITY_SHARE), order_idx.size, p=QUANTITY_SHARE) + 1,
            "unit_price_cents": selling_prices(rng, catalogue, sku_idx),
        }
    )
    is_unknown = np.zeros(order_idx.size, dtype=bool)
    num_unknown = max(1, round(len(orders) * SHARE_UNKNOWN_SKU))
    is_unknown[rng.choice(order_idx.size, min(num_unknown, order_idx.size), replace=False)] = True
    unknown = pl.lit("DISCONTINUED-") + pl.col("line_number").cast(pl.String)
    lines = lines.with_columns(pl.when(pl.lit(pl.Series(is_unknown))).then(unknown).otherwise("sku").alias("sku"))
    return lines, np.where(is_unknown, -1, sku_idx)
