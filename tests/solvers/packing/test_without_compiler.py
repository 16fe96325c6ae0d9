"""The same packing with and without the compiler."""

from __future__ import annotations

NIGHT = """
import dataclasses, hashlib
import numpy as np
from solvers.packing.cartons import Cartons, Objective, Prices
from solvers.packing.items import ItemSets, ItemTypes
from solvers.packing.problem import PackingProblem, Rules
from solvers.packing.solve import pack

items = ItemTypes.of(
    [60, 45, 90, 30], [40, 45, 20, 30], [30, 45, 20, 10], weight_g=[300, 900, 50, 20], orientation=[63, 63, 63, 3],
    max_load_g=[2**62, 2**62, 100, 2**62], padding_mm=[0, 0, 5, 0], is_fragile=[0, 0, 1, 0], hazard_class=[0, 1, 0, 2],
)
sets = ItemSets([0, 2, 5, 8], [0, 1, 0, 2, 3, 1, 2, 3], [2, 1, 3, 1, 1, 2, 1, 2], together=[0, 0, 0, 4, 4, 0, 0, 0])
cartons = Cartons.of(
    [100, 110, 95], [80, 100, 75], [60, 95, 40], kind=[0, 0, 1], cost_cents=[10, 19, 4], on_hand=[3, 99, 1],
    tare_g=[20, 40, 5], max_weight_g=[2500, 4000, 900],
)
prices = Prices(Objective.COST, [0, 2], [1000, 9000], [50, 90], [5000], [0], [100])
problem = PackingProblem(items, sets, cartons, prices, Rules(centred_from_g=500, balance_weights=True))
found = pack(problem, tries=8, node_limit=60)
assert found.violations(problem) == []
digest = hashlib.sha256()
for field in dataclasses.fields(found):
    digest.update(np.ascontiguousarray(getattr(found, field.name)).tobytes())
print(found.num_parcels, found.set_cost.tolist(), digest.hexdigest())
"""


def test_the_compiler_changes_nothing(same_without_compiler):
    same_without_compiler(NIGHT)
