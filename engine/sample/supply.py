"""Who sells to the sample's shop, on which terms and in which currency, and the ways between its warehouses."""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.contracts.supply import EXCHANGE_RATES, SUPPLIERS, SUPPLY_TERMS, TRANSFER_ROUTES
from engine.sample.places import distance_km
from engine.sample.streams import stream

_SHARE_OF_FIRST: Final = 0.7
"""Articles of a category that the first of its two suppliers sells."""
_SHARE_OF_BOTH: Final = 0.1
_PACKS: Final = (1, 1, 1, 1, 1, 1, 1, 1, 2, 6)
_LEAST_PACKS: Final = (0, 0, 0, 0, 0, 0, 0, 0, 0, 2)
_FARTHEST_KM: Final = 2_400.0
"""Warehouses that lie farther apart do not send to each other."""
_KM_A_DAY: Final = 600.0
_DAYS_OF_DEMAND: Final = 12
_BUDGET_SHARE: Final = 0.6
_FIRST_CAN_SEND: Final = 300
_SHARE_WITH_BUDGET: Final = 0.25
_FAR_CURRENCY: Final = "USD"
_TONIGHT: Final = 0.88
"""What a unit of it is worth on the night."""
_RATES: Final = ((date(2025, 1, 1), 0.93), (date(2026, 10, 1), _TONIGHT), (date(2027, 1, 1), 0.9))


def suppliers(products: pl.DataFrame, usual_units: float, seed: int) -> pl.DataFrame:
    """Give table suppliers: two for each category, near and far, some with a budget that binds; far ones in dollars.

    Parameters
    ----------
    products
        The products table.
    usual_units
        Units that the shop sells on a usual day.
    seed
        Seed of the whole sample.
    """
    rng = stream(seed, "suppliers")
    share = products.group_by("category").agg(
        pl.len() / products.height, pl.col("unit_cost_cents").mean().alias("cost")
    )
    share = share.sort("category")
    worth = np.repeat((share["len"] * share["cost"]).to_numpy(), 2) * np.tile(
        [_SHARE_OF_FIRST, 1 - _SHARE_OF_FIRST], share.height
    )
    budget = np.round(worth * usual_units * _DAYS_OF_DEMAND * _BUDGET_SHARE, -4)
    lead = np.where(np.arange(worth.size) % 2 == 0, rng.integers(5, 15, worth.size), rng.integers(12, 36, worth.size))
    least = np.minimum(rng.choice([0, 20_000, 50_000, 100_000], worth.size), budget)
    has_budget = rng.random(worth.size) < _SHARE_WITH_BUDGET
    is_far = np.arange(worth.size) % 2 == 1
    return pl.DataFrame(
        {
            "supplier_id": _names(share["category"].to_list()),
            "lead_days_mean": lead.astype(np.float64),
            "lead_days_sd": np.round(lead * rng.uniform(0, 0.3, worth.size), 1),
            "minimum_order_cents": _stated(least, is_far),
            "order_cents": _stated(rng.choice([0, 1_500, 4_000], worth.size), is_far),
            "budget_cents": pl.Series(_stated(budget, is_far)).zip_with(
                pl.Series(has_budget), pl.Series([None], dtype=pl.Int64)
            ),
            "currency": pl.Series(is_far).replace_strict({True: _FAR_CURRENCY, False: None}, return_dtype=pl.String),
        }
    ).select(pl.col(name).cast(dtype) for name, dtype in SUPPLIERS.schema.items())


def exchange_rates() -> pl.DataFrame:
    """Give table exchange_rates: of the dollar, as it was, is, and will be."""
    rows = [(_FAR_CURRENCY, day, rate) for day, rate in _RATES]
    return pl.DataFrame(rows, schema=EXCHANGE_RATES.schema, orient="row")


def supply_terms(products: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Give table supply_terms: each article from a supplier of its category, one in ten from both.

    Parameters
    ----------
    products
        The products table.
    seed
        Seed of the whole sample.
    """
    rng = stream(seed, "supply_terms")
    count = products.height
    category = (products["category"].rank("dense").cast(pl.Int64) - 1).to_numpy()
    names = pl.Series(_names(products["category"].unique().sort().to_list()))
    second = (rng.random(count) >= _SHARE_OF_FIRST).astype(np.int64)
    also = np.flatnonzero(rng.random(count) < _SHARE_OF_BOTH)
    article = np.concatenate((np.arange(count), also))
    chosen = np.concatenate((2 * category + second, 2 * category[also] + 1 - second[also]))
    cost = products["unit_cost_cents"].to_numpy()[article]
    is_further = np.arange(article.size) >= count
    price = np.where(is_further, np.round(cost * rng.uniform(0.94, 1.1, article.size)), cost)
    pack = rng.choice(_PACKS, article.size)
    frame = pl.DataFrame(
        {
            "supplier_id": names.gather(chosen),
            "sku": products["sku"].gather(article),
            "unit_cost_cents": _stated(price, chosen % 2 == 1),
            "pack_units": pack,
            "minimum_units": pack * rng.choice(_LEAST_PACKS, article.size),
            "order_cents": 0,
            "preference": 0,
        }
    )
    return frame.select(pl.col(name).cast(dtype) for name, dtype in SUPPLY_TERMS.schema.items()).sort(SUPPLY_TERMS.key)


def transfer_routes(warehouses: pl.DataFrame) -> pl.DataFrame:
    """Give table transfer_routes: the farther, the dearer and the longer; the farthest are closed.

    Parameters
    ----------
    warehouses
        The warehouses table.
    """
    latitude, longitude = (warehouses[name].to_numpy() for name in ("latitude", "longitude"))
    km = distance_km(latitude[:, None], longitude[:, None], latitude, longitude)
    source, target = np.nonzero(~np.eye(warehouses.height, dtype=bool))
    far = km[source, target]
    return pl.DataFrame(
        {
            "from_warehouse_id": warehouses["warehouse_id"].gather(source),
            "to_warehouse_id": warehouses["warehouse_id"].gather(target),
            "cents_per_unit": np.round(20 + far / 25).astype(np.int64),
            "cents_per_line": np.round(300 + far / 5).astype(np.int64),
            "lead_days": np.ceil(1 + far / _KM_A_DAY),
            "is_open": far <= _FARTHEST_KM,
        }
    ).select(pl.col(name).cast(dtype) for name, dtype in TRANSFER_ROUTES.schema.items())


def transfer_capacities(warehouses: pl.DataFrame) -> pl.Series:
    """Give what warehouses can send to others: the first a few hundred units, the others without limit.

    Parameters
    ----------
    warehouses
        The warehouses table.
    """
    return pl.Series("transfer_capacity_units", [_FIRST_CAN_SEND] + [None] * (warehouses.height - 1), dtype=pl.Int64)


def _stated(cents: npt.NDArray[np.generic], is_far: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Give amounts in the currency of who states them; a far one's is worth less, so that none is lost to rounding."""
    return np.where(is_far, np.round(cents.astype(np.float64) / _TONIGHT), cents).astype(np.int64)


def _names(categories: list[str]) -> list[str]:
    return [f"{name}-{place}" for name in categories for place in ("near", "far")]
