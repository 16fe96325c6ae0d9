"""What a carrier charges: billable weight, weight breaks, surcharges, the cheapest service."""

from solvers.tariff.problem import NO_LIMIT, Basis, Lanes, Parcels, Tariff, Trigger
from solvers.tariff.solution import CheapestServices, Rates, SurchargeLines
from solvers.tariff.solve import cheapest_services, rate_parcels, surcharge_lines

__all__ = [
    "NO_LIMIT",
    "Basis",
    "CheapestServices",
    "Lanes",
    "Parcels",
    "Rates",
    "SurchargeLines",
    "Tariff",
    "Trigger",
    "cheapest_services",
    "rate_parcels",
    "surcharge_lines",
]
