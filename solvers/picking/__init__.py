"""Batches and walks: which shipments share a pick list, and the shortest walk of each list."""

from solvers.picking.bounds import total_walk_bound
from solvers.picking.problem import Block, Cart, PickingProblem
from solvers.picking.solution import PickingSolution
from solvers.picking.solve import batch_and_route, shortest_walk

__all__ = [
    "Block",
    "Cart",
    "PickingProblem",
    "PickingSolution",
    "batch_and_route",
    "shortest_walk",
    "total_walk_bound",
]
