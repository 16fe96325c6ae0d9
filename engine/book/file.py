"""The file of the order book: a DuckDB with one table a contract, and those of the book's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import duckdb
import polars as pl

from engine.contracts import INPUTS, Kind
from engine.errors import LockedError, OrdermillError

_SQL_TYPES: Final[dict[Kind, str]] = {
    Kind.TEXT: "VARCHAR",
    Kind.ZONE: "VARCHAR",
    Kind.INTEGER: "BIGINT",
    Kind.NUMBER: "DOUBLE",
    Kind.FLAG: "BOOLEAN",
    Kind.INSTANT: "TIMESTAMP",
    Kind.DATE: "DATE",
    Kind.TIME: "TIME",
}

_OWN_TABLES: Final = """
CREATE TABLE IF NOT EXISTS imports (table_name VARCHAR, source VARCHAR, sha256 VARCHAR, as_of TIMESTAMP, num_rows BIGINT, num_rejected BIGINT);
CREATE TABLE IF NOT EXISTS snapshots (table_name VARCHAR PRIMARY KEY, signature VARCHAR, as_of TIMESTAMP);
CREATE TABLE IF NOT EXISTS rejected (sha256 VARCHAR, table_name VARCHAR, source VARCHAR, row_number BIGINT, key VARCHAR, column_name VARCHAR,
    value VARCHAR, reason VARCHAR);
CREATE TABLE IF NOT EXISTS open_rejects (table_name VARCHAR, order_id VARCHAR, line_number VARCHAR, detail VARCHAR);
CREATE TABLE IF NOT EXISTS runs (run_id VARCHAR PRIMARY KEY, as_of TIMESTAMP, directory VARCHAR, is_current BOOLEAN);
CREATE TABLE IF NOT EXISTS planned_lines (run_id VARCHAR, order_id VARCHAR, line_number BIGINT, warehouse_id VARCHAR, sku VARCHAR, quantity BIGINT,
    shipment_id VARCHAR);
CREATE TABLE IF NOT EXISTS order_states (run_id VARCHAR, as_of TIMESTAMP, order_id VARCHAR, state VARCHAR, detail VARCHAR);
CREATE TABLE IF NOT EXISTS sent_shipments (run_id VARCHAR, shipment_id VARCHAR, order_id VARCHAR, warehouse_id VARCHAR, carrier VARCHAR,
    tracking_number VARCHAR, placed_at TIMESTAMP, dispatched_at TIMESTAMP, promised_by TIMESTAMP, units BIGINT,
    carton_id VARCHAR);
CREATE TABLE IF NOT EXISTS tracking_serials (run_id VARCHAR, carrier VARCHAR, first_serial BIGINT, num_serials BIGINT);
CREATE TABLE IF NOT EXISTS run_prices (run_id VARCHAR, warehouse_id VARCHAR, sku VARCHAR, carton_id VARCHAR, carrier VARCHAR,
    millicents_per_unit BIGINT);
ALTER TABLE planned_lines ADD COLUMN IF NOT EXISTS shipment_id VARCHAR;
ALTER TABLE sent_shipments ADD COLUMN IF NOT EXISTS carton_id VARCHAR;
UPDATE planned_lines SET shipment_id = (
    SELECT min(sent.shipment_id) FROM sent_shipments AS sent WHERE sent.run_id = planned_lines.run_id
        AND sent.order_id = planned_lines.order_id AND sent.warehouse_id = planned_lines.warehouse_id
) WHERE shipment_id IS NULL;
"""
"""What older versions of the book lack is added; lines they kept without their parcel get one of the same order and place."""


_DISK_ERRORS: Final = (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException)


def naive(instant: datetime) -> datetime:
    """Give an instant as DuckDB holds it: without a zone, in UTC."""
    return instant.astimezone(UTC).replace(tzinfo=None)


def stored(frame: pl.DataFrame) -> pl.DataFrame:
    """Give the frame as DuckDB holds it: instants without a zone, in UTC."""
    zoned = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Datetime) and dtype.time_zone]
    return frame.with_columns(pl.col(zoned).dt.convert_time_zone("UTC").dt.replace_time_zone(None))


def quoted(columns: Sequence[str]) -> str:
    """Give columns as a list in SQL."""
    return ", ".join(f'"{name}"' for name in columns)


class BookFile:
    """The file behind the order book of a workspace.

    Parameters
    ----------
    path
        The DuckDB file; made when it does not exist.

    Raises
    ------
    LockedError
        When another process has it open.
    OrdermillError
        When the file is not an order book, or cannot be read or written to the end.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = duckdb.connect(str(path))
        except duckdb.Error as error:
            if "lock" in str(error):
                raise LockedError(
                    f"another process has the order book {path} open. Wait for it to end, then try again."
                ) from error
            raise OrdermillError(f"the order book {path} cannot be opened: {str(error).splitlines()[0]}") from error
        self._path = path
        try:
            self._make_tables()
        except _DISK_ERRORS as error:
            raise self._unusable(error) from error

    def _make_tables(self) -> None:
        self._db.execute("SET TimeZone = 'UTC'")
        for table in INPUTS:
            columns = ", ".join(f'"{column.name}" {_SQL_TYPES[column.kind]}' for column in table.columns)
            self._db.execute(f'CREATE TABLE IF NOT EXISTS "{table.name}" ({columns})')
            for column in table.columns:  # a book of an older version lacks the newer columns, which stand last
                kind = _SQL_TYPES[column.kind]
                self._db.execute(f'ALTER TABLE "{table.name}" ADD COLUMN IF NOT EXISTS "{column.name}" {kind}')
        self._db.execute(_OWN_TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._db.close()
        except _DISK_ERRORS as closing:
            raise self._unusable(error or closing) from closing
        if isinstance(error, _DISK_ERRORS):
            raise self._unusable(error) from error

    def _unusable(self, error: BaseException) -> OrdermillError:
        return OrdermillError(
            f"the order book {self._path} cannot be written or read to the end: {str(error).splitlines()[0]}. What it was about to "
            "remember is not in it; make room or mend the disk, then try again."
        )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all of it or none."""
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            with suppress(*_DISK_ERRORS):  # what does not reach the disk is rolled back when the book is opened next
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _query(self, sql: str, parameters: Sequence[object] | dict[str, object] = ()) -> pl.DataFrame:
        frame = pl.from_arrow(self._db.sql(sql, params=parameters or None).to_arrow_table())
        assert isinstance(frame, pl.DataFrame)
        return frame

    def _insert(self, name: str, frame: pl.DataFrame) -> None:
        if frame.height:
            self._db.register("incoming", stored(frame).to_arrow())
            self._db.execute(f'INSERT INTO "{name}" BY POSITION SELECT * FROM incoming')
            self._db.unregister("incoming")
