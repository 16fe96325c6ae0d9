"""Raw frames to canonical ones by the contracts; every bad row set apart with every reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from zoneinfo import available_timezones

import polars as pl

from engine.contracts import Column, Kind, Table
from engine.contracts.outputs import REJECTS
from engine.errors import InputError
from engine.reading import ROW, RawFile

_EARLIEST_YEAR: Final = 1990
_LATEST_YEAR: Final = 2100
_TRUE: Final = ("true", "t", "yes", "y", "1")
_FALSE: Final = ("false", "f", "no", "n", "0")
_INSTANT: Final = (
    r"^(?<date>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?<hour>\d{2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,](?<fraction>\d{1,9}))?)?)?"
    r"\s*(?<offset>[Zz]|UTC|GMT|[+-]\d{2}:?\d{2})?$"
)


@dataclass(frozen=True)
class Checked:
    """A table's good rows in canonical form and, apart, what was wrong with the others."""

    frame: pl.DataFrame
    rejects: pl.DataFrame


@dataclass(frozen=True)
class _Parsed:
    """A column's value, and for each fault a mask of the rows that have it with its reason."""

    value: pl.Expr
    faults: tuple[tuple[pl.Expr, str], ...]


def check_file(raw: RawFile, table: Table, timezone: str) -> Checked:
    """Bring a file into canonical form.

    Parameters
    ----------
    raw
        The file as it stood.
    table
        Its contract.
    timezone
        IANA zone of times written without an offset.

    Returns
    -------
    Checked
        Good rows with the contract's columns and `_row`; a reject row for every reason of every bad row.

    Raises
    ------
    InputError
        When a column of a typed file has a type from which no value of its kind can be read.
    """
    frame = raw.frame
    parsed = {column.name: _parse(column, frame, raw.source, timezone) for column in table.columns}
    faults = [(name, mask, reason) for name, part in parsed.items() for mask, reason in part.faults]
    judged = frame.select(
        pl.col(ROW),
        *(part.value.alias(name) for name, part in parsed.items()),
        *(mask.fill_null(value=False).alias(f"_fault_{i}") for i, (_, mask, _) in enumerate(faults)),
    )
    judged = judged.with_columns(
        *((~rule.holds).fill_null(value=False).alias(f"_rule_{i}") for i, rule in enumerate(table.rules)),
    )
    marks = [(f"_fault_{i}", name, reason) for i, (name, _, reason) in enumerate(faults)]
    marks += [(f"_rule_{i}", rule.column, rule.reason) for i, rule in enumerate(table.rules)]
    is_bad = pl.any_horizontal(mark for mark, _, _ in marks)
    bad = judged.filter(is_bad)
    good = judged.filter(~is_bad).select(*(c.name for c in table.columns), ROW)
    good, doubles = _split_duplicates(good, table)
    rejects = [
        _broken_rejects(raw, table),
        *(
            _rejects(bad.filter(pl.col(mark)), frame, table, raw.source, name, reason)
            for mark, name, reason in marks
            if bad.height
        ),
        _rejects(
            doubles,
            frame,
            table,
            raw.source,
            ", ".join(table.key),
            "this key stands in the file already; the first row was kept",
        ),
    ]
    return Checked(good, pl.concat(rejects).sort("row", "column", "reason", nulls_last=True))


def reject_orphans(checked: pl.DataFrame, table: Table, source: str, others: dict[str, pl.DataFrame]) -> Checked:
    """Set rows apart that refer to something no table has.

    Parameters
    ----------
    checked
        Good rows with `_row`.
    table, source
        Their contract and file.
    others
        The canonical tables referred to.
    """
    rejects = [REJECTS.empty()]
    for reference in table.references:
        names = list(reference.columns)
        known = others[reference.table].select(names).unique()
        orphans = checked.join(known, on=names, how="anti", maintain_order="left")
        if orphans.height:
            checked = checked.join(known, on=names, how="semi", maintain_order="left")
            reason = f"not in table {reference.table}: add it there or correct it here"
            rejects.append(_rejects(orphans, orphans, table, source, ", ".join(names), reason))
    return Checked(checked, pl.concat(rejects))


def _rejects(bad: pl.DataFrame, raw: pl.DataFrame, table: Table, source: str, column: str, reason: str) -> pl.DataFrame:
    shown = raw.join(bad.select(ROW), on=ROW, how="semi", maintain_order="left")
    value = _as_written([name for name in column.split(", ") if name in shown.columns])
    return shown.select(
        pl.lit(table.name).alias("table"),
        pl.lit(source).alias("source"),
        pl.col(ROW).alias("row"),
        _key_text(table, shown).alias("key"),
        pl.lit(column).alias("column"),
        value.alias("value"),
        pl.lit(reason).alias("reason"),
    )


def _as_written(columns: list[str]) -> pl.Expr:
    if not columns:
        return pl.lit(None, dtype=pl.String)
    return pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in columns], separator=", ")


def _key_text(table: Table, frame: pl.DataFrame) -> pl.Expr:
    parts = [
        pl.format(f"{name}={{}}", pl.col(name).cast(pl.String).fill_null(""))
        for name in table.key
        if name in frame.columns
    ]
    return pl.concat_str(parts, separator="; ") if parts else pl.lit(None, dtype=pl.String)


def _broken_rejects(raw: RawFile, table: Table) -> pl.DataFrame:
    return raw.broken.select(
        pl.lit(table.name).alias("table"),
        pl.lit(raw.source).alias("source"),
        pl.col(ROW).alias("row"),
        pl.col("key"),
        pl.lit(None, dtype=pl.String).alias("column"),
        pl.col("value"),
        pl.col("reason"),
    )


def _split_duplicates(good: pl.DataFrame, table: Table) -> tuple[pl.DataFrame, pl.DataFrame]:
    if not table.key:
        return good, good.clear()
    is_first = good.select(pl.struct(table.key).is_first_distinct()).to_series()
    return good.filter(is_first), good.filter(~is_first)


def _parse(column: Column, frame: pl.DataFrame, source: str, timezone: str) -> _Parsed:
    dtype = column.kind.dtype
    if column.name not in frame.columns or frame.schema[column.name] == pl.Null:
        absent = pl.lit(column.default, dtype=dtype)
        return _Parsed(absent, () if column.may_be_absent else ((pl.lit(value=True), "missing; a value is needed"),))
    written = pl.col(column.name)
    if frame.schema[column.name] == pl.String:
        written = written.str.strip_chars()
        written = pl.when(written != "").then(written)
    elif frame.schema[column.name] in (pl.Categorical, pl.Enum):
        written = written.cast(pl.String)
    is_text = frame.schema[column.name] in (pl.String, pl.Categorical, pl.Enum)
    parse = _FROM_TEXT[column.kind] if is_text else _typed_parser(column, frame.schema[column.name], source)
    parsed = parse(written, timezone)
    faults = [*parsed.faults, *_range_faults(column, parsed.value)]
    if column.default is not None:
        return _Parsed(
            pl.when(written.is_null()).then(pl.lit(column.default, dtype=dtype)).otherwise(parsed.value), tuple(faults)
        )
    if not column.nullable:
        faults.append((written.is_null(), "missing; a value is needed"))
    return _Parsed(parsed.value, tuple(faults))


def _range_faults(column: Column, value: pl.Expr) -> list[tuple[pl.Expr, str]]:
    faults: list[tuple[pl.Expr, str]] = []
    if column.allowed:
        faults.append((~value.is_in(column.allowed), f"not one of {', '.join(column.allowed)}"))
    if column.pattern:
        faults.append((~value.str.contains(f"^(?:{column.pattern})$"), f"does not look like {column.about}"))
    if column.kind is Kind.NUMBER:
        value = value.fill_nan(None)
    if column.minimum is not None:
        faults.append((value < column.minimum, f"less than {column.minimum:g}, the least allowed"))
    if column.maximum is not None:
        faults.append((value > column.maximum, f"more than {column.maximum:g}, the most allowed"))
    if column.kind in (Kind.INSTANT, Kind.DATE):
        year = value.dt.year()
        faults.append(
            ((year < _EARLIEST_YEAR) | (year > _LATEST_YEAR), f"outside the years {_EARLIEST_YEAR} to {_LATEST_YEAR}")
        )
    return faults


def _unreadable(written: pl.Expr, value: pl.Expr, reason: str) -> tuple[pl.Expr, str]:
    return (written.is_not_null() & value.is_null(), reason)


def _text_from_text(written: pl.Expr, _timezone: str) -> _Parsed:
    return _Parsed(written, ())


def _zone_from_text(written: pl.Expr, _timezone: str) -> _Parsed:
    return _Parsed(
        written, ((~written.is_in(sorted(available_timezones())), "not an IANA time zone like Europe/Paris"),)
    )


def _integer_from_text(written: pl.Expr, _timezone: str) -> _Parsed:
    value = (
        pl.when(written.str.contains(r"^[+-]?\d+$")).then(written.str.strip_prefix("+")).cast(pl.Int64, strict=False)
    )
    return _Parsed(value, (_unreadable(written, value, "not a whole number"),))


def _number_from_text(written: pl.Expr, _timezone: str) -> _Parsed:
    value = written.cast(pl.Float64, strict=False)
    return _Parsed(value, (_unreadable(written, value, "not a number"), (~value.is_finite(), "not a finite number")))


def _flag_from_text(written: pl.Expr, _timezone: str) -> _Parsed:
    lower = written.str.to_lowercase()
    value = pl.when(lower.is_in(_TRUE)).then(pl.lit(value=True)).when(lower.is_in(_FALSE)).then(pl.lit(value=False))
    return _Parsed(value, (_unreadable(written, value, "neither true nor false"),))


def _date_from_text(written: pl.Expr, _timezone: str) -> _Parsed:
    value = written.str.to_date("%Y-%m-%d", strict=False)
    return _Parsed(value, (_unreadable(written, value, "not a date like 2026-11-22"),))


def _time_from_text(written: pl.Expr, _timezone: str) -> _Parsed:
    full = pl.when(written.str.len_chars() == 5).then(written + ":00").otherwise(written)
    value = full.str.to_time("%H:%M:%S", strict=False)
    return _Parsed(value, (_unreadable(written, value, "not a time of day like 17:30"),))


def _instant_from_text(written: pl.Expr, timezone: str) -> _Parsed:
    part = written.str.extract_groups(_INSTANT)

    def field(name: str) -> pl.Expr:
        return part.struct.field(name)

    clock = pl.concat_str(
        field("date"),
        pl.lit(" "),
        field("hour").fill_null("00"),
        pl.lit(":"),
        field("minute").fill_null("00"),
        pl.lit(":"),
        field("second").fill_null("00"),
    )
    micros = field("fraction").fill_null("0").str.pad_end(9, "0").str.slice(0, 6).cast(pl.Int64, strict=False)
    local = clock.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False) + pl.duration(microseconds=micros)
    offset = field("offset")
    sign = pl.when(offset.str.starts_with("-")).then(-1).otherwise(1)
    digits = offset.str.replace_all(r"[^0-9]", "")
    minutes = sign * (
        digits.str.slice(0, 2).cast(pl.Int64, strict=False) * 60 + digits.str.slice(2, 2).cast(pl.Int64, strict=False)
    )
    with_offset = (local - pl.duration(minutes=minutes.fill_null(0))).dt.replace_time_zone("UTC")
    value = pl.when(offset.is_null()).then(_at_zone(local, timezone)).otherwise(with_offset)
    return _Parsed(
        value,
        (
            _unreadable(written, local, "not a time like 2026-11-22T21:30:00Z"),
            (
                local.is_not_null() & value.is_null(),
                f"this local time does not exist in {timezone}: the clocks went forward; give an offset",
            ),
        ),
    )


def _at_zone(local: pl.Expr, timezone: str) -> pl.Expr:
    return local.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")


_FROM_TEXT: Final[dict[Kind, Callable[[pl.Expr, str], _Parsed]]] = {
    Kind.TEXT: _text_from_text,
    Kind.ZONE: _zone_from_text,
    Kind.INTEGER: _integer_from_text,
    Kind.NUMBER: _number_from_text,
    Kind.FLAG: _flag_from_text,
    Kind.DATE: _date_from_text,
    Kind.TIME: _time_from_text,
    Kind.INSTANT: _instant_from_text,
}


def _typed_parser(column: Column, dtype: pl.DataType, source: str) -> Callable[[pl.Expr, str], _Parsed]:
    """Give the reader of an already typed column.

    Raises
    ------
    InputError
        When no value of the kind can be read from the type; text written as a number has lost its leading zeros.
    """
    kind = column.kind
    if kind is Kind.INTEGER and dtype.is_integer():
        return lambda written, _: _Parsed(
            written.cast(pl.Int64, strict=False),
            (_unreadable(written, written.cast(pl.Int64, strict=False), "out of range"),),
        )
    if kind is Kind.INTEGER and (dtype.is_float() or dtype.is_decimal()):
        return _integer_from_number
    if kind is Kind.NUMBER and dtype.is_numeric():
        return lambda written, _: _Parsed(
            written.cast(pl.Float64), ((~written.cast(pl.Float64).is_finite(), "not a finite number"),)
        )
    if (
        (kind is Kind.FLAG and dtype == pl.Boolean)
        or (kind is Kind.DATE and dtype == pl.Date)
        or (kind is Kind.TIME and dtype == pl.Time)
    ):
        return lambda written, _: _Parsed(written, ())
    if kind is Kind.DATE and isinstance(dtype, pl.Datetime):
        return lambda written, _: _Parsed(written.dt.date(), ())
    if kind is Kind.INSTANT and isinstance(dtype, pl.Datetime):
        return _instant_from_zoned if dtype.time_zone else _instant_from_local
    if kind is Kind.INSTANT and dtype == pl.Date:
        return lambda written, timezone: _instant_from_local(written.cast(pl.Datetime("us")), timezone)
    raise InputError(
        f"{source}: column {column.name} is of type {dtype}; {kind.value} is needed. Write it as {kind.value}, or as text."
    )


def _integer_from_number(written: pl.Expr, _timezone: str) -> _Parsed:
    as_number = written.cast(pl.Float64)
    is_whole = as_number.is_finite() & (as_number == as_number.floor()) & (as_number.abs() < 2**53)
    value = pl.when(is_whole).then(as_number.fill_nan(None)).cast(pl.Int64, strict=False)
    return _Parsed(value, (_unreadable(written, value, "not a whole number"),))


def _instant_from_zoned(written: pl.Expr, _timezone: str) -> _Parsed:
    return _Parsed(written.dt.convert_time_zone("UTC").dt.cast_time_unit("us"), ())


def _instant_from_local(written: pl.Expr, timezone: str) -> _Parsed:
    value = _at_zone(written.dt.cast_time_unit("us"), timezone)
    return _Parsed(
        value,
        (
            _unreadable(
                written, value, f"this local time does not exist in {timezone}: the clocks went forward; give an offset"
            ),
        ),
    )
