"""What the bound charges: a price per unit of each limit, and premiums of pieces where units do not come out even."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solvers.assignment.bounds import limits_worth_millicents
from solvers.assignment.kernels_charges import Premiums, charge_orders, earn_limits
from solvers.assignment.preparation import arrays_of, prepare
from solvers.assignment.pricer import Pricer
from solvers.assignment.prices import Prices
from solvers.assignment.problem import MILLICENTS

if TYPE_CHECKING:
    from solvers.assignment.problem import AssignmentProblem, Int64Array


@dataclass(frozen=True)
class Charges:
    """What the bound makes pieces pay for the shared limits.

    A piece that a warehouse sends pays its quantity times the prices there, and its premium there.

    Parameters
    ----------
    prices
        Prices per unit.
    premium_piece, premium_warehouse
        Shape (num_premiums,): pieces, ascending, and for each its warehouses, ascending; no pair twice.
    premium_millicents
        Shape (num_premiums,): thousandths of a cent for the whole piece.

    Raises
    ------
    ValueError
        When the premiums differ in length, are out of order, or are negative.
    """

    prices: Prices
    premium_piece: Int64Array
    premium_warehouse: Int64Array
    premium_millicents: Int64Array

    def __post_init__(self) -> None:
        names = ("premium_piece", "premium_warehouse", "premium_millicents")
        for name in names:
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), dtype=np.int64))
        lengths = [len(getattr(self, name)) for name in names]
        if len(set(lengths)) > 1:
            raise ValueError(f"premiums differ in length: {lengths}; each needs a piece, a warehouse and an amount.")
        piece, warehouse = self.premium_piece, self.premium_warehouse
        rises = (np.diff(piece) > 0) | ((np.diff(piece) == 0) & (np.diff(warehouse) > 0))
        if not rises.all():
            at = int(np.argmin(rises)) + 1
            raise ValueError(f"premium {at}, of piece {piece[at]}, is out of order; sort by piece and warehouse.")
        if self.premium_millicents.min(initial=0) < 0:
            raise ValueError(f"premium_millicents must be ≥ 0; lowest: {self.premium_millicents.min()}.")

    @classmethod
    def of(cls, prices: Prices) -> Charges:
        """Charge prices alone."""
        none = np.zeros(0, dtype=np.int64)
        return cls(prices, none, none, none)

    def check(self, problem: AssignmentProblem) -> None:
        """Raise ValueError when prices or premiums are not those of the problem."""
        self.prices.check(problem)
        for name, values, count in (
            ("premium_piece", self.premium_piece, problem.num_pieces),
            ("premium_warehouse", self.premium_warehouse, problem.num_warehouses),
        ):
            if len(values) and (values.min() < 0 or values.max() >= count):
                raise ValueError(f"{name} must be 0…{count - 1}; {values.min()}…{values.max()}. Number them anew.")


def charged_bound(problem: AssignmentProblem, charges: Charges, threads: int = 1) -> int:
    """Give the bound at charges in whole cents; every plan costs whole cents, so it is rounded up.

    It is the sum over orders of the cheapest plan less what the limits earn at most. Stock for which some piece pays a
    premium earns the most that pieces of the article pay for which its units suffice, each taken whole or not at all;
    every other limit earns its price for all it has.

    Parameters
    ----------
    problem
        The problem.
    charges
        Any non-negative charges.
    threads
        How many threads share the orders.

    Raises
    ------
    ValueError
        When the charges are not those of the problem, or so large that sums could leave int64.

    References
    ----------
    Guignard and Kim (1987), Lagrangean decomposition: a model yielding stronger Lagrangean bounds, Mathematical
    Programming 39, 215-228.
    """
    charges.check(problem)
    charges.prices.check_sums(problem, float(charges.premium_millicents.sum(dtype=np.float64)))
    bound, _plan = price_charges(problem, Pricer(prepare(problem), threads), charges)
    return -(-bound // MILLICENTS)


def price_charges(problem: AssignmentProblem, pricer: Pricer, charges: Charges) -> tuple[int, Int64Array]:
    """Compute the bound at charges, thousandths of a cent, and the option of each piece in its order's cheapest plan.

    Parameters
    ----------
    problem
        The problem.
    pricer
        Prices its orders.
    charges
        Charges of its pieces.
    """
    order_bound = np.zeros(problem.num_orders, dtype=np.int64)
    plan = np.full(problem.num_pieces, -1, dtype=np.int64)
    prices = arrays_of(charges.prices)
    start = np.searchsorted(charges.premium_piece, np.arange(problem.num_pieces + 1))
    premiums = Premiums(start, charges.premium_warehouse, charges.premium_millicents)

    def chunk(number: int, orders: Int64Array) -> None:
        charge_orders(pricer.prepared.instance, orders, prices, premiums, pricer.works[number], order_bound, plan)

    pricer.share_out(chunk)
    return int(order_bound.sum()) - _earned_millicents(problem, charges), plan


def _earned_millicents(problem: AssignmentProblem, charges: Charges) -> int:
    """Sum what all limits earn at most."""
    prices, warehouse = charges.prices, charges.premium_warehouse
    cell = warehouse * problem.num_skus + problem.piece_sku[charges.premium_piece]
    at, sku = np.divmod(np.unique(cell), problem.num_skus)
    others = prices.stock_millicents.copy()
    others[at, sku] = 0
    even = limits_worth_millicents(problem, Prices(others, prices.capacity_millicents, prices.resource_millicents))
    by_sku = np.argsort(problem.piece_sku, kind="stable")
    first = np.searchsorted(problem.piece_sku[by_sku], np.arange(problem.num_skus + 1))
    length = first[sku + 1] - first[sku]
    start = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(length)])
    piece = by_sku[np.repeat(first[sku] - start[:-1], length) + np.arange(start[-1])]
    quantity = problem.piece_quantity[piece]
    value = quantity * np.repeat(prices.stock_millicents[at, sku], length)
    pair = piece * problem.num_warehouses + np.repeat(at, length)
    order = np.argsort(pair)
    pays = charges.premium_piece * problem.num_warehouses + warehouse
    value[order[np.searchsorted(pair[order], pays)]] += charges.premium_millicents
    wanted = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(quantity)])[start]
    earned = np.zeros(len(at), dtype=np.int64)
    earn_limits(start, value, quantity, np.minimum(problem.stock_units[at, sku], np.diff(wanted)), earned)
    return even + sum(earned.tolist())
