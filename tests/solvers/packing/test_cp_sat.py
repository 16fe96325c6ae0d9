from __future__ import annotations

import numpy as np

from solvers.outcome import Status
from solvers.packing.cartons import Cartons, Objective, Prices
from solvers.packing.cp_sat import fit_box, smallest_box
from solvers.packing.items import ItemSets, ItemTypes
from solvers.packing.problem import PackingProblem, Rules, Split
from solvers.packing.solve import pack


def test_pack_and_cp_sat_agree_in_both_directions():
    rng = np.random.default_rng(11)
    seen = set()
    for _ in range(25):
        edges = rng.integers(20, 90, (int(rng.integers(2, 6)), 3))
        box = rng.integers(80, 130, 3)
        n = len(edges)
        problem = PackingProblem(
            ItemTypes.of(*edges.T),
            ItemSets([0, n], np.arange(n), np.ones(n, np.int64)),
            Cartons.of(*box.reshape(3, 1)),
            Prices.without_freight(Objective.VOLUME),
            Rules(support_share=0.0, split=Split.NEVER),
        )
        ours = pack(problem).outcome(0).status
        status, boxes = fit_box(edges, box, 30.0)
        assert ours is status
        assert (len(boxes) == n) is (status is Status.OPTIMAL)
        seen.add(status)
    assert seen == {Status.OPTIMAL, Status.INFEASIBLE}


def test_the_smallest_box_is_found_and_proven():
    boxes = np.array([[9, 9, 9], [10, 10, 19], [10, 10, 20], [30, 30, 30]])
    edges = np.array([[10, 10, 10], [10, 10, 10]])
    assert smallest_box(edges, boxes, 10.0) == (2, True)
    assert smallest_box(edges * 4, boxes, 10.0) == (4, True)
