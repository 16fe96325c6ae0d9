"""Packing beside engines that pip installs, what its rules cost, and what it takes in time and memory.

Run `pytest benchmarks/bench_packing_peers.py --benchmark-enable -s`; ORDERMILL_BENCH=full for more and longer cases. The peers stand
in the dependency group `bench` (`pip install --group bench`); a case whose peer is absent is skipped.
"""

from __future__ import annotations

import os
import time
import tracemalloc
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from solvers.packing.bins_solve import solve_bins
from solvers.packing.cartons import Cartons, Objective, Prices
from solvers.packing.container import ContainerProblem
from solvers.packing.container_solve import solve_container
from solvers.packing.items import ItemSets, ItemTypes
from solvers.packing.problem import PackingProblem, Rules, Split
from solvers.packing.solve import pack

FULL = os.environ.get("ORDERMILL_BENCH") == "full"
SECONDS = 5.0 if FULL else 0.5
needs_packingsolver = pytest.mark.skipif(
    find_spec("packingsolver3d") is None, reason="packingsolver3d is not installed"
)


def cases() -> Path:
    for parent in Path(__file__).resolve().parents:
        if (parent / "shared" / "cases" / "packing").is_dir():
            return parent / "shared" / "cases" / "packing"
    pytest.skip("the folder shared/cases is not beside this checkout")


def generated(seed: int, num_types: int, container=(600, 240, 260)) -> ContainerProblem:
    """Cargo that about fills one container, in the manner of Bischoff and Ratcliff (1995)."""
    rng = np.random.default_rng(seed)
    edge = np.stack([rng.integers(low, high, num_types) for low, high in ((30, 121), (25, 101), (20, 81))], axis=1)
    quantity = np.maximum(1, np.prod(container) // num_types // edge.prod(axis=1))
    return ContainerProblem(container, edge, quantity)


def as_instance(problem: ContainerProblem, objective: str, copies: int):
    """Tell packingsolver3d the same; its axes are ours."""
    import packingsolver3d as peer

    items = [
        peer.ItemType(x=int(x), y=int(y), z=int(z), copies=int(q), rotations=list(peer.ALL_ROTATIONS))
        for (x, y, z), q in zip(problem.edge_mm, problem.quantity, strict=True)
    ]
    x, y, z = problem.container_mm
    return peer.Instance(
        bin_types=[peer.BinType(x=x, y=y, z=z, copies=copies)],
        item_types=items,
        objective=getattr(peer.Objective, objective),
    )


def placed_mm3(result) -> int:
    """Add up what packingsolver3d placed; nothing where it found no packing in time."""
    return sum(one.copies * sum(p.lx * p.ly * p.lz for p in one.placements) for one in result.bins)


@needs_packingsolver
@pytest.mark.parametrize("num_types", [3, 8, 20] if FULL else [5])
def test_one_container_beside_packingsolver(num_types):
    from packingsolver3d import box

    solve_container(generated(0, 3), rollouts=3)
    ours, theirs = [], []
    for seed in range(5 if FULL else 1):
        problem = generated(seed, num_types)
        load = solve_container(problem, seconds=SECONDS)
        assert load.violations(problem) == []
        ours.append(load.loaded_mm3 / problem.volume_mm3)
        result = box.solve(as_instance(problem, "KNAPSACK", 1), time_limit=SECONDS)
        theirs.append(placed_mm3(result) / problem.volume_mm3)
    both = np.array([ours, theirs])[:, np.array(theirs) > 0]
    print(f"\none container, {num_types} types, {SECONDS} s each: ours {100 * np.mean(ours):.2f} %")
    if both.size:
        wasted = 1 - both.mean(axis=1)
        print(
            f"  where packingsolver3d answered ({both.shape[1]} of {len(ours)}): ours {100 - 100 * wasted[0]:.2f} %, "
            f"theirs {100 - 100 * wasted[1]:.2f} %, wasted volume x{wasted[0] / wasted[1]:.2f}"
        )


@needs_packingsolver
def test_fewest_bins_beside_packingsolver():
    from packingsolver3d import box

    solve_container(generated(0, 3), rollouts=3)
    ours, theirs, bounds = [], [], []
    for seed in range(10 if FULL else 1):
        cargo = generated(100 + seed, 8)
        problem = ContainerProblem((300, 240, 130), cargo.edge_mm, cargo.quantity)
        packing = solve_bins(problem, seconds=SECONDS)
        assert packing.violations(problem) == []
        ours.append(packing.num_bins)
        bounds.append(packing.outcome.bound or 0)
        result = box.solve(as_instance(problem, "BIN_PACKING", 99), time_limit=SECONDS)
        is_whole = placed_mm3(result) == int(problem.edge_mm.prod(axis=1) @ problem.quantity)
        theirs.append(sum(one.copies for one in result.bins) if is_whole else 0)
    answered = [k for k, bins in enumerate(theirs) if bins]
    print(
        f"\nfewest bins, {len(ours)} problems, {SECONDS} s each: ours {sum(ours)}, bound {sum(bounds)}; where packingsolver3d "
        f"answered ({len(answered)}): ours {sum(ours[k] for k in answered)}, theirs {sum(theirs)}"
    )


def orders2000(most):
    """Give cartons, and the items (l, w, h, g) of each order."""
    lines = iter((cases() / "orders2000.txt").read_text().splitlines())
    num_cartons, num_orders = map(int, next(lines).split())
    cartons = np.array([next(lines).split() for _ in range(num_cartons)], dtype=np.int64)
    orders = []
    for _ in range(num_orders):
        _, size = map(int, next(lines).split())
        orders.append(np.array([line.split() for line in islice(lines, size)], dtype=np.int64))
    return cartons, orders[:most]


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
    cartons, orders = orders2000(None if FULL else 100)
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
