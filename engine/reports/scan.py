"""A long movement log read from Parquet a batch at a time.

Twenty million movements as a frame take gigabytes before any of them is valued. Here the file is read twice: once for how
many rows each article has and what they add up to, once for the rows themselves. Where the file is in time order, as
exports are, parts of it are valued as they come and none is kept; otherwise every row is put straight where its article's
rows go, so that the log is in memory once, in narrow types.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.contracts.goods import STOCK_MOVEMENTS
from engine.errors import InputError
from solvers.inventory import NO_COST, NO_LINK, Movement, blocks_of
from solvers.inventory.ledger import kernels_scan as kernels
from solvers.inventory.ledger.kernels_log import MAX_UNITS, UNKNOWN, Bytes, Indices, Integers, Log
from solvers.inventory.ledger.kernels_scan import Batch

_NAMES: Final = ("sku", "warehouse_id", "kind")
BATCH_ROWS: Final = 1 << 17
_READ_BYTES: Final = 1 << 16
"""Read on from the disk by this much: whole columns of a row group at once take a quarter of a gigabyte."""
_HUGE_FROM_BYTES: Final = 1 << 23
_MICROSECONDS: Final = {"s": 1_000_000, "ms": 1_000, "us": 1}
_KINDS: Final = [kind.name.lower() for kind in Movement]


@dataclass(frozen=True, eq=False)
class Numbering:
    """Where the articles and warehouses of a file stand among all stocks.

    Parameters
    ----------
    stock_of
        (skus, places) stock, -1 where there is none.
    block_of
        (stocks,) block of articles of each stock.
    block_of_sku
        (skus,) the same by article of the file.
    start
        (blocks + 1,) movements before each block.
    units
        (stocks, 2) sum of the movements, and of their sizes.
    """

    stock_of: Indices
    block_of: Indices
    block_of_sku: Indices
    start: Integers
    units: Integers


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
    totals: Integers = field(init=False)
    """(skus, places, 2) movements of that stock: their sum and number in one word, and the sum of their sizes."""

    def __post_init__(self) -> None:
        self._file = pq.ParquetFile(self.path)
        lacking = [c.name for c in STOCK_MOVEMENTS.columns if not c.may_be_absent and c.name not in self.columns]
        if lacking:
            raise InputError(f"{self.path} lacks {', '.join(lacking)}; it has {', '.join(self.columns)}.")
        self._file = pq.ParquetFile(self.path, read_dictionary=list(_NAMES), pre_buffer=False, buffer_size=_READ_BYTES)
        self._known = {name: pa.nulls(0, pa.large_string()) for name in _NAMES}
        self._numbered: dict[str, tuple[Any, Indices]] = {}
        self.totals = np.zeros((1 << 10, 8, 2), np.int64)
        for batch in self.batches(["sku", "warehouse_id", "quantity"]):
            sku, place = self._coded(batch, "sku"), self._coded(batch, "warehouse_id")
            self._grow()
            quantity = self._whole(batch, "quantity")
            failed = kernels.count_rows(sku[0], sku[1], place[0], place[1], quantity, self.totals)
            if failed != UNKNOWN:
                raise InputError(f"{self.path} has a movement of {quantity[failed]} units; the most is {MAX_UNITS}.")
        self.skus, self.places = self._known["sku"].to_pylist(), self._known["warehouse_id"].to_pylist()
        self.totals = self.totals[: len(self.skus), : len(self.places)]

    @property
    def columns(self) -> list[str]:
        """Names of the columns in the file."""
        return list(self._file.schema_arrow.names)

    def pairs(self) -> pl.DataFrame:
        """Give the stocks that moved."""
        sku, place = np.nonzero(self.totals[:, :, 0])
        return pl.DataFrame(
            {
                "sku": pl.Series(self.skus, dtype=pl.String).gather(sku),
                "warehouse_id": pl.Series(self.places, dtype=pl.String).gather(place),
            }
        )

    def numbered(self, stocks: pl.DataFrame, starts: Integers) -> Numbering:
        """Give how articles and warehouses of the file are numbered among the stocks.

        Parameters
        ----------
        stocks
            Every stock: sku, warehouse_id.
        starts
            (blocks + 1,) where the stocks of each block begin.
        """
        here = stocks.with_row_index("stock").join(_numbers("sku", self.skus), on="sku")
        here = here.join(_numbers("warehouse_id", self.places), on="warehouse_id")
        stock_of = np.full((len(self.skus), max(len(self.places), 1)), -1, np.int32)
        stock_of[here["sku_number"].to_numpy(), here["warehouse_id_number"].to_numpy()] = here["stock"].to_numpy()
        totals = np.zeros((stocks.height, 2), np.int64)
        sku, place = np.nonzero(self.totals[:, :, 0])
        totals[stock_of[sku, place]] = self.totals[sku, place]
        before = np.concatenate(([0], np.cumsum(totals[:, 0] & ((1 << kernels.SUM_BITS) - 1))))
        totals[:, 0] >>= kernels.SUM_BITS
        block_of = blocks_of(starts)
        block_of_sku = block_of[stock_of.max(axis=1)] if stocks.height else np.empty(0, np.int32)
        return Numbering(stock_of, block_of, block_of_sku, before[starts], totals)

    def grouped(self, numbering: Numbering, links: pl.DataFrame) -> Log:
        """Read the movements by block, in memory once.

        Parameters
        ----------
        numbering
            Articles and stocks by number; see `numbered`.
        links
            Row of the file and link number, where movements belong together; rows rise.
        """
        has_links = links.height > 0
        log = empty_log(int(numbering.start[-1]), numbering.start, has_links=has_links)
        part = empty_log(BATCH_ROWS, numbering.start, has_links=has_links)
        cursor = numbering.start[:-1].copy()
        for batch in self.movements(links):
            kernels.append_rows(batch, numbering.stock_of, part)
            kernels.place_rows(part, batch.moved_at.size, numbering.block_of, cursor, log)
        return log

    def movements(self, links: pl.DataFrame) -> Iterator[Batch]:
        """Give the movements batch by batch, as the kernels take them.

        Parameters
        ----------
        links
            As in `grouped`.
        """
        linked_row, link = links["row"].to_numpy(), links["link"].to_numpy()
        columns = ["sku", "warehouse_id", "kind", "moved_at", "quantity"]
        has_cost = "unit_cost_cents" in self.columns
        done = 0
        for batch in self.batches([*columns, "unit_cost_cents"] if has_cost else columns):
            own = np.empty(0, np.int32)
            if links.height:
                own = np.full(batch.num_rows, NO_LINK, np.int32)
                low, high = np.searchsorted(linked_row, [done, done + batch.num_rows])
                own[linked_row[low:high] - done] = link[low:high]
            done += batch.num_rows
            costs, known, first_bit = self._costs(batch) if has_cost else _no_costs(batch.num_rows)
            yield Batch(
                *self._coded(batch, "sku"),
                *self._coded(batch, "warehouse_id"),
                *self._kinds(batch),
                self._whole(batch, "moved_at"),
                self._whole(batch, "quantity"),
                costs,
                known,
                first_bit,
                own,
            )

    def batches(self, columns: list[str]) -> Iterator[Any]:
        """Give the rows up to the night, batch by batch; the next is read while the caller works on the last."""
        batches = self._read(columns)
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(next, batches, None)
            while (batch := coming.result()) is not None:
                coming = reader.submit(next, batches, None)
                yield batch

    def _read(self, columns: list[str]) -> Iterator[Any]:
        """Read batch by batch; the time is read only where asked for, or where a part of the file may pass the night."""
        until = self._until()
        with_time = columns if "moved_at" in columns else [*columns, "moved_at"]
        for group in range(self._file.num_row_groups):
            is_past = self._ends_before(group)
            wanted = columns if is_past else with_time
            # Arrow's own threads would take a tenth to a fifth more processor time; the reader is a thread already.
            for batch in self._file.iter_batches(BATCH_ROWS, row_groups=[group], columns=wanted, use_threads=False):
                if is_past:
                    yield batch
                else:
                    by_then = self._whole(batch, "moved_at") <= until
                    yield batch.filter(_flags(by_then)).select(columns)

    def _ends_before(self, group: int) -> bool:
        column = self.columns.index("moved_at")
        told = self._file.metadata.row_group(group).column(column).statistics
        kind = self._file.schema_arrow.types[column]
        if told is None or not told.has_min_max or not pa.types.is_timestamp(kind) or kind.unit not in _MICROSECONDS:
            return False
        # As it is stored: read as a time, pandas is imported for it.
        latest = told.max_raw
        return isinstance(latest, int) and latest * _MICROSECONDS[kind.unit] <= self._until()

    def _until(self) -> int:
        return int(np.datetime64(self.night.astimezone(UTC).replace(tzinfo=None), "us").astype(np.int64))

    def _coded(self, batch: Any, name: str) -> tuple[Indices, Indices]:
        """Give the codes of a text column in this batch, and the number that each code has in the whole file."""
        column = batch.column(name)
        if column.null_count:
            raise InputError(f"{self.path} has {column.null_count} rows without {name}.")
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        texts = column.dictionary
        told, numbers = self._numbered.get(name, (None, np.empty(0, np.int32)))
        if told is None or not told.equals(texts):
            found = pc.index_in(texts.cast(pa.large_string()), value_set=self._known[name])
            if found.null_count:
                fresh = texts.filter(pc.is_null(found)).cast(pa.large_string())
                self._known[name] = pa.concat_arrays([self._known[name], fresh])
                found = pc.index_in(texts.cast(pa.large_string()), value_set=self._known[name])
            numbers = _lent(found, np.int32)
            self._numbered[name] = texts, numbers
        return _lent(column.indices, np.int32), numbers

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
        return _lent(column.indices, np.int32), numbers

    def _whole(self, batch: Any, name: str) -> Integers:
        column = batch.column(name)
        if name == "moved_at":
            column = column.cast(pa.timestamp("us", "UTC"))
        column = column.cast(pa.int64())
        if column.null_count:
            raise InputError(f"{self.path} has {column.null_count} rows without {name}.")
        return _lent(column, np.int64)

    def _costs(self, batch: Any) -> tuple[Integers, Bytes, int]:
        """Give the costs, the bits of which are known and where these begin."""
        column = batch.column("unit_cost_cents").cast(pa.int64())
        bits = np.frombuffer(column.buffers()[0], np.uint8) if column.null_count else np.empty(0, np.uint8)
        return _lent(column, np.int64), _read_only(bits), column.offset

    def _grow(self) -> None:
        skus, places = len(self._known["sku"]), len(self._known["warehouse_id"])
        room = self.totals.shape
        if skus > room[0] or places > room[1]:
            more = max(skus, 2 * room[0]) if skus > room[0] else room[0], max(places, room[1])
            self.totals = np.pad(self.totals, [(0, more[0] - room[0]), (0, more[1] - room[1]), (0, 0)])


def _numbers(name: str, texts: list[str]) -> pl.DataFrame:
    return pl.DataFrame({name: pl.Series(texts, dtype=pl.String)}).with_row_index(f"{name}_number")


def empty_log(rows: int, start: Integers, *, has_links: bool) -> Log:
    """Give a log with room for movements.

    Parameters
    ----------
    rows
        Movements.
    start
        (blocks + 1,) where the rows of each block begin.
    has_links
        Whether there is room for links.
    """
    return Log(
        start,
        _fresh(rows, np.int32),
        _fresh(rows, np.int64),
        _fresh(rows, np.int32),
        _fresh(rows, np.int8),
        _fresh(rows, np.int64),
        _fresh(rows if has_links else 0, np.int32),
        np.empty(0, np.int64),
    )


def _lent(array: Any, dtype: type[np.signedinteger]) -> npt.NDArray[Any]:
    """Give the values of an Arrow array where they lie; where one is missing, anything may stand.

    Arrow's own ways to and from NumPy import pandas: half a second and fifty megabytes.
    """
    if not len(array):
        return _read_only(np.empty(0, dtype))
    begin = array.offset * np.dtype(dtype).itemsize
    return _read_only(np.frombuffer(array.buffers()[1], dtype, len(array), begin))


def _no_costs(rows: int) -> tuple[Integers, Bytes, int]:
    """Give as many costs, of which none is known."""
    return _read_only(np.full(rows, NO_COST, np.int64)), _read_only(np.empty(0, np.uint8)), 0


def _flags(values: npt.NDArray[np.bool_]) -> Any:
    """Give flags as an Arrow array."""
    bits = pa.py_buffer(np.packbits(values, bitorder="little").tobytes())
    return pa.Array.from_buffers(pa.bool_(), values.size, [None, bits])


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
