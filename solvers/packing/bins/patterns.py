"""Choosing among packed bins: the covering linear program and its integer solution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from ortools.linear_solver import pywraplp
from ortools.sat.python import cp_model

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

_DETERMINISTIC_SECONDS: Final = 4.0


def cover_relaxed(counts: Ints, quantity: Ints) -> tuple[Floats, Floats]:
    """Cover the quantities with fractions of patterns at the least total.

    Parameters
    ----------
    counts
        (num_patterns, num_types) items of each type in each pattern.
    quantity
        (num_types,) items to cover.

    Returns
    -------
    tuple
        (num_patterns,) how much of each pattern, and (num_types,) the price of one item of each type: a new pattern helps
        only if its items are worth more than 1.
    """
    solver = pywraplp.Solver.CreateSolver("GLOP")
    amounts = [solver.NumVar(0.0, solver.infinity(), "") for _ in range(counts.shape[0])]
    rows = []
    for t in np.flatnonzero(quantity):
        row = solver.Constraint(float(quantity[t]), solver.infinity())
        for p in np.flatnonzero(counts[:, t]):
            row.SetCoefficient(amounts[p], float(counts[p, t]))
        rows.append((t, row))
    objective = solver.Objective()
    for amount in amounts:
        objective.SetCoefficient(amount, 1.0)
    objective.SetMinimization()
    price = np.zeros(quantity.size)
    if solver.Solve() != pywraplp.Solver.OPTIMAL:
        return np.zeros(counts.shape[0]), price
    for t, row in rows:
        price[t] = max(0.0, row.dual_value())
    return np.array([amount.solution_value() for amount in amounts]), price


def cover_whole(counts: Ints, quantity: Ints, upper: int, seconds: float) -> Ints | None:
    """Cover the quantities with fewer than ``upper`` whole patterns, if that is found.

    Parameters
    ----------
    counts, quantity
        As in `cover_relaxed`.
    upper
        The number of bins to beat.
    seconds
        Most time; the effort is limited in itself, too.

    Returns
    -------
    array or None
        (num_patterns,) how often each is used.
    """
    model = cp_model.CpModel()
    most = [int((-(-quantity // np.maximum(row, 1)))[row > 0].max(initial=0)) for row in counts]
    amounts = [model.new_int_var(0, min(m, upper - 1), "") for m in most]
    for t in np.flatnonzero(quantity):
        used = np.flatnonzero(counts[:, t])
        model.add(sum(int(counts[p, t]) * amounts[p] for p in used) >= int(quantity[t]))
    model.add(sum(amounts) <= upper - 1)
    model.minimize(sum(amounts))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = _DETERMINISTIC_SECONDS
    solver.parameters.max_time_in_seconds = max(seconds, 0.01)
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return np.array([solver.value(amount) for amount in amounts], np.int64)
