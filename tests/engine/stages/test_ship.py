"""What leaves the warehouses: nothing lost on the way from the plan to the label."""

from __future__ import annotations

import polars as pl
import pytest

from engine.contracts import TABLES
from engine.contracts.outputs import SHIPMENT_COSTS
from engine.stages.ship import ship

SEEDS = range(8)
LINE = ["shipment_id", "line_number", "sku"]


@pytest.fixture(params=SEEDS)
def night(request, tiny_night):
    return tiny_night(request.param)


def shipped_of(night, **next_serials: int):
    return ship(night.plan, night.quotes, night.received.orders, night.settings, next_serials)


def test_tables_are_by_their_contracts_and_parcels_by_their_keys(night):
    for name, frame in shipped_of(night).tables().items():
        assert frame.schema == pl.Schema(TABLES[name].schema), name
        assert not frame.select(TABLES[name].key).is_duplicated().any()
        required = frame.select(column.name for column in TABLES[name].columns if not column.nullable)
        assert not sum(required.null_count().row(0)), name


def test_placements_are_the_units_of_the_lines_and_lines_those_of_the_chosen_offers(night):
    shipped = shipped_of(night)
    placed = shipped.placements.group_by(LINE).len("quantity").sort(LINE)
    assert placed.cast({"quantity": pl.Int64}).equals(shipped.shipment_lines.select(*LINE, "quantity").sort(LINE))
    units = shipped.shipment_lines.group_by("shipment_id").agg(pl.col("quantity").sum().alias("units"))
    assert units.sort("shipment_id").equals(shipped.shipments.select("shipment_id", "units").sort("shipment_id"))
    chosen = night.plan.offers.filter("is_chosen")
    for offer in chosen.iter_rows(named=True):
        pieces = night.quotes.pieces.filter(pl.col("order_id") == offer["order_id"])
        own = [row for row in pieces.iter_rows(named=True) if offer["pieces"] >> row["piece_number"] & 1]
        sent = shipped.shipment_lines.filter(pl.col("order_id") == offer["order_id"]).join(
            shipped.shipments.filter(pl.col("warehouse_id") == offer["warehouse_id"]), on="shipment_id"
        )
        expected = sum(row["quantity"] for row in own)
        other = chosen.filter(order_id=offer["order_id"], warehouse_id=offer["warehouse_id"])
        if other.height == 1:
            assert sent["quantity"].sum() == expected


def test_items_are_numbered_in_the_order_in_which_they_are_packed(night):
    for _, items in shipped_of(night).placements.group_by("shipment_id"):
        assert items["item_number"].to_list() == list(range(1, items.height + 1))
        assert items["step"].is_sorted()


def test_the_chosen_offers_cost_what_their_parcels_cost(night):
    shipments = shipped_of(night).shipments
    money = [name for name, _ in SHIPMENT_COSTS]
    sent = shipments.select(pl.col(*money, "lateness_cents").sum()).row(0)
    promised = night.plan.offers.filter("is_chosen").select(pl.col(*money, "lateness_cents").sum()).row(0)
    assert sent == promised
    assert (shipments["total_cents"] == shipments.select(pl.sum_horizontal(money)).to_series()).all()


def test_itemised_surcharges_add_up_to_those_of_the_parcel(night):
    shipped = shipped_of(night)
    summed = shipped.shipment_surcharges.group_by("shipment_id").agg(pl.col("cents").sum())
    both = shipped.shipments.join(summed, on="shipment_id", how="left").with_columns(pl.col("cents").fill_null(0))
    assert (both["cents"] == both["surcharge_cents"]).all()


def test_a_parcel_is_late_by_the_days_begun_after_its_promise(night):
    for parcel in shipped_of(night).shipments.iter_rows(named=True):
        late = (parcel["deliver_by"] - parcel["promised_by"]).total_seconds() / 86_400
        assert parcel["days_late"] - 1 < max(late, 0) <= parcel["days_late"]
        assert parcel["is_late"] == (parcel["days_late"] > 0)


def test_every_parcel_stands_once_on_the_list_of_its_hand_over(night):
    shipped = shipped_of(night)
    assert sorted(shipped.manifests["shipment_id"]) == sorted(shipped.shipments["shipment_id"])
    copied = ["shipment_id", "carrier", "warehouse_id", "dispatch_at", "service_id", "tracking_number", "weight_g"]
    assert (
        shipped.manifests.select(copied)
        .sort("shipment_id")
        .equals(shipped.shipments.select(copied).sort("shipment_id"))
    )
    for _, hand_over in shipped.manifests.group_by("manifest_id"):
        assert hand_over.select("carrier", "warehouse_id", "dispatch_at").n_unique() == 1
        assert hand_over["position"].to_list() == list(range(1, hand_over.height + 1))


def test_tracking_numbers_go_on_where_the_last_run_ended(night):
    first = shipped_of(night)
    assert first.shipments["tracking_number"].is_unique().all()
    following = {row["carrier"]: row["first_serial"] + row["num_serials"] for row in first.serials.to_dicts()}
    second = shipped_of(night, **following)
    both = pl.concat([first.shipments, second.shipments])["tracking_number"]
    assert both.is_unique().all()
    assert shipped_of(night).shipments.equals(first.shipments)


def test_no_parcels_give_empty_tables(tiny_tables, plan_tables, tiny_settings):
    tables = tiny_tables(0)
    tables |= {name: tables[name].clear() for name in ("orders", "order_lines")}
    shipped = shipped_of(plan_tables(tables, tiny_settings))
    assert all(frame.is_empty() for frame in shipped.tables().values())
    assert shipped.serials.is_empty()
