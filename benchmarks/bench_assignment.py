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
SIZES = (2_000, 20_000, 200_000, 500_000) if FULL else (100, 200)
"""Two lines an order: the largest has a million."""


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


@pytest.fixture(scope="module")
def growth(tmp_path_factory):
    """Collect what each size took; at the end one table, and one chart beside the other results."""
    rows: list[tuple[int, float, float, float]] = []
    yield rows
    print("\n  orders   seconds  ms an order   gap %  cents an order")
    for orders, seconds, gap, cents in rows:
        print(f"{orders:8d} {seconds:9.1f} {1000 * seconds / orders:12.2f} {gap:7.3f} {cents:15.1f}")
    path = tmp_path_factory.mktemp("assignment") / "growth.svg"
    path.write_text(chart(rows), encoding="utf-8")
    print(f"chart: {path}")


def chart(rows: list[tuple[int, float, float, float]]) -> str:
    """Draw seconds, gap and cents an order against the number of orders, each scaled to its own largest, size in logs."""
    size = np.log10([row[0] for row in rows])
    across = 60 + 480 * (size - size.min()) / max(np.ptp(size), 1e-9)
    parts = []
    for column, (name, colour) in enumerate(
        (("seconds", "#1b6ca8"), ("gap", "#b3541e"), ("cents an order", "#2e7d32")), 1
    ):
        values = np.array([row[column] for row in rows])
        down = 260 - 220 * values / max(values.max(), 1e-9)
        points = " ".join(f"{x:.0f},{y:.0f}" for x, y in zip(across, down, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="60" y="{270 + 16 * column}" fill="{colour}">{name}, at most {values.max():.3g}</text>')
    labels = "".join(f'<text x="{x:.0f}" y="272">{row[0]}</text>' for x, row in zip(across, rows, strict=True))
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="620" height="330" font-size="12">{"".join(parts)}{labels}</svg>'


@pytest.mark.parametrize("orders", SIZES)
def test_growth_with_size(benchmark, growth, orders):
    problem, miles = night(orders, grain="fine")
    solution, seconds = timed(benchmark, problem)
    tell(f"{orders} orders", problem, miles, solution, seconds)
    growth.append((orders, seconds, 100 * solution.outcome.gap, solution.outcome.cost / orders))


def test_last_nights_prices_save_rounds(benchmark):
    """The bound of a cold start beside that of a tenth of the rounds from the prices of a like night."""
    problem, _miles = night(ORDERS // 2, seed=1)
    lean = {"move_rounds": 0, "block_rounds": 0}
    yesterday = solve(night(ORDERS // 2, seed=0)[0], effort=Effort(**lean), threads=2).prices
    cold = {rounds: solve(problem, effort=Effort(price_rounds=rounds, **lean), threads=2) for rounds in (20, 200)}
    warm = benchmark.pedantic(
        solve, (problem,), {"effort": Effort(price_rounds=20, **lean), "threads": 2, "warm_prices": yesterday}, rounds=1
    )
    best = cold[200].outcome.bound
    print(
        f"\nbelow the bound of 200 cold rounds: 20 cold {100 * (1 - cold[20].outcome.bound / best):.3f} %, "
        f"20 from last night's prices {100 * (1 - warm.outcome.bound / best):.3f} %"
    )
