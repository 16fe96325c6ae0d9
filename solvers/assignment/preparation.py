"""The problem as the solver works on it: options that can never ship dropped, costs in thousandths of a cent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solvers.assignment.kernels_plan import PriceArrays, Room, add_potential_use, fitting_options
from solvers.assignment.kernels_pricing import Instance
from solvers.assignment.prices import Prices
from solvers.assignment.problem import MILLICENTS

if TYPE_CHECKING:
    from solvers.assignment.problem import AssignmentProblem, Int64Array


@dataclass(frozen=True)
class Prepared:
    """A problem ready for the kernels.

    Parameters
    ----------
    instance
        Arrays of the options that could ship by themselves.
    option_ids
        Shape (num options kept,): their positions in the problem.
    limit
        The shared limits.
    contested
        Positions, in the flat order stock (SKU by SKU), capacity, resources, of the limits that orders could exceed.
    """

    instance: Instance
    option_ids: Int64Array
    limit: Room
    contested: Int64Array

    @property
    def num_orders(self) -> int:
        """Number of orders."""
        return len(self.instance.max_shipments)

    @property
    def num_pieces(self) -> int:
        """Number of pieces."""
        return len(self.instance.piece_sku)

    def room(self) -> Room:
        """Give a copy of the limits, to take from."""
        return Room(*(array.copy() for array in self.limit))

    def unflatten(self, flat: Int64Array) -> PriceArrays:
        """Shape a flat vector over all limits as prices."""
        stock, capacity = self.limit.stock.size, self.limit.capacity.size
        return PriceArrays(
            flat[:stock].reshape(self.limit.stock.shape), flat[stock : stock + capacity], flat[stock + capacity :]
        )

    def spread(self, price: Int64Array) -> PriceArrays:
        """Shape prices of the contested limits as prices of all; the others are free."""
        flat = np.zeros(sum(array.size for array in self.limit), dtype=np.int64)
        flat[self.contested] = price
        return self.unflatten(flat)

    def contested_limit(self) -> Int64Array:
        """Give how much there is of each contested limit."""
        return np.asarray(flatten(self.limit)[self.contested])

    def family(self) -> Int64Array:
        """Give the SKU of each contested limit, -1 where it is not stock."""
        return np.where(self.contested < self.limit.stock.size, self.contested // max(1, self.limit.stock.shape[1]), -1)


def flatten(arrays: Room | PriceArrays) -> Int64Array:
    """Chain stock, capacity and resources into one vector."""
    return np.concatenate([arrays.stock.ravel(), arrays.capacity, arrays.resource])


def arrays_of(prices: Prices) -> PriceArrays:
    """Give prices as kernels read them."""
    return PriceArrays(
        np.ascontiguousarray(prices.stock_millicents.T), prices.capacity_millicents, prices.resource_millicents
    )


def prices_of(arrays: PriceArrays) -> Prices:
    """Give the kernels' prices as published."""
    return Prices(np.ascontiguousarray(arrays.stock.T), arrays.capacity, arrays.resource)


def instance_of(problem: AssignmentProblem) -> Instance:
    """Give the problem with all its options as kernels read it."""
    split = problem.split_cents * MILLICENTS
    return Instance(
        piece_start=problem.piece_start,
        piece_sku=problem.piece_sku,
        piece_quantity=problem.piece_quantity,
        backorder=problem.piece_backorder_cents * MILLICENTS,
        option_start=problem.option_start,
        option_warehouse=problem.option_warehouse,
        option_mask=problem.option_mask,
        option_cost=problem.option_objective_cents * MILLICENTS + problem.option_parcels * np.int64(split),
        option_parcels=problem.option_parcels,
        max_shipments=problem.max_shipments,
        use_start=problem.option_resource_start,
        use_resource=problem.option_resource,
        use_amount=problem.option_resource_amount,
        split=np.int64(split),
    )


def prepare(problem: AssignmentProblem) -> Prepared:
    """Drop the options that ask for more than a whole limit holds, and find the limits orders could exceed.

    No plan can use a dropped option, so costs are unchanged and the bound can only rise.
    """
    full = instance_of(problem)
    limit = Room(np.ascontiguousarray(problem.stock_units.T), problem.capacity_units, problem.resource_limit)
    fits = np.zeros(problem.num_options, dtype=np.bool_)
    fitting_options(full, limit, fits)
    kept = np.flatnonzero(fits)
    instance = _only(full, kept)
    most = Room(*(np.zeros_like(array) for array in limit))
    add_potential_use(instance, np.zeros(problem.num_warehouses, dtype=np.int64), most)
    return Prepared(instance, kept, limit, np.flatnonzero(flatten(most) > flatten(limit)))


def _only(instance: Instance, kept: Int64Array) -> Instance:
    """Give the instance with some of its options, ascending."""
    if len(kept) == len(instance.option_mask):
        return instance
    start, length = instance.use_start[kept], np.diff(instance.use_start)[kept]
    use_start = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(length)])
    use = np.repeat(start - use_start[:-1], length) + np.arange(use_start[-1])
    return instance._replace(
        option_start=np.searchsorted(kept, instance.option_start),
        option_warehouse=instance.option_warehouse[kept],
        option_mask=instance.option_mask[kept],
        option_cost=instance.option_cost[kept],
        option_parcels=instance.option_parcels[kept],
        use_start=use_start,
        use_resource=instance.use_resource[use],
        use_amount=instance.use_amount[use],
    )
