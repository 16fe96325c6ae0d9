"""Pick lists: within the cart, between bound and brute force, and the same every time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solvers.outcome import Status
from solvers.picking import Block, Cart, PickingProblem, batch_and_route, shortest_walk, total_walk_bound
from solvers.picking.baselines import lists_by_arrival


def random_problem(seed: int, num_shipments: int, cart: Cart | None = None) -> PickingProblem:
    rng = np.random.default_rng(seed)
    block = Block(6, 8, 2400, 1000, 1000, 1000, depot_aisle=int(rng.integers(0, 6)))
    counts = rng.integers(0, 5, num_shipments)
    return PickingProblem(
        block=block,
        cart=cart or Cart(max_shipments=3, max_units=9, max_volume_cm3=6000),
        stop_start=np.cumsum([0, *counts]),
        stop_aisle=rng.integers(0, 6, counts.sum()),
        stop_position=rng.integers(0, 8, counts.sum()),
        units=counts + rng.integers(0, 3, num_shipments),
        volume_cm3=rng.integers(0, 4000, num_shipments),
    )


def walk_of(problem: PickingProblem, members: list[int]) -> int:
    mine = np.isin(problem.shipment_of_stop, members)
    return shortest_walk(problem.block, problem.stop_aisle[mine], problem.stop_position[mine])[0]


def partitions(items: list[int]):
    if not items:
        yield []
        return
    for rest in partitions(items[1:]):
        yield [[items[0]], *rest]
        for at in range(len(rest)):
            yield [*rest[:at], [items[0], *rest[at]], *rest[at + 1 :]]


def shortest_total(problem: PickingProblem) -> int:
    def fits(members: list[int]) -> bool:
        return len(members) == 1 or bool((problem.loads[members].sum(axis=0) <= problem.cart.limits).all())

    plans = (plan for plan in partitions(list(range(problem.num_shipments))) if all(map(fits, plan)))
    walks: dict[tuple[int, ...], int] = {}
    best = None
    for plan in plans:
        total = 0
        for members in plan:
            key = tuple(sorted(members))
            if key not in walks:
                walks[key] = walk_of(problem, members)
            total += walks[key]
        best = total if best is None else min(best, total)
    assert best is not None
    return best


@pytest.mark.parametrize("seed", range(12))
def test_bound_and_lists_stand_on_both_sides_of_the_optimum(seed):
    problem = random_problem(seed, 7)
    solution = batch_and_route(problem)
    optimum = shortest_total(problem)
    assert solution.violations(problem) == []
    assert total_walk_bound(problem) <= optimum
    assert solution.outcome.cost == optimum


@pytest.mark.parametrize("seed", range(5))
def test_many_shipments_keep_the_cart_and_beat_arrival_order(seed):
    problem = random_problem(seed, 120, Cart(max_shipments=8, max_units=25))
    solution = batch_and_route(problem, moves=20_000)
    assert solution.violations(problem) == []
    arrival = lists_by_arrival(problem)
    by_arrival = sum(walk_of(problem, np.flatnonzero(arrival == one).tolist()) for one in range(arrival.max() + 1))
    assert solution.outcome.bound <= solution.outcome.cost < by_arrival


def test_more_moves_never_walk_more():
    problem = random_problem(4, 60)
    totals = [batch_and_route(problem, moves=moves).outcome.cost for moves in (0, 30_000)]
    assert totals[1] <= totals[0]


def test_a_shipment_above_the_cart_is_alone():
    problem = random_problem(1, 10, Cart(max_units=4))
    big = np.flatnonzero(problem.is_oversize)
    assert big.size
    solution = batch_and_route(problem)
    assert solution.violations(problem) == []
    assert (np.bincount(solution.list_of)[solution.list_of[big]] == 1).all()


def test_without_limits_one_walk_does_and_is_proven():
    problem = random_problem(2, 9, Cart())
    solution = batch_and_route(problem)
    assert solution.num_lists == 1
    assert solution.outcome.cost == walk_of(problem, list(range(9)))


def test_one_shipment_is_optimal():
    problem = random_problem(3, 1)
    assert batch_and_route(problem).outcome.status == Status.OPTIMAL


def test_no_shipments_give_no_lists():
    solution = batch_and_route(random_problem(0, 0))
    assert (solution.num_lists, solution.outcome.cost) == (0, 0)


def test_shipments_without_a_place_walk_nowhere():
    problem = PickingProblem(Block(2, 2, 1, 1, 1, 1), Cart(max_shipments=1), [0, 0, 0], [], [], [1, 1], [0, 0])
    solution = batch_and_route(problem)
    assert (solution.num_lists, solution.outcome.cost) == (2, 0)
    assert solution.violations(problem) == []


def test_the_same_seed_gives_the_same_lists():
    problem = random_problem(5, 40)
    first, second = (batch_and_route(problem, moves=5_000, seed=7) for _ in range(2))
    assert first.list_of.tobytes() == second.list_of.tobytes()
    assert first.visit_of.tobytes() == second.visit_of.tobytes()


def test_the_order_of_stops_within_a_shipment_does_not_matter():
    problem = random_problem(6, 30)
    backwards = np.concatenate(
        [np.arange(b - 1, a - 1, -1) for a, b in zip(problem.stop_start, problem.stop_start[1:], strict=False)]
    )
    turned = replace(problem, stop_aisle=problem.stop_aisle[backwards], stop_position=problem.stop_position[backwards])
    first, second = batch_and_route(problem), batch_and_route(turned)
    assert np.array_equal(first.list_of, second.list_of)
    assert np.array_equal(first.visit_of[backwards], second.visit_of)


def test_a_wrong_solution_names_what_is_wrong():
    problem = random_problem(8, 20)
    solution = batch_and_route(problem)
    together = replace(solution, list_of=np.zeros_like(solution.list_of), walk_mm=solution.walk_mm[:1])
    assert any("exceeds the cart" in one for one in together.violations(problem))
    shorter = replace(solution, walk_mm=solution.walk_mm - 1)
    assert any("its stops take" in one for one in shorter.violations(problem))
    assert any("add up" in one for one in shorter.violations(problem))


def test_interpreted_kernels_agree_with_compiled_ones(printed_without_compiler):
    script = (
        "import importlib.util, sys\n"
        "spec = importlib.util.spec_from_file_location('batching', sys.argv[1])\n"
        "batching = importlib.util.module_from_spec(spec)\n"
        "sys.modules['batching'] = batching\n"
        "spec.loader.exec_module(batching)\n"
        "solution = batching.batch_and_route(batching.random_problem(9, 25), moves=1500)\n"
        "print(solution.list_of.tolist(), solution.visit_of.tolist(), solution.walk_mm.tolist())\n"
    )
    told = printed_without_compiler(script, __file__)
    solution = batch_and_route(random_problem(9, 25), moves=1500)
    assert told.strip() == f"{solution.list_of.tolist()} {solution.visit_of.tolist()} {solution.walk_mm.tolist()}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stop_aisle": [6]}, r"stop_aisle\[0\] is 6"),
        ({"units": [1, 2]}, "units must have 1 values"),
        ({"stop_start": [0, 2]}, "must rise from 0"),
    ],
)
def test_a_wrong_problem_is_refused_by_name(change, message):
    problem = {
        "block": Block(6, 8, 1, 1, 1, 1),
        "cart": Cart(max_units=3),
        "stop_start": [0, 1],
        "stop_aisle": [0],
        "stop_position": [0],
        "units": [1],
        "volume_cm3": [0],
    }
    with pytest.raises(ValueError, match=message):
        PickingProblem(**problem | change)


def test_a_cart_without_room_is_refused():
    with pytest.raises(ValueError, match="max_units must be at least 1"):
        Cart(max_units=0)
