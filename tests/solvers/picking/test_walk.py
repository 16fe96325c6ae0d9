"""The shortest walk against Held and Karp's, and beside the policies."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest

from solvers.picking import Block, shortest_walk
from solvers.picking.baselines import Policy, walk_by_policy


def random_block(rng: np.random.Generator) -> Block:
    return Block(
        num_aisles=int(rng.integers(1, 7)),
        num_positions=int(rng.integers(1, 9)),
        aisle_pitch_mm=int(rng.choice([0, 700, 2400, 9000])),
        position_pitch_mm=int(rng.choice([0, 500, 1000, 1300])),
        front_to_first_mm=int(rng.choice([0, 700, 1500])),
        back_to_last_mm=int(rng.choice([0, 300, 1500])),
        depot_aisle=0,
    )


def distance_mm(block: Block, one: tuple[int, int], other: tuple[int, int]) -> int:
    """Shortest way between two places given as (aisle, distance from the front)."""
    if one[0] == other[0]:
        return abs(one[1] - other[1])
    round_the_end = min(one[1] + other[1], 2 * block.length_mm - one[1] - other[1])
    return abs(one[0] - other[0]) * block.aisle_pitch_mm + round_the_end


def held_karp(block: Block, places: list[tuple[int, int]]) -> int:
    depot = (block.depot_aisle, 0)
    best = {(frozenset([last]), last): distance_mm(block, depot, places[last]) for last in range(len(places))}
    for size in range(2, len(places) + 1):
        for visited in combinations(range(len(places)), size):
            members = frozenset(visited)
            for last in visited:
                best[members, last] = min(
                    best[members - {last}, before] + distance_mm(block, places[before], places[last])
                    for before in visited
                    if before != last
                )
    everywhere = frozenset(range(len(places)))
    return min(best[everywhere, last] + distance_mm(block, depot, places[last]) for last in everywhere)


def length_of_visits(block: Block, aisle, position, visit) -> int:
    order = np.argsort(visit, kind="stable")
    offset = block.offsets_mm(np.asarray(position))
    route = [(block.depot_aisle, 0), *((int(aisle[i]), int(offset[i])) for i in order), (block.depot_aisle, 0)]
    return sum(distance_mm(block, *pair) for pair in pairwise(route))


@pytest.mark.parametrize("seed", range(120))
def test_the_walk_is_as_short_as_held_and_karp(seed):
    rng = np.random.default_rng(seed)
    block = random_block(rng)
    block = Block(
        **{name: getattr(block, name) for name in block.__slots__}
        | {"depot_aisle": int(rng.integers(0, block.num_aisles))}
    )
    size = int(rng.integers(1, 8))
    aisle, position = rng.integers(0, block.num_aisles, size), rng.integers(0, block.num_positions, size)
    walk_mm, visit = shortest_walk(block, aisle, position)
    places = sorted({(int(a), int(y)) for a, y in zip(aisle, block.offsets_mm(position), strict=True)})
    assert walk_mm == held_karp(block, places)
    assert walk_mm == length_of_visits(block, aisle, position, visit)
    assert set(visit.tolist()) == set(range(int(visit.max()) + 1))


@pytest.mark.parametrize("seed", range(20))
def test_no_policy_walks_less(seed):
    rng = np.random.default_rng(seed)
    block = Block(8, 20, 3000, 1000, 1500, 1500, depot_aisle=int(rng.integers(0, 8)))
    size = int(rng.integers(1, 40))
    aisle, position = rng.integers(0, 8, size), rng.integers(0, 20, size)
    walk_mm, visit = shortest_walk(block, aisle, position)
    walks = {policy: walk_by_policy(block, aisle, position, policy) for policy in Policy}
    assert walk_mm == length_of_visits(block, aisle, position, visit)
    assert walk_mm <= min(walks.values())
    assert walks[Policy.COMPOSITE] <= min(walks[Policy.S_SHAPE], walks[Policy.RETURN])
    assert walks[Policy.LARGEST_GAP] <= walks[Policy.MIDPOINT]


def test_policies_by_hand():
    block = Block(3, 3, 10, 4, 1, 1)
    aisle, position = [0, 0, 1, 2], [0, 1, 2, 0]
    walks = {policy: walk_by_policy(block, aisle, position, policy) for policy in Policy}
    assert walks == {
        Policy.S_SHAPE: 40 + 10 + 10 + 2,
        Policy.RETURN: 40 + 10 + 18 + 2,
        Policy.MIDPOINT: 40 + 20 + 2,
        Policy.LARGEST_GAP: 40 + 20 + 2,
        Policy.COMPOSITE: 40 + 30 - 8,
    }


def test_nowhere_to_go_is_no_walk():
    block = Block(3, 3, 10, 4, 1, 1, depot_aisle=1)
    walk_mm, visit = shortest_walk(block, [], [])
    assert (walk_mm, visit.size) == (0, 0)
    assert all(walk_by_policy(block, [], [], policy) == 0 for policy in Policy)


def test_stops_at_one_place_share_a_visit():
    block = Block(2, 5, 1000, 1000, 500, 500)
    walk_mm, visit = shortest_walk(block, [1, 0, 1], [3, 2, 3])
    assert visit[0] == visit[2] != visit[1]
    assert walk_mm == shortest_walk(block, [0, 1], [2, 3])[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depot_aisle": 3}, r"0\.\.2; it is 3"),
        ({"num_positions": 0}, "num_positions"),
        ({"aisle_pitch_mm": -1}, "aisle_pitch_mm"),
    ],
)
def test_a_wrong_block_is_refused_by_name(change, message):
    layout = {
        "num_aisles": 3,
        "num_positions": 3,
        "aisle_pitch_mm": 1,
        "position_pitch_mm": 1,
        "front_to_first_mm": 1,
        "back_to_last_mm": 1,
    }
    with pytest.raises(ValueError, match=message):
        Block(**layout | change)
