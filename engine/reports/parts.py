"""A long movement log at cost, some articles at a time: of a file, no more than a part is ever held.

Cost follows an article through all its warehouses and from sale to return, but never to another article: so a part is whole
articles, and what is counted of the parts adds up to what is counted of the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from engine.contracts.goods import STOCK, STOCK_MOVEMENTS
from engine.errors import InputError
from engine.reports.currency import check_currency
from engine.reports.frames import Frame, canonical, one_row_each
from engine.reports.valued import ValuedMovements, valued_movements

PART_ROWS: Final = 1 << 20
"""Movements that a part may hold, unless one article has more: each takes some 300 bytes while it is valued."""


@dataclass(frozen=True)
class _Articles:
    """Articles from one to before another, by name; None where there is no such end."""

    first: str | None
    end: str | None

    def among(self) -> pl.Expr:
        """Tell which rows are of these articles."""
        sku, wanted = pl.col("sku").cast(pl.String), pl.lit(value=True)
        if self.first is not None:
            wanted = wanted & (sku >= self.first)
        return wanted if self.end is None else wanted & (sku < self.end)


def valued_parts(
    stock: Frame,
    movements: Frame | Path,
    products: Frame,
    as_of: datetime,
    *,
    sku: str | None = None,
    threads: int = 1,
) -> Iterator[ValuedMovements]:
    """Value every movement, part by part where they are in a file; every stock is in one part.

    Parameters
    ----------
    stock, movements, products, as_of
        As in `valued_movements`.
    sku
        The one article to read of a file.
    threads
        Threads to use; the result does not depend on it.

    Raises
    ------
    InputError
        When a table lacks a column, or its values cannot be valued exactly.
    """
    if not isinstance(movements, Path):
        yield valued_movements(stock, movements, products, as_of, threads=threads)
        return
    rows = pl.scan_parquet(movements)
    check_currency(rows, STOCK_MOVEMENTS.name)
    rows = _complete(rows, movements)
    held = one_row_each(canonical(stock, STOCK), STOCK)
    among = [pl.col("sku").cast(pl.String) == sku] if sku is not None else [one.among() for one in _cuts(rows)]
    for these in among:
        part = rows.filter(these).collect(engine="streaming")
        yield valued_movements(held.filter(these), part, products, as_of, threads=threads)


def _complete(rows: pl.LazyFrame, path: Path) -> pl.LazyFrame:
    """Give the columns of the table, none of which lacks a value that it must have: a part could not tell its row."""
    names = rows.collect_schema().names()
    needed = [column.name for column in STOCK_MOVEMENTS.columns if not column.may_be_absent]
    lacking = [name for name in needed if name not in names]
    if lacking:
        raise InputError(f"{path} lacks {', '.join(lacking)}; it has {', '.join(names)}.")
    # The file itself mostly tells that nothing is missing, so that no row is read for this.
    broken = rows.select(needed).filter(pl.any_horizontal(pl.all().is_null())).null_count().collect(engine="streaming")
    for name in needed:
        if broken[name].item():
            raise InputError(f"{path} has {broken[name].item()} rows without {name}.")
    return rows.select(name for name in STOCK_MOVEMENTS.schema if name in names)


def _cuts(rows: pl.LazyFrame) -> list[_Articles]:
    """Cut the articles of a file by name, so that parts hold about as many movements."""
    if rows.select(pl.len()).collect().item() <= PART_ROWS:
        return [_Articles(None, None)]
    by_article = rows.group_by(pl.col("sku").cast(pl.String)).agg(rows=pl.len().cast(pl.Int64))
    counted = by_article.sort("sku").collect(engine="streaming")
    part = (pl.col("rows").cum_sum() - pl.col("rows")) // PART_ROWS
    firsts = counted.filter(part != part.shift())["sku"].to_list()
    return [_Articles(first, end) for first, end in zip([None, *firsts], [*firsts, None], strict=True)]
