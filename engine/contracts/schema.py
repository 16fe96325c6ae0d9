"""What a contract is made of: kinds of values, columns and tables."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from zoneinfo import available_timezones

import polars as pl

Value = str | int | float | bool

FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2100
"""Days and instants outside these years are mistakes."""


def time_zones() -> set[str]:
    """Give the names of the IANA time zones; the machine's own files add names that mean no place."""
    return available_timezones() - {"Factory", "localtime"}


class Kind(StrEnum):
    """The closed set of value kinds a column can hold."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "true/false"
    INSTANT = "instant (UTC)"
    DATE = "date"
    TIME = "local time"
    ZONE = "IANA time zone"

    @property
    def dtype(self) -> pl.DataType:
        """The Polars type a canonical frame carries."""
        return _DTYPES[self]


_DTYPES: dict[Kind, pl.DataType] = {
    Kind.TEXT: pl.String(),
    Kind.INTEGER: pl.Int64(),
    Kind.NUMBER: pl.Float64(),
    Kind.FLAG: pl.Boolean(),
    Kind.INSTANT: pl.Datetime("us", "UTC"),
    Kind.DATE: pl.Date(),
    Kind.TIME: pl.Time(),
    Kind.ZONE: pl.String(),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its meaning and what a value must satisfy.

    Parameters
    ----------
    name
        Column name; ends in its unit where it has one.
    kind
        Kind of value.
    about
        What the column means, for people.
    nullable
        Whether a value may be absent. A nullable column may be absent from a file altogether.
    default
        What an absent value means; a column with a default may be absent from a file altogether.
    allowed
        The closed set of texts allowed; empty for any.
    pattern
        A regular expression that the whole text must match.
    minimum, maximum
        Inclusive range of a number.
    """

    name: str
    kind: Kind
    about: str
    nullable: bool = False
    default: Value | None = None
    allowed: tuple[str, ...] = ()
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None

    @property
    def may_be_absent(self) -> bool:
        """Whether a file may come without this column."""
        return self.nullable or self.default is not None


@dataclass(frozen=True, slots=True)
class Reference:
    """Values of `columns` must stand in the columns `named` of another table, or those of the same names, where not null."""

    columns: tuple[str, ...]
    table: str
    named: tuple[str, ...] = ()

    @property
    def keys(self) -> list[str]:
        """The columns of the other table."""
        return list(self.named or self.columns)


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition over several columns of one row, and what to say where it does not hold."""

    column: str
    holds: pl.Expr
    reason: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns, key and cross-references.

    Parameters
    ----------
    name
        Table name; files are named after it.
    about
        What a row is, for people.
    columns
        The columns in their canonical order.
    key
        Columns that identify a row; empty where equal rows may repeat.
    references
        Columns whose values must exist elsewhere.
    rules
        Conditions over several columns.
    is_required
        Whether a workspace must bring it.
    is_log
        Whether rows accumulate over the nights (orders, movements, events). Otherwise the newest file is the whole truth.
    """

    name: str
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    rules: tuple[Rule, ...] = ()
    is_required: bool = False
    is_log: bool = False

    @property
    def schema(self) -> pl.Schema:
        """Column names and Polars types in canonical order."""
        return pl.Schema({column.name: column.kind.dtype for column in self.columns})

    def empty(self) -> pl.DataFrame:
        """Give a frame of this table without rows."""
        return pl.DataFrame(schema=self.schema)

    def column(self, name: str) -> Column:
        """Give the column of that name.

        Raises
        ------
        KeyError
            When the table has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name}; it has {', '.join(c.name for c in self.columns)}.")


def text(
    name: str,
    about: str,
    *,
    nullable: bool = False,
    default: str | None = None,
    allowed: tuple[str, ...] = (),
    pattern: str | None = None,
) -> Column:
    """Give a text column."""
    return Column(name, Kind.TEXT, about, nullable=nullable, default=default, allowed=allowed, pattern=pattern)


def integer(
    name: str,
    about: str,
    *,
    nullable: bool = False,
    default: int | None = None,
    at_least: int | None = None,
    at_most: int = 10**12,
) -> Column:
    """Give a whole-number column; its default range keeps products of two values within 64 bits by a wide margin."""
    low = -(10**12) if at_least is None else at_least
    return Column(name, Kind.INTEGER, about, nullable=nullable, default=default, minimum=low, maximum=at_most)


def number(
    name: str,
    about: str,
    *,
    nullable: bool = False,
    default: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Column:
    """Give a finite-number column."""
    return Column(name, Kind.NUMBER, about, nullable=nullable, default=default, minimum=at_least, maximum=at_most)


def flag(name: str, about: str, *, nullable: bool = False, default: bool | None = None) -> Column:
    """Give a true/false column."""
    return Column(name, Kind.FLAG, about, nullable=nullable, default=default)


def instant(name: str, about: str, *, nullable: bool = False) -> Column:
    """Give a column of points in time."""
    return Column(name, Kind.INSTANT, about, nullable=nullable)


def date(name: str, about: str, *, nullable: bool = False) -> Column:
    """Give a calendar-date column."""
    return Column(name, Kind.DATE, about, nullable=nullable)


def local_time(name: str, about: str) -> Column:
    """Give a column of local times of day."""
    return Column(name, Kind.TIME, about)


def zone(name: str, about: str) -> Column:
    """Give a column of IANA time zones."""
    return Column(name, Kind.ZONE, about)
