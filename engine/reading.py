"""Files to raw frames: every value as it stood, every row with its number, every broken row kept apart."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from engine.contracts import Table
from engine.errors import InputError

ROW: Final = "_row"
SUFFIXES: Final = (".csv", ".parquet")
_DELIMITERS: Final = (",", ";", "\t")


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
    """List the files of a table, by name: `orders.csv`, `orders.2026-11-22.parquet`, `orders-shop.csv`."""
    if not inbox.is_dir():
        return []
    return sorted(
        path
        for path in inbox.iterdir()
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and (path.stem == table.name or path.stem.startswith((f"{table.name}.", f"{table.name}-")))
    )


def read_raw(path: Path, table: Table) -> RawFile:
    """Read a file without judging its values.

    Raises
    ------
    InputError
        When the file cannot be read at all or lacks a column that the table requires.
    """
    try:
        raw = _read_parquet(path) if path.suffix.lower() == ".parquet" else _read_csv(path, table)
    except (OSError, pa.ArrowException, pl.exceptions.PolarsError, csv.Error) as error:
        raise InputError(
            f"{path.name} cannot be read: {_first_line(error)}. It may be cut short or damaged: export it again."
        ) from error
    _require_columns(raw, table)
    known = [column.name for column in table.columns if column.name in raw.frame.columns]
    return RawFile(raw.source, raw.frame.select(*known, ROW), raw.broken, raw.num_rows)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _require_columns(raw: RawFile, table: Table) -> None:
    present = set(raw.frame.columns)
    missing = [column.name for column in table.columns if column.name not in present and not column.may_be_absent]
    if missing:
        found = ", ".join(c for c in raw.frame.columns if c != ROW) or "none"
        raise InputError(
            f"{raw.source}: column{'s' if len(missing) > 1 else ''} {', '.join(missing)} missing. Found: {found}. "
            f"Name the columns of table {table.name} as docs/tables.md lists them."
        )


def _broken(rows: list[tuple[int, str | None, str, str]]) -> pl.DataFrame:
    return pl.DataFrame(
        rows, schema={ROW: pl.Int64, "key": pl.String, "value": pl.String, "reason": pl.String}, orient="row"
    )


def _read_parquet(path: Path) -> RawFile:
    frame = pl.from_arrow(pq.read_table(path, page_checksum_verification=True))
    assert isinstance(frame, pl.DataFrame)
    return RawFile(
        path.name, frame.with_row_index(ROW, 1).with_columns(pl.col(ROW).cast(pl.Int64)), _broken([]), frame.height
    )


def _read_csv(path: Path, table: Table) -> RawFile:
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    if not content.strip():
        raise InputError(f"{path.name} is empty: not even a line of column names. Export it again.")
    delimiter = _delimiter(content.split(b"\n", 1)[0])
    if _is_regular(content, delimiter):
        frame = pl.read_csv(content, separator=delimiter, infer_schema=False, quote_char=None)
        frame = frame.rename({name: name.strip() for name in frame.columns})
        return RawFile(
            path.name, frame.with_row_index(ROW, 1).with_columns(pl.col(ROW).cast(pl.Int64)), _broken([]), frame.height
        )
    return _read_row_by_row(path.name, content, delimiter, table)


def _delimiter(header: bytes) -> str:
    return max(_DELIMITERS, key=lambda mark: header.count(mark.encode()))


def _is_regular(content: bytes, delimiter: str) -> bool:
    """Tell whether every line has as many fields as the header, by counting: no quotes, and no line may have more.

    A line with more fields makes the fast reader fail, so equal totals mean equal lines; that reader fills short lines silently.
    """
    if (
        b'"' in content
        or b"\r" in content.replace(b"\r\n", b"\n")
        or not content.endswith(b"\n")
        or b"\n\n" in content
        or b"\n\r\n" in content
    ):
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    mark = delimiter.encode()
    fields = content.split(b"\n", 1)[0].count(mark)
    num_lines = content.count(b"\n")
    return content.count(mark) == fields * num_lines and _longest_line_fields(content, mark) == fields


def _longest_line_fields(content: bytes, mark: bytes) -> int:
    return max(line.count(mark) for line in content.split(b"\n"))


def _read_row_by_row(source: str, content: bytes, delimiter: str, table: Table) -> RawFile:
    text = content.decode("utf-8", errors="surrogateescape")
    ends_whole = text.endswith(("\n", "\r"))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)
    header = [name.strip() for name in next(reader)]
    repeated = sorted({name for name in header if name and header.count(name) > 1})
    if repeated:
        raise InputError(f"{source}: column {repeated[0]} stands twice in the header. Keep one of them.")
    rows: list[list[str]] = []
    numbers: list[int] = []
    broken: list[tuple[int, str | None, str, str]] = []
    all_rows = [row for row in reader if row]
    for number, row in enumerate(all_rows, start=1):
        reason = _row_fault(row, len(header), is_cut=number == len(all_rows) and not ends_whole)
        if reason is None:
            rows.append(row)
            numbers.append(number)
        else:
            broken.append((number, _key_of(row, header, table), _printable(delimiter.join(row))[:200], reason))
    columns = {name: [row[at] or None for row in rows] for at, name in enumerate(header) if name}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).with_columns(
        pl.Series(ROW, numbers, dtype=pl.Int64)
    )
    return RawFile(source, frame, _broken(broken), len(all_rows))


def _key_of(row: list[str], header: list[str], table: Table) -> str | None:
    values = dict(zip(header, row, strict=False))
    return "; ".join(f"{name}={_printable(values[name])}" for name in table.key if name in values) or None


def _printable(value: str) -> str:
    return value.encode("utf-8", errors="replace").decode("utf-8")


def _row_fault(row: list[str], num_fields: int, *, is_cut: bool) -> str | None:
    if is_cut:
        return "the file ends in this row without a line end: it may be cut short. Export it again, or end it with a line end"
    if len(row) != num_fields:
        return f"{len(row)} values where the header names {num_fields}: quote values that contain the separator"
    if any("\udc80" <= letter <= "\udcff" for value in row for letter in value):
        return "not UTF-8 text: export the file as UTF-8"
    return None
