"""Inventory: the valued stock ledger, demand, reorder policies and transfers."""

from solvers.inventory.forecast import (
    DemandForecast,
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
from solvers.inventory.replenish import Replenishment, ReplenishmentProblem, replenish
from solvers.inventory.series import DemandSeries
from solvers.inventory.value import (
    DailySales,
    GroupedHistory,
    daily_sales,
    group_by_article,
    value_movements,
    value_stocks,
)

__all__ = [
    "AGE_LIMITS_DAYS",
    "NO_COST",
    "NO_LINK",
    "DailySales",
    "Demand",
    "DemandForecast",
    "DemandSeries",
    "ForecastParameters",
    "GroupedHistory",
    "Movement",
    "MovementValues",
    "Replenishment",
    "ReplenishmentProblem",
    "StockHistory",
    "StockPositions",
    "daily_sales",
    "forecast_demand",
    "group_by_article",
    "intermittent_rates",
    "pinball_loss",
    "replenish",
    "value_movements",
    "value_stocks",
]
