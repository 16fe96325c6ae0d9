"""Scarcity: which limited carriers and counted cartons offers do without in turn, so that the plan can say who gets them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Final

_MOST_LISTED: Final = 3
"""Of up to so many limited things every set is gone without in turn; of more, each one and all."""


def gone_without(names: Sequence[str]) -> list[frozenset[str]]:
    """Give the sets of limited things that offers do without in turn, smaller ones first, the empty set at the start.

    Parameters
    ----------
    names
        Of the limited things.
    """
    sizes = range(len(names) + 1) if len(names) <= _MOST_LISTED else (0, 1, len(names))
    return [frozenset(group) for size in sizes for group in combinations(names, size)]
