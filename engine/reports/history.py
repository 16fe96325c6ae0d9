"""From the tables of stock and movements to the arrays of the ledger, and back to names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from engine.contracts.inputs import PRODUCTS, STOCK, STOCK_MOVEMENTS
from engine.errors import InputError
from engine.reports.frames import canonical, day_number, utc
from solvers.inventory import NO_COST, NO_LINK, Movement, StockHistory

_KINDS: Final = {kind.name.lower(): kind.value for kind in Movement}
_PAIR: Final = ["sku", "warehouse_id"]


@dataclass(frozen=True)
class History:
    """A stock history with the names of its stocks.

    Parameters
    ----------
    stocks
        One row a stock, sorted by article and warehouse: warehouse_id, sku, category, unit_cost_cents, on_hand, reserved,
        safety_stock.
    movements
        The movements up to the night, canonical, in the caller's order.
    arrays
        The same for the solver.
    """

    stocks: pl.DataFrame
    movements: pl.DataFrame
    arrays: StockHistory


def read_history(
    stock: pl.DataFrame, movements: pl.DataFrame, products: pl.DataFrame, as_of: datetime, *, period_days: int
) -> History:
    """Bring stock and movements together; a stock that only moved, and one that never moved, are both part of it.

    Raises
    ------
    InputError
        When a table lacks a column, or its values cannot be valued exactly.
    """
    night = utc(as_of)
    past = canonical(movements, STOCK_MOVEMENTS).filter(pl.col("moved_at") <= night)
    stocks = _stocks(canonical(stock, STOCK), past, _costs(products))
    rows = past.join(stocks.select(*_PAIR, "stock_idx"), on=_PAIR, how="left", maintain_order="left")
    try:
        arrays = StockHistory(
            article=stocks["sku"].rank("dense").cast(pl.Int64).to_numpy() - 1,
            on_hand=stocks["on_hand"].to_numpy(),
            unit_cost_cents=stocks["unit_cost_cents"].to_numpy(),
            stock=rows["stock_idx"].cast(pl.Int32).to_numpy(),
            moved_at_us=rows["moved_at"].to_physical().to_numpy(),
            quantity=rows["quantity"].to_numpy(),
            kind=rows["kind"].replace_strict(_KINDS, return_dtype=pl.Int8).to_numpy(),
            movement_cost_cents=rows["unit_cost_cents"].fill_null(NO_COST).to_numpy(),
            link=_links(rows).to_numpy(),
            last_day=day_number(night.date()),
            period_days=period_days,
        )
    except ValueError as error:
        raise InputError(f"stock and stock_movements cannot be valued: {error}") from error
    return History(stocks.drop("stock_idx"), past, arrays)


def _costs(products: pl.DataFrame) -> pl.DataFrame:
    needed = ("sku", "category", "unit_cost_cents")
    missing = [name for name in needed if name not in products.columns]
    if missing:
        raise InputError(f"products lacks {', '.join(missing)}; it has {', '.join(products.columns)}.")
    return products.select(pl.col(name).cast(PRODUCTS.column(name).kind.dtype) for name in needed)


def _stocks(stock: pl.DataFrame, past: pl.DataFrame, costs: pl.DataFrame) -> pl.DataFrame:
    """Give one row a stock. A stock that moved without being on file has nothing on hand tonight."""
    moved = past.select(_PAIR).unique()
    absent = moved.join(stock, on=_PAIR, how="anti").with_columns(
        on_hand=pl.lit(0, pl.Int64), reserved=pl.lit(0, pl.Int64), safety_stock=pl.lit(0, pl.Int64)
    )
    together = pl.concat([stock, absent.select(stock.columns)]).sort(_PAIR)
    return (
        together.join(costs, on="sku", how="left", maintain_order="left")
        .with_columns(pl.col("unit_cost_cents").fill_null(0), pl.col("category").fill_null("unknown"))
        .with_row_index("stock_idx")
    )


def _links(rows: pl.DataFrame) -> pl.Series:
    """Give one number to what belongs together: a sale and its returns, or the ends of a transfer, of an article.

    Only what comes back or comes in needs its other end, so references without such a movement are left out: they are
    almost all.
    """
    if rows["reference"].null_count() == rows.height:
        return pl.Series("link", [], pl.Int32)
    is_sale = pl.col("kind").is_in(["sale", "return"])
    is_move = pl.col("kind").is_in(["transfer_in", "transfer_out"])
    key = ["sku", "reference", "is_sale"]
    linked = (
        rows.lazy()
        .select("sku", "reference", "quantity", is_sale.alias("is_sale"), is_move.alias("is_move"))
        .with_row_index("row")
        .filter((pl.col("is_sale") | pl.col("is_move")) & pl.col("reference").is_not_null())
        .drop("is_move")
    )
    numbers = linked.filter(pl.col("quantity") > 0).select(key).unique().sort(key).with_row_index("link").collect()
    if numbers.is_empty():
        return pl.Series("link", [], pl.Int32)
    found = linked.join(numbers.lazy(), on=key, how="inner").select("row", "link").collect()
    link = pl.zeros(rows.height, dtype=pl.Int32, eager=True) + NO_LINK
    return link.scatter(found["row"], found["link"].cast(pl.Int32)).alias("link")
