"""The Olist CSV files as they are: texts, in their published names and spelling."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from engine.errors import InputError

WHERE_FROM: Final = "The data set is published as 'Brazilian E-Commerce Public Dataset by Olist'"

COLUMNS: Final = {
    "orders": (
        "order_id",
        "customer_id",
        "order_status",
        "order_purchase_timestamp",
        "order_approved_at",
        "order_delivered_carrier_date",
        "order_delivered_customer_date",
        "order_estimated_delivery_date",
    ),
    "order_items": ("order_id", "order_item_id", "product_id", "seller_id", "price"),
    "order_payments": ("order_id", "payment_type"),
    "customers": ("customer_id", "customer_zip_code_prefix", "customer_state"),
    "products": (
        "product_id",
        "product_category_name",
        "product_weight_g",
        "product_length_cm",
        "product_height_cm",
        "product_width_cm",
    ),
    "sellers": ("seller_id", "seller_zip_code_prefix", "seller_city", "seller_state"),
    "geolocation": (
        "geolocation_zip_code_prefix",
        "geolocation_lat",
        "geolocation_lng",
        "geolocation_state",
    ),
}
"""The columns that are used of each table."""
BRAZIL: Final = {"geolocation_lat": (-34.0, 6.0), "geolocation_lng": (-74.5, -32.0)}
"""Coordinates outside are typing errors of the source."""


@dataclass(frozen=True)
class Olist:
    """The tables that are used, all values as text, blanks as null; one row an order, customer, product and seller.

    Parameters
    ----------
    places
        prefix, state, latitude, longitude: the middle of the coordinates of each postcode prefix.
    """

    orders: pl.DataFrame
    order_items: pl.DataFrame
    order_payments: pl.DataFrame
    customers: pl.DataFrame
    products: pl.DataFrame
    sellers: pl.DataFrame
    places: pl.DataFrame


def read_olist(folder: Path) -> Olist:
    """Read the files of the data set.

    Parameters
    ----------
    folder
        Where `olist_orders_dataset.csv` and the others lie.

    Raises
    ------
    InputError
        When the folder, a file or a column is missing, or a file cannot be read.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder. {WHERE_FROM}; unpack it and name the folder with its CSV files.")
    missing = [_name(table) for table in COLUMNS if not (folder / _name(table)).is_file()]
    if missing:
        raise InputError(f"{folder} lacks {', '.join(missing)}. {WHERE_FROM}; copy the missing files there.")
    tables = {table: _read(folder / _name(table), columns) for table, columns in COLUMNS.items()}
    keys = {"orders": "order_id", "customers": "customer_id", "products": "product_id", "sellers": "seller_id"}
    for table, key in keys.items():
        tables[table] = tables[table].unique(subset=key, keep="first", maintain_order=True)
    geolocation = tables.pop("geolocation")
    return Olist(**tables, places=_places(geolocation))


def prefix_of(column: str) -> pl.Expr:
    """Give the five digits of a postcode prefix; spreadsheets drop its leading zeros."""
    return pl.col(column).str.strip_chars().str.zfill(5)


def _name(table: str) -> str:
    return f"olist_{table}_dataset.csv"


def _read(path: Path, columns: tuple[str, ...]) -> pl.DataFrame:
    content = _as_utf8(path.read_bytes())
    try:
        frame = pl.read_csv(content, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path.name} cannot be read: {reason}. Copy it again from the published data set.") from error
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        raise InputError(
            f"{path.name} lacks the column {', '.join(absent)}; it has {', '.join(frame.columns)}. "
            "Keep the published header, misspellings included."
        )
    values = pl.col(pl.String).str.strip_chars()
    return frame.select(columns).with_columns(pl.when(values != "").then(values).name.keep())


def _as_utf8(content: bytes) -> bytes:
    """Give the text without a byte-order mark, from the encoding that old spreadsheets save where it is not UTF-8."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace").encode("utf-8")
    return content


def _places(geolocation: pl.DataFrame) -> pl.DataFrame:
    inside = [
        pl.col(column).cast(pl.Float64, strict=False).is_between(low, high) for column, (low, high) in BRAZIL.items()
    ]
    return (
        geolocation.filter(*inside)
        .group_by(prefix_of("geolocation_zip_code_prefix").alias("prefix"))
        .agg(
            pl.col("geolocation_state").drop_nulls().mode().sort().first().alias("state"),
            pl.col("geolocation_lat").cast(pl.Float64).median().round(5).alias("latitude"),
            pl.col("geolocation_lng").cast(pl.Float64).median().round(5).alias("longitude"),
        )
        .drop_nulls("prefix")
        .sort("prefix")
    )
