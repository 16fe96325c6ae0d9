"""Inventory: the valued stock ledger, demand, reorder policies and transfers."""

from solvers.inventory.forecast import (
    DemandForecast,
    DemandSeries,
    ForecastParameters,
    forecast_demand,
    intermittent_rates,
    pinball_loss,
)
from solvers.inventory.ledger import (
    AGE_LIMITS_DAYS,
    NO_COST,
    NO_LINK,
    Movement,
    MovementValues,
    StockHistory,
    StockPositions,
)
from solvers.inventory.loss import Demand
from solvers.inventory.value import GroupedHistory, group_by_article, value_movements, value_stocks

__all__ = [
    "AGE_LIMITS_DAYS",
    "NO_COST",
    "NO_LINK",
    "Demand",
    "DemandForecast",
    "DemandSeries",
    "ForecastParameters",
    "GroupedHistory",
    "Movement",
    "MovementValues",
    "StockHistory",
    "StockPositions",
    "forecast_demand",
    "group_by_article",
    "intermittent_rates",
    "pinball_loss",
    "value_movements",
    "value_stocks",
]
