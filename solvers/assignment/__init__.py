"""Which warehouse ships which piece of every order: the whole night at once, at least cost, with a certificate."""

from solvers.assignment.baselines import Baseline, nearest_warehouse, order_by_order, single_warehouse_first
from solvers.assignment.bounds import lower_bound, lower_bound_millicents, rough_prices
from solvers.assignment.charges import Charges, charged_bound
from solvers.assignment.effort import Effort
from solvers.assignment.explain import Alternative, alternatives, describe
from solvers.assignment.prices import Prices
from solvers.assignment.problem import (
    MAX_PIECES,
    MILLICENTS,
    UNLIMITED_SHIPMENTS,
    UNLIMITED_UNITS,
    AssignmentProblem,
)
from solvers.assignment.solution import AssignmentSolution
from solvers.assignment.solve import solve

__all__ = [
    "MAX_PIECES",
    "MILLICENTS",
    "UNLIMITED_SHIPMENTS",
    "UNLIMITED_UNITS",
    "Alternative",
    "AssignmentProblem",
    "AssignmentSolution",
    "Baseline",
    "Charges",
    "Effort",
    "Prices",
    "alternatives",
    "charged_bound",
    "describe",
    "lower_bound",
    "lower_bound_millicents",
    "nearest_warehouse",
    "order_by_order",
    "rough_prices",
    "single_warehouse_first",
    "solve",
]
