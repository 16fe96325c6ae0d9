"""Prices of what articles share: a budget, a least order, what a warehouse can send.

References
----------
Everett (1963), Generalized Lagrange multiplier method; Dantzig and Wolfe (1960), Decomposition principle for linear programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from solvers.inventory.replenishment.kernels_stock import Integers, Numbers
from solvers.inventory.replenishment.master import choice, mixed
from solvers.inventory.replenishment.plans import Planner, Plans, SharedPrices

_FIRST_PRICE: Final = 0.1
"""Cents for a cent of a budget that binds, before anything is known of it."""
_STEEPER: Final = 4.0
_FIRST_SUBSIDY: Final = -0.05
"""The same for a cent of a least order that is not reached."""
_BRACKET_ROUNDS: Final = 5
_EDGE: Final = 0.05
_CONVERGED: Final = 3e-4

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Priced:
    """Prices, and what they come to.

    Parameters
    ----------
    prices
        The prices.
    bounds
        (articles,) what no plan of each undercuts at them.
    plans
        Plans made at them.
    """

    prices: SharedPrices
    bounds: Numbers
    plans: Plans


class PriceSearch:
    """Looks for the prices that prove most, and gathers the plans made at them.

    What is spent with a supplier falls as its price rises and hardly depends on the other prices, so the prices of all
    suppliers are bracketed at once. A linear program over the plans found so far then sets all prices together.
    """

    def __init__(self, planner: Planner, plans: list[Plans], baseline: Numbers) -> None:
        self.planner, self.plans, self._baseline = planner, plans, baseline
        problem = self._problem = planner.problem
        self._free = SharedPrices.free(problem)
        self._spent = self._spent_by(plans[1])
        over = self.overused(plans[1])
        self._is_scarce = over[: problem.num_suppliers]
        self.is_hopeless: Flags = problem.least_order_cents > problem.budget_cents
        self._is_poor = (self._spent > 0) & (self._spent < problem.least_order_cents) & ~self.is_hopeless
        self.has_conditions: Flags = (self._spent > 0) & (
            self.is_hopeless | self._is_poor | (problem.supplier_order_cents > 0)
        )
        self.is_limited = bool(over.any() or self.has_conditions.any())
        # A price for what an article's best plan does not use leaves that plan the best, and its bound a bound.
        sends = plans[1].sent[:, over[problem.num_suppliers :]].any(axis=1)
        self._articles: Integers = planner.articles[(self._is_scarce | self._is_poor)[problem.supplier] | sends]

    def overused(self, plans: Plans) -> Flags:
        """Tell which limits all of these plans together pass, suppliers first."""
        sent = plans.sent.sum(axis=0) > self._problem.sending_units
        return np.concatenate((self._spent_by(plans) > self._problem.budget_cents, sent))

    @cached_property
    def without_orders(self) -> Plans:
        """The plans that buy nothing from suppliers with conditions."""
        money = np.where(self.has_conditions, np.inf, 0.0)
        articles = self.planner.articles[self.has_conditions[self._problem.supplier]]
        return self.planner.plans(SharedPrices(money, self._free.sending), articles, self.plans[1])

    def best(self, rounds: int) -> Priced:
        """Give the prices that prove most, with what they prove and the plans made at them."""
        self._bounds = self.planner.bounds(self._free)
        found = Priced(self._free, self._bounds, self.plans[1])
        if not self.is_limited:
            return found
        if self.has_conditions.any():
            self.plans.append(self.without_orders)
        if (self._is_scarce | self._is_poor).any():
            found = max(found, self._at(*self._bracketed()), key=self._relaxed)
        for _ in range(rounds):
            mix = mixed(self._problem, choice(self._problem, self.plans, self.is_hopeless))
            if mix is None:
                break
            fresh = self._at(mix.prices, self._plans(mix.prices))
            found = max(found, fresh, key=self._relaxed)
            total = float(self._baseline.sum()) + mix.cents
            if mix.cents - self._charged(fresh.plans, mix.prices) <= _CONVERGED * abs(total):
                break
        return found

    def proven(self, prices: SharedPrices, bounds: Numbers) -> float:
        """Give what no plan can undercut: each supplier with conditions has an order, or none."""
        suppliers, sending = self.planner.worth_of_limits(prices)
        ordered = np.bincount(self._problem.supplier, bounds, minlength=suppliers.size) - suppliers
        if not self.has_conditions.any():
            return float(ordered.sum()) - sending
        money = np.where(self.has_conditions, np.inf, prices.money)
        articles = self.planner.articles[self.has_conditions[self._problem.supplier]]
        without = self.planner.bounds(SharedPrices(money, prices.sending), articles, bounds)
        closed = np.bincount(self._problem.supplier, without, minlength=suppliers.size)
        asked = np.where(self.is_hopeless, np.inf, ordered + self._problem.supplier_order_cents)
        return float(np.where(self.has_conditions, np.minimum(asked, closed), ordered).sum()) - sending

    def _at(self, prices: SharedPrices, plans: Plans) -> Priced:
        # A bound needs that nothing is paid for being bought and kept without end; a plan does not.
        subsidy = np.where(self._is_poor, self.planner.dearest_subsidy(), 0.0)
        within = SharedPrices(np.maximum(prices.money, -subsidy), prices.sending)
        return Priced(within, self.planner.bounds(within, self._articles, self._bounds), plans)

    def _plans(self, prices: SharedPrices) -> Plans:
        """Plan the articles that share what is scarce, and keep the plans."""
        self.plans.append(self.planner.plans(prices, self._articles, self.plans[1]))
        return self.plans[-1]

    def _relaxed(self, found: Priced) -> float:
        """Give what is proven where every supplier has an order that costs nothing by itself."""
        suppliers, sending = self.planner.worth_of_limits(found.prices)
        return float(found.bounds.sum()) - float(suppliers.sum()) - sending

    def _charged(self, plans: Plans, prices: SharedPrices) -> float:
        """Give what plans add to the cost at prices, less what the limits are worth: what mixing could come to."""
        suppliers, sending = self.planner.worth_of_limits(prices)
        paid = self.planner.priced(plans, prices)
        return float(paid.sum()) - float(suppliers.sum()) - sending

    def _spent_by(self, plans: Plans) -> Integers:
        spent = np.zeros(self._problem.num_suppliers, np.int64)
        np.add.at(spent, self._problem.supplier, plans.spent)
        return spent

    def _bracketed(self) -> tuple[SharedPrices, Plans]:
        """Bring what is spent with each supplier near its budget or its least order, a few plans for all of them."""
        problem, limited = self._problem, self._is_scarce | self._is_poor
        target = np.where(self._is_scarce, problem.budget_cents, problem.least_order_cents).astype(np.float64)
        # Too much is spent at `low`, too little at `high`; one of them is free of charge, the other not known yet.
        low, high = np.where(self._is_poor, -np.inf, 0.0), np.where(self._is_scarce, np.inf, 0.0)
        above, below = (np.maximum(self._spent, 1).astype(np.float64) for _ in range(2))
        price = np.where(self._is_scarce, _FIRST_PRICE, np.where(self._is_poor, _FIRST_SUBSIDY, 0.0))
        for _ in range(_BRACKET_ROUNDS):
            prices = SharedPrices(price, self._free.sending)
            plans = self._plans(prices)
            spent = self._spent_by(plans)
            is_above = spent > target
            low, above = np.where(is_above, price, low), np.where(is_above, np.maximum(spent, 1), above)
            high, below = np.where(is_above, high, price), np.where(is_above, below, np.maximum(spent, 1))
            # What is spent falls about as an exponential of the price.
            share = np.log(above / np.maximum(target, 1)) / np.maximum(np.log(above / below), 1e-9)
            with np.errstate(invalid="ignore"):
                between = low + (high - low) * np.clip(share, _EDGE, 1 - _EDGE)
            price = np.where(np.isinf(high) | np.isinf(low), price * _STEEPER, between)
            price = np.where(limited, price, 0.0)
        return prices, plans
