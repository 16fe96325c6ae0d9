"""Pick lists on published problems, walks beside the routing policies, and a night's wave."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from solvers.picking import Block, Cart, PickingProblem, batch_and_route, shortest_walk
from solvers.picking.baselines import Policy, lists_by_arrival, walk_by_policy

FULL = os.environ.get("ORDERMILL_BENCH") == "full"
MOVES = (20_000, 200_000, 2_000_000) if FULL else (2_000,)


@pytest.fixture
def picking_cases() -> Path:
    for parent in Path(__file__).resolve().parents:
        if (parent / "shared" / "cases" / "picking").is_dir():
            return parent / "shared" / "cases" / "picking"
    pytest.skip("the folder shared/cases is not beside this checkout")


def read_problem(path: Path) -> PickingProblem:
    """Read a file of the JOBPRP collections; cell 0 is nearest the back cross-aisle, the depot at the front."""
    layout: dict[str, str] = {}
    place: dict[int, tuple[int, int]] = {}
    orders: list[list[tuple[int, int]]] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split()
        if not line.startswith("ID"):
            name, _, value = line.partition(":")
            layout[name.strip()] = value.strip()
            if name.startswith("NUM_ARTICLES_IN_ORDER"):
                orders.append([])
        elif words[2] == "AISLE":
            place[int(words[1])] = (int(words[3]), int(layout["NUM_CELLS"]) - 1 - int(words[5]))
        elif words[2] == "QUANTITY":
            orders[-1].append((int(words[1]), int(words[3])))

    def thousandths(name: str) -> int:
        return round(1000 * float(layout[name]))

    stops = [place[article] for order in orders for article, _ in order]
    return PickingProblem(
        block=Block(
            num_aisles=int(layout["NUM_AISLES"]),
            num_positions=int(layout["NUM_CELLS"]),
            aisle_pitch_mm=thousandths("DISTANCE_AISLE_TO_AISLE"),
            position_pitch_mm=thousandths("DISTANCE_CELL_TO_CELL"),
            front_to_first_mm=thousandths("DISTANCE_BOTTOM_TO_CELL"),
            back_to_last_mm=thousandths("DISTANCE_TOP_TO_CELL"),
        ),
        cart=Cart(max_units=int(layout["PICKER_CAPACITY"])),
        stop_start=np.cumsum([0, *map(len, orders)]),
        stop_aisle=[aisle for aisle, _ in stops],
        stop_position=[position for _, position in stops],
        units=[sum(quantity for _, quantity in order) for order in orders],
        volume_cm3=[0] * len(orders),
    )


def total_by_policy(problem: PickingProblem, list_of: np.ndarray, policy: Policy | None) -> int:
    """Total walk of given lists by a policy, or by the shortest walk."""
    total = 0
    list_of_stop = list_of[problem.shipment_of_stop]
    for one in range(int(list_of.max()) + 1):
        mine = list_of_stop == one
        where = (problem.block, problem.stop_aisle[mine], problem.stop_position[mine])
        total += shortest_walk(*where)[0] if policy is None else walk_by_policy(*where, policy)
    return total


@pytest.mark.parametrize("moves", MOVES)
@pytest.mark.parametrize("collection", ["bahceci_oncan", "henn_waescher"])
def test_gap_to_published_optima(benchmark, picking_cases, collection, moves):
    rows = (picking_cases / collection / "optimal.csv").read_text().splitlines()[1:]
    optimum_of = {name: round(1000 * float(length)) for name, length in (row.split(",") for row in rows)}
    problems = {name: read_problem(picking_cases / collection / name) for name in optimum_of}
    batch_and_route(next(iter(problems.values())), moves=10)

    def solve_all():
        return {name: batch_and_route(problem, moves=moves) for name, problem in problems.items()}

    solutions = benchmark.pedantic(solve_all, rounds=1, iterations=1)
    gaps, bounds, arrivals = [], [], []
    for name, solution in solutions.items():
        assert solution.violations(problems[name]) == []
        assert solution.outcome.bound <= optimum_of[name]
        gaps.append(solution.outcome.cost / optimum_of[name] - 1)
        bounds.append(solution.outcome.bound / optimum_of[name])
        arrivals.append(total_by_policy(problems[name], lists_by_arrival(problems[name]), None) / optimum_of[name] - 1)
    print(
        f"\n{collection}, {moves} moves: mean gap to the optimum {100 * np.mean(gaps):.2f} %, "
        f"largest {100 * max(gaps):.2f} %, at the optimum {sum(gap < 1e-5 for gap in gaps)} of {len(gaps)}; "
        f"lists by arrival {100 * np.mean(arrivals):.1f} %; our bound is {100 * np.mean(bounds):.1f} % of the optimum"
    )


def test_walks_beside_the_policies(benchmark, picking_cases):
    names = sorted((picking_cases / "henn_waescher").glob("*.txt"))[: None if FULL else 3]
    problems = [read_problem(name) for name in names]
    lists = [batch_and_route(problem, moves=2_000).list_of for problem in problems]

    def walk(policy: Policy | None) -> int:
        return sum(total_by_policy(*each, policy) for each in zip(problems, lists, strict=True))

    shortest = benchmark.pedantic(lambda: walk(None), rounds=1, iterations=1)
    for policy in Policy:
        print(f"\n{policy}: {walk(policy) / shortest:.3f} times the shortest walk", end="")
        assert walk(policy) >= shortest


def test_a_wave_of_two_thousand_shipments(benchmark):
    rng = np.random.default_rng(1)
    size = 2_000 if FULL else 200
    counts = rng.integers(1, 5, size)
    problem = PickingProblem(
        block=Block(20, 40, 3000, 1000, 1500, 1500),
        cart=Cart(max_shipments=20, max_units=80),
        stop_start=np.cumsum([0, *counts]),
        stop_aisle=np.minimum(rng.geometric(0.12, counts.sum()) - 1, 19),
        stop_position=rng.integers(0, 40, counts.sum()),
        units=counts + rng.integers(0, 2, size),
        volume_cm3=np.zeros(size, np.int64),
    )
    batch_and_route(problem, moves=10)
    for per_shipment in (0, 60, 250, 1000) if FULL else (0, 60):
        start = time.perf_counter()
        solution = batch_and_route(problem, moves=per_shipment * size)
        seconds = time.perf_counter() - start
        print(
            f"\n{size} shipments, {per_shipment} moves each: {solution.num_lists} lists, "
            f"{solution.outcome.cost / 1e6:.2f} km, bound {solution.outcome.bound / 1e6:.2f} km, {seconds:.2f} s",
            end="",
        )
    arrival = total_by_policy(problem, lists_by_arrival(problem), Policy.S_SHAPE)
    print(f"\nby arrival, S-shape: {arrival / 1e6:.2f} km")
    benchmark.pedantic(lambda: batch_and_route(problem, moves=60 * size), rounds=1, iterations=1)
