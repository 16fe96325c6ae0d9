"""A solved night of few shared units: its premiums are published, prove its bound, and cannot be changed unnoticed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from engine.batch import run_batch
from engine.verify import verify_run
from engine.verify.bound import check_value, proven_cents
from engine.verify.files import Night, read_night
from engine.verify.offers import choices

col = pl.col


@pytest.fixture(scope="module")
def slow_movers(
    tiny_tables: Callable[..., dict[str, pl.DataFrame]],
    tiny_workspace: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The run of twenty orders of one line each for three articles, of which there are a few units."""
    tables = tiny_tables(3, orders=20, lines=1, skus=3, stock=3)
    return run_batch(tiny_workspace(tmp_path_factory.mktemp("slow_movers"), tables)).directory


@pytest.fixture(scope="module")
def night(slow_movers: Path) -> Night:
    """The run as the verifier reads it."""
    read, _ = read_night(slow_movers)
    assert read is not None
    assert read.table("bound_premiums").height > 0
    assert read.table("shadow_prices").height > 0
    return read


def told(night: Night, **tables: pl.DataFrame) -> tuple[str, ...]:
    """What the check of the bound says where tables are others."""
    changed = replace(night, outputs=night.outputs | tables)
    return check_value(changed, choices(changed)).examples


def bound_of(night: Night) -> int:
    return int(night.table("plan_summary")["bound_cents"].item())


def test_a_night_with_premiums_passes_every_check(slow_movers: Path, night: Night) -> None:
    report = verify_run(slow_movers)
    assert report.is_ok, report.render()
    assert told(night) == ()


def test_premiums_prove_more_than_the_shadow_prices(night: Night) -> None:
    given, summary = choices(night), night.table("plan_summary").row(0, named=True)
    assert proven_cents(night, given, "bound_prices", charges_premiums=True).cents == summary["bound_cents"]
    assert proven_cents(night, given, "shadow_prices", charges_premiums=False).cents == summary["shadow_bound_cents"]
    assert proven_cents(night, given, "bound_prices", charges_premiums=False).cents < summary["bound_cents"]
    assert summary["shadow_bound_cents"] < summary["bound_cents"] <= summary["cost_cents"]


def with_one(frame: pl.DataFrame, row: int, name: str, value: pl.Expr) -> pl.DataFrame:
    """The table with another value in one row."""
    return frame.with_columns(pl.when(pl.int_range(pl.len()) == row).then(value).otherwise(col(name)).alias(name))


def num_caught(night: Night, name: str, changed: list[pl.DataFrame], message: str) -> int:
    return sum(any(message in line for line in told(night, **{name: table})) for table in changed)


def test_a_premium_raised_is_caught(night: Night) -> None:
    """All of them together, and most one by one: the proof may do without a few."""
    premiums = night.table("bound_premiums")
    message = f"bound_cents is {bound_of(night)}, the prices prove "
    assert message in told(night, bound_premiums=premiums.with_columns(col("millicents") * 2))[0]
    raised = [with_one(premiums, row, "millicents", col("millicents") + 10**8) for row in range(premiums.height)]
    assert num_caught(night, "bound_premiums", raised, message) > premiums.height / 2


def test_a_premium_left_out_is_caught(night: Night) -> None:
    premiums = night.table("bound_premiums")
    message = f"bound_cents is {bound_of(night)}, the prices prove "
    assert message in told(night, bound_premiums=premiums.clear())[0]
    without = [premiums.filter(pl.int_range(pl.len()) != row) for row in range(premiums.height)]
    assert num_caught(night, "bound_premiums", without, message) > premiums.height / 2


def test_a_premium_of_another_piece_is_caught(night: Night) -> None:
    premiums, pieces = night.table("bound_premiums"), night.table("offer_pieces")
    nobodys = premiums.with_columns(piece_number=col("piece_number") + 9)
    assert "there is no such piece or warehouse" in told(night, bound_premiums=nobodys)[0]
    others = pieces.join(premiums, on=["order_id", "piece_number"], how="anti")
    key = ["order_id", "piece_number", "warehouse_id"]
    moved = [
        with_one(premiums, row, "order_id", pl.lit(order)).unique(key, maintain_order=True)
        for row in range(premiums.height)
        for order in others["order_id"]
    ]
    assert num_caught(night, "bound_premiums", moved, "the prices prove ") > len(moved) / 2


def test_units_of_a_piece_changed_are_caught(night: Night) -> None:
    """The verifier solves the knapsack of whole pieces itself: other quantities prove another bound."""
    pieces = night.table("offer_pieces")
    fewer = pieces.with_columns(quantity=pl.lit(1, pl.Int64))
    assert "the prices prove " in told(night, offer_pieces=fewer)[0]


@pytest.mark.parametrize(
    ("table", "message"), [("bound_prices", " bound_cents is "), ("shadow_prices", " shadow_bound_cents is ")]
)
def test_a_price_lowered_is_caught(night: Night, table: str, message: str) -> None:
    prices = night.table(table)
    lowered = [with_one(prices, row, "millicents_per_unit", pl.lit(1, pl.Int64)) for row in range(prices.height)]
    assert num_caught(night, table, lowered, message) > len(lowered) / 2
    halved = prices.with_columns(millicents_per_unit=(col("millicents_per_unit") + 1) // 2)
    if table == "shadow_prices":
        halved = halved.with_columns(cents_per_unit=col("millicents_per_unit") / 1000)
    assert num_caught(night, table, [halved], message) == 1


@pytest.mark.parametrize("name", ["bound_cents", "shadow_bound_cents"])
def test_a_bound_one_cent_too_high_is_caught(night: Night, name: str) -> None:
    summary = night.table("plan_summary")
    published = int(summary[name].item())
    lines = told(night, plan_summary=summary.with_columns(pl.lit(published + 1).alias(name)))
    assert f"{name} is {published + 1}, the " in lines[0]
    assert lines[0].endswith(f"prove {published}")


def test_shadow_prices_that_would_prove_more_than_the_bound_are_caught(night: Night) -> None:
    summary = night.table("plan_summary")
    swapped = summary.with_columns(bound_cents=col("shadow_bound_cents") - 1)
    assert "do not rise" in told(night, plan_summary=swapped)[0]
