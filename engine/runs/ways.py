"""The ways to serve an order: sets of its offers, what each costs, and what it takes that other orders want."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from engine.contracts.outputs import SHIPMENT_COSTS

COSTS: Final = [*(name for name, _ in SHIPMENT_COSTS), "lateness_cents", "reserve_cents", "churn_cents"]
WORTHS: Final = ("stock_worth_cents", "carton_worth_cents", "pickup_worth_cents")
"""What an offer takes is worth to other orders: stock with the capacity to send it, cartons, pickups."""
_MOST_PIECES: Final = 12
"""For orders of more pieces, what an offer does not carry goes with others that save most, one after another, not at least cost."""


@dataclass(frozen=True)
class OrderWays:
    """An order with its offers, and the pieces of each as bits; a way to serve it is a set of positions of offers."""

    offers: list[dict[str, Any]]
    masks: list[int]
    pieces: list[dict[str, Any]]
    split_cents: int

    def parcels(self, way: tuple[int, ...]) -> int:
        """Count the parcels a way sends."""
        return sum(self.offers[number]["shipments"] for number in way)

    def waiting(self, way: tuple[int, ...]) -> list[dict[str, Any]]:
        """Give the pieces that no offer of a way carries."""
        covered = sum(self.masks[number] for number in way)
        return [piece for piece in self.pieces if not covered >> piece["piece_number"] & 1]

    def cost_cents(self, way: tuple[int, ...]) -> int:
        """Price a way: its offers, what waits, and splitting the order."""
        offers = sum(self.offers[number]["cost_cents"] for number in way)
        waiting = sum(piece["backorder_cents"] for piece in self.waiting(way))
        return int(offers + waiting + self.split_cents * max(self.parcels(way) - 1, 0))

    def worth_cents(self, way: tuple[int, ...]) -> int:
        """Give what the stock, cartons and pickups a way takes are worth to other orders."""
        return sum(self.offers[number][name] for number in way for name in WORTHS)

    def components(self, way: tuple[int, ...]) -> dict[str, int]:
        """Give what a way costs by component, the worth of its stock to other orders, and both together."""
        parts = {name.removesuffix("_cents"): sum(self.offers[n][name] for n in way) for name in COSTS}
        parts["backorder"] = sum(piece["backorder_cents"] for piece in self.waiting(way))
        parts["split"] = self.split_cents * max(self.parcels(way) - 1, 0)
        cost = self.cost_cents(way)
        named = zip(WORTHS, ("stock it takes", "cartons it takes", "pickups it takes"), strict=True)
        worths = {name: sum(self.offers[number][worth] for number in way) for worth, name in named}
        return parts | {"cost": cost} | worths | {"for the night": cost + sum(worths.values())}

    def told(self, way: tuple[int, ...]) -> dict[str, Any]:
        """Give a way as plain values."""
        return {
            "offers": [self.offers[number] for number in way],
            "waiting": listed(self.waiting(way)),
            "cost_cents": self.cost_cents(way),
            **{name: sum(self.offers[number][name] for number in way) for name in WORTHS},
        }

    def ways(self, max_shipments: int | None = None) -> list[tuple[int, ...]]:
        """For every offer the best way that takes it, and letting all wait; the cheapest at prices first.

        Parameters
        ----------
        max_shipments
            Parcels a way may send; None: any number.
        """
        whole = (1 << len(self.pieces)) - 1
        rest = self._rest() if len(self.pieces) <= _MOST_PIECES else self._greedy_rest()
        found: set[tuple[int, ...]] = {()}
        for number, mask in enumerate(self.masks):
            left = None if max_shipments is None else max_shipments - self.offers[number]["shipments"]
            if left is None or left >= 0:
                found.add(tuple(sorted((number, *rest(whole & ~mask, left)))))
        return sorted(found, key=lambda way: (self.cost_cents(way) + self.worth_cents(way), way))

    def next_best(self, ways: list[tuple[int, ...]], *, ships_all: bool) -> int | None:
        """Give the position of the way to hold a decision against: where all ships, one that ships all too, if there is one.

        Parameters
        ----------
        ways
            Those not taken, the cheapest first.
        ships_all
            Whether the way taken leaves nothing waiting.
        """
        if not ways:
            return None
        whole = (position for position, way in enumerate(ways) if not self.waiting(way))
        return next(whole, 0) if ships_all else 0

    def _rest(self) -> Callable[[int, int | None], tuple[int, ...]]:
        """Give what finds the offers that serve a set of pieces in so many parcels at least cost and worth."""

        def price(way: tuple[int, ...], mask: int) -> int:
            waits = sum(p["backorder_cents"] for p in self.waiting(way) if mask >> p["piece_number"] & 1)
            offers = sum(self.offers[n]["cost_cents"] for n in way) + self.worth_cents(way)
            return int(waits + offers + self.split_cents * self.parcels(way))

        @cache
        def best(mask: int, parcels: int | None) -> tuple[int, ...]:
            if not mask:
                return ()
            lowest = mask & -mask
            ways = [best(mask ^ lowest, parcels)]
            for number, own in enumerate(self.masks):
                left = None if parcels is None else parcels - self.offers[number]["shipments"]
                if own & lowest and not own & ~mask and (left is None or left >= 0):
                    ways.append((number, *best(mask & ~own, left)))
            return min(ways, key=lambda way: price(way, mask))

        return best

    def _greedy_rest(self) -> Callable[[int, int | None], tuple[int, ...]]:
        """Give what serves a set of pieces by offers that save most against letting what they carry wait, one after another."""
        waits = {1 << piece["piece_number"]: piece["backorder_cents"] for piece in self.pieces}

        def saved(number: int) -> int:
            carried = sum(cents for bit, cents in waits.items() if self.masks[number] & bit)
            taken = self.offers[number]["cost_cents"] + self.worth_cents((number,)) + self.split_cents
            return int(carried - taken)

        savings = {number: saved(number) for number in range(len(self.masks))}
        by_saving = sorted((n for n, cents in savings.items() if cents > 0), key=lambda n: (-savings[n], n))

        def greedy(mask: int, parcels: int | None) -> tuple[int, ...]:
            way: list[int] = []
            for number in by_saving:
                shipments = self.offers[number]["shipments"]
                if not self.masks[number] & ~mask and (parcels is None or shipments <= parcels):
                    way.append(number)
                    mask &= ~self.masks[number]
                    parcels = None if parcels is None else parcels - shipments
            return tuple(way)

        return greedy


def listed(pieces: list[dict[str, Any]]) -> list[str]:
    """Write pieces as quantity and article, those of one line together."""
    units: dict[tuple[int, str], int] = {}
    for piece in pieces:
        line = piece["line_number"], piece["sku"]
        units[line] = units.get(line, 0) + piece["quantity"]
    return [f"{quantity} x {sku}" for (_, sku), quantity in units.items()]
