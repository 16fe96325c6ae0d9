from __future__ import annotations

import csv
import io
import random
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contracts import TABLES
from engine.errors import InputError
from engine.reading.csv_shape import has_plain_lines, is_regular, is_regularly_quoted
from engine.reading.files import (
    ROW,
    RawFile,
    _read_columns,
    _read_row_by_row,
    files_of,
    fingerprint,
    read_raw,
)

LINES = TABLES["order_lines"]
HEADER = ["order_id", "line_number", "sku", "quantity", "unit_price_cents"]
ROWS = [
    ["O1", "1", "00123", "2", "1999"],
    ["O1", "2", "Ünïcødé 漢字 🎁", "1", "5"],
    ["O2", "1", "c", "3", ""],
]


def text_of(rows: list[list[str]], delimiter: str = ",", end: str = "\n") -> str:
    return "".join(delimiter.join(row) + end for row in [HEADER, *rows])


def read(folder: Path, content: str | bytes, name: str = "order_lines.csv") -> RawFile:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_raw(path, LINES)


def cells(raw: RawFile) -> list[tuple[str | None, ...]]:
    return raw.frame.select(HEADER).rows()


EXPECTED = [tuple(value or None for value in row) for row in ROWS]
QUOTED = "".join(",".join(f'"{value}"' for value in row) + "\r\n" for row in [HEADER, *ROWS])
DIALECTS = {
    "plain": text_of(ROWS).encode(),
    "byte order mark": b"\xef\xbb\xbf" + text_of(ROWS).encode(),
    "windows line ends": text_of(ROWS, end="\r\n").encode(),
    "old line ends": text_of(ROWS, end="\r").encode(),
    "semicolons": text_of(ROWS, ";").encode(),
    "tabs": text_of(ROWS, "\t").encode(),
    "blank lines": ("\n\n" + text_of(ROWS).replace("\n", "\n\n") + "  \n").encode(),
    "everything quoted": QUOTED.encode(),
    "blanks around names": text_of(ROWS).replace("sku,", " sku ,", 1).encode(),
    "a column more": text_of(ROWS).replace("\n", ",more\n").encode(),
    "a column named as the row number": text_of(ROWS).replace("\n", ",_row\n").encode(),
    "two columns without a name": text_of(ROWS).replace("\n", ",,\n").encode(),
}


@pytest.mark.parametrize("content", DIALECTS.values(), ids=DIALECTS)
def test_every_dialect_of_csv_gives_the_same_rows(tmp_path: Path, content: bytes) -> None:
    raw = read(tmp_path, content)
    assert cells(raw) == EXPECTED
    assert raw.frame[ROW].to_list() == [1, 2, 3]
    assert raw.broken.is_empty()
    assert raw.num_rows == 3


def test_parquet_gives_the_same_rows_as_csv(tmp_path: Path) -> None:
    pl.DataFrame(EXPECTED, schema=HEADER, orient="row").write_parquet(tmp_path / "order_lines.parquet")
    assert read_raw(tmp_path / "order_lines.parquet", LINES).frame.equals(read(tmp_path, text_of(ROWS)).frame)


values = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\r\n\x00"), max_size=8)


@given(rows=st.lists(st.tuples(*[values] * 5), max_size=6), delimiter=st.sampled_from(",;\t"))
@settings(max_examples=60, deadline=None)
def test_what_a_csv_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], delimiter: str
) -> None:
    rows = [("O", *row[1:]) for row in rows]
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter).writerows([HEADER, *rows])
    raw = read(tmp_path_factory.mktemp("inbox"), buffer.getvalue())
    assert cells(raw) == [tuple(value or None for value in row) for row in rows]


pieces_of_csv = st.lists(
    st.sampled_from(['"', '""', ",", "\n", "\r\n", "a", " ", "O1", "ü", '"b"', ',"c,d",']), max_size=30
)


@given(content=pieces_of_csv)
@settings(max_examples=300, deadline=None)
def test_reading_columns_and_reading_row_by_row_agree_on_whatever_stands_in_the_file(content: list[str]) -> None:
    """The columnar reader is asked only where both give the same rows."""
    for text in (",".join(HEADER) + "\n" + "".join(content) + "\n", QUOTED + "".join(content) + "\r\n"):
        data = text.encode()
        if not has_plain_lines(data) or not (is_regular(data, ",") or is_regularly_quoted(data, ",")):
            continue
        slow = _read_row_by_row("f.csv", data, ",", LINES)
        fast = _read_columns("f.csv", data, ",", LINES, quote='"' if '"' in text else None)
        assert slow.broken.is_empty()
        assert fast.frame.select(slow.frame.columns).rows() == slow.frame.rows()
        assert fast.num_rows == slow.num_rows


def test_a_quoted_file_is_read_by_columns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object) -> RawFile:
        raise AssertionError("read row by row")

    monkeypatch.setattr("engine.reading.files._read_row_by_row", refuse)
    text = QUOTED.replace('"c"', '"c, ""d"""')
    assert cells(read(tmp_path, text))[2][2] == 'c, "d"'


@pytest.mark.parametrize("quoted", [False, True])
def test_a_file_cut_anywhere_gives_its_whole_rows_and_sets_the_cut_one_apart(tmp_path: Path, quoted: bool) -> None:
    text = QUOTED.replace("\r\n", "\n") if quoted else text_of(ROWS)
    content = text.encode()
    after_header = content.index(b"\n") + 1
    for cut in range(after_header, len(content)):
        part = content[:cut]
        whole = part.count(b"\n") - 1
        raw = read(tmp_path, part)
        has_begun = not part.endswith(b"\n")
        assert cells(raw) == EXPECTED[:whole], part
        assert raw.broken.height == has_begun, part
        assert raw.num_rows == whole + has_begun
        if has_begun:
            assert "cut short" in raw.broken["reason"][0]


@pytest.mark.parametrize(
    ("begun", "key"),
    [
        ("O1", "order_id=O11"),
        ("O", "order_id=O11"),
        ("X", None),
        ("O11,1", "order_id=O11"),
        ("O11,12,ab", "order_id=O11; line_number=12"),
        ("O11,12,ab,1,9", "order_id=O11; line_number=12"),
    ],
)
def test_the_key_of_a_cut_row_is_read_as_far_as_it_is_whole(tmp_path: Path, begun: str, key: str | None) -> None:
    raw = read(tmp_path, text_of([["O11", "11", "a", "1", "1"]]) + begun)
    assert raw.broken["key"].to_list() == [key]


@pytest.mark.parametrize("seed", range(25))
def test_a_stray_quotation_mark_costs_its_own_row_only(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    rows = [[f"O{number}", "1", f"sku {number}", "1", "100"] for number in range(12)]
    hit = sorted(rng.sample(range(len(rows)), rng.randint(1, 2)))
    stray = [list(row) for row in rows]
    for number in hit:
        at = rng.randrange(5)
        stray[number][at] = '"' + stray[number][at]
    raw = read(tmp_path, text_of(stray))
    assert raw.num_rows == len(rows)
    assert raw.broken[ROW].to_list() == [number + 1 for number in hit] or raw.broken.height == 1
    kept = {row[0]: list(row) for row in cells(raw)}
    untouched = [row for number, row in enumerate(rows) if number not in hit]
    assert [kept[row[0]] for row in untouched] == untouched
    keys = raw.broken["key"].str.extract("order_id=(O[0-9]+)").to_list()
    assert set(keys) <= {f"O{number}" for number in hit}


def test_a_stray_quotation_mark_of_a_long_file_costs_its_own_row_only(tmp_path: Path) -> None:
    rows = [[f"O{number}", "1", "a long enough article name", "1", "100"] for number in range(4_000)]
    stray = [["O", "1", '"oops', "1", "100"], *rows]
    raw = read(tmp_path, text_of(stray))
    assert raw.broken[ROW].to_list() == [1]
    assert raw.frame.height == len(rows)


def test_quoted_values_of_other_columns_may_hold_line_breaks(tmp_path: Path) -> None:
    header = ",".join([*HEADER, "gift message"])
    raw = read(tmp_path, f'{header}\nO1,1,a,1,1,"Dear,\n""you""\nand me"\nO2,1,b,1,1,\n')
    assert raw.frame["order_id"].to_list() == ["O1", "O2"]
    assert raw.broken.is_empty()


def test_rows_with_too_few_or_too_many_values_are_set_apart(tmp_path: Path) -> None:
    raw = read(tmp_path, text_of(ROWS) + "O3,1,a\nO4,1,a,b,1,1\nO5,1,a,1,1\n")
    assert [row[0] for row in cells(raw)] == ["O1", "O1", "O2", "O5"]
    assert raw.broken[ROW].to_list() == [4, 5]
    assert raw.broken["key"].to_list() == ["order_id=O3; line_number=1", "order_id=O4; line_number=1"]
    assert raw.broken["reason"].str.contains("values where the header names 5").all()


def test_a_row_in_another_encoding_is_set_apart(tmp_path: Path) -> None:
    raw = read(tmp_path, text_of(ROWS).encode() + "O3,1,café,1,1\n".encode("latin-1"))
    assert raw.broken[ROW].to_list() == [4]
    assert "UTF-8" in raw.broken["reason"][0]
    assert raw.frame.height == 3


BAD_HEADERS = {
    "missing": (b"order_id,line_number,sku\n", "columns quantity, unit_price_cents missing. Found: order_id, line_num"),
    "twice": (b"sku," + text_of([]).encode(), "column sku stands twice"),
    "twice, with quotes": (b'"sku",' + text_of([]).encode(), "column sku stands twice"),
    "latin-1": (("preis €," + text_of([])).encode("cp1252"), "UTF-8"),
    "utf-16": (text_of(ROWS).encode("utf-16"), "UTF-8"),
    "empty": (b"", "empty"),
    "blank": (b"\xef\xbb\xbf\n\n", "empty"),
}


@pytest.mark.parametrize(("content", "message"), BAD_HEADERS.values(), ids=BAD_HEADERS)
def test_a_file_without_usable_column_names_is_refused_by_name(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=r"order_lines\.csv") as error:
        read(tmp_path, content)
    assert message in str(error.value)


def test_a_file_of_column_names_only_has_no_rows(tmp_path: Path) -> None:
    for content in (text_of([]), ",".join(HEADER), QUOTED.split("\r\n", maxsplit=1)[0] + "\r\n"):
        raw = read(tmp_path, content)
        assert raw.num_rows == raw.frame.height == 0
        assert set(raw.frame.columns) == {*HEADER, ROW}


def test_a_parquet_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = tmp_path / "whole.parquet"
    pl.DataFrame(EXPECTED * 50, schema=HEADER, orient="row").write_parquet(whole)
    content = whole.read_bytes()
    for cut in (0, 3, 20, len(content) // 2, len(content) - 9, len(content) - 1):
        with pytest.raises(InputError, match=r"order_lines.parquet cannot be read.*export it again"):
            read(tmp_path, content[:cut], "order_lines.parquet")


def test_a_parquet_file_with_a_column_twice_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [*HEADER, "sku"]
    pq.write_table(pa.table([["1"]] * 6, names=names), tmp_path / "order_lines.parquet")
    with pytest.raises(InputError, match="sku stands twice"):
        read_raw(tmp_path / "order_lines.parquet", LINES)


@pytest.mark.parametrize("dtype", [pl.Datetime("us"), pl.Datetime("us", "UTC"), pl.Datetime("ms"), pl.Date()])
def test_instants_outside_the_calendar_become_text(tmp_path: Path, dtype: pl.DataType) -> None:
    physical = pl.Int32 if dtype == pl.Date() else pl.Int64
    last = 2**31 - 1 if dtype == pl.Date() else 2**63 - 1
    zone = UTC if getattr(dtype, "time_zone", None) else None
    good = date(2026, 11, 22) if dtype == pl.Date() else datetime(2026, 11, 22, 21, 30, 0, 5000, tzinfo=zone)
    days = pl.concat([pl.Series([last, -last], dtype=physical).cast(dtype), pl.Series([good, None], dtype=dtype)])
    frame = pl.DataFrame({"order_id": ["a", "b", "c", "d"], "placed_at": days}).with_columns(
        channel=pl.lit("x"), payment_status=pl.lit("paid"), service_level=pl.lit("economy"), ship_country=pl.lit("DE")
    )
    frame = frame.with_columns(ship_postcode=pl.lit("1"), currency=pl.lit("EUR"))
    frame.write_parquet(tmp_path / "orders.parquet")
    read_back = read_raw(tmp_path / "orders.parquet", TABLES["orders"]).frame["placed_at"].to_list()
    assert read_back[:2] == [str(last), str(-last)]
    assert read_back[2].startswith("2026-11-22")
    assert read_back[3] is None


def test_the_files_of_a_table_are_found_by_their_names(tmp_path: Path) -> None:
    ours = ["stock.CSV", "stock.csv", "stock-a.csv", "stock.2026-11-22.parquet"]
    for name in [*ours, "stock_movements.csv", "stocks.csv", "stock.csv.tmp", "stock.xlsx"]:
        (tmp_path / name).touch()
    assert [path.name for path in files_of(tmp_path, TABLES["stock"])] == ours
    assert files_of(tmp_path / "nowhere", TABLES["stock"]) == []


def test_what_cannot_be_opened_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "orders.csv").mkdir()
    (tmp_path / "stock.csv").symlink_to(tmp_path / "gone.csv")
    for name in ("orders.csv", "stock.csv"):
        assert files_of(tmp_path, TABLES[name.removesuffix(".csv")]) == [tmp_path / name]
        with pytest.raises(InputError, match=f"{name} cannot be read"):
            fingerprint(tmp_path / name)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"zones.csv cannot be read: Permission denied"):
        fingerprint(tmp_path / "zones.csv")
