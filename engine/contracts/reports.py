"""The report tables of a run: the stock position and deliveries, in money."""

from __future__ import annotations

from typing import Final

from engine.contracts.schema import Table

REPORTS: Final[tuple[Table, ...]] = ()
