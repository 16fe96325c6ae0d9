"""What is valid on a day: the version with the latest start, by plain Python."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from engine.inputs import Inputs
from engine.rate_cards import rate_cards

TURN = date(2026, 11, 21)
DAYS = [date(2026, 9, 30), TURN - timedelta(days=1), TURN, TURN + timedelta(days=1)]


@pytest.fixture(params=range(4))
def inputs(request, tiny_tables):
    return Inputs.from_frames(tiny_tables(request.param))


def valid_rows(frame: pl.DataFrame, day: date, key: list[str]) -> dict[tuple[object, ...], dict[str, object]]:
    found: dict[tuple[object, ...], dict[str, object]] = {}
    for row in sorted(frame.to_dicts(), key=lambda row: row["valid_from"]):
        if row["valid_from"] <= day and (row["valid_to"] is None or day <= row["valid_to"]):
            found[tuple(row[name] for name in key)] = row
    return found


def test_each_day_has_the_services_of_the_day_with_their_terms(inputs):
    cards = rate_cards(inputs, DAYS)
    for day in DAYS:
        expected = valid_rows(inputs.services, day, ["service_id"])
        listed = cards.services.filter(pl.col("day") == day)
        assert listed["service_id"].to_list() == sorted(key[0] for key in expected)
        for row in listed.iter_rows(named=True):
            service = expected[(row["service_id"],)]
            assert row["carrier"] == service["carrier"]
            assert row["hazard_classes"] == service["hazard_classes"]
            assert cards.tariff.dim_divisor_cm3_per_kg[row["service"]] == (service["dim_divisor_cm3_per_kg"] or 0)
            assert cards.tariff.weight_step_g[row["service"]] == service["weight_step_g"]
            assert cards.tariff.max_weight_g[row["service"]] == service["max_weight_g"]


def test_each_day_has_the_weight_breaks_of_the_day(inputs):
    cards = rate_cards(inputs, DAYS)
    for day in DAYS:
        services = {key[0] for key in valid_rows(inputs.services, day, ["service_id"])}
        expected = {
            key: row["price_cents"]
            for key, row in valid_rows(inputs.rates, day, ["service_id", "zone", "up_to_g"]).items()
            if key[0] in services
        }
        found = {}
        for row in cards.groups.filter(pl.col("day") == day).iter_rows(named=True):
            group = row["rate_group"]
            assert cards.tariff.zone[group] == row["zone"]
            for at in range(cards.tariff.rate_start[group], cards.tariff.rate_start[group + 1]):
                key = (row["service_id"], row["zone"], int(cards.tariff.rate_up_to_g[at]))
                found[key] = int(cards.tariff.rate_price_cents[at])
        assert found == expected


def test_each_day_has_the_surcharges_of_the_day(inputs):
    cards = rate_cards(inputs, DAYS)
    for day in DAYS:
        expected = valid_rows(inputs.surcharges, day, ["service_id", "surcharge_id"])
        for row in cards.services.filter(pl.col("day") == day).iter_rows(named=True):
            start, end = cards.tariff.set_start[row["surcharge_set"] : row["surcharge_set"] + 2]
            found = {cards.surcharge_ids[at]: int(cards.tariff.surcharge_amount[at]) for at in range(start, end)}
            assert found == {key[1]: of["amount"] for key, of in expected.items() if key[0] == row["service_id"]}


def test_a_day_without_services_has_an_empty_card(inputs):
    cards = rate_cards(inputs, [date(2020, 1, 1)])
    assert cards.services.is_empty()
    assert cards.groups.is_empty()
    assert cards.tariff.num_services == 0


def test_the_order_of_rows_does_not_matter(inputs):
    shuffled = Inputs.from_frames(
        {name: frame.sample(fraction=1, shuffle=True, seed=3) for name, frame in inputs.frames().items()}
    )
    ours, theirs = rate_cards(inputs, DAYS), rate_cards(shuffled, DAYS)
    assert ours.services.equals(theirs.services)
    assert ours.groups.equals(theirs.groups)
    assert ours.surcharge_ids == theirs.surcharge_ids
    for name in ("rate_up_to_g", "rate_price_cents", "surcharge_amount", "surcharge_threshold", "set_start"):
        assert (getattr(ours.tariff, name) == getattr(theirs.tariff, name)).all()
