"""What the rules inside a parcel cost, and time and memory against the number of items and of cartons.

Run `pytest benchmarks/bench_packing_effort.py --benchmark-enable -s`; ORDERMILL_BENCH=full for more and longer cases.
"""

from __future__ import annotations

import os
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from solvers.packing.cartons import Cartons, Objective, Prices
from solvers.packing.items import ItemSets, ItemTypes
from solvers.packing.problem import PackingProblem, Rules, Split
from solvers.packing.solve import pack

# The import mode keeps this folder off the path; the cases are read by the module beside this one.
sys.path.insert(0, str(Path(__file__).parent))
from packing_cases import read_orders

FULL = os.environ.get("ORDERMILL_BENCH") == "full"


def ruled(cartons, orders, *, with_rules: bool) -> PackingProblem:
    """Give the orders without rules, or with all: support, padding, weight limits, loads, fragile goods, upright goods."""
    items = np.concatenate(orders)
    types, kind = np.unique(items, axis=0, return_inverse=True)
    rng = np.random.default_rng(7)
    n, volume = len(types), cartons.prod(axis=1)
    columns = {"weight_g": types[:, 3]}
    limit = {}
    if with_rules:
        fragile = rng.random(n) < 0.15
        columns |= {
            "orientation": np.where(rng.random(n) < 0.15, 3, 63),
            "max_load_g": np.where(rng.random(n) < 0.2, 2_000, 2**62),
            "padding_mm": np.where(fragile, 8, 0),
            "is_fragile": fragile.astype(np.int64),
        }
        limit = {"max_weight_g": np.full(len(cartons), 20_000), "tare_g": volume // 100_000}
    start = np.r_[0, np.cumsum([len(order) for order in orders])]
    return PackingProblem(
        ItemTypes.of(types[:, 0], types[:, 1], types[:, 2], **columns),
        ItemSets(start, kind.ravel(), np.ones(len(items), np.int64)),
        Cartons.of(cartons[:, 0], cartons[:, 1], cartons[:, 2], **limit),
        Prices.without_freight(Objective.VOLUME),
        Rules(support_share=0.7 if with_rules else 0.0, split=Split.NEVER),
    )


def test_what_the_rules_cost():
    cartons, orders = read_orders("orders2000.txt", None if FULL else 100)
    took = {}
    for with_rules in (False, True):
        problem = ruled(cartons, orders, with_rules=with_rules)
        pack(problem, tries=1, node_limit=1)
        begin = time.process_time()
        solution = pack(problem)
        took[with_rules] = time.process_time() - begin
        assert solution.violations(problem) == []
        proven = np.isin(solution.set_status, (0, 2)).mean()
        packed = (np.bincount(solution.parcel_set, minlength=len(orders)) > 0).mean()
        print(
            f"\norders2000, rules {'on' if with_rules else 'off'}: {len(orders) / took[with_rules]:,.0f} orders/s, "
            f"{proven:.1%} proven, {packed:.1%} in one carton"
        )
    print(f"  with rules x{took[True] / took[False]:.2f} the time")


def generated_orders(units: int, num_cartons: int, num_orders: int) -> PackingProblem:
    rng = np.random.default_rng(units)
    orders = [np.c_[rng.integers(30, 120, (units, 3)), rng.integers(50, 900, units)] for _ in range(num_orders)]
    edge = np.linspace(150, max(400, 130 * units ** (1 / 3)), num_cartons + 1)[1:].astype(np.int64)
    return ruled(np.c_[edge, edge * 3 // 4, edge * 2 // 3], orders, with_rules=False)


SIZES = [(1, 10), (10, 10), (50, 10), (200, 10), (10, 1), (10, 30), (10, 100)] if FULL else [(1, 10), (10, 10)]


@pytest.mark.parametrize(("units", "num_cartons"), SIZES)
def test_time_and_memory(units, num_cartons):
    problem = generated_orders(units, num_cartons, 16 if FULL else 4)
    pack(problem, tries=1, node_limit=1)
    took = {}
    for threads in (1, 2):
        begin = time.perf_counter()
        solution = pack(problem, threads=threads)
        took[threads] = (time.perf_counter() - begin) / problem.sets.num_sets
    tracemalloc.start()
    pack(problem)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    proven = np.isin(solution.set_status, (0, 2)).mean()
    print(
        f"\n{units} items, {num_cartons} cartons: {1e3 * took[1]:.2f} ms an order on one thread, {1e3 * took[2]:.2f} on two, "
        f"{peak / 2**20:.2f} MiB, {proven:.0%} proven"
    )
