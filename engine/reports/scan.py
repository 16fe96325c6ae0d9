"""A long movement log read from Parquet a batch at a time, straight to where its articles' rows go.

Twenty million movements as a frame take gigabytes before any of them is valued. Here the file is read twice: once for how
many rows each article has, once to put every row in its place, so that the log is in memory once, in narrow types.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.contracts.inputs import STOCK_MOVEMENTS
from engine.errors import InputError
from solvers.inventory import NO_COST, NO_LINK, Movement
from solvers.inventory import kernels_log as kernels
from solvers.inventory.kernels_log import Indices, Integers, Log

_NAMES: Final = ("sku", "warehouse_id", "kind")
_BATCH_ROWS: Final = 1 << 17
_HUGE_FROM_BYTES: Final = 1 << 23
_KINDS: Final = [kind.name.lower() for kind in Movement]


@dataclass
class LogFile:
    """A Parquet file of table `stock_movements`, up to the night.

    Parameters
    ----------
    path
        The file.
    night
        Movements after it are left out.
    """

    path: Path
    night: datetime
    skus: list[str] = field(init=False)
    """Articles that moved, in order of appearance."""
    places: list[str] = field(init=False)
    """Warehouses that moved something, in order of appearance."""
    counts: Integers = field(init=False)
    """(skus,) movements of each article."""
    moved: npt.NDArray[np.int8] = field(init=False)
    """(skus, places) 1 where that stock moved."""

    def __post_init__(self) -> None:
        self._file = pq.ParquetFile(self.path)
        lacking = [c.name for c in STOCK_MOVEMENTS.columns if not c.may_be_absent and c.name not in self.columns]
        if lacking:
            raise InputError(f"{self.path} lacks {', '.join(lacking)}; it has {', '.join(self.columns)}.")
        self._file = pq.ParquetFile(self.path, read_dictionary=list(_NAMES))
        self.skus, self.places = [], []
        self._numbered: dict[str, tuple[Any, Integers]] = {}
        self._sku_at: dict[str, int] = {}
        self._place_at: dict[str, int] = {}
        self.counts = np.zeros(1 << 10, np.int64)
        self.moved = np.zeros((1 << 10, 8), np.int8)
        for batch in self._batches(["sku", "warehouse_id"]):
            sku, sku_map = self._coded(batch, "sku", self._sku_at)
            place, place_map = self._coded(batch, "warehouse_id", self._place_at)
            self._grow()
            kernels.count_rows(sku, sku_map, place, place_map, self.counts, self.moved)
        self.skus, self.places = list(self._sku_at), list(self._place_at)
        self.counts = self.counts[: len(self.skus)]
        self.moved = self.moved[: len(self.skus), : len(self.places)]

    @property
    def columns(self) -> list[str]:
        """Names of the columns in the file."""
        return list(self._file.schema_arrow.names)

    def pairs(self) -> pl.DataFrame:
        """Give the stocks that moved."""
        sku, place = np.nonzero(self.moved)
        return pl.DataFrame(
            {
                "sku": pl.Series(self.skus, dtype=pl.String).gather(sku),
                "warehouse_id": pl.Series(self.places, dtype=pl.String).gather(place),
            }
        )

    def grouped(self, stocks: pl.DataFrame, article: Integers, links: pl.DataFrame) -> Log:
        """Read the movements by article.

        Parameters
        ----------
        stocks
            Every stock: sku, warehouse_id.
        article
            (stocks,) number of the article of each.
        links
            Row of the file and link number, where movements belong together; rows rise.
        """
        names = dict(zip(stocks["sku"].to_list(), article.tolist(), strict=True))
        article_of = np.array([names[sku] for sku in self.skus], np.int64)
        counts = np.zeros((int(article[-1]) + 1 if article.size else 0) + 1, np.int64)
        counts[article_of + 1] = self.counts
        start = np.cumsum(counts)
        stock_of = np.full((counts.size, max(len(self.places), 1)), -1, np.int32)
        on_file = stocks.with_row_index("stock").filter(pl.col("warehouse_id").is_in(self.places))
        at_place = np.array([self._place_at[name] for name in on_file["warehouse_id"].to_list()], np.int64)
        own = on_file["stock"].to_numpy()
        stock_of[article[own], at_place] = own
        return self._placed(start, article_of, stock_of, links)

    def _placed(self, start: Integers, article_of: Integers, stock_of: Indices, links: pl.DataFrame) -> Log:
        rows = int(start[-1])
        log = Log(
            start,
            _fresh(rows, np.int32),
            _fresh(rows, np.int64),
            _fresh(rows, np.int32),
            _fresh(rows, np.int8),
            _fresh(rows, np.int64),
            _fresh(rows if links.height else 0, np.int32),
            np.empty(0, np.int64),
        )
        linked_row, link = links["row"].to_numpy(), links["link"].to_numpy()
        cursor = start[:-1].copy()
        columns = ["sku", "warehouse_id", "kind", "moved_at", "quantity"]
        has_cost = "unit_cost_cents" in self.columns
        done = 0
        for batch in self._batches([*columns, "unit_cost_cents"] if has_cost else columns):
            own = np.empty(0, np.int32)
            if links.height:
                own = np.full(batch.num_rows, NO_LINK, np.int32)
                low, high = np.searchsorted(linked_row, [done, done + batch.num_rows])
                own[linked_row[low:high] - done] = link[low:high]
            done += batch.num_rows
            sku, sku_map = self._coded(batch, "sku", self._sku_at)
            place, place_map = self._coded(batch, "warehouse_id", self._place_at)
            kind, kind_map = self._kinds(batch)
            cost = np.full(batch.num_rows, NO_COST, np.int64)
            cost = self._whole(batch, "unit_cost_cents") if has_cost else _read_only(cost)
            moved_at, quantity = self._whole(batch, "moved_at"), self._whole(batch, "quantity")
            failed = kernels.place_rows(
                sku,
                article_of[sku_map],
                place,
                place_map,
                stock_of,
                moved_at,
                quantity,
                kind,
                kind_map,
                cost,
                own,
                cursor,
                log,
            )
            if failed != kernels.UNKNOWN:
                raise InputError(
                    f"{self.path} has a movement of {quantity[failed]} units; the most is {kernels.MAX_UNITS}."
                )
        return log

    def _batches(self, columns: list[str]) -> Iterator[Any]:
        """Give the rows up to the night, batch by batch; the next is read while the caller works on the last."""
        batches = self._read(columns)
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(next, batches, None)
            while (batch := coming.result()) is not None:
                coming = reader.submit(next, batches, None)
                yield batch

    def _read(self, columns: list[str]) -> Iterator[Any]:
        """Read batch by batch; the time is read only where asked for, or where a part of the file may pass the night."""
        until = pa.scalar(self.night, pa.timestamp("us", "UTC"))
        with_time = columns if "moved_at" in columns else [*columns, "moved_at"]
        for group in range(self._file.num_row_groups):
            is_past = self._ends_before(group)
            wanted = columns if is_past else with_time
            for batch in self._file.iter_batches(_BATCH_ROWS, row_groups=[group], columns=wanted):
                if is_past:
                    yield batch
                else:
                    at = batch.column("moved_at").cast(pa.timestamp("us", "UTC"))
                    yield batch.filter(pc.less_equal(at, until)).select(columns)

    def _ends_before(self, group: int) -> bool:
        column = self.columns.index("moved_at")
        told = self._file.metadata.row_group(group).column(column).statistics
        if told is None or not told.has_min_max or not isinstance(told.max, datetime):
            return False
        latest = told.max if told.max.tzinfo else told.max.replace(tzinfo=self.night.tzinfo)
        return bool(latest <= self.night)

    def _coded(self, batch: Any, name: str, known: dict[str, int]) -> tuple[Indices, Integers]:
        """Give the codes of a text column in this batch, and the number that each code has in the whole file."""
        column = batch.column(name)
        if column.null_count:
            raise InputError(f"{self.path} has {column.null_count} rows without {name}.")
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        told, numbers = self._numbered.get(name, (None, np.empty(0, np.int64)))
        if told is None or not told.equals(column.dictionary):
            texts = column.dictionary.to_pylist()
            numbers = np.array([known.setdefault(text, len(known)) for text in texts], np.int64)
            self._numbered[name] = column.dictionary, numbers
        return _read_only(column.indices.to_numpy(zero_copy_only=False)), numbers

    def _kinds(self, batch: Any) -> tuple[Indices, npt.NDArray[np.int8]]:
        column = batch.column("kind")
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        names = column.dictionary.to_pylist()
        unknown = sorted({str(name) for name in names} - set(_KINDS))
        if unknown or column.null_count:
            raise InputError(
                f"{self.path} has movements of kind {', '.join(unknown) or None}; there are {', '.join(_KINDS)}."
            )
        numbers = np.array([_KINDS.index(name) for name in names], np.int8)
        return _read_only(column.indices.to_numpy(zero_copy_only=False)), numbers

    def _whole(self, batch: Any, name: str) -> Integers:
        column = batch.column(name)
        if name == "moved_at":
            column = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
        elif name == "unit_cost_cents":
            column = pc.fill_null(column.cast(pa.int64()), NO_COST)
        else:
            column = column.cast(pa.int64())
        if column.null_count:
            raise InputError(f"{self.path} has {column.null_count} rows without {name}.")
        values: Integers = column.to_numpy(zero_copy_only=False)
        return _read_only(values)

    def _grow(self) -> None:
        more = len(self._sku_at) - self.counts.size
        if more > 0:
            self.counts = np.concatenate((self.counts, np.zeros(max(more, self.counts.size), np.int64)))
        shape = self.counts.size, max(self.moved.shape[1], len(self._place_at))
        if shape != self.moved.shape:
            wider = np.zeros(shape, np.int8)
            wider[: self.moved.shape[0], : self.moved.shape[1]] = self.moved
            self.moved = wider


def _read_only(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Give the array as what Arrow lends always is, so that the kernels are compiled for that alone."""
    values.flags.writeable = False
    return values


def _fresh(rows: int, dtype: type[np.signedinteger]) -> npt.NDArray[Any]:
    """Give an array without values in huge pages where there are any: touching half a gigabyte in small ones takes a second."""
    size = rows * np.dtype(dtype).itemsize
    if size < _HUGE_FROM_BYTES or not hasattr(mmap, "MADV_HUGEPAGE"):
        return np.empty(rows, dtype)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, dtype)
