"""Movements as the ledger walks over them: sixteen bytes each, so that a thousand of them stay in the nearest cache."""

from __future__ import annotations

from typing import NamedTuple

from solvers.inventory.ledger.kernels_log import Indices, Integers

KIND_BITS, HAS_COST, SAME_INSTANT = 7, 8, 16
"""What the code of a move holds: its kind, whether its cost is stated, whether it came at the instant of the one before."""


class Moves(NamedTuple):
    """Movements of some articles in order, as narrow as they are read while they are valued."""

    what: Indices
    """(rows, 4) stock, units, day, code."""
    unit_cost: Integers
    """Where the code says that it is stated."""
    pool: Indices
    """May be empty where nothing is linked."""
