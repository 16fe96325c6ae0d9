"""Comparisons: nothing is lost between two plans, and no noise is sold as a saving."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pytest

from engine.contracts import TABLES
from engine.errors import UsageError
from engine.runs.comparison import COMPONENTS, compare


@dataclass
class Fake:
    """A plan of two orders that tests change as they like."""

    run_id: str = "fake"
    summary: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)

    def table(self, name: str) -> pl.DataFrame:
        return self.tables[name]


def fake(*parcels: tuple[str, str, str, int], waits: tuple[str, ...] = (), held: tuple[str, ...] = (), gap: int = 0):
    """A plan from (order, warehouse, carrier, cents); what waits costs 1,000 cents; the bound lies `gap` below the cost."""
    rows = [
        {"order_id": order, "warehouse_id": place, "carrier": carrier, "total_cents": cents}
        | {"lateness_cents": 100 * (carrier == "slow"), "is_late": carrier == "slow"}
        for order, place, carrier, cents in parcels
    ]
    schema = {name: TABLES["shipments"].schema[name] for name in ("order_id", "warehouse_id", "carrier", "total_cents")}
    schema |= {"lateness_cents": pl.Int64(), "is_late": pl.Boolean()}
    lateness = sum(row["lateness_cents"] for row in rows)
    split = 50 * (len(rows) - len({row["order_id"] for row in rows}))
    parts = dict.fromkeys(COMPONENTS, 0) | {
        "freight_cents": sum(cents for *_, cents in parcels),
        "lateness_cents": lateness,
        "backorder_cents": 1_000 * len(waits),
        "split_cents": split,
    }
    cost = sum(parts.values())
    counts = ("orders_shipped", "shipments", "orders_split", "orders_late", "orders_short", "units_backordered")
    summary = parts | dict.fromkeys(counts, 0) | {"cost_cents": cost, "bound_cents": cost - gap, "currency": "EUR"}
    backorders = pl.DataFrame(
        {"order_id": list(waits), "quantity": [1] * len(waits), "cost_cents": [1_000] * len(waits)},
        schema={"order_id": pl.String, "quantity": pl.Int64, "cost_cents": pl.Int64},
    )
    holds = pl.DataFrame({"order_id": list(held)}, schema={"order_id": pl.String})
    offers = pl.DataFrame(
        [(row["order_id"], True, row["total_cents"] + row["lateness_cents"]) for row in rows],
        schema={"order_id": pl.String, "is_chosen": pl.Boolean, "cost_cents": pl.Int64},
        orient="row",
    )
    parcels_sent = pl.DataFrame(rows, schema=schema)
    tables = {"shipments": parcels_sent, "offers": offers, "backorders": backorders, "holds": holds}
    return Fake(summary=summary | {"gap": gap / cost if cost else 0.0}, tables=tables)


def kinds(before: Fake, after: Fake) -> dict[str, int]:
    return dict(compare(before, after).changes.select("change", "orders").iter_rows())


BOTH = (("A", "LYON", "fast", 500), ("B", "PARIS", "fast", 700))


def test_equal_plans_do_not_differ():
    found = compare(fake(*BOTH), fake(*BOTH))
    assert found.orders.is_empty()
    assert found.difference_cents == 0
    assert "The plans cost the same." in str(found)
    assert "no order changed" in str(found)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (fake(*BOTH), fake(("A", "PARIS", "fast", 500), BOTH[1]), {"moved warehouse": 1}),
        (fake(*BOTH), fake(("A", "LYON", "other", 500), BOTH[1]), {"changed carrier": 1}),
        (fake(*BOTH), fake(("A", "LYON", "slow", 500), BOTH[1]), {"changed carrier": 1, "became late": 1}),
        (fake(("A", "LYON", "slow", 500)), fake(BOTH[0]), {"changed carrier": 1, "no longer late": 1}),
        (fake(*BOTH), fake(BOTH[0], waits=("B",)), {"became short": 1}),
        (fake(BOTH[0], waits=("B",)), fake(*BOTH), {"no longer short": 1}),
        (fake(*BOTH), fake(BOTH[0], held=("B",)), {"became held": 1}),
        (fake(BOTH[0], held=("B",)), fake(*BOTH), {"no longer held": 1}),
        (fake(*BOTH), fake(BOTH[0]), {"only before": 1}),
        (fake(BOTH[0]), fake(*BOTH), {"only after": 1}),
        (fake(*BOTH), fake(("A", "LYON", "fast", 510), BOTH[1]), {"other price": 1}),
    ],
)
def test_every_change_is_told(before, after, expected):
    assert kinds(before, after) == expected


def test_what_orders_cost_more_adds_up_to_the_difference():
    before = fake(*BOTH, ("B", "LYON", "slow", 300), ("C", "LYON", "fast", 100))
    after = fake(("A", "PARIS", "slow", 450), ("B", "LYON", "fast", 900), waits=("C", "A"))
    found = compare(before, after)
    assert found.orders["difference_cents"].sum() == found.difference_cents
    assert found.components["difference_cents"].sum() == found.difference_cents


@pytest.mark.parametrize(
    ("cents", "gap_before", "gap_after", "proven", "word"),
    [
        (400, 50, 20, True, "It saves 1.00 EUR; at least 0.50"),
        (400, 100, 0, False, "does not prove a saving"),
        (400, 99, 300, True, "It saves 1.00 EUR; at least 0.01"),
        (600, 99, 50, True, "It costs 1.00 EUR more; at least 0.50"),
        (600, 0, 100, False, "does not prove an extra cost"),
    ],
)
def test_a_difference_smaller_than_the_gap_is_not_sold_as_one(cents, gap_before, gap_after, proven, word):
    before, after = fake(*BOTH, gap=gap_before), fake(("A", "LYON", "fast", cents), BOTH[1], gap=gap_after)
    found = compare(before, after)
    assert found.is_proven == proven
    assert word in found.verdict
    assert found.least_difference_cents <= found.difference_cents <= found.most_difference_cents


def test_plans_of_other_orders_claim_no_saving():
    assert "neither a saving" in compare(fake(*BOTH), fake(BOTH[0])).verdict


def test_currencies_do_not_mix():
    other = fake(*BOTH)
    other.summary["currency"] = "USD"
    with pytest.raises(UsageError, match="EUR and USD"):
        compare(fake(*BOTH), other)


def test_a_published_run_agrees_with_itself(small_run):
    found = compare(small_run, small_run)
    assert found.orders.is_empty()
    assert found.as_dict()["difference_cents"] == 0
