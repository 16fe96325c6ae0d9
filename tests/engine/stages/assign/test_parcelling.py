"""From chosen offers to parcels: each line gets its own units, and no parcel an old name."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from engine.contracts import TABLES
from engine.stages.assign.parcelling import parcel_plan


def earlier(night, *names: tuple[str, str]) -> pl.DataFrame:
    """Parcels that earlier nights sent: (parcel, order)."""
    sent = {"warehouse_id": "BER", "carrier": "post", "tracking_number": "1", "units": 1}
    times = {"placed_at": night.as_of - timedelta(days=2), "promised_by": night.as_of}
    rows = [{"shipment_id": name, "order_id": order, **sent, **times} for name, order in names]
    return pl.DataFrame(rows, schema=TABLES["past_shipments"].schema)


@pytest.mark.parametrize("seed", range(6))
def test_units_of_an_article_go_to_the_lines_that_asked_for_it(tiny_tables, plan_tables, tiny_settings, seed):
    """Two lines of one article in one parcel stay two lines, each with its own quantity."""
    tables = tiny_tables(seed, skus=2, stock=12)
    night = plan_tables(tables, tiny_settings)
    parcels = night.plan.parcels
    line = ["order_id", "line_number", "sku"]
    placed = (
        parcels.placements.join(parcels.shipments.select("shipment_id", "order_id"), on="shipment_id")
        .group_by(line)
        .len("quantity")
    )
    sent = parcels.shipment_lines.group_by(line).agg(pl.col("quantity").sum())
    assert placed.cast({"quantity": pl.Int64}).sort(line).equals(sent.sort(line))
    asked = night.received.order_lines.select(*line, asked="quantity")
    assert sent.join(asked, on=line).filter(pl.col("quantity") > pl.col("asked")).is_empty()
    assert sent.join(asked, on=line, how="anti").is_empty()


def test_parcels_of_an_order_are_numbered_from_one(tiny_night):
    shipments = tiny_night(3).plan.parcels.shipments
    for (order,), parcels in shipments.group_by("order_id"):
        assert sorted(parcels["shipment_id"]) == [f"{order}-{number}" for number in range(1, parcels.height + 1)]


def test_a_parcel_of_a_later_night_is_not_named_like_one_of_an_earlier(
    tiny_tables, plan_tables, tiny_settings, tiny_night
):
    night = tiny_night(3)
    order = night.plan.parcels.shipments["order_id"][0]
    tables = tiny_tables(3)
    names = [(f"{order}-1", order), (f"{order}-7", order), (f"{order}-9-1", f"{order}-9"), ("elsewhere", order)]
    tables["past_shipments"] = earlier(night, *names)
    parcels = plan_tables(tables, tiny_settings).plan.parcels
    own = parcels.shipments.filter(pl.col("order_id") == order)["shipment_id"].to_list()
    assert own == [f"{order}-{number}" for number in range(8, 8 + len(own))]
    assert parcels.shipments["shipment_id"].is_unique().all()
    assert set(parcels.shipment_lines["shipment_id"]) == set(parcels.shipments["shipment_id"])


def test_nothing_chosen_gives_no_parcels(tiny_night):
    night = tiny_night(3)
    none = night.plan.offers.with_columns(is_chosen=pl.lit(value=False))
    plan = parcel_plan(none, night.quotes, night.received.orders, night.inputs)
    assert plan.shipments.is_empty()
    assert plan.placements.is_empty()
    assert plan.shipment_lines.is_empty()
