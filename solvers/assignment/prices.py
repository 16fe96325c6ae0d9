"""Prices of the shared limits, in whole thousandths of a cent, so that a bound is recomputed without rounding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from solvers.assignment.problem import AssignmentProblem, Int64Array


_LARGEST = 2**61


@dataclass(frozen=True)
class Prices:
    """What one more unit of each shared limit would save, as the bound values it.

    Parameters
    ----------
    stock_millicents
        Shape (num_warehouses, num_skus): thousandths of a cent per unit of stock.
    capacity_millicents
        Shape (num_warehouses,): thousandths of a cent per unit a warehouse sends.
    resource_millicents
        Shape (num_resources,): thousandths of a cent per unit of each further resource.

    Raises
    ------
    ValueError
        When a price is negative: a limit that may stay unused is never worth less than nothing.
    """

    stock_millicents: Int64Array
    capacity_millicents: Int64Array
    resource_millicents: Int64Array

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            array = np.ascontiguousarray(getattr(self, name), dtype=np.int64)
            object.__setattr__(self, name, array)
            if array.size and array.min() < 0:
                raise ValueError(f"{name} must be ≥ 0; lowest: {array.min()}.")

    @classmethod
    def zero(cls, problem: AssignmentProblem) -> Prices:
        """Give prices of 0 in the shapes of the problem."""
        return cls(
            np.zeros_like(problem.stock_units),
            np.zeros_like(problem.capacity_units),
            np.zeros_like(problem.resource_limit),
        )

    def check(self, problem: AssignmentProblem) -> None:
        """Raise ValueError when the shapes are not those of the problem."""
        shapes = (self.stock_millicents.shape, self.capacity_millicents.shape, self.resource_millicents.shape)
        expected = (problem.stock_units.shape, problem.capacity_units.shape, problem.resource_limit.shape)
        if shapes != expected:
            raise ValueError(
                f"prices have shapes {shapes}, the problem needs {expected}; align them by warehouse and SKU."
            )

    def check_sums(self, problem: AssignmentProblem, more_millicents: float = 0.0) -> None:
        """Raise ValueError when what an order pays could leave int64, where it would wrap and prove anything.

        Parameters
        ----------
        problem
            The problem, whose own costs leave half of int64.
        more_millicents
            What pieces pay beside the prices.
        """
        # Floats are exact enough to tell 2**61 from far less, and cannot wrap.
        units = float(problem.piece_quantity.sum(dtype=np.float64))
        amount = float(problem.option_resource_amount.sum(dtype=np.float64))
        per_unit = float(self.stock_millicents.max(initial=0)) + float(self.capacity_millicents.max(initial=0))
        per_amount = float(self.resource_millicents.max(initial=0))
        worst = per_unit * units + per_amount * amount + more_millicents
        if worst >= _LARGEST:
            raise ValueError(
                f"charges are too large to sum exactly: up to {worst:.3g} thousandths of a cent, the limit is 2**61. "
                f"Highest price of a unit {per_unit:.3g}, of a resource {per_amount:.3g}: cap them at what a unit costs."
            )
