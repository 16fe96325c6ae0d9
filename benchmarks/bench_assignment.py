"""The night's plan beside the rules it replaces: cost, gap and seconds on a national network, and how they grow."""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from solvers.assignment import (
    AssignmentProblem,
    AssignmentSolution,
    Effort,
    nearest_warehouse,
    order_by_order,
    single_warehouse_first,
    solve,
)

# The import mode keeps this folder off the path; the network is drawn by the module beside this one.
sys.path.insert(0, str(Path(__file__).parent))
from assignment_network import night

FULL = os.environ.get("ORDERMILL_BENCH") == "full"
ORDERS = 20_000 if FULL else 300
SEEDS = (0, 1, 2) if FULL else (0,)
SIZES = (2_000, 20_000, 200_000) if FULL else (100, 200)


@pytest.fixture(scope="module", autouse=True)
def compiled():
    """Load or compile every kernel before anything is timed."""
    problem, miles = night(150)
    solve(problem, effort=Effort(price_rounds=3, move_rounds=1), threads=2)
    for baseline in (nearest_warehouse, single_warehouse_first):
        baseline(problem, np.rint(miles).astype(np.int64))
    order_by_order(problem)


def timed(benchmark, problem: AssignmentProblem) -> tuple[AssignmentSolution, float]:
    """Solve on two threads with the default effort."""
    started = time.perf_counter()
    solution = benchmark.pedantic(solve, (problem,), {"threads": 2}, rounds=1)
    return solution, time.perf_counter() - started


def tell(
    name: str, problem: AssignmentProblem, miles: np.ndarray, solution: AssignmentSolution, seconds: float
) -> None:
    """Print the plan beside the baselines; what the bound allows is what any plan could save at most."""
    assert solution.violations(problem) == []
    rank = np.rint(miles).astype(np.int64)
    cost, bound = solution.outcome.cost, solution.outcome.bound
    parts = []
    for rule, baseline in (
        ("nearest", nearest_warehouse(problem, rank)),
        ("single first", single_warehouse_first(problem, rank)),
        ("order by order", order_by_order(problem)),
    ):
        saved, most = 100 * (1 - cost / baseline.cost_cents), 100 * (1 - bound / baseline.cost_cents)
        parts.append(f"{rule} -{saved:.2f} % (bound allows -{most:.2f})")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"\n{name}: {problem.num_orders} orders, {problem.num_pieces} lines: gap {100 * solution.outcome.gap:.3f} %, "
        f"{seconds:.1f} s, {peak:.0f} MiB, {solution.outcome.cost / problem.num_orders:.1f} cents an order; "
        + "; ".join(parts)
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("stock", ["tight", "loose"])
@pytest.mark.parametrize("grain", ["coarse", "fine"])
def test_national_night(benchmark, grain, stock, seed):
    problem, miles = night(ORDERS, stock=stock, grain=grain, seed=seed)
    solution, seconds = timed(benchmark, problem)
    tell(f"{grain} {stock} seed {seed}", problem, miles, solution, seconds)


@pytest.mark.parametrize("centres", [5, 40])
def test_other_networks(benchmark, centres):
    problem, miles = night(ORDERS // 2, centres=centres)
    solution, seconds = timed(benchmark, problem)
    tell(f"{centres} centres", problem, miles, solution, seconds)


def test_where_nearest_is_nearly_right(benchmark):
    """Single-line orders, plain miles, ample stock: little is left to gain."""
    problem, miles = night(ORDERS, stock="loose", single_share=0.95)
    solution, seconds = timed(benchmark, problem)
    tell("nearest nearly right", problem, miles, solution, seconds)


@pytest.mark.parametrize("orders", SIZES)
def test_growth_with_size(benchmark, orders):
    problem, miles = night(orders, grain="fine")
    solution, seconds = timed(benchmark, problem)
    tell(f"{orders} orders", problem, miles, solution, seconds)
