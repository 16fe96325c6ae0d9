"""Inventory: the valued stock ledger, demand, reorder policies and transfers.

Purchases and transfers are planned by `solvers.inventory.replenishment.solve`, which is not imported here: it brings
OR-Tools along, some fifty megabytes that the ledger has no use for.
"""

from solvers.inventory.classes import (
    DemandPattern,
    SteadinessClass,
    ValueClass,
    demand_patterns,
    steadiness_classes,
    value_classes,
)
from solvers.inventory.demand.accuracy import pinball_loss, rmsse, scaled_pinball_loss
from solvers.inventory.demand.forecast import (
    DemandForecast,
    forecast_demand,
    intermittent_rates,
)
from solvers.inventory.demand.lost import lost_sales
from solvers.inventory.demand.model import ForecastParameters
from solvers.inventory.demand.series import DemandSeries
from solvers.inventory.ledger.problem import (
    AGE_LIMITS_DAYS,
    NO_COST,
    NO_LINK,
    Movement,
    MovementValues,
    StockHistory,
    StockPositions,
)
from solvers.inventory.ledger.running import RunningLedger, opening_units
from solvers.inventory.ledger.value import (
    DailySales,
    GroupedHistory,
    block_starts,
    blocks_of,
    daily_sales,
    group_by_block,
    value_movements,
    value_stocks,
)
from solvers.inventory.policies.loss import Demand
from solvers.inventory.replenishment.problem import UNLIMITED, Replenishment, ReplenishmentProblem

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
