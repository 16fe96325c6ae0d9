"""One column as it stood to canonical values, with a mask of the rows for every fault it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Final

import polars as pl

from engine.contracts import FIRST_YEAR, LAST_YEAR, Column, Kind, time_zones
from engine.errors import InputError

_TRUE: Final = ("true", "t", "yes", "y", "1")
_FALSE: Final = ("false", "f", "no", "n", "0")
_INSTANT: Final = (
    r"^(?<date>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?<hour>\d{2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,](?<fraction>\d{1,9}))?)?)?"
    r"\s*(?<offset>[Zz]|UTC|GMT|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)?$"
)


@dataclass(frozen=True)
class ParsedColumn:
    """A column in canonical form.

    Parameters
    ----------
    value
        The values; null where one could not be read.
    faults
        For every fault that a row has, a mask of the rows that have it and the reason.
    """

    value: pl.Series
    faults: tuple[tuple[pl.Series, str], ...]


@dataclass(frozen=True)
class _Parsed:
    """A column's value, and for each possible fault a mask with its reason, over the columns of a desk."""

    value: pl.Expr
    faults: tuple[tuple[pl.Expr, str], ...]


class _Desk:
    """The column at hand and what was worked out of it: what is kept is computed once, however often it is used."""

    def __init__(self, frame: pl.DataFrame, timezone: str) -> None:
        self.frame = frame
        self.timezone = timezone
        self._numbers = count()

    def keep(self, expression: pl.Expr) -> pl.Expr:
        """Compute it now; give the column that holds it."""
        name = f"kept {next(self._numbers)}"
        self.frame = self.frame.with_columns(expression.alias(name))
        return pl.col(name)

    def series(self, *expressions: pl.Expr) -> list[pl.Series]:
        """Compute them."""
        names = [f"asked {number}" for number in range(len(expressions))]
        asked = dict(zip(names, expressions, strict=True))
        return self.frame.with_columns(**asked).select(names).get_columns()


def parse_column(column: Column, frame: pl.DataFrame, source: str, timezone: str) -> ParsedColumn:
    """Read a column of a raw frame by its contract.

    Parameters
    ----------
    column
        Its contract.
    frame
        The file's rows; the column may be absent where the contract allows it.
    source
        The file's name, for errors.
    timezone
        IANA zone of times written without an offset.

    Raises
    ------
    InputError
        When the column has a type from which no value of its kind can be read.
    """
    desk = _Desk(frame, timezone)
    parsed = _parse(column, desk, source)
    value, *masks = desk.series(parsed.value, *(mask.fill_null(value=False) for mask, _ in parsed.faults))
    reasons = (reason for _, reason in parsed.faults)
    return ParsedColumn(value, tuple((mask, reason) for mask, reason in zip(masks, reasons, strict=True) if mask.any()))


def _parse(column: Column, desk: _Desk, source: str) -> _Parsed:
    absent = pl.lit(column.default, dtype=column.kind.dtype)
    dtype = desk.frame.schema.get(column.name, pl.Null())
    if dtype == pl.Null:
        return _Parsed(absent, () if column.may_be_absent else ((pl.lit(value=True), "missing; a value is needed"),))
    written = pl.col(column.name)
    is_text = dtype in (pl.String, pl.Categorical, pl.Enum)
    if is_text:
        stripped = written.cast(pl.String).str.strip_chars()
        written = desk.keep(pl.when(stripped != "").then(stripped))
    parse = _FROM_TEXT[column.kind] if is_text else _typed_parser(column, dtype, source)
    parsed = parse(written, desk)
    value = desk.keep(parsed.value)
    faults = [*parsed.faults, *_range_faults(column, value)]
    if column.default is not None:
        return _Parsed(pl.when(written.is_null()).then(absent).otherwise(value), tuple(faults))
    if not column.nullable:
        faults.append((written.is_null(), "missing; a value is needed"))
    return _Parsed(value, tuple(faults))


def _range_faults(column: Column, value: pl.Expr) -> list[tuple[pl.Expr, str]]:
    faults: list[tuple[pl.Expr, str]] = []
    if column.allowed:
        faults.append((~value.is_in(column.allowed), f"not one of {', '.join(column.allowed)}"))
    if column.pattern:
        faults.append((~value.str.contains(f"^(?:{column.pattern})$"), f"does not look like {column.about}"))
    if column.kind is Kind.NUMBER:
        value = pl.when(value.is_finite()).then(value)
    if column.minimum is not None:
        faults.append((value < column.minimum, f"less than {column.minimum}, the least allowed"))
    if column.maximum is not None:
        faults.append((value > column.maximum, f"more than {column.maximum}, the most allowed"))
    if column.kind in (Kind.INSTANT, Kind.DATE):
        year = value.dt.year()
        faults.append(((year < FIRST_YEAR) | (year > LAST_YEAR), f"outside the years {FIRST_YEAR} to {LAST_YEAR}"))
    return faults


def _unreadable(written: pl.Expr, value: pl.Expr, reason: str) -> tuple[pl.Expr, str]:
    return (written.is_not_null() & value.is_null(), reason)


def _text_from_text(written: pl.Expr, _desk: _Desk) -> _Parsed:
    # A line break is what a quotation mark that never closes leaves behind: the next row, swallowed.
    return _Parsed(written, ((written.str.contains("[\r\n]"), "holds a line break: write it on one line"),))


def _zone_from_text(written: pl.Expr, _desk: _Desk) -> _Parsed:
    return _Parsed(written, ((~written.is_in(sorted(time_zones())), "not an IANA time zone like Europe/Paris"),))


def _integer_from_text(written: pl.Expr, desk: _Desk) -> _Parsed:
    # Tables with gaps leave other programs as 2.0: that is the whole number 2, in text as in a typed file.
    digits = desk.keep(written.str.extract(r"^\+?(-?[0-9]+)(?:\.0*)?$"))
    value = desk.keep(digits.cast(pl.Int64, strict=False))
    return _Parsed(
        value,
        (_unreadable(written, digits, "not a whole number"), _unreadable(digits, value, "too large a number")),
    )


def _number_from_text(written: pl.Expr, _desk: _Desk) -> _Parsed:
    value = written.cast(pl.Float64, strict=False)
    return _Parsed(value, (_unreadable(written, value, "not a number"), (~value.is_finite(), "not a finite number")))


def _flag_from_text(written: pl.Expr, _desk: _Desk) -> _Parsed:
    lower = written.str.to_lowercase()
    value = pl.when(lower.is_in(_TRUE)).then(pl.lit(value=True)).when(lower.is_in(_FALSE)).then(pl.lit(value=False))
    return _Parsed(value, (_unreadable(written, value, "neither true nor false"),))


def _date_from_text(written: pl.Expr, _desk: _Desk) -> _Parsed:
    value = written.str.to_date("%Y-%m-%d", strict=False)
    return _Parsed(value, (_unreadable(written, value, "not a date like 2026-11-22"),))


def _time_from_text(written: pl.Expr, _desk: _Desk) -> _Parsed:
    full = pl.when(written.str.len_chars() == 5).then(written + ":00").otherwise(written)
    value = full.str.to_time("%H:%M:%S", strict=False)
    return _Parsed(value, (_unreadable(written, value, "not a time of day like 17:30"),))


def _instant_from_text(written: pl.Expr, desk: _Desk) -> _Parsed:
    part = desk.keep(written.str.extract_groups(_INSTANT))

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
    # Second 60 would be read as the next minute; no clock that a shop uses shows it.
    clock = pl.when(field("second").is_null() | (field("second") < "60")).then(clock)
    whole = clock.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
    local = desk.keep(whole + pl.duration(microseconds=micros))
    offset = field("offset")
    sign = pl.when(offset.str.starts_with("-")).then(-1).otherwise(1)
    digits = offset.str.replace_all(r"[^0-9]", "")
    minutes = sign * (
        digits.str.slice(0, 2).cast(pl.Int64, strict=False) * 60
        + digits.str.slice(2, 2).cast(pl.Int64, strict=False).fill_null(0)
    )
    with_offset = (local - pl.duration(minutes=minutes.fill_null(0))).dt.replace_time_zone("UTC")
    value = desk.keep(pl.when(offset.is_null()).then(_at_zone(local, desk.timezone)).otherwise(with_offset))
    return _Parsed(
        value,
        (
            _unreadable(written, local, "not a time like 2026-11-22T21:30:00Z"),
            (
                local.is_not_null() & value.is_null(),
                f"this local time does not exist in {desk.timezone}: the clocks went forward; give an offset",
            ),
        ),
    )


def _at_zone(local: pl.Expr, timezone: str) -> pl.Expr:
    return local.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")


_FROM_TEXT: Final[dict[Kind, Callable[[pl.Expr, _Desk], _Parsed]]] = {
    Kind.TEXT: _text_from_text,
    Kind.ZONE: _zone_from_text,
    Kind.INTEGER: _integer_from_text,
    Kind.NUMBER: _number_from_text,
    Kind.FLAG: _flag_from_text,
    Kind.DATE: _date_from_text,
    Kind.TIME: _time_from_text,
    Kind.INSTANT: _instant_from_text,
}


def _typed_parser(column: Column, dtype: pl.DataType, source: str) -> Callable[[pl.Expr, _Desk], _Parsed]:
    """Give the reader of an already typed column.

    Raises
    ------
    InputError
        When no value of the kind can be read from the type; text written as a number has lost its leading zeros.
    """
    kind = column.kind
    if kind is Kind.INTEGER and dtype.is_integer():
        return lambda written, _desk: _Parsed(
            written.cast(pl.Int64, strict=False),
            (_unreadable(written, written.cast(pl.Int64, strict=False), "out of range"),),
        )
    if kind is Kind.INTEGER and (dtype.is_float() or dtype.is_decimal()):
        return _integer_from_number
    if kind is Kind.NUMBER and dtype.is_numeric():
        return lambda written, _desk: _Parsed(
            written.cast(pl.Float64), ((~written.cast(pl.Float64).is_finite(), "not a finite number"),)
        )
    if (
        (kind is Kind.FLAG and dtype == pl.Boolean)
        or (kind is Kind.DATE and dtype == pl.Date)
        or (kind is Kind.TIME and dtype == pl.Time)
    ):
        return lambda written, _desk: _Parsed(written, ())
    if kind is Kind.DATE and isinstance(dtype, pl.Datetime):
        return lambda written, _desk: _Parsed(written.dt.date(), ())
    if kind is Kind.INSTANT and isinstance(dtype, pl.Datetime):
        return _instant_from_zoned if dtype.time_zone else _instant_from_local
    if kind is Kind.INSTANT and dtype == pl.Date:
        return lambda written, desk: _instant_from_local(written.cast(pl.Datetime("us")), desk)
    remedy = "text, so that 00123 stays 00123" if kind in (Kind.TEXT, Kind.ZONE) else f"{kind.value}, or as text"
    raise InputError(
        f"{source}: column {column.name} is of type {dtype}; {kind.value} is needed. Write it as {remedy}."
    )


def _integer_from_number(written: pl.Expr, _desk: _Desk) -> _Parsed:
    as_number = written.cast(pl.Float64)
    is_whole = as_number.is_finite() & (as_number == as_number.floor()) & (as_number.abs() < 2**53)
    value = pl.when(is_whole).then(as_number.fill_nan(None)).cast(pl.Int64, strict=False)
    return _Parsed(value, (_unreadable(written, value, "not a whole number"),))


def _instant_from_zoned(written: pl.Expr, _desk: _Desk) -> _Parsed:
    return _Parsed(written.dt.convert_time_zone("UTC").dt.cast_time_unit("us"), ())


def _instant_from_local(written: pl.Expr, desk: _Desk) -> _Parsed:
    value = _at_zone(written.dt.cast_time_unit("us"), desk.timezone)
    return _Parsed(
        value,
        (
            _unreadable(
                written,
                value,
                f"this local time does not exist in {desk.timezone}: the clocks went forward; give an offset",
            ),
        ),
    )
