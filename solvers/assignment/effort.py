"""How much work a solve does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """How much work a solve does; counts only, so that equal effort gives equal results.

    Parameters
    ----------
    price_rounds
        Rounds of the price search over all options; 27 times as many follow over the plans that are nearly
        cheapest, at a small part of the work, and 10 times as many for the premiums of the bound.
    move_rounds
        Rounds of annealing, of twenty moves an order each, from two seeds where the orders are few; 0 for none. A time
        limit allows up to eight times as many.
    block_rounds
        Rounds of exact block solution; 0 for none. A time limit adds rounds until it passes.
    block_size
        Orders in a block, about.
    block_columns
        Plans that a block chooses from, about.
    block_nodes
        Branch and bound nodes per block.
    slack_cents
        How much dearer at prices than an order's cheapest plan another may be to be considered in moves and blocks;
        None: what an option typically costs.
    """

    price_rounds: int = 120
    move_rounds: int = 30
    block_rounds: int = 1
    block_size: int = 150
    block_columns: int = 1800
    block_nodes: int = 50
    slack_cents: int | None = None
