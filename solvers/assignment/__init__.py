"""Which warehouse ships which piece of every order: the whole night at once, at least cost, with a certificate."""

from solvers.assignment.bounds import lower_bound, lower_bound_millicents
from solvers.assignment.prices import Prices
from solvers.assignment.problem import (
    MAX_PIECES,
    MILLICENTS,
    UNLIMITED_SHIPMENTS,
    UNLIMITED_UNITS,
    AssignmentProblem,
)
from solvers.assignment.solution import AssignmentSolution
from solvers.assignment.solve import Effort, solve

__all__ = [
    "MAX_PIECES",
    "MILLICENTS",
    "UNLIMITED_SHIPMENTS",
    "UNLIMITED_UNITS",
    "AssignmentProblem",
    "AssignmentSolution",
    "Effort",
    "Prices",
    "lower_bound",
    "lower_bound_millicents",
    "solve",
]
