"""Generated stock for the real demand, and a ledger in which every real sale happens at its real time."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.contracts import TABLES
from engine.sample.catalogue import Catalogue
from engine.sample.network import Network, provide, uneven_shares
from engine.sample.streams import stream

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

DAY: Final = 86_400
SALES_A_RECEIPT: Final = 3


def make_catalogue(products: pl.DataFrame, demand_units: Integers) -> Catalogue:
    """Give the articles with their real share of the units ordered."""
    return Catalogue(products, demand_units / max(1, demand_units.sum()))


def make_network(
    catalogue: Catalogue, sales: pl.DataFrame, sizes: Floats, demand_units: Integers, seed: int
) -> Network:
    """Stock each article where its sellers are, and what sells more in further warehouses as well.

    Parameters
    ----------
    catalogue
        The articles.
    sales
        sku_idx, warehouse_idx, quantity of the real items.
    sizes
        (warehouses,) units that each warehouse's sellers sold.
    demand_units
        (articles,) units ordered.
    seed
        Seed of what is generated.
    """
    rng = stream(seed, "olist_network")
    num_skus, num_warehouses = demand_units.size, sizes.size
    home = np.zeros((num_skus, num_warehouses))
    np.add.at(home, (sales["sku_idx"].to_numpy(), sales["warehouse_idx"].to_numpy()), sales["quantity"].to_numpy())
    is_sold = home.sum(axis=1) > 0
    further = np.where(is_sold, rng.poisson(np.minimum(3.0, 0.5 + 0.4 * (demand_units - 1).clip(0))), 0)
    keys = np.log(sizes + 1) + rng.gumbel(0, 1, home.shape) + np.where(home > 0, 1e6, 0)
    rank = np.argsort(np.argsort(-keys, axis=1), axis=1)
    wanted_places = np.minimum((home > 0).sum(axis=1) + further, num_warehouses)
    sku_idx, warehouse_idx = np.nonzero(rank < wanted_places[:, None])
    # Most of an article lies where it is sold from.
    evenness = 1.0 + 4.0 * home[sku_idx, warehouse_idx] / np.maximum(1, demand_units[sku_idx])
    share = uneven_shares(rng, sku_idx, num_skus, evenness)
    return provide(
        rng, warehouse_idx.astype(np.int64), sku_idx.astype(np.int64), share, catalogue.popularity, demand_units
    )


def stock_movements(
    network: Network, sales: pl.DataFrame, warehouses: pl.DataFrame, catalogue: Catalogue, as_of: datetime, seed: int
) -> tuple[pl.DataFrame, Integers]:
    """Give the ledger from an empty start, and what it leaves on hand, shape (pairs,).

    Sales are real: article, quantity, seller's warehouse and time of hand-over. Receipts are generated, so that stock
    never falls below zero and ends at what `network` wants.

    Parameters
    ----------
    network
        What must lie where tonight.
    sales
        sku_idx, warehouse_idx, quantity, sold_at, order_id of the items that really left.
    warehouses, catalogue
        Names of the pairs.
    as_of
        The night.
    seed
        Seed of what is generated.
    """
    rng = stream(seed, "olist_movements")
    num_warehouses = len(warehouses)
    code = network.sku_idx * num_warehouses + network.warehouse_idx
    sold = (
        sales.drop_nulls("sold_at")
        .filter(pl.col("sold_at") <= as_of)
        .with_columns((pl.col("sku_idx") * num_warehouses + pl.col("warehouse_idx")).alias("code"))
        .sort("code", "sold_at", "order_id")
    )
    batch = pl.int_range(pl.len()).over("code") // SALES_A_RECEIPT
    restocked = (
        sold.with_columns(batch.alias("batch"))
        .group_by("code", "batch", maintain_order=True)
        .agg(pl.col("sold_at").first(), pl.col("quantity").sum())
    )
    days_before = rng.integers(1, 20 * 24, len(restocked)) * 3_600
    on_hand = network.wanted + network.reserved + network.safety_stock
    last_days = rng.integers(1, 60 * 24, on_hand.size) * 3_600
    night = int(as_of.timestamp())
    receipts = pl.DataFrame(
        {
            "code": np.concatenate([restocked["code"].to_numpy(), code]),
            "quantity": np.concatenate([restocked["quantity"].to_numpy(), on_hand]),
            "seconds": np.concatenate([restocked["sold_at"].dt.epoch("s").to_numpy() - days_before, night - last_days]),
        }
    ).filter(pl.col("quantity") > 0)
    frame = _ledger(receipts, sold).with_columns(
        (pl.col("code") % num_warehouses).alias("warehouse_idx"), (pl.col("code") // num_warehouses).alias("sku_idx")
    )
    named = frame.with_columns(
        warehouses["warehouse_id"].gather(frame["warehouse_idx"]).alias("warehouse_id"),
        catalogue.products["sku"].gather(frame["sku_idx"]).alias("sku"),
        pl.when(pl.col("kind") == "receipt")
        .then(catalogue.products["unit_cost_cents"].gather(frame["sku_idx"]))
        .alias("unit_cost_cents"),
    )
    return named.select(list(TABLES["stock_movements"].schema)), on_hand


def _ledger(receipts: pl.DataFrame, sold: pl.DataFrame) -> pl.DataFrame:
    """Put receipts and sales into one order of time; of one instant the receipt comes first."""
    number = pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(6)
    instant = (pl.col("seconds") * 1_000_000).cast(pl.Datetime("us", "UTC"))
    came = receipts.select(
        "code",
        "quantity",
        instant.alias("moved_at"),
        pl.lit("receipt").alias("kind"),
        pl.format("SYNTHETIC-PO-{}", number).alias("reference"),
    )
    left = sold.select(
        pl.col("code").cast(pl.Int64),
        (-pl.col("quantity")).alias("quantity"),
        pl.col("sold_at").alias("moved_at"),
        pl.lit("sale").alias("kind"),
        pl.col("order_id").alias("reference"),
    )
    return pl.concat([came, left]).sort("moved_at", "kind", "code", "reference")
