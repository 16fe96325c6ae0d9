"""The night's plan beside the rules it replaces: cost, gap and seconds on a national network, and how they grow."""

from __future__ import annotations

import os
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from solvers.assignment import (
    AssignmentProblem,
    AssignmentSolution,
    Effort,
    Prices,
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
SEEDS = range(5) if FULL else range(1)
SIZES = (2_000, 20_000, 200_000, 500_000) if FULL else (100, 200)
"""Two lines an order: the largest has a million."""
ROUNDS = (10, 20, 40, 80, 160) if FULL else (5, 10)
COLOURS = ("#1b6ca8", "#2e7d32", "#b3541e")


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


@pytest.mark.parametrize("stock", ["short", "ample"])
def test_stock_at_which_as_much_can_be_saved_as_published(benchmark, stock):
    """The bound allows about 11.9 % against order by order where stock is short, and 5.9 % where it is ample."""
    problem, miles = night(ORDERS, stock=stock)
    solution, seconds = timed(benchmark, problem)
    tell(f"{stock} stock", problem, miles, solution, seconds)


@pytest.mark.parametrize("centres", [5, 10, 40])
@pytest.mark.parametrize("stock", ["tight", "loose"])
def test_other_networks(benchmark, centres, stock):
    problem, miles = night(ORDERS // 2, centres=centres, stock=stock)
    solution, seconds = timed(benchmark, problem)
    tell(f"{centres} centres, {stock}", problem, miles, solution, seconds)


@pytest.mark.parametrize("single_share", [0.0, 1.0])
def test_mixes_of_lines(benchmark, single_share):
    """Orders all of several lines, and all of one."""
    problem, miles = night(ORDERS // 2, single_share=single_share)
    solution, seconds = timed(benchmark, problem)
    tell(f"{100 * single_share:.0f} % of orders of one line", problem, miles, solution, seconds)


def test_where_nearest_is_nearly_right(benchmark):
    """Single-line orders, plain miles, ample stock: little is left to gain."""
    problem, miles = night(ORDERS, stock="loose", single_share=0.95, distance_scale=1.0)
    solution, seconds = timed(benchmark, problem)
    tell("nearest nearly right", problem, miles, solution, seconds)


@dataclass(frozen=True)
class Size:
    """What a night of some size took."""

    orders: int
    seconds: float
    cpu_seconds: float
    gap: float
    cents_an_order: float


@pytest.fixture(scope="module")
def growth(tmp_path_factory):
    """Collect what each size took; at the end one table, the exponents of growth, and two charts."""
    rows: list[Size] = []
    yield rows
    print("\n  orders   seconds  CPU seconds  ms an order   gap %  cents an order")
    for row in rows:
        print(
            f"{row.orders:8d} {row.seconds:9.1f} {row.cpu_seconds:12.1f} {1000 * row.seconds / row.orders:12.2f} "
            f"{row.gap:7.3f} {row.cents_an_order:15.1f}"
        )
    print(
        f"seconds grow as orders to the power of {exponent(rows, 'seconds'):.2f}, CPU seconds {exponent(rows, 'cpu_seconds'):.2f}"
    )
    folder = Path(__file__).parents[1] / ".benchmarks" if FULL else tmp_path_factory.mktemp("assignment")
    folder.mkdir(exist_ok=True)
    for name, lines in (
        ("time-and-gap", {"CPU seconds": "cpu_seconds", "seconds": "seconds", "gap, %": "gap"}),
        ("cost", {"cents an order": "cents_an_order"}),
    ):
        path = folder / f"assignment-{name}.svg"
        path.write_text(chart(rows, lines), encoding="utf-8")
        print(f"chart: {path}")


def exponent(rows: list[Size], name: str) -> float:
    """Give the slope of the logarithm of what was measured over that of the orders: 1 is linear growth."""
    values = np.log([getattr(row, name) for row in rows])
    return float(np.polyfit(np.log([row.orders for row in rows]), values, 1)[0]) if len(rows) > 1 else float("nan")


def chart(rows: list[Size], lines: dict[str, str]) -> str:
    """Draw what was measured against the number of orders in logs, each line scaled to its own largest, values beside."""
    size = np.log10([row.orders for row in rows])
    across = 60 + 480 * (size - size.min()) / max(np.ptp(size), 1e-9)
    parts = ['<line x1="60" y1="260" x2="560" y2="260" stroke="#888"/>']
    for column, ((label, name), colour) in enumerate(zip(lines.items(), COLOURS, strict=False), 1):
        values = np.array([getattr(row, name) for row in rows])
        down = 260 - 220 * values / max(values.max(), 1e-9)
        points = " ".join(f"{x:.0f},{y:.0f}" for x, y in zip(across, down, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<text x="{x:.0f}" y="{y - 6:.0f}" fill="{colour}">{value:.3g}</text>'
            for x, y, value in zip(across, down, values, strict=True)
        ]
        parts.append(f'<text x="60" y="{276 + 16 * column}" fill="{colour}">{label}</text>')
    parts += [f'<text x="{x:.0f}" y="276">{row.orders}</text>' for x, row in zip(across, rows, strict=True)]
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="340" font-size="12">{"".join(parts)}</svg>'


@pytest.mark.parametrize("orders", SIZES)
def test_growth_with_size(benchmark, growth, orders):
    problem, miles = night(orders, grain="fine")
    before = time.process_time()
    solution, seconds = timed(benchmark, problem)
    spent = time.process_time() - before
    tell(f"{orders} orders", problem, miles, solution, seconds)
    growth.append(Size(orders, seconds, spent, 100 * solution.outcome.gap, solution.outcome.cost / orders))


def test_last_nights_prices_save_rounds(benchmark):
    """How many rounds from the prices of another evening of the same network give the bound of a cold start."""
    problem, _miles = night(ORDERS // 2, seed=1, place_seed=0)

    def bound(rounds: int, warm: Prices | None = None) -> int:
        effort = Effort(price_rounds=rounds, move_rounds=0, block_rounds=0)
        return solve(problem, effort=effort, threads=2, warm_prices=warm).outcome.bound

    lean = Effort(move_rounds=0, block_rounds=0)
    yesterday = solve(night(ORDERS // 2, seed=0, place_seed=0)[0], effort=lean, threads=2).prices
    warm = {rounds: bound(rounds, yesterday) for rounds in ROUNDS[1:]}
    warm[ROUNDS[0]] = benchmark.pedantic(bound, (ROUNDS[0], yesterday), rounds=1)
    cold = {rounds: bound(rounds) for rounds in ROUNDS}
    best = max(*cold.values(), *warm.values())
    for rounds in ROUNDS:
        enough = [tried for tried in ROUNDS if warm[tried] >= cold[rounds]]
        print(
            f"\n{rounds} rounds: below the best bound {100 * (1 - cold[rounds] / best):.3f} % cold, "
            f"{100 * (1 - warm[rounds] / best):.3f} % from last night's prices"
            + (f"; {min(enough)} from these are enough for the cold bound" if enough else ""),
            end="",
        )
    print()
