"""Column generation for long orders: further sets of their pieces, suggested by what stock and capacity are worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.assignment.tables import assignment_problem, prices_from, without_limits
from engine.contracts.outputs import OFFER_CARTONS, OFFER_PICKUPS
from engine.errors import NoPlanError
from engine.stages.quote.item_sets import Candidates, held_masks
from engine.stages.quote.night import QuoteNight
from solvers.assignment import MILLICENTS, AssignmentProblem, Prices, order_by_order, rough_prices

Ints = npt.NDArray[np.int64]

_ROUGH_ROUNDS: Final = 20
"""Rounds of the price search where no night came before: enough to tell what is scarce, a second's work."""


@dataclass
class Suggestions:
    """What the long orders of a night could be offered beside what they are.

    Parameters
    ----------
    night
        The night.
    as_of
        Its instant.
    pieces
        The pieces, priced for waiting.
    prices
        Shadow prices to go by; None where no order is long.
    long
        Positions of the orders of more pieces than are offered in all sets.
    known
        By order, the sets that were priced already, offered or not.
    holds
        Shape (num_orders, num_warehouses): the pieces that each warehouse holds, as a mask.
    """

    night: QuoteNight
    as_of: datetime
    pieces: pl.DataFrame
    prices: Prices | None
    long: Ints
    known: dict[int, set[int]]
    holds: Ints

    @classmethod
    def start(
        cls,
        night: QuoteNight,
        pieces: pl.DataFrame,
        found: Candidates,
        offers: pl.DataFrame,
        as_of: datetime,
    ) -> Self:
        """Find the long orders and the prices to go by.

        Parameters
        ----------
        night
            The night.
        pieces
            The pieces, priced for waiting.
        found
            The candidates that were priced already.
        offers
            The offers made of these.
        as_of
            The night's instant.
        """
        assign = night.settings.assign
        long = np.flatnonzero(night.num_pieces > assign.exact_lines)
        known: dict[int, set[int]] = {int(order): set() for order in long}
        for order, mask in zip(found.bundle_order.tolist(), found.bundle_mask.tolist(), strict=True):
            if order in known:
                known[order].add(mask)
        has_work = len(long) > 0 and assign.suggestion_rounds > 0
        prices = _prices(night, pieces, offers, as_of) if has_work else None
        return cls(night, as_of, pieces, prices, long, known, held_masks(night.goods))

    def further(self, offers: pl.DataFrame) -> tuple[Ints, Ints]:
        """Give order and mask of the sets next to each long order's best plan at the prices that were not priced before.

        Parameters
        ----------
        offers
            All offers so far.
        """
        if self.prices is None:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        found = []
        for order, taken in self._best_plans(offers):
            new = self._neighbours(order, taken) - self.known[order]
            self.known[order] |= new
            found += [(order, mask) for mask in sorted(new)]
        pairs = np.array(found, np.int64).reshape(-1, 2)
        return pairs[:, 0].copy(), pairs[:, 1].copy()

    def _best_plans(self, offers: pl.DataFrame) -> list[tuple[int, list[tuple[int, int]]]]:
        """Give each long order with warehouse and mask of the offers it takes when limits cost what they are worth."""
        assert self.prices is not None
        problem = _unlimited(self.night, self.pieces, offers, self.long, self.prices, self.as_of)
        chosen = order_by_order(problem).option_chosen
        plans = []
        for at, order in enumerate(self.long.tolist()):
            options = range(int(problem.option_start[at]), int(problem.option_start[at + 1]))
            taken = [(int(problem.option_warehouse[o]), int(problem.option_mask[o])) for o in options if chosen[o]]
            plans.append((order, taken))
        return plans

    def _neighbours(self, order: int, taken: list[tuple[int, int]]) -> set[int]:
        """Give the sets that a plan's change by one step needs: two parts in one, a piece elsewhere, or what is cheap there."""
        goods = self.night.goods
        first, last = int(goods.start[order]), int(goods.start[order + 1])
        groups = sorted(set(goods.together[first:last].tolist()))
        masks = [mask for _, mask in taken]
        waiting = (1 << (last - first)) - 1 & ~sum(masks)
        found = {a | b for a in masks for b in masks}
        for group in groups:
            if group & waiting:
                found |= {mask | group for mask in masks}
            for mask in masks:
                if group & mask:
                    found |= {mask & ~group} | {other | group for other in masks}
        found |= {self._no_dearer(order, warehouse, taken) for warehouse in range(self.holds.shape[1])}
        return {mask for mask in found if mask and any(mask & ~int(held) == 0 for held in self.holds[order])}

    def _no_dearer(self, order: int, warehouse: int, taken: list[tuple[int, int]]) -> int:
        """Give the pieces that a warehouse holds and whose stock is worth no more there than where they are taken now."""
        assert self.prices is not None
        goods = self.night.goods
        first = int(goods.start[order])
        stock, capacity = self.prices.stock_millicents, self.prices.capacity_millicents
        kept = 0
        for bit in range(int(goods.start[order + 1]) - first):
            if not self.holds[order, warehouse] >> bit & 1:
                continue
            sku = goods.sku[first + bit]
            now = [int(stock[place, sku] + capacity[place]) for place, mask in taken if mask >> bit & 1]
            if not now or stock[warehouse, sku] + capacity[warehouse] <= now[0]:
                kept |= 1 << bit
        return kept


def _prices(night: QuoteNight, pieces: pl.DataFrame, offers: pl.DataFrame, as_of: datetime) -> Prices:
    """Give last night's prices as far as they hold tonight; where there are none, rough ones of the offers so far."""
    inputs = night.inputs
    warm = prices_from(inputs.past_prices, inputs, as_of) if night.settings.assign.warm_start else None
    if warm is not None:
        return warm
    # Suggestions go by stock and capacity; who gets cartons and pickups is for the plan to say.
    none = OFFER_CARTONS.empty(), OFFER_PICKUPS.empty()
    try:
        problem = assignment_problem(night.orders, pieces, offers, *none, inputs, night.settings, as_of)
    except ValueError as error:
        raise NoPlanError(f"the night cannot be planned: {error}") from error
    return rough_prices(problem, rounds=_ROUGH_ROUNDS, threads=night.settings.night.threads)


def _unlimited(
    night: QuoteNight, pieces: pl.DataFrame, offers: pl.DataFrame, long: Ints, prices: Prices, as_of: datetime
) -> AssignmentProblem:
    """Give the problem of the long orders alone in which nothing is short and every offer pays what it takes at prices."""
    orders = night.orders[long]
    own, mine = (frame.join(orders, on="order_id", how="semi", maintain_order="left") for frame in (pieces, offers))
    none = OFFER_CARTONS.empty(), OFFER_PICKUPS.empty()
    problem = assignment_problem(orders, own, mine, *none, night.inputs, night.settings, as_of)
    worth = np.zeros(problem.num_options, np.int64)
    for bit in range(int(np.diff(problem.piece_start).max(initial=0))):
        at = np.flatnonzero(problem.option_mask >> bit & 1)
        piece, place = problem.piece_start[problem.order_of_option[at]] + bit, problem.option_warehouse[at]
        unit = prices.stock_millicents[place, problem.piece_sku[piece]] + prices.capacity_millicents[place]
        worth[at] += problem.piece_quantity[piece] * unit
    every_order, every_option = np.ones(problem.num_orders, np.bool_), np.ones(problem.num_options, np.bool_)
    return without_limits(problem, every_order, every_option, problem.option_cents + worth // MILLICENTS)
