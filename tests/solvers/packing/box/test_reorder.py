from __future__ import annotations

import numpy as np
import pytest

from solvers.outcome import Status
from solvers.packing import kernels_work
from solvers.packing.box.kernels_fill import PLAIN_TRIES
from solvers.packing.box.kernels_reorder import reorder
from solvers.packing.cartons import Cartons, Objective, Prices
from solvers.packing.items import ItemSets, ItemTypes
from solvers.packing.kernels_work import RuleArrays, make_group, make_work, match_box
from solvers.packing.problem import PackingProblem, Rules, Split
from solvers.packing.solve import pack

BOX = np.array([300, 240, 180])


def cut_up(rng, num):
    """Cut a box by planes from wall to wall, the largest piece first."""
    pieces = [BOX]
    while len(pieces) < num:
        pieces.sort(key=np.prod)
        piece = pieces.pop()
        axis = int(np.argmax(piece * rng.uniform(0.5, 1, 3)))
        at = int(piece[axis] * rng.uniform(0.3, 0.7))
        step = np.eye(3, dtype=np.int64)[axis]
        pieces += [piece - step * (piece[axis] - at), piece - step * at]
    return np.array([rng.permutation(piece) for piece in pieces])


def cut_up_problem(carton, num=14, **rules):
    """Set up orders that are a box cut up, all for one carton."""
    orders = [cut_up(np.random.default_rng(seed), num) for seed in range(12)]
    items = np.concatenate(orders)
    return PackingProblem(
        ItemTypes.of(*items.T, weight_g=items.prod(axis=1) // 1000),
        ItemSets(np.arange(0, len(items) + 1, num), np.arange(len(items)), np.ones(len(items), np.int64)),
        Cartons.of(*carton[:, None]),
        Prices.without_freight(Objective.VOLUME),
        Rules(**({"support_share": 0.0, "split": Split.NEVER} | rules)),
    )


def num_packed(problem, tries):
    solution = pack(problem, tries=tries, node_limit=1)
    assert solution.violations(problem) == []
    return solution.num_parcels


@pytest.mark.parametrize("support_share", [0.0, 0.7])
def test_changing_an_order_step_by_step_fills_what_plain_orders_do_not(support_share):
    problem = cut_up_problem(BOX + BOX // 12, support_share=support_share)
    plain, better = num_packed(problem, PLAIN_TRIES), num_packed(problem, 3000)
    assert plain <= 6
    assert better >= 11


def test_the_centre_of_gravity_is_kept_while_an_order_changes():
    assert num_packed(cut_up_problem(BOX + BOX // 12, centred_from_g=1000), 3000) >= 11


def group_of(items):
    group = make_group(len(items))
    for e, edges in enumerate(items):
        turns = sorted(
            {tuple(edges[list(t)]) for t in ([0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0])}
        )
        group.quantity[e] = 1
        group.num_dims[e] = len(turns)
        group.dims[e, : len(turns)] = turns
        group.volume[e] = edges.prod()
        group.max_load_g[e] = 2**62
    group.total[:2] = len(items), group.volume.sum()
    return group


def test_keeping_the_spaces_after_each_unit_changes_no_packing():
    rules = RuleArrays(0, 2**62, 0, 0, 3000, 0, 0)
    edge = BOX + BOX // 12
    found = 0
    for seed in range(6):
        items = cut_up(np.random.default_rng(seed), 12)
        group = group_of(items)
        assert match_box(group, len(items), *edge)
        results = []
        for most_units in (12, kernels_work.MOST_SLOTS + 1):
            work = make_work(most_units, len(items), 1, int(edge.max()))
            fits = reorder(group, len(items), work, rules, edge, 3000)
            results.append((fits, work.box[:12].tolist() if fits else None))
        assert results[0] == results[1]
        found += results[0][0]
    assert found >= 4


def test_of_equally_dear_cartons_one_that_holds_all_settles_the_order():
    items = ItemTypes.of([100, 90, 80], [60, 70, 50], [50, 40, 30], weight_g=[100, 100, 100])
    cartons = Cartons.of([115, 130, 160], [95, 110, 130], [75, 100, 120], cost_cents=[70, 70, 70])
    problem = PackingProblem(
        items, ItemSets([0, 3], [0, 1, 2], [1, 1, 1]), cartons, Prices.without_freight(Objective.COST), Rules()
    )
    solution = pack(problem)
    assert solution.outcome(0).status is Status.OPTIMAL
    assert solution.parcel_carton.tolist() == [1]
    assert solution.violations(problem) == []


def test_the_same_seed_gives_the_same_packing_and_another_may_not():
    problem = cut_up_problem(BOX + BOX // 12)
    one, again, other = (pack(problem, node_limit=1, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(one.position_mm, again.position_mm)
    assert not np.array_equal(one.position_mm, other.position_mm)


def test_more_tries_find_whatever_fewer_found():
    edge = BOX + BOX // 16
    work = make_work(12, 12, 1, int(edge.max()))
    found = {tries: set() for tries in (300, 1_000, 4_000)}
    for seed in range(12):
        items = cut_up(np.random.default_rng(seed), 12)
        group = group_of(items)
        assert match_box(group, len(items), *edge)
        for tries, seeds in found.items():
            rules = RuleArrays(0, 2**62, 0, 0, tries, 0, 0)
            if reorder(group, len(items), work, rules, edge, tries):
                seeds.add(seed)
    assert found[300] < found[4_000]
    assert found[300] <= found[1_000] <= found[4_000]


def test_with_time_left_more_is_tried_for_what_is_not_proven():
    problem = cut_up_problem(BOX + BOX // 12)
    limits = {"tries": 20, "node_limit": 1}
    once = pack(problem, **limits)
    # By this clock every look at it takes a second: the first round leaves time for much larger ones.
    ticks = iter(range(1_000_000))
    longer = pack(problem, seconds=100, clock=lambda: float(next(ticks)), **limits)
    assert longer.violations(problem) == []
    assert once.num_parcels < 6
    assert longer.num_parcels >= 11
    ticks = iter(range(1_000_000))
    stopped = pack(problem, seconds=0.01, clock=lambda: float(next(ticks)), **limits)
    assert stopped.placement_entry.tolist() == once.placement_entry.tolist()
