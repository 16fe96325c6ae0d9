"""A plan from the prices: fix the orders that are sure of theirs, price what is left again, and so on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.assignment.deadlines import has_passed
from solvers.assignment.dual import Ascent
from solvers.assignment.kernels_plan import fix_plans, mark_changes, place_sequence
from solvers.assignment.preparation import flatten

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.assignment.kernels_plan import PriceArrays, Room
    from solvers.assignment.pricer import Pricer, Pricing
    from solvers.assignment.problem import Int64Array

_ROUNDS_A_STAGE = 10
_STEP_CENTS = 50.0
_LARGEST_SHARE = 0.3
"""Share of the open orders fixed in a stage at most."""
_SMALLEST_SHARE = 0.02
"""When fewer than this share are sure, some are placed unsure."""


def dive(
    pricer: Pricer,
    prices: PriceArrays,
    orders: Int64Array,
    room: Room,
    plan: Int64Array,
    random: np.random.Generator,
    deadline: float | None = None,
) -> None:
    """Plan the open orders within the room; writes `plan` and takes from `room`.

    Prices keep moving while orders are fixed, so stock nobody is left to fight over becomes cheap for the rest. Orders
    whose plan holds still while prices move are sure of it.

    Parameters
    ----------
    pricer
        Prices the orders.
    prices
        Where the prices start.
    orders
        The orders to plan.
    room
        What is left for them.
    plan
        Shape (num_pieces,): written for their pieces.
    random
        Chooses which of the sure orders are fixed first.
    deadline
        `time.monotonic()` after which the open orders are placed one after another.
    """
    ascent = Ascent(flatten(prices)[pricer.prepared.contested].astype(np.float64))
    while len(orders):
        if has_passed(deadline):
            place_sequence(pricer.prepared.instance, orders, prices, room, pricer.works[0], plan)
            return
        priced, pricing, changed = _move_prices(pricer, ascent, orders, room)
        sure = _surest(changed, random)
        fixed = np.zeros(len(sure), dtype=np.bool_)
        fix_plans(pricer.prepared.instance, orders[sure], pricing.plan_of_piece, room, plan, fixed)
        if not fixed.any():
            place_sequence(pricer.prepared.instance, orders[sure], priced, room, pricer.works[0], plan)
            fixed[:] = True
        open_orders = np.ones(len(orders), dtype=np.bool_)
        open_orders[sure[fixed]] = False
        orders = orders[open_orders]


def _move_prices(
    pricer: Pricer, ascent: Ascent, orders: Int64Array, room: Room
) -> tuple[PriceArrays, Pricing, NDArray[np.bool_]]:
    """Move the prices for a stage; gives the last ones, the plans at them, and whose plan did not hold still."""
    prepared = pricer.prepared
    left = flatten(room)[prepared.contested]
    changed = np.zeros(len(orders), dtype=np.bool_)
    previous: Pricing | None = None
    for _ in range(_ROUNDS_A_STAGE):
        prices = prepared.spread(ascent.whole())
        pricing = pricer(prices, orders, room)
        if previous is not None:
            mark_changes(prepared.instance, orders, pricing.plan_of_piece, previous.plan_of_piece, changed)
        previous = pricing
        ascent.step((pricing.used[prepared.contested] - left).astype(np.float64), _STEP_CENTS)
        # Nobody can ask for what is gone: its price would only drift.
        ascent.price[left == 0] = 0.0
    return prices, pricing, changed


def _surest(changed: NDArray[np.bool_], random: np.random.Generator) -> Int64Array:
    """Draw from those whose plan held still; where they are few, from all."""
    num_orders = len(changed)
    sure = random.permutation(np.flatnonzero(~changed))[: max(1, int(_LARGEST_SHARE * num_orders))]
    if len(sure) < _SMALLEST_SHARE * num_orders:
        sure = random.permutation(num_orders)[: max(1, num_orders // 20)]
    return sure
