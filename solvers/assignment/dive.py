"""A first choice of columns: fix the orders that are sure of theirs, price what is left again, and so on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.assignment.deadlines import has_passed
from solvers.assignment.dual import Ascent
from solvers.assignment.kernels_columns import choose_within, fix_columns

if TYPE_CHECKING:
    from solvers.assignment.kernels_columns import Columns
    from solvers.assignment.problem import Int64Array

_ROUNDS_A_STAGE = 20
_STEP_CENTS = 50.0
_LARGEST_SHARE = 0.1
"""Share of the open orders fixed in a stage at most."""
_SMALLEST_SHARE = 0.01
"""Where fewer than this share are sure, the surest of all are taken, as many."""


def dive(
    columns: Columns,
    price: Int64Array,
    limit: Int64Array,
    random: np.random.Generator,
    deadline: float | None = None,
) -> Int64Array:
    """Choose a column for every order, within the limits together; gives shape (num_orders,).

    Prices keep moving while orders are fixed, so stock nobody is left to fight over becomes cheap for the rest. Orders
    whose choice holds still while prices move are sure of it.

    Parameters
    ----------
    columns
        The plans of each order.
    price
        Where the prices start, thousandths of a cent.
    limit
        How much there is of each limit.
    random
        Chooses which of the sure orders are fixed first.
    deadline
        `time.monotonic()` after which the open orders take what fits, one after another.
    """
    num_orders = len(columns.start) - 1
    ascent = Ascent(price.astype(np.float64))
    left, used = limit.copy(), np.zeros_like(limit)
    choice = np.full(num_orders, -1, dtype=np.int64)
    orders = random.permutation(num_orders)
    while len(orders):
        is_late = has_passed(deadline)
        changes = _move_prices(columns, ascent, orders, left, used, choice, rounds=1 if is_late else _ROUNDS_A_STAGE)
        sure = np.arange(len(orders)) if is_late else _surest(changes, random)
        fixed = np.zeros(len(sure), dtype=np.bool_)
        fix_columns(columns, orders[sure], choice, left, fixed)
        is_open = np.ones(len(orders), dtype=np.bool_)
        is_open[sure[fixed]] = False
        orders = orders[is_open]
    return choice


def _move_prices(
    columns: Columns,
    ascent: Ascent,
    orders: Int64Array,
    left: Int64Array,
    used: Int64Array,
    choice: Int64Array,
    *,
    rounds: int,
) -> Int64Array:
    """Move the prices for a stage, writing used and choice; gives how often each order chose anew."""
    changes = np.zeros(len(orders), dtype=np.int64)
    for _ in range(rounds):
        choose_within(columns, orders, ascent.whole(), left, used, choice, changes)
        ascent.step((used - left).astype(np.float64), _STEP_CENTS)
        # Nobody can ask for what is gone: its price would only drift.
        ascent.price[left == 0] = 0.0
    return changes


def _surest(changes: Int64Array, random: np.random.Generator) -> Int64Array:
    """Draw from those whose choice held still; where they are few, take those that changed least."""
    num_orders = len(changes)
    sure = random.permutation(np.flatnonzero(changes == 0))[: max(1, int(_LARGEST_SHARE * num_orders))]
    if len(sure) < _SMALLEST_SHARE * num_orders:
        sure = np.argsort(changes + random.random(num_orders))[: max(1, int(_SMALLEST_SHARE * num_orders))]
    return sure
