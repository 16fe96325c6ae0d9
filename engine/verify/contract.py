"""Invariant 0, second part: every value of every table is one that its contract allows."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from engine.contracts import TABLES, Column, Kind, Reference, Table
from engine.contracts.supply import EXCHANGE_RATES, known_currencies
from engine.verify.checks import Check, Findings, must, named, none_of
from engine.verify.files import Night


def check_contracts(night: Night) -> Iterator[Check]:
    """Check values, keys and references of every table that could be read.

    Parameters
    ----------
    night
        The run.
    """
    tables = {**night.inputs, **night.outputs}
    referred = dict(tables)
    if EXCHANGE_RATES.name in tables:
        referred[EXCHANGE_RATES.name] = known_currencies(tables[EXCHANGE_RATES.name], night.settings.night.currency)
    found: dict[str, list[Findings]] = {"values": [], "keys": [], "references": []}
    for name, frame in tables.items():
        table = TABLES[name]
        found["values"] += [_values(table, frame), *_rules(table, frame)]
        found["keys"] += [_key(table, frame)] if table.key else []
        found["references"] += [
            _reference(name, frame, reference, referred[reference.table])
            for reference in table.references
            if reference.table in referred
        ]
    for part, findings in found.items():
        yield named(f"contracts.{part}", *findings)


def _values(table: Table, frame: pl.DataFrame) -> Findings:
    """Look at every column; count bad values in one pass, and fetch examples only where there are any."""
    if frame.is_empty():
        return Findings(0)
    allowed = {column.name: _is_allowed(column) for column in table.columns}
    bad = frame.select([(~holds).sum().alias(name) for name, holds in allowed.items()]).row(0, named=True)
    findings = [
        must(
            frame.select(pl.col(name).alias("value"), allowed[name].alias("holds")).with_row_index("row", 1),
            pl.col("holds"),
            f"{table.name}, row {{row}}: {name} is {{value}}, which its contract does not allow",
        )
        for name, count in bad.items()
        if count
    ]
    examples = [example for finding in findings for example in finding.examples]
    return Findings(frame.height * frame.width, sum(bad.values()), tuple(examples))


def _is_allowed(column: Column) -> pl.Expr:
    value = pl.col(column.name)
    holds = pl.lit(value=True)
    if column.minimum is not None:
        holds &= value >= column.minimum
    if column.maximum is not None:
        holds &= value <= column.maximum
    if column.kind is Kind.NUMBER:
        holds &= value.is_finite()
    if column.allowed:
        holds &= value.is_in(column.allowed)
    if column.pattern is not None:
        holds &= value.str.contains(f"^(?:{column.pattern})$")
    return pl.when(value.is_null()).then(column.nullable).otherwise(holds)


def _rules(table: Table, frame: pl.DataFrame) -> list[Findings]:
    indexed = frame.with_row_index("row_number", 1)
    return [must(indexed, rule.holds, f"{table.name}, row {{row_number}}: {rule.reason}") for rule in table.rules]


def _key(table: Table, frame: pl.DataFrame) -> Findings:
    key = list(table.key)
    # Rows that rise by their key, as published tables do, cannot repeat it; that is far quicker to see.
    if frame.select(_rises(key).all()).item() or frame.select(key).n_unique() == frame.height:
        return Findings(frame.height)
    repeated = frame.group_by(key, maintain_order=True).len().filter(pl.col("len") > 1)
    what = ", ".join(f"{column} {{{column}}}" for column in key)
    return none_of(repeated, f"{table.name}: {what} stands {{len}} times", frame.height)


def _rises(key: list[str]) -> pl.Expr:
    """Tell whether a row comes after the one before it in the order of the key."""
    rises = pl.lit(value=False)
    for name in reversed(key):
        value, before = pl.col(name), pl.col(name).shift(1)
        rises = (value > before) | ((value == before) & rises)
    is_first = pl.int_range(pl.len()) == 0
    return is_first | rises.fill_null(value=False)


def _reference(name: str, frame: pl.DataFrame, reference: Reference, other: pl.DataFrame) -> Findings:
    columns = list(reference.columns)
    values = frame.select(columns).drop_nulls().unique(maintain_order=True)
    missing = values.join(other, left_on=columns, right_on=reference.keys, how="anti", maintain_order="left")
    what = ", ".join(f"{column} {{{column}}}" for column in columns)
    return none_of(missing, f"{name}: {what} is not in {reference.table}", frame.height)
