"""Files to raw frames: every value as it stood, every row with its number, every broken row kept apart."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from engine.contracts import INPUTS, Table
from engine.errors import InputError
from engine.reading.csv_shape import has_plain_lines, is_regular, is_regularly_quoted, is_utf8

ROW: Final = "_row"
SUFFIXES: Final = (".csv", ".parquet")
_DELIMITERS: Final = (",", ";", "\t")
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_DAYS: Final = ((date(1, 1, 1) - date(1970, 1, 1)).days, (date(9999, 12, 31) - date(1970, 1, 1)).days)
"""The days a calendar can name; a typed file can hold others, on which date arithmetic fails."""
_TICKS_A_DAY: Final = {"ms": 86_400 * 10**3, "us": 86_400 * 10**6, "ns": 86_400 * 10**9}


@dataclass(frozen=True)
class RawFile:
    """A file as it stood.

    Parameters
    ----------
    source
        File name, as reported to people.
    frame
        The contract's columns that the file has, and `_row`: the row's number, the first row of data is 1.
    broken
        Rows that could not be split into values: `_row`, `key` as far as it could be read, `value`, `reason`.
    num_rows
        Rows of data in the file, broken ones included.
    """

    source: str
    frame: pl.DataFrame
    broken: pl.DataFrame
    num_rows: int


def files_of(inbox: Path, table: Table) -> list[Path]:
    """List the files of a table by name, the plain one first: `orders.csv`, `orders-shop.csv`, `orders.2026-11-22.parquet`."""
    if not inbox.is_dir():
        return []
    found = (
        path
        for path in inbox.iterdir()
        if path.suffix.lower() in SUFFIXES
        and (path.stem == table.name or path.stem.startswith((f"{table.name}.", f"{table.name}-")))
    )
    return sorted(found, key=lambda path: (path.stem != table.name, path.name))


def fingerprint(path: Path) -> str:
    """Give the SHA-256 of a file's bytes.

    Raises
    ------
    InputError
        When the file cannot be read.
    """
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            f"{path.name} cannot be read: {error.strerror}. Put a file there that this user may read."
        ) from error


def unclaimed_files(inbox: Path) -> list[str]:
    """Name the files of the inbox that belong to no table, so that a misspelt name is not passed over in silence."""
    if not inbox.is_dir():
        return []
    claimed = {path for table in INPUTS for path in files_of(inbox, table)}
    return sorted(path.name for path in inbox.iterdir() if path not in claimed and not path.name.startswith("."))


def read_raw(path: Path, table: Table) -> RawFile:
    """Read a file without judging its values.

    Raises
    ------
    InputError
        When the file cannot be read at all or lacks a column that the table requires.
    """
    try:
        raw = _read_parquet(path, table) if path.suffix.lower() == ".parquet" else _read_csv(path, table)
    except (OSError, pa.ArrowException, pl.exceptions.PolarsError, csv.Error) as error:
        raise InputError(
            f"{path.name} cannot be read: {_first_line(error)}. It may be cut short or damaged: export it again."
        ) from error
    return raw


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _known_columns(source: str, header: Sequence[str], table: Table) -> list[str]:
    """Give the contract's columns that the header has, once none is missing and none stands twice."""
    known = [column.name for column in table.columns if column.name in header]
    repeated = [name for name, times in Counter(header).items() if times > 1 and name in known]
    if repeated:
        raise InputError(f"{source}: column {repeated[0]} stands twice in the header. Keep one of them.")
    missing = [column.name for column in table.columns if column.name not in known and not column.may_be_absent]
    if missing:
        raise InputError(
            f"{source}: column{'s' if len(missing) > 1 else ''} {', '.join(missing)} missing. "
            f"Found: {', '.join(filter(None, header)) or 'none'}. "
            f"Name the columns of table {table.name} as docs/tables.md lists them."
        )
    return known


def _broken(rows: list[tuple[int, str | None, str, str]]) -> pl.DataFrame:
    return pl.DataFrame(
        rows, schema={ROW: pl.Int64, "key": pl.String, "value": pl.String, "reason": pl.String}, orient="row"
    )


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_row_index(ROW, 1).with_columns(pl.col(ROW).cast(pl.Int64))


def _read_parquet(path: Path, table: Table) -> RawFile:
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        known = _known_columns(path.name, file.schema_arrow.names, table)
        frame = pl.from_arrow(file.read(columns=known))
    assert isinstance(frame, pl.DataFrame)
    frame = frame.select(*known).with_columns(_calendar_or_text(frame[name]) for name in known)
    return RawFile(path.name, _numbered(frame), _broken([]), frame.height)


def _calendar_or_text(values: pl.Series) -> pl.Series:
    """Give days and instants as they are, or as text where one lies outside the calendar: no operation on such a value returns."""
    dtype = values.dtype
    if not isinstance(dtype, pl.Date | pl.Datetime):
        return values
    ticks_a_day = _TICKS_A_DAY[dtype.time_unit] if isinstance(dtype, pl.Datetime) else 1
    ticks = values.to_physical()
    days = ticks // ticks_a_day
    is_named = (days > _DAYS[0]) & (days < _DAYS[1])
    if is_named.fill_null(value=True).all():
        return values
    named = values.set(~is_named, None)
    if isinstance(dtype, pl.Date):
        text = named.dt.to_string("%Y-%m-%d")
    elif dtype.time_zone:
        text = named.dt.convert_time_zone("UTC").dt.to_string("%Y-%m-%dT%H:%M:%S%.9fZ")
    else:
        text = named.dt.to_string("%Y-%m-%dT%H:%M:%S%.9f")
    return text.zip_with(is_named.fill_null(value=True), ticks.cast(pl.String))


def _read_csv(path: Path, table: Table) -> RawFile:
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if not content.strip():
        raise InputError(f"{path.name} is empty: not even a line of column names. Export it again.")
    first_line = re.split(rb"[\r\n]", content, maxsplit=1)[0]
    if first_line.startswith(_UTF16_MARKS) or not is_utf8(first_line):
        raise InputError(f"{path.name}: the column names are not UTF-8 text. Export the file as UTF-8.")
    delimiter = _delimiter(first_line)
    if not has_plain_lines(content):
        return _read_row_by_row(path.name, content, delimiter, table)
    if is_regular(content, delimiter):
        return _read_columns(path.name, content, delimiter, table, quote=None)
    if b'"' in content and is_regularly_quoted(content, delimiter):
        return _read_columns(path.name, content, delimiter, table, quote='"')
    return _read_row_by_row(path.name, content, delimiter, table)


def _read_columns(source: str, content: bytes, delimiter: str, table: Table, *, quote: str | None) -> RawFile:
    """Read all columns at once; only for files that this splits as reading them character by character does."""
    first_line = content.split(b"\n", 1)[0].rstrip(b"\r").decode()
    header = [name.strip() for name in next(csv.reader([first_line], delimiter=delimiter))]
    known = _known_columns(source, header, table)
    frame = pl.read_csv(
        content,
        separator=delimiter,
        quote_char=quote,
        has_header=False,
        skip_rows=1,
        schema={f"column_{at}": pl.String() for at in range(len(header))},
        raise_if_empty=False,
    )
    frame = frame.select(frame.to_series(header.index(name)).alias(name) for name in known)
    # A value of two quotation marks alone is no value either.
    frame = frame.with_columns(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in known)
    return RawFile(source, _numbered(frame), _broken([]), frame.height)


def _delimiter(header: bytes) -> str:
    return max(_DELIMITERS, key=lambda mark: header.count(mark.encode()))


def _read_row_by_row(source: str, content: bytes, delimiter: str, table: Table) -> RawFile:
    text = content.decode("utf-8", errors="surrogateescape")
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(lines, delimiter=delimiter)
    header = [name.strip() for name in next(reader)]
    known = _known_columns(source, [_printable(name) for name in header], table)
    places = {name: header.index(name) for name in known}
    split = list(_split(lines, reader.line_num, delimiter, len(header), list(places.values())))
    rows: list[list[str]] = []
    numbers: list[int] = []
    broken: list[tuple[int, str | None, str, str]] = []
    is_cut = not text.rstrip(" \t").endswith(("\n", "\r"))
    for number, (row, fault) in enumerate(split, start=1):
        is_last = number == len(split)
        reason = _CUT if is_cut and is_last else fault or _row_fault(row, len(header))
        if reason is None:
            rows.append(row)
            numbers.append(number)
        else:
            above = split[number - 2][0] if number > 1 else []
            key = _key_of(row, places, table, above if is_cut and is_last else None)
            broken.append((number, key, _printable(delimiter.join(row))[:200], reason))
    columns = {name: [row[at] or None for row in rows] for name, at in places.items()}
    frame = pl.DataFrame({**columns, ROW: numbers}, schema={**dict.fromkeys(known, pl.String), ROW: pl.Int64})
    return RawFile(source, frame, _broken(broken), len(split))


_CUT: Final = (
    "the file ends in this row without a line end: it may be cut short. Export it again, or end it with a line end"
)
_OPEN_QUOTE: Final = "a quotation mark opens a value and does not close in this row: close it, or write it twice"


def _split(
    lines: list[str], at: int, delimiter: str, num_fields: int, places: list[int]
) -> Iterator[tuple[list[str], str | None]]:
    """Split lines into rows. A quotation mark that was never meant to open a value would swallow the rows after it.

    So a row over several lines is taken only where its values come out right; else its first line alone is at fault, and
    the lines after it are read anew.
    """
    while at < len(lines):
        start = at
        reader = csv.reader(chain((lines[i] for i in range(at, len(lines))), ("\n",)), delimiter=delimiter)
        try:
            for row in reader:
                following = start + reader.line_num
                if following - at > 1 and not _is_whole(row, num_fields, places, is_open=following > len(lines)):
                    break
                at = following
                if len(row) > 1 or (row and row[0].strip()):
                    yield row, None
            else:
                return
        except csv.Error:  # a value longer than any value is: the lines swallowed by a quotation mark
            pass
        yield next(csv.reader([lines[at]], delimiter=delimiter, quoting=csv.QUOTE_NONE)), _OPEN_QUOTE
        at += 1


def _is_whole(row: list[str], num_fields: int, places: list[int], *, is_open: bool) -> bool:
    return not is_open and len(row) == num_fields and not any("\n" in row[at] or "\r" in row[at] for at in places)


def _key_of(row: list[str], places: dict[str, int], table: Table, above: list[str] | None) -> str | None:
    """Give the key of a broken row as far as it can be read.

    The last value of a row that the end of the file cuts may lack its own end. Where it is the key's first, it is taken
    for that of the row above if it begins like it: exports list the lines of an order one after the other.
    """
    values = {name: row[places[name]].strip(' "') for name in table.key if places.get(name, len(row)) < len(row)}
    cut = next((name for name in values if above is not None and places[name] == len(row) - 1), None)
    if cut is not None and above is not None:
        begun = values.pop(cut)
        before = above[places[cut]].strip() if places[cut] < len(above) else ""
        if cut == table.key[0] and before.startswith(begun):
            values[cut] = before
    return "; ".join(f"{name}={_printable(value)}" for name, value in values.items()) or None


def _printable(value: str) -> str:
    return value.encode("utf-8", errors="replace").decode("utf-8")


def _row_fault(row: list[str], num_fields: int) -> str | None:
    if len(row) != num_fields:
        return f"{len(row)} values where the header names {num_fields}: quote values that contain the separator"
    if any("\udc80" <= letter <= "\udcff" for value in row for letter in value):
        return "not UTF-8 text: export the file as UTF-8"
    return None
