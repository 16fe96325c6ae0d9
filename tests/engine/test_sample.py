"""The generated night: the same bytes for a seed, true to the contracts, and as tight as it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from engine.config import read_settings
from engine.contracts import INPUTS, TABLES
from engine.errors import UsageError
from engine.sample import make_sample, write_sample
from engine.sample.night import AS_OF
from engine.sample.places import CITIES, POSTCODE_SHAPES
from engine.sample.streams import stream
from engine.sample.tracking import CARRIERS

PROJECT = Path(__file__).resolve().parents[2]
PAIR = ["warehouse_id", "sku"]


OF_THE_BOOK = {"order_actions", "floor_releases", "past_prices", "earlier_plan"}
"""Tables that a first night has nothing for."""


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    return make_sample(orders=3_000, seed=5)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, orders=300, seed=5)
    return folder


def content(workspace: Path) -> dict[str, bytes]:
    return {str(p.relative_to(workspace)): p.read_bytes() for p in sorted(workspace.rglob("*")) if p.is_file()}


def available(tables: dict[str, pl.DataFrame]) -> pl.Expr:
    return pl.max_horizontal(0, pl.col("on_hand") - pl.col("reserved") - pl.col("safety_stock"))


def openings(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    moved = tables["stock_movements"].group_by(PAIR).agg(pl.col("quantity").sum().alias("moved"))
    pairs = tables["stock"].join(moved, on=PAIR, how="left")
    return pairs.with_columns((pl.col("on_hand") - pl.col("moved").fill_null(0)).alias("opening"))


def test_same_seed_gives_the_same_bytes(workspace, tmp_path):
    write_sample(tmp_path, orders=300, seed=5)
    assert content(tmp_path) == content(workspace)


def test_another_seed_gives_another_night(workspace, tmp_path):
    write_sample(tmp_path, orders=300, seed=6)
    assert content(tmp_path)["inbox/orders.csv"] != content(workspace)["inbox/orders.csv"]


def test_streams_of_different_names_or_seeds_differ_and_equal_ones_agree():
    first = stream(1, "orders").random(4)
    assert first.tolist() == stream(1, "orders").random(4).tolist()
    assert first.tolist() != stream(1, "stock").random(4).tolist()
    assert first.tolist() != stream(2, "orders").random(4).tolist()


def test_inbox_holds_one_file_of_every_table_in_both_formats(workspace):
    files = [p.name for p in (workspace / "inbox").iterdir()]
    assert sorted(name.split(".")[0] for name in files) == sorted({t.name for t in INPUTS} - OF_THE_BOOK)
    assert {name.split(".")[1] for name in files} == {"csv", "parquet"}


def test_a_table_never_stands_twice_when_its_size_changes(tmp_path):
    write_sample(tmp_path, orders=3_000)
    write_sample(tmp_path, orders=50)
    names = [p.stem for p in (tmp_path / "inbox").iterdir()]
    assert len(names) == len(set(names))


def test_settings_parse_and_pin_the_night(workspace):
    settings = read_settings(workspace)
    assert settings.night.as_of == AS_OF
    assert settings.night.currency == "EUR"
    assert all(carrier.is_synthetic for carrier in settings.carriers.values())
    carriers = pl.read_csv(workspace / "inbox" / "services.csv")["carrier"]
    assert set(settings.carriers) == set(carriers)


@pytest.mark.parametrize("name", [t.name for t in INPUTS if t.name not in OF_THE_BOOK])
def test_table_keeps_its_contract(tables, name):
    table = TABLES[name]
    absent = [column.name for column in table.columns if column.name not in tables[name].columns]
    assert all(table.column(column).nullable for column in absent)
    frame = tables[name].with_columns(pl.lit(None).alias(column) for column in absent)
    frame = frame.select(pl.col(column).cast(dtype) for column, dtype in table.schema.items())
    assert len(frame) > 0
    if table.key:
        assert not frame.select(table.key).is_duplicated().any()
    for column in table.columns:
        values = frame[column.name]
        assert column.nullable or values.null_count() == 0
        assert not column.allowed or values.drop_nulls().is_in(column.allowed).all()
        assert column.minimum is None or (values.drop_nulls() >= column.minimum).all()
        assert column.maximum is None or (values.drop_nulls() <= column.maximum).all()
        assert column.pattern is None or values.drop_nulls().str.contains(f"^(?:{column.pattern})$").all()
    for reference in table.references:
        keys = list(reference.columns)
        named = frame.drop_nulls(keys)
        known = tables[reference.table].select(reference.keys).unique()
        assert named.join(known, left_on=keys, right_on=reference.keys, how="anti").is_empty()
    for rule in table.rules:
        assert frame.select(rule.holds.fill_null(value=False).all()).item()


def test_parquet_carries_the_types_of_the_contract(workspace):
    for path in (workspace / "inbox").glob("*.parquet"):
        assert dict(pl.read_parquet(path).schema) == TABLES[path.stem].schema


def test_ledger_ends_at_tonights_stock_and_never_falls_below_zero(tables):
    pairs = openings(tables)
    assert (pairs["opening"] >= 0).all()
    moved = tables["stock_movements"].join(pairs.select(*PAIR, "opening"), on=PAIR, maintain_order="left")
    running = pl.col("opening") + pl.col("quantity").cum_sum().over(PAIR)
    assert moved.sort("moved_at", maintain_order=True).select((running >= 0).all()).item()


def test_history_knows_stock_outs_dead_stock_and_every_kind_of_movement(tables):
    movements, pairs = tables["stock_movements"], openings(tables)
    assert set(movements["kind"]) == set(TABLES["stock_movements"].column("kind").allowed)
    assert pairs.filter(pl.col("moved").is_null() & (pl.col("on_hand") > 0)).height > 0
    running = (pl.col("opening") + pl.col("quantity").cum_sum().over(PAIR)).alias("left")
    left = movements.join(pairs.select(*PAIR, "opening"), on=PAIR, maintain_order="left").select("kind", running)
    assert left.filter((pl.col("kind") == "sale") & (pl.col("left") == 0)).height > 0


def test_transfers_leave_and_arrive_under_one_reference(tables):
    sums = (
        tables["stock_movements"]
        .filter(pl.col("kind").str.starts_with("transfer"))
        .group_by("reference")
        .agg(pl.col("quantity").sum(), pl.col("sku").n_unique(), pl.len().alias("legs"))
    )
    assert sums.height > 0
    assert (sums["quantity"] == 0).all()
    assert (sums["sku"] == 1).all()
    assert (sums["legs"] == 2).all()


def test_a_tenth_of_the_popular_articles_is_tight_and_nothing_else_is(tables):
    demand = tables["order_lines"].group_by("sku").agg(pl.col("quantity").sum().alias("demand"))
    held = tables["stock"].group_by("sku").agg(available(tables).sum().alias("held"))
    articles = tables["products"].join(demand, on="sku", how="left").join(held, on="sku", how="left")
    short = articles.filter(pl.col("demand") > pl.col("held").fill_null(0))
    assert short.height == pytest.approx(0.1 * 0.2 * articles.height, rel=0.15)
    assert short["demand"].median() > articles["demand"].median()


def test_popularity_has_a_long_tail(tables):
    sold = tables["order_lines"].group_by("sku").agg(pl.col("quantity").sum())["quantity"].sort(descending=True)
    top = sold.head(len(tables["products"]) // 5).sum()
    assert 0.5 < top / sold.sum() < 0.85
    assert (sold == 1).sum() > 0


def test_orders_have_one_to_eight_lines_and_about_half_have_one(tables):
    count = tables["order_lines"].group_by("order_id").len()["len"]
    assert (count.min(), count.max()) == (1, 8)
    assert count.mean() == pytest.approx(2.05, abs=0.15)
    assert (count == 1).mean() == pytest.approx(0.52, abs=0.04)
    assert len(count) == len(tables["orders"])


def test_some_orders_must_be_held(tables):
    orders, lines, products = tables["orders"], tables["order_lines"], tables["products"]
    assert orders["payment_status"].is_in(["pending", "failed", "refunded"]).any()
    assert orders["cancelled_at"].is_not_null().any()
    assert lines.join(products, on="sku", how="anti").height > 0
    unsized = products.filter(pl.col("length_mm").is_null())
    assert lines.join(unsized, on="sku", how="semi").height > 0


def test_names_hold_unicode_and_leading_zeros(tables):
    assert tables["products"]["sku"].str.contains("^0[0-9]+$").any()
    assert tables["products"]["sku"].str.contains("[^ -~]").any()
    assert tables["warehouses"]["warehouse_id"].str.contains("[^ -~]").any()


def test_postcodes_are_written_as_their_country_writes_them(tables):
    shape = {
        country: "^" + written.replace("#", "[0-9]").replace("@", "[A-Z]") + "$"
        for country, written in POSTCODE_SHAPES.items()
    }
    for (country,), orders in tables["orders"].group_by("ship_country"):
        assert orders["ship_postcode"].str.contains(shape[country]).all()
    prefixes = [(city.country, city.prefix) for city in CITIES]
    assert len(prefixes) == len(set(prefixes))


def test_most_articles_fit_a_carton_and_every_carton_is_thicker_outside_than_inside(tables):
    cartons = tables["cartons"]
    inner, outer = (
        cartons.select(f"{side}_{axis}_mm" for axis in ("length", "width", "height")).to_numpy()
        for side in ("inner", "outer")
    )
    assert (outer > inner).all()
    sizes = np.sort(tables["products"].select("length_mm", "width_mm", "height_mm").drop_nulls().to_numpy(), axis=1)
    fits = (sizes[:, None, :] <= np.sort(inner, axis=1)[None]).all(axis=2).any(axis=1)
    assert 0.97 < fits.mean() <= 1
    assert (cartons["kind"] == "box").sum() == 16
    assert (cartons["kind"] == "mailer").sum() == 3


def test_every_address_has_a_zone_of_every_speed_from_every_warehouse(tables):
    zones = tables["zones"].join(tables["services"].select("service_id", "speed"), on="service_id")
    whole = zones.filter(pl.col("dest_postcode_prefix") == "")
    for speed in ("economy", "standard", "express"):
        lanes = whole.filter(pl.col("speed") == speed).select("warehouse_id", "dest_country").unique()
        wanted = (
            tables["warehouses"]
            .select("warehouse_id")
            .join(tables["orders"].select(dest_country="ship_country").unique(), how="cross")
        )
        assert wanted.join(lanes, on=["warehouse_id", "dest_country"], how="anti").is_empty()


def test_every_zone_has_one_price_tonight_for_every_weight_a_service_takes(tables):
    day = AS_OF.date()
    current = tables["rates"].filter(
        (pl.col("valid_from") <= day) & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= day))
    )
    assert not current.select("service_id", "zone", "up_to_g").is_duplicated().any()
    assert len(current) < len(tables["rates"])
    most = current.group_by("service_id", "zone").agg(pl.col("up_to_g").max().alias("most"))
    lanes = tables["zones"].join(tables["services"], on="service_id").join(most, on=["service_id", "zone"], how="left")
    assert (lanes["most"] >= lanes["max_weight_g"]).all()
    rising = current.sort("service_id", "zone", "up_to_g").select(
        (pl.col("price_cents").diff().over("service_id", "zone").fill_null(1) > 0).all()
    )
    assert rising.item()


def test_a_surcharge_group_holds_one_basis_only(tables):
    groups = tables["surcharges"].filter(pl.col("group").is_not_null()).group_by("service_id", "group")
    assert (groups.agg(pl.col("basis").n_unique())["basis"] == 1).all()


def test_each_stocked_article_has_its_own_place(tables):
    places = tables["locations"]
    assert places.select(PAIR).sort(PAIR).equals(tables["stock"].select(PAIR).sort(PAIR))
    assert not places.select("warehouse_id", "aisle", "position", "side", "level").is_duplicated().any()


def test_capacity_binds_somewhere_and_is_unlimited_somewhere(tables):
    capacity = tables["warehouses"]["daily_capacity_units"]
    assert capacity.null_count() == 1
    assert capacity.sum() > 0.8 * tables["order_lines"]["quantity"].sum()


def test_parcels_are_handed_over_and_delivered_in_order_and_not_after_tonight(tables):
    parcels, events = tables["past_shipments"], tables["tracking_events"]
    assert (parcels["dispatched_at"] > parcels["placed_at"]).all()
    assert (events["occurred_at"] <= AS_OF).all()
    joined = events.join(parcels, on="tracking_number")
    assert len(joined) == len(events)
    assert (joined["occurred_at"] > joined["dispatched_at"]).all()
    delivered = joined.filter(pl.col("status") == "delivered")
    late = delivered.filter(pl.col("occurred_at") > pl.col("promised_by"))
    assert 0.03 < late.height / delivered.height < 0.2
    assert {"delivery_failed", "delivery_delayed"} <= set(events["status"])
    assert (tables["returns"]["received_at"] <= AS_OF).all()


def test_past_parcels_have_valid_numbers_below_tonights_range(tables):
    settings = {name: carrier.first_serial for name, carrier in CARRIERS.items()}
    assert set(tables["past_shipments"]["carrier"]) == set(settings)
    assert not tables["past_shipments"]["tracking_number"].is_duplicated().any()
    assert len(tables["past_shipments"]) < min(settings.values())


def test_past_lines_hold_what_the_parcels_held_and_refunds_what_was_paid(tables):
    lines, parcels = tables["past_order_lines"], tables["past_shipments"]
    assert lines["quantity"].to_list() == parcels["units"].to_list()
    came = tables["returns"].join(lines, on=["order_id", "line_number"], suffix="_sold")
    assert len(came) == len(tables["returns"])
    assert (came["quantity"] <= came["quantity_sold"]).all()
    assert (came["refund_cents"] == came["quantity"] * came["unit_price_cents"]).all()


@pytest.mark.parametrize("orders", [1, 2, 7])
def test_the_smallest_nights_are_whole(orders):
    tables = make_sample(orders=orders)
    assert len(tables["orders"]) == orders
    assert (openings(tables)["opening"] >= 0).all()


@pytest.mark.parametrize(("orders", "seed"), [(0, 0), (-3, 0), (10**8, 0), (10, -1)])
def test_numbers_out_of_range_are_refused_with_the_value(orders, seed):
    with pytest.raises(UsageError, match=str(orders if seed >= 0 else seed)):
        make_sample(orders=orders, seed=seed)


def test_the_committed_sample_is_what_its_seed_gives(tmp_path):
    committed = PROJECT / "data" / "sample"
    write_sample(tmp_path, orders=400)
    names = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert names == sorted(str(p.relative_to(committed)) for p in committed.rglob("*") if p.is_file())
    for name in names:
        if name.endswith(".parquet"):
            assert_frame_equal(pl.read_parquet(tmp_path / name), pl.read_parquet(committed / name))
        else:
            assert (tmp_path / name).read_text(encoding="utf-8") == (committed / name).read_text(encoding="utf-8")


def test_the_committed_sample_stays_small():
    committed = PROJECT / "data" / "sample"
    assert sum(p.stat().st_size for p in committed.rglob("*") if p.is_file()) < 1_500_000
