from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import polars as pl
import pytest

from engine.config import Receive, Settings
from engine.contracts import TABLES
from engine.holds import HoldReason
from engine.inputs import Inputs
from engine.stages.receive import MAX_LINES, Received, receive

NIGHT = datetime(2026, 11, 20, 18, tzinfo=UTC)
NONE = TABLES["holds"].empty()


def frame(name: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    table = TABLES[name]
    full = [{column.name: row.get(column.name, column.default) for column in table.columns} for row in rows]
    return pl.DataFrame(full, schema=table.schema, orient="row")


def order(order_id: str, **changes: object) -> dict[str, object]:
    good: dict[str, object] = {"order_id": order_id, "channel": "shop", "placed_at": NIGHT - timedelta(hours=5)}
    good |= {"payment_status": "paid", "service_level": "express", "ship_country": "FR", "currency": "EUR"}
    return good | {"ship_postcode": order_id} | changes


def line(order_id: str, number: int = 1, sku: str = "a", quantity: int = 1) -> dict[str, object]:
    return {"order_id": order_id, "line_number": number, "sku": sku, "quantity": quantity, "unit_price_cents": 100}


def act(order_id: str, action: str, minutes_ago: int = 60) -> dict[str, object]:
    return {"order_id": order_id, "action": action, "acted_at": NIGHT - timedelta(minutes=minutes_ago), "note": None}


PRODUCTS = [
    {"sku": "a", "category": "c", "length_mm": 1, "width_mm": 1, "height_mm": 1, "weight_g": 1, "unit_cost_cents": 1},
    {"sku": "flat", "category": "c", "length_mm": 1, "width_mm": 1, "weight_g": 1, "unit_cost_cents": 1},
]


def received(
    orders: list[dict[str, object]],
    lines: list[dict[str, object]] | None = None,
    actions: list[dict[str, object]] | None = None,
    book_holds: pl.DataFrame = NONE,
    settings: Settings | None = None,
) -> Received:
    default = [line(str(row["order_id"])) for row in orders]
    tables = {
        "orders": frame("orders", orders),
        "order_lines": frame("order_lines", default if lines is None else lines),
        "products": frame("products", PRODUCTS),
        "order_actions": frame("order_actions", actions or []),
    }
    return receive(Inputs.from_frames(tables), book_holds, settings or Settings(), NIGHT)


def reasons(result: Received) -> list[tuple[str, str]]:
    return result.holds.select("order_id", "reason").rows()


CASES: dict[str, tuple[dict[str, object], list[dict[str, object]], list[str]]] = {
    "good": (order("A"), [line("A")], []),
    "pending": (order("A", payment_status="pending"), [line("A")], ["payment"]),
    "failed": (order("A", payment_status="failed"), [line("A")], ["payment"]),
    "refunded": (order("A", payment_status="refunded"), [line("A")], ["payment"]),
    "cash on delivery": (order("A", payment_status="cod"), [line("A")], []),
    "cancelled": (order("A", cancelled_at=NIGHT), [line("A")], ["cancelled"]),
    "cancelled later": (order("A", cancelled_at=NIGHT + timedelta(seconds=1)), [line("A")], []),
    "no lines": (order("A"), [], ["no_lines"]),
    "most lines": (order("A"), [line("A", number) for number in range(MAX_LINES)], []),
    "too many lines": (order("A"), [line("A", number) for number in range(MAX_LINES + 1)], ["too_many_lines"]),
    "unknown sku": (order("A"), [line("A"), line("A", 2, "00123")], ["unknown_sku"]),
    "no size": (order("A"), [line("A", 1, "flat")], ["size_missing"]),
    "tomorrow": (order("A", placed_at=NIGHT + timedelta(hours=24)), [line("A")], []),
    "in the future": (order("A", placed_at=NIGHT + timedelta(hours=24, seconds=1)), [line("A")], ["date_in_future"]),
    "long ago": (order("A", placed_at=NIGHT - timedelta(days=3651)), [line("A")], ["date_too_old"]),
    "everything": (
        order("A", payment_status="failed", cancelled_at=NIGHT, placed_at=NIGHT + timedelta(days=9)),
        [line("A", 1, "b"), line("A", 2, "flat")],
        ["cancelled", "date_in_future", "payment", "size_missing", "unknown_sku"],
    ),
}


@pytest.mark.parametrize(("row", "lines", "expected"), CASES.values(), ids=CASES)
def test_an_order_is_released_or_held_with_every_reason(
    row: dict[str, object], lines: list[dict[str, object]], expected: list[str]
) -> None:
    result = received([row], lines)
    assert reasons(result) == [("A", reason) for reason in expected]
    assert result.orders["order_id"].to_list() == ([] if expected else ["A"])
    assert result.order_lines.height == (0 if expected else len(lines))
    assert result.holds["detail"].str.len_chars().min() != 0


@pytest.mark.parametrize(("first", "then"), list(product(["hold", "release", "cancel"], repeat=2)))
def test_the_latest_decision_of_a_planner_counts(first: str, then: str) -> None:
    actions = [act("A", first, 60), act("A", then, 30), act("A", "hold", -30)]
    expected = {"hold": [("A", "held_by_planner")], "cancel": [("A", "cancelled")], "release": []}
    assert reasons(received([order("A")], actions=actions)) == expected[then]
    assert reasons(received([order("A")], actions=actions[::-1])) == expected[then]


def test_a_release_sets_aside_what_a_person_may_judge_and_nothing_else() -> None:
    hard = order("HARD", payment_status="pending", cancelled_at=NIGHT)
    orders = [order("A", payment_status="pending"), order("B"), order("B2", ship_postcode="B"), hard, order("C")]
    book_holds = pl.DataFrame(
        [("C", HoldReason.LINE_REJECTED.value, "row 1"), ("GONE", "line_rejected", "")],
        schema=NONE.schema,
        orient="row",
    )
    before = received(orders, book_holds=book_holds)
    assert reasons(before) == [
        ("A", "payment"),
        ("B2", "duplicate"),
        ("C", "line_rejected"),
        ("HARD", "cancelled"),
        ("HARD", "payment"),
    ]
    releases = [act(str(row["order_id"]), "release") for row in orders]
    assert reasons(received(orders, actions=releases, book_holds=book_holds)) == [("HARD", "cancelled")]


def test_the_same_order_sent_twice_is_released_once() -> None:
    twins = [order(name, ship_postcode="1") for name in ("A", "B", "C", "D", "E")]
    lines = [line("A"), line("B"), line("C", quantity=2), line("D"), line("D", 2), line("E")]
    result = received(twins, lines)
    assert reasons(result) == [("B", "duplicate"), ("E", "duplicate")]
    assert "order A;" in result.holds["detail"][0]
    twins[0]["cancelled_at"] = NIGHT
    assert reasons(received(twins, lines)) == [("A", "cancelled"), ("E", "duplicate")]
    twins[0]["cancelled_at"] = None
    cancelled = received(twins, lines, [act("A", "cancel")])
    assert reasons(cancelled) == [("A", "cancelled"), ("E", "duplicate")]


@pytest.mark.parametrize("seed", range(5))
def test_every_order_is_released_or_held_whatever_the_order_of_rows(seed: int) -> None:
    cases = list(CASES.values())
    orders = [{**row, "order_id": f"A{number}"} for number, (row, _, _) in enumerate(cases)]
    lines = [{**row, "order_id": f"A{number}"} for number, (_, rows, _) in enumerate(cases) for row in rows]
    plain = received(orders, lines)
    assert set(plain.orders["order_id"]) | set(plain.holds["order_id"]) == {f"A{n}" for n in range(len(cases))}
    assert not set(plain.orders["order_id"]) & set(plain.holds["order_id"])
    assert set(plain.order_lines["order_id"]) == set(plain.orders["order_id"])
    tables = {
        "orders": frame("orders", orders).sample(fraction=1, shuffle=True, seed=seed),
        "order_lines": frame("order_lines", lines).sample(fraction=1, shuffle=True, seed=seed + 1),
        "products": frame("products", PRODUCTS[::-1]),
    }
    shuffled = receive(Inputs.from_frames(tables), NONE, Settings(), NIGHT)
    assert shuffled.holds.equals(plain.holds)
    assert shuffled.orders.sort("order_id").equals(plain.orders.sort("order_id"))


def test_a_promise_is_kept_or_derived_in_working_days_from_the_service_level() -> None:
    given = NIGHT + timedelta(hours=7)
    levels = ["economy", "standard", "express"]
    orders = [order(level, service_level=level) for level in levels] + [order("given", promised_by=given)]
    promised = dict(received(orders).orders.select("order_id", "promised_by").rows())
    # Placed on Friday, 20 November 2026; 6, 4 and 2 working days later.
    ends = [datetime(2026, 11, day, 23, 59, 59, tzinfo=UTC) for day in (30, 26, 24)]
    assert promised == dict(zip(levels, ends, strict=True)) | {"given": given}


def test_the_settings_decide_which_payments_release() -> None:
    only_paid = Settings(receive=Receive(release_payments=("paid",)))
    result = received([order("A", payment_status="cod"), order("B")], settings=only_paid)
    assert reasons(result) == [("A", "payment")]
    assert "cod; released when it is paid" in result.holds["detail"][0]


def test_a_night_without_orders_is_received() -> None:
    result = received([])
    assert result.orders.is_empty()
    assert result.order_lines.is_empty()
    assert result.holds.is_empty()
