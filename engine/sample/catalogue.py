"""The catalogue: articles of twenty-two categories with believable sizes, weights, care and popularity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.sample.streams import stream

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ZIPF_EXPONENT: Final = 0.95
ZIPF_SHIFT: Final = 8.0
SHARE_DEAD: Final = 0.02
SHARE_UNSIZED: Final = 0.001
LONGEST_EDGE_MM: Final = 990
HEAVIEST_G: Final = 27_000


class Category(NamedTuple):
    """What articles of a category are like: medians, and the share of articles with a trait."""

    name: str
    code: str
    share: float
    size_mm: tuple[int, int, int]
    spread: float
    density_g_per_cm3: float
    cost_cents: int
    fragile: float = 0.0
    very_fragile: float = 0.0
    upright: float = 0.0
    hazard_class: str | None = None
    hazard: float = 0.0
    alone: float = 0.0


CATEGORIES: Final = (
    Category("books", "BOK", 0.13, (210, 140, 24), 0.12, 0.75, 620),
    Category("music_and_film", "MUS", 0.04, (190, 135, 15), 0.05, 0.6, 700),
    Category("clothing", "CLO", 0.12, (300, 240, 35), 0.18, 0.2, 1_250),
    Category("shoes", "SHO", 0.06, (330, 205, 120), 0.08, 0.16, 2_900),
    Category("jewellery", "JEW", 0.04, (90, 70, 35), 0.2, 0.35, 3_100, fragile=0.2),
    Category(
        "phone_accessories", "PHO", 0.07, (170, 95, 25), 0.2, 0.35, 640, hazard_class="lithium_battery", hazard=0.12
    ),
    Category(
        "electronics",
        "ELE",
        0.06,
        (240, 180, 85),
        0.3,
        0.35,
        6_800,
        fragile=0.45,
        hazard_class="lithium_battery",
        hazard=0.3,
    ),
    Category("power_tools", "TOO", 0.03, (340, 260, 120), 0.2, 0.42, 5_600, hazard_class="lithium_battery", hazard=0.3),
    Category(
        "cosmetics",
        "COS",
        0.08,
        (125, 55, 45),
        0.25,
        0.85,
        980,
        fragile=0.25,
        upright=0.1,
        hazard_class="flammable_liquid",
        hazard=0.07,
    ),
    Category("glassware", "GLA", 0.03, (260, 190, 150), 0.25, 0.3, 1_700, fragile=0.45, very_fragile=0.5),
    Category("décor", "DÉC", 0.04, (250, 180, 130), 0.35, 0.28, 1_600, fragile=0.4, very_fragile=0.15),
    Category("lamps", "LAM", 0.02, (360, 270, 250), 0.25, 0.11, 3_300, fragile=0.5, very_fragile=0.25, upright=0.2),
    Category("kitchen", "KIT", 0.05, (310, 240, 220), 0.3, 0.27, 3_700, fragile=0.3, upright=0.3),
    Category("toys", "TOY", 0.07, (290, 220, 85), 0.3, 0.25, 1_350),
    Category("board_games", "GAM", 0.02, (300, 295, 70), 0.12, 0.45, 1_900),
    Category("garden", "GAR", 0.03, (400, 230, 150), 0.3, 0.3, 2_100),
    Category("pet_food", "PET", 0.02, (400, 270, 110), 0.3, 0.62, 1_400),
    Category(
        "wine_and_spirits",
        "WIN",
        0.02,
        (335, 95, 95),
        0.06,
        0.55,
        1_150,
        fragile=0.35,
        very_fragile=0.6,
        upright=0.5,
        hazard_class="flammable_liquid",
        hazard=0.15,
    ),
    Category("sports", "SPO", 0.04, (350, 230, 120), 0.35, 0.25, 2_400),
    Category("office", "OFF", 0.03, (310, 225, 40), 0.25, 0.6, 720),
    Category(
        "paint_and_cleaning",
        "PAI",
        0.015,
        (190, 165, 165),
        0.2,
        1.0,
        900,
        upright=0.8,
        hazard_class="corrosive",
        hazard=0.35,
    ),
    Category("monitors_and_posters", "BIG", 0.01, (640, 430, 150), 0.15, 0.16, 9_500, fragile=0.7, alone=0.85),
)


@dataclass(frozen=True)
class Catalogue:
    """Articles and how they sell.

    Parameters
    ----------
    products
        The products table, one row an article.
    popularity
        (articles,) share of all units sold; sums to 1, and is 0 for dead articles.
    """

    products: pl.DataFrame
    popularity: Floats


def make_catalogue(num_skus: int, seed: int) -> Catalogue:
    """Draw a catalogue.

    Parameters
    ----------
    num_skus
        Articles.
    seed
        Seed of the whole sample.
    """
    rng = stream(seed, "products")
    category = rng.choice(len(CATEGORIES), num_skus, p=_shares())
    sizes_mm = _sizes_mm(rng, category)
    weight_g = _weights_g(rng, category, sizes_mm)
    traits = _traits(rng, category, weight_g)
    popularity = _popularity(stream(seed, "popularity"), num_skus)
    products = pl.DataFrame(
        {
            "sku": _skus(category),
            "category": pl.Series([c.name for c in CATEGORIES]).gather(category),
            "length_mm": sizes_mm[:, 0],
            "width_mm": sizes_mm[:, 1],
            "height_mm": sizes_mm[:, 2],
            "weight_g": weight_g,
            "unit_cost_cents": _costs_cents(rng, category, sizes_mm),
            **traits,
        }
    )
    return Catalogue(_without_some_sizes(products, popularity), popularity)


def selling_prices(rng: np.random.Generator, catalogue: Catalogue, sku_idx: Integers) -> Integers:
    """Draw selling prices, cents, ending in nine.

    Parameters
    ----------
    rng
        Random stream.
    catalogue
        The articles.
    sku_idx
        (lines,) article of each line.
    """
    cost = catalogue.products["unit_cost_cents"].to_numpy()[sku_idx]
    price = np.round(cost * rng.uniform(1.35, 2.2, sku_idx.size) / 10) * 10 - 1
    return np.asarray(price.astype(np.int64))


def _shares() -> Floats:
    shares = np.array([c.share for c in CATEGORIES])
    return np.asarray(shares / shares.sum())


def _of_category(category: Integers, values: list[float]) -> Floats:
    return np.array(values, dtype=np.float64)[category]


def _sizes_mm(rng: np.random.Generator, category: Integers) -> Integers:
    median = np.array([c.size_mm for c in CATEGORIES], dtype=np.float64)[category]
    spread = _of_category(category, [c.spread for c in CATEGORIES])[:, None]
    whole = rng.normal(0, 1, (category.size, 1))
    each = rng.normal(0, 0.5, (category.size, 3))
    sizes = median * np.exp(spread * (whole + each))
    # Retail packs come in round sizes; whole fives also make equal packs common, as they are on a real shelf.
    return np.asarray(np.clip(np.round(sizes / 5) * 5, 5, LONGEST_EDGE_MM).astype(np.int64))


def _weights_g(rng: np.random.Generator, category: Integers, sizes_mm: Integers) -> Integers:
    density = _of_category(category, [c.density_g_per_cm3 for c in CATEGORIES])
    volume_cm3 = sizes_mm.prod(axis=1) / 1_000
    weight = volume_cm3 * density * np.exp(rng.normal(0, 0.2, category.size))
    return np.asarray(np.clip(np.round(weight), 10, HEAVIEST_G).astype(np.int64))


def _costs_cents(rng: np.random.Generator, category: Integers, sizes_mm: Integers) -> Integers:
    median = _of_category(category, [c.cost_cents for c in CATEGORIES])
    usual = np.array([np.prod(c.size_mm) for c in CATEGORIES], dtype=np.float64)[category]
    size_factor = (sizes_mm.prod(axis=1) / usual) ** 0.3
    return np.asarray(np.round(median * size_factor * np.exp(rng.normal(0, 0.45, category.size))).astype(np.int64))


def _traits(rng: np.random.Generator, category: Integers, weight_g: Integers) -> dict[str, pl.Series]:
    draw = rng.random((category.size, 4))
    very = draw[:, 0] < _of_category(category, [c.very_fragile for c in CATEGORIES])
    fragile = ~very & (draw[:, 0] < _of_category(category, [c.very_fragile + c.fragile for c in CATEGORIES]))
    hazard = draw[:, 2] < _of_category(category, [c.hazard for c in CATEGORIES])
    classes = pl.Series([c.hazard_class for c in CATEGORIES], dtype=pl.String).gather(category)
    load_g = np.round(weight_g * rng.uniform(1, 6, category.size) / 100) * 100
    load = pl.Series(np.where(very, np.where(draw[:, 3] < 0.5, 0, load_g / 2), load_g).astype(np.int64))
    return {
        "fragility": pl.Series(["none", "fragile", "very_fragile"]).gather(fragile + 2 * very),
        "keep_upright": pl.Series(draw[:, 1] < _of_category(category, [c.upright for c in CATEGORIES])),
        "max_load_g": load.zip_with(pl.Series(very | fragile), pl.Series([None], dtype=pl.Int64)),
        "hazard_class": classes.zip_with(pl.Series(hazard), pl.Series([None], dtype=pl.String)),
        "ships_alone": pl.Series(rng.random(category.size) < _of_category(category, [c.alone for c in CATEGORIES])),
    }


def _skus(category: Integers) -> pl.Series:
    number = pl.Series(np.arange(category.size) + 1)
    digits = number.cast(pl.String).str.zfill(5)
    codes = pl.Series([c.code for c in CATEGORIES]).gather(category)
    # One in forty is a bare number with leading zeros, as an old till would have given it.
    return digits.zip_with(number % 40 == 3, codes + "-" + digits)


def _popularity(rng: np.random.Generator, num_skus: int) -> Floats:
    rank = rng.permutation(num_skus)
    weight = (rank + 1 + ZIPF_SHIFT) ** -ZIPF_EXPONENT
    weight[rank >= num_skus - round(num_skus * SHARE_DEAD)] = 0
    return np.asarray(weight / weight.sum())


def _without_some_sizes(products: pl.DataFrame, popularity: Floats) -> pl.DataFrame:
    """Take the sizes from a few articles that sell: orders for them must be held."""
    num_unsized = max(1, round(len(products) * SHARE_UNSIZED))
    by_popularity = np.argsort(-popularity, kind="stable")
    middle = len(products) // 20
    is_unsized = np.zeros(len(products), dtype=bool)
    is_unsized[by_popularity[middle : middle + num_unsized]] = True
    sizes = ["length_mm", "width_mm", "height_mm"]
    return products.with_columns(pl.when(pl.lit(pl.Series(~is_unsized))).then(pl.col(sizes)).name.keep())
