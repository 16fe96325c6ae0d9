"""See and handle orders: what a planner does to the book between nights."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from engine.book import FILE_NAME, Book
from engine.config import read_settings
from engine.contracts.orders import ORDER_ACTIONS, ORDER_LINES, ORDERS
from engine.errors import UsageError
from engine.locking import only_writer


def list_orders(workspace: Path, state: str | None = None) -> pl.DataFrame:
    """Give the orders of the book with their latest state.

    Parameters
    ----------
    workspace
        The workspace.
    state
        Only orders in this state; None for all. An order that no run has seen is `new`.

    Returns
    -------
    pl.DataFrame
        order_id, channel, placed_at, service_level, payment_status, ship_country, state, detail.
    """
    with _open(workspace) as book:
        orders = book.read(ORDERS).select(
            "order_id", "channel", "placed_at", "service_level", "payment_status", "ship_country"
        )
        latest = (
            book.order_states().group_by("order_id", maintain_order=True).last().select("order_id", "state", "detail")
        )
    joined = orders.join(latest, on="order_id", how="left", maintain_order="left").with_columns(
        pl.col("state").fill_null("new")
    )
    return joined if state is None else joined.filter(pl.col("state") == state)


def show_order(workspace: Path, order_id: str) -> dict[str, Any]:
    """Give an order, its lines, its history and what planners decided.

    Raises
    ------
    UsageError
        When the book has no such order.
    """
    with _open(workspace) as book:
        order = _known(book, order_id)
        lines, actions, states = book.read(ORDER_LINES), book.read(ORDER_ACTIONS), book.order_states()
    mine = pl.col("order_id") == order_id
    return {
        "order": order,
        "lines": lines.filter(mine).drop("order_id").to_dicts(),
        "history": states.filter(mine).drop("order_id").to_dicts(),
        "actions": actions.filter(mine).drop("order_id").to_dicts(),
    }


def act_on_order(workspace: Path, order_id: str, action: str, note: str | None) -> None:
    """Remember what a planner decided; it counts from the next run on.

    Raises
    ------
    UsageError
        When the book has no such order.
    LockedError
        When a run is under way.
    """
    pinned = read_settings(workspace).night.as_of
    with only_writer(workspace), _open(workspace) as book:
        _known(book, order_id)
        # A pinned night lies in the past; a decision made after it must still count in it.
        at = datetime.now(UTC) if pinned is None else min(datetime.now(UTC), pinned)
        row = {"order_id": order_id, "action": action, "acted_at": at, "note": note}
        with book.transaction():
            book.merge_log(ORDER_ACTIONS, pl.DataFrame([row], schema=ORDER_ACTIONS.schema))


def _open(workspace: Path) -> Book:
    read_settings(workspace)
    return Book(workspace / "book" / FILE_NAME)


def _known(book: Book, order_id: str) -> dict[str, Any]:
    found = book.read(ORDERS).filter(pl.col("order_id") == order_id)
    if found.is_empty():
        raise UsageError(
            f"the book has no order {order_id!r}. Orders enter it with the next run; see: ordermill orders list"
        )
    return found.row(0, named=True)
