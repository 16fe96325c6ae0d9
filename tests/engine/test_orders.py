from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from engine.book import FILE_NAME, Book
from engine.book.runs import PublishedRun, RunRecord
from engine.config import read_settings
from engine.contracts.history import PAST_SHIPMENTS
from engine.contracts.memory import PAST_PRICES
from engine.contracts.orders import ORDER_ACTIONS
from engine.errors import LockedError, UsageError
from engine.locking import only_writer
from engine.orders import act_on_order, list_orders, show_order
from engine.stages.load import load

NIGHT = datetime(2026, 11, 20, 18, tzinfo=UTC)


@pytest.fixture(scope="module")
def imported(
    tmp_path_factory: pytest.TempPathFactory,
    tiny_tables: Callable[..., dict[str, pl.DataFrame]],
    tiny_workspace: Callable[..., Path],
) -> Path:
    workspace = tiny_workspace(tmp_path_factory.mktemp("imported"), tiny_tables(3, orders=4))
    with Book(workspace / "book" / FILE_NAME) as book:
        load(workspace / "inbox", book, read_settings(workspace), NIGHT)
        lines = {"order_id": pl.String, "line_number": pl.Int64, "warehouse_id": pl.String, "sku": pl.String}
        states = {"as_of": [NIGHT] * 2, "order_id": ["O000", "O001"], "state": ["planned", "held"], "detail": ["", "x"]}
        serials = {"carrier": pl.String, "first_serial": pl.Int64, "num_serials": pl.Int64}
        record = RunRecord(
            pl.DataFrame(schema=lines | {"quantity": pl.Int64, "shipment_id": pl.String}),
            pl.DataFrame(states),
            PAST_SHIPMENTS.empty().with_columns(carton_id=pl.lit("SMALL")),
            pl.DataFrame(schema=serials),
            PAST_PRICES.empty(),
        )
        book.record_run(PublishedRun("one", NIGHT, "runs/one"), record)
    return workspace


@pytest.fixture
def workspace(tmp_path: Path, imported: Path) -> Path:
    return shutil.copytree(imported, tmp_path / "workspace")


def test_orders_are_listed_with_their_latest_state(workspace: Path) -> None:
    listed = list_orders(workspace)
    assert listed["order_id"].to_list() == ["O000", "O001", "O002", "O003"]
    assert listed["state"].to_list() == ["planned", "held", "new", "new"]
    assert list_orders(workspace, "new")["order_id"].to_list() == ["O002", "O003"]
    assert list_orders(workspace, "waiting").is_empty()


def test_an_order_is_shown_with_its_lines_history_and_decisions(workspace: Path) -> None:
    act_on_order(workspace, "O001", "hold", "ask Ünal 🎁; twice")
    shown = show_order(workspace, "O001")
    assert shown["order"]["order_id"] == "O001"
    assert shown["lines"]
    assert [(row["state"], row["detail"]) for row in shown["history"]] == [("held", "x")]
    assert [(row["action"], row["note"]) for row in shown["actions"]] == [("hold", "ask Ünal 🎁; twice")]


def test_the_last_decision_counts_in_the_night_that_is_pinned(workspace: Path) -> None:
    for action in ("hold", "cancel", "release"):
        act_on_order(workspace, "O002", action, None)
    with Book(workspace / "book" / FILE_NAME) as book:
        actions = book.read(ORDER_ACTIONS).filter(order_id="O002")
    assert actions["action"].to_list()[-1] == "release"
    assert actions["acted_at"].max() == NIGHT


def test_an_unknown_order_is_named(workspace: Path) -> None:
    for call in (show_order, lambda *of: act_on_order(*of, "hold", None)):
        with pytest.raises(UsageError, match="no order 'O999'"):
            call(workspace, "O999")


def test_nothing_is_decided_while_a_run_writes(workspace: Path) -> None:
    with only_writer(workspace), pytest.raises(LockedError):
        act_on_order(workspace, "O000", "hold", None)
    assert show_order(workspace, "O000")["actions"] == []
