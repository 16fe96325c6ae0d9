"""The plans of each order that matter around some prices, listed once and searched many times."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from solvers.assignment.kernels_columns import MOST_COLUMNS, Columns, Search, list_plans, price_columns
from solvers.assignment.preparation import flatten
from solvers.assignment.problem import MILLICENTS

if TYPE_CHECKING:
    from solvers.assignment.kernels_plan import PriceArrays
    from solvers.assignment.kernels_pricing import Instance
    from solvers.assignment.pricer import Pricer
    from solvers.assignment.problem import Int64Array

_WORTH_SHARING = 5000
"""Fewer orders are priced sooner by one thread."""


def _search(most_options: int, most_uses: int) -> Search:
    def zeros(size: int) -> Int64Array:
        return np.zeros(size, dtype=np.int64)

    plans = MOST_COLUMNS + 3
    return Search(
        zeros(most_options + 1), zeros(64), zeros(64), zeros(64), zeros(64), zeros(64),
        zeros(64 * plans), zeros(plans), zeros(most_uses), zeros(most_uses),
    )  # fmt: skip


def _empty(totals: Int64Array, start: Int64Array) -> Columns:
    columns, uses, options = (int(total) for total in totals)
    return Columns(
        start=start,
        cost=np.zeros(columns, dtype=np.int64),
        use_start=np.zeros(columns + 1, dtype=np.int64),
        use_limit=np.zeros(uses, dtype=np.int32),
        use_amount=np.zeros(uses, dtype=np.int64),
        option_start=np.zeros(columns + 1, dtype=np.int64),
        option=np.zeros(options, dtype=np.int64),
    )


def list_columns(pricer: Pricer, prices: PriceArrays, slack_cents: int, plan: Int64Array | None = None) -> Columns:
    """List the plans of every order that are at most this much dearer at prices than its cheapest.

    Parameters
    ----------
    pricer
        The problem.
    prices
        Prices around which the plans matter.
    slack_cents
        How much dearer; less for an order of too many plans.
    plan
        Shape (num_pieces,): option of each piece in a plan that is to be among the columns; None: none.
    """
    prepared = pricer.prepared
    instance = prepared.instance
    contested = np.full(len(flatten(prepared.limit)), -1, dtype=np.int64)
    contested[prepared.contested] = np.arange(len(prepared.contested))
    if plan is None:
        plan = np.full(prepared.num_pieces, -1, dtype=np.int64)
    most_options = int(np.diff(instance.option_start).max(initial=0))
    most_uses = 128 + 64 * int(np.diff(instance.use_start).max(initial=0))
    sizes = np.zeros((prepared.num_orders + 1, 3), dtype=np.int64)
    searches = [_search(most_options, most_uses) for _ in range(pricer.threads)]
    slack = np.int64(slack_cents * MILLICENTS)

    def fill(*, writes: bool, columns: Columns) -> None:
        def chunk(number: int, orders: Int64Array) -> None:
            list_plans(
                instance, orders, prices, slack, contested, plan, pricer.works[number], searches[number], sizes, writes,
                columns,
            )  # fmt: skip

        pricer.share_out(chunk)

    fill(writes=False, columns=_empty(np.zeros(3, dtype=np.int64), np.zeros(1, dtype=np.int64)))
    ends = np.cumsum(sizes, axis=0)
    sizes[0] = 0
    sizes[1:] = ends[:-1]
    columns = _empty(sizes[-1], np.ascontiguousarray(sizes[:, 0]))
    fill(writes=True, columns=columns)
    return columns


def price_in_shares(columns: Columns, price: Int64Array, chosen: Int64Array, threads: int) -> tuple[int, Int64Array]:
    """Choose the cheapest column of each order; gives what they cost at prices, and use, together.

    Parameters
    ----------
    columns
        All columns.
    price
        Price of each limit, thousandths of a cent.
    chosen
        Shape (num_orders,): written.
    threads
        How many threads share the orders.
    """
    num_orders = len(chosen)

    def share(number: int) -> tuple[int, Int64Array]:
        used = np.zeros(len(price), dtype=np.int64)
        begin, end = num_orders * number // threads, num_orders * (number + 1) // threads
        return int(price_columns(columns, np.int64(begin), np.int64(end), price, used, chosen)), used

    if threads == 1 or num_orders < _WORTH_SHARING:
        threads = 1
        return share(0)
    with ThreadPoolExecutor(threads) as pool:
        shares = list(pool.map(share, range(threads)))
    return sum(cost for cost, _ in shares), np.sum([used for _, used in shares], axis=0)


def worth_of(columns: Columns, price: Int64Array) -> Int64Array:
    """Give what each column takes, at prices.

    Parameters
    ----------
    columns
        All columns.
    price
        Price of each limit, thousandths of a cent.
    """
    worth = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(columns.use_amount * price[columns.use_limit])])
    return np.asarray(worth[columns.use_start[1:]] - worth[columns.use_start[:-1]])


def losses_of(columns: Columns, price: Int64Array) -> Int64Array:
    """Give how much dearer at prices each column is than the cheapest of its order, thousandths of a cent.

    Parameters
    ----------
    columns
        All columns.
    price
        Price of each limit, thousandths of a cent.
    """
    at_prices = columns.cost + worth_of(columns, price)
    cheapest = np.minimum.reduceat(at_prices, columns.start[:-1])
    return np.asarray(at_prices - np.repeat(cheapest, np.diff(columns.start)))


def plan_of(columns: Columns, chosen: Int64Array, instance: Instance) -> Int64Array:
    """Give the option of each piece in the chosen columns, -1 where it waits.

    Parameters
    ----------
    columns
        All columns.
    chosen
        One column of each order.
    instance
        The problem.
    """
    start, end = columns.option_start[chosen], columns.option_start[chosen + 1]
    length = end - start
    before = np.cumsum(length) - length
    options = columns.option[np.repeat(start - before, length) + np.arange(int(length.sum()))]
    first = np.repeat(instance.piece_start[:-1], length)
    plan = np.full(len(instance.piece_sku), -1, dtype=np.int64)
    for bit in range(int(instance.option_mask[options].max(initial=0)).bit_length()):
        carries = instance.option_mask[options] >> bit & 1 == 1
        plan[first[carries] + bit] = options[carries]
    return plan
