"""Fewest bins: bound <= fewest <= found, sound packings, repeatable results."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from solvers.outcome import Status
from solvers.packing.bins.patterns import cover_relaxed, cover_whole
from solvers.packing.bins.solve import solve_bins
from solvers.packing.container.bounds import bins_bound
from solvers.packing.container.problem import ContainerProblem


def pairs_that_fit(sizes, bin_edge):
    """Whether two cuboids fit a cube together: along some axis, some way round, their edges add up to no more."""
    count = len(sizes)
    fits = np.zeros((count, count), np.bool_)
    for i, j in itertools.combinations(range(count), 2):
        fits[i, j] = min(sizes[i]) + min(sizes[j]) <= bin_edge
    return fits


def test_one_bin_when_everything_fits():
    problem = ContainerProblem((10, 10, 10), np.array([[5, 5, 5]]), np.array([8]))
    solution = solve_bins(problem)
    assert (solution.num_bins, solution.outcome.status) == (1, Status.OPTIMAL)
    assert solution.violations(problem) == []


@pytest.mark.parametrize("seed", range(8))
def test_large_items_pair_up_as_well_as_they_can(seed):
    # edges above a third of the bin, two above half: at most two items share a bin, so a matching gives the fewest
    random = np.random.default_rng(seed)
    sizes = np.column_stack([random.integers(34, 66, 6), random.integers(67, 100, (6, 2))])
    problem = ContainerProblem((100, 100, 100), sizes)
    fits = pairs_that_fit(sizes.tolist(), 100)
    most_pairs = 0
    for order in itertools.permutations(range(6)):
        pairs = sum(bool(fits[min(p), max(p)]) for p in zip(order[::2], order[1::2], strict=True))
        most_pairs = max(most_pairs, pairs)
    solution = solve_bins(problem)
    assert solution.violations(problem) == []
    assert bins_bound(problem) <= 6 - most_pairs == solution.num_bins


@pytest.mark.parametrize("support", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(6))
def test_packings_are_sound(seed, support):
    random = np.random.default_rng(seed)
    problem = ContainerProblem(
        tuple(random.integers(12, 20, 3).tolist()),
        random.integers(3, 10, (4, 3)),
        random.integers(1, 15, 4),
        support_share=support,
    )
    solution = solve_bins(problem, rounds=3, seed=seed)
    assert solution.violations(problem) == []
    assert bins_bound(problem) == solution.outcome.bound <= solution.num_bins


def test_items_that_fit_no_bin_are_left_out():
    problem = ContainerProblem((10, 10, 10), np.array([[11, 1, 1], [10, 10, 6]]), np.array([2, 3]))
    solution = solve_bins(problem, rounds=1)
    assert solution.unpacked.tolist() == [2, 0]
    assert (solution.num_bins, solution.outcome.status) == (3, Status.OPTIMAL)
    assert solution.violations(problem) == []


def test_nothing_to_pack_takes_no_bin():
    solution = solve_bins(ContainerProblem((10, 10, 10), np.zeros((0, 3), np.int64)))
    assert (solution.num_bins, solution.outcome.cost, solution.outcome.status) == (0, 0, Status.OPTIMAL)


def test_many_equal_items_share_their_patterns():
    problem = ContainerProblem((10, 10, 10), np.array([[5, 5, 5]]), np.array([100_000]))
    solution = solve_bins(problem)
    assert (solution.num_bins, solution.outcome.status) == (12_500, Status.OPTIMAL)


def test_same_seed_gives_the_same_bytes_on_one_or_two_threads():
    random = np.random.default_rng(9)
    problem = ContainerProblem((20, 18, 16), random.integers(3, 11, (5, 3)), random.integers(5, 20, 5))
    first, second, two = (solve_bins(problem, rounds=3, seed=2, threads=threads) for threads in (1, 1, 2))
    assert first.position_mm.tobytes() == second.position_mm.tobytes() == two.position_mm.tobytes()
    assert first.item_type.tobytes() == second.item_type.tobytes() == two.item_type.tobytes()


def test_a_time_limit_still_packs_everything():
    problem = ContainerProblem((10, 10, 10), np.array([[4, 5, 6], [3, 3, 7]]), np.array([20, 30]))
    solution = solve_bins(problem, seconds=1e-9)
    assert solution.violations(problem) == []


def test_covering_agrees_with_enumeration():
    counts = np.array([[3, 0], [0, 3], [1, 1], [2, 1]])
    quantity = np.array([7, 5])
    best = min(sum(n) for n in itertools.product(range(8), repeat=4) if (np.array(n) @ counts >= quantity).all())
    amounts, price = cover_relaxed(counts, quantity)
    assert amounts @ counts == pytest.approx(quantity)
    assert price @ quantity == pytest.approx(amounts.sum())
    assert amounts.sum() <= best + 1e-9
    whole = cover_whole(counts, quantity, best + 1, 10.0)
    assert whole is not None
    assert whole.sum() == best
    assert cover_whole(counts, quantity, best, 10.0) is None


def test_violations_are_found():
    problem = ContainerProblem((10, 10, 10), np.array([[10, 10, 5]]), np.array([3]))
    solution = solve_bins(problem, rounds=1)
    assert solution.violations(problem) == []
    broken = type(solution)(
        solution.outcome,
        solution.bin_number + np.array([0, 0, 1]),
        solution.item_type,
        solution.position_mm * 0,
        solution.size_mm,
        np.array([1]),
    )
    text = " ".join(broken.violations(problem))
    for part in ("numbered", "overlap", "3 of type 0", "fits a bin", "bins are used"):
        assert part in text
