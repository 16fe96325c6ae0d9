"""A year of stock movements, simulated forward day by day, that ends at tonight's stock to the unit."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.sample.catalogue import Catalogue
from engine.sample.network import Network
from engine.sample.streams import stream

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

DAYS: Final = 365
WEEKDAY_FACTORS: Final = (1.25, 1.05, 1.0, 1.0, 0.95, 0.8, 0.95)
TIGHT_SINCE_DAYS: Final = 21
TRANSIT_DAYS: Final = 2
SECONDS_OF_DAY: Final = {
    "receipt": 7 * 3_600,
    "transfer_in": 9 * 3_600,
    "transfer_out": 11 * 3_600,
    "return": 13 * 3_600,
    "sale": 17 * 3_600,
    "adjustment": 19 * 3_600,
    "write_off": 20 * 3_600,
}
"""When a day's movements of a kind begin; the order of a day keeps stock at or above zero."""
KINDS: Final = tuple(SECONDS_OF_DAY)


@dataclass(frozen=True)
class History:
    """What the year left behind.

    Parameters
    ----------
    on_hand
        (pairs,) units tonight.
    opening
        (pairs,) units a year ago; never negative.
    stock_outs
        Days of a pair that ended without stock, summed over the pairs that sell.
    day, pair, quantity, kind, reference
        (movements,) day since the opening, pair, signed units, index into `KINDS`, and the number of the
        purchase or transfer it belongs to (0: none).
    """

    on_hand: Integers
    opening: Integers
    stock_outs: int
    day: Integers
    pair: Integers
    quantity: Integers
    kind: Integers
    reference: Integers


@dataclass
class _Journal:
    """Movements as they happen."""

    days: list[Integers] = field(default_factory=list)
    pairs: list[Integers] = field(default_factory=list)
    quantities: list[Integers] = field(default_factory=list)
    kinds: list[Integers] = field(default_factory=list)
    references: list[Integers] = field(default_factory=list)

    def note(self, day: int, kind: str, pair: Integers, quantity: Integers, reference: Integers | None = None) -> None:
        moved = quantity != 0
        count = int(moved.sum())
        self.days.append(np.full(count, day))
        self.pairs.append(pair[moved])
        self.quantities.append(quantity[moved])
        self.kinds.append(np.full(count, KINDS.index(kind)))
        self.references.append(np.zeros(count, dtype=np.int64) if reference is None else reference[moved])


@dataclass
class _Year:
    """The state of the simulation."""

    rng: np.random.Generator
    network: Network
    rate: Floats
    on_hand: Integers
    reorder_at: Integers
    order_up_to: Integers
    pack: Integers
    no_supply_from: Integers
    no_supply_days: Integers
    sells: Integers
    next_pair: Integers
    journal: _Journal = field(default_factory=_Journal)
    on_the_way: dict[int, list[tuple[Integers, Integers, Integers]]] = field(default_factory=dict)
    last_reference: int = 0
    stock_outs: int = 0


def make_history(network: Network, catalogue: Catalogue, usual_units: float, as_of: datetime, seed: int) -> History:
    """Simulate the year before the night.

    Parameters
    ----------
    network
        Where stock lies, and what tonight's stock must be.
    catalogue
        The articles.
    usual_units
        Units sold on a usual day.
    as_of
        The night.
    seed
        Seed of the whole sample.
    """
    year = _opened(network, catalogue, usual_units, seed)
    opening = year.on_hand.copy()
    last_weekday = as_of.weekday()
    for day in range(DAYS):
        weekday = (last_weekday - (DAYS - 1 - day)) % 7
        _live_a_day(year, day, weekday, _season(day) * WEEKDAY_FACTORS[weekday])
    _meet_tonight(year)
    journal = year.journal
    columns = (journal.days, journal.pairs, journal.quantities, journal.kinds, journal.references)
    return History(year.on_hand, opening, year.stock_outs, *(np.concatenate(column) for column in columns))


def _season(day: int) -> float:
    # The year begins and ends in the last week of November, between which trade is slower.
    return float(1 + 0.35 * np.cos(2 * np.pi * (day - 15) / DAYS))


def _opened(network: Network, catalogue: Catalogue, usual_units: float, seed: int) -> _Year:
    rng = stream(seed, "stock_movements")
    num_pairs = network.num_pairs
    usual = catalogue.popularity[network.sku_idx] * network.share * usual_units
    rate = np.where(rng.random(num_pairs) < 0.97, usual, 0.0)
    cover_days = np.where(
        rng.random(num_pairs) < 0.08, rng.uniform(120, 300, num_pairs), rng.uniform(21, 55, num_pairs)
    )
    order_up_to = np.ceil(rate * cover_days).astype(np.int64) + rng.integers(1, 4, num_pairs)
    reorder_at = np.ceil(rate * rng.uniform(5, 12, num_pairs)).astype(np.int64)
    is_interrupted = rng.random(num_pairs) < 0.08
    num_skus = len(catalogue.products)
    first_of_sku = np.searchsorted(network.sku_idx, np.arange(num_skus))[network.sku_idx]
    following = np.arange(num_pairs) + 1
    has_following = (following < num_pairs) & (network.sku_idx[np.minimum(following, num_pairs - 1)] == network.sku_idx)
    on_hand = np.floor(reorder_at + (order_up_to - reorder_at) * rng.random(num_pairs)).astype(np.int64)
    dead = np.where(rate == 0, rng.geometric(0.12, num_pairs), 0)
    return _Year(
        rng,
        network,
        rate,
        np.maximum(on_hand, dead),
        reorder_at,
        order_up_to,
        np.where(rate > 1, 12, np.where(rate > 0.1, 6, 1)),
        rng.integers(0, DAYS, num_pairs),
        np.where(is_interrupted, rng.integers(25, 70, num_pairs), 0),
        np.nonzero(rate > 0)[0],
        np.where(has_following, following, first_of_sku),
    )


def _live_a_day(year: _Year, day: int, weekday: int, factor: float) -> None:
    _arrive(year, day)
    _receive(year, day, weekday)
    if weekday == 2:
        _transfer(year, day)
    _take_back(year, day, factor)
    _sell(year, day, factor)
    _count(year, day)


def _arrive(year: _Year, day: int) -> None:
    for pair, quantity, reference in year.on_the_way.pop(day, []):
        year.on_hand[pair] += quantity
        year.journal.note(day, "transfer_in", pair, quantity, reference)


def _receive(year: _Year, day: int, weekday: int) -> None:
    if weekday > 4:
        return
    # Each pair is reviewed on one working day of the week, so that receipts come weekly at most.
    reviewed = year.sells[year.sells % 5 == weekday]
    has_supply = (day < year.no_supply_from[reviewed]) | (day >= (year.no_supply_from + year.no_supply_days)[reviewed])
    has_supply &= ~(year.network.is_tight[reviewed] & (day >= DAYS - TIGHT_SINCE_DAYS))
    pair = reviewed[has_supply & (year.on_hand[reviewed] <= year.reorder_at[reviewed])]
    pack = year.pack[pair]
    quantity = -(-(year.order_up_to[pair] - year.on_hand[pair]) // pack) * pack
    reference = year.last_reference + 1 + np.arange(pair.size)
    year.last_reference += pair.size
    year.on_hand[pair] += quantity
    year.journal.note(day, "receipt", pair, quantity, reference)


def _some(year: _Year, day: int, one_in: int) -> Integers:
    """Draw a few pairs that sell; what is tight is left alone in its last weeks."""
    count = min(year.sells.size, max(1, year.sells.size // one_in))
    if not year.sells.size:
        return year.sells
    pair = np.unique(year.sells[year.rng.integers(0, year.sells.size, count)])
    return pair[~(year.network.is_tight[pair] & (day >= DAYS - TIGHT_SINCE_DAYS))]


def _transfer(year: _Year, day: int) -> None:
    if day + TRANSIT_DAYS >= DAYS:
        return
    source = _some(year, day, 150)
    target = year.next_pair[source]
    quantity = year.on_hand[source] // 4
    useful = (quantity > 1) & (target != source)
    source, target, quantity = source[useful], target[useful], quantity[useful]
    target, first = np.unique(target, return_index=True)
    source, quantity = source[first], quantity[first]
    reference = year.last_reference + 1 + np.arange(source.size)
    year.last_reference += source.size
    year.on_hand[source] -= quantity
    year.journal.note(day, "transfer_out", source, -quantity, reference)
    year.on_the_way.setdefault(day + TRANSIT_DAYS, []).append((target, quantity, reference))


def _take_back(year: _Year, day: int, factor: float) -> None:
    expected = year.rate * factor * 0.05
    total = np.cumsum(expected)
    if total.size == 0 or total[-1] == 0:
        return
    drawn = np.searchsorted(total, year.rng.random(year.rng.poisson(total[-1])) * total[-1], side="right")
    pair, quantity = np.unique(np.minimum(drawn, total.size - 1), return_counts=True)
    kept = ~(year.network.is_tight[pair] & (day >= DAYS - TIGHT_SINCE_DAYS))
    pair, quantity = pair[kept], quantity[kept].astype(np.int64)
    year.on_hand[pair] += quantity
    year.journal.note(day, "return", pair, quantity)


def _sell(year: _Year, day: int, factor: float) -> None:
    demand = year.rng.poisson(year.rate[year.sells] * factor)
    quantity = np.minimum(demand, year.on_hand[year.sells])
    year.on_hand[year.sells] -= quantity
    year.stock_outs += int((year.on_hand[year.sells] == 0).sum())
    year.journal.note(day, "sale", year.sells, -quantity)


def _count(year: _Year, day: int) -> None:
    pair = _some(year, day, 900)
    difference = np.maximum(year.rng.integers(-3, 3, pair.size), -year.on_hand[pair])
    year.on_hand[pair] += difference
    year.journal.note(day, "adjustment", pair, difference)
    pair = _some(year, day, 1_500)
    quantity = np.minimum(year.rng.integers(1, 3, pair.size), year.on_hand[pair])
    year.on_hand[pair] -= quantity
    year.journal.note(day, "write_off", pair, -quantity)


def _meet_tonight(year: _Year) -> None:
    """End at tonight's stock: missing units come as receipts, what a tight pair has too many of sold in a rush."""
    network = year.network
    target = network.wanted + network.reserved + network.safety_stock
    pair = np.nonzero(year.on_hand < target)[0]
    quantity = target[pair] - year.on_hand[pair]
    reference = year.last_reference + 1 + np.arange(pair.size)
    year.on_hand[pair] += quantity
    # The week's last working day is two days before this Sunday night.
    year.journal.note(DAYS - 3, "receipt", pair, quantity, reference)
    pair = np.nonzero(network.is_tight & (year.on_hand > target))[0]
    left = year.on_hand[pair] - target[pair]
    year.on_hand[pair] = target[pair]
    # Nothing has come in for weeks, so the excess lay there on each of these days.
    for days_ago in (3, 2, 1):
        sold = left // days_ago
        left = left - sold
        year.journal.note(DAYS - days_ago, "sale", pair, -sold)


def stock_movements(
    history: History, network: Network, catalogue: Catalogue, warehouses: pl.DataFrame, as_of: datetime, seed: int
) -> pl.DataFrame:
    """Give the stock_movements table, ordered by time.

    Parameters
    ----------
    history
        The simulated year.
    network
        Where stock lies.
    catalogue
        The articles.
    warehouses
        The warehouses table.
    as_of
        The night.
    seed
        Seed of the whole sample.
    """
    rng = stream(seed, "purchase_costs")
    start = int(as_of.timestamp()) // 86_400 - (DAYS - 1)
    begins = np.array([SECONDS_OF_DAY[kind] for kind in KINDS])
    # Pairs book at their own minute of the hour, so that a day's movements do not share one instant.
    seconds = (start + history.day) * 86_400 + begins[history.kind] + (history.pair * 7_919) % 3_600
    order = np.argsort(seconds, kind="stable")
    pair, kind = history.pair[order], history.kind[order]
    cost = catalogue.products["unit_cost_cents"].to_numpy()[network.sku_idx[pair]]
    drift = rng.uniform(0.95, 1.03, order.size)
    is_receipt = pl.Series(kind == KINDS.index("receipt"))
    nothing = pl.Series([None], dtype=pl.Int64)
    frame = pl.DataFrame(
        {
            "moved_at": pl.Series(seconds[order] * 1_000_000).cast(pl.Datetime("us", "UTC")),
            "warehouse_id": warehouses["warehouse_id"].gather(network.warehouse_idx[pair]),
            "sku": catalogue.products["sku"].gather(network.sku_idx[pair]),
            "quantity": history.quantity[order],
            "kind": pl.Series(KINDS).gather(kind),
            "unit_cost_cents": pl.Series(np.round(cost * drift).astype(np.int64)).zip_with(is_receipt, nothing),
            "number": history.reference[order],
        }
    )
    letters = pl.when(pl.col("kind") == "receipt").then(pl.lit("PO-{}")).otherwise(pl.lit("T-{}"))
    number = pl.col("number").cast(pl.String).str.zfill(7)
    reference = pl.when(pl.col("number") > 0).then(letters.str.replace("{}", number, literal=True))
    return frame.with_columns(reference.alias("reference")).drop("number")
