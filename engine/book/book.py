"""The order book (DuckDB): what is remembered between nights.

One table a log of the contracts (rows accumulate, a newer row of a key replaces the older), one a snapshot (the newest
files are the whole truth), and beside them the imports, the rejects, the runs and what each run planned.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import polars as pl

from engine.book.file import naive, quoted, stored
from engine.book.runs import RunBook
from engine.contracts import INPUTS, Kind, Table
from engine.contracts.outputs import REJECTS
from engine.reading.validation import ORPHANED

FILE_NAME: Final = "ordermill.duckdb"


class Book(RunBook):
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

    def read(self, table: Table) -> pl.DataFrame:
        """Give a whole input table in canonical types, ordered by its key, or by all columns where it has none."""
        names = quoted([column.name for column in table.columns])
        order = quoted(table.key or [column.name for column in table.columns])
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
        names = quoted([column.name for column in table.columns])
        self._db.register("incoming", stored(frame.select(list(table.schema))).to_arrow())
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
        self._db.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?)", [table.name, signature, naive(as_of)])

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
            [table.name, source, sha256, naive(as_of), num_rows, num_rejected],
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
            {"as_of": naive(as_of), "snapshots": snapshots},
        )
        return frame.cast(REJECTS.schema).select(list(REJECTS.schema))
