from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from engine.book import Book
from engine.book.runs import PublishedRun, RunRecord
from engine.config import Load, Settings
from engine.contracts import INPUTS, TABLES
from engine.contracts.memory import PAST_PRICES
from engine.errors import InputError, UsageError
from engine.sample.write import write_inbox
from engine.stages.load import Loaded, load

NIGHT = datetime(2026, 11, 20, 18, tzinfo=UTC)
NEXT = NIGHT + timedelta(days=1)
Tables = dict[str, pl.DataFrame]


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with Book(tmp_path / "book" / "book.duckdb") as opened:
        yield opened


@pytest.fixture
def tables(tiny_tables: Callable[..., Tables]) -> Tables:
    return tiny_tables(3, orders=6)


@pytest.fixture
def inbox(tmp_path: Path, tables: Tables) -> Path:
    write_inbox(tmp_path, tables)
    return tmp_path / "inbox"


def take(inbox: Path, book: Book, night: datetime = NIGHT, **limits: object) -> Loaded:
    return load(inbox, book, Settings(load=Load(**limits)), night)


def contents(book: Book) -> dict[str, list[tuple[object, ...]]]:
    return {table.name: book.read(table).rows() for table in INPUTS}


def put(inbox: Path, name: str, text: str) -> Path:
    (inbox / name).write_text(text, encoding="utf-8")
    return inbox / name


def record(orders: pl.DataFrame | None = None, states: Sequence[tuple[str, str]] = ()) -> RunRecord:
    lines = {"order_id": pl.String, "line_number": pl.Int64, "warehouse_id": pl.String, "sku": pl.String}
    lines |= {"quantity": pl.Int64}
    planned = pl.DataFrame(schema=lines) if orders is None else orders.select(list(lines))
    planned = planned.with_columns(shipment_id=pl.format("{}-{}", "order_id", "line_number"))
    sent = planned.select(
        "shipment_id", "order_id", "warehouse_id", carrier=pl.lit("post"), tracking_number="shipment_id",
        placed_at=pl.lit(NIGHT), dispatched_at=pl.lit(NIGHT), promised_by=pl.lit(NIGHT), units="quantity",
        carton_id=pl.lit("SMALL"),
    )  # fmt: skip
    state = pl.DataFrame(
        [(NIGHT, order_id, name, "") for order_id, name in states],
        schema={"as_of": pl.Datetime("us", "UTC"), "order_id": pl.String, "state": pl.String, "detail": pl.String},
        orient="row",
    )
    serials = pl.DataFrame(schema={"carrier": pl.String, "first_serial": pl.Int64, "num_serials": pl.Int64})
    return RunRecord(planned, state, sent, serials, PAST_PRICES.empty())


def publish(book: Book, night: datetime, run: str, planned: RunRecord) -> None:
    book.record_run(PublishedRun(run, night, f"runs/{run}"), planned)


# ---- what a night starts from --------------------------------------------------------------------------------------


def test_good_tables_arrive_as_they_were_written(inbox: Path, book: Book, tables: Tables) -> None:
    loaded = take(inbox, book)
    assert loaded.rejects.is_empty()
    assert loaded.book_holds.is_empty()
    for name, frame in tables.items():
        arrived = loaded.inputs.frames()[name]
        assert arrived.schema == TABLES[name].schema
        assert sorted(arrived.rows(), key=str) == sorted(frame.select(arrived.columns).rows(), key=str), name


def test_csv_and_parquet_of_the_same_rows_give_the_same_night(
    tmp_path: Path, inbox: Path, book: Book, tables: Tables
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for name, frame in tables.items():
        frame.sample(fraction=1, shuffle=True, seed=1).write_parquet(other / f"{name}.parquet")
    with Book(tmp_path / "book" / "other.duckdb") as second:
        ours, theirs = take(inbox, book).inputs.frames(), take(other, second).inputs.frames()
    for name, frame in ours.items():
        assert frame.equals(theirs[name]), name


def test_importing_the_same_files_again_changes_nothing_under_any_name(inbox: Path, book: Book) -> None:
    put(inbox, "stock_movements.csv", MOVEMENTS + "2026-11-01T00:00:00Z,BER,00000,5,receipt\n" * 2)
    first = take(inbox, book)
    before = contents(book)
    for path in sorted(inbox.iterdir()):
        (inbox / f"{path.stem}.copy{path.suffix}").write_bytes(path.read_bytes())
    again = take(inbox, book)
    assert contents(book) == before
    assert again.rejects.is_empty()
    for name, frame in first.inputs.frames().items():
        assert frame.equals(again.inputs.frames()[name]), name


def test_a_copy_beside_the_original_counts_once(inbox: Path, book: Book) -> None:
    for path in sorted(inbox.iterdir()):
        (inbox / f"{path.stem}-copy{path.suffix}").write_bytes(path.read_bytes())
    once = contents(book) | {name: frame.rows() for name, frame in take(inbox, book).inputs.frames().items()}
    assert contents(book) == once
    assert take(inbox, book).rejects.is_empty()


# ---- logs ----------------------------------------------------------------------------------------------------------

ORDERS = "order_id,channel,placed_at,payment_status,service_level,ship_country,ship_postcode,currency,cancelled_at\n"
LINES = "order_id,line_number,sku,quantity,unit_price_cents\n"
MOVEMENTS = "moved_at,warehouse_id,sku,quantity,kind\n"


def order(order_id: str, placed: str = "2026-11-20T10:00:00Z", status: str = "paid", cancelled: str = "") -> str:
    return f"{order_id},shop,{placed},{status},economy,DE,10115,EUR,{cancelled}\n"


def test_a_newer_file_updates_an_order_and_adds_others(inbox: Path, book: Book) -> None:
    put(inbox, "orders-1.csv", ORDERS + order("N1", status="pending"))
    before = take(inbox, book).inputs.orders.height
    put(inbox, "orders-2.csv", ORDERS + order("N1", status="paid") + order("N2"))
    loaded = take(inbox, book)
    assert loaded.inputs.orders.height == before + 1
    assert loaded.inputs.orders.filter(order_id="N1")["payment_status"].to_list() == ["paid"]


@pytest.mark.parametrize("seed", range(4))
def test_overlapping_exports_count_each_movement_as_often_as_the_fuller_file_has_it(
    inbox: Path, book: Book, seed: int
) -> None:
    kinds = [f"2026-11-0{day}T00:00:00Z,BER,00000,{units},sale\n" for day in (1, 2) for units in (-1, -2)]
    most: dict[str, int] = {}
    for number in range(3):
        part = pl.Series(kinds).sample(7, with_replacement=True, seed=10 * seed + number).to_list()
        put(inbox, f"stock_movements.{number}.csv", MOVEMENTS + "".join(part))
        most = {kind: max(most.get(kind, 0), part.count(kind)) for kind in kinds}
        if number == 1:
            take(inbox, book)
    arrived = take(inbox, book).inputs.stock_movements
    counted = {
        kind: arrived.filter(
            pl.format("{},BER,00000,{},sale\n", pl.col("moved_at").dt.to_string("%Y-%m-%dT%H:%M:%SZ"), "quantity")
            == kind
        ).height
        for kind in kinds
    }
    assert counted == most


def test_a_row_that_came_before_what_it_refers_to_is_taken_up_once_that_arrives(inbox: Path, book: Book) -> None:
    lines = put(inbox, "order_lines-early.csv", LINES + "LATE,1,00000,2,100\nLATE,2,00001,1,100\nLATE,x,00001,1,100\n")
    put(inbox, "orders-a.csv", ORDERS + order("N1"))
    first = take(inbox, book, tolerated_reject_share=1.0)
    assert first.rejects.filter(pl.col("reason").str.starts_with("not in table orders")).height == 3
    assert first.inputs.order_lines.filter(order_id="LATE").is_empty()
    publish(book, NIGHT, "one", record())
    put(inbox, "orders-b.csv", ORDERS + order("LATE"))
    put(inbox, "order_lines-newer.csv", LINES + "LATE,2,00001,7,100\n")
    second = take(inbox, book, NEXT, tolerated_reject_share=1.0)
    arrived = second.inputs.order_lines.filter(order_id="LATE")
    assert arrived.select("line_number", "quantity").rows() == [(1, 2), (2, 7)]
    assert second.rejects["value"].to_list() == ["x"]
    assert lines.exists()


def test_an_older_file_does_not_come_back_over_a_newer_one(inbox: Path, book: Book) -> None:
    put(inbox, "order_lines-1.csv", LINES + "LATE,1,00000,2,100\n")
    put(inbox, "order_lines-2.csv", LINES + "O000,1,00000,2,100\n")
    put(inbox, "orders-1.csv", ORDERS + order("LATE"))
    take(inbox, book)
    put(inbox, "order_lines-3.csv", LINES + "LATE,1,00000,9,100\n")
    put(inbox, "orders-2.csv", ORDERS + order("N2"))
    loaded = take(inbox, book)
    assert loaded.inputs.order_lines.filter(order_id="LATE")["quantity"].to_list() == [9]


# ---- snapshots -----------------------------------------------------------------------------------------------------


def test_the_newest_files_of_a_snapshot_are_the_whole_truth(inbox: Path, book: Book) -> None:
    take(inbox, book)
    put(inbox, "stock.csv", "warehouse_id,sku,on_hand\nBER,00001,4\n")
    assert take(inbox, book).inputs.stock.select("warehouse_id", "sku", "on_hand").rows() == [("BER", "00001", 4)]
    put(inbox, "stock-nyc.csv", "warehouse_id,sku,on_hand\nNYC,00002,5\n")
    assert take(inbox, book).inputs.stock["on_hand"].to_list() == [4, 5]
    (inbox / "stock.csv").unlink()
    assert take(inbox, book).inputs.stock["on_hand"].to_list() == [5]
    (inbox / "stock-nyc.csv").unlink()
    assert take(inbox, book).inputs.stock["on_hand"].to_list() == [5]


def test_a_key_in_two_files_of_a_snapshot_is_rejected_in_the_second(inbox: Path, book: Book) -> None:
    kept = take(inbox, book).inputs.products
    (inbox / "products-more.csv").write_text(
        "sku,category,unit_cost_cents\n00000,other,1\nnew,other,1\n", encoding="utf-8"
    )
    loaded = take(inbox, book)
    assert loaded.inputs.products.height == kept.height + 1
    assert loaded.inputs.products.filter(sku="00000").equals(kept.filter(sku="00000"))
    found = loaded.rejects.select("source", "row", "column", "value").rows()
    assert found == [("products-more.csv", 1, "sku", "00000")]
    assert "products.csv" in loaded.rejects["reason"][0]


def test_suppliers_terms_and_routes_that_cannot_be_are_rejected_by_row_and_column(inbox: Path, book: Book) -> None:
    put(
        inbox,
        "suppliers.csv",
        "supplier_id,minimum_order_cents,budget_cents,lead_days_mean\nS1,5,,3\nS2,9,8,\nS3,,,-1\n",
    )
    put(inbox, "supply_terms.csv", "supplier_id,sku,pack_units\nS1,00001,0\nS1,00002,6\nS9,00003,1\n")
    put(
        inbox,
        "transfer_routes.csv",
        "from_warehouse_id,to_warehouse_id,cents_per_unit\nBER,NYC,7\nBER,BER,7\nBER,ROM,7\n",
    )
    loaded = take(inbox, book)
    assert loaded.inputs.suppliers.select("supplier_id", "order_cents", "lead_days_sd").rows() == [("S1", 0, 0.0)]
    assert loaded.inputs.supply_terms.select("sku", "pack_units", "preference").rows() == [("00002", 6, 0)]
    assert loaded.inputs.transfer_routes.select("to_warehouse_id", "is_open").rows() == [("NYC", True)]
    assert loaded.inputs.warehouses["transfer_capacity_units"].null_count() == loaded.inputs.warehouses.height
    found = set(loaded.rejects.select("table", "row", "column").rows())
    assert found == {
        ("suppliers", 2, "minimum_order_cents"),
        ("suppliers", 3, "lead_days_mean"),
        ("supply_terms", 1, "pack_units"),
        ("supply_terms", 3, "supplier_id"),
        ("transfer_routes", 2, "to_warehouse_id"),
        ("transfer_routes", 3, "to_warehouse_id"),
    }
    assert "not in table warehouses: add it there or correct it here" in loaded.rejects["reason"].to_list()


def test_a_supplier_in_a_currency_without_a_rate_is_rejected_by_row_and_column_until_it_has_one(
    inbox: Path, book: Book
) -> None:
    put(inbox, "suppliers.csv", "supplier_id,currency\nS1,EUR\nS2,\nS3,USD\nS4,usd\n")
    put(inbox, "supply_terms.csv", "supplier_id,sku\nS1,00001\nS2,00002\nS3,00003\n")
    loaded = take(inbox, book)
    assert loaded.inputs.suppliers.select("supplier_id", "currency").rows() == [("S1", "EUR"), ("S2", None)]
    found = loaded.rejects.select("table", "row", "column", "value").rows()
    assert ("suppliers", 3, "currency", "USD") in found
    assert ("suppliers", 4, "currency", "usd") in found
    assert ("supply_terms", 3, "supplier_id", "S3") in found
    assert "not in table exchange_rates: add it there or correct it here" in loaded.rejects["reason"].to_list()
    put(inbox, "exchange_rates.csv", "currency,valid_from,rate\nUSD,2026-01-01,0.9\nUSD,2026-02-01,0\n")
    loaded = take(inbox, book)
    assert loaded.inputs.suppliers["supplier_id"].to_list() == ["S1", "S2", "S3"]
    assert loaded.inputs.supply_terms["supplier_id"].to_list() == ["S1", "S2", "S3"]
    assert ("exchange_rates", 2, "rate") in loaded.rejects.select("table", "row", "column").rows()


def test_rows_that_refer_to_what_a_new_snapshot_dropped_are_rejected(inbox: Path, book: Book) -> None:
    assert take(inbox, book).inputs.locations.is_empty()
    put(
        inbox,
        "locations.csv",
        "warehouse_id,sku,aisle,position,side,level\nBER,00000,1,1,left,0\nBER,00001,1,2,left,0\n",
    )
    assert take(inbox, book).inputs.locations.height == 2
    products = pl.read_csv(inbox / "products.csv", infer_schema=False)
    products.filter(pl.col("sku") != "00000").write_csv(inbox / "products.csv")
    loaded = take(inbox, book, NEXT)
    assert loaded.inputs.locations["sku"].to_list() == ["00001"]
    assert "00000" not in loaded.inputs.stock["sku"]
    assert set(loaded.rejects["table"]) == {"locations", "stock", "inbound"} & set(loaded.rejects["table"])
    products.write_csv(inbox / "products.csv")
    assert take(inbox, book, NEXT).inputs.locations.height == 2


# ---- bad rows ------------------------------------------------------------------------------------------------------


def test_lines_of_rejected_orders_are_rejected_with_them(inbox: Path, book: Book) -> None:
    put(inbox, "orders-x.csv", ORDERS + order("BAD", placed="yesterday") + order("GOOD"))
    put(inbox, "order_lines-x.csv", LINES + "BAD,1,00000,1,1\nGOOD,1,00000,1,1\nNONE,1,00000,1,1\n")
    loaded = take(inbox, book)
    assert loaded.rejects.select("table", "key").rows() == [
        ("order_lines", "order_id=BAD; line_number=1"),
        ("order_lines", "order_id=NONE; line_number=1"),
        ("orders", "order_id=BAD"),
    ]
    assert loaded.inputs.order_lines.filter(order_id="GOOD").height == 1


def holds_of(loaded: Loaded) -> list[tuple[str, str]]:
    return loaded.book_holds.select("order_id", "reason").rows()


def test_an_order_with_a_rejected_line_is_held_until_that_very_line_is_good(inbox: Path, book: Book) -> None:
    put(inbox, "orders-x.csv", ORDERS + order("N1"))
    put(inbox, "order_lines-1.csv", LINES + " N1 ,1,00000,none,1\nN1,2,00001,1,1\n")
    loaded = take(inbox, book)
    assert holds_of(loaded) == [("N1", "line_rejected")]
    assert "order_lines-1.csv row 1: not a whole number" in loaded.book_holds["detail"][0]
    put(inbox, "order_lines-2.csv", LINES + "N1,2,00001,3,1\n")
    assert holds_of(take(inbox, book, NEXT)) == [("N1", "line_rejected")]
    put(inbox, "order_lines-3.csv", LINES + "N1,1,00000,2,1\n")
    assert holds_of(take(inbox, book, NEXT)) == []


def test_an_order_whose_line_number_was_lost_is_held_until_lines_of_it_come_again(inbox: Path, book: Book) -> None:
    put(inbox, "orders-x.csv", ORDERS + order("N1"))
    put(inbox, "order_lines-1.csv", LINES + "N1,1,00000,1,1\nN1")
    assert holds_of(take(inbox, book)) == [("N1", "line_rejected")]
    put(inbox, "order_lines-2.csv", LINES + "N1,1,00000,1,1\nN1,2,00001,1,1\n")
    assert holds_of(take(inbox, book)) == []


def test_an_order_whose_newest_row_is_bad_is_held_rather_than_shipped_as_it_was(inbox: Path, book: Book) -> None:
    put(inbox, "orders-1.csv", ORDERS + order("N1"))
    put(inbox, "order_lines-1.csv", LINES + "N1,1,00000,1,1\n")
    assert holds_of(take(inbox, book)) == []
    put(inbox, "orders-2.csv", ORDERS + order("N1", status="voided", cancelled="2026-11-20T12:00:00Z") + order("N2"))
    assert holds_of(take(inbox, book)) == [("N1", "order_rejected")]
    put(inbox, "orders-3.csv", ORDERS + order("N1", status="refunded", cancelled="2026-11-20T12:00:00Z"))
    assert holds_of(take(inbox, book)) == []


def test_rejects_of_a_run_that_failed_after_the_import_are_reported_by_the_next(inbox: Path, book: Book) -> None:
    put(inbox, "orders-x.csv", ORDERS + order("BAD", placed="soon") + order("GOOD"))
    take(inbox, book)
    later = take(inbox, book, NIGHT + timedelta(minutes=30))
    assert later.rejects["key"].to_list() == ["order_id=BAD"]
    publish(book, NIGHT + timedelta(minutes=30), "one", record())
    assert take(inbox, book, NIGHT + timedelta(minutes=30)).rejects.height == 1
    assert take(inbox, book, NEXT).rejects.is_empty()


# ---- refusals ------------------------------------------------------------------------------------------------------


def test_too_many_bad_rows_leave_the_book_untouched(inbox: Path, book: Book) -> None:
    take(inbox, book)
    before = contents(book)
    put(inbox, "orders-more.csv", ORDERS + order("FINE"))
    put(inbox, "stock.csv", "warehouse_id,sku,on_hand\nBER,00000,1\n" + "BER,00001,many\n" * 20)
    with pytest.raises(InputError, match="table stock: 20 of 21 rows are bad") as error:
        take(inbox, book)
    assert "stock.csv row 2, column on_hand, value 'many': not a whole number" in str(error.value)
    assert contents(book) == before
    loaded = take(inbox, book, tolerated_reject_share=1.0)
    assert loaded.rejects.height == 20
    assert loaded.inputs.orders.filter(order_id="FINE").height == 1


def test_the_share_is_counted_over_all_files_of_a_table_and_few_rows_are_forgiven(inbox: Path, book: Book) -> None:
    put(inbox, "orders-x.csv", ORDERS + order("A") + order("B", placed="?"))
    with pytest.raises(InputError, match="table orders: 1 of 8 rows are bad"):
        take(inbox, book, tolerated_reject_rows=0, tolerated_reject_share=0.1)
    assert take(inbox, book, tolerated_reject_rows=0, tolerated_reject_share=0.125).rejects.height == 1


def test_a_table_without_a_single_good_row_is_refused(inbox: Path, book: Book) -> None:
    put(inbox, "rates.csv", "service_id,zone,up_to_g,price_cents,valid_from\nECO,1,100,free,2025-01-01\n")
    with pytest.raises(InputError, match="table rates: 1 of 1 rows are bad"):
        take(inbox, book)


@pytest.mark.parametrize("table", [table.name for table in INPUTS if table.is_required])
def test_a_missing_required_table_is_named(inbox: Path, book: Book, table: str) -> None:
    (inbox / f"{table}.csv").unlink()
    with pytest.raises(InputError, match=f"no file for {table}\\b"):
        take(inbox, book)


def test_a_night_without_orders_is_a_valid_night(inbox: Path, book: Book) -> None:
    put(inbox, "orders.csv", ORDERS)
    put(inbox, "order_lines.csv", LINES)
    loaded = take(inbox, book)
    assert loaded.inputs.orders.is_empty()
    assert loaded.inputs.order_lines.is_empty()
    assert loaded.rejects.is_empty()


# ---- day two -------------------------------------------------------------------------------------------------------


def planned_lines(loaded: Loaded, take_units: int | None = None) -> pl.DataFrame:
    units = pl.col("quantity") if take_units is None else pl.min_horizontal("quantity", pl.lit(take_units))
    return loaded.inputs.order_lines.with_columns(units, pl.lit("BER").alias("warehouse_id"))


def test_what_a_night_planned_is_not_open_on_the_next(inbox: Path, book: Book) -> None:
    publish(book, NIGHT, "one", record(planned_lines(take(inbox, book))))
    second = take(inbox, book, NEXT)
    assert second.inputs.orders.is_empty()
    assert second.inputs.order_lines.is_empty()


def test_what_waits_stays_open_with_what_is_left(inbox: Path, book: Book) -> None:
    first = take(inbox, book)
    publish(book, NIGHT, "one", record(planned_lines(first, 1)))
    second = take(inbox, book, NEXT)
    left = first.inputs.order_lines.with_columns(pl.col("quantity") - 1).filter(pl.col("quantity") > 0)
    assert second.inputs.order_lines.equals(left)
    assert set(second.inputs.orders["order_id"]) == set(left["order_id"])


def test_a_run_again_of_the_same_night_takes_the_place_of_the_first(inbox: Path, book: Book) -> None:
    first = take(inbox, book)
    publish(book, NIGHT, "one", record(planned_lines(first)))
    again = take(inbox, book)
    assert again.inputs.orders.equals(first.inputs.orders)
    assert again.inputs.stock.equals(first.inputs.stock)
    publish(book, NIGHT, "two", record(planned_lines(again, 1)))
    left = first.inputs.order_lines.with_columns(pl.col("quantity") - 1).filter(pl.col("quantity") > 0)
    assert take(inbox, book, NEXT).inputs.order_lines.equals(left)


def test_promised_units_stay_reserved_until_newer_stock_arrives(inbox: Path, book: Book) -> None:
    first = take(inbox, book)
    planned = planned_lines(first)
    publish(book, NIGHT, "one", record(planned))
    promised = dict(planned.group_by("sku").agg(pl.col("quantity").sum()).rows())
    expected = [
        units + (promised.get(sku, 0) if warehouse == "BER" else 0)
        for warehouse, sku, units in first.inputs.stock.select("warehouse_id", "sku", "reserved").rows()
    ]
    assert take(inbox, book, NEXT).inputs.stock["reserved"].to_list() == expected
    # Products that change make the stock files be read again; the units they cannot know of stay reserved.
    put(inbox, "products-more.csv", "sku,category,unit_cost_cents\nnew,other,1\n")
    assert take(inbox, book, NEXT).inputs.stock["reserved"].to_list() == expected
    stock = pl.read_csv(inbox / "stock.csv", infer_schema=False)
    stock.with_columns(safety_stock=pl.lit("0")).write_csv(inbox / "stock.csv")
    newer = take(inbox, book, NEXT + timedelta(days=1))
    assert newer.inputs.stock["reserved"].to_list() == first.inputs.stock["reserved"].to_list()


def test_a_cancelled_order_is_reported_once(inbox: Path, book: Book) -> None:
    put(inbox, "orders-x.csv", ORDERS + order("GONE", cancelled="2026-11-20T11:00:00Z"))
    assert "GONE" in take(inbox, book).inputs.orders["order_id"]
    publish(book, NIGHT, "one", record(states=[("GONE", "cancelled")]))
    assert "GONE" not in take(inbox, book, NEXT).inputs.orders["order_id"]


def test_an_earlier_night_than_the_latest_published_is_refused(inbox: Path, book: Book) -> None:
    publish(book, NIGHT, "one", record(planned_lines(take(inbox, book))))
    before = contents(book)
    put(inbox, "orders-x.csv", ORDERS + order("NEW"))
    with pytest.raises(UsageError, match="lies before the latest published one, 2026-11-20T18:00Z"):
        take(inbox, book, NIGHT - timedelta(hours=1))
    assert contents(book) == before


@pytest.mark.parametrize("order_id", ["O000-again", "A"])
def test_the_twin_of_a_planned_order_is_held_on_later_nights_too(
    inbox: Path, book: Book, tables: Tables, order_id: str
) -> None:
    publish(book, NIGHT, "one", record(planned_lines(take(inbox, book))))
    twin = tables["orders"].filter(order_id="O000").with_columns(order_id=pl.lit(order_id))
    lines = tables["order_lines"].filter(order_id="O000").with_columns(order_id=pl.lit(order_id))
    twin.write_parquet(inbox / "orders-x.parquet")
    lines.write_parquet(inbox / "order_lines-x.parquet")
    loaded = take(inbox, book, NEXT)
    assert holds_of(loaded) == [(order_id, "duplicate")]
    assert "order O000;" in loaded.book_holds["detail"][0]
