"""Packing orders: which carton(s) for each, and where every item lies."""

from __future__ import annotations

from typing import Final, Literal

from engine.errors import UsageError
from engine.packing.lines import order_sets
from engine.packing.results import Packing, packing_of
from engine.packing.tables import carton_arrays, item_types, packing_products
from solvers.packing.cartons import NO_STOCK_LIMIT, Objective, Prices
from solvers.packing.problem import PackingProblem, Rules, Split
from solvers.packing.solve import DEFAULT_NODES, DEFAULT_TRIES, pack

_OBJECTIVES: Final = {"cost": Objective.COST, "volume": Objective.VOLUME, "cartons": Objective.CARTONS}


def pack_orders(
    lines: object,
    products: object,
    cartons: object,
    protection: object | None = None,
    objective: Literal["cost", "volume", "cartons"] = "cost",
    support: float = 0.7,
    seconds: float | None = None,
    threads: int = 1,
    seed: int = 0,
    *,
    centred_from_g: int | None = None,
    balance_weights: bool = False,
    keep_together: bool = False,
    tries: int = DEFAULT_TRIES,
    node_limit: int = DEFAULT_NODES,
) -> Packing:
    """Choose the carton or cartons of every order and place every item in them.

    Parameters
    ----------
    lines
        order_id, line_number, sku, quantity; a Polars or pandas frame. Where present and not null, a column `packaging` names
        the packaging that the order's cartons must carry, and lines of an order with the same `ship_together` go into one
        parcel.
    products, cartons, protection
        The tables of those names. Without `protection` fragile items are not padded.
    objective
        cost: carton and protection cents, several parcels where they cost less than one; volume: fewest parcels, then outer
        volume in cubic millimetres; cartons: fewest parcels.
    support
        Least share of an item's base that rests on the floor or other items; 0 asks for none.
    seconds
        Most time to go on with each order that the fixed effort leaves unproven; an order that several parcels may hold for less
        shares its time with the others like it. None for the fixed effort alone, the same on every machine.
    threads
        How many threads share the orders. The result does not depend on it.
    seed
        Start of the random choices.
    centred_from_g
        Contents at least this heavy have their centre of gravity within the middle half of the carton's length and width;
        None for never.
    balance_weights
        Whether the parcels of an order that needs several are evened out by weight, at no more cost.
    keep_together
        Whether every order goes into one parcel or none.
    tries, node_limit
        The fixed effort: most packings tried for an order in a carton, and most nodes searched to prove that a carton cannot
        hold it. 300,000 tries take about a second for a hard order of 8 to 30 items.

    Returns
    -------
    Packing
        Parcels, placements and what could not be packed, with the reason; a bad line does not stop the others.

    Raises
    ------
    InputError
        When a table lacks a column, or a carton is impossible, or there is none.
    UsageError
        When an option is out of range.
    """
    _check_options(objective, support, seconds, {"threads": threads, "tries": tries, "node_limit": node_limit})
    goods = packing_products(products)
    carton_frame, carton_values, packagings = carton_arrays(cartons)
    is_rationed = bool((carton_values.on_hand < NO_STOCK_LIMIT).any())
    orders = order_sets(lines, goods, packagings, is_rationed=is_rationed)
    split = Split.WHEN_CHEAPER if objective == "cost" else Split.WHEN_NEEDED
    problem = PackingProblem(
        items=item_types(goods, protection),
        sets=orders.sets,
        cartons=carton_values,
        prices=Prices.without_freight(_OBJECTIVES[objective]),
        rules=Rules(support, centred_from_g, Split.NEVER if keep_together else split, balance_weights),
    )
    solution = pack(problem, threads=threads, tries=tries, node_limit=node_limit, seconds=seconds, seed=seed)
    return packing_of(orders, problem, solution, goods, carton_frame)


def _check_options(objective: str, support: float, seconds: float | None, counts: dict[str, int]) -> None:
    if objective not in _OBJECTIVES:
        raise UsageError(f"objective must be one of {', '.join(_OBJECTIVES)}; it is {objective!r}.")
    if not 0 <= support <= 1:
        raise UsageError(f"support must lie in 0..1; it is {support}.")
    if seconds is not None and seconds <= 0:
        raise UsageError(f"seconds must be above 0; it is {seconds}.")
    for name, count in counts.items():
        if count < 1:
            raise UsageError(f"{name} must be at least 1; it is {count}.")
