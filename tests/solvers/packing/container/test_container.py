"""Loading one container: bound >= optimum >= loading, sound loadings, repeatable results."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from solvers.outcome import Status, Stop
from solvers.packing.container.bounds import bins_bound, item_weights, reachable_mm, value_bound
from solvers.packing.container.problem import ContainerProblem
from solvers.packing.container.solve import solve_container


def random_problem(seed, *, num_types=3, edge=10, support=0.0, quantity=6, with_flags=True):
    random = np.random.default_rng(seed)
    vertical = random.random((num_types, 3)) < 0.6
    vertical[:, 2] = True
    return ContainerProblem(
        container_mm=tuple(random.integers(edge, 2 * edge, 3).tolist()),
        edge_mm=random.integers(2, edge, (num_types, 3)),
        quantity=random.integers(1, quantity, num_types),
        vertical=vertical if with_flags else None,
        support_share=support,
    )


def ways_to_lie(problem, item_type):
    edges, flags = problem.edge_mm[item_type], problem.vertical[item_type]
    return {tuple(int(edges[i]) for i in order) for order in itertools.permutations(range(3)) if flags[order[2]]}


def brute_force_value(problem):
    """The best volume by trying every position of every item; for a handful of small items."""
    items = np.repeat(np.arange(problem.num_types), problem.quantity)
    container = problem.container_mm
    volume = problem.item_volume_mm3
    best = 0

    def extend(i, grid, value):
        nonlocal best
        best = max(best, value)
        if i == len(items) or value + int(volume[items[i:]].sum()) <= best:
            return
        for size in ways_to_lie(problem, items[i]):
            ranges = [range(c - s + 1) for c, s in zip(container, size, strict=True)]
            for x, y, z in itertools.product(*ranges):
                cells = grid[x : x + size[0], y : y + size[1], z : z + size[2]]
                if not cells.any():
                    cells[...] = True
                    extend(i + 1, grid, value + int(volume[items[i]]))
                    cells[...] = False
        extend(i + 1, grid, value)

    extend(0, np.zeros(container, np.bool_), 0)
    return best


@pytest.mark.parametrize("seed", range(25))
def test_bound_optimum_and_loading_are_in_order(seed):
    random = np.random.default_rng(seed)
    problem = ContainerProblem(
        container_mm=tuple(random.integers(2, 5, 3).tolist()),
        edge_mm=random.integers(1, 4, (2, 3)),
        quantity=random.integers(1, 3, 2),
    )
    best = brute_force_value(problem)
    solution = solve_container(problem, rollouts=200)
    assert solution.violations(problem) == []
    assert value_bound(problem) >= best >= solution.loaded_mm3
    if solution.outcome.status is Status.OPTIMAL:
        assert solution.loaded_mm3 == best


@pytest.mark.parametrize("support", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(12))
def test_loadings_are_sound(seed, support):
    problem = random_problem(seed, num_types=1 + seed % 5, quantity=20, support=support)
    solution = solve_container(problem, rollouts=60, seed=seed)
    assert solution.violations(problem) == []
    assert solution.outcome.bound <= solution.outcome.cost


def test_full_support_leaves_no_corner_hanging():
    problem = random_problem(3, num_types=6, edge=30, quantity=40, support=0.5)
    solution = solve_container(problem, rollouts=100)
    end = solution.position_mm + solution.size_mm
    for position, size in zip(solution.position_mm, solution.size_mm, strict=True):
        if position[2] > 0:
            low = np.maximum(solution.position_mm[:, :2], position[:2])
            high = np.minimum(end[:, :2], (position + size)[:2])
            resting = np.prod(np.maximum(high - low, 0), axis=1)[end[:, 2] == position[2]].sum()
            assert resting == size[0] * size[1]


def test_equal_cubes_fill_the_container_and_are_proven_optimal():
    problem = ContainerProblem((40, 30, 20), np.array([[10, 10, 10]]), quantity=np.array([1_000_000]))
    solution = solve_container(problem, rollouts=50)
    assert solution.outcome.status is Status.OPTIMAL
    assert solution.outcome.stop is Stop.PROOF
    assert solution.loaded_mm3 == problem.volume_mm3
    assert solution.violations(problem) == []


def test_a_large_container_filled_whole_is_proven_optimal_though_scalings_are_rounded():
    problem = ContainerProblem((12_000, 2_400, 2_400), np.array([[600, 400, 300]]), quantity=np.array([5_000]))
    solution = solve_container(problem, rollouts=20)
    assert solution.bound_mm3 == solution.loaded_mm3 == problem.volume_mm3
    assert solution.outcome.status is Status.OPTIMAL


def test_a_million_small_copies_fill_a_large_container_without_being_spread_out():
    problem = ContainerProblem(
        (3000, 2400, 2400), np.array([[60, 50, 40], [31, 31, 31]]), quantity=np.array([10**6] * 2)
    )
    solution = solve_container(problem, rollouts=3)
    assert solution.loaded_mm3 >= 0.95 * problem.volume_mm3


def test_each_item_can_be_put_in_over_those_before_it():
    problem = random_problem(5, num_types=5, edge=20, quantity=30)
    solution = solve_container(problem, rollouts=50)
    low, high = solution.position_mm, solution.position_mm + solution.size_mm
    for later, earlier in itertools.combinations(range(len(low)), 2):
        # `earlier` comes after `later` in the order here, so it must neither lie below nor deeper in the way
        meets = (low[later] < high[earlier]) & (low[earlier] < high[later])
        assert not (meets[0] and meets[1] and high[earlier, 2] <= low[later, 2])
        assert not (meets[1] and meets[2] and high[earlier, 0] <= low[later, 0])


def test_the_order_of_types_and_larger_quantities_never_lower_the_bound():
    problem = random_problem(8, num_types=4)
    more = ContainerProblem(problem.container_mm, problem.edge_mm, problem.quantity + 3, problem.vertical)
    turned = ContainerProblem(
        problem.container_mm, problem.edge_mm[::-1], problem.quantity[::-1].copy(), problem.vertical[::-1]
    )
    assert value_bound(more) >= value_bound(problem)
    assert value_bound(turned) == value_bound(problem)


def test_same_seed_and_effort_give_the_same_bytes_on_one_or_two_threads():
    problem = random_problem(11, num_types=5, edge=25, quantity=25)
    runs = [solve_container(problem, rollouts=150, seed=4, threads=threads) for threads in (1, 1, 2)]
    for other in runs[1:]:
        assert runs[0].position_mm.tobytes() == other.position_mm.tobytes()
        assert runs[0].item_type.tobytes() == other.item_type.tobytes()
        assert runs[0].num_rollouts == other.num_rollouts


_PROGRAM = """
import numpy as np
from solvers.packing.container.problem import ContainerProblem
from solvers.packing.container.solve import solve_container
for support in (0.0, 1.0):
    p = ContainerProblem((9, 8, 7), np.array([[4, 3, 2], [3, 3, 5], [2, 2, 2]]), np.array([4, 3, 5]), support_share=support)
    s = solve_container(p, rollouts=8)
    print(s.position_mm.tolist(), s.size_mm.tolist(), s.item_type.tolist())
"""


def test_without_compilation_the_result_is_the_same(same_without_compiler):
    same_without_compiler(_PROGRAM)


def test_an_item_larger_than_the_container_is_left_and_the_others_are_loaded():
    problem = ContainerProblem((10, 10, 10), np.array([[20, 1, 1], [5, 5, 5]]), quantity=np.array([1, 8]))
    solution = solve_container(problem, rollouts=20)
    assert solution.item_type.tolist() == [1] * 8
    assert solution.outcome.status is Status.OPTIMAL
    assert solution.outcome.cost == 20


def test_nothing_to_load_is_optimal():
    none = solve_container(ContainerProblem((5, 5, 5), np.zeros((0, 3), np.int64)))
    too_large = solve_container(ContainerProblem((5, 5, 5), np.array([[6, 6, 6]])))
    assert none.outcome.status is too_large.outcome.status is Status.OPTIMAL
    assert none.loaded_mm3 == too_large.loaded_mm3 == 0


def test_value_decides_when_it_is_not_volume():
    problem = ContainerProblem(
        (10, 10, 10), np.array([[10, 10, 10], [10, 10, 9]]), quantity=np.array([1, 1]), value=np.array([1, 7])
    )
    solution = solve_container(problem, rollouts=20)
    assert solution.item_type.tolist() == [1]
    assert solution.outcome.cost == 1


def test_a_time_limit_still_loads_something():
    problem = random_problem(2, num_types=3, quantity=30)
    solution = solve_container(problem, seconds=1e-9)
    assert solution.loaded_mm3 > 0


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"edge_mm": np.array([[0, 1, 1]])}, "length of type 0 is 0"),
        ({"edge_mm": np.array([[1, 1, -4]])}, "height of type 0 is -4"),
        ({"container_mm": (0, 1, 1)}, "container_mm"),
        ({"quantity": np.array([-1])}, "quantity"),
        ({"vertical": np.zeros((1, 3), np.bool_)}, "no edge"),
        ({"support_share": 1.5}, "support_share"),
        ({"quantity": np.array([1, 2])}, "one row for each"),
        ({"edge_mm": np.array([[1, 2]])}, "shape"),
    ],
)
def test_impossible_input_is_named(changes, text):
    good = {"container_mm": (5, 5, 5), "edge_mm": np.array([[1, 2, 3]])}
    with pytest.raises(ValueError, match=text):
        ContainerProblem(**{**good, **changes})


def test_violations_are_found():
    problem = ContainerProblem(
        (10, 10, 10), np.array([[4, 4, 2]]), np.array([3]), np.array([[False, False, True]]), support_share=1.0
    )
    solution = solve_container(problem, rollouts=10)
    assert solution.violations(problem) == []
    moved = solution.position_mm.copy()
    moved[0] = [8, 0, 1]
    broken = type(solution)(
        outcome=solution.outcome,
        item_type=np.zeros(4, np.int64),
        position_mm=np.vstack([moved, moved[:1]]),
        size_mm=np.vstack([solution.size_mm[:, [2, 1, 0]], solution.size_mm[:1]]),
        loaded_mm3=1,
        bound_mm3=solution.bound_mm3,
        num_rollouts=0,
    )
    text = " ".join(broken.violations(problem))
    for part in ("outside", "do not allow", "overlap", "rests on", "there are 3", "loaded volume", "left behind"):
        assert part in text


@pytest.mark.parametrize("seed", range(30))
def test_reachable_length_agrees_with_enumeration(seed):
    random = np.random.default_rng(seed)
    edges, counts, length = random.integers(2, 12, 3), random.integers(0, 4, 3), int(random.integers(5, 40))
    sums = {int(np.dot(edges, n)) for n in itertools.product(*(range(c + 1) for c in counts))}
    assert reachable_mm(edges, counts, length) == max(s for s in sums if s <= length)


@pytest.mark.parametrize("seed", range(10))
def test_no_loading_outweighs_one_container(seed):
    problem = random_problem(seed, num_types=4, quantity=15)
    solution = solve_container(problem, rollouts=30)
    loaded = np.bincount(solution.item_type, minlength=problem.num_types)
    assert (item_weights(problem) @ loaded).max() <= 1 + 1e-9
    assert bins_bound(problem) >= 1


def test_published_problems_are_loaded_well(cases_dir):
    lines = (cases_dir / "packing" / "BR3.txt").read_text().split("\n")
    container = tuple(int(v) for v in lines[2].split())
    rows = np.array([[int(v) for v in line.split()] for line in lines[4 : 4 + int(lines[3])]])
    for support, share in ((0.0, 0.93), (1.0, 0.91)):
        problem = ContainerProblem(
            container, rows[:, [1, 3, 5]], rows[:, 7], rows[:, [2, 4, 6]] == 1, support_share=support
        )
        solution = solve_container(problem, rollouts=300)
        assert solution.violations(problem) == []
        assert solution.loaded_mm3 >= share * problem.volume_mm3
