"""Pick lists: nothing is lost, carts are kept to, and the walk is the one stated."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from engine.config import Night, Pick, Settings
from engine.contracts.floor import PICK_LISTS, PICK_STOPS
from engine.stages.pick import PickPlan, pick

SETTINGS = Settings(pick=Pick(max_shipments_per_list=4, max_units_per_list=15))
EVENING = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
WAREHOUSES = pl.DataFrame({"warehouse_id": ["LYON", "RECIFE"], "timezone": ["Europe/Paris", "America/Recife"]})


def night(num_shipments: int, seed: int = 1) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Shipments, their lines and locations; some articles have no location."""
    rng = np.random.default_rng(seed)
    skus = [f"00{one}" for one in range(60)]
    shipments = pl.DataFrame(
        {
            "shipment_id": [f"S-{one}" for one in range(num_shipments)],
            "warehouse_id": rng.choice(["LYON", "RECIFE"], num_shipments),
            "carrier": rng.choice(["Norvex", "Zephyr"], num_shipments),
            "dispatch_at": [EVENING] * num_shipments,
        },
        schema_overrides={"dispatch_at": pl.Datetime("us", "UTC")},
    )
    counts = rng.integers(1, 5, num_shipments)
    lines = pl.DataFrame(
        {
            "shipment_id": np.repeat(shipments["shipment_id"].to_numpy(), counts),
            "line_number": np.concatenate([np.arange(1, count + 1) for count in counts]),
            "sku": rng.choice(skus, counts.sum()),
            "quantity": rng.integers(1, 5, counts.sum()),
        }
    )
    places = [(warehouse, sku) for warehouse in ("LYON", "RECIFE") for sku in skus[:50]]
    locations = pl.DataFrame(
        {
            "warehouse_id": [warehouse for warehouse, _ in places],
            "sku": [sku for _, sku in places],
            "aisle": rng.integers(1, 8, len(places)),
            "position": rng.integers(1, 21, len(places)),
            "side": rng.choice(["left", "right"], len(places)),
            "level": rng.integers(0, 3, len(places)),
        }
    )
    return shipments, lines, locations


def plan(
    shipments: pl.DataFrame, lines: pl.DataFrame, locations: pl.DataFrame, settings: Settings = SETTINGS
) -> PickPlan:
    return pick(shipments, lines, locations, WAREHOUSES, settings)


@pytest.fixture(scope="module")
def picked() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, PickPlan]:
    shipments, lines, locations = night(80)
    return shipments, lines, locations, plan(shipments, lines, locations)


def test_every_line_is_picked_once(picked):
    _, lines, _, plan_ = picked
    columns = ["shipment_id", "line_number", "sku", "quantity"]
    assert plan_.pick_stops.select(columns).sort(columns).equals(lines.select(columns).sort(columns))


def test_tables_follow_their_contracts(picked):
    plan_ = picked[3]
    for frame, table in ((plan_.pick_lists, PICK_LISTS), (plan_.pick_stops, PICK_STOPS)):
        assert dict(frame.schema) == table.schema
        assert frame.select(table.key).is_duplicated().sum() == 0


def test_a_shipment_is_on_one_list_in_one_tote(picked):
    stops = picked[3].pick_stops
    assert (stops.group_by("shipment_id").agg(pl.col("pick_list_id").n_unique())["pick_list_id"] == 1).all()
    totes = stops.select("pick_list_id", "shipment_id", "tote").unique()
    assert totes.select("pick_list_id", "tote").is_duplicated().sum() == 0
    used = totes.group_by("pick_list_id").agg(pl.col("tote").sort())
    assert all(each == list(range(1, len(each) + 1)) for each in used["tote"].to_list())


def test_lists_fit_the_cart_unless_one_parcel_alone_does_not(picked):
    lists = picked[3].pick_lists
    assert (lists["shipments"] <= 4).all()
    assert lists.filter((pl.col("units") > 15) & (pl.col("shipments") > 1)).is_empty()
    stops = (
        picked[3]
        .pick_stops.group_by("pick_list_id")
        .agg(
            shipments=pl.col("shipment_id").n_unique(),
            units=pl.col("quantity").sum(),
            stops=pl.col("stop_number").n_unique(),
        )
    )
    both = lists.join(stops, on="pick_list_id", suffix="_counted")
    assert both.height == lists.height
    for column in ("shipments", "units", "stops"):
        assert both[column].cast(int).to_list() == both[f"{column}_counted"].cast(int).to_list()


def test_a_list_stays_in_one_warehouse_and_wave(picked):
    shipments, _, _, plan_ = picked
    joined = plan_.pick_stops.join(plan_.pick_lists, on="pick_list_id").join(shipments, on="shipment_id")
    assert (joined["warehouse_id"] == joined["warehouse_id_right"]).all()
    assert (joined["pick_by"] == joined["dispatch_at"]).all()
    assert joined.select("wave_id", "carrier").unique()["wave_id"].is_duplicated().sum() == 0


def test_the_walk_stated_is_the_walk_of_the_stops(picked):
    _, _, locations, plan_ = picked
    longest = dict(locations.group_by("warehouse_id").agg(pl.col("position").max()).iter_rows())
    for walk in plan_.pick_lists.iter_rows(named=True):
        length = 2 * 1500 + 1000 * (longest[walk["warehouse_id"]] - 1)
        stops = plan_.pick_stops.filter(pl.col("pick_list_id") == walk["pick_list_id"])
        assert stops["stop_number"].is_sorted()
        placed = stops.drop_nulls("aisle")
        route = [(1, 0)]
        route += [
            (aisle, 1500 + 1000 * (position - 1)) for aisle, position in placed.select("aisle", "position").iter_rows()
        ]
        route += [(1, 0)]
        walked = 0
        for (aisle, offset), (next_aisle, next_offset) in pairwise(route):
            if aisle == next_aisle:
                walked += abs(offset - next_offset)
            else:
                ends = min(offset + next_offset, 2 * length - offset - next_offset)
                walked += 3000 * abs(aisle - next_aisle) + ends
        assert walked == walk["walk_mm"]


def test_an_article_without_a_location_comes_last(picked):
    stops = picked[3].pick_stops
    assert stops["aisle"].null_count() > 0
    for _, mine in stops.group_by("pick_list_id"):
        unplaced = mine.filter(pl.col("aisle").is_null())["stop_number"]
        placed = mine.filter(pl.col("aisle").is_not_null())["stop_number"]
        assert unplaced.is_empty() or placed.is_empty() or unplaced.min() > placed.max()


def test_waves_are_named_in_local_time(picked):
    waves = set(picked[3].pick_lists["wave_id"])
    assert "LYON/2026-11-24T18:00+01:00/Norvex" in waves
    assert waves == set(picked[3].outcomes)


def test_the_order_of_rows_and_threads_do_not_show():
    shipments, lines, locations = night(40)
    first = plan(shipments, lines, locations)
    one_thread = SETTINGS.model_copy(update={"night": Night(threads=1)})
    shuffled = (frame.sample(fraction=1, shuffle=True, seed=3) for frame in (shipments, lines, locations))
    second = plan(*shuffled, settings=one_thread)
    assert first.pick_lists.equals(second.pick_lists)
    assert first.pick_stops.equals(second.pick_stops)


def test_a_warehouse_without_any_location_still_picks():
    shipments, lines, locations = night(10)
    plan_ = plan(shipments, lines, locations.clear())
    assert plan_.pick_stops.height == lines.height
    assert plan_.pick_lists["walk_mm"].to_list() == [0] * plan_.pick_lists.height


def test_an_empty_night_has_no_lists():
    shipments, lines, locations = night(3)
    plan_ = plan(shipments.clear(), lines.clear(), locations)
    assert plan_.pick_lists.equals(PICK_LISTS.empty())
    assert plan_.pick_stops.equals(PICK_STOPS.empty())
