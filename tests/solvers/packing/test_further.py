from __future__ import annotations

from itertools import count

import numpy as np
import pytest

from solvers.outcome import Status
from solvers.packing.cartons import Cartons, Objective, Prices
from solvers.packing.items import ItemSets, ItemTypes
from solvers.packing.problem import PackingProblem, Rules, Split
from solvers.packing.solution import STATUSES
from solvers.packing.solve import pack

BOX = np.array([300, 240, 180])
LITTLE = {"tries": 2, "node_limit": 1}


def ticking():
    """Give a clock by which every look at it takes a second."""
    ticks = count()
    return lambda: float(next(ticks))


def cut_up(seed, num):
    """Cut a box by planes from wall to wall, the largest piece first."""
    rng = np.random.default_rng(seed)
    pieces = [BOX]
    while len(pieces) < num:
        pieces.sort(key=np.prod)
        piece = pieces.pop()
        axis = int(np.argmax(piece * rng.uniform(0.5, 1, 3)))
        at = int(piece[axis] * rng.uniform(0.3, 0.7))
        step = np.eye(3, dtype=np.int64)[axis]
        pieces += [piece - step * (piece[axis] - at), piece - step * at]
    return np.array([rng.permutation(piece) for piece in pieces])


def orders_for(cartons, num=9, objective=Objective.VOLUME, **rules):
    items = np.concatenate([cut_up(seed, num) for seed in range(5)])
    return PackingProblem(
        ItemTypes.of(*items.T, weight_g=items.prod(axis=1) // 1000),
        ItemSets(np.arange(0, len(items) + 1, num), np.arange(len(items)), np.ones(len(items), np.int64)),
        cartons,
        Prices.without_freight(objective),
        Rules(**({"support_share": 0.0, "split": Split.NEVER} | rules)),
    )


def nested_boxes():
    """Give boxes from one that is filled to the last corner to one that all goes into anyhow."""
    return Cartons.of(*np.stack([BOX, BOX + BOX // 12, BOX + BOX // 8, 3 * BOX], axis=1))


@pytest.mark.parametrize("support_share", [0.0, 0.7])
def test_the_time_of_a_set_finds_cheaper_cartons_and_claims_nothing_else(support_share):
    problem = orders_for(nested_boxes(), support_share=support_share)
    once = pack(problem, **LITTLE)
    longer = pack(problem, seconds=20, clock=ticking(), **LITTLE)
    assert longer.violations(problem) == []
    assert (longer.set_cost <= once.set_cost).all()
    assert longer.set_cost.sum() < 0.9 * once.set_cost.sum()
    # Every order fills the smallest box without a gap: no bound may lie above it.
    assert (longer.set_bound <= BOX.prod()).all() or support_share > 0
    assert (longer.set_bound >= once.set_bound).all()
    assert (longer.set_bound <= longer.set_cost).all()


def test_cartons_refuted_in_the_time_of_a_set_prove_its_own():
    # The smaller carton has room enough, but the wrong shape for some orders.
    cartons = Cartons.of(*np.stack([BOX + np.array([30, -10, 0]), 3 * BOX], axis=1))
    problem = orders_for(cartons, num=5)
    once = pack(problem, **LITTLE)
    longer = pack(problem, seconds=100, clock=ticking(), **LITTLE)
    assert (once.set_status == STATUSES.index(Status.FEASIBLE)).any()
    assert (longer.set_status == STATUSES.index(Status.OPTIMAL)).all()
    assert longer.set_cost.tolist() == pack(problem).set_cost.tolist()


def test_a_mailer_that_costs_less_keeps_the_bound_down():
    cartons = Cartons.of(
        *np.stack([BOX + BOX // 12, 3 * BOX, 2 * BOX], axis=1),
        kind=[0, 0, 1],
        cost_cents=[20, 30, 10],
        max_weight_g=[10**6] * 3,
    )
    problem = orders_for(cartons, objective=Objective.COST)
    once = pack(problem, **LITTLE)
    longer = pack(problem, seconds=20, clock=ticking(), **LITTLE)
    assert longer.violations(problem) == []
    assert (longer.set_cost <= once.set_cost).all()
    assert (longer.set_bound <= longer.set_cost).all()
    unsure = once.set_bound == 10
    assert (longer.set_bound[unsure] == 10).all()


def test_a_set_that_several_parcels_may_hold_for_less_is_tried_in_rounds():
    cartons = Cartons.of(*np.stack([BOX // 2, 3 * BOX], axis=1), cost_cents=[1, 40])
    problem = orders_for(cartons, num=6, objective=Objective.COST, split=Split.WHEN_CHEAPER)
    longer = pack(problem, seconds=5, clock=ticking(), **LITTLE)
    assert longer.violations(problem) == []
    assert (longer.set_cost <= pack(problem, **LITTLE).set_cost).all()


def test_no_time_left_changes_nothing_and_threads_share_the_sets():
    problem = orders_for(nested_boxes())
    once, none = pack(problem, **LITTLE), pack(problem, seconds=1e-9, clock=ticking(), **LITTLE)
    assert none.position_mm.tolist() == once.position_mm.tolist()
    # A clock that stands still leaves time until all is proven or packed as well as it can be.
    boxes = Cartons.of(*np.stack([BOX + BOX // 6, 3 * BOX], axis=1))
    problem = orders_for(boxes)
    one, two = (pack(problem, seconds=1, clock=lambda: 0.0, threads=n, **LITTLE) for n in (1, 2))
    assert (one.set_cost == boxes.inner_length_mm[0] * boxes.inner_width_mm[0] * boxes.inner_height_mm[0]).all()
    assert one.position_mm.tolist() == two.position_mm.tolist()
