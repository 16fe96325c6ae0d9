"""What the order book remembers of runs: what they ship, what of it cannot be moved any more, and their prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import polars as pl

from engine.book.file import BookFile, naive
from engine.contracts.history import PAST_SHIPMENTS
from engine.contracts.memory import EARLIER_PLAN, PAST_PRICES


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
        order_id, line_number, warehouse_id, sku, quantity, shipment_id of what it ships.
    order_states
        as_of, order_id, state, detail after it.
    sent_shipments
        shipment_id, order_id, warehouse_id, carrier, tracking_number, placed_at, dispatched_at, promised_by, units,
        carton_id.
    tracking_serials
        carrier, first_serial, num_serials of the tracking numbers it used.
    run_prices
        Its shadow prices, by contract `past_prices`.
    """

    planned_lines: pl.DataFrame
    order_states: pl.DataFrame
    sent_shipments: pl.DataFrame
    tracking_serials: pl.DataFrame
    run_prices: pl.DataFrame


RUN_RECORDS: Final = ("planned_lines", "order_states", "sent_shipments", "tracking_serials", "run_prices")


class RunBook(BookFile):
    """The part of the order book that is about runs."""

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
        as_of = naive(run.as_of)
        with self.transaction():
            self._db.execute("UPDATE runs SET is_current = FALSE WHERE as_of = ?", [as_of])
            self._db.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, TRUE)", [run.run_id, as_of, run.directory])
            for name in RUN_RECORDS:
                self._db.execute(f"DELETE FROM {name} WHERE run_id = ?", [run.run_id])
                self._insert(name, getattr(planned, name).select(pl.lit(run.run_id).alias("run_id"), pl.all()))

    def run_of(self, as_of: datetime) -> PublishedRun | None:
        """Give the current run of a night; None where there is none."""
        found = self._query("SELECT run_id, as_of, directory FROM runs WHERE is_current AND as_of = ?", [naive(as_of)])
        return PublishedRun(found["run_id"][0], as_of, found["directory"][0]) if found.height else None

    def planned_before(self, as_of: datetime, *, reported_only: bool = False) -> pl.DataFrame:
        """Give order_id, line_number, quantity of what is settled: planned, and not to be moved any more."""
        return self._settled(
            """
            SELECT p.order_id, p.line_number, sum(p.quantity)::BIGINT AS quantity
            FROM planned_lines AS p JOIN settled USING (run_id, shipment_id) GROUP BY ALL ORDER BY ALL
            """,
            as_of,
            reported_only=reported_only,
        )

    def promised_since_snapshot(self, as_of: datetime, *, reported_only: bool = False) -> pl.DataFrame:
        """Give warehouse_id, sku, quantity settled since the stock files of tonight were first seen.

        Those files cannot know of these units yet; a newer stock file does.
        """
        return self._settled(
            """
            SELECT p.warehouse_id, p.sku, sum(p.quantity)::BIGINT AS quantity
            FROM planned_lines AS p JOIN settled USING (run_id, shipment_id), snapshots AS s
            WHERE s.table_name = 'stock' AND settled.planned_at >= s.as_of GROUP BY ALL ORDER BY ALL
            """,
            as_of,
            reported_only=reported_only,
        )

    def cartons_since_snapshot(self, as_of: datetime, *, reported_only: bool = False) -> pl.DataFrame:
        """Give carton_id, quantity settled since the carton files of tonight were first seen."""
        return self._settled(
            """
            SELECT carton_id, count(*)::BIGINT AS quantity FROM settled, snapshots AS s
            WHERE s.table_name = 'cartons' AND planned_at >= s.as_of AND carton_id IS NOT NULL GROUP BY ALL ORDER BY ALL
            """,
            as_of,
            reported_only=reported_only,
        )

    def sent_before(self, as_of: datetime, *, reported_only: bool = False) -> pl.DataFrame:
        """Give the settled shipments, by contract `past_shipments`."""
        frame = self._settled(
            "SELECT * EXCLUDE (run_id, carton_id, planned_at) FROM settled ORDER BY shipment_id, tracking_number",
            as_of,
            reported_only=reported_only,
        )
        instants = (
            pl.col("placed_at", "dispatched_at", "promised_by").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        )
        return frame.with_columns(instants).cast(PAST_SHIPMENTS.schema).select(list(PAST_SHIPMENTS.schema))

    def movable_plan(self, as_of: datetime, *, reported_only: bool = False) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Give what runs planned and may still be moved, by contract `earlier_plan`: of earlier nights, and of this one.

        Of a line that several runs planned, the latest counts.
        """
        frame = self._settled(
            """
            SELECT p.order_id, p.line_number, p.warehouse_id, sum(p.quantity)::BIGINT AS quantity, r.as_of = $as_of AS is_tonight
            FROM planned_lines AS p JOIN runs AS r USING (run_id) LEFT JOIN settled AS s USING (run_id, shipment_id)
            WHERE r.is_current AND r.as_of <= $as_of AND s.run_id IS NULL
            GROUP BY p.order_id, p.line_number, p.warehouse_id, r.as_of
            QUALIFY r.as_of = max(r.as_of) OVER (PARTITION BY p.order_id, p.line_number, r.as_of = $as_of)
            ORDER BY ALL
            """,
            as_of,
            reported_only=reported_only,
        )
        names = list(EARLIER_PLAN.schema)
        tonight = pl.col("is_tonight")
        return frame.filter(~tonight).select(names), frame.filter(tonight).select(names)

    def _settled(self, sql: str, as_of: datetime, *, reported_only: bool) -> pl.DataFrame:
        """Ask of parcels that cannot be moved any more.

        Those are the parcels that the floor or a carrier reports, of whichever run, and unless only reported ones count, all
        of the current runs of earlier nights.
        """
        settled = """
            WITH reported AS (
                SELECT tracking_number FROM floor_releases WHERE released_at <= $as_of
                UNION SELECT tracking_number FROM tracking_events
                WHERE occurred_at <= $as_of AND status NOT IN ('pending', 'cancelled', 'unknown')
            ), settled AS (
                SELECT sent.*, r.as_of AS planned_at FROM sent_shipments AS sent JOIN runs AS r USING (run_id)
                WHERE (r.as_of < $as_of AND r.is_current AND NOT $reported_only)
                    OR (r.as_of <= $as_of AND sent.tracking_number IN (SELECT tracking_number FROM reported))
            )
        """
        return self._query(settled + sql, {"as_of": naive(as_of), "reported_only": reported_only})

    def last_prices(self, as_of: datetime) -> pl.DataFrame:
        """Give the shadow prices of the last night before this one, by contract `past_prices`."""
        names = ", ".join(PAST_PRICES.schema)
        frame = self._query(
            f"""
            SELECT {names} FROM run_prices WHERE run_id =
                (SELECT run_id FROM runs WHERE is_current AND as_of < ? ORDER BY as_of DESC LIMIT 1) ORDER BY ALL
            """,
            [naive(as_of)],
        )
        return frame.cast(PAST_PRICES.schema)

    def closed_before(self, as_of: datetime) -> pl.DataFrame:
        """Give order_id of cancelled orders that an earlier night already reported."""
        return self._query(
            """
            SELECT DISTINCT order_id FROM order_states JOIN runs USING (run_id)
            WHERE is_current AND runs.as_of < ? AND state = 'cancelled' ORDER BY ALL
            """,
            [naive(as_of)],
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
