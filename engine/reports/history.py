"""From the tables of stock and movements to the arrays of the ledger, and back to names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.contracts.goods import PRODUCTS, STOCK, STOCK_MOVEMENTS
from engine.errors import InputError
from engine.reports.currency import check_currency
from engine.reports.frames import Frame, canonical, day_number, frame_of, one_row_each, utc
from engine.reports.pairs import PAIR, name_type, pair_keys
from engine.reports.running import positions_in_order
from engine.reports.scan import LogFile, Numbering
from solvers.inventory import (
    NO_COST,
    NO_LINK,
    GroupedHistory,
    Movement,
    StockHistory,
    StockPositions,
    group_by_block,
    value_stocks,
)
from solvers.inventory.ledger.kernels_log import Integers

_KINDS: Final = {kind.name.lower(): kind.value for kind in Movement}


@dataclass(frozen=True)
class History:
    """A stock history with the names of its stocks.

    Parameters
    ----------
    stocks
        One row a stock, sorted by article and warehouse: warehouse_id, sku, category, unit_cost_cents, on_hand, reserved,
        safety_stock.
    arrays
        The same and the movements, for the solver.
    """

    stocks: pl.DataFrame
    arrays: GroupedHistory


def read_history(
    stock: Frame, movements: Frame | Path, products: Frame, as_of: datetime, *, period_days: int
) -> History:
    """Bring stock and movements together; a stock that only moved, and one that never moved, are both part of it.

    Parameters
    ----------
    stock, movements, products
        The tables `stock`, `stock_movements`, `products`; movements may be a Parquet file, which is then read batch by
        batch and never held as a frame.
    as_of
        The night; movements after it are left out.
    period_days
        Days to measure.

    Raises
    ------
    InputError
        When a table lacks a column, or its values cannot be valued exactly.
    """
    if isinstance(movements, Path):
        opened = _open_file(stock, movements, products, utc(as_of), period_days)
        return History(opened.stocks, opened.grouped())
    past = past_movements(movements, as_of)
    stocks, arrays = stock_history(stock, past, products, as_of, period_days=period_days)
    return History(stocks, group_by_block(arrays))


def read_positions(
    stock: Frame,
    movements: Frame | Path,
    products: Frame,
    as_of: datetime,
    *,
    period_days: int,
    has_ages: bool = True,
    threads: int = 1,
) -> tuple[pl.DataFrame, StockPositions]:
    """Give the stocks by name and what the ledger measures of each; a file in time order is valued while it is read.

    Parameters
    ----------
    stock, movements, products, as_of, period_days
        As in `read_history`.
    has_ages
        Whether to keep stock by age.
    threads
        Threads to use; the result does not depend on it.

    Raises
    ------
    InputError
        When a table lacks a column, or its values cannot be valued exactly.
    """
    try:
        if not isinstance(movements, Path):
            history = read_history(stock, movements, products, as_of, period_days=period_days)
            return history.stocks, value_stocks(history.arrays, has_ages=has_ages, threads=threads)
        opened = _open_file(stock, movements, products, utc(as_of), period_days)
        found = positions_in_order(
            opened.file, opened.numbering, opened.links, opened.history, has_ages=has_ages, threads=threads
        )
        return opened.stocks, found or value_stocks(opened.grouped(), has_ages=has_ages, threads=threads)
    except ValueError as error:
        raise InputError(f"stock and stock_movements cannot be valued: {error}") from error


def past_movements(movements: Frame, as_of: datetime) -> pl.DataFrame:
    """Give the canonical movements up to the night, in their order.

    Raises
    ------
    InputError
        When a column is missing or holds values of another kind, or costs are in several currencies.
    """
    frame = frame_of(movements, STOCK_MOVEMENTS.name)
    check_currency(frame.lazy(), STOCK_MOVEMENTS.name)
    return canonical(frame, STOCK_MOVEMENTS).filter(pl.col("moved_at") <= utc(as_of))


def stock_history(
    stock: Frame, past: pl.DataFrame, products: Frame, as_of: datetime, *, period_days: int
) -> tuple[pl.DataFrame, StockHistory]:
    """Give the stocks by name and, for the solver, the movements in their order.

    Raises
    ------
    InputError
        When a table lacks a column, or its values cannot be valued exactly.
    """
    types = name_type(past["sku"]), name_type(past["warehouse_id"])
    key = pair_keys(past, *types)
    stocks = _stocks(
        one_row_each(canonical(stock, STOCK), STOCK), past.select(PAIR)[key.arg_unique()], _costs(products)
    )
    known = pl.DataFrame(pair_keys(stocks, *types)).with_row_index("stock").drop_nulls().cast({"stock": pl.Int32})
    moved = pl.DataFrame(key).join(known, on="key", how="left", maintain_order="left")["stock"]
    return stocks, _arrays(stocks, past, moved, utc(as_of), period_days)


def _arrays(
    stocks: pl.DataFrame, past: pl.DataFrame, moved: pl.Series, night: datetime, period_days: int
) -> StockHistory:
    """Give stocks and movements for the solver; `moved` holds the stock of each movement."""
    found = _links(past.lazy().with_row_index("row"))
    link = pl.Series("link", [], pl.Int32)
    if found.height:
        link = (pl.zeros(past.height, dtype=pl.Int32, eager=True) + NO_LINK).scatter(found["row"], found["link"])
    try:
        return StockHistory(
            article=_article(stocks),
            on_hand=stocks["on_hand"].to_numpy(),
            unit_cost_cents=stocks["unit_cost_cents"].to_numpy(),
            stock=moved.to_numpy(),
            moved_at_us=past["moved_at"].to_physical().to_numpy(),
            quantity=past["quantity"].to_numpy(),
            kind=_kinds(past),
            movement_cost_cents=past["unit_cost_cents"].fill_null(NO_COST).to_numpy(),
            link=link.to_numpy(),
            last_day=day_number(night.date()),
            period_days=period_days,
        )
    except ValueError as error:
        raise InputError(f"stock and stock_movements cannot be valued: {error}") from error


def _kinds(past: pl.DataFrame) -> npt.NDArray[np.int8]:
    try:
        return past["kind"].replace_strict(_KINDS, return_dtype=pl.Int8).to_numpy()
    except pl.exceptions.InvalidOperationError as error:
        unknown = past["kind"].filter(~past["kind"].is_in(list(_KINDS))).unique().sort().head(3).to_list()
        raise InputError(
            f"stock_movements has the kind {', '.join(map(repr, unknown))}; it must be one of {', '.join(_KINDS)}."
        ) from error


@dataclass(frozen=True)
class _OpenFile:
    """A file of movements counted but not yet read: its stocks by name and number, and which rows belong together."""

    file: LogFile
    stocks: pl.DataFrame
    history: GroupedHistory
    numbering: Numbering
    links: pl.DataFrame

    def grouped(self) -> GroupedHistory:
        return replace(self.history, log=self.file.grouped(self.numbering, self.links))


def _open_file(stock: Frame, path: Path, products: Frame, night: datetime, period_days: int) -> _OpenFile:
    """Count a file by way of a history without movements, which checks what is not the log's."""
    check_currency(pl.scan_parquet(path), STOCK_MOVEMENTS.name)
    log_file = LogFile(path, night)
    stocks = _stocks(one_row_each(canonical(stock, STOCK), STOCK), log_file.pairs(), _costs(products))
    none = STOCK_MOVEMENTS.empty()
    checked = _arrays(stocks, none, pl.Series("stock", [], pl.Int32), night, period_days)
    links = pl.DataFrame(schema={"row": pl.UInt32, "link": pl.Int32})
    if "reference" in log_file.columns:
        rows = pl.scan_parquet(path).filter(pl.col("moved_at") <= night).with_row_index("row")
        links = _links(rows).sort("row")
    num_links = int(links["link"].to_numpy().max()) + 1 if links.height else 0
    history = replace(group_by_block(checked), num_links=num_links)
    return _OpenFile(log_file, stocks, history, log_file.numbered(stocks, history.stock_start), links)


def _article(stocks: pl.DataFrame) -> Integers:
    numbers: Integers = stocks["sku"].rank("dense").cast(pl.Int64).to_numpy() - 1
    return numbers


def _costs(products: Frame) -> pl.DataFrame:
    needed = ("sku", "category", "unit_cost_cents")
    frame = frame_of(products, "products", *needed)
    try:
        known = frame.select(pl.col(name).cast(PRODUCTS.column(name).kind.dtype) for name in needed)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"products has values of another kind than its columns: {error}") from error
    twice = known.filter(pl.col("sku").is_duplicated())["sku"].unique().sort()
    if twice.len():
        raise InputError(
            f"products names {twice.len()} articles twice, such as {', '.join(twice.head(3))}; keep one row each."
        )
    return known


def _stocks(stock: pl.DataFrame, moved: pl.DataFrame, costs: pl.DataFrame) -> pl.DataFrame:
    """Give one row a stock. A stock that moved without being on file has nothing on hand tonight."""
    absent = moved.join(stock, on=PAIR, how="anti").with_columns(
        on_hand=pl.lit(0, pl.Int64), reserved=pl.lit(0, pl.Int64), safety_stock=pl.lit(0, pl.Int64)
    )
    return (
        pl.concat([stock, absent.select(stock.columns)])
        .sort(PAIR)
        .join(costs, on="sku", how="left", maintain_order="left")
        .with_columns(pl.col("unit_cost_cents").fill_null(0), pl.col("category").fill_null("unknown"))
    )


def _links(rows: pl.LazyFrame) -> pl.DataFrame:
    """Give row and number of what belongs together: a sale and its returns, or the ends of a transfer, of an article.

    Only what comes back or comes in needs its other end, so references without such a movement are left out: they are
    almost all.
    """
    key = ["sku", "reference", "is_sale"]
    is_sale, is_move = pl.col("kind").is_in(["sale", "return"]), pl.col("kind").is_in(["transfer_in", "transfer_out"])
    linked = rows.filter((is_sale | is_move) & pl.col("reference").is_not_null()).select(
        "row", "sku", "reference", "quantity", is_sale.alias("is_sale")
    )
    back = linked.filter(pl.col("quantity") > 0).select(key).unique()
    numbers = back.collect(engine="streaming").sort(key).with_row_index("link").cast({"link": pl.Int32})
    if numbers.is_empty():
        return pl.DataFrame(schema={"row": pl.UInt32, "link": pl.Int32})
    return linked.join(numbers.lazy(), on=key, how="inner").select("row", "link").collect(engine="streaming")
