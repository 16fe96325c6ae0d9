from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contracts import TABLES
from engine.contracts.outputs import REJECTS
from engine.contracts.schema import time_zones
from engine.errors import InputError
from engine.reading.files import ROW, RawFile
from engine.reading.validation import Checked, check_file, reject_orphans, reject_repeats

LINES = TABLES["order_lines"]
NO_BROKEN = pl.DataFrame(schema={ROW: pl.Int64, "key": pl.String, "value": pl.String, "reason": pl.String})


def raw(frame: pl.DataFrame, source: str = "file.csv") -> RawFile:
    numbered = frame.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(ROW))
    return RawFile(source, numbered, NO_BROKEN, frame.height)


def check(table: str, clock: str = "UTC", /, **columns: object) -> Checked:
    return check_file(raw(pl.DataFrame(columns)), TABLES[table], clock)


def lines(**changes: object) -> dict[str, object]:
    good: dict[str, object] = {"order_id": "O1", "line_number": "1", "sku": "a", "quantity": "2"}
    return good | {"unit_price_cents": "100"} | changes


def order(**changes: object) -> dict[str, object]:
    good: dict[str, object] = {"order_id": "O1", "channel": "web", "placed_at": "2026-11-22T21:30:00Z"}
    good |= {"payment_status": "paid", "service_level": "economy", "ship_country": "FR", "ship_postcode": "75001"}
    return good | {"currency": "EUR"} | changes


cell = st.sampled_from(
    ["", " ", "1", " 2 ", "0", "-3", "2.0", "2.5", "1e3", "nan", "inf", "abc", "\uff11", "9" * 30, "O1", "é🎁"]
)


def is_whole(text: str, low: int, high: int) -> bool:
    return (
        re.fullmatch(r"\+?-?[0-9]+(\.0*)?", text, re.ASCII) is not None and low <= int(text.partition(".")[0]) <= high
    )


@given(rows=st.lists(st.tuples(*[cell] * 5), min_size=1, max_size=12))
@settings(max_examples=80, deadline=None)
def test_every_row_is_either_good_or_rejected_with_a_reason_for_every_fault(rows: list[tuple[str, ...]]) -> None:
    frame = pl.DataFrame(rows, schema=[column.name for column in LINES.columns[:5]], orient="row")
    checked = check_file(raw(frame), LINES, "UTC")
    good, rejected = set(checked.frame[ROW]), set(checked.rejects["row"])
    assert good | rejected == set(range(1, len(rows) + 1))
    assert not good & rejected
    assert set(checked.bad[ROW]) == rejected
    assert checked.frame.drop(ROW).schema == LINES.schema
    limits = {"line_number": (0, 100_000), "quantity": (1, 1_000_000), "unit_price_cents": (0, 10**10)}
    seen: set[tuple[str, int]] = set()
    for number, row in enumerate(frame.iter_rows(named=True), start=1):
        stripped = {name: value.strip() for name, value in row.items()}
        bad = {name for name, value in stripped.items() if not value}
        bad |= {name for name, limit in limits.items() if not is_whole(stripped[name], *limit)}
        if not bad:
            key = (stripped["order_id"], int(stripped["line_number"].partition(".")[0]))
            bad = {"order_id, line_number"} if key in seen else set()
            seen.add(key)
        reasons = checked.rejects.filter(pl.col("row") == number)
        assert set(reasons["column"]) == bad
        for found in reasons.iter_rows(named=True):
            written = ", ".join(row[name] for name in found["column"].split(", "))
            assert (found["value"] or "") == written
            assert found["table"] == "order_lines"
            assert found["source"] == "file.csv"
            assert found["reason"]


@given(rows=st.lists(st.tuples(*[cell] * 5), min_size=1, max_size=12), seed=st.integers(0, 9))
@settings(max_examples=30, deadline=None)
def test_the_order_of_rows_decides_only_which_of_two_equal_keys_is_kept(rows: list[tuple[str, ...]], seed: int) -> None:
    frame = raw(pl.DataFrame(rows, schema=[column.name for column in LINES.columns[:5]], orient="row")).frame
    frame = frame.filter(pl.struct("order_id", "line_number").is_first_distinct())
    shuffled = frame.sample(fraction=1, shuffle=True, seed=seed)
    one, other = (check_file(RawFile("f", part, NO_BROKEN, len(rows)), LINES, "UTC") for part in (frame, shuffled))
    repeated = [checked.rejects["reason"].str.contains("stands in the file").any() for checked in (one, other)]
    assert repeated[0] == repeated[1]
    if not repeated[0]:
        assert one.frame.sort(ROW).equals(other.frame.sort(ROW))
        assert one.rejects.equals(other.rejects)


def test_typed_columns_mean_the_same_as_text() -> None:
    moment = datetime(2026, 11, 22, 21, 30, 0, 123456, tzinfo=UTC)
    typed = pl.DataFrame(
        order(placed_at=moment, ship_latitude=48.5, priority=3, max_shipments=2.0)
        | {"promised_by": datetime(2026, 11, 25, 12), "cancelled_at": date(2026, 11, 23)}  # noqa: DTZ001 - local time
    ).with_columns(pl.col("payment_status", "ship_country").cast(pl.Categorical))
    text = order(placed_at="2026-11-22 21:30:00.123456Z", ship_latitude="48.5", priority="3", max_shipments="2.0")
    text |= {"promised_by": "2026-11-25 12:00", "cancelled_at": "2026-11-23"}
    checked = [check_file(raw(frame), TABLES["orders"], "Europe/Paris") for frame in (typed, pl.DataFrame(text))]
    assert checked[0].frame.height == 1
    assert checked[0].frame.equals(checked[1].frame)
    assert checked[0].frame["promised_by"][0] == datetime(2026, 11, 25, 11, tzinfo=UTC)


BAD_VALUES = [
    ("order_lines", "quantity", "0", "less than 1"),
    ("order_lines", "quantity", "-4", "less than 1"),
    ("order_lines", "quantity", "1000001", "more than 1000000,"),
    ("order_lines", "quantity", "9" * 40, "too large"),
    ("order_lines", "quantity", "NaN", "not a whole number"),
    ("order_lines", "quantity", "1.5", "not a whole number"),
    ("order_lines", "quantity", "1,5", "not a whole number"),
    ("order_lines", "quantity", "٣", "not a whole number"),
    ("order_lines", "quantity", "", "missing"),
    ("order_lines", "quantity", float("nan"), "not a whole number"),
    ("order_lines", "quantity", float("inf"), "not a whole number"),
    ("order_lines", "quantity", 1.5, "not a whole number"),
    ("order_lines", "sku", "a\nb", "line break"),
    ("order_lines", "sku", "  ", "missing"),
    ("orders", "placed_at", "2026-03-29T02:30:00", "does not exist in Europe/Paris"),
    ("orders", "placed_at", datetime(2026, 3, 29, 2, 30), "does not exist in Europe/Paris"),  # noqa: DTZ001
    ("orders", "placed_at", "1800-01-01T00:00:00Z", "outside the years"),
    ("orders", "placed_at", "9999-01-01", "outside the years"),
    ("orders", "placed_at", "22/11/2026", "not a time"),
    ("orders", "placed_at", "2026-02-30", "not a time"),
    ("orders", "placed_at", "2026-11-22T24:00:00Z", "not a time"),
    ("orders", "placed_at", "2026-11-22T23:59:60Z", "not a time"),
    ("orders", "placed_at", "2026-11-22T21:30:00+25:00", "not a time"),
    ("orders", "payment_status", "voided", "not one of paid, authorized"),
    ("orders", "ship_country", "France", "does not look like"),
    ("orders", "ship_country", "fr", "does not look like"),
    ("orders", "ship_latitude", "90.5", "more than 90"),
    ("orders", "ship_latitude", "nan", "not a finite number"),
    ("orders", "ship_latitude", float("-inf"), "not a finite number"),
    ("orders", "ship_latitude", "north", "not a number"),
    ("orders", "priority", "high", "not a whole number"),
]


@pytest.mark.parametrize(("table", "column", "value", "reason"), BAD_VALUES)
def test_a_bad_value_is_named_with_its_reason(table: str, column: str, value: object, reason: str) -> None:
    row = lines() if table == "order_lines" else order()
    checked = check(table, "Europe/Paris", **row | {column: [value]})
    assert checked.frame.is_empty()
    found = checked.rejects.filter(pl.col("column") == column)
    assert found["row"].to_list() == [1]
    assert reason in " and ".join(found["reason"])
    assert found["value"][0] is not None
    assert found["key"][0].startswith("order_id=O1")


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-11-22", datetime(2026, 11, 21, 23, tzinfo=UTC)),
        ("2026-11-22 21:30", datetime(2026, 11, 22, 20, 30, tzinfo=UTC)),
        ("2026-11-22T21:30:00.5", datetime(2026, 11, 22, 20, 30, 0, 500_000, tzinfo=UTC)),
        ("2026-11-22T21:30:00,123456789Z", datetime(2026, 11, 22, 21, 30, 0, 123_456, tzinfo=UTC)),
        ("2026-11-22 21:30:00 +0530", datetime(2026, 11, 22, 16, 0, tzinfo=UTC)),
        ("2026-11-22 21:30:00-03:00", datetime(2026, 11, 23, 0, 30, tzinfo=UTC)),
        ("2026-11-22 21:30:00+00", datetime(2026, 11, 22, 21, 30, tzinfo=UTC)),
        ("2026-11-22 21:30:00 UTC", datetime(2026, 11, 22, 21, 30, tzinfo=UTC)),
        ("2026-10-25T02:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-03-29T02:30:00+01:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
    ],
)
def test_instants_are_read_with_their_offset_or_in_the_zone_of_the_workspace(written: str, instant: datetime) -> None:
    assert check("orders", "Europe/Paris", **order(placed_at=[written])).frame["placed_at"].to_list() == [instant]


@given(moment=st.datetimes(datetime(1990, 1, 2), datetime(2100, 12, 30)), minutes=st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
@settings(max_examples=40, deadline=None)
def test_an_instant_written_by_the_standard_library_is_read_back(moment: datetime, minutes: int) -> None:
    from datetime import timezone

    written = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert check("orders", **order(placed_at=[written.isoformat()])).frame["placed_at"].to_list() == [written]


@pytest.mark.parametrize(
    ("written", "flag"), [("TRUE", True), ("yes", True), ("1", True), ("f", False), ("No", False), ("", False)]
)
def test_flags_are_read_as_people_write_them(written: str, flag: bool) -> None:
    product = {"sku": "a", "category": "c", "unit_cost_cents": "1", "keep_upright": [written]}
    assert check("products", **product).frame["keep_upright"].to_list() == [flag]


def test_absent_values_and_columns_mean_their_default() -> None:
    stock = {"warehouse_id": ["w", "w"], "sku": ["a", "b"], "on_hand": [5, 6], "reserved": ["", None]}
    frame = check("stock", **stock).frame
    assert frame["reserved"].to_list() == frame["safety_stock"].to_list() == [0, 0]


def test_an_article_number_with_leading_zeros_stays_text_and_as_a_number_is_refused() -> None:
    assert check("order_lines", **lines(sku=["00123"])).frame["sku"].to_list() == ["00123"]
    with pytest.raises(InputError, match=r"file\.csv: column sku is of type Int64.*00123 stays 00123"):
        check("order_lines", **lines(sku=[123]))


def test_a_column_of_the_wrong_type_is_refused_by_name() -> None:
    for value in ([["a"]], [{"a": 1}], [b"a"]):
        with pytest.raises(InputError, match=r"file\.csv: column sku is of type"):
            check("order_lines", **lines(sku=value))
    with pytest.raises(InputError, match=r"column quantity is of type Boolean; integer is needed"):
        check("order_lines", **lines(quantity=[True]))
    with pytest.raises(InputError, match=r"column cutoff is of type Int64; local time is needed"):
        check_file(raw(pl.DataFrame({"cutoff": [17]})), TABLES["warehouses"], "UTC")


def test_a_rule_over_two_columns_names_the_column_to_correct() -> None:
    rate = {"service_id": "s", "zone": "1", "up_to_g": "5", "price_cents": "9", "valid_from": "2026-02-01"}
    found = check("rates", **rate | {"valid_to": ["2026-01-31"]}).rejects
    assert found.select("column", "value", "reason").rows() == [
        ("valid_to", "2026-01-31", "valid_to lies before valid_from")
    ]


def test_a_row_carries_the_reason_of_every_fault_orphaned_references_included() -> None:
    columns = {"warehouse_id": ["w", "x", "x"], "sku": ["a", "b", "b"], "on_hand": ["1", "1", "many"]}
    checked = check("stock", **columns)
    known = {"warehouses": pl.DataFrame({"warehouse_id": ["w"]}), "products": pl.DataFrame({"sku": ["a"]})}
    judged = reject_orphans(checked, TABLES["stock"], "file.csv", known)
    assert judged.frame["sku"].to_list() == ["a"]
    assert sorted(judged.rejects.select("row", "column").rows()) == [
        (2, "sku"),
        (2, "warehouse_id"),
        (3, "on_hand"),
        (3, "sku"),
        (3, "warehouse_id"),
    ]
    assert judged.rejects.schema == REJECTS.schema


def test_a_reference_into_a_table_without_rows_says_that_it_has_none() -> None:
    checked = check("stock", warehouse_id=["w"], sku=["a"], on_hand=[1])
    known = {"warehouses": TABLES["warehouses"].empty(), "products": pl.DataFrame({"sku": ["a"]})}
    judged = reject_orphans(checked, TABLES["stock"], "file.csv", known)
    assert judged.rejects["reason"].to_list() == [
        "not in table warehouses, which has no good row: add it there or correct it here"
    ]


def test_a_key_of_another_file_is_set_apart_with_that_files_name() -> None:
    first = check("stock", warehouse_id=["w"], sku=["a"], on_hand=[1])
    second = check("stock", warehouse_id=["w", "w"], sku=["a", "b"], on_hand=[2, 3])
    judged = reject_repeats(second, TABLES["stock"], "b.csv", {"a.csv": first.frame})
    assert judged.frame["sku"].to_list() == ["b"]
    assert judged.rejects["value"].to_list() == ["w, a"]
    assert "stands in a.csv already" in judged.rejects["reason"][0]


def test_every_time_zone_that_is_allowed_can_be_computed_with() -> None:
    moment = pl.Series([datetime(2026, 7, 1, 12, tzinfo=UTC)])
    for zone in time_zones():
        moment.dt.convert_time_zone(zone)
    place = {"warehouse_id": "w", "country": "FR", "postcode": "1", "latitude": 1.0, "longitude": 1.0}
    place |= {"timezone": ["localtime", "Europe/Paris"], "cutoff": time(17), "handling_cents_per_shipment": 1}
    checked = check("warehouses", **place | {"pick_cents_per_unit": 1, "warehouse_id": ["w", "x"]})
    assert checked.rejects["value"].to_list() == ["localtime"]
    assert checked.frame["warehouse_id"].to_list() == ["x"]


def test_an_empty_file_of_any_table_is_an_empty_table(tmp_path: Path) -> None:
    for table in TABLES.values():
        checked = check_file(raw(pl.DataFrame(schema=dict.fromkeys(table.schema, pl.String))), table, "UTC")
        assert checked.frame.drop(ROW).equals(table.empty())
        assert checked.rejects.equals(REJECTS.empty())
