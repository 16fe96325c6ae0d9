"""Explanations: true to the published tables, and readable."""

from __future__ import annotations

import itertools

import polars as pl
import pytest

from engine.contracts.outputs import SHIPMENT_COSTS
from engine.errors import UsageError
from engine.runs.ways import OrderWays
from engine.runs.words import in_contrast

COSTS = [*(name for name, _ in SHIPMENT_COSTS), "lateness_cents", "reserve_cents", "churn_cents"]
WORTHS = ("stock_worth_cents", "carton_worth_cents", "pickup_worth_cents")


@pytest.fixture(scope="module")
def shipping(small_run) -> list[str]:
    return small_run.shipments["order_id"].unique().sort().to_list()[::5]


def worth_millicents(run, order_id: str, offer: dict) -> int:
    prices = {
        (row["warehouse_id"], row["sku"]): row["millicents_per_unit"]
        for row in run.shadow_prices.filter(pl.col("carton_id").is_null() & pl.col("carrier").is_null()).iter_rows(
            named=True
        )
    }
    place, worth = offer["warehouse_id"], 0
    for piece in run.offer_pieces.filter(order_id=order_id).iter_rows(named=True):
        if offer["pieces"] >> piece["piece_number"] & 1:
            worth += piece["quantity"] * (prices.get((place, piece["sku"]), 0) + prices.get((place, None), 0))
    return worth


def resources_millicents(run, order_id: str, offer: dict) -> int:
    """What its cartons and pickups are worth; no night here has prices on both."""
    key = {"order_id": order_id, "offer_number": offer["offer_number"]}
    cartons = run.offer_cartons.filter(**key).join(run.shadow_prices.drop_nulls("carton_id"), on="carton_id")
    prices = run.shadow_prices.drop_nulls("carrier").filter(warehouse_id=offer["warehouse_id"])
    pickups = run.offer_pickups.filter(**key).join(prices, on="carrier")
    return sum((frame["quantity"] * frame["millicents_per_unit"]).sum() for frame in (cartons, pickups))


def every_way(run, order_id: str) -> list[tuple[float, int, frozenset[int]]]:
    """Cost and worth, cost, and offers of every way to serve an order."""
    offers = run.offers.filter(order_id=order_id).to_dicts()
    pieces = run.offer_pieces.filter(order_id=order_id).to_dicts()
    worth = {
        offer["offer_number"]: round(worth_millicents(run, order_id, offer) / 1000)
        + round(resources_millicents(run, order_id, offer) / 1000)
        for offer in offers
    }
    split = run.settings["costs"]["split_cents"]
    found = []
    for count in range(len(pieces) + 1):
        for way in itertools.combinations(offers, count):
            covered = 0
            for offer in way:
                if covered & offer["pieces"]:
                    break
                covered |= offer["pieces"]
            else:
                cost = sum(offer["cost_cents"] for offer in way)
                cost += sum(piece["backorder_cents"] for piece in pieces if not covered >> piece["piece_number"] & 1)
                cost += split * max(sum(offer["shipments"] for offer in way) - 1, 0)
                numbers = frozenset(offer["offer_number"] for offer in way)
                found.append((cost + sum(worth[number] for number in numbers), cost, numbers))
    return sorted(found, key=lambda way: way[0])


def test_what_was_taken_is_what_ships(small_run, shipping):
    for order_id in shipping:
        explanation = small_run.explain(order_id)
        parcels = small_run.shipments.filter(order_id=order_id)
        assert sum(offer["shipments"] for offer in explanation.chosen) == parcels.height
        for name in COSTS[:-2]:
            assert sum(offer[name] for offer in explanation.chosen) == parcels[name].sum()
        assert all(offer["cost_cents"] == sum(offer[name] for name in COSTS) for offer in explanation.chosen)


def test_orders_cost_together_what_the_plan_costs(small_run):
    orders = small_run.offer_pieces["order_id"].unique()
    assert sum(small_run.explain(order).cost_cents for order in orders) == small_run.summary["cost_cents"]


def test_the_best_alternative_is_the_best_there_is(small_run):
    few = small_run.offers.group_by("order_id").len().filter(pl.col("len").is_between(2, 40)).sort("order_id")
    shown = 0
    for order_id in few["order_id"].to_list()[::4]:
        ways = every_way(small_run, order_id)
        explanation = small_run.explain(order_id)
        chosen = frozenset(small_run.offers.filter("is_chosen", order_id=order_id)["offer_number"])
        limit = small_run.inputs.orders.filter(order_id=order_id)["max_shipments"].item()
        if limit is not None:
            continue
        others = [(price, cost) for price, cost, numbers in ways if numbers != chosen]
        told = [
            (way["cost_cents"] + sum(way[name] for name in WORTHS), way["cost_cents"])
            for way in explanation.alternatives
        ]
        assert told == sorted(told, key=lambda way: way[0])
        assert {price for price, _ in told} <= {price for price, _ in others}
        assert (told[0][0] if told else None) == (others[0][0] if others else None)
        assert explanation.cost_cents in {cost for _, cost, numbers in ways if numbers == chosen}
        shown += len(told)
    assert shown > 20


def test_every_line_is_in_an_alternative_once(small_run, shipping):
    for order_id in shipping:
        asked = small_run.offer_pieces.filter(order_id=order_id)["quantity"].sum()
        for way in small_run.explain(order_id).alternatives:
            lines = [line for offer in way["offers"] for line in offer["lines"]] + way["waiting"]
            assert sum(int(line.split(" x ")[0]) for line in lines) == asked


def test_the_difference_by_component_adds_up(small_run, shipping):
    for order_id in shipping:
        explanation = small_run.explain(order_id)
        rows = {row["component"]: row for row in explanation.difference}
        if not explanation.alternatives:
            assert rows == {}
            continue
        best = explanation.next_best
        totals = ("cost", "stock it takes", "cartons it takes", "pickups it takes", "for the night")
        for side in ("taken_cents", "next_best_cents", "difference_cents"):
            assert sum(row[side] for name, row in rows.items() if name not in totals) == rows["cost"][side]
        assert rows["cost"]["taken_cents"] == explanation.cost_cents
        assert rows["cost"]["next_best_cents"] == best["cost_cents"]
        assert rows["for the night"]["next_best_cents"] == best["cost_cents"] + sum(best[name] for name in WORTHS)
        assert all(row["difference_cents"] == row["next_best_cents"] - row["taken_cents"] for row in rows.values())


def test_the_text_names_cost_and_reason(small_run, shipping):
    text = str(small_run.explain(shipping[0]))
    cost = small_run.explain(shipping[0]).cost_cents
    assert text.startswith(f"Order {shipping[0]} ships from ")
    assert f"{cost / 100:.2f}" in text
    assert "taken:" in text
    held = small_run.holds.row(0, named=True)
    assert str(small_run.explain(held["order_id"])).startswith(f"Order {held['order_id']} is held: {held['reason']} (")
    waits = small_run.backorders.row(0, named=True)
    assert waits["reason"] in str(small_run.explain(waits["order_id"]))


def test_an_order_that_ships_nothing_says_why(small_run):
    left = small_run.backorders.join(small_run.shipments, on="order_id", how="anti")
    for order_id in left["order_id"].unique().sort().to_list()[:5]:
        explanation = small_run.explain(order_id)
        assert explanation.chosen == []
        assert explanation.sentence.startswith(f"Order {order_id} does not ship tonight, which is priced at ")
        assert explanation.cost_cents == left.filter(order_id=order_id)["cost_cents"].sum()


def way(cents: int, *offers: tuple[str, str]) -> dict:
    told = [{"warehouse_id": place, "lines": [line], "shipments": 1} for place, line in offers]
    return {"offers": told, "cost_cents": cents} | dict.fromkeys(WORTHS, 0)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (way(1_250, ("LYS", "1 x A"), ("BER", "1 x B")), "LYS and BER for 12.50"),
        (
            way(1_200, ("BER", "1 x A"), ("PAR", "1 x B")),
            "from the same places with the lines parted otherwise, for the same 12.00",
        ),
        (
            way(1_200, ("BER", "1 x B"), ("PAR", "1 x A")),
            "from the same places in other cartons or with another carrier, for the same 12.00",
        ),
        (way(1_200, ("LYS", "1 x A")), "LYS for the same 12.00"),
    ],
)
def test_the_same_places_and_the_same_cost_are_told_as_such(other, told):
    taken = way(1_200, ("PAR", "1 x A"), ("BER", "1 x B"))
    assert in_contrast(taken["offers"], taken["cost_cents"], other) == told


def test_what_ships_whole_is_held_against_another_way_that_ships_all(small_run):
    """Without a limit of parcels every listed offer of all pieces is such a way."""
    told = 0
    for order_id in small_run.shipments["order_id"].unique().sort().to_list():
        explanation = small_run.explain(order_id)
        whole = (1 << small_run.offer_pieces.filter(order_id=order_id).height) - 1
        others = small_run.offers.filter((pl.col("pieces") == whole) & ~pl.col("is_chosen"), order_id=order_id)
        limit = small_run.inputs.orders.filter(order_id=order_id)["max_shipments"].item()
        if small_run.backorders.filter(order_id=order_id).is_empty() and others.height and limit is None:
            assert "next best is " in explanation.sentence
            assert explanation.next_best["waiting"] == []
            assert explanation.next_best in explanation.alternatives
            told += 1
    assert told > 20


def offered(*offers: tuple[int, int, int]) -> OrderWays:
    """Make the ways of an order whose offers are of pieces (a mask), cost in cents and parcels; a piece that waits costs 900."""
    masks = [mask for mask, _, _ in offers]
    num_pieces = max(masks).bit_length()
    pieces = [
        {"piece_number": n, "line_number": n, "sku": f"S{n}", "quantity": 1, "backorder_cents": 900}
        for n in range(num_pieces)
    ]
    rows = [{"cost_cents": cents, "shipments": parcels} | dict.fromkeys(WORTHS, 0) for _, cents, parcels in offers]
    return OrderWays(rows, masks, pieces, 0)


def test_a_way_within_the_limit_of_parcels_is_found_though_a_cheaper_one_breaks_it():
    order = offered((0b001, 100, 1), (0b010, 100, 1), (0b100, 100, 1), (0b110, 500, 1))
    assert (0, 1, 2) in order.ways()
    within = order.ways(2)
    assert (0, 3) in within
    assert all(order.parcels(way) <= 2 for way in within)


@pytest.mark.parametrize(("ships_all", "held_against"), [(True, (1,)), (False, (0,))])
def test_what_ships_whole_is_not_held_against_a_cheaper_way_that_lets_units_wait(ships_all, held_against):
    order = offered((0b01, 100, 1), (0b11, 2_500, 1))
    ways = order.ways()
    assert ways == [(0,), (), (1,)]
    assert ways[order.next_best(ways, ships_all=ships_all)] == held_against


def test_where_nothing_else_ships_all_the_cheapest_other_is_the_next_best():
    order = offered((0b01, 100, 1), (0b10, 100, 1))
    assert order.next_best([(0,), ()], ships_all=True) == 0
    assert order.next_best([], ships_all=True) is None


@pytest.mark.parametrize("num_pieces", [12, 13])
def test_what_an_offer_leaves_goes_with_others(num_pieces):
    halves = (1 << num_pieces // 2) - 1, (1 << num_pieces) - (1 << num_pieces // 2)
    order = offered((halves[0], 700, 1), (halves[1], 800, 1))
    assert order.ways()[0] == (0, 1)
    assert max(len(way) for way in order.ways(1)) == 1


def test_an_order_of_many_pieces_is_explained_too(tiny_tables, tiny_workspace, tmp_path):
    from engine.batch import run_batch
    from engine.runs import open_run

    tables = tiny_tables(2, orders=2, lines=2, skus=16, stock=30)
    order_id = tables["orders"]["order_id"][0]
    lines = tables["order_lines"].filter(pl.col("order_id") != order_id)
    many = pl.DataFrame(
        [
            {"order_id": order_id, "line_number": number, "sku": sku, "quantity": 1, "unit_price_cents": 1}
            for number, sku in enumerate(tables["products"]["sku"])
        ],
        schema=lines.schema,
    )
    tables["order_lines"] = pl.concat([lines, many])
    run = open_run(run_batch(tiny_workspace(tmp_path / "many", tables)).directory)
    explanation = run.explain(order_id)
    assert len(run.offer_pieces.filter(order_id=order_id)) >= 16
    assert sum(run.explain(order).cost_cents for order in tables["orders"]["order_id"]) == run.summary["cost_cents"]
    assert explanation.alternatives


def test_an_unknown_order_is_answered_with_where_to_look(small_run):
    with pytest.raises(UsageError, match=r"'nope' was not open in run .*run\.inputs\.orders"):
        small_run.explain("nope")
