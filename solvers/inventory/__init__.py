"""Inventory: the valued stock ledger, demand, reorder policies and transfers."""

from solvers.inventory.ledger import (
    AGE_LIMITS_DAYS,
    NO_COST,
    NO_LINK,
    Movement,
    MovementValues,
    StockHistory,
    StockPositions,
)
from solvers.inventory.value import value_movements, value_stocks

__all__ = [
    "AGE_LIMITS_DAYS",
    "NO_COST",
    "NO_LINK",
    "Movement",
    "MovementValues",
    "StockHistory",
    "StockPositions",
    "value_movements",
    "value_stocks",
]
