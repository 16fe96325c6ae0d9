from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np

from solvers.assignment import UNLIMITED_SHIPMENTS, UNLIMITED_UNITS, AssignmentProblem


def random_problem(
    seed: int,
    *,
    num_orders: int = 4,
    num_skus: int = 3,
    num_warehouses: int = 2,
    most_pieces: int = 3,
    option_share: float = 0.8,
    stock: int = 3,
    split_cents: int | None = None,
    with_limits: bool = True,
) -> AssignmentProblem:
    """A small problem in which every kind of limit may bind."""
    rng = np.random.default_rng(seed)
    pieces = rng.integers(1, most_pieces + 1, num_orders)
    piece_start = np.concatenate([[0], np.cumsum(pieces)])
    total = int(piece_start[-1])
    counts, warehouse, mask = [], [], []
    for length in pieces:
        offered = [(w, m) for w in range(num_warehouses) for m in range(1, 2**length) if rng.random() < option_share]
        counts.append(len(offered))
        warehouse += [w for w, _ in offered]
        mask += [m for _, m in offered]
    num_options = sum(counts)
    uses = rng.integers(0, 2, num_options) if with_limits else np.zeros(num_options, dtype=np.int64)
    return AssignmentProblem(
        piece_start=piece_start,
        piece_sku=rng.integers(0, num_skus, total),
        piece_quantity=rng.integers(1, 3, total),
        piece_backorder_cents=rng.integers(0, 60, total),
        option_start=np.concatenate([[0], np.cumsum(counts)]),
        option_warehouse=np.array(warehouse, dtype=np.int32),
        option_mask=np.array(mask, dtype=np.int64),
        option_cents=rng.integers(0, 50, num_options),
        option_parcels=rng.integers(1, 3, num_options),
        max_shipments=rng.choice([1, 2, UNLIMITED_SHIPMENTS], num_orders),
        split_cents=int(rng.integers(0, 15)) if split_cents is None else split_cents,
        stock_units=rng.integers(0, stock + 1, (num_warehouses, num_skus)),
        capacity_units=rng.choice([0, 4, UNLIMITED_UNITS], num_warehouses, p=[0.1, 0.4, 0.5]),
        option_resource_start=np.concatenate([[0], np.cumsum(uses)]),
        option_resource=rng.integers(0, 2, uses.sum()),
        option_resource_amount=rng.integers(1, 3, uses.sum()),
        resource_limit=rng.integers(0, 8, 2),
        stock_value_cents=rng.integers(0, 4, (num_warehouses, num_skus)) if rng.random() < 0.3 else None,
    )


def plans(problem: AssignmentProblem, order: int) -> Iterator[tuple[int, ...]]:
    """Every plan of an order: sets of its options with disjoint pieces and few enough parcels."""
    options = range(problem.option_start[order], problem.option_start[order + 1])

    def extend(position: int, covered: int, chosen: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if position == len(options):
            yield chosen
            return
        yield from extend(position + 1, covered, chosen)
        option = options[position]
        mask = int(problem.option_mask[option])
        if not mask & covered:
            yield from extend(position + 1, covered | mask, (*chosen, option))

    for chosen in extend(0, 0, ()):
        if sum(int(problem.option_parcels[option]) for option in chosen) <= problem.max_shipments[order]:
            yield chosen


def plan_cents(problem: AssignmentProblem, order: int, chosen: tuple[int, ...]) -> int:
    """Cost of a plan from the raw arrays."""
    start, end = int(problem.piece_start[order]), int(problem.piece_start[order + 1])
    cost, parcels, covered = 0, 0, 0
    for option in chosen:
        cost += int(problem.option_cents[option])
        parcels += int(problem.option_parcels[option])
        covered |= int(problem.option_mask[option])
        if problem.stock_value_cents is not None:
            for piece in range(start, end):
                if int(problem.option_mask[option]) >> (piece - start) & 1:
                    value = problem.stock_value_cents[problem.option_warehouse[option], problem.piece_sku[piece]]
                    cost += int(value) * int(problem.piece_quantity[piece])
    cost += sum(
        int(problem.piece_backorder_cents[piece]) for piece in range(start, end) if not covered >> (piece - start) & 1
    )
    return cost + problem.split_cents * max(0, parcels - 1)


def plan_use(problem: AssignmentProblem, order: int, chosen: tuple[int, ...]) -> dict[tuple[str, int, int], int]:
    """What a plan takes of each limit."""
    start, end = int(problem.piece_start[order]), int(problem.piece_start[order + 1])
    use: dict[tuple[str, int, int], int] = {}

    def add(key: tuple[str, int, int], amount: int) -> None:
        use[key] = use.get(key, 0) + amount

    for option in chosen:
        warehouse = int(problem.option_warehouse[option])
        for piece in range(start, end):
            if int(problem.option_mask[option]) >> (piece - start) & 1:
                add(("stock", warehouse, int(problem.piece_sku[piece])), int(problem.piece_quantity[piece]))
                add(("capacity", warehouse, 0), int(problem.piece_quantity[piece]))
        for at in range(problem.option_resource_start[option], problem.option_resource_start[option + 1]):
            add(("resource", int(problem.option_resource[at]), 0), int(problem.option_resource_amount[at]))
    return use


def limit_of(problem: AssignmentProblem, key: tuple[str, int, int]) -> int:
    kind, first, second = key
    if kind == "stock":
        return int(problem.stock_units[first, second])
    return int((problem.capacity_units if kind == "capacity" else problem.resource_limit)[first])


def brute_force_cents(problem: AssignmentProblem) -> int:
    """The optimum, by depth-first search over every plan of every order."""
    candidates = []
    for order in range(problem.num_orders):
        rows = [(plan_cents(problem, order, plan), plan_use(problem, order, plan)) for plan in plans(problem, order)]
        candidates.append(sorted(rows, key=lambda row: row[0]))
    cheapest_rest = [0] * (problem.num_orders + 1)
    for order in reversed(range(problem.num_orders)):
        cheapest_rest[order] = cheapest_rest[order + 1] + candidates[order][0][0]
    best = [10**12]
    left: dict[tuple[str, int, int], int] = {}

    def visit(order: int, cost: int) -> None:
        if cost + cheapest_rest[order] >= best[0]:
            return
        if order == problem.num_orders:
            best[0] = cost
            return
        for cents, use in candidates[order]:
            if all(left.get(key, limit_of(problem, key)) >= amount for key, amount in use.items()):
                for key, amount in use.items():
                    left[key] = left.get(key, limit_of(problem, key)) - amount
                visit(order + 1, cost + cents)
                for key, amount in use.items():
                    left[key] += amount

    visit(0, 0)
    return best[0]


def relaxed_millicents(problem: AssignmentProblem, prices) -> int:
    """The bound at prices, from every plan of every order whose options fit by themselves."""
    total = 0
    for order in range(problem.num_orders):
        costs = []
        for plan in plans(problem, order):
            if any(
                amount > limit_of(problem, key)
                for option in plan
                for key, amount in plan_use(problem, order, (option,)).items()
            ):
                continue
            cost = plan_cents(problem, order, plan) * 1000
            for (kind, first, second), amount in plan_use(problem, order, plan).items():
                if kind == "stock":
                    cost += amount * int(prices.stock_millicents[first, second])
                else:
                    named = prices.capacity_millicents if kind == "capacity" else prices.resource_millicents
                    cost += amount * int(named[first])
            costs.append(cost)
        total += min(costs)
    pairs = itertools.chain(
        zip(prices.stock_millicents.ravel(), problem.stock_units.ravel(), strict=True),
        zip(prices.capacity_millicents, problem.capacity_units, strict=True),
        zip(prices.resource_millicents, problem.resource_limit, strict=True),
    )
    return total - sum(int(price) * int(limit) for price, limit in pairs)


def with_orders(problem: AssignmentProblem, orders: np.ndarray) -> AssignmentProblem:
    """The same problem, its orders in another order."""

    def spans(start):
        return np.concatenate([np.arange(start[order], start[order + 1]) for order in orders]).astype(np.int64)

    pieces, options = spans(problem.piece_start), spans(problem.option_start)
    return dataclasses.replace(
        problem,
        **_option_fields(problem, options),
        piece_start=np.concatenate([[0], np.cumsum(np.diff(problem.piece_start)[orders])]),
        option_start=np.concatenate([[0], np.cumsum(np.diff(problem.option_start)[orders])]),
        max_shipments=problem.max_shipments[orders],
        **{name: getattr(problem, name)[pieces] for name in ("piece_sku", "piece_quantity", "piece_backorder_cents")},
    )


def with_pieces_joined(problem: AssignmentProblem) -> tuple[AssignmentProblem, AssignmentProblem]:
    """The problem with the pieces of each order's first article as one, and as they were but carried together."""
    first = problem.piece_start[problem.order_of_piece]
    alike = problem.piece_sku == problem.piece_sku[first]
    together = np.zeros(problem.num_orders, dtype=np.int64)
    np.bitwise_or.at(together, problem.order_of_piece, np.where(alike, 1 << (np.arange(problem.num_pieces) - first), 0))
    own = together[problem.order_of_option]
    mask = problem.option_mask & own
    kept = np.flatnonzero((mask == 0) | (mask == own))
    counts = np.bincount(problem.order_of_option[kept], minlength=problem.num_orders)
    apart = dataclasses.replace(
        problem, **_option_fields(problem, kept), option_start=np.concatenate([[0], np.cumsum(counts)])
    )
    stays = ~alike | (np.arange(problem.num_pieces) == first)
    quantity, backorder = problem.piece_quantity.copy(), problem.piece_backorder_cents.copy()
    np.add.at(quantity, first[~stays], problem.piece_quantity[~stays])
    np.add.at(backorder, first[~stays], problem.piece_backorder_cents[~stays])
    joined_mask = [
        sum(
            1 << at
            for at, piece in enumerate(np.flatnonzero(stays & (problem.order_of_piece == order)))
            if int(mask) >> (piece - problem.piece_start[order]) & 1
        )
        for order, mask in zip(apart.order_of_option.tolist(), apart.option_mask, strict=True)
    ]
    joined = dataclasses.replace(
        apart,
        piece_start=np.concatenate(
            [[0], np.cumsum(np.bincount(problem.order_of_piece[stays], minlength=problem.num_orders))]
        ),
        piece_sku=problem.piece_sku[stays],
        piece_quantity=quantity[stays],
        piece_backorder_cents=backorder[stays],
        option_mask=np.array(joined_mask, dtype=np.int64),
    )
    return joined, apart


def _option_fields(problem: AssignmentProblem, options: np.ndarray) -> dict[str, np.ndarray]:
    """The arrays of some of the options, in the given order."""
    uses = [np.arange(*problem.option_resource_start[option : option + 2]) for option in options]
    use = np.concatenate([*uses, np.zeros(0)]).astype(np.int64)
    return {
        "option_resource_start": np.concatenate([[0], np.cumsum(np.diff(problem.option_resource_start)[options])]),
        "option_resource": problem.option_resource[use],
        "option_resource_amount": problem.option_resource_amount[use],
        **{
            name: getattr(problem, name)[options]
            for name in ("option_warehouse", "option_mask", "option_cents", "option_parcels")
        },
    }
