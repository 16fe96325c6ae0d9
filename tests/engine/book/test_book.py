from __future__ import annotations

import resource
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from engine.book import Book
from engine.book.runs import PublishedRun, RunRecord
from engine.contracts import INPUTS, TABLES, Kind
from engine.contracts.goods import PRODUCTS, STOCK, STOCK_MOVEMENTS
from engine.contracts.history import PAST_SHIPMENTS
from engine.contracts.memory import PAST_PRICES
from engine.contracts.orders import ORDER_LINES, ORDERS
from engine.errors import LockedError, OrdermillError

NIGHT = datetime(2026, 11, 20, 18, tzinfo=UTC)
VALUES = {
    Kind.TEXT: ["00123", "Ünïcødé 漢字 🎁 'quoted' \"twice\"; --"],
    Kind.ZONE: ["Europe/Paris", "UTC"],
    Kind.INTEGER: [-(10**12), 10**12],
    Kind.NUMBER: [0.1, -89.99999],
    Kind.FLAG: [True, False],
    Kind.INSTANT: [datetime(1990, 1, 1, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)],
    Kind.DATE: [NIGHT.date(), datetime(2100, 12, 31, tzinfo=UTC).date()],
    Kind.TIME: [NIGHT.time(), datetime(2026, 1, 1, 23, 59, 59, tzinfo=UTC).time()],
}


@pytest.fixture
def book(tmp_path: Path):
    with Book(tmp_path / "book.duckdb") as opened:
        yield opened


def frame_of(name: str) -> pl.DataFrame:
    table = TABLES[name]
    rows = {column.name: VALUES[column.kind] for column in table.columns}
    nothing = {column.name: [None if column.nullable else VALUES[column.kind][0]] for column in table.columns}
    if table.key:
        last = {column.name: [nothing[column.name][0]] for column in table.columns}
        text = next(name for name in table.key if table.column(name).kind is Kind.TEXT)
        nothing = last | {text: ["a third"]}
    return pl.concat([pl.DataFrame(rows, schema=table.schema), pl.DataFrame(nothing, schema=table.schema)])


@pytest.mark.parametrize("name", [table.name for table in INPUTS])
def test_every_table_comes_back_as_it_was_stored(book: Book, name: str) -> None:
    table, frame = TABLES[name], frame_of(name)
    if table.is_log:
        book.merge_log(table, frame)
        book.merge_log(table, frame.reverse())
    else:
        book.replace_snapshot(table, frame.reverse(), "s", NIGHT)
    stored = book.read(table)
    assert stored.schema == table.schema
    assert sorted(stored.rows(), key=repr) == sorted(frame.rows(), key=repr)
    if table.key:
        assert stored.select(table.key).equals(stored.select(table.key).sort(table.key))
    assert book.has_rows(table)


def test_what_fails_within_a_transaction_leaves_nothing(book: Book) -> None:
    def fail() -> None:
        with book.transaction():
            book.merge_log(ORDERS, frame_of("orders"))
            book.replace_snapshot(STOCK, frame_of("stock"), "s", NIGHT)
            book.record_import(ORDERS, "orders.csv", "sha", NIGHT, 3, TABLES["rejects"].empty())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not book.has_rows(ORDERS)
    assert not book.has_rows(STOCK)
    assert book.snapshot_signature(STOCK) is None
    assert book.imported(ORDERS) == set()
    with book.transaction():
        book.merge_log(ORDERS, frame_of("orders"))
    assert book.has_rows(ORDERS)


def test_equal_movements_count_as_often_as_the_fuller_file_has_them(book: Book) -> None:
    one = frame_of("stock_movements").head(1)
    for times, expected in ((2, 2), (1, 2), (3, 3), (2, 3)):
        book.merge_log(STOCK_MOVEMENTS, pl.concat([one] * times))
        assert book.read(STOCK_MOVEMENTS).height == expected


def lines(*keys: tuple[str, int]) -> pl.DataFrame:
    rows = [(order_id, number, "a", 1, 1, None) for order_id, number in keys]
    return pl.DataFrame(rows, schema=ORDER_LINES.schema, orient="row")


def rejected(*keys: tuple[str, str | None]) -> pl.DataFrame:
    rows = [(order_id, number, f"{order_id} {number}") for order_id, number in keys]
    return pl.DataFrame(rows, schema=dict.fromkeys(("order_id", "line_number", "detail"), pl.String), orient="row")


@pytest.mark.parametrize(
    ("bad", "good", "settled"),
    [
        ("1", ("A", 1), True),
        (" 01", ("A", 1), True),
        ("1", ("A", 2), False),
        ("1", ("B", 1), False),
        (None, ("A", 7), True),
        ("one", ("A", 7), True),
        ("one", ("B", 7), False),
    ],
)
def test_a_rejected_line_is_settled_by_that_line_or_where_unknown_by_its_order(
    book: Book, bad: str | None, good: tuple[str, int], settled: bool
) -> None:
    book.settle_rejects(ORDER_LINES, lines(), rejected(("A", bad)))
    book.settle_rejects(ORDERS, frame_of("orders"), rejected(("A", None)))
    book.settle_rejects(ORDER_LINES, lines(good), rejected())
    left = {"orders"} if settled else {"orders", "order_lines"}
    assert set(book.open_rejects()["table_name"]) == left
    book.settle_rejects(ORDERS, frame_of("orders").with_columns(order_id=pl.lit("A")), rejected())
    assert "orders" not in book.open_rejects()["table_name"]


def run_record(serials: list[tuple[str, int, int]]) -> RunRecord:
    shipment = dict.fromkeys(PAST_SHIPMENTS.schema, "x") | {"units": 1}
    sent = pl.DataFrame([shipment | dict.fromkeys(("placed_at", "dispatched_at", "promised_by"), NIGHT)])
    line = {"order_id": "A", "line_number": 1, "warehouse_id": "w", "sku": "a", "quantity": 2, "shipment_id": "x"}
    return RunRecord(
        pl.DataFrame([line]),
        pl.DataFrame({"as_of": [NIGHT], "order_id": ["A"], "state": ["planned"], "detail": [""]}),
        sent.cast(PAST_SHIPMENTS.schema).select(*PAST_SHIPMENTS.schema, carton_id=pl.lit("BOX")),
        pl.DataFrame(serials, schema=["carrier", "first_serial", "num_serials"], orient="row"),
        pl.DataFrame([{"warehouse_id": "w", "millicents_per_unit": 7}], schema=PAST_PRICES.schema),
    )


def test_only_the_current_run_of_a_night_counts_but_no_serial_is_used_twice(book: Book) -> None:
    book.record_run(PublishedRun("one", NIGHT, "d"), run_record([("post", 1, 10)]))
    book.record_run(PublishedRun("two", NIGHT, "d"), run_record([("post", 11, 5)]))
    book.record_run(PublishedRun("two", NIGHT, "d"), run_record([("post", 11, 5)]))
    later = NIGHT + timedelta(days=1)
    assert book.planned_before(later).rows() == [("A", 1, 2)]
    assert book.planned_before(NIGHT).is_empty()
    assert book.sent_before(later).height == 1
    assert book.order_states()["run_id"].to_list() == ["two"]
    latest = book.latest_run()
    assert latest is not None
    assert (latest.run_id, latest.as_of) == ("two", NIGHT)
    assert book.known_runs() == {"one", "two"}
    assert book.next_serials("three") == {"post": 16}
    assert book.next_serials("two") == {"post": 11}


def test_a_file_that_is_no_book_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ordermill.duckdb"
    path.write_bytes(b"not a book" * 1000)
    with pytest.raises(OrdermillError, match=r"ordermill\.duckdb cannot be opened"):
        Book(path)


def test_a_book_that_another_process_has_open_is_locked(tmp_path: Path) -> None:
    path = tmp_path / "book.duckdb"
    with Book(path):
        pass
    code = f"import duckdb; db = duckdb.connect({str(path)!r}); print('open', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(LockedError, match="another process has the order book"):
            Book(path)
        other.kill()
    with Book(path) as book:
        assert book.latest_run() is None


def test_a_full_disk_is_told_with_the_book_and_what_to_do(tmp_path):
    """The limit on a file's size stands for the end of the disk: it fails where the log is written."""
    path = tmp_path / "ordermill.duckdb"
    with Book(path):
        pass
    products = [f"{number:040d}" for number in range(200_000)]
    frame = pl.DataFrame({"sku": products}).with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in PRODUCTS.schema.items() if name != "sku"
    )
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 4096, hard))
    try:
        with (
            pytest.raises(OrdermillError, match=r"ordermill\.duckdb cannot be written.*make room") as told,
            Book(path) as book,
            book.transaction(),
        ):
            book.replace_snapshot(PRODUCTS, frame, "s", NIGHT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(told.value)
    with Book(path) as book:
        assert not book.has_rows(PRODUCTS)
