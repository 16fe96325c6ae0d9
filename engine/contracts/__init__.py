"""Every table in one place: used to read, validate, write and document."""

from __future__ import annotations

from typing import Final

from engine.contracts.inputs import INPUTS
from engine.contracts.outputs import OUTPUTS
from engine.contracts.reports import REPORTS
from engine.contracts.schema import FIRST_YEAR, LAST_YEAR, Column, Kind, Reference, Rule, Table, time_zones

__all__ = [
    "FIRST_YEAR",
    "INPUTS",
    "LAST_YEAR",
    "OUTPUTS",
    "REPORTS",
    "TABLES",
    "Column",
    "Kind",
    "Reference",
    "Rule",
    "Table",
    "time_zones",
]

TABLES: Final[dict[str, Table]] = {table.name: table for table in (*INPUTS, *OUTPUTS, *REPORTS)}
