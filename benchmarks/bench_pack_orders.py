"""Packing orders beside other engines: the smallest carton of every order, and the fewest boxes for real orders.

Run `pytest benchmarks/bench_pack_orders.py --benchmark-enable -s`; ORDERMILL_BENCH=full for whole files and longer limits.
py3dbp takes part where it is installed.
"""

from __future__ import annotations

import csv
import os
import time
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from solvers.packing.cartons import Cartons, Objective, Prices
from solvers.packing.cp_sat import smallest_box
from solvers.packing.items import ItemSets, ItemTypes
from solvers.packing.problem import PackingProblem, Rules, Split
from solvers.packing.solution import STATUSES
from solvers.packing.solve import pack

FULL = os.environ.get("ORDERMILL_BENCH") == "full"


def _cases() -> Path:
    for parent in Path(__file__).resolve().parents:
        if (parent / "shared" / "cases" / "packing").is_dir():
            return parent / "shared" / "cases" / "packing"
    pytest.skip("the folder shared/cases is not beside this checkout")


def read_orders(name, most=None):
    """Give cartons, and the items (l, w, h, g) of each order."""
    lines = iter((_cases() / name).read_text().splitlines())
    num_cartons, num_orders = map(int, next(lines).split())
    cartons = np.array([next(lines).split() for _ in range(num_cartons)], dtype=np.int64)
    orders = []
    for _ in range(num_orders):
        _, size = map(int, next(lines).split())
        orders.append(np.array([line.split() for line in islice(lines, size)], dtype=np.int64))
    return cartons, orders[:most]


def problem_of(cartons, orders, objective=Objective.VOLUME, **rules):
    items = np.concatenate(orders)
    types, kind = np.unique(items, axis=0, return_inverse=True)
    start = np.r_[0, np.cumsum([len(o) for o in orders])]
    return PackingProblem(
        ItemTypes.of(types[:, 0], types[:, 1], types[:, 2], weight_g=types[:, 3]),
        ItemSets(start, kind.ravel(), np.ones(len(items), np.int64)),
        Cartons.of(cartons[:, 0], cartons[:, 1], cartons[:, 2]),
        Prices.without_freight(objective),
        Rules(**({"support_share": 0.0, "split": Split.NEVER} | rules)),
    )


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
        with (_cases() / "orders2000_optimal.csv").open() as file:
            known = [int(row["smallest_carton"] or -1) for row in csv.DictReader(file)][: len(orders)]
        volume = np.append(cartons.prod(axis=1), 0)
        best = volume[known]
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
    longer, seconds = timed(problem_of(cartons, [orders[k] for k in compared]), seconds=1.0 if FULL else 0.05)
    tell(f"  at most {1.0 if FULL else 0.05} s an order", longer, seconds)
    print(f"  our volume {longer.set_cost.sum() / theirs.sum():.4f} of theirs")


def test_real_orders_take_no_more_boxes_than_boxpacker(benchmark):
    folder = _cases() / "boxpacker"
    with (folder / "boxes.csv").open() as file:
        boxes = np.array([row[1:] for row in csv.reader(file) if row], dtype=np.int64)
    with (folder / "expected.csv").open() as file:
        expected = {row[0]: int(row[4]) for row in csv.reader(file) if row}
    orders: dict[str, list[list[int]]] = {}
    with (folder / "items.csv").open() as file:
        for row in csv.reader(file):
            if row:
                orders.setdefault(row[0], []).append([int(row[1]), *map(int, row[3:7])])
    chosen = list(orders)[: None if FULL else 300]
    rows = np.array([line for name in chosen for line in orders[name]], dtype=np.int64)
    types, kind = np.unique(rows[:, 1:], axis=0, return_inverse=True)
    outer = np.maximum(boxes[:, :3], boxes[:, 4:7])
    problem = PackingProblem(
        ItemTypes.of(types[:, 0], types[:, 1], types[:, 2], weight_g=types[:, 3]),
        ItemSets(np.r_[0, np.cumsum([len(orders[name]) for name in chosen])], kind.ravel(), rows[:, 0]),
        Cartons.of(
            *boxes[:, 4:7].T,
            outer_length_mm=outer[:, 0],
            outer_width_mm=outer[:, 1],
            outer_height_mm=outer[:, 2],
            tare_g=boxes[:, 3],
            max_weight_g=boxes[:, 7],
        ),
        Prices.without_freight(Objective.CARTONS),
        Rules(support_share=0.0),
    )
    solution, seconds = timed(problem)
    benchmark(pack, problem)
    tell("real orders, fewest boxes, one core", solution, seconds)
    used = np.bincount(solution.parcel_set, minlength=len(chosen))
    known = np.array([expected[name] for name in chosen])
    print(
        f"  BoxPacker {known.sum()} boxes, ours {used.sum()}: more in {(used > known).sum()}, fewer in {(used < known).sum()}"
    )
    assert solution.violations(problem) == []


@pytest.mark.parametrize("units", [1, 5, 20, 50, 100, 200] if FULL else [1, 10])
def test_time_against_items(units):
    rng = np.random.default_rng(units)
    orders = [np.c_[rng.integers(30, 120, (units, 3)), np.ones(units, np.int64)] for _ in range(20)]
    edge = np.array([200, 300, 400, 600, 800, 1000, 1200])
    cartons = np.c_[edge, edge * 3 // 4, edge // 2]
    solution, seconds = timed(problem_of(cartons, orders))
    tell(f"{units} items an order, 7 cartons", solution, seconds)


@pytest.mark.parametrize("num_cartons", [1, 10, 30, 100] if FULL else [1, 20])
def test_time_against_cartons(num_cartons):
    rng = np.random.default_rng(1)
    orders = [np.c_[rng.integers(30, 120, (6, 3)), np.ones(6, np.int64)] for _ in range(100)]
    edge = np.linspace(150, 500, num_cartons + 1)[1:].astype(np.int64)
    solution, seconds = timed(problem_of(np.c_[edge, edge * 3 // 4, edge // 2], orders))
    tell(f"6 items an order, {num_cartons} cartons", solution, seconds)


@pytest.mark.skipif(find_spec("py3dbp") is None, reason="py3dbp is not installed")
def test_beside_py3dbp():
    from py3dbp import Bin, Item, Packer

    cartons, orders = read_orders("orders2000.txt", 2000 if FULL else 50)
    turn = np.argsort(cartons.prod(axis=1), kind="stable")
    begin = time.process_time()
    theirs = 0
    for order in orders:
        for c in turn:
            packer = Packer()
            packer.add_bin(Bin("carton", *map(int, cartons[c]), 10**9))
            for k, item in enumerate(order):
                packer.add_item(Item(str(k), *map(int, item)))
            packer.pack(bigger_first=True)
            if not packer.bins[0].unfitted_items:
                theirs += int(cartons[c].prod())
                break
    their_seconds = time.process_time() - begin
    solution, seconds = timed(problem_of(cartons, orders))
    tell("orders2000 beside py3dbp", solution, seconds)
    print(
        f"  py3dbp {len(orders) / their_seconds:,.0f} orders/s; ours {their_seconds / seconds:.1f} times as fast, volume {solution.set_cost.sum() / theirs:.4f} of theirs"
    )
