"""Inventory: the valued stock ledger, demand, reorder policies and transfers.

Purchases and transfers are planned by `solvers.inventory.replenish`, which is not imported here: it brings OR-Tools along,
some fifty megabytes that the ledger has no use for.
"""

from solvers.inventory.accuracy import pinball_loss, rmsse, scaled_pinball_loss
from solvers.inventory.classes import (
    DemandPattern,
    SteadinessClass,
    ValueClass,
    demand_patterns,
    steadiness_classes,
    value_classes,
)
from solvers.inventory.demand_model import ForecastParameters
from solvers.inventory.forecast import (
    DemandForecast,
    forecast_demand,
    intermittent_rates,
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
from solvers.inventory.lost import lost_sales
from solvers.inventory.replenishment import UNLIMITED, Replenishment, ReplenishmentProblem
from solvers.inventory.running import RunningLedger, opening_units
from solvers.inventory.series import DemandSeries
from solvers.inventory.value import (
    DailySales,
    GroupedHistory,
    block_starts,
    blocks_of,
    daily_sales,
    group_by_block,
    value_movements,
    value_stocks,
)

__all__ = [
    "AGE_LIMITS_DAYS",
    "NO_COST",
    "NO_LINK",
    "UNLIMITED",
    "DailySales",
    "Demand",
    "DemandForecast",
    "DemandPattern",
    "DemandSeries",
    "ForecastParameters",
    "GroupedHistory",
    "Movement",
    "MovementValues",
    "Replenishment",
    "ReplenishmentProblem",
    "RunningLedger",
    "SteadinessClass",
    "StockHistory",
    "StockPositions",
    "ValueClass",
    "block_starts",
    "blocks_of",
    "daily_sales",
    "demand_patterns",
    "forecast_demand",
    "group_by_block",
    "intermittent_rates",
    "lost_sales",
    "opening_units",
    "pinball_loss",
    "rmsse",
    "scaled_pinball_loss",
    "steadiness_classes",
    "value_classes",
    "value_movements",
    "value_stocks",
]
