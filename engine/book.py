"""The order book (DuckDB): what is remembered between nights.

One table a log of the contracts (rows accumulate, a newer row of a key replaces the older), one a snapshot (the newest
files are the whole truth), and beside them the imports, the rejects, the runs and what each run planned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import duckdb
import polars as pl

from engine.contracts import INPUTS, Kind, Table
from engine.contracts.inputs import PAST_SHIPMENTS
from engine.contracts.outputs import REJECTS
from engine.errors import LockedError, OrdermillError
from engine.validation import ORPHANED

FILE_NAME: Final = "ordermill.duckdb"

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
CREATE TABLE IF NOT EXISTS planned_lines (run_id VARCHAR, order_id VARCHAR, line_number BIGINT, warehouse_id VARCHAR, sku VARCHAR, quantity BIGINT);
CREATE TABLE IF NOT EXISTS order_states (run_id VARCHAR, as_of TIMESTAMP, order_id VARCHAR, state VARCHAR, detail VARCHAR);
CREATE TABLE IF NOT EXISTS sent_shipments (run_id VARCHAR, shipment_id VARCHAR, order_id VARCHAR, warehouse_id VARCHAR, carrier VARCHAR,
    tracking_number VARCHAR, placed_at TIMESTAMP, dispatched_at TIMESTAMP, promised_by TIMESTAMP, units BIGINT);
CREATE TABLE IF NOT EXISTS tracking_serials (run_id VARCHAR, carrier VARCHAR, first_serial BIGINT, num_serials BIGINT);
"""


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """A run the book knows of."""

    run_id: str
    as_of: datetime
    directory: str


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What the book keeps of a run.

    Parameters
    ----------
    planned_lines
        order_id, line_number, warehouse_id, sku, quantity of what it ships.
    order_states
        as_of, order_id, state, detail after it.
    sent_shipments
        shipment_id, order_id, warehouse_id, carrier, tracking_number, placed_at, dispatched_at, promised_by, units.
    tracking_serials
        carrier, first_serial, num_serials of the tracking numbers it used.
    """

    planned_lines: pl.DataFrame
    order_states: pl.DataFrame
    sent_shipments: pl.DataFrame
    tracking_serials: pl.DataFrame


RUN_RECORDS: Final = ("planned_lines", "order_states", "sent_shipments", "tracking_serials")


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)


def _stored(frame: pl.DataFrame) -> pl.DataFrame:
    """Give the frame as DuckDB holds it: instants without a zone, in UTC."""
    zoned = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Datetime) and dtype.time_zone]
    return frame.with_columns(pl.col(zoned).dt.convert_time_zone("UTC").dt.replace_time_zone(None))


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


class Book:
    """The order book of a workspace.

    Parameters
    ----------
    path
        The DuckDB file; made when it does not exist.

    Raises
    ------
    LockedError
        When another process has it open.
    OrdermillError
        When the file is not an order book.
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
        self._db.execute("SET TimeZone = 'UTC'")
        for table in INPUTS:
            columns = ", ".join(f'"{column.name}" {_SQL_TYPES[column.kind]}' for column in table.columns)
            self._db.execute(f'CREATE TABLE IF NOT EXISTS "{table.name}" ({columns})')
        self._db.execute(_OWN_TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all of it or none."""
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _query(self, sql: str, parameters: Sequence[object] | dict[str, object] = ()) -> pl.DataFrame:
        frame = pl.from_arrow(self._db.sql(sql, params=parameters or None).to_arrow_table())
        assert isinstance(frame, pl.DataFrame)
        return frame

    def _insert(self, name: str, frame: pl.DataFrame) -> None:
        if frame.height:
            self._db.register("incoming", _stored(frame).to_arrow())
            self._db.execute(f'INSERT INTO "{name}" BY POSITION SELECT * FROM incoming')
            self._db.unregister("incoming")

    # ---- inputs ---------------------------------------------------------------------------------------------------

    def read(self, table: Table) -> pl.DataFrame:
        """Give a whole input table in canonical types, ordered by its key, or by all columns where it has none."""
        names = _names([column.name for column in table.columns])
        order = _names(table.key or [column.name for column in table.columns])
        frame = self._query(f'SELECT {names} FROM "{table.name}" ORDER BY {order}')
        instants = [column.name for column in table.columns if column.kind is Kind.INSTANT]
        return frame.with_columns(pl.col(instants).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")).cast(
            table.schema
        )

    def has_rows(self, table: Table) -> bool:
        """Tell whether the table holds anything."""
        return self._query(f'SELECT 1 FROM "{table.name}" LIMIT 1').height > 0

    def merge_log(self, table: Table, frame: pl.DataFrame) -> None:
        """Add rows of a log: a row of a known key replaces it; without a key, equal rows count as often as one file has them."""
        names = _names([column.name for column in table.columns])
        self._db.register("incoming", _stored(frame.select(list(table.schema))).to_arrow())
        if table.key:
            match = " AND ".join(f'old."{name}" = new."{name}"' for name in table.key)
            self._db.execute(f'DELETE FROM "{table.name}" AS old USING incoming AS new WHERE {match}')
            self._db.execute(f'INSERT INTO "{table.name}" SELECT {names} FROM incoming')
        else:
            counted = f"SELECT {names}, row_number() OVER (PARTITION BY {names}) AS occurrence FROM"
            self._db.execute(
                f'INSERT INTO "{table.name}" SELECT * EXCLUDE (occurrence) FROM ({counted} incoming EXCEPT {counted} "{table.name}")'
            )
        self._db.unregister("incoming")

    def replace_snapshot(self, table: Table, frame: pl.DataFrame, signature: str, as_of: datetime) -> None:
        """Make the rows the whole truth of a snapshot table; files seen before keep the night they were first seen."""
        if signature == self.snapshot_signature(table):
            as_of = (
                self._query("SELECT as_of FROM snapshots WHERE table_name = ?", [table.name]).item().replace(tzinfo=UTC)
            )
        self._db.execute(f'DELETE FROM "{table.name}"')
        self._insert(table.name, frame.select(list(table.schema)))
        self._db.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?)", [table.name, signature, _naive(as_of)])

    def snapshot_signature(self, table: Table) -> str | None:
        """Give what identifies the files a snapshot came from; None before the first."""
        found = self._query("SELECT signature FROM snapshots WHERE table_name = ?", [table.name])
        return found.item() if found.height else None

    # ---- imports and rejects --------------------------------------------------------------------------------------

    def imported(self, table: Table) -> set[str]:
        """Give the hashes of the files already imported into a table."""
        return set(self._query("SELECT sha256 FROM imports WHERE table_name = ?", [table.name])["sha256"])

    def record_import(
        self, table: Table, source: str, sha256: str, as_of: datetime, num_rows: int, rejects: pl.DataFrame
    ) -> None:
        """Remember a file, and its rejects with it."""
        num_rejected = rejects["row"].n_unique()
        self._db.execute("DELETE FROM imports WHERE table_name = ? AND sha256 = ?", [table.name, sha256])
        self._db.execute("DELETE FROM rejected WHERE table_name = ? AND sha256 = ?", [table.name, sha256])
        self._db.execute(
            "INSERT INTO imports VALUES (?, ?, ?, ?, ?, ?)",
            [table.name, source, sha256, _naive(as_of), num_rows, num_rejected],
        )
        columns = [pl.lit(sha256).alias("sha256"), *(pl.col(column.name) for column in REJECTS.columns)]
        self._insert("rejected", rejects.select(columns))

    def orphans(self, table: Table) -> pl.DataFrame:
        """Give `sha256` and `_row` of rejected rows that referred to something no table had."""
        return self._query(
            "SELECT DISTINCT sha256, row_number AS _row FROM rejected WHERE table_name = ? AND starts_with(reason, ?) ORDER BY ALL",
            [table.name, ORPHANED],
        )

    def settle_rejects(self, table: Table, good: pl.DataFrame, rejected: pl.DataFrame) -> None:
        """Remember which orders a bad row left out of date or incomplete; a later good row in its place settles it.

        Parameters
        ----------
        table
            `orders` or `order_lines`.
        good
            Rows of a new file.
        rejected
            `order_id`, `line_number` as it was written, `detail` of its bad rows.
        """
        place = "old.table_name = ? AND old.order_id = new.order_id"
        if "line_number" in table.key:
            # A line whose number cannot be read may be any of the order: the next file with lines of it settles it.
            number = "TRY_CAST(old.line_number AS BIGINT)"
            place += f" AND coalesce({number}, new.line_number) = new.line_number"
        self._db.register("incoming", good.select(table.key).to_arrow())
        self._db.execute(f"DELETE FROM open_rejects AS old USING incoming AS new WHERE {place}", [table.name])
        self._db.unregister("incoming")
        name = pl.lit(table.name).alias("table_name")
        self._insert("open_rejects", rejected.select(name, "order_id", "line_number", "detail"))

    def open_rejects(self) -> pl.DataFrame:
        """Give `order_id`, `table_name`, `detail` of orders that a bad row left out of date or incomplete."""
        return self._query(
            "SELECT order_id, table_name, min(detail) AS detail FROM open_rejects GROUP BY ALL ORDER BY ALL"
        )

    def rejects(self, as_of: datetime) -> pl.DataFrame:
        """Give the rejects of the files that count tonight: those read since the last night and those of the current snapshots.

        A run that fails after it imported leaves its rejects to the next one.
        """
        snapshots = [table.name for table in INPUTS if not table.is_log]
        frame = self._query(
            """
            SELECT r.table_name AS "table", r.source, r.row_number AS "row", r.key, r.column_name AS "column", r.value, r.reason
            FROM rejected AS r
            LEFT JOIN imports AS i ON i.table_name = r.table_name AND i.sha256 = r.sha256
            LEFT JOIN snapshots AS s ON s.table_name = r.table_name
            WHERE i.as_of > (SELECT coalesce(max(as_of), '-infinity') FROM runs WHERE is_current AND as_of < $as_of)
                OR (list_contains($snapshots, r.table_name) AND contains(s.signature, r.sha256))
            ORDER BY ALL
            """,
            {"as_of": _naive(as_of), "snapshots": snapshots},
        )
        return frame.cast(REJECTS.schema).select(list(REJECTS.schema))

    # ---- runs -----------------------------------------------------------------------------------------------------

    def latest_run(self) -> PublishedRun | None:
        """Give the current run of the latest night; None before the first."""
        found = self._query("SELECT run_id, as_of, directory FROM runs WHERE is_current ORDER BY as_of DESC LIMIT 1")
        if not found.height:
            return None
        run_id, as_of, directory = found.row(0)
        return PublishedRun(run_id, as_of.replace(tzinfo=UTC), directory)

    def known_runs(self) -> set[str]:
        """Give the ids of all runs the book knows."""
        return set(self._query("SELECT run_id FROM runs")["run_id"])

    def record_run(self, run: PublishedRun, planned: RunRecord) -> None:
        """Remember a published run; it takes the place of an earlier run of the same night."""
        as_of = _naive(run.as_of)
        with self.transaction():
            self._db.execute("UPDATE runs SET is_current = FALSE WHERE as_of = ?", [as_of])
            self._db.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, TRUE)", [run.run_id, as_of, run.directory])
            for name in RUN_RECORDS:
                self._db.execute(f"DELETE FROM {name} WHERE run_id = ?", [run.run_id])
                self._insert(name, getattr(planned, name).select(pl.lit(run.run_id).alias("run_id"), pl.all()))

    def planned_before(self, as_of: datetime) -> pl.DataFrame:
        """Give order_id, line_number, quantity that current runs of earlier nights ship."""
        return self._query(
            """
            SELECT order_id, line_number, sum(quantity)::BIGINT AS quantity FROM planned_lines JOIN runs USING (run_id)
            WHERE is_current AND as_of < ? GROUP BY ALL ORDER BY ALL
            """,
            [_naive(as_of)],
        )

    def promised_since_snapshot(self, as_of: datetime) -> pl.DataFrame:
        """Give warehouse_id, sku, quantity planned on earlier nights since the stock files of tonight were first seen.

        Those files cannot know of these units yet; a newer stock file does.
        """
        return self._query(
            """
            SELECT p.warehouse_id, p.sku, sum(p.quantity)::BIGINT AS quantity
            FROM planned_lines AS p JOIN runs AS r USING (run_id), snapshots AS s
            WHERE r.is_current AND s.table_name = 'stock' AND r.as_of >= s.as_of AND r.as_of < ? GROUP BY ALL ORDER BY ALL
            """,
            [_naive(as_of)],
        )

    def sent_before(self, as_of: datetime) -> pl.DataFrame:
        """Give the shipments of current runs of earlier nights, by contract `past_shipments`."""
        frame = self._query(
            """
            SELECT sent.* EXCLUDE (run_id) FROM sent_shipments AS sent JOIN runs USING (run_id)
            WHERE is_current AND as_of < ? ORDER BY shipment_id
            """,
            [_naive(as_of)],
        )
        instants = (
            pl.col("placed_at", "dispatched_at", "promised_by").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        )
        return frame.with_columns(instants).cast(PAST_SHIPMENTS.schema).select(list(PAST_SHIPMENTS.schema))

    def closed_before(self, as_of: datetime) -> pl.DataFrame:
        """Give order_id of cancelled orders that an earlier night already reported."""
        return self._query(
            """
            SELECT DISTINCT order_id FROM order_states JOIN runs USING (run_id)
            WHERE is_current AND runs.as_of < ? AND state = 'cancelled' ORDER BY ALL
            """,
            [_naive(as_of)],
        )

    def next_serials(self, except_run: str) -> dict[str, int]:
        """Give for each carrier the first serial no other run has used, published or superseded."""
        found = self._query(
            "SELECT carrier, max(first_serial + num_serials) AS next FROM tracking_serials WHERE run_id <> ? GROUP BY ALL ORDER BY ALL",
            [except_run],
        )
        return {carrier: int(following) for carrier, following in found.iter_rows()}

    def order_states(self) -> pl.DataFrame:
        """Give every state an order went through: order_id, as_of, run_id, state, detail."""
        return self._query(
            "SELECT order_id, as_of, run_id, state, detail FROM order_states JOIN runs USING (run_id, as_of) WHERE is_current ORDER BY ALL"
        )
