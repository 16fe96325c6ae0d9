"""Stocks of a long log by number: their names are compared once, and as whole numbers ever after."""

from __future__ import annotations

from typing import Final

import polars as pl

PAIR: Final = ["sku", "warehouse_id"]


def name_type(*columns: pl.Series) -> pl.Enum:
    """Give the type of the names in some columns; they sort as in the alphabet."""
    return pl.Enum(pl.concat([column.unique() for column in columns]).unique().drop_nulls().sort())


def pair_keys(frame: pl.DataFrame, sku: pl.Enum, warehouse: pl.Enum) -> pl.Series:
    """Give a number for the article and warehouse of each row; none where a name is not of its type.

    Parameters
    ----------
    frame
        Columns `sku` and `warehouse_id`.
    sku, warehouse
        Types of their names.
    """
    skus, warehouses = (
        frame[name].cast(dtype, strict=False).to_physical().cast(pl.Int64)
        for name, dtype in zip(PAIR, (sku, warehouse), strict=True)
    )
    return (skus * warehouse.categories.len() + warehouses).alias("key")
