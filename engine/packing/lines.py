"""From order lines to the item sets that packing works on, with what is wrong with a line said of that line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from engine.errors import InputError
from engine.packing.tables import as_polars, refuse_misspelt
from solvers.packing.items import MAX_UNITS_PER_SET, ItemSets

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

_NEEDED: Final = ("order_id", "line_number", "sku", "quantity")
_OPTIONAL: Final = ("packaging", "ship_together")


@dataclass(frozen=True, slots=True)
class OrderSets:
    """Order lines as item sets.

    Parameters
    ----------
    lines
        Every line with `order` (position of its order), `type` (row of the products), `mark` (what it is kept together with
        in its order, 0 for nothing), and `reason` and `detail` why it cannot be packed, null where it can.
    sets
        The sets to pack.
    set_of_order
        order, set.
    """

    lines: pl.DataFrame
    sets: ItemSets
    set_of_order: pl.DataFrame

    @property
    def packable(self) -> pl.DataFrame:
        """The lines without a reason against them."""
        return self.lines.filter(pl.col("reason").is_null())


def order_sets(lines: object, goods: pl.DataFrame, packagings: dict[str, int], *, is_rationed: bool) -> OrderSets:
    """Read order lines.

    Parameters
    ----------
    lines
        order_id, line_number, sku, quantity, and where they are known packaging and ship_together.
    goods
        Rows of `packing_products`.
    packagings
        Codes of the packagings there are.
    is_rationed
        Whether cartons are counted. Then every order is a set of its own; otherwise orders with the same items share one.

    Raises
    ------
    InputError
        When a column is missing or holds values of another kind altogether.
    """
    judged = _judge(_read(lines), goods, packagings)
    sets, set_of_order = _sets(judged.filter(pl.col("reason").is_null()), is_rationed=is_rationed)
    return OrderSets(judged, sets, set_of_order)


def _read(lines: object) -> pl.DataFrame:
    frame = as_polars(lines, "lines")
    missing = [name for name in _NEEDED if name not in frame.columns]
    if missing:
        raise InputError(f"lines lacks the columns {', '.join(missing)}; it has {', '.join(frame.columns) or 'none'}.")
    refuse_misspelt(frame, "lines", (*_NEEDED, *_OPTIONAL))
    given = [
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(pl.String).alias(name) for name in _OPTIONAL
    ]
    number = pl.col("quantity").cast(pl.Float64, strict=False)
    is_count = number.is_finite() & (number == number.floor()) & number.is_between(-(2.0**62), 2.0**62)
    try:
        return frame.select(
            "order_id",
            "line_number",
            pl.col("sku").cast(pl.String),
            *given,
            pl.when(is_count).then(number).cast(pl.Int64, strict=False).alias("quantity"),
            pl.col("quantity").cast(pl.String).alias("written"),
        )
    except pl.exceptions.PolarsError as error:
        raise InputError(f"lines holds a value of the wrong kind: {str(error).splitlines()[0]}") from error


def _judge(lines: pl.DataFrame, goods: pl.DataFrame, packagings: dict[str, int]) -> pl.DataFrame:
    """Add each line's order, item and mark as positions, and the reason why it cannot be packed, null where it can."""
    known = goods.select("sku", "flaw", "detail", pl.row_index("type"))
    mark = pl.col("ship_together").rank("dense").over("order_id").cast(pl.Int64).fill_null(0)
    code = pl.col("packaging").fill_null("").replace_strict(packagings, default=-1, return_dtype=pl.Int64)
    joined = lines.join(known, on="sku", how="left", maintain_order="left").with_columns(
        pl.col("order_id").rank("dense").cast(pl.Int64).alias("order") - 1,
        mark.alias("mark"),
        pl.when(code.min().over("order_id") < 0).then(-1).otherwise(code.max().over("order_id")).alias("code"),
    )
    reasons = [
        (pl.col("order_id").is_null(), "no_order_id", pl.lit("the line names no order")),
        (
            pl.col("type").is_null(),
            "unknown_sku",
            pl.format("products lists no sku {}", pl.col("sku").fill_null("(none)")),
        ),
        (
            pl.col("quantity").is_null() | (pl.col("quantity") <= 0),
            "invalid_quantity",
            pl.format(
                "quantity is {}; it must be a whole number of at least 1", pl.col("written").fill_null("not given")
            ),
        ),
        (
            pl.col("code") < 0,
            "no_carton",
            pl.format("no carton carries the packaging {}", pl.col("packaging").max().over("order_id").fill_null("")),
        ),
        (pl.col("flaw").is_not_null(), "", pl.col("detail")),
    ]
    reason, detail = pl.lit(None, pl.String), pl.lit(None, pl.String)
    for is_so, name, text in reversed(reasons):
        reason = pl.when(is_so).then(pl.lit(name) if name else pl.col("flaw")).otherwise(reason)
        detail = pl.when(is_so).then(text).otherwise(detail)
    judged = joined.with_columns(reason.alias("reason"), detail.alias("detail"))
    units = pl.col("quantity").filter(pl.col("reason").is_null()).cast(pl.Float64).sum().over("order_id")
    is_long = pl.col("reason").is_null() & (units > MAX_UNITS_PER_SET)
    many = pl.format(
        "the order has {} units, at most {} are packed as one; divide it", units.cast(pl.Int64), MAX_UNITS_PER_SET
    )
    return judged.with_columns(
        pl.when(is_long).then(pl.lit("too_many")).otherwise("reason").alias("reason"),
        pl.when(is_long).then(many).otherwise("detail").alias("detail"),
    )


def _sets(good: pl.DataFrame, *, is_rationed: bool) -> tuple[ItemSets, pl.DataFrame]:
    """Give each different item set once, or each order's own where cartons are counted, and the set of every order."""
    merged = good.group_by("order", "code", "type", "mark").agg(pl.col("quantity").sum()).sort("order", "type", "mark")
    order = merged["order"].to_numpy()
    columns = [merged[name].to_numpy().astype(np.int64) for name in ("code", "type", "quantity", "mark")]
    if is_rationed:
        columns.append(order.astype(np.int64))
    rows = np.ascontiguousarray(np.stack(columns, axis=1))
    start = np.flatnonzero(np.diff(order, prepend=-1))
    end = np.append(start[1:], order.size)[: start.size]
    seen: dict[bytes, int] = {}
    of_order = [seen.setdefault(rows[a:b].tobytes(), len(seen)) for a, b in zip(start, end, strict=True)]
    every = np.frombuffer(b"".join(seen), dtype=np.int64).reshape(-1, rows.shape[1])
    size = np.array([len(key) // rows.itemsize // rows.shape[1] for key in seen], dtype=np.int64)
    set_start = np.r_[0, np.cumsum(size)].astype(np.int64)
    code, kind, quantity, mark = (np.ascontiguousarray(every[:, k]) for k in range(4))
    sets = ItemSets(set_start, kind, quantity, packaging=code[set_start[:-1]], together=mark)
    return sets, pl.DataFrame(
        {"order": order[start], "set": np.array(of_order, dtype=np.int64)}, schema={"order": pl.Int64, "set": pl.Int64}
    )
