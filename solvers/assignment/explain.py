"""Why an order ships so: its cheapest plans at the prices, and what each pays for stock others want."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from solvers.assignment.problem import MILLICENTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from solvers.assignment.prices import Prices
    from solvers.assignment.problem import AssignmentProblem

_Entry = tuple[int, int, tuple[int, ...]]
"""Cost at prices with every parcel's split cost, number of parcels, options."""


@dataclass(frozen=True)
class Alternative:
    """A plan for one order, with what it costs in money and what the shared limits it uses are worth.

    Parameters
    ----------
    options
        Its options, ascending.
    backordered
        The order's pieces that wait, ascending.
    cents
        What it costs: options, stock worth, backorders, parcels beyond the first.
    stock_millicents, capacity_millicents, resource_millicents
        What it takes of each kind of limit, at the prices.
    """

    options: tuple[int, ...]
    backordered: tuple[int, ...]
    cents: int
    stock_millicents: int
    capacity_millicents: int
    resource_millicents: int

    @property
    def priced_millicents(self) -> int:
        """Cost and worth of the limits together, by which plans are ranked."""
        return self.cents * MILLICENTS + self.stock_millicents + self.capacity_millicents + self.resource_millicents


def alternatives(problem: AssignmentProblem, prices: Prices, order: int, k: int = 3) -> list[Alternative]:
    """Give an order's k cheapest plans at prices, cheapest first; fewer where there are fewer.

    Parameters
    ----------
    problem
        The problem.
    prices
        Prices of the shared limits, such as a solution's.
    order
        The order.
    k
        How many plans.

    Raises
    ------
    IndexError
        When there is no such order.
    """
    if not 0 <= order < problem.num_orders:
        raise IndexError(f"order {order} does not exist; the problem has {problem.num_orders}.")
    pieces = int(problem.piece_start[order + 1] - problem.piece_start[order])
    by_lowest: list[list[tuple[int, int, int, int]]] = [[] for _ in range(pieces)]
    for option in range(int(problem.option_start[order]), int(problem.option_start[order + 1])):
        if _fits_alone(problem, order, option):
            mask = int(problem.option_mask[option])
            parcels = int(problem.option_parcels[option])
            cost = int(problem.option_objective_cents[option]) * MILLICENTS + sum(
                _worth(problem, prices, order, option)
            )
            cost += parcels * problem.split_cents * MILLICENTS
            by_lowest[(mask & -mask).bit_length() - 1].append((mask, option, parcels, cost))
    backorder = problem.piece_backorder_cents[problem.piece_start[order] : problem.piece_start[order + 1]]
    most = int(problem.max_shipments[order])

    @cache
    def cheapest(open_pieces: int) -> tuple[_Entry, ...]:
        if open_pieces == 0:
            return ((0, 0, ()),)
        low = (open_pieces & -open_pieces).bit_length() - 1
        found = [
            (cost + int(backorder[low]) * MILLICENTS, parcels, options)
            for cost, parcels, options in cheapest(open_pieces & ~(1 << low))
        ]
        for mask, option, parcels, cost in by_lowest[low]:
            if mask & ~open_pieces == 0:
                found += [
                    (cost + other, parcels + sent, (option, *options))
                    for other, sent, options in cheapest(open_pieces & ~mask)
                    if parcels + sent <= most
                ]
        return _keep(found, k)

    plans = [_alternative(problem, prices, order, options) for _, _, options in cheapest((1 << pieces) - 1)]
    return sorted(plans, key=lambda plan: (plan.priced_millicents, plan.options))[:k]


def describe(problem: AssignmentProblem, prices: Prices, order: int, options: Iterable[int]) -> Alternative:
    """Give the cost and the worth at prices of a plan of an order, such as the chosen one.

    Parameters
    ----------
    problem
        The problem.
    prices
        Prices of the shared limits.
    order
        The order.
    options
        Options of the order with disjoint pieces.
    """
    return _alternative(problem, prices, order, options)


def _keep(found: list[_Entry], k: int) -> tuple[_Entry, ...]:
    """Keep the k cheapest for each number of parcels: a later parcel limit may rule out all cheaper ones."""
    kept: list[_Entry] = []
    counts: dict[int, int] = {}
    for entry in sorted(found):
        if counts.get(entry[1], 0) < k:
            counts[entry[1]] = counts.get(entry[1], 0) + 1
            kept.append(entry)
    return tuple(kept)


def _pieces_of(problem: AssignmentProblem, order: int, option: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    start, end = problem.piece_start[order], problem.piece_start[order + 1]
    return np.asarray(start + np.flatnonzero(problem.option_mask[option] >> np.arange(end - start) & 1))


def _worth(problem: AssignmentProblem, prices: Prices, order: int, option: int) -> tuple[int, int, int]:
    """Give the worth at prices of the stock, the capacity and the resources an option takes."""
    warehouse = problem.option_warehouse[option]
    pieces = _pieces_of(problem, order, option)
    quantity = problem.piece_quantity[pieces]
    uses = slice(problem.option_resource_start[option], problem.option_resource_start[option + 1])
    resources = prices.resource_millicents[problem.option_resource[uses]] * problem.option_resource_amount[uses]
    return (
        int((quantity * prices.stock_millicents[warehouse, problem.piece_sku[pieces]]).sum()),
        int(quantity.sum() * prices.capacity_millicents[warehouse]),
        int(resources.sum()),
    )


def _fits_alone(problem: AssignmentProblem, order: int, option: int) -> bool:
    """Whether the whole limits could carry the option."""
    warehouse = problem.option_warehouse[option]
    pieces = _pieces_of(problem, order, option)
    skus, position = np.unique(problem.piece_sku[pieces], return_inverse=True)
    wanted = np.bincount(position, problem.piece_quantity[pieces])
    uses = slice(problem.option_resource_start[option], problem.option_resource_start[option + 1])
    amount = np.zeros_like(problem.resource_limit)
    np.add.at(amount, problem.option_resource[uses], problem.option_resource_amount[uses])
    return bool(
        (wanted <= problem.stock_units[warehouse, skus]).all()
        and problem.piece_quantity[pieces].sum() <= problem.capacity_units[warehouse]
        and (amount <= problem.resource_limit).all()
    )


def _alternative(problem: AssignmentProblem, prices: Prices, order: int, options: Iterable[int]) -> Alternative:
    chosen = tuple(sorted(int(option) for option in options))
    start, end = int(problem.piece_start[order]), int(problem.piece_start[order + 1])
    covered = int(np.bitwise_or.reduce(problem.option_mask[list(chosen)])) if chosen else 0
    waiting = tuple(piece for piece in range(start, end) if not covered >> (piece - start) & 1)
    parcels = sum(int(problem.option_parcels[option]) for option in chosen)
    cents = sum(int(problem.option_objective_cents[option]) for option in chosen)
    cents += sum(int(problem.piece_backorder_cents[piece]) for piece in waiting)
    cents += problem.split_cents * max(0, parcels - 1)
    worth = [_worth(problem, prices, order, option) for option in chosen]
    stock, capacity, resource = (sum(part) for part in zip(*worth, strict=True)) if worth else (0, 0, 0)
    return Alternative(chosen, waiting, cents, stock, capacity, resource)
