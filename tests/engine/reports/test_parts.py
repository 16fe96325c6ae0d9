"""A long log valued some articles at a time says what it says valued at once."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from engine.contracts.reports import TURNOVER_LEVELS
from engine.errors import InputError
from engine.reports import parts
from engine.reports.channels import channel_turnover
from engine.reports.parts import valued_parts
from engine.reports.rolling import rolling_turnover
from engine.reports.trace import trace_turnover

NIGHT = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
SKUS = [f"{one:03d}" for one in range(30)]


@pytest.fixture
def goods():
    """Stock, movements and products; articles that only lie there stand before, between and after those that move."""
    rng = np.random.default_rng(3)
    kinds = np.array(["receipt", "sale", "return", "transfer_in", "transfer_out", "adjustment"])
    kind = rng.choice(kinds, 900, p=[0.1, 0.6, 0.1, 0.08, 0.08, 0.04])
    sign = np.where(np.isin(kind, ["sale", "transfer_out"]), -1, np.where(kind == "receipt", 6, 1))
    movements = pl.DataFrame(
        {
            "moved_at": [NIGHT - timedelta(hours=int(one)) for one in rng.integers(-30, 3_000, 900)],
            "warehouse_id": rng.choice(["LYON", "ŁÓDŹ"], 900),
            "sku": rng.choice([sku for sku in SKUS if sku not in ("000", "014", "029")], 900),
            "quantity": rng.integers(1, 20, 900) * sign,
            "kind": kind,
            "unit_cost_cents": pl.Series(rng.integers(0, 900, 900)).replace(0, None),
            "reference": [f"R{one}" for one in rng.integers(0, 90, 900)],
        }
    )
    stock = pl.DataFrame({"sku": SKUS}).join(pl.DataFrame({"warehouse_id": ["LYON", "ŁÓDŹ"]}), how="cross")
    stock = stock.with_columns(on_hand=pl.Series(rng.integers(-5, 90, stock.height)))
    products = pl.DataFrame(
        {"sku": SKUS, "category": ["a", "b", "c"] * 10, "unit_cost_cents": rng.integers(1, 500, 30)}
    )
    return stock, movements, products


@pytest.fixture
def filed(goods, tmp_path, monkeypatch):
    """The same with the movements in a file that is read in many parts."""
    monkeypatch.setattr(parts, "PART_ROWS", 150)
    stock, movements, products = goods
    movements.with_columns(note=pl.lit("not looked at")).write_parquet(tmp_path / "log.parquet", row_group_size=100)
    return stock, tmp_path / "log.parquet", products


def test_every_stock_and_movement_is_in_one_part(goods, filed):
    found = list(valued_parts(*filed, NIGHT, threads=2))
    whole = list(valued_parts(*goods, NIGHT))
    assert len(whole) == 1
    assert len(found) > 4
    assert max(part.rows.height for part in found) < 2 * 150
    assert pl.concat(part.stocks for part in found).equals(whole[0].stocks)
    order = ["sku", "warehouse_id", "moved_at"]
    rows = pl.concat(part.rows for part in found).sort(order, maintain_order=True)
    assert rows.equals(whole[0].rows.sort(order, maintain_order=True))


@pytest.mark.parametrize("level", TURNOVER_LEVELS)
def test_windows_of_a_log_in_parts(goods, filed, level):
    prices = goods[2].select("sku", unit_price_cents=pl.col("unit_cost_cents") * 2)
    found = rolling_turnover(*filed, NIGHT, level=level, windows=(7, 90), days=5, prices=prices, threads=2)
    assert found.equals(rolling_turnover(*goods, NIGHT, level=level, windows=(7, 90), days=5, prices=prices))


@pytest.mark.parametrize("key", [{}, {"sku": "007"}, {"category": "b", "warehouse_id": "LYON"}, {"sku": "none such"}])
def test_the_rows_behind_a_figure_of_a_log_in_parts(goods, filed, key):
    for figure in ("sold_units", "revaluation_cents", "closing_value_cents", "average_units", "opening_value_cents"):
        found = trace_turnover(figure, *filed, NIGHT, period_days=60, **key)
        assert found.equals(trace_turnover(figure, *goods, NIGHT, period_days=60, **key)), figure


def test_channels_of_a_log_in_parts(goods, filed):
    orders = pl.DataFrame({"order_id": [f"R{one}" for one in range(80)], "channel": ["shop", "amazon"] * 40})
    prices = goods[2].select("sku", unit_price_cents=pl.col("unit_cost_cents") * 2)
    found = channel_turnover(*filed, orders, NIGHT, period_days=60, prices=prices, threads=2)
    assert found.equals(channel_turnover(*goods, orders, NIGHT, period_days=60, prices=prices))


def test_a_file_that_lacks_something_is_refused_as_a_whole(goods, tmp_path):
    stock, movements, products = goods
    path = tmp_path / "log.parquet"
    for change, message in (
        (movements.drop("kind"), "log.parquet lacks kind; it has moved_at"),
        (movements.with_columns(pl.col("sku").replace("007", None)), r"log.parquet has \d+ rows without sku"),
        (movements.with_columns(currency=pl.Series(["EUR", "USD"] * 450)), "money in EUR, USD"),
    ):
        change.write_parquet(path)
        with pytest.raises(InputError, match=message):
            trace_turnover("cogs_cents", stock, path, products, NIGHT, sku="003")
