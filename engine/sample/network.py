"""Which warehouse holds which article, how much is tight tonight, what each can ship, and where things lie."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.sample.catalogue import Catalogue
from engine.sample.streams import stream

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

SHARE_POPULAR: Final = 0.2
SHARE_TIGHT: Final = 0.1
SLOTS_AN_AISLE: Final = 320
POSITIONS: Final = 40
LEVELS: Final = 4


@dataclass(frozen=True)
class Network:
    """The pairs of warehouse and article that hold stock, ordered by article.

    Parameters
    ----------
    warehouse_idx, sku_idx
        (pairs,) which warehouse and which article.
    share
        (pairs,) share of the article's demand that the warehouse serves; sums to 1 over an article.
    is_tight
        (pairs,) whether the article falls short of tonight's demand over all warehouses.
    reserved, safety_stock
        (pairs,) units not for tonight.
    wanted
        (pairs,) units above these two that must lie there tonight: exactly where tight, at least elsewhere.
    """

    warehouse_idx: Integers
    sku_idx: Integers
    share: Floats
    is_tight: Flags
    reserved: Integers
    safety_stock: Integers
    wanted: Integers

    @property
    def num_pairs(self) -> int:
        """Number of pairs."""
        return int(self.sku_idx.size)


def make_network(catalogue: Catalogue, sizes: Floats, demand_units: Integers, seed: int) -> Network:
    """Spread the articles over the warehouses and decide what is tight tonight.

    Parameters
    ----------
    catalogue
        The articles.
    sizes
        (warehouses,) relative sizes.
    demand_units
        (articles,) units ordered tonight.
    seed
        Seed of the whole sample.
    """
    rng = stream(seed, "network")
    warehouse_idx, sku_idx = _pairs(rng, catalogue.popularity, sizes)
    share = uneven_shares(rng, sku_idx, catalogue.popularity.size, 4.0 * sizes[warehouse_idx])
    return provide(rng, warehouse_idx, sku_idx, share, catalogue.popularity, demand_units)


def provide(
    rng: np.random.Generator,
    warehouse_idx: Integers,
    sku_idx: Integers,
    share: Floats,
    popularity: Floats,
    demand_units: Integers,
) -> Network:
    """Decide what each pair must hold tonight: too little of a tenth of the popular articles, enough of the others.

    Parameters
    ----------
    rng
        Random stream.
    warehouse_idx, sku_idx, share
        (pairs,) ordered by article; see `Network`.
    popularity
        (articles,) share of all units sold.
    demand_units
        (articles,) units ordered tonight.
    """
    num_skus = popularity.size
    is_tight = _tight_skus(rng, popularity, demand_units)[sku_idx]
    tight_share = uneven_shares(rng, sku_idx, num_skus, np.full(sku_idx.size, 0.4))
    tight_units = demand_units * rng.uniform(0.4, 0.95, num_skus)
    loose_units = demand_units[sku_idx] * rng.uniform(1.3, 2.5, num_skus)[sku_idx] * share
    wanted = np.where(is_tight, np.floor(tight_units[sku_idx] * tight_share), np.ceil(loose_units)).astype(np.int64)
    usual_units = popularity[sku_idx] * demand_units.sum() * share
    reserved = np.round(rng.random(sku_idx.size) * 0.3 * usual_units).astype(np.int64)
    safety_stock = np.floor(usual_units * np.where(rng.random(sku_idx.size) < 0.7, 0.5, 0.0)).astype(np.int64)
    return Network(warehouse_idx, sku_idx, share, is_tight, reserved, safety_stock, wanted)


def _pairs(rng: np.random.Generator, popularity: Floats, sizes: Floats) -> tuple[Integers, Integers]:
    """Place popular articles in more warehouses, large warehouses first (Gumbel keys draw without replacement)."""
    num_skus, num_warehouses = popularity.size, sizes.size
    place = np.argsort(np.argsort(-popularity, kind="stable"), kind="stable") / max(1, num_skus)
    mean = 2.2 + 5.5 * (1 - place) ** 2
    num_places = np.clip(np.round(mean + rng.normal(0, 0.9, num_skus)), 2, num_warehouses - 1)
    keys = np.log(sizes) + rng.gumbel(0, 1, (num_skus, num_warehouses))
    rank = np.argsort(np.argsort(-keys, axis=1), axis=1)
    sku_idx, warehouse_idx = np.nonzero(rank < num_places[:, None])
    return warehouse_idx.astype(np.int64), sku_idx.astype(np.int64)


def uneven_shares(rng: np.random.Generator, sku_idx: Integers, num_skus: int, evenness: Floats) -> Floats:
    """Draw shares that sum to 1 over each article; small values of evenness make them uneven.

    Parameters
    ----------
    rng
        Random stream.
    sku_idx
        (pairs,) article of each pair.
    num_skus
        Articles.
    evenness
        (pairs,) shape of the gamma draw.
    """
    parts = rng.gamma(evenness) + 1e-9
    return np.asarray(parts / np.bincount(sku_idx, parts, num_skus)[sku_idx])


def _tight_skus(rng: np.random.Generator, popularity: Floats, demand_units: Integers) -> Flags:
    num_popular = max(1, round(popularity.size * SHARE_POPULAR))
    popular = np.argsort(-popularity, kind="stable")[:num_popular]
    popular = popular[demand_units[popular] > 0]
    is_tight = np.zeros(popularity.size, dtype=bool)
    is_tight[rng.choice(popular, min(popular.size, round(num_popular * SHARE_TIGHT)), replace=False)] = True
    return is_tight


def stock(network: Network, on_hand: Integers, warehouses: pl.DataFrame, skus: pl.Series) -> pl.DataFrame:
    """Give the stock table."""
    return pl.DataFrame(
        {
            "warehouse_id": warehouses["warehouse_id"].gather(network.warehouse_idx),
            "sku": skus.gather(network.sku_idx),
            "on_hand": on_hand,
            "reserved": network.reserved,
            "safety_stock": network.safety_stock,
        }
    ).sort("warehouse_id", "sku")


def inbound(
    network: Network, demand_units: Integers, warehouses: pl.DataFrame, skus: pl.Series, as_of: datetime, seed: int
) -> pl.DataFrame:
    """Give the firm receipts: for most of what is tight, and a little of the rest."""
    rng = stream(seed, "inbound")
    chance = np.where(network.is_tight, 0.55, 0.02)
    pair = np.nonzero(rng.random(network.num_pairs) < chance)[0]
    usual = demand_units[network.sku_idx[pair]] * network.share[pair]
    packs = np.ceil(usual * rng.uniform(1, 6, pair.size) / 6 + 1).astype(np.int64)
    morning = as_of.replace(hour=0, minute=0, second=0, microsecond=0)
    hours = rng.integers(1, 22, pair.size) * 24 + rng.integers(6, 12, pair.size)
    expected_at = pl.Series(hours * 3_600 * 1_000_000, dtype=pl.Int64).cast(pl.Duration("us"))
    return pl.DataFrame(
        {
            "warehouse_id": warehouses["warehouse_id"].gather(network.warehouse_idx[pair]),
            "sku": skus.gather(network.sku_idx[pair]),
            "quantity": packs * 6,
            "expected_at": expected_at + morning,
        }
    ).sort("warehouse_id", "sku")


def locations(network: Network, catalogue: Catalogue, warehouses: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Give a place to every stocked article: fast movers near the front, with the disorder of a lived-in warehouse."""
    rng = stream(seed, "locations")
    wish = -np.log(catalogue.popularity[network.sku_idx] + 1e-9) + rng.normal(0, 0.8, network.num_pairs)
    order = np.lexsort((wish, network.warehouse_idx))
    in_order = network.warehouse_idx[order]
    first = np.searchsorted(in_order, np.arange(len(warehouses)))
    slot = np.arange(network.num_pairs) - first[in_order]
    num_aisles = -(-np.bincount(in_order, minlength=len(warehouses)) // SLOTS_AN_AISLE)[in_order]
    # Slots are filled across the aisles from the front, so that what sells fast is near the depot in every aisle.
    face, level = np.divmod(slot, LEVELS)
    aisle_face, side = np.divmod(face, 2)
    position, aisle = np.divmod(aisle_face, num_aisles)
    return pl.DataFrame(
        {
            "warehouse_id": warehouses["warehouse_id"].gather(in_order),
            "sku": catalogue.products["sku"].gather(network.sku_idx[order]),
            "aisle": aisle + 1,
            "position": position + 1,
            "side": pl.Series(["left", "right"]).gather(side),
            "level": level,
        }
    )


def capacities(expected_units: Floats, seed: int) -> pl.Series:
    """Give each warehouse's capacity near the units expected of it: a few bind, one has no limit.

    Parameters
    ----------
    expected_units
        (warehouses,) units that tonight's customers would ask of it if each were served from nearby.
    seed
        Seed of the whole sample.
    """
    rng = stream(seed, "capacities")
    room = rng.permutation(np.linspace(0.8, 2.6, expected_units.size))
    units = np.ceil((expected_units * room + 20) / 10).astype(np.int64) * 10
    limit = pl.Series(units)
    without = pl.Series(np.arange(expected_units.size) != int(np.argmax(room)))
    return limit.zip_with(without, pl.Series([None], dtype=pl.Int64))
