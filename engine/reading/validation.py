"""Raw frames to canonical ones by the contracts; every bad row set apart with every reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from engine.contracts import Table
from engine.contracts.outputs import REJECTS
from engine.reading.files import ROW, RawFile
from engine.reading.parsing import parse_column

ORPHANED: Final = "not in table"
"""How the reason of a row begins that refers to something no table has."""


@dataclass(frozen=True)
class Checked:
    """A table's good rows in canonical form and, apart, what was wrong with the others.

    Parameters
    ----------
    frame
        Good rows: the contract's columns and `_row`.
    bad
        The other rows as far as they could be read, so that references are judged on them too.
    rejects
        A row for every reason of every bad row.
    """

    frame: pl.DataFrame
    bad: pl.DataFrame
    rejects: pl.DataFrame


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
        Its rows, good and bad, and why the bad ones are.

    Raises
    ------
    InputError
        When a column of a typed file has a type from which no value of its kind can be read.
    """
    frame = raw.frame
    parsed = {column.name: parse_column(column, frame, raw.source, timezone) for column in table.columns}
    judged = pl.DataFrame([part.value.alias(name) for name, part in parsed.items()]).with_columns(frame[ROW])
    faults = [(name, mask, reason) for name, part in parsed.items() for mask, reason in part.faults]
    faults += [
        (rule.column, judged.select((~rule.holds).fill_null(value=False)).to_series(), rule.reason)
        for rule in table.rules
    ]
    is_bad = pl.Series(values=[False], dtype=pl.Boolean).new_from_index(0, judged.height)
    for _, mask, _ in faults:
        is_bad |= mask
    good, doubles = _split_duplicates(judged.filter(~is_bad), table)
    twice = "this key stands in the file already; the first row was kept"
    rejects = [
        _broken_rejects(raw, table),
        *(_rejects(judged.filter(mask), frame, table, raw.source, name, reason) for name, mask, reason in faults),
        _rejects(doubles, frame, table, raw.source, ", ".join(table.key), twice),
    ]
    found = pl.concat(rejects).sort("row", "column", "reason", nulls_last=True)
    return Checked(good, pl.concat([judged.filter(is_bad), doubles]), found)


def reject_orphans(checked: Checked, table: Table, source: str, others: dict[str, pl.DataFrame]) -> Checked:
    """Set rows apart that refer to something no table has.

    Parameters
    ----------
    checked
        The rows of a file; those that are bad already are judged too, so that they carry every reason.
    table, source
        Their contract and file.
    others
        The canonical tables referred to.
    """
    rows = pl.concat([checked.frame, checked.bad])
    rejects = []
    for reference in table.references:
        names = list(reference.columns)
        known = others[reference.table].select(reference.keys).unique()
        orphans = rows.drop_nulls(names).join(known, left_on=names, right_on=reference.keys, how="anti")
        where = f"{reference.table}, which has no good row" if known.is_empty() else reference.table
        reason = f"{ORPHANED} {where}: add it there or correct it here"
        rejects.append(_rejects(orphans, rows, table, source, ", ".join(names), reason))
    return _set_apart(checked, rejects)


def reject_repeats(checked: Checked, table: Table, source: str, earlier: dict[str, pl.DataFrame]) -> Checked:
    """Set rows apart whose key another file of the same table has already.

    Parameters
    ----------
    checked
        The rows of a file.
    table, source
        Their contract and file.
    earlier
        Good rows by file, of the files before it.
    """
    key = list(table.key)
    rejects = []
    for other, frame in earlier.items():
        repeats = checked.frame.join(frame.select(key), on=key, how="semi")
        reason = f"this key stands in {other} already; its row was kept. Remove the file that no longer holds"
        rejects.append(_rejects(repeats, checked.frame, table, source, ", ".join(key), reason))
    return _set_apart(checked, rejects)


def _set_apart(checked: Checked, rejects: list[pl.DataFrame]) -> Checked:
    found = pl.concat([REJECTS.empty(), *rejects])
    if found.is_empty():
        return checked
    rows = found.select(pl.col("row").alias(ROW)).unique()
    newly = checked.frame.join(rows, on=ROW, how="semi", maintain_order="left")
    frame = checked.frame.join(rows, on=ROW, how="anti", maintain_order="left")
    return Checked(frame, pl.concat([checked.bad, newly]), pl.concat([checked.rejects, found]))


def _rejects(bad: pl.DataFrame, raw: pl.DataFrame, table: Table, source: str, column: str, reason: str) -> pl.DataFrame:
    if bad.is_empty():
        return REJECTS.empty()
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
        pl.format(f"{name}={{}}", pl.col(name).cast(pl.String).str.strip_chars().fill_null(""))
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
