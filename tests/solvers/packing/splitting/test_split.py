from __future__ import annotations

import dataclasses
from itertools import chain

import numpy as np
import pytest

from solvers.outcome import Status
from solvers.packing.cartons import Cartons, Objective, Prices
from solvers.packing.items import ItemSets, ItemTypes
from solvers.packing.kernels_sets import OutArrays, SetArrays
from solvers.packing.problem import PackingProblem, Rules, Split
from solvers.packing.solution import Reason
from solvers.packing.solve import pack
from solvers.packing.splitting.parts import Contents, Parts, new_out

CUBES = Cartons.of([100, 200], [100, 100], [100, 100], cost_cents=[10, 15])


def problem_of(items, kind, quantity, together=None, cartons=CUBES, start=None, **rules):
    start = [0, len(kind)] if start is None else start
    sets = ItemSets(start, kind, quantity, together=together)
    rules = Rules(**({"support_share": 0.0} | rules))
    return PackingProblem(items, sets, cartons, Prices.without_freight(Objective.COST), rules)


def parcels_of(solution, entry):
    return set(solution.placement_parcel[solution.placement_entry == entry].tolist())


def test_marked_entries_share_a_parcel_and_others_go_where_they_cost_least():
    items = ItemTypes.of([100] * 3, [100] * 3, [100, 60, 40])
    # Unmarked, the full cube would travel with the 60 and the 40 in one carton of two cubes.
    kind, quantity = [0, 1, 2], [2, 1, 1]
    problem = problem_of(items, kind, quantity, together=[0, 5, 5])
    solution = pack(problem)
    assert solution.violations(problem) == []
    assert parcels_of(solution, 1) == parcels_of(solution, 2)
    assert solution.set_cost.tolist() == [25]
    assert solution.outcome(0).status is Status.OPTIMAL


def test_marked_units_keep_their_entries_where_the_same_item_is_also_unmarked():
    items = ItemTypes.of([100], [100], [50])
    problem = problem_of(items, [0, 0, 0], [3, 2, 2], together=[0, 1, 2], cartons=Cartons.of([100], [100], [100]))
    solution = pack(problem)
    assert solution.violations(problem) == []
    assert solution.num_parcels == 4
    assert len(parcels_of(solution, 1)) == len(parcels_of(solution, 2)) == 1


def test_what_is_kept_together_and_fits_no_carton_waits_whole_and_the_rest_is_packed():
    items = ItemTypes.of([100], [100], [100])
    problem = problem_of(items, [0, 0, 0], [2, 1, 1], together=[3, 3, 0])
    solution = pack(problem)
    assert solution.violations(problem) == []
    assert solution.unpacked_entry.tolist() == [0, 1]
    assert solution.unpacked_quantity.tolist() == [2, 1]
    assert set(solution.unpacked_reason.tolist()) == {Reason.NOT_TOGETHER}
    assert solution.placement_entry.tolist() == [2]


def test_a_torn_set_is_a_violation():
    items = ItemTypes.of([100], [100], [100])
    apart = problem_of(items, [0, 0], [1, 1], cartons=Cartons.of([100], [100], [100]))
    solution = pack(apart)
    marked = dataclasses.replace(apart, sets=dataclasses.replace(apart.sets, together=np.array([7, 7])))
    assert solution.violations(marked) == ["not kept together: mark 7 of set 0"]


@pytest.mark.parametrize("split", [Split.WHEN_NEEDED, Split.WHEN_CHEAPER])
def test_marked_sets_agree_with_brute_force(split):
    rng = np.random.default_rng(4)
    for _ in range(25):
        n = int(rng.integers(2, 5))
        items = ItemTypes.of(*rng.integers(20, 70, (3, n)), weight_g=rng.integers(1, 50, n))
        cartons = Cartons.of(*rng.integers(60, 110, (3, 3)), cost_cents=rng.integers(5, 40, 3))
        mark = rng.integers(0, 3, n)
        problem = problem_of(items, np.arange(n), rng.integers(1, 3, n), mark, cartons, split=split)
        found = pack(problem)
        assert found.violations(problem) == []
        if found.unpacked_entry.size:
            continue
        assert found.set_bound[0] <= found.set_cost[0]
        ways = [_cost(problem, way) for way in _ways(problem)]
        ways = [way for way in ways if way is not None]
        best = min(ways) if split == Split.WHEN_NEEDED else (0, min(price for _, price in ways))
        assert found.set_cost[0] == best[1]
        if split == Split.WHEN_NEEDED:
            assert found.num_parcels == best[0]


def _ways(problem):
    """Give every way to put the units, marked ones as one, into parcels."""
    sets = problem.sets
    whole = {m: [(e, q) for e, q in enumerate(sets.entry_quantity) if sets.together[e] == m] for m in (1, 2)}
    blocks = [block for block in whole.values() if block]
    blocks += [[(e, 1)] for e, q in enumerate(sets.entry_quantity) if sets.together[e] == 0 for _ in range(q)]

    def spread(rest):
        if not rest:
            yield []
            return
        for way in spread(rest[1:]):
            yield [[rest[0]], *way]
            for k in range(len(way)):
                yield [*way[:k], [*way[k], rest[0]], *way[k + 1 :]]

    return spread(blocks)


_KNOWN = {}


def _cost(problem, way):
    total = 0
    for parcel in way:
        count = np.zeros(problem.items.num_types, np.int64)
        for entry, quantity in chain.from_iterable(parcel):
            count[entry] += quantity
        key = (id(problem), count.tobytes())
        if key not in _KNOWN:
            kind = np.flatnonzero(count)
            rules = {"split": Split.NEVER, "cartons": problem.cartons}
            alone = pack(problem_of(problem.items, kind, count[kind], **rules))
            _KNOWN[key] = (int(alone.set_cost[0]) if alone.num_parcels else None, problem)
        if _KNOWN[key][0] is None:
            return None
        total += _KNOWN[key][0]
    return len(way), total


def test_a_set_with_too_many_parts_is_split_step_by_step():
    rng = np.random.default_rng(6)
    n = 14
    items = ItemTypes.of(
        *rng.integers(30, 90, (3, n)), weight_g=rng.integers(10, 900, n), hazard_class=[0] * 10 + [1, 1, 2, 2]
    )
    cartons = Cartons.of([120, 200], [120, 150], [100, 120], cost_cents=[20, 35], max_weight_g=[2000, 4000])
    mark = [0] * 8 + [1, 1] + [0] * 4
    problem = problem_of(items, np.arange(n), np.full(n, 2), mark, cartons)
    solution = pack(problem, tries=12, node_limit=1000)
    assert solution.violations(problem) == []
    assert solution.unpacked_entry.size == 0
    assert 0 < solution.set_bound[0] <= solution.set_cost[0]
    volume = problem.items.length_mm * problem.items.width_mm * problem.items.height_mm
    assert solution.num_parcels >= 2 * volume.sum() / (200 * 150 * 120)


def test_many_units_of_few_kinds_are_cut_anew_where_that_gains():
    items = ItemTypes.of([50, 50], [50, 50], [50, 50], weight_g=[1, 2])
    cartons = Cartons.of([100], [100], [100])
    problem = problem_of(items, [0, 1], [70, 70], cartons=cartons)
    solution = pack(problem, tries=4, node_limit=100)
    assert solution.violations(problem) == []
    assert solution.num_parcels == 140 // 8 + 1


def test_each_distinct_part_is_packed_once():
    calls = []

    def pack_alone(sets: SetArrays, out: OutArrays) -> None:
        calls.append(sets.entry_type.tolist())
        out.sets[:, 3] = 1
        out.sets[:, 1] = sets.entry_quantity[sets.set_start[:-1]]

    parts = Parts(pack_alone)
    zero = np.zeros(3, np.int64)
    some = Contents(np.array([0, 1, 3, 4]), np.array([4, 4, 5, 4]), np.array([2, 2, 1, 2]), zero, zero)
    assert parts.numbers(some).tolist() == [0, 1, 0]
    other = some._replace(packaging=np.array([0, 0, 1]))
    assert parts.numbers(other).tolist() == [0, 1, 2]
    assert parts.numbers(some).tolist() == [0, 1, 0]
    assert calls == [[4, 4, 5], [4]]
    assert parts.price.tolist() == [2, 2, 2]


def test_sets_packed_before_are_parts_as_they_stand():
    zero = np.zeros(2, np.int64)
    sets = SetArrays(np.array([0, 1, 3]), np.array([1, 3, 2]), np.array([1, 1, 1]), zero, zero, np.array([0, 1, 3]))
    out = new_out(sets)
    out.sets[:, 3], out.sets[:, 1] = 1, [10, 20]
    packed = []
    parts = Parts(lambda some, found: packed.append(some.entry_type.tolist()))
    parts.adopt(sets, out, np.arange(2))
    # The second set does not list its types in rising order: it is packed again as a part.
    contents = Contents(np.array([0, 1, 3]), np.array([1, 2, 3]), np.array([1, 1, 1]), zero, zero)
    parts.numbers(contents)
    assert packed == [[2, 3]]
    assert parts.price[0] == 10


@pytest.mark.parametrize("seed", range(4))
def test_parts_that_would_save_a_parcel_are_packed_in_earnest(seed):
    """Two parcels of 20 fill nine tenths of the box, which few tries out of hundreds find."""
    items = ItemTypes.of([285], [80], [70])
    problem = problem_of(items, [0], [40], cartons=Cartons.of([229], [374], [520]))
    problem = dataclasses.replace(problem, prices=Prices.without_freight(Objective.CARTONS))
    solution = pack(problem, seed=seed)
    assert solution.violations(problem) == []
    assert solution.num_parcels == 2


def test_a_part_packed_in_earnest_keeps_what_was_better():
    def packer(price: int, bound: int):
        def pack_alone(sets: SetArrays, out: OutArrays) -> None:
            out.sets[:, 3] = 1
            out.sets[:, 1] = price * sets.entry_type[sets.set_start[:-1]]
            out.sets[:, 2] = bound
            out.parcels[sets.unit_start[:-1], 6] = 1

        return pack_alone

    zero = np.zeros(2, np.int64)
    some = Contents(np.array([0, 1, 2]), np.array([4, 5]), np.array([1, 1]), zero, zero)
    better, worse = Parts(packer(3, 1), packer(2, 0)), Parts(packer(3, 1), packer(4, 2))
    assert better.can_improve
    assert not Parts(packer(3, 1)).can_improve
    for parts in (better, worse):
        parts.numbers(some)
        parts.improve(np.array([1]))
    assert better.price.tolist() == [12, 10]
    assert better.bound.tolist() == [1, 1]
    assert worse.price.tolist() == [12, 15]
    assert worse.bound.tolist() == [1, 2]
    assert better.packed(np.arange(2)).placements[:, 1].tolist() == [4, 5]
