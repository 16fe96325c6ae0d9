"""One box by OR-Tools CP-SAT: an independent judge for small cases, and the baseline to compare with."""

from __future__ import annotations

from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np
from ortools.sat.python import cp_model

from solvers.outcome import Status

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

_STATUS = {cp_model.OPTIMAL: Status.OPTIMAL, cp_model.FEASIBLE: Status.OPTIMAL, cp_model.INFEASIBLE: Status.INFEASIBLE}


def fit_box(edges_mm: Ints, box_mm: Ints, seconds: float) -> tuple[Status, Ints]:
    """Say whether items fit a box, each free to turn, with no other rule.

    Parameters
    ----------
    edges_mm
        Edges of the items, one row each.
    box_mm
        Inner edges of the box.
    seconds
        Time limit.

    Returns
    -------
    Status
        OPTIMAL for a packing, INFEASIBLE for a proof that there is none, NO_SOLUTION when the time ran out.
    Ints
        Rows x1, y1, z1, x2, y2, z2; empty without a packing.
    """
    too_long = np.sort(edges_mm, axis=1) > np.sort(box_mm)
    if too_long.any() or int(edges_mm.prod(axis=1).sum()) > int(box_mm.prod()):
        return Status.INFEASIBLE, np.zeros((0, 6), np.int64)
    model = cp_model.CpModel()
    start = [[model.new_int_var(0, int(b), "") for b in box_mm] for _ in edges_mm]
    size = [_sizes(model, edges, box_mm) for edges in edges_mm]
    for low, long in zip(start, size, strict=True):
        for axis in range(3):
            model.add(low[axis] + long[axis] <= int(box_mm[axis]))
    for i, j in combinations(range(len(edges_mm)), 2):
        apart = []
        for a, b in ((i, j), (j, i)):
            for axis in range(3):
                before = model.new_bool_var("")
                model.add(start[a][axis] + size[a][axis] <= start[b][axis]).only_enforce_if(before)
                apart.append(before)
        model.add_bool_or(apart)
        if np.array_equal(edges_mm[i], edges_mm[j]):
            model.add(start[i][0] <= start[j][0])
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = seconds
    status = _STATUS.get(solver.solve(model), Status.NO_SOLUTION)
    if status is not Status.OPTIMAL:
        return status, np.zeros((0, 6), np.int64)
    corner = np.array([[solver.value(v) for v in row] for row in start])
    return status, np.hstack([corner, corner + np.array([[solver.value(v) for v in row] for row in size])])


def _sizes(model: cp_model.CpModel, edges: Ints, box: Ints) -> list[cp_model.IntVar]:
    """Give the edges of one item along the axes of the box, over its orientations."""
    ways = [
        list(p) for p in sorted(set(permutations(edges.tolist()))) if all(e <= b for e, b in zip(p, box, strict=True))
    ]
    longest = int(edges.max())
    size = [model.new_int_var(0, longest, "") for _ in range(3)]
    model.add_allowed_assignments(size, ways)
    return size


def smallest_box(edges_mm: Ints, boxes_mm: Ints, seconds: float) -> tuple[int, bool]:
    """Find the first of some boxes that holds the items.

    Parameters
    ----------
    edges_mm
        Edges of the items, one row each.
    boxes_mm
        Inner edges of the boxes, best first.
    seconds
        Time limit for each box.

    Returns
    -------
    int
        Position of the box, or the number of boxes if none was found.
    bool
        Whether every box before it is proven too small.
    """
    proven = True
    for position, box in enumerate(boxes_mm):
        status, _ = fit_box(edges_mm, box, seconds)
        if status is Status.OPTIMAL:
            return position, proven
        proven = proven and status is Status.INFEASIBLE
    return len(boxes_mm), proven
