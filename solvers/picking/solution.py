"""Pick lists and walks, and what would be wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from solvers.outcome import Outcome
    from solvers.picking.kernels import Integers
    from solvers.picking.problem import PickingProblem


@dataclass(frozen=True, eq=False)
class PickingSolution:
    """Which list each shipment is on and the order in which each list visits its places.

    Parameters
    ----------
    list_of
        (shipments,) list of each shipment, numbered from 0 without holes.
    visit_of
        (stops,) when the list of the stop's shipment is at the stop, from 0; stops at the same place share it.
    walk_mm
        (lists,) length of each walk.
    outcome
        Total walk in millimetres and a proven lower bound on it.
    """

    list_of: Integers
    visit_of: Integers
    walk_mm: Integers
    outcome: Outcome

    @property
    def num_lists(self) -> int:
        """Number of lists."""
        return int(self.walk_mm.size)

    def violations(self, problem: PickingProblem) -> list[str]:
        """List what is wrong with the solution, recomputed from the raw problem; empty where nothing is."""
        if self.list_of.size != problem.num_shipments or self.visit_of.size != problem.stop_aisle.size:
            return ["the solution is of another problem: the numbers of shipments or stops differ."]
        if not np.array_equal(np.unique(self.list_of), np.arange(self.num_lists)):
            return ["lists are not numbered from 0 without holes."]
        found = self._overloaded(problem)
        for one in range(self.num_lists):
            walk_mm = self._walk_of(problem, one)
            if walk_mm != self.walk_mm[one]:
                found.append(f"list {one} states a walk of {self.walk_mm[one]} mm; its stops take {walk_mm} mm.")
        if int(self.walk_mm.sum()) != self.outcome.cost:
            found.append(f"walks add up to {self.walk_mm.sum()} mm; the outcome states {self.outcome.cost} mm.")
        return found

    def _overloaded(self, problem: PickingProblem) -> list[str]:
        load = np.zeros((self.num_lists, problem.loads.shape[1]), np.int64)
        np.add.at(load, self.list_of, problem.loads)
        is_over = (load > problem.cart.limits).any(axis=1) & (load[:, 0] > 1)
        return [
            f"list {one} exceeds the cart: {load[one].tolist()} of {problem.cart.limits.tolist()}."
            for one in np.flatnonzero(is_over)
        ]

    def _walk_of(self, problem: PickingProblem, one: int) -> int:
        block = problem.block
        mine = np.flatnonzero(self.list_of[problem.shipment_of_stop] == one)
        mine = mine[np.argsort(self.visit_of[mine], kind="stable")]
        aisle = np.concatenate(([block.depot_aisle], problem.stop_aisle[mine], [block.depot_aisle]))
        offset = np.concatenate(([0], block.offsets_mm(problem.stop_position[mine]), [0]))
        detour = np.minimum(offset[1:] + offset[:-1], 2 * block.length_mm - offset[1:] - offset[:-1])
        steps = np.diff(aisle)
        between = np.where(steps == 0, np.abs(np.diff(offset)), np.abs(steps) * block.aisle_pitch_mm + detour)
        return int(between.sum())
