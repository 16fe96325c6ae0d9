"""Frames of a caller's own brought to a contract, so that every report reads the same columns and types."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, TypeAlias, Union

import polars as pl

from engine.contracts.schema import Column, Kind, Table
from engine.errors import InputError, UsageError

if TYPE_CHECKING:
    import pandas as pd

Frame: TypeAlias = Union[pl.DataFrame, "pd.DataFrame"]
"""What an analyst has at hand."""


def frame_of(frame: Frame, name: str, *columns: str) -> pl.DataFrame:
    """Give a frame of a caller's own as a Polars frame.

    Parameters
    ----------
    frame
        A Polars frame, eager or lazy, or a pandas frame.
    name
        What it is called in an error.
    columns
        Columns that it must have.

    Raises
    ------
    InputError
        When it is no frame, or lacks a column.
    """
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    elif not isinstance(frame, pl.DataFrame):
        try:
            frame = pl.from_pandas(frame)
        except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
            raise InputError(f"{name} is a {type(frame).__name__}, not a frame that can be read: {error}") from error
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise InputError(f"{name} lacks {', '.join(missing)}; it has {', '.join(frame.columns)}.")
    return frame


def canonical(frame: Frame, table: Table) -> pl.DataFrame:
    """Give the columns of a table in its order and types; what may be absent is filled in.

    Raises
    ------
    InputError
        When a column is missing, or lacks a value that it must have, or holds values that are not of its kind.
    """
    frame = frame_of(frame, table.name)
    missing = [c.name for c in table.columns if c.name not in frame.columns and not c.may_be_absent]
    if missing:
        raise InputError(
            f"{table.name} lacks {', '.join(missing)}; it has {', '.join(frame.columns)}. "
            f"A row is {table.about} with columns {', '.join(c.name for c in table.columns)}."
        )
    found = _typed(frame, table)
    for column in table.columns:
        if not column.may_be_absent and found[column.name].null_count():
            without = found[column.name].is_null()
            raise InputError(
                f"{table.name}: {column.name} is missing in {without.sum()} of {found.height} rows, first in row "
                f"{without.arg_max()} counted from 0. Fill it in, or leave these rows out."
            )
    return found


def one_row_each(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Give a canonical frame back whose key names each row once.

    Raises
    ------
    InputError
        When rows have the same key.
    """
    _refuse_doubles(frame, table.name, table.key)
    return frame


def completed(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Give the columns of a table of which a frame may lack any; what is absent is as the contract has it.

    Raises
    ------
    InputError
        When values are not of the kind of their column, outside its range, or break a rule of the table.
    """
    found = _typed(frame, table)
    check_values(found, table)
    return found


def check_values(frame: pl.DataFrame, table: Table) -> None:
    """Refuse values that a file could not bring either: beyond the range of their column, or against a rule of the table.

    Raises
    ------
    InputError
        When there are such values.
    """
    for column in table.columns:
        beyond = frame.filter(~_is_within(column))
        if beyond.height:
            allowed = "finite numbers" if column.maximum is None else f"{column.minimum:g} to {column.maximum:g}"
            raise InputError(
                f"{table.name}: {column.name} must be {allowed}; it is {beyond[column.name][0]} in a row "
                f"({beyond.height} such rows). Correct it."
            )
    for rule in table.rules:
        broken = frame.filter((~rule.holds).fill_null(value=False))
        if broken.height:
            first = ", ".join(str(broken[name][0]) for name in table.key)
            raise InputError(f"{table.name}: {rule.reason} ({first}; {broken.height} such rows).")


def _is_within(column: Column) -> pl.Expr:
    value, holds = pl.col(column.name), pl.lit(value=True)
    if column.kind is Kind.NUMBER:
        holds &= value.is_finite()
    if column.minimum is not None:
        holds &= value >= column.minimum
    if column.maximum is not None:
        holds &= value <= column.maximum
    return holds.fill_null(value=True)


def figures_of(frame: Frame, name: str, keys: Sequence[str], *columns: str) -> pl.DataFrame:
    """Give a frame of figures, one row for each key, none of them below zero.

    Parameters
    ----------
    frame
        A Polars or pandas frame.
    name
        What it is called in an error.
    keys, columns
        Columns that identify a row, and those with its figures; it must have both.

    Raises
    ------
    InputError
        When it lacks a column, figures are no finite numbers from 0 up, or rows have the same key.
    """
    found = frame_of(frame, name, *keys, *columns)
    for column in columns:
        if not (found[column].dtype.is_numeric() or found[column].dtype == pl.Null):
            raise InputError(f"{name}: {column} must be numbers; it is {found[column].dtype}.")
        value = pl.col(column).cast(pl.Float64)
        wrong = found.filter(~(value.is_finite() & (value >= 0)).fill_null(value=True))
        if wrong.height:
            raise InputError(
                f"{name}: {column} must be finite numbers from 0 up; it is {wrong[column][0]} in a row "
                f"({wrong.height} such rows). Correct it."
            )
    _refuse_doubles(found, name, keys)
    return found


def _refuse_doubles(frame: pl.DataFrame, name: str, keys: Sequence[str]) -> None:
    again = frame.filter(frame.select(keys).is_duplicated())
    if again.height:
        first = ", ".join(f"{key} {again[key][0]!r}" for key in keys)
        raise InputError(f"{name} has more than one row for {first} ({again.height} such rows). Give it one.")


def _typed(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Give the columns of a table in its order and types; what a frame lacks is as the contract has it."""
    _check_kinds(frame, table)
    columns = [_column(frame, column.name, column.kind.dtype, column.default) for column in table.columns]
    try:
        return frame.select(columns) if frame.width else table.empty()
    except pl.exceptions.PolarsError as error:
        told = str(error).splitlines()[0]
        raise InputError(f"{table.name} has values of another kind than its columns: {told}") from error


def _check_kinds(frame: pl.DataFrame, table: Table) -> None:
    """Refuse what a cast would misread: fractions where whole numbers belong, text where times do."""
    for column in table.columns:
        if column.name not in frame.columns:
            continue
        values, kind = frame[column.name], column.kind.dtype
        if isinstance(kind, pl.Datetime) and values.dtype == pl.String:
            raise InputError(
                f"{table.name}: {column.name} is text, such as {values.drop_nulls().head(1).to_list()}, where times belong. "
                f'Read it first, such as with pl.col("{column.name}").str.to_datetime(time_zone="UTC") or pandas.to_datetime.'
            )
        if kind.is_integer() and values.dtype.is_float():
            broken = values.filter(values != values.floor())
            if broken.len():
                raise InputError(
                    f"{table.name}: {column.name} must be whole numbers; {broken[0]} is none ({broken.len()} such rows)."
                )


def _column(frame: pl.DataFrame, name: str, dtype: pl.DataType, default: object) -> pl.Expr:
    if name not in frame.columns:
        return pl.lit(default, dtype=dtype).alias(name)
    value = pl.col(name)
    own = frame.schema[name]
    if isinstance(dtype, pl.Datetime) and isinstance(own, pl.Datetime) and own.time_zone is None:
        value = value.dt.replace_time_zone("UTC")
    if own != dtype:
        value = value.cast(dtype)
    return value if default is None else value.fill_null(pl.lit(default, dtype=dtype))


def utc(as_of: datetime) -> datetime:
    """Give the night in UTC; a time without an offset is taken as UTC.

    Raises
    ------
    UsageError
        When it is not a time.
    """
    if not isinstance(as_of, datetime):
        raise UsageError(f"as_of is {as_of!r}; give a datetime, such as datetime(2026, 11, 22, 22, tzinfo=UTC).")
    return as_of.replace(tzinfo=UTC) if as_of.tzinfo is None else as_of.astimezone(UTC)


def day_number(day: date) -> int:
    """Give a day as the number of days since 1970."""
    return (day - date(1970, 1, 1)).days
