"""Documents written from the code: docs/tables.md from the contracts, docs/settings.md from the settings.

`python -m engine.document DIR` writes them, with `--check` it only says whether they are current.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine.config import Carrier, Settings
from engine.contracts import INPUTS, OUTPUTS, REPORTS, Column, Kind, Table
from engine.contracts.reports import ANALYSES


def tables_document() -> str:
    """Give docs/tables.md."""
    parts = [
        "# Tables\n",
        "Written from `engine/contracts` by `make docs`; do not edit.\n",
        "Files are CSV or Parquet, named after the table: `orders.csv`, `orders.2026-11-22.parquet`, `orders-shop.csv`. A column with a",
        "default or marked optional may be absent altogether; extra columns are ignored. Money is in cents (hundredths of the currency",
        "unit), instants are UTC.\n",
        "## Inputs\n",
        *(_table(table) for table in INPUTS),
        "## Outputs\n",
        *(_table(table) for table in OUTPUTS),
        "## Reports\n",
        *(_table(table) for table in REPORTS),
        "## Analyses\n",
        "What a notebook or a command asks for; no part of a run.\n",
        *(_table(table) for table in ANALYSES),
    ]
    return "\n".join(parts)


def _table(table: Table) -> str:
    facts = [f"key: {', '.join(table.key)}" if table.key else "no key: equal rows may repeat"]
    facts += ["required"] * table.is_required + ["accumulates over the nights"] * table.is_log
    facts += [f"{', '.join(r.columns)} must be in {r.table}" for r in table.references]
    rows = [
        f"| {column.name} | {column.kind.value} | {_allowed(column)} | {column.about} |" for column in table.columns
    ]
    return "\n".join(
        [
            f"### {table.name}\n",
            f"A row: {table.about}. {'; '.join(facts)}.\n",
            "| column | kind | allowed | meaning |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _allowed(column: Column) -> str:
    parts = []
    if column.allowed:
        parts.append(", ".join(column.allowed))
    if column.kind in (Kind.INTEGER, Kind.NUMBER):
        low = "" if column.minimum is None or column.minimum <= -(10**12) else _written(column.minimum)
        high = "" if column.maximum is None or column.maximum >= 10**12 else _written(column.maximum)
        parts += [f"{low or '…'} to {high or '…'}"] if low or high else []
    if column.pattern:
        parts.append(f"`{column.pattern}`")
    if column.default is not None:
        parts.append(f"default {column.default if column.default != '' else 'empty'}")
    elif column.nullable:
        parts.append("optional")
    return "; ".join(parts).replace("|", "\\|")


def _written(limit: float) -> str:
    return f"{limit:,.6f}".rstrip("0").removesuffix(".")


def settings_document() -> str:
    """Give docs/settings.md."""
    parts = [
        "# Settings\n",
        "Written from `engine/config.py` by `make docs`; do not edit.\n",
        "`ordermill.toml` in a workspace; every setting has a default. `ORDERMILL_SECTION__NAME` in the environment overrides the file.\n",
    ]
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            parts.append(_section(name, section))
    parts.append(_section("carriers.NAME", Carrier))
    return "\n".join(parts)


def _section(name: str, section: type[BaseModel]) -> str:
    rows = [
        f"| {key} | {_default(field)} | {(field.description or '').replace(chr(10), ' ')} |"
        for key, field in section.model_fields.items()
    ]
    return "\n".join(
        [
            f"## [{name}]\n",
            f"{(section.__doc__ or '').strip()}\n",
            "| setting | default | meaning |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None:
        return "none"
    return f'"{value}"' if isinstance(value, str) else str(list(value) if isinstance(value, tuple) else value).lower()


def documents() -> dict[str, str]:
    """Give the generated documents by file name."""
    return {"tables.md": tables_document(), "settings.md": settings_document()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the documents; 0 when they are current."""
    parser = argparse.ArgumentParser(description="Write the documents that are generated from the code.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a document is not current")
    given = parser.parse_args(arguments)
    stale = [
        name
        for name, text in documents().items()
        if not (given.directory / name).is_file() or (given.directory / name).read_text("utf-8") != text
    ]
    if given.check:
        for name in stale:
            sys.stderr.write(f"{given.directory / name} is not current. Write it with: make docs\n")
        return 1 if stale else 0
    for name, text in documents().items():
        (given.directory / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
