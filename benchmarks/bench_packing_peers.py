"""Packing beside engines that pip installs: cartons and boxes beside py3dbp, containers and bins beside packingsolver3d.

Run `pytest benchmarks/bench_packing_peers.py --benchmark-enable -s`; ORDERMILL_BENCH=full for more and longer cases. The peers stand
in the dependency group `bench` (`pip install --group bench`); a case whose peer is absent is skipped.

All times are processor seconds of the whole process. packingsolver3d keeps time by the clock on the wall and needs a second or
more before its first packing, in which it makes its blocks: on a machine that is busy, or with a short limit, it answers with
nothing. So it is given as much longer as the machine is slower, and what it had found by a processor second is read from the
improvements that it reports.
"""

from __future__ import annotations

import os
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from solvers.packing.bins.solve import solve_bins
from solvers.packing.container.problem import ContainerProblem
from solvers.packing.container.solve import solve_container
from solvers.packing.solve import pack

# The import mode keeps this folder off the path; the cases are read by the module beside this one.
sys.path.insert(0, str(Path(__file__).parent))
from packing_cases import fewest_boxes, problem_of, read_containers, read_orders, real_orders, smallest_cartons

FULL = os.environ.get("ORDERMILL_BENCH") == "full"
MOST_BOXES_UNITS = 40
needs_packingsolver = pytest.mark.skipif(
    find_spec("packingsolver3d") is None, reason="packingsolver3d is not installed"
)
needs_py3dbp = pytest.mark.skipif(find_spec("py3dbp") is None, reason="py3dbp is not installed")


def fill(carton, units, max_weight=10**9):
    """Let py3dbp fill one carton with units (l, w, h, g); give those it leaves out."""
    from py3dbp import Bin, Item, Packer

    packer = Packer()
    packer.add_bin(Bin("carton", *map(int, carton), int(max_weight)))
    for k, unit in enumerate(units):
        packer.add_item(Item(str(k), *map(int, unit)))
    packer.pack(bigger_first=True)
    return [int(item.name) for item in packer.bins[0].unfitted_items]


def timed(problem):
    pack(problem, tries=1, node_limit=1)
    begin = time.process_time()
    solution = pack(problem)
    seconds = time.process_time() - begin
    assert solution.violations(problem) == []
    return solution, seconds


def judge(who, volume, known, seconds):
    """Print speed and faults of one engine's cartons; a volume of 0 means that it found none."""
    found = (volume > 0) & (known > 0)
    print(
        f"  {who}: {len(known) / seconds:,.0f} orders/s, carton too big {(volume[found] > known[found]).sum()}, "
        f"fit missed {((volume == 0) & (known > 0)).sum()}, excess volume {volume[found].sum() / known[found].sum() - 1:.2%}"
    )


@needs_py3dbp
def test_smallest_cartons_beside_py3dbp():
    cartons, orders = read_orders("orders2000.txt", None if FULL else 50)
    known = smallest_cartons(cartons, len(orders))
    turn = np.argsort(cartons.prod(axis=1), kind="stable")
    begin = time.process_time()
    theirs = np.zeros(len(orders), np.int64)
    for k, order in enumerate(orders):
        theirs[k] = next((int(cartons[c].prod()) for c in turn if not fill(cartons[c], order)), 0)
    their_seconds = time.process_time() - begin
    solution, seconds = timed(problem_of(cartons, orders))
    print(f"\norders2000, {len(orders)} orders, one core")
    judge("py3dbp", theirs, known, their_seconds)
    judge("ours", np.where(solution.set_status < 2, solution.set_cost, 0), known, seconds)
    print(f"  ours {their_seconds / seconds:.1f} times as fast")


@needs_py3dbp
def test_real_orders_beside_py3dbp():
    """py3dbp fills the smallest box that takes all that is left, or the largest as full as it gets."""
    boxes, orders, expected = real_orders(None if FULL else 60)
    # It takes minutes for one order of a few hundred units.
    short = [k for k, lines in enumerate(orders) if lines[:, 0].sum() <= MOST_BOXES_UNITS]
    turn = np.argsort(boxes[:, 4:7].prod(axis=1), kind="stable")
    begin = time.process_time()
    theirs = np.zeros(len(orders), np.int64)
    for k in short:
        rest = np.repeat(orders[k][:, 1:], orders[k][:, 0], axis=0)
        while len(rest):
            for b in turn:
                left = fill(boxes[b, 4:7], rest, boxes[b, 7] - boxes[b, 3])
                if not left:
                    break
            theirs[k] += 1
            if len(left) == len(rest):
                theirs[k] = 0
                break
            rest = rest[left]
    their_seconds = time.process_time() - begin
    solution, seconds = timed(fewest_boxes(boxes, [orders[k] for k in short]))
    ours = np.bincount(solution.parcel_set, minlength=len(short))
    theirs, expected = theirs[short], expected[short]
    has = theirs > 0
    print(
        f"\nreal orders, {len(short)} of up to {MOST_BOXES_UNITS} units, fewest boxes, one core\n"
        f"  BoxPacker {expected.sum()} boxes, ours {ours.sum()}, {len(short) / seconds:,.0f} orders/s\n"
        f"  py3dbp {len(short) / their_seconds:,.0f} orders/s, packs {has.sum()} orders whole: {theirs[has].sum()} boxes, ours there "
        f"{ours[has].sum()}; more in {(ours[has] > theirs[has]).sum()}, fewer in {(ours[has] < theirs[has]).sum()}\n"
        f"  ours {their_seconds / seconds:.1f} times as fast"
    )


class Answer(NamedTuple):
    """What packingsolver3d had found after so many processor seconds, as it reported it."""

    seconds: float
    volume: float
    bins: int
    items: int


def ask(problem: ContainerProblem, objective: str, seconds: float) -> list[Answer]:
    """Have packingsolver3d solve a problem for about so many processor seconds; give its improvements in their order."""
    import packingsolver3d as peer

    def items():
        for (x, y, z), copies, upright in zip(problem.edge_mm, problem.quantity, problem.vertical, strict=True):
            # A rotation names the item's own edge along each axis of the container.
            turns = [turn for turn in peer.Rotation if upright["XYZ".index(turn.value[2])]]
            yield peer.ItemType(x=int(x), y=int(y), z=int(z), copies=int(copies), rotations=turns)

    x, y, z = problem.container_mm
    copies = 1 if objective == "KNAPSACK" else int(problem.quantity.sum())
    instance = peer.Instance(
        bin_types=[peer.BinType(x=x, y=y, z=z, copies=copies)],
        item_types=list(items()),
        objective=getattr(peer.Objective, objective),
    )
    answers: list[Answer] = []
    begin = time.process_time()

    def note(event):
        answers.append(Answer(time.process_time() - begin, event.profit, event.number_of_bins, event.number_of_items))

    peer.box.solve(instance, time_limit=seconds * slowness(), progress_callback=note)
    return answers


def slowness() -> float:
    """Give how much longer work takes here than its processor time, because other work shares the machine."""
    wall, processor = time.perf_counter(), time.process_time()
    while time.process_time() - processor < 0.05:
        pass
    return max(1.0, (time.perf_counter() - wall) / (time.process_time() - processor))


@pytest.fixture(scope="module")
def warm():
    solve_container(ContainerProblem((5, 5, 5), np.array([[2, 2, 3]]), np.array([9])), rollouts=9)


def compare_containers(what, problems, budgets):
    """Load containers for several budgets; print the shares of both, where packingsolver3d answered."""
    asked = [ask(problem, "KNAPSACK", max(budgets)) for problem in problems]
    first = [answers[0].seconds for answers in asked if answers]
    after = f" after {np.median(first):.1f} s" if first else ""
    print(f"\n{what}, {len(problems)} problems, one core; packingsolver3d answered {len(first)}{after}")
    for seconds in budgets:
        theirs = [
            max((a.volume for a in answers if a.seconds <= seconds), default=0) / problem.volume_mm3
            for problem, answers in zip(problems, asked, strict=True)
        ]
        ours = []
        for problem in problems:
            load = solve_container(problem, seconds=seconds, clock=time.thread_time)
            assert load.violations(problem) == []
            ours.append(load.loaded_mm3 / problem.volume_mm3)
        both = np.array([ours, theirs])[:, np.array(theirs) > 0]
        print(
            f"  {seconds:g} s: ours {np.mean(ours):.2%} of the volume; packingsolver3d answered {both.shape[1]} in time",
            end="",
        )
        if both.size:
            (mine, its), wasted = both.mean(axis=1), 1 - both.mean(axis=1)
            print(f": {its:.2%}, ours there {mine:.2%}, wasted volume x{wasted[0] / wasted[1]:.2f}", end="")
        print()


@needs_packingsolver
@pytest.mark.parametrize("number", range(1, 8) if FULL else [3])
def test_published_containers_beside_packingsolver(warm, number):
    problems = read_containers(f"BR{number}.txt")[: 5 if FULL else 1]
    compare_containers(f"BR{number}, no support", problems, (1, 10) if FULL else (0.3, 2))


def generated(seed: int, num_types: int, container=(600, 240, 260)) -> ContainerProblem:
    """Cargo that about fills one container, in the manner of Bischoff and Ratcliff (1995)."""
    rng = np.random.default_rng(seed)
    edge = np.stack([rng.integers(low, high, num_types) for low, high in ((30, 121), (25, 101), (20, 81))], axis=1)
    quantity = np.maximum(1, np.prod(container) // num_types // edge.prod(axis=1))
    return ContainerProblem(container, edge, quantity)


@needs_packingsolver
@pytest.mark.parametrize("num_types", [3, 8, 20] if FULL else [5])
def test_containers_of_any_rotation_beside_packingsolver(warm, num_types):
    problems = [generated(seed, num_types) for seed in range(5 if FULL else 1)]
    compare_containers(f"one container, {num_types} types, any rotation", problems, (1, 5) if FULL else (0.3,))


def compare_bins(what, problems, seconds):
    """Pack problems into few bins; print the numbers of both, where packingsolver3d packed all items."""
    ours, theirs, bounds = (np.zeros(len(problems), np.int64) for _ in range(3))
    for k, problem in enumerate(problems):
        packing = solve_bins(problem, seconds=seconds, clock=time.thread_time)
        assert packing.violations(problem) == []
        ours[k], bounds[k] = packing.num_bins, packing.outcome.bound or 0
        answers = ask(problem, "BIN_PACKING", seconds)
        whole = [a.bins for a in answers if a.items == problem.quantity.sum() and a.seconds <= seconds]
        theirs[k] = min(whole, default=0)
    has = theirs > 0
    print(
        f"\n{what}, fewest bins, {len(problems)} problems, {seconds:g} s each: ours {ours.sum()}, bound {bounds.sum()}; "
        f"packingsolver3d answered {has.sum()}: {theirs.sum()}, ours there {ours[has].sum()}; "
        f"fewer in {(ours[has] < theirs[has]).sum()}, more in {(ours[has] > theirs[has]).sum()}"
    )


@needs_packingsolver
def test_published_bins_beside_packingsolver(warm):
    problems = read_containers("thpack9.txt")
    compare_bins("thpack9", problems if FULL else problems[:2], 5 if FULL else 0.5)


@needs_packingsolver
def test_generated_bins_beside_packingsolver(warm):
    cargo = [generated(100 + seed, 8) for seed in range(10 if FULL else 1)]
    problems = [ContainerProblem((300, 240, 130), one.edge_mm, one.quantity) for one in cargo]
    compare_bins("bins of generated cargo", problems, 5 if FULL else 0.5)
