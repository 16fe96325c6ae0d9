"""Load: files of the inbox into the order book, and the book's view of tonight out of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from engine.book import Book
from engine.config import Settings
from engine.contracts import INPUTS, TABLES, Table
from engine.contracts.orders import ORDER_LINES, ORDERS
from engine.contracts.supply import EXCHANGE_RATES, known_currencies
from engine.errors import InputError, UsageError
from engine.holds import HoldReason, held, repeated_orders
from engine.inputs import Inputs, latest_plan
from engine.reading.files import ROW, files_of, fingerprint, read_raw
from engine.reading.validation import Checked, check_file, reject_orphans, reject_repeats


@dataclass(frozen=True)
class Loaded:
    """What the night starts from.

    Parameters
    ----------
    inputs
        The canonical tables of tonight.
    rejects
        Rows that could not be used, with every reason.
    book_holds
        order_id, reason, detail of what only the book can tell of an open order: a row of it was bad, or it agrees with
        an order that may be planned already.
    tonights_plan
        What the current run of this very night plans, as far as it may be moved: contract `earlier_plan`.
    """

    inputs: Inputs
    rejects: pl.DataFrame
    book_holds: pl.DataFrame
    tonights_plan: pl.DataFrame


@dataclass(frozen=True)
class _NewFile:
    table: Table
    source: str
    sha256: str
    num_rows: int
    checked: Checked
    is_seen: bool = False
    """Whether it was imported before, and only its orphans are tried again."""


def load(inbox: Path, book: Book, settings: Settings, as_of: datetime) -> Loaded:
    """Import what is new in the inbox, then give tonight's tables.

    Files already imported are passed over, so importing the same file twice changes nothing; only rows that referred to
    what no file had brought yet are tried again. All of it is one transaction: when the input is refused, the book stays
    as it was.

    Raises
    ------
    InputError
        When a required table or column is missing, a file cannot be read, or too many rows are bad.
    UsageError
        When a later night is published already.
    """
    latest = book.latest_run()
    if latest is not None and latest.as_of > as_of:
        raise UsageError(
            f"the night {as_of:%Y-%m-%dT%H:%MZ} lies before the latest published one, {latest.as_of:%Y-%m-%dT%H:%MZ}. Plan a later night."
        )
    _require_tables(inbox, book)
    with book.transaction():
        _import_new(inbox, book, settings, as_of)
    return tonight(book, as_of, reported_only=settings.assign.movable == "unreleased")


def tonight(book: Book, as_of: datetime, *, reported_only: bool = False) -> Loaded:
    """Give the book's view of a night: open orders with open quantities, stock and cartons less what is settled.

    Parameters
    ----------
    book
        The order book.
    as_of
        The night.
    reported_only
        Whether of earlier nights only what the floor or a carrier reports is settled.
    """
    frames = {table.name: book.read(table) for table in INPUTS}
    planned = book.planned_before(as_of, reported_only=reported_only)
    orders, lines = _open_orders(frames["orders"], frames["order_lines"], planned, book.closed_before(as_of))
    sent = book.sent_before(as_of, reported_only=reported_only).unique("shipment_id", keep="last", maintain_order=True)
    sent = sent.join(frames["past_shipments"].select("shipment_id"), on="shipment_id", how="anti")
    before, tonights = book.movable_plan(as_of, reported_only=reported_only)
    prices = book.last_prices(as_of)
    inputs = Inputs.from_frames(
        {
            **frames,
            "orders": orders,
            "order_lines": lines,
            "stock": _promised(frames["stock"], book.promised_since_snapshot(as_of, reported_only=reported_only)),
            "cartons": _used(frames["cartons"], book.cartons_since_snapshot(as_of, reported_only=reported_only)),
            "past_shipments": pl.concat([frames["past_shipments"], sent]).sort("shipment_id"),
            "past_prices": prices if prices.height else frames["past_prices"],
            "earlier_plan": latest_plan(frames["earlier_plan"], before),
        }
    )
    twins = repeated_orders(frames["orders"], frames["order_lines"], frames["order_actions"], as_of, planned)
    holds = pl.concat([*_reject_holds(book.open_rejects()), twins])
    return Loaded(inputs, book.rejects(as_of), holds, tonights)


def _import_new(inbox: Path, book: Book, settings: Settings, as_of: datetime) -> None:
    new: list[_NewFile] = []
    signatures: dict[str, str] = {}
    for table in INPUTS:
        # By content, so that a copy of a file under another name is the same file.
        paths = {fingerprint(path): path for path in reversed(files_of(inbox, table))}
        files = {sha256: paths[sha256] for sha256 in reversed(paths)}
        refers_to_new = any(file.table.name == reference.table for file in new for reference in table.references)
        if table.is_log:
            imported = book.imported(table)
            if refers_to_new:
                new += _read_orphans(table, files, book, settings.night.timezone)
            files = {sha256: path for sha256, path in files.items() if sha256 not in imported}
        else:
            signatures[table.name] = " ".join(sorted(files))
            if signatures[table.name] == book.snapshot_signature(table) and not refers_to_new:
                files = {}
        new += [_read(path, table, sha256, settings.night.timezone) for sha256, path in files.items()]
    checked = _check_across(new, book, settings.night.currency)
    _refuse_too_many_rejects(checked, settings)
    _write(checked, signatures, book, as_of)


def _read_orphans(table: Table, files: dict[str, Path], book: Book, timezone: str) -> list[_NewFile]:
    """Read rows again that were imported too early: what they refer to may be among the files of tonight."""
    found = []
    known = book.read(table)
    for sha256, rows in book.orphans(table).group_by("sha256", maintain_order=True):
        if sha256[0] not in files:
            continue
        file = _read(files[str(sha256[0])], table, str(sha256[0]), timezone)
        frame = file.checked.frame.join(rows, on=ROW, how="semi", maintain_order="left")
        if table.key:  # a newer file may have brought the row since
            frame = frame.join(known, on=table.key, how="anti", maintain_order="left")
        found.append(replace(file, checked=replace(file.checked, frame=frame), is_seen=True))
    return found


def _read(path: Path, table: Table, sha256: str, timezone: str) -> _NewFile:
    raw = read_raw(path, table)
    return _NewFile(table, path.name, sha256, raw.num_rows, check_file(raw, table, timezone))


def _check_across(new: list[_NewFile], book: Book, currency: str) -> list[_NewFile]:
    """Set rows apart whose references lead nowhere, in the tables' order, so that a rejected order takes its lines along.

    Of a snapshot, whose files count together, rows whose key another file has are set apart as well.
    """
    known: dict[str, pl.DataFrame] = {}
    fresh = {file.table.name for file in new}
    done: list[_NewFile] = []
    for file in new:
        table = file.table
        for reference in table.references:
            if reference.table not in known:
                rows = _known_rows(TABLES[reference.table], done, book, fresh)
                is_rates = reference.table == EXCHANGE_RATES.name
                known[reference.table] = known_currencies(rows, currency) if is_rates else rows
        checked = reject_orphans(file.checked, table, file.source, known)
        if table.key and not table.is_log:
            earlier = {other.source: other.checked.frame for other in done if other.table is table}
            checked = reject_repeats(checked, table, file.source, earlier)
        done.append(replace(file, checked=checked))
    return done


def _known_rows(table: Table, done: list[_NewFile], book: Book, fresh: set[str]) -> pl.DataFrame:
    frames = [file.checked.frame.select(list(table.schema)) for file in done if file.table is table]
    if table.is_log or table.name not in fresh:
        frames.append(book.read(table))
    return pl.concat(frames)


def _refuse_too_many_rejects(files: list[_NewFile], settings: Settings) -> None:
    for table in INPUTS:
        of_table = [file for file in files if file.table is table and not file.is_seen]
        num_rows = sum(file.num_rows for file in of_table)
        num_bad = sum(file.checked.rejects["row"].n_unique() for file in of_table)
        tolerated = settings.load.tolerated_reject_share
        if num_bad and (
            num_bad == num_rows or (num_bad > settings.load.tolerated_reject_rows and num_bad > tolerated * num_rows)
        ):
            raise InputError(_too_many(table, of_table, num_bad, num_rows, tolerated))


def _too_many(table: Table, files: list[_NewFile], num_bad: int, num_rows: int, tolerated: float) -> str:
    rejects = pl.concat([file.checked.rejects for file in files]).sort("source", "row", maintain_order=True)
    examples = "\n".join(
        f"  {row['source']} row {row['row']}, column {row['column'] or '-'}, value {row['value']!r}: {row['reason']}"
        for row in rejects.head(5).iter_rows(named=True)
    )
    return (
        f"table {table.name}: {num_bad} of {num_rows} rows are bad, more than the tolerated share of {tolerated:.1%}; nothing was imported.\n"
        f"{examples}\nCorrect the file, or raise load.tolerated_reject_share in ordermill.toml."
    )


def _write(files: list[_NewFile], signatures: dict[str, str], book: Book, as_of: datetime) -> None:
    for file in files:
        book.record_import(file.table, file.source, file.sha256, as_of, file.num_rows, file.checked.rejects)
        if file.table.is_log:
            book.merge_log(file.table, file.checked.frame)
        if file.table in (ORDERS, ORDER_LINES):
            rejected = _orders_of(file.checked.rejects)
            book.settle_rejects(file.table, file.checked.frame, rejected.clear() if file.is_seen else rejected)
    for name in {file.table.name for file in files if not file.table.is_log}:
        frame = pl.concat([file.checked.frame for file in files if file.table.name == name])
        book.replace_snapshot(TABLES[name], frame, signatures[name], as_of)


def _orders_of(rejects: pl.DataFrame) -> pl.DataFrame:
    """Give order_id, line_number, detail of rejected rows of orders and their lines, as far as their keys could be read."""
    key = pl.col("key").str.extract_groups(r"(?s)^order_id=(?<order_id>.*?)(?:; line_number=(?<line_number>.*))?$")
    detail = pl.format("{} row {}: {}", pl.col("source"), pl.col("row"), pl.col("reason"))
    return rejects.select(key.alias("key"), detail.alias("detail")).unnest("key").drop_nulls("order_id")


def _reject_holds(rejects: pl.DataFrame) -> list[pl.DataFrame]:
    again = pl.format("{}; correct the row and import it again, or release the order as it is", pl.col("detail"))
    return [
        held(rejects.filter(pl.col("table_name") == table.name), reason, again)
        for table, reason in ((ORDERS, HoldReason.ORDER_REJECTED), (ORDER_LINES, HoldReason.LINE_REJECTED))
    ]


def _require_tables(inbox: Path, book: Book) -> None:
    missing = [
        table.name for table in INPUTS if table.is_required and not files_of(inbox, table) and not book.has_rows(table)
    ]
    if missing:
        raise InputError(
            f"{inbox}: no file for {', '.join(missing)}. Put {', '.join(f'{name}.csv or {name}.parquet' for name in missing)} there; "
            "docs/tables.md lists the columns."
        )


def _open_orders(
    orders: pl.DataFrame, lines: pl.DataFrame, planned: pl.DataFrame, closed: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    planned = planned.rename({"quantity": "planned"})
    remaining = lines.join(planned, on=["order_id", "line_number"], how="left", maintain_order="left").with_columns(
        (pl.col("quantity") - pl.col("planned").fill_null(0)).alias("quantity")
    )
    open_lines = remaining.filter(pl.col("quantity") > 0).select(list(ORDER_LINES.schema))
    has_lines = lines.select("order_id").unique()
    is_open = pl.col("order_id").is_in(open_lines["order_id"].unique().implode()) | ~pl.col("order_id").is_in(
        has_lines["order_id"].implode()
    )
    is_closed = pl.col("order_id").is_in(closed["order_id"].implode())
    open_orders = orders.filter(is_open & ~is_closed).select(list(ORDERS.schema))
    return open_orders, open_lines.join(
        open_orders.select("order_id"), on="order_id", how="semi", maintain_order="left"
    )


def _promised(stock: pl.DataFrame, promised: pl.DataFrame) -> pl.DataFrame:
    promised = promised.rename({"quantity": "promised"})
    return (
        stock.join(promised, on=["warehouse_id", "sku"], how="left", maintain_order="left")
        .with_columns(pl.col("reserved") + pl.col("promised").fill_null(0))
        .drop("promised")
    )


def _used(cartons: pl.DataFrame, used: pl.DataFrame) -> pl.DataFrame:
    used = used.rename({"quantity": "used"})
    left = pl.max_horizontal(pl.col("on_hand") - pl.col("used").fill_null(0), 0)
    return (
        cartons.join(used, on="carton_id", how="left", maintain_order="left")
        .with_columns(on_hand=pl.when(pl.col("on_hand").is_not_null()).then(left))
        .drop("used")
    )
