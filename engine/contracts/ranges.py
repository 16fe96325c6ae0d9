"""The ranges and closed sets that columns of several tables share."""

from __future__ import annotations

from typing import Final

MAX_MM: Final = 20_000
MAX_G: Final = 5_000_000
MAX_CENTS: Final = 10**10
MAX_UNITS: Final = 10**9
MAX_LINE_UNITS: Final = 1_000_000

COUNTRY: Final = "[A-Z]{2}"
CURRENCY: Final = "[A-Z]{3}"
SPEEDS: Final = ("economy", "standard", "express")
