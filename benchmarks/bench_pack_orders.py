"""Packing orders: the smallest carton of every order, beside CP-SAT, and the fewest boxes for real orders.

Run `pytest benchmarks/bench_pack_orders.py --benchmark-enable -s`; ORDERMILL_BENCH=full for whole files and longer limits.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from solvers.packing.cp_sat import smallest_box
from solvers.packing.solution import STATUSES
from solvers.packing.solve import pack

# The import mode keeps this folder off the path; the cases are read by the module beside this one.
sys.path.insert(0, str(Path(__file__).parent))
from packing_cases import fewest_boxes, problem_of, read_orders, real_orders, smallest_cartons

FULL = os.environ.get("ORDERMILL_BENCH") == "full"


def tell(what, solution, seconds):
    status = np.bincount(solution.set_status, minlength=len(STATUSES))
    proven = (status[0] + status[2]) / status.sum()
    print(
        f"\n{what}: {len(solution.set_status) / seconds:,.0f} orders/s, {proven:.2%} proven, cost {solution.set_cost.sum():,}"
    )


def timed(problem, threads=1, **limits):
    pack(problem, threads=threads, tries=1, node_limit=1)
    begin = time.process_time() if threads == 1 else time.perf_counter()
    solution = pack(problem, threads=threads, **limits)
    end = time.process_time() if threads == 1 else time.perf_counter()
    return solution, end - begin


@pytest.mark.parametrize("support", [0.0, 0.7])
def test_smallest_carton_of_2000_orders(benchmark, support):
    cartons, orders = read_orders("orders2000.txt", None if FULL else 200)
    problem = problem_of(cartons, orders, support_share=support)
    solution, seconds = timed(problem)
    tell(f"orders2000, support {support}, one core", solution, seconds)
    tell("  two threads", *timed(problem, threads=2))
    tell("  a million nodes, one core", *timed(problem, node_limit=1_000_000 if FULL else 100_000))
    benchmark(pack, problem)
    assert solution.violations(problem) == []
    if support == 0:
        best = smallest_cartons(cartons, len(orders))
        missed = (best > 0) & (solution.set_status >= 2)
        print(
            f"  goal 3,000 orders/s, all proven; larger than the known smallest: {(solution.set_cost > best).sum()} of {len(best)}, "
            f"fits missed: {missed.sum()}, excess volume {solution.set_cost[best > 0].sum() / best.sum() - 1:.4%}"
        )
        claimed = np.isin(solution.set_status, [0, 2])
        assert np.array_equal(solution.set_cost[claimed], best[claimed])
        assert np.all(solution.set_cost[solution.set_status < 2] >= best[solution.set_status < 2])


def test_hard_orders_beside_cp_sat():
    cartons, orders = read_orders("orders_hard.txt", None if FULL else 12)
    problem = problem_of(cartons, orders)
    solution, seconds = timed(problem)
    tell("orders_hard, one core", solution, seconds)
    tell("  two threads", *timed(problem, threads=2))
    tell("  support 0.7", *timed(problem_of(cartons, orders, support_share=0.7)))
    volume = cartons.prod(axis=1)
    turn = np.argsort(volume, kind="stable")
    compared = range(0, len(orders), 10 if FULL else 6)
    limit = 5.0 if FULL else 0.2
    begin = time.process_time()
    theirs = np.array(
        [volume[turn][min(smallest_box(orders[k][:, :3], cartons[turn], limit)[0], len(turn) - 1)] for k in compared]
    )
    their_seconds = time.process_time() - begin
    ours = solution.set_cost[list(compared)]
    print(
        f"  CP-SAT, {limit} s a carton, {len(theirs)} of the orders: {len(theirs) / their_seconds:.2f} orders/s; "
        f"our volume {ours.sum() / theirs.sum():.4f} of theirs (goal: at most 1.01 at 20 orders/s)"
    )
    some = problem_of(cartons, [orders[k] for k in compared])
    second = 1.0 if FULL else 0.05
    more = [{"tries": tries} for tries in ((60_000, 300_000) if FULL else (6_000,))]
    for limits in (*more, {"seconds": second, "clock": time.process_time}):
        longer, seconds = timed(some, **limits)
        tell(
            f"  {limits.get('tries', second):,} {'tries' if 'tries' in limits else 's an order at most'}",
            longer,
            seconds,
        )
        print(
            f"  our volume {longer.set_cost.sum() / theirs.sum():.4f} of theirs (goal: at most 1 with a second an order)"
        )


def test_real_orders_take_no_more_boxes_than_boxpacker(benchmark):
    boxes, orders, known = real_orders(None if FULL else 300)
    problem = fewest_boxes(boxes, orders)
    pack(problem)
    speeds = sorted(len(orders) / timed(problem)[1] for _ in range(9 if FULL else 3))
    solution, seconds = timed(problem)
    benchmark(pack, problem)
    tell("real orders, fewest boxes, one core", solution, seconds)
    used = np.bincount(solution.parcel_set, minlength=len(orders))
    print(
        f"  {len(speeds)} runs: {speeds[0]:,.0f} orders/s at least, median {speeds[len(speeds) // 2]:,.0f} (goal 5,000)\n"
        f"  BoxPacker {known.sum()} boxes, ours {used.sum()}: more in {(used > known).sum()}, fewer in {(used < known).sum()}"
    )
    assert solution.violations(problem) == []
