"""Generalised assignment: jobs to machines within capacities, whose Lagrangian bound is known to be that of the LP.

Each order has one piece, each machine is a resource, waiting is so dear that no job waits. Relaxing the capacities leaves
a cheapest machine for each job, which is integral by itself: the best bound is the optimum of the linear relaxation.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from ortools.linear_solver import pywraplp

from solvers.assignment import (
    MILLICENTS,
    UNLIMITED_UNITS,
    AssignmentProblem,
    AssignmentSolution,
    Effort,
    Prices,
    lower_bound_millicents,
    solve,
)

NEVER = 1_000_000
"""Cost of a job that nobody does."""


def instance(kind: str, seed: int, jobs: int = 40, machines: int = 5) -> tuple[np.ndarray, ...]:
    """Cost, size and capacity by the rules of the published families C, D and E.

    Costs are in hundredths, so that rounding the bound up to whole cents does not hide anything.

    References
    ----------
    Chu and Beasley (1997), A genetic algorithm for the generalised assignment problem, Computers & Operations Research 24.
    Yagiura, Ibaraki and Glover (2004), An ejection chain approach for the GAP, INFORMS Journal on Computing 16.
    """
    rng = np.random.default_rng(seed)
    if kind == "C":
        size, cost = rng.integers(5, 26, (jobs, machines)), rng.integers(10, 51, (jobs, machines))
    elif kind == "D":
        size = rng.integers(1, 101, (jobs, machines))
        cost = 111 - size + rng.integers(-10, 11, (jobs, machines))
    else:
        size = np.rint(1 - 10 * np.log(1 - rng.random((jobs, machines)))).astype(np.int64)
        cost = np.rint(1000 / size - 10 * rng.random((jobs, machines))).astype(np.int64).clip(1)
    return 100 * cost, size, size.sum(axis=0) * 8 // (10 * machines)


def as_night(cost: np.ndarray, size: np.ndarray, capacity: np.ndarray) -> AssignmentProblem:
    jobs, machines = cost.shape
    every, ones = np.arange(jobs * machines), np.ones(jobs * machines, dtype=np.int64)
    machine = np.tile(np.arange(machines), jobs)
    return AssignmentProblem(
        piece_start=np.arange(jobs + 1),
        piece_sku=np.zeros(jobs, dtype=np.int64),
        piece_quantity=np.ones(jobs, dtype=np.int64),
        piece_backorder_cents=np.full(jobs, NEVER),
        option_start=np.arange(jobs + 1) * machines,
        option_warehouse=machine,
        option_mask=ones,
        option_cents=cost.ravel(),
        option_parcels=ones,
        max_shipments=np.ones(jobs, dtype=np.int64),
        split_cents=0,
        stock_units=np.full((machines, 1), jobs),
        capacity_units=np.full(machines, UNLIMITED_UNITS),
        option_resource_start=np.append(every, len(every)),
        option_resource=machine,
        option_resource_amount=size.ravel(),
        resource_limit=capacity,
    )


def by_or_tools(cost: np.ndarray, size: np.ndarray, capacity: np.ndarray, solver: str) -> tuple[float, np.ndarray]:
    """The optimum of the model, linear or whole, and what a unit of each machine is worth in the linear one."""
    model = pywraplp.Solver.CreateSolver(solver)
    jobs, machines = cost.shape
    make = model.NumVar if solver == "GLOP" else model.IntVar
    takes = [[make(0, 1, "") for _ in range(machines)] for _ in range(jobs)]
    for row in takes:
        model.Add(sum(row) == 1)
    within = [
        model.Add(sum(int(size[j, i]) * takes[j][i] for j in range(jobs)) <= int(capacity[i])) for i in range(machines)
    ]
    model.Minimize(sum(int(cost[j, i]) * takes[j][i] for j in range(jobs) for i in range(machines)))
    assert model.Solve() == pywraplp.Solver.OPTIMAL
    worth = [-row.dual_value() for row in within] if solver == "GLOP" else []
    return model.Objective().Value(), np.array(worth)


def solved(data: tuple[np.ndarray, ...], effort: Effort) -> tuple[AssignmentProblem, AssignmentSolution]:
    problem = as_night(*data)
    solution = solve(problem, effort=effort)
    assert solution.violations(problem) == []
    return problem, solution


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", ["C", "D", "E"])
def test_the_bound_is_that_of_the_linear_relaxation(kind, seed):
    data = instance(kind, seed)
    problem, solution = solved(data, Effort(price_rounds=100, move_rounds=0, block_rounds=0))
    linear, worth = by_or_tools(*data, "GLOP")
    # The bound is rounded up to whole cents, nothing more.
    assert solution.outcome.bound <= math.ceil(linear + 1e-6)
    assert solution.outcome.bound >= (1 - 2e-4) * linear
    # At the linear dual the bound code meets the linear optimum but for rounding the prices.
    prices = Prices(
        np.zeros_like(problem.stock_units),
        np.zeros_like(problem.capacity_units),
        np.rint(worth.clip(0) * MILLICENTS).astype(np.int64),
    )
    rounding = 0.5 * (data[1].max(axis=1).sum() + data[2].sum())
    assert abs(lower_bound_millicents(problem, prices) - linear * MILLICENTS) <= rounding + 1


@pytest.mark.parametrize("kind", ["C", "D", "E"])
def test_bound_optimum_and_plan_stand_in_this_order(kind):
    data = instance(kind, 2, jobs=15, machines=3)
    _, solution = solved(data, Effort(price_rounds=60, move_rounds=5, slack_cents=4_000))
    optimum = round(by_or_tools(*data, "SAT")[0])
    assert solution.outcome.bound <= optimum <= solution.outcome.cost
    assert solution.outcome.cost <= 1.01 * optimum
