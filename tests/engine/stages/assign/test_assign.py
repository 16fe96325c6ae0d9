"""The plan of tiny nights against every plan there is, and the limits that no plan may exceed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
import pytest

from engine.assignment.limits import available_stock
from engine.assignment.waiting import REASONS
from engine.batch import run_batch
from engine.runs import open_run
from engine.stages.assign import assign

SEEDS = [seed for seed in range(14) if seed != 4]  # its plans are too many to go through
Row = dict[str, Any]
Use = Counter[tuple[str, ...]]


class EveryPlan:
    """All plans of a night, straight from the published frames."""

    def __init__(self, night) -> None:
        self.night = night
        self.split_cents = night.settings.costs.split_cents
        self.limit: dict[tuple[str, ...], int] = {
            ("stock", row["warehouse_id"], row["sku"]): row["available"]
            for row in available_stock(night.inputs.stock, night.inputs.stock_reserves).iter_rows(named=True)
        }
        for row in night.inputs.warehouses.drop_nulls("daily_capacity_units").iter_rows(named=True):
            self.limit["capacity", row["warehouse_id"]] = row["daily_capacity_units"]
        for row in night.inputs.cartons.drop_nulls("on_hand").iter_rows(named=True):
            self.limit["carton", row["carton_id"]] = row["on_hand"]
        self.cartons = {
            (order, number): rows.to_dicts()
            for (order, number), rows in night.plan.offer_cartons.group_by("order_id", "offer_number")
        }

    def pieces(self, order: str) -> list[Row]:
        return self.night.quotes.pieces.filter(pl.col("order_id") == order).to_dicts()

    def use(self, order: str, offer: Row) -> Use:
        use: Use = Counter()
        for piece in self.pieces(order):
            if offer["pieces"] >> piece["piece_number"] & 1:
                use["stock", offer["warehouse_id"], piece["sku"]] += piece["quantity"]
                use["capacity", offer["warehouse_id"]] += piece["quantity"]
        for row in self.cartons.get((order, offer["offer_number"]), []):
            use["carton", row["carton_id"]] += row["quantity"]
        return Counter({key: units for key, units in use.items() if key[0] == "stock" or key in self.limit})

    def cost(self, order: str, taken: list[Row]) -> int:
        covered = sum(offer["pieces"] for offer in taken)
        waits = [piece for piece in self.pieces(order) if not covered >> piece["piece_number"] & 1]
        parcels = sum(offer["shipments"] for offer in taken)
        return (
            sum(offer["cost_cents"] for offer in taken)
            + sum(piece["backorder_cents"] for piece in waits)
            + self.split_cents * max(parcels - 1, 0)
        )

    def of_order(self, order: str, most: int | None) -> list[tuple[int, Use]]:
        offers = self.night.plan.offers.filter(pl.col("order_id") == order).to_dicts()
        plans: list[tuple[int, list[Row]]] = [(0, [])]
        for offer in offers:
            plans += [(mask | offer["pieces"], [*taken, offer]) for mask, taken in plans if not mask & offer["pieces"]]
        allowed = [taken for _, taken in plans if sum(offer["shipments"] for offer in taken) <= (most or 99)]
        priced = [
            (self.cost(order, taken), sum((self.use(order, offer) for offer in taken), Counter())) for taken in allowed
        ]
        return sorted(priced, key=lambda plan: plan[0])

    def least_cents(self) -> int:
        orders = self.night.received.orders.select("order_id", "max_shipments").iter_rows()
        plans = [self.of_order(order, most) for order, most in orders]
        floor = [sum(options[0][0] for options in plans[number:]) for number in range(len(plans) + 1)]
        best = sum(self.cost(order, []) for order in self.night.received.orders["order_id"])

        def visit(number: int, cost: int, used: Use) -> None:
            nonlocal best
            if cost + floor[number] >= best:
                return
            if number == len(plans):
                best = cost
                return
            for cents, use in plans[number]:
                together = used + use
                if all(units <= self.limit.get(key, 0) for key, units in together.items()):
                    visit(number + 1, cost + cents, together)

        visit(0, 0, Counter())
        return best


def plan_cents(night) -> int:
    every = EveryPlan(night)
    chosen = night.plan.offers.filter("is_chosen")
    return sum(
        every.cost(order, chosen.filter(pl.col("order_id") == order).to_dicts())
        for order in night.received.orders["order_id"]
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_no_plan_is_cheaper_than_the_bound_and_a_proven_plan_is_the_cheapest(tiny_night, seed):
    night = tiny_night(seed, orders=4)
    outcome, least = night.plan.outcome, EveryPlan(night).least_cents()
    assert outcome.bound <= least <= outcome.cost
    assert outcome.status.value in {"OPTIMAL", "FEASIBLE"}
    if outcome.status.value == "OPTIMAL":
        assert outcome.cost == least
    assert outcome.cost == plan_cents(night)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_plan_takes_more_than_there_is(tiny_night, seed):
    night = tiny_night(seed, orders=4)
    every = EveryPlan(night)
    used: Use = Counter()
    for offer in night.plan.offers.filter("is_chosen").iter_rows(named=True):
        used += every.use(offer["order_id"], offer)
    assert all(units <= every.limit.get(key, 0) for key, units in used.items())
    parcels = night.plan.parcels.shipments
    counted = parcels.group_by("order_id").len("parcels").join(night.received.orders, on="order_id")
    assert counted.filter(pl.col("parcels") > pl.col("max_shipments")).is_empty()
    assert counted.select(pl.col("parcels").sum()).item() == parcels.height


@pytest.mark.parametrize("seed", SEEDS)
def test_every_unit_ships_or_waits(tiny_night, seed):
    night = tiny_night(seed, orders=4)
    line = ["order_id", "line_number", "sku"]
    shipped = night.plan.parcels.shipment_lines.select(*line, "quantity")
    waiting = night.plan.backorders.select(*line, "quantity")
    both = pl.concat([shipped, waiting]).group_by(line).agg(pl.col("quantity").sum()).sort(line)
    assert both.equals(night.received.order_lines.select(*line, "quantity").sort(line))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_waiting_line_is_told_is_true(tiny_night, seed):
    """Where it could still be sent, sending it costs more; where stock is short, no warehouse has enough left."""
    night = tiny_night(seed, orders=4)
    every = EveryPlan(night)
    chosen = night.plan.offers.filter("is_chosen").to_dicts()
    used: Use = sum((every.use(offer["order_id"], offer) for offer in chosen), Counter())
    for row in night.plan.backorders.iter_rows(named=True):
        order = row["order_id"]
        taken = [offer for offer in chosen if offer["order_id"] == order]
        covered = sum(offer["pieces"] for offer in taken)
        waits = [
            piece
            for piece in every.pieces(order)
            if piece["line_number"] == row["line_number"] and not covered >> piece["piece_number"] & 1
        ]
        first = waits[0]
        offers = [
            offer
            for offer in night.plan.offers.filter(pl.col("order_id") == order).to_dicts()
            if offer["pieces"] >> first["piece_number"] & 1 and not offer["pieces"] & covered
        ]
        if row["reason"] not in REASONS:
            assert not offers
            continue
        open_ = [
            offer
            for offer in offers
            if all(units <= every.limit.get(key, 0) for key, units in (used + every.use(order, offer)).items())
        ]
        if row["reason"] == REASONS[5]:
            assert open_ or not offers
            assert all(every.cost(order, [*taken, offer]) >= every.cost(order, taken) for offer in open_)
        elif row["reason"] == REASONS[4]:
            assert open_
        else:
            assert not open_
            kind = {REASONS[0]: "stock", REASONS[1]: "capacity", REASONS[2]: "carton"}[row["reason"]]
            lacking = [
                {key[0] for key, units in (used + every.use(order, offer)).items() if units > every.limit.get(key, 0)}
                for offer in offers
            ]
            assert any(kind in lacks for lacks in lacking)


def test_every_reason_for_waiting_occurs(tiny_night):
    told = {reason for seed in SEEDS for reason in tiny_night(seed, orders=4).plan.backorders["reason"]}
    assert told.issuperset({REASONS[0], REASONS[1], REASONS[4]})


@pytest.mark.parametrize("seed", range(4))
def test_threads_do_not_show(tiny_night, seed):
    night = tiny_night(seed, orders=4)
    two = night.settings.model_copy(update={"night": night.settings.night.model_copy(update={"threads": 2})})
    other = assign(night.received.orders, night.quotes, night.inputs, two, night.as_of)
    assert other.offers.equals(night.plan.offers)
    assert other.shadow_prices.equals(night.plan.shadow_prices)
    assert other.outcome == night.plan.outcome


@pytest.mark.parametrize("seed", SEEDS)
def test_a_price_stands_only_on_what_is_limited_and_never_below_zero(tiny_night, seed):
    night = tiny_night(seed, orders=4)
    every = EveryPlan(night)
    for row in night.plan.shadow_prices.iter_rows(named=True):
        assert row["millicents_per_unit"] > 0
        if row["carton_id"]:
            assert ("carton", row["carton_id"]) in every.limit
        elif row["sku"]:
            assert ("stock", row["warehouse_id"], row["sku"]) in every.limit
        else:
            assert ("capacity", row["warehouse_id"]) in every.limit


@pytest.mark.parametrize("seed", range(4))
def test_two_lines_of_one_article_are_offered_as_one_line_of_their_sum(seed, tiny_tables, plan_tables, tiny_settings):
    tables = tiny_tables(seed, orders=5, lines=1, stock=12)
    lines = tables["order_lines"].with_columns(quantity=pl.lit(3, pl.Int64))
    second = lines.with_columns(line_number=pl.col("line_number") + 1, quantity=pl.lit(2, pl.Int64))
    both = pl.concat([lines.with_columns(quantity=pl.lit(1, pl.Int64)), second])
    one = plan_tables(tables | {"order_lines": lines}, tiny_settings)
    two = plan_tables(tables | {"order_lines": both}, tiny_settings)
    undivided = one.quotes.pieces.group_by("order_id").len().filter(pl.col("len") == 1)
    undivided = undivided.join(two.quotes.pieces.group_by("order_id").len().filter(pl.col("len") == 2), on="order_id")
    key = ["order_id", "warehouse_id", "shipments", "cost_cents"]
    whole = two.quotes.offers.filter(pl.col("pieces") == 0b11).join(undivided, on="order_id", how="semi")
    single = one.quotes.offers.join(undivided, on="order_id", how="semi")
    assert single.height
    assert whole.select(key).sort(key).equals(single.select(key).sort(key))
    # Two lines may part, where that is cheaper; never do they take more than there is, or cost more than the one.
    every = EveryPlan(two)
    used = sum((every.use(o["order_id"], o) for o in two.plan.offers.filter("is_chosen").to_dicts()), Counter())
    assert all(units <= every.limit.get(name, 0) for name, units in used.items())
    if one.plan.backorders.is_empty():
        assert every.least_cents() <= EveryPlan(one).least_cents()


def test_an_article_in_two_lines_waits_where_its_stock_is_enough_for_one_only(tiny_tables, plan_tables, tiny_settings):
    tables = tiny_tables(3, orders=1, lines=1, skus=1, stock=1)
    line = tables["order_lines"].with_columns(quantity=pl.lit(2, pl.Int64))
    tables["order_lines"] = pl.concat([line, line.with_columns(line_number=pl.col("line_number") + 1)])
    place = (
        tables["stock"]
        .head(1)
        .with_columns(
            warehouse_id=pl.lit("BER"),
            on_hand=pl.lit(3, pl.Int64),
            reserved=pl.lit(0, pl.Int64),
            safety_stock=pl.lit(0, pl.Int64),
        )
    )
    night = plan_tables(tables | {"stock": place}, tiny_settings)
    assert not night.quotes.offers.filter(pl.col("pieces") == 0b11).height
    shipped, waiting = night.plan.parcels.shipment_lines["quantity"], night.plan.backorders["quantity"]
    assert (shipped.sum(), waiting.sum()) in {(2, 2), (0, 4)}


def test_the_order_of_rows_in_every_file_and_the_threads_do_not_show_in_what_is_published(
    tiny_tables, tiny_workspace, tmp_path
):
    tables = tiny_tables(6, orders=8, stock=4)
    shuffled = {name: table.sample(fraction=1, shuffle=True, seed=3) for name, table in tables.items()}
    plain, other = tiny_workspace(tmp_path / "plain", tables), tiny_workspace(tmp_path / "other", shuffled)
    path = other / "ordermill.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("[night]", "[night]\nthreads = 1"), encoding="utf-8")
    one, two = (open_run(run_batch(workspace).directory) for workspace in (plain, other))
    for name in ("offers", "offer_pieces", "shipments", "shipment_lines", "backorders", "shadow_prices", "moves"):
        assert one.table(name).equals(two.table(name)), name
    assert one.summary["cost_cents"] == two.summary["cost_cents"]
