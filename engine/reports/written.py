"""How figures are written on the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def count(value: float) -> str:
    """Write a count with its thousands apart."""
    return f"{value:,.0f}".replace(",", "\u202f")


def share(value: float) -> str:
    """Write a share as per cent."""
    return f"{100 * value:.1f} %"


def money(currency: str) -> Callable[[float], str]:
    """Give the writer of cents in a currency."""
    return lambda cents: f"{cents / 100:,.2f}".replace(",", "\u202f") + f" {currency}"


def short_money(cents: float) -> str:
    """Write a large sum of cents in thousands or millions, the currency being named elsewhere."""
    whole = abs(cents) / 100
    for size, letter in ((1e6, " m"), (1e3, " k")):
        if whole >= size:
            return f"{cents / 100 / size:.{1 if whole < 100 * size else 0}f}{letter}"
    return f"{cents / 100:.0f}"


def day(value: Any) -> str:
    """Write a day."""
    return f"{value:%Y-%m-%d}"


def days(value: float) -> str:
    """Write a number of days."""
    return f"{value:.1f}"
