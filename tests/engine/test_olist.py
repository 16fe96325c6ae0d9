"""The Olist import: what is real stays as it was, what is odd is handled as stated, what is generated is labelled."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from engine.config import read_settings
from engine.contracts import TABLES
from engine.errors import InputError, UsageError
from engine.olist import import_olist
from engine.olist.network import cluster
from engine.olist.source import COLUMNS

PAIR = ["warehouse_id", "sku"]
PURCHASE = "2017-06-01 10:00:00"
APPROVED = "2017-06-01 10:20:00"
LEFT = "2017-06-03 15:00:00"
ARRIVED = "2017-06-09 11:30:00"
ESTIMATE = "2017-06-20 00:00:00"


def tiny() -> dict[str, list[dict[str, object]]]:
    """Seven orders, each odd in its own way."""

    def order(
        name, *, status="delivered", customer="near", bought=PURCHASE, approved=APPROVED, left=LEFT, arrived=ARRIVED
    ):
        return {
            "order_id": name,
            "customer_id": customer,
            "order_status": status,
            "order_purchase_timestamp": bought,
            "order_approved_at": approved,
            "order_delivered_carrier_date": left,
            "order_delivered_customer_date": arrived,
            "order_estimated_delivery_date": ESTIMATE,
        }

    def item(order_id, number, product="mug", seller="paulista", price="19.90"):
        return {
            "order_id": order_id,
            "order_item_id": number,
            "product_id": product,
            "seller_id": seller,
            "shipping_limit_date": "2017-06-05 00:00:00",
            "price": price,
            "freight_value": "12.00",
        }

    def product(name, size=("20", "10", "15"), weight="400", category="la_cuisine"):
        length, height, width = size
        return {
            "product_id": name,
            "product_category_name": category,
            "product_name_lenght": "40",
            "product_weight_g": weight,
            "product_length_cm": length,
            "product_height_cm": height,
            "product_width_cm": width,
        }

    def place(prefix, lat, lng, state):
        return {
            "geolocation_zip_code_prefix": prefix,
            "geolocation_lat": lat,
            "geolocation_lng": lng,
            "geolocation_city": "x",
            "geolocation_state": state,
        }

    return {
        "orders": [
            order("plain"),
            order(
                "skipped",
                bought="2017-10-15 00:30:00",
                approved="2017-10-15 09:00:00",
                left="",
                arrived="",
                status="invoiced",
            ),
            order("twice", bought="2017-02-18 23:41:47"),
            order("unpaid", approved="", left="", arrived="", status="created"),
            order("moneyless", approved="", left="", arrived="", status="created"),
            order("stopped", status="canceled", left="", arrived=""),
            order("bare", status="unavailable", left="", arrived="", customer="nowhere"),
        ],
        "order_items": [
            *(item("plain", number) for number in (1, 2, 3)),
            item("plain", 4, "unsized", "nordestino", "5.00"),
            item("skipped", 1, "weightless", "lost"),
            item("twice", 1, "never listed"),
            item("unpaid", 1),
            item("moneyless", 1),
            item("stopped", 1),
        ],
        "order_payments": [
            {"order_id": name, "payment_sequential": n, "payment_type": kind, "payment_value": "1"}
            for name, n, kind in [
                ("plain", 1, "credit_card"),
                ("plain", 2, "voucher"),
                ("skipped", 1, "boleto"),
                ("twice", 1, "credit_card"),
                ("unpaid", 1, "boleto"),
                ("stopped", 1, "credit_card"),
                ("bare", 1, "credit_card"),
            ]
        ],
        "customers": [
            {
                "customer_id": "near",
                "customer_zip_code_prefix": "1409",
                "customer_city": "são paulo",
                "customer_state": "SP",
            },
            {
                "customer_id": "nowhere",
                "customer_zip_code_prefix": "69999",
                "customer_city": "?",
                "customer_state": "AM",
            },
        ],
        "products": [
            product("mug"),
            product("unsized", ("", "", ""), "", ""),
            product("weightless", weight="0"),
            product("unsold", ("16.5", "2", "11"), category="artes"),
        ],
        "sellers": [
            {
                "seller_id": "paulista",
                "seller_zip_code_prefix": "01001",
                "seller_city": "são paulo / sp",
                "seller_state": "SP",
            },
            {
                "seller_id": "nordestino",
                "seller_zip_code_prefix": "50000",
                "seller_city": "recife",
                "seller_state": "PE",
            },
            {"seller_id": "lost", "seller_zip_code_prefix": "99999", "seller_city": "", "seller_state": ""},
        ],
        "geolocation": [
            place("01001", "-23.55", "-46.63", "SP"),
            place("01409", "-23.56", "-46.66", "SP"),
            place("01409", "-23.58", "-46.68", "SP"),
            place("01409", "-23.57", "-46.67", "SP"),
            place("01409", "45.06", "9.34", "SP"),
            place("50000", "-8.05", "-34.90", "PE"),
        ],
    }


def write_source(folder: Path, tables: dict[str, list[dict[str, object]]], encoding: str = "utf-8") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        with (folder / f"olist_{name}_dataset.csv").open("w", encoding=encoding, newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\r\n")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def read_inbox(workspace: Path) -> dict[str, pl.DataFrame]:
    frames = {}
    for path in sorted((workspace / "inbox").iterdir()):
        schema = TABLES[path.stem].schema
        if path.suffix == ".parquet":
            frames[path.stem] = pl.read_parquet(path)
            continue
        text = pl.read_csv(path, infer_schema=False)
        frames[path.stem] = text.select(parsed(name, dtype) for name, dtype in schema.items())
    return frames


def parsed(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.Datetime):
        return column.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us").dt.replace_time_zone("UTC")
    if isinstance(dtype, pl.Boolean):
        return column == "true"
    if isinstance(dtype, (pl.Date, pl.Time)):
        return column.str.strptime(dtype, "%Y-%m-%d" if isinstance(dtype, pl.Date) else "%H:%M:%S")
    return column.fill_null("") if name == "dest_postcode_prefix" else column.cast(dtype)


def content(workspace: Path) -> dict[str, bytes]:
    return {str(p.relative_to(workspace)): p.read_bytes() for p in sorted(workspace.rglob("*")) if p.is_file()}


def check_contracts(tables: dict[str, pl.DataFrame], *, but: frozenset[str] = frozenset()) -> None:
    for name, frame in tables.items():
        table = TABLES[name]
        assert dict(frame.schema) == table.schema
        assert not table.key or not frame.select(table.key).is_duplicated().any(), name
        for column in table.columns:
            values = frame[column.name]
            assert column.nullable or values.null_count() == 0, (name, column.name)
            assert not column.allowed or values.drop_nulls().is_in(column.allowed).all(), (name, column.name)
            assert column.minimum is None or (values.drop_nulls() >= column.minimum).all(), (name, column.name)
            assert column.maximum is None or (values.drop_nulls() <= column.maximum).all(), (name, column.name)
        for reference in table.references:
            keys = list(reference.columns)
            assert frame.join(tables[reference.table], left_on=keys, right_on=reference.keys, how="anti").is_empty(), (
                name,
                keys,
            )
        for rule in table.rules:
            assert frame.select(rule.holds.fill_null(value=False).all()).item(), (name, rule.reason)


def check_ledger(tables: dict[str, pl.DataFrame]) -> None:
    movements = tables["stock_movements"].sort("moved_at", maintain_order=True)
    assert movements.select((pl.col("quantity").cum_sum().over(PAIR) >= 0).all()).item()
    moved = movements.group_by(PAIR).agg(pl.col("quantity").sum().alias("moved"))
    pairs = tables["stock"].join(moved, on=PAIR, how="full", coalesce=True)
    assert (pairs["on_hand"] == pairs["moved"].fill_null(0)).all()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_source(tmp_path_factory.mktemp("source"), tiny())


@pytest.fixture(scope="module")
def workspace(source, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("olist")
    import_olist(source, folder)
    return folder


@pytest.fixture(scope="module")
def tables(workspace) -> dict[str, pl.DataFrame]:
    return read_inbox(workspace)


@pytest.fixture(scope="module")
def real(cases_dir, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real")
    import_olist(cases_dir / "olist", folder)
    return folder


def row(tables: dict[str, pl.DataFrame], table: str, **key: object) -> dict[str, object]:
    return tables[table].row(by_predicate=pl.all_horizontal(pl.col(k) == v for k, v in key.items()), named=True)


def test_every_table_keeps_its_contract_and_the_ledger_ends_at_the_stock(tables):
    check_contracts(tables)
    check_ledger(tables)


def test_same_files_and_seed_give_the_same_bytes_and_another_seed_keeps_what_is_real(source, workspace, tmp_path):
    import_olist(source, tmp_path / "again")
    import_olist(source, tmp_path / "other", seed=1)
    assert content(tmp_path / "again") == content(workspace)
    for name in ("orders.csv", "order_lines.csv", "products.csv", "past_shipments.csv", "tracking_events.csv"):
        assert (tmp_path / "other" / "inbox" / name).read_bytes() == (workspace / "inbox" / name).read_bytes()


def test_row_order_of_the_source_does_not_matter(workspace, tmp_path):
    reversed_source = write_source(tmp_path / "source", {name: rows[::-1] for name, rows in tiny().items()})
    import_olist(reversed_source, tmp_path / "workspace")
    assert content(tmp_path / "workspace") == content(workspace)


def test_a_time_that_the_clocks_skipped_counts_as_an_hour_later(tables):
    assert row(tables, "orders", order_id="skipped")["placed_at"] == datetime(2017, 10, 15, 3, 30, tzinfo=UTC)


def test_a_time_that_came_twice_counts_as_the_first(tables):
    assert row(tables, "orders", order_id="twice")["placed_at"] == datetime(2017, 2, 19, 1, 41, 47, tzinfo=UTC)


def test_odd_times_are_counted_in_the_notice(workspace):
    notice = (workspace / "SYNTHETIC.md").read_text(encoding="utf-8")
    assert "1 fell into the hour that clocks skipped" in notice
    assert "1\n  came twice" in notice


def test_repeated_items_become_one_line_with_a_quantity(tables):
    lines = tables["order_lines"].filter(pl.col("order_id") == "plain").sort("line_number")
    assert lines.select("line_number", "sku", "quantity", "unit_price_cents").rows() == [
        (1, "mug", 3, 1990),
        (4, "unsized", 1, 500),
    ]


def test_missing_and_zero_sizes_stay_absent_and_the_rest_is_in_millimetres(tables):
    sizes = tables["products"].select("sku", "length_mm", "width_mm", "height_mm", "weight_g").sort("sku").rows()
    assert sizes == [
        ("mug", 200, 150, 100, 400),
        ("unsized", None, None, None, None),
        ("unsold", 165, 110, 20, 400),
        ("weightless", 200, 150, 100, None),
    ]
    assert row(tables, "products", sku="unsized")["category"] == "unknown"


def test_payment_states_follow_approval_departure_and_payment_rows(tables):
    states = dict(tables["orders"].select("order_id", "payment_status").iter_rows())
    assert states == {
        "plain": "paid",
        "skipped": "paid",
        "twice": "paid",
        "unpaid": "pending",
        "moneyless": "failed",
        "stopped": "paid",
        "bare": "paid",
    }


def test_only_cancelled_orders_are_cancelled(tables):
    assert tables["orders"].filter(pl.col("cancelled_at").is_not_null())["order_id"].to_list() == ["stopped"]


def test_addresses_come_from_the_middle_of_the_prefix_without_typing_errors(tables):
    near = row(tables, "orders", order_id="plain")
    assert (near["ship_postcode"], near["ship_latitude"], near["ship_longitude"]) == ("01409", -23.57, -46.67)
    assert row(tables, "orders", order_id="bare")["ship_latitude"] is None


def test_the_night_is_the_one_after_the_last_purchase_and_promises_keep_their_length(workspace, tables):
    as_of = read_settings(workspace).night.as_of
    assert as_of == datetime(2017, 10, 15, 4, 0, tzinfo=UTC)
    plain = row(tables, "orders", order_id="plain")
    # The estimated day ends at 2:59:59 UTC of the next, three hours west of Greenwich.
    assert plain["promised_by"] - as_of == datetime(2017, 6, 21, 2, 59, 59, tzinfo=UTC) - plain["placed_at"]


def test_real_deliveries_become_history_with_their_real_times(tables):
    parcel = row(tables, "past_shipments", order_id="plain")
    assert parcel["dispatched_at"] == datetime(2017, 6, 3, 18, 0, tzinfo=UTC)
    assert parcel["units"] == 4
    assert parcel["tracking_number"].startswith("SYNTHETIC-")
    events = tables["tracking_events"].filter(pl.col("tracking_number") == parcel["tracking_number"])
    assert events.sort("occurred_at")["status"].to_list() == ["picked_up", "delivered"]
    assert sorted(tables["past_shipments"]["order_id"]) == ["plain", "twice"]


def test_real_sales_are_in_the_ledger_at_their_sellers_warehouse(tables):
    sales = tables["stock_movements"].filter(pl.col("kind") == "sale").sort("sku")
    assert sales.select("sku", "quantity", "reference", "warehouse_id").rows() == [
        ("mug", -3, "plain", "SAO-PAULO-SP"),
        ("unsized", -1, "plain", "RECIFE-PE"),
    ]
    receipts = tables["stock_movements"].filter(pl.col("kind") == "receipt")
    assert receipts["reference"].str.starts_with("SYNTHETIC-PO-").all()


def test_everything_generated_is_named_synthetic(tables):
    for table, column in (
        ("cartons", "carton_id"),
        ("protection", "material_id"),
        ("services", "service_id"),
        ("services", "carrier"),
        ("surcharges", "surcharge_id"),
        ("past_shipments", "tracking_number"),
    ):
        assert tables[table][column].str.starts_with("SYNTHETIC-").all()


def test_warehouses_stand_where_sellers_are_in_their_own_time(tables):
    warehouses = tables["warehouses"].sort("warehouse_id")
    assert warehouses.select("warehouse_id", "timezone").rows()[:1] == [("RECIFE-PE", "America/Recife")]
    assert warehouses["country"].unique().to_list() == ["BR"]


def test_settings_parse_and_name_every_carrier(workspace, tables):
    settings = read_settings(workspace)
    assert settings.night.currency == "BRL"
    assert set(settings.carriers) == set(tables["services"]["carrier"])
    assert all(carrier.is_synthetic for carrier in settings.carriers.values())


def test_clusters_split_what_lies_apart_and_number_the_heaviest_first():
    sellers = pl.DataFrame(
        {"latitude": [-23.5, -23.6, -8.0, -8.1], "longitude": [-46.6, -46.7, -34.9, -34.8], "units": [5, 4, 30, 1]}
    )
    label = cluster(sellers)
    assert label.max() + 1 <= 4
    assert label[2] == 0
    assert len({int(x) for x in label[:2]} & {int(x) for x in label[2:]}) == 0


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
def test_other_encodings_are_understood(encoding, workspace, tmp_path):
    import_olist(write_source(tmp_path / "source", tiny(), encoding), tmp_path / "workspace")
    assert content(tmp_path / "workspace") == content(workspace)


@pytest.mark.parametrize("table", sorted(COLUMNS))
def test_a_missing_file_is_named_with_the_remedy(table, tmp_path):
    source = write_source(tmp_path, tiny())
    (source / f"olist_{table}_dataset.csv").unlink()
    with pytest.raises(InputError, match=rf"olist_{table}_dataset\.csv.*copy"):
        import_olist(source, tmp_path / "workspace")


@pytest.mark.parametrize("table", sorted(COLUMNS))
def test_a_missing_column_is_named_with_its_file(table, tmp_path):
    content = tiny()
    column = COLUMNS[table][-1]
    content[table] = [{k: v for k, v in line.items() if k != column} for line in content[table]]
    with pytest.raises(InputError, match=rf"olist_{table}_dataset\.csv lacks the column {column}"):
        import_olist(write_source(tmp_path, content), tmp_path / "workspace")


def test_a_folder_that_is_not_there_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="is not a folder"):
        import_olist(tmp_path / "nowhere", tmp_path / "workspace")


def test_orders_without_a_readable_time_are_refused_as_a_whole_and_one_alone_is_left_to_the_loader(tmp_path):
    content = tiny()
    content["orders"][0]["order_purchase_timestamp"] = "yesterday"
    import_olist(write_source(tmp_path / "one", content), tmp_path / "workspace")
    orders = read_inbox(tmp_path / "workspace")["orders"]
    assert orders.filter(pl.col("placed_at").is_null())["order_id"].to_list() == ["plain"]
    for line in content["orders"]:
        line["order_purchase_timestamp"] = ""
    with pytest.raises(InputError, match="order_purchase_timestamp"):
        import_olist(write_source(tmp_path / "all", content), tmp_path / "workspace")


def test_sellers_without_any_coordinates_are_refused(tmp_path):
    content = tiny()
    content["geolocation"] = [line for line in content["geolocation"] if line["geolocation_zip_code_prefix"] == "01409"]
    with pytest.raises(InputError, match="postcode prefix"):
        import_olist(write_source(tmp_path, content), tmp_path / "workspace")


def test_a_negative_seed_is_refused(source, tmp_path):
    with pytest.raises(UsageError, match="-1"):
        import_olist(source, tmp_path, seed=-1)


def test_real_files_keep_the_contracts_and_lose_no_order_or_unit(real, cases_dir):
    tables = read_inbox(real)
    check_contracts(tables)
    check_ledger(tables)
    orders, items = (
        pl.read_csv(cases_dir / "olist" / f"olist_{name}_dataset.csv", infer_schema=False)
        for name in ("orders", "order_items")
    )
    assert sorted(tables["orders"]["order_id"]) == sorted(orders["order_id"])
    assert tables["order_lines"]["quantity"].sum() == len(items)
    cents = sum(round(float(price) * 100) for price in items["price"])
    assert tables["order_lines"].select(pl.col("quantity").dot("unit_price_cents")).item() == cents
    assert len(tables["warehouses"]) == 8


def test_real_deliveries_are_on_time_where_the_calendar_says_so(real, cases_dir):
    tables = read_inbox(real)
    delivered = tables["tracking_events"].filter(pl.col("status") == "delivered")
    joined = delivered.join(tables["past_shipments"], on="tracking_number")
    ours = dict(joined.select("order_id", pl.col("occurred_at") <= pl.col("promised_by")).iter_rows())
    rows = pl.read_csv(cases_dir / "olist" / "olist_orders_dataset.csv", infer_schema=False).iter_rows(named=True)
    theirs = {
        r["order_id"]: r["order_delivered_customer_date"][:10] <= r["order_estimated_delivery_date"][:10]
        for r in rows
        if r["order_id"] in ours
    }
    assert len(ours) > 3_000
    assert ours == theirs


def test_real_articles_all_have_sizes_that_fit_a_generated_carton(real):
    tables = read_inbox(real)
    axes = ("length", "width", "height")
    sizes = np.sort(tables["products"].select(f"{a}_mm" for a in axes).drop_nulls().to_numpy(), axis=1)
    inner = np.sort(tables["cartons"].select(f"inner_{a}_mm" for a in axes).to_numpy(), axis=1)
    assert (sizes[:, None, :] <= inner[None]).all(axis=2).any(axis=1).all()
