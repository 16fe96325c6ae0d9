"""Prices that priority raises: whole cents nearest to the exact value."""

from __future__ import annotations

from fractions import Fraction

import polars as pl


def is_nearest(cents: pl.Expr, base: pl.Expr, priority_share: float) -> pl.Expr:
    """Tell whether `cents` is `base` times (1 + share x priority), rounded to the nearest cent.

    The comparison is in whole numbers. Where the exact value lies half-way between two cents both are accepted: the share
    is a decimal fraction, and which side a binary one falls on says nothing about the plan.

    Parameters
    ----------
    cents
        The rounded price.
    base
        The price without priority, whole cents.
    priority_share
        By how much each level of priority raises it. Column `priority` holds the level; below 0 it counts as 0.
    """
    # The decimal as it was written, not its binary neighbour.
    share = Fraction(str(priority_share))
    priority = pl.max_horizontal(pl.col("priority"), pl.lit(0))
    exact = base * (share.denominator + share.numerator * priority)
    return (2 * (cents * share.denominator - exact)).abs() <= share.denominator
