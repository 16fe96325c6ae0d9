"""Turnover from a file that is valued while it is read, by channel, rolling, and traced to movement rows."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from engine.reports import running, scan
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
@pytest.mark.parametrize("part_rows", [1, 90, 1 << 20])
def test_a_file_in_time_order_is_valued_while_it_is_read(tmp_path, monkeypatch, seed, hours, part_rows):
    held, movements, products = night(seed, hours=hours)
    later = movements.head(20).with_columns(pl.col("moved_at") + timedelta(days=900))
    in_order = pl.concat([movements, later]).sample(fraction=1.0, shuffle=True, seed=3).sort("moved_at")
    in_order.write_parquet(tmp_path / "log.parquet", row_group_size=300)
    monkeypatch.setattr(scan, "BATCH_ROWS", 37)
    monkeypatch.setattr(running, "BATCH_ROWS", 37)
    monkeypatch.setattr(running, "_PART_ROWS", part_rows)
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
    monkeypatch.setattr(running, "_PART_ROWS", 100)
    found = inventory_turnover(held, tmp_path / "log.parquet", products, NIGHT, period_days=90, threads=2)
    assert found.equals(inventory_turnover(held, movements, products, NIGHT, period_days=90))
