"""Load: files of the inbox into the order book, and the book's view of tonight out of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from engine.book import Book
from engine.config import Settings
from engine.contracts import INPUTS, TABLES, Table
from engine.contracts.inputs import ORDER_LINES, ORDERS
from engine.errors import InputError, UsageError
from engine.inputs import Inputs
from engine.reading import files_of, read_raw
from engine.validation import check_file, reject_orphans


@dataclass(frozen=True)
class Loaded:
    """What the night starts from.

    Parameters
    ----------
    inputs
        The canonical tables of tonight.
    rejects
        Rows that could not be used, with every reason.
    line_rejects
        order_id, detail of orders that lack a line because its row was bad.
    """

    inputs: Inputs
    rejects: pl.DataFrame
    line_rejects: pl.DataFrame


@dataclass(frozen=True)
class _NewFile:
    table: Table
    source: str
    sha256: str
    num_rows: int
    frame: pl.DataFrame
    rejects: pl.DataFrame


def load(inbox: Path, book: Book, settings: Settings, as_of: datetime) -> Loaded:
    """Import what is new in the inbox, then give tonight's tables.

    Files already imported are passed over, so importing the same file twice changes nothing. All of it is one
    transaction: when the input is refused, the book stays as it was.

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
    with book.transaction():
        _import_new(inbox, book, settings, as_of)
        _require_tables(inbox, book)
    return tonight(book, as_of)


def tonight(book: Book, as_of: datetime) -> Loaded:
    """Give the book's view of a night: open orders with open quantities, stock less what earlier nights promised."""
    frames = {table.name: book.read(table) for table in INPUTS}
    orders, lines = _open_orders(frames["orders"], frames["order_lines"], book, as_of)
    stock = _promised(frames["stock"], book.promised_since_snapshot(as_of))
    sent = book.sent_before(as_of).join(frames["past_shipments"].select("shipment_id"), on="shipment_id", how="anti")
    past = pl.concat([frames["past_shipments"], sent]).sort("shipment_id")
    inputs = Inputs.from_frames(
        {**frames, "orders": orders, "order_lines": lines, "stock": stock, "past_shipments": past}
    )
    return Loaded(inputs, book.rejects(as_of), book.line_rejects())


def _import_new(inbox: Path, book: Book, settings: Settings, as_of: datetime) -> None:
    new: list[_NewFile] = []
    signatures: dict[str, str] = {}
    for table in INPUTS:
        hashes = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files_of(inbox, table)}
        if table.is_log:
            imported = book.imported(table)
            paths = [path for path, sha256 in hashes.items() if sha256 not in imported]
        else:
            signatures[table.name] = " ".join(sorted(hashes.values()))
            paths = list(hashes) if hashes and signatures[table.name] != book.snapshot_signature(table) else []
        new += [_read(path, table, hashes[path], settings.night.timezone) for path in paths]
    checked = _check_across(new, book)
    _refuse_too_many_rejects(checked, settings)
    _write(checked, signatures, book, as_of)


def _read(path: Path, table: Table, sha256: str, timezone: str) -> _NewFile:
    raw = read_raw(path, table)
    checked = check_file(raw, table, timezone)
    return _NewFile(table, path.name, sha256, raw.num_rows, checked.frame, checked.rejects)


def _check_across(new: list[_NewFile], book: Book) -> list[_NewFile]:
    """Set rows apart whose references lead nowhere, in the tables' order, so that a rejected order takes its lines along."""
    known: dict[str, pl.DataFrame] = {}
    fresh = {file.table.name for file in new}
    checked: list[_NewFile] = []
    for table in INPUTS:
        files = [file for file in new if file.table is table]
        for file in files:
            for reference in table.references:
                if reference.table not in known:
                    known[reference.table] = _known_rows(TABLES[reference.table], checked, new, book, fresh)
            result = reject_orphans(file.frame, table, file.source, known)
            rejects = pl.concat([file.rejects, result.rejects])
            checked.append(_NewFile(table, file.source, file.sha256, file.num_rows, result.frame, rejects))
    return checked


def _known_rows(
    table: Table, checked: list[_NewFile], new: list[_NewFile], book: Book, fresh: set[str]
) -> pl.DataFrame:
    names = list(table.schema)
    done = [file.frame.select(names) for file in checked if file.table is table]
    frames = done or [file.frame.select(names) for file in new if file.table is table]
    if table.is_log or table.name not in fresh:
        frames.append(book.read(table))
    return pl.concat(frames)


def _refuse_too_many_rejects(files: list[_NewFile], settings: Settings) -> None:
    for table in INPUTS:
        of_table = [file for file in files if file.table is table]
        num_rows = sum(file.num_rows for file in of_table)
        num_bad = sum(file.rejects["row"].n_unique() for file in of_table)
        tolerated = settings.load.tolerated_reject_share
        if num_bad and (
            num_bad == num_rows or (num_bad > settings.load.tolerated_reject_rows and num_bad > tolerated * num_rows)
        ):
            raise InputError(_too_many(table, of_table, num_bad, num_rows, tolerated))


def _too_many(table: Table, files: list[_NewFile], num_bad: int, num_rows: int, tolerated: float) -> str:
    rejects = pl.concat([file.rejects for file in files])
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
        book.record_import(file.table, file.source, file.sha256, as_of, file.num_rows, file.rejects)
    for file in files:
        if file.table.is_log:
            book.merge_log(file.table, file.frame)
    for name in {file.table.name for file in files if not file.table.is_log}:
        table = TABLES[name]
        frame = pl.concat([file.frame for file in files if file.table is table])
        frame = frame.unique(subset=list(table.key), keep="first", maintain_order=True) if table.key else frame
        book.replace_snapshot(table, frame, signatures[name], as_of)
    _remember_line_rejects([file for file in files if file.table is ORDER_LINES], book)


def _remember_line_rejects(files: list[_NewFile], book: Book) -> None:
    for file in files:
        order_id = pl.col("key").str.extract(r"^order_id=(.*?)(?:; line_number=.*)?$")
        detail = pl.format("{} row {}: {}", pl.col("source"), pl.col("row"), pl.col("reason"))
        rejected = file.rejects.select(order_id.alias("order_id"), detail.alias("detail")).drop_nulls("order_id")
        book.set_line_rejects(file.frame.select("order_id").unique(maintain_order=True), rejected)


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
    orders: pl.DataFrame, lines: pl.DataFrame, book: Book, as_of: datetime
) -> tuple[pl.DataFrame, pl.DataFrame]:
    planned = book.planned_before(as_of).rename({"quantity": "planned"})
    remaining = lines.join(planned, on=["order_id", "line_number"], how="left", maintain_order="left").with_columns(
        (pl.col("quantity") - pl.col("planned").fill_null(0)).alias("quantity")
    )
    open_lines = remaining.filter(pl.col("quantity") > 0).select(list(ORDER_LINES.schema))
    has_lines = lines.select("order_id").unique()
    is_open = pl.col("order_id").is_in(open_lines["order_id"].unique().implode()) | ~pl.col("order_id").is_in(
        has_lines["order_id"].implode()
    )
    is_closed = pl.col("order_id").is_in(book.closed_before(as_of)["order_id"].implode())
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
