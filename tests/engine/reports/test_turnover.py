"""Turnover from a file that is valued while it is read, by channel, rolling, and traced to movement rows."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from engine.contracts.reports import TURNOVER_LEVELS
from engine.contracts.turnover import TURNOVER_ANALYSES
from engine.errors import InputError, UsageError
from engine.reports import running, scan
from engine.reports.channels import channel_turnover
from engine.reports.currency import in_currency
from engine.reports.rolling import rolling_turnover
from engine.reports.trace import TRACED, trace_turnover
from engine.reports.turnover import inventory_turnover

NIGHT = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)


def night(seed, size=2_000, hours=500 * 24):
    rng = np.random.default_rng(seed)
    skus = [f"{one:05d}" for one in range(40)]
    kinds = np.array(["receipt", "sale", "return", "transfer_in", "transfer_out", "adjustment", "write_off"])
    kind = rng.choice(kinds, size, p=[0.1, 0.6, 0.1, 0.05, 0.05, 0.05, 0.05])
    quantity = rng.integers(1, 20, size) * np.where(kind == "receipt", 6, 1)
    movements = pl.DataFrame(
        {
            "moved_at": [NIGHT - timedelta(hours=int(h)) for h in rng.integers(0, hours, size)],
            "warehouse_id": rng.choice(["LYON", "ŁÓDŹ", "W 3"], size),
            "sku": rng.choice(skus, size),
            "quantity": np.where(np.isin(kind, ["sale", "transfer_out", "write_off"]), -quantity, quantity),
            "kind": kind,
            "unit_cost_cents": rng.integers(100, 1_000, size),
            "reference": [f"R{one}" for one in rng.integers(0, 90, size)],
        }
    )
    pairs = movements.select("warehouse_id", "sku").unique().sort("warehouse_id", "sku")
    held = pairs.head(pairs.height - 5).with_columns(on_hand=pl.Series(rng.integers(-5, 90, pairs.height - 5)))
    products = pl.DataFrame({"sku": skus, "category": ["a", "b"] * 20, "unit_cost_cents": rng.integers(1, 500, 40)})
    return held, movements, products


@pytest.mark.parametrize(("seed", "hours"), [(1, 500 * 24), (2, 40)])
@pytest.mark.parametrize("bucket_rows", [1, 90, 1 << 12])
def test_a_file_in_time_order_is_valued_while_it_is_read(tmp_path, monkeypatch, seed, hours, bucket_rows):
    held, movements, products = night(seed, hours=hours)
    movements = movements.with_columns(pl.when(pl.col("unit_cost_cents") % 3 > 0).then("unit_cost_cents"))
    later = movements.head(20).with_columns(pl.col("moved_at") + timedelta(days=900))
    in_order = pl.concat([movements, later]).sample(fraction=1.0, shuffle=True, seed=3).sort("moved_at")
    in_order.write_parquet(tmp_path / "log.parquet", row_group_size=300)
    monkeypatch.setattr(scan, "BATCH_ROWS", 37)
    monkeypatch.setattr(running, "BUCKET_ROWS", bucket_rows)
    monkeypatch.setattr(scan.LogFile, "grouped", lambda *_: pytest.fail("the log was held in memory"))
    frame = inventory_turnover(held, movements, products, NIGHT, period_days=90)
    for threads in (1, 2):
        found = inventory_turnover(held, tmp_path / "log.parquet", products, NIGHT, period_days=90, threads=threads)
        assert found.equals(frame)
        bare = inventory_turnover(
            held, tmp_path / "log.parquet", products, NIGHT, period_days=90, has_ages=False, threads=threads
        )
        assert bare.equals(frame.select(bare.columns))
        assert set(frame.columns) - set(bare.columns) == {c for c in frame.columns if c.startswith("age_")}


def test_a_file_out_of_order_gives_the_same(tmp_path, monkeypatch):
    held, movements, products = night(3)
    movements.write_parquet(tmp_path / "log.parquet", row_group_size=300)
    monkeypatch.setattr(running, "BUCKET_ROWS", 100)
    found = inventory_turnover(held, tmp_path / "log.parquet", products, NIGHT, period_days=90, threads=2)
    assert found.equals(inventory_turnover(held, movements, products, NIGHT, period_days=90))


def test_every_figure_is_the_sum_of_its_rows():
    held, movements, products = night(4)
    table = inventory_turnover(held, movements, products, NIGHT, period_days=60)
    for level, key in (
        ("company", {}),
        ("warehouse", {"warehouse_id": "ŁÓDŹ"}),
        ("category", {"category": "b"}),
        ("sku", {"sku": "00007"}),
        ("warehouse_sku", {"warehouse_id": "LYON", "sku": "00011"}),
    ):
        row = table.filter(pl.col("level") == level, *(pl.col(name) == value for name, value in key.items()))
        for figure in TRACED:
            rows = trace_turnover(figure, held, movements, products, NIGHT, period_days=60, **key)
            whole = figure.startswith("average")
            assert rows["amount"].sum() == pytest.approx(row[figure].item(), abs=1e-4 if whole else 0), (level, figure)
    moved = trace_turnover("cogs_cents", held, movements, products, NIGHT, period_days=60)
    assert moved.join(movements, on=["moved_at", "sku", "warehouse_id", "quantity", "kind"], how="anti").is_empty()
    assert moved.schema == TURNOVER_ANALYSES[2].schema
    with pytest.raises(UsageError, match="turns is no sum of movements"):
        trace_turnover("turns", held, movements, products, NIGHT)


@pytest.mark.parametrize("level", TURNOVER_LEVELS)
def test_the_last_window_is_the_turnover_of_that_period(level):
    held, movements, products = night(5, size=600)
    prices = products.select("sku", unit_price_cents=pl.col("unit_cost_cents") * 2)
    found = rolling_turnover(
        held, movements, products, NIGHT, level=level, windows=(7, 45, 600), days=3, prices=prices, threads=2
    )
    assert found.schema == TURNOVER_ANALYSES[1].schema
    figures = [name for name in found.columns if name not in ("last_day", "window_days")]
    for window in (7, 45, 600):
        now = inventory_turnover(
            held, movements, products, NIGHT, period_days=window, levels=[level], prices=prices, has_ages=False
        )
        tonight = found.filter(pl.col("last_day") == NIGHT.date(), pl.col("window_days") == window)
        keys = ["warehouse_id", "sku", "category"]
        assert_frame_equal(tonight.select(figures).sort(keys), now.select(figures).sort(keys), rel_tol=1e-12, abs_tol=0)


def test_a_window_that_ended_earlier_is_what_that_night_would_have_said():
    held, movements, products = night(6)
    then = NIGHT - timedelta(days=20)
    later = movements.filter(pl.col("moved_at").dt.date() > then.date())
    back = later.group_by("warehouse_id", "sku").agg(moved=pl.col("quantity").sum())
    rolled = (
        held.join(back, on=["warehouse_id", "sku"], how="full", coalesce=True)
        .with_columns(pl.col("on_hand").fill_null(0) - pl.col("moved").fill_null(0))
        .drop("moved")
    )
    until = movements.filter(pl.col("moved_at").dt.date() <= then.date())
    told = inventory_turnover(rolled, until, products, then, period_days=30, levels=["company"])
    found = rolling_turnover(held, movements, products, NIGHT, windows=(30,), days=40)
    row = found.filter(pl.col("last_day") == then.date())
    for figure in ("sold_units", "cogs_cents", "average_value_cents", "turns", "sell_through"):
        assert row[figure].item() == told[figure].item(), figure
    assert found.height == 40
    with pytest.raises(UsageError, match="no level channel"):
        rolling_turnover(held, movements, products, NIGHT, level="channel")
    with pytest.raises(UsageError, match="at least 1"):
        rolling_turnover(held, movements, products, NIGHT, windows=(0,))


def test_channels_add_up_to_the_company():
    held, movements, products = night(7)
    orders = pl.DataFrame(
        {"order_id": [f"R{one}" for one in range(80)], "channel": ["shop", "amazon", "ebay", "b2b"] * 20}
    )
    prices = products.select("sku", unit_price_cents=pl.col("unit_cost_cents") * 2)
    found = channel_turnover(held, movements, products, orders, NIGHT, period_days=90, prices=prices)
    assert found["channel"].to_list() == ["amazon", "b2b", "ebay", "shop", None]
    assert found.schema == TURNOVER_ANALYSES[0].schema
    company = inventory_turnover(held, movements, products, NIGHT, period_days=90, levels=["company"], prices=prices)
    for figure in ("sale_units", "returned_units", "cogs_cents", "gross_margin_cents"):
        assert found[figure].sum() == company[figure].item(), figure
    for figure in ("average_units", "average_value_cents"):
        assert found[figure].sum() == pytest.approx(company[figure].item(), rel=1e-12), figure
    mixed = movements.sample(fraction=1.0, shuffle=True, seed=1)
    again = channel_turnover(
        held.reverse(), mixed, products, orders.reverse(), NIGHT, period_days=90, prices=prices, threads=2
    )
    assert again.equals(found)


def test_a_channel_bears_the_stock_it_sells_from():
    day = [NIGHT - timedelta(days=one) for one in (9, 5, 4)]
    movements = pl.DataFrame(
        {
            "moved_at": day,
            "warehouse_id": ["L"] * 3,
            "sku": ["A"] * 3,
            "quantity": [10, -3, -1],
            "kind": ["receipt", "sale", "sale"],
            "unit_cost_cents": [100, None, None],
            "reference": [None, "1", "2"],
        }
    )
    held = pl.DataFrame({"warehouse_id": ["L", "L"], "sku": ["A", "DEAD"], "on_hand": [6, 5]})
    products = pl.DataFrame({"sku": ["A", "DEAD"], "category": ["x", "x"], "unit_cost_cents": [100, 40]})
    orders = pl.DataFrame({"order_id": ["1", "2"], "channel": ["shop", "ebay"]})
    found = channel_turnover(held, movements, products, orders, NIGHT, period_days=10)
    assert found["cogs_cents"].to_list() == [100, 300, 0]
    # The article closed at 10, 10, 10, 10, 7, 6, 6, 6, 6, 6 units: 7.7 on average, a quarter of it ebay's; the dead stock is nobody's.
    assert found["average_value_cents"].to_list() == [192.5, 577.5, 200.0]
    assert found["turns"].to_list() == pytest.approx([100 * 36.5 / 192.5, 300 * 36.5 / 577.5, 0])
    assert found["days_on_hand"].to_list()[2] is None


def test_pandas_frames_are_read_alike():
    held, movements, products = night(8, size=300)
    found = inventory_turnover(held.to_pandas(), movements.to_pandas(), products.to_pandas(), NIGHT, period_days=30)
    assert found.equals(inventory_turnover(held, movements, products, NIGHT, period_days=30))


def test_errors_say_what_to_do(tmp_path):
    held, movements, products = night(9, size=50)
    with pytest.raises(InputError, match="products names 1 articles twice, such as 00000"):
        inventory_turnover(held, movements, pl.concat([products, products.head(1)]), NIGHT)
    with pytest.raises(InputError, match="products lacks category; it has sku"):
        inventory_turnover(held, movements, products.drop("category"), NIGHT)
    with pytest.raises(InputError, match="stock is a list"):
        inventory_turnover([1], movements, products, NIGHT)
    foreign = movements.with_columns(currency=pl.Series(["EUR", "USD"] * 25))
    foreign.write_parquet(tmp_path / "log.parquet")
    for log in (foreign, tmp_path / "log.parquet"):
        with pytest.raises(InputError, match="money in EUR, USD; a run knows one currency"):
            inventory_turnover(held, log, products, NIGHT)


def test_costs_are_converted_at_the_rate_of_their_day():
    movements = night(10, size=50)[1]
    foreign = movements.head(4).with_columns(
        moved_at=pl.Series([datetime(2026, 1, day, tzinfo=UTC) for day in (3, 9, 10, 9)]),
        unit_cost_cents=pl.Series([101, 101, 101, None], dtype=pl.Int64),
        currency=pl.Series(["EUR", "USD", "USD", "JPY"]),
    )
    rates = pl.DataFrame({"currency": ["USD", "USD"], "valid_from": ["2026-01-10", "2026-01-01"], "rate": [0.5, 0.8]})
    rates = rates.with_columns(pl.col("valid_from").str.to_date())
    found = in_currency(foreign, rates, "EUR")
    assert found["unit_cost_cents"].to_list() == [101, 81, 51, None]
    assert found.columns == foreign.columns
    assert found.drop("unit_cost_cents", "currency").equals(foreign.drop("unit_cost_cents", "currency"))
    with pytest.raises(InputError, match="1 movements have no rate to CHF, such as EUR on 2026-01-03"):
        in_currency(foreign, rates, "CHF")


def test_reading_a_file_does_not_import_pandas(tmp_path):
    night(1)[1].sort("moved_at").write_parquet(tmp_path / "log.parquet", row_group_size=300)
    script = (
        "import sys; from datetime import datetime, UTC; from pathlib import Path;"
        "import polars as pl; from engine.reports.scan import LogFile;"
        "log = LogFile(Path(sys.argv[1]), datetime(2025, 9, 1, tzinfo=UTC));"
        "links = pl.DataFrame(schema={'row': pl.UInt32, 'link': pl.Int32});"
        "rows = sum(batch.moved_at.size for batch in log.movements(links));"
        "print(rows, 'pandas' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "log.parquet"], capture_output=True, text=True, check=True
    )
    expected = night(1)[1].filter(pl.col("moved_at") <= datetime(2025, 9, 1, tzinfo=UTC)).height
    assert done.stdout.split() == [str(expected), "False"]


def test_without_stocks_there_are_no_ages_either_where_none_are_wanted():
    held, movements, products = night(3)
    found = inventory_turnover(held.clear(), movements.clear(), products, NIGHT, has_ages=False)
    assert found.is_empty()
    assert not [name for name in found.columns if name.startswith("age_")]
