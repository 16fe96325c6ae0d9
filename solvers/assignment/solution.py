"""A plan for the night: which options ship, what waits, at which prices, and how good it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.assignment.charges import Charges
    from solvers.assignment.prices import Prices
    from solvers.assignment.problem import AssignmentProblem, Int64Array
    from solvers.outcome import Outcome


@dataclass(frozen=True)
class Usage:
    """What a set of options takes of each shared limit.

    Parameters
    ----------
    stock
        Shape (num_warehouses, num_skus): units.
    capacity
        Shape (num_warehouses,): units.
    resource
        Shape (num_resources,): amounts.
    """

    stock: Int64Array
    capacity: Int64Array
    resource: Int64Array


def usage(problem: AssignmentProblem, option_chosen: NDArray[np.bool_]) -> Usage:
    """Sum what the chosen options take.

    Parameters
    ----------
    problem
        The problem the options belong to.
    option_chosen
        Shape (num_options,): True for each option of the plan.
    """
    taken = Usage(
        np.zeros_like(problem.stock_units),
        np.zeros_like(problem.capacity_units),
        np.zeros_like(problem.resource_limit),
    )
    chosen = np.flatnonzero(option_chosen)
    first = problem.piece_start[problem.order_of_option[chosen]]
    warehouse = problem.option_warehouse[chosen]
    for bit in range(int(np.diff(problem.piece_start).max(initial=0))):
        carries = problem.option_mask[chosen] >> bit & 1 == 1
        piece = first[carries] + bit
        np.add.at(taken.stock, (warehouse[carries], problem.piece_sku[piece]), problem.piece_quantity[piece])
        np.add.at(taken.capacity, warehouse[carries], problem.piece_quantity[piece])
    start, end = problem.option_resource_start[chosen], problem.option_resource_start[chosen + 1]
    for offset in range(int((end - start).max(initial=0))):
        use = start[start + offset < end] + offset
        np.add.at(taken.resource, problem.option_resource[use], problem.option_resource_amount[use])
    return taken


def order_costs(problem: AssignmentProblem, option_chosen: NDArray[np.bool_]) -> Int64Array:
    """Give the cents of each order's plan: options, stock worth, backorders, parcels beyond the first.

    Parameters
    ----------
    problem
        The problem the options belong to.
    option_chosen
        Shape (num_options,): True for each option of the plan.
    """
    chosen = np.flatnonzero(option_chosen)
    cost = np.zeros(problem.num_orders, dtype=np.int64)
    parcels = np.zeros(problem.num_orders, dtype=np.int64)
    order = problem.order_of_option[chosen]
    np.add.at(cost, order, problem.option_objective_cents[chosen])
    np.add.at(parcels, order, problem.option_parcels[chosen])
    waiting = backordered(problem, option_chosen)
    np.add.at(cost, problem.order_of_piece[waiting], problem.piece_backorder_cents[waiting])
    return np.asarray(cost + problem.split_cents * np.maximum(parcels - 1, 0))


def backordered(problem: AssignmentProblem, option_chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell for each piece whether no chosen option carries it.

    Parameters
    ----------
    problem
        The problem the options belong to.
    option_chosen
        Shape (num_options,): True for each option of the plan.
    """
    covered = np.zeros(problem.num_orders, dtype=np.int64)
    chosen = np.flatnonzero(option_chosen)
    np.bitwise_or.at(covered, problem.order_of_option[chosen], problem.option_mask[chosen])
    bit = np.arange(problem.num_pieces) - problem.piece_start[problem.order_of_piece]
    return np.asarray(covered[problem.order_of_piece] >> bit & 1 == 0)


@dataclass(frozen=True)
class AssignmentSolution:
    """A plan for all orders with its certificate.

    Parameters
    ----------
    option_chosen
        Shape (num_options,): True for each option of the plan.
    piece_backordered
        Shape (num_pieces,): True for each piece that waits.
    order_cents
        Shape (num_orders,): cost of each order's plan, the worth of the stock it takes included.
    prices
        What one more unit of each limit would save; `bounds.lower_bound` gives what they alone prove.
    charges
        What the bound charges; `charges.charged_bound` recomputes it from them.
    outcome
        Cost, bound and what ended the solve.
    """

    option_chosen: NDArray[np.bool_]
    piece_backordered: NDArray[np.bool_]
    order_cents: Int64Array
    prices: Prices
    charges: Charges
    outcome: Outcome

    @property
    def cost_cents(self) -> int:
        """Cost of the whole plan."""
        return int(self.order_cents.sum())

    def violations(self, problem: AssignmentProblem) -> list[str]:
        """List everything the plan breaks, recomputed from the problem; empty when it is sound.

        Parameters
        ----------
        problem
            The problem that was solved.
        """
        found: list[str] = []
        chosen = np.flatnonzero(self.option_chosen)
        order = problem.order_of_option[chosen]
        parcels = np.bincount(order, problem.option_parcels[chosen], minlength=problem.num_orders)
        found += [
            f"order {o} has {int(parcels[o])} shipments, at most {problem.max_shipments[o]}"
            for o in np.flatnonzero(parcels > problem.max_shipments)
        ]
        found += _double_covered(problem, chosen)
        if not np.array_equal(self.piece_backordered, backordered(problem, self.option_chosen)):
            found.append("piece_backordered does not name exactly the pieces no option carries")
        if not np.array_equal(self.order_cents, order_costs(problem, self.option_chosen)):
            found.append("order_cents is not what the chosen options and backorders cost")
        if self.outcome.cost != self.cost_cents:
            found.append(f"the outcome says {self.outcome.cost} cents, the orders sum to {self.cost_cents}")
        return found + _overused(problem, usage(problem, self.option_chosen))


def _double_covered(problem: AssignmentProblem, chosen: NDArray[np.int64]) -> list[str]:
    """List the orders one of whose pieces two options carry."""
    pieces = np.zeros(problem.num_orders, dtype=np.int64)
    together = np.zeros(problem.num_orders, dtype=np.int64)
    order, mask = problem.order_of_option[chosen], problem.option_mask[chosen]
    for bit in range(int(np.diff(problem.piece_start).max(initial=0))):
        np.add.at(pieces, order, mask >> bit & 1)
    np.bitwise_or.at(together, order, mask)
    distinct = sum(together >> bit & 1 for bit in range(int(np.diff(problem.piece_start).max(initial=0))))
    return [f"order {o} ships a piece twice" for o in np.flatnonzero(pieces != distinct)]


def _overused(problem: AssignmentProblem, taken: Usage) -> list[str]:
    """List the shared limits that the plan exceeds."""
    found = [
        f"warehouse {w} ships {taken.stock[w, s]} of SKU {s}, it has {problem.stock_units[w, s]}"
        for w, s in np.argwhere(taken.stock > problem.stock_units)
    ]
    found += [
        f"warehouse {w} ships {taken.capacity[w]} units, its capacity is {problem.capacity_units[w]}"
        for w in np.flatnonzero(taken.capacity > problem.capacity_units)
    ]
    found += [
        f"resource {r} is used {taken.resource[r]} times, there are {problem.resource_limit[r]}"
        for r in np.flatnonzero(taken.resource > problem.resource_limit)
    ]
    return found
