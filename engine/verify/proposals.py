"""The proposals and stock health: what is proposed may be done, costs what it says, and is told alike everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from engine.verify.checks import Check, must, named, none_of, told
from engine.verify.files import Night
from engine.verify.supply import check_supply, terms_of

_PAIR: Final = ["warehouse_id", "sku"]
_DAY_US: Final = 24 * 60 * 60 * 1_000_000
_GAP_SLACK: Final = 1e-9
_PAID: Final = ("waiting_cents", "split_cents", "farther_cents")
_MONEY: Final = ("holding_cents", "lost_margin_cents", "lost_sales_cents")


def check_proposals(night: Night) -> Iterator[Check]:
    """Check purchases, transfers, their summary, and what stock health says of them.

    Parameters
    ----------
    night
        The run.
    """
    yield check_transfers(night)
    yield check_purchases(night)
    yield check_supply(night)
    yield check_proposal_summary(night)
    yield check_health(night)


def check_transfers(night: Night) -> Check:
    """Check that only what is free leaves a warehouse, by open ways, and that each move costs what its way does.

    Parameters
    ----------
    night
        The run.
    """
    moves, rules = night.table("transfers"), night.settings.inventory
    free = pl.col("on_hand") - pl.col("reserved") - pl.col("safety_stock")
    sent = (
        moves.group_by(warehouse_id="from_warehouse_id", sku="sku", maintain_order=True)
        .agg(sent=pl.col("quantity").sum())
        .join(night.table("stock").with_columns(free=free), on=_PAIR, how="left", maintain_order="left")
    )
    routes = night.table("transfer_routes").rename({"cents_per_unit": "by_unit", "cents_per_line": "by_line"})
    ways = moves.join(routes, on=["from_warehouse_id", "to_warehouse_id"], how="left", maintain_order="left")
    by_unit = pl.col("by_unit").fill_null(rules.transfer_cents_per_unit)
    cost = pl.col("quantity") * by_unit + pl.col("by_line").fill_null(rules.transfer_cents_per_line)
    is_open = pl.col("is_open") & (pl.col("lead_days") <= rules.lead_time_days)
    sending = moves.group_by(warehouse_id="from_warehouse_id", maintain_order=True).agg(sent=pl.col("quantity").sum())
    able = night.table("warehouses").select("warehouse_id", most="transfer_capacity_units")
    return named(
        "proposals.transfers",
        none_of(
            sent.filter(~(pl.col("sent") <= pl.col("free")).fill_null(value=False)),
            "{sku} in {warehouse_id}: {sent} units are to leave, {free} are there beyond what is promised and kept back",
            night.table("stock").height,
        ),
        must(
            ways,
            is_open.fill_null(value=True),
            "{sku} from {from_warehouse_id} to {to_warehouse_id}: the way is closed, or takes {lead_days} days",
        ),
        must(
            sending.join(able, on="warehouse_id", how="left", maintain_order="left"),
            pl.col("sent") <= pl.col("most").fill_null(2**62),
            "{warehouse_id} sends {sent} units, it can send {most}",
        ),
        must(
            ways,
            (pl.col("from_warehouse_id") != pl.col("to_warehouse_id")) & (pl.col("cost_cents") == cost),
            "{sku} from {from_warehouse_id} to {to_warehouse_id}: {quantity} units for {cost_cents} cents",
        ),
    )


def check_purchases(night: Night) -> Check:
    """Check the units and the price of every purchase, and that all together keep the budget.

    Parameters
    ----------
    night
        The run.
    """
    rules = night.settings.inventory
    in_days = (pl.col("expected_at") - night.as_of).dt.total_microseconds() / _DAY_US
    firm = (
        night.table("inbound")
        .join(terms_of(night).select("sku", "lead_days"), on="sku", how="left", maintain_order="left")
        .filter((in_days > 0) & (in_days <= pl.col("lead_days") + float(rules.cycle_days)))
        .group_by(_PAIR, maintain_order=True)
        .agg(firm=pl.col("quantity").sum())
    )
    bought = night.table("replenishment")
    known = (
        bought.join(
            night.table("stock").select(*_PAIR, "on_hand", "reserved"), on=_PAIR, how="left", maintain_order="left"
        )
        .join(firm, on=_PAIR, how="left", maintain_order="left")
        .join(moved_units(night), on=_PAIR, how="left", maintain_order="left")
        .join(terms_of(night).select("sku", "price"), on="sku", how="left", maintain_order="left")
        .with_columns(pl.col("on_hand", "reserved", "firm", "moved").fill_null(0))
        .with_columns(after=pl.sum_horizontal("available_units", "inbound_units", "buy_units", "moved"))
    )
    spent, budget = int(bought["cost_cents"].sum()), rules.purchase_budget_cents
    over = [f"replenishment: {spent} cents, the budget is {budget}"] if budget is not None and spent > budget else []
    return named(
        "proposals.purchases",
        must(
            known,
            (pl.col("available_units") == pl.col("on_hand") - pl.col("reserved"))
            & (pl.col("inbound_units") == pl.col("firm"))
            & (pl.col("units_after") == pl.col("after")),
            "{sku} in {warehouse_id}: {available_units} available of {on_hand}, {inbound_units} firm of {firm}, "
            "{units_after} after it instead of {after}",
        ),
        must(
            known,
            pl.col("cost_cents") == pl.col("buy_units") * pl.col("price"),
            "{sku} in {warehouse_id}: {buy_units} units at {price} for {cost_cents} cents",
        ),
        told(over, 1),
    )


def moved_units(night: Night) -> pl.DataFrame:
    """Give the units that the proposed transfers bring to each stock, below zero where they take some.

    Parameters
    ----------
    night
        The run.
    """
    moves = night.table("transfers")
    ends = [
        moves.select("sku", warehouse_id=f"{end}_warehouse_id", moved=sign * pl.col("quantity"))
        for end, sign in (("from", -1), ("to", 1))
    ]
    return pl.concat(ends).group_by(_PAIR, maintain_order=True).agg(pl.col("moved").sum())


def check_proposal_summary(night: Night) -> Check:
    """Check that the summary adds the lines up, that they save what it says, and bound, cost and baseline in their order.

    Parameters
    ----------
    night
        The run.
    """
    summary, bought, moves = (night.table(name) for name in ("proposal_summary", "replenishment", "transfers"))
    lines = bought.height + moves.height
    if summary.height != 1:
        found = [f"proposal_summary has {summary.height} rows for {lines} proposals"] if lines or summary.height else []
        return named("proposals.summary", told(found, 1))
    row = summary.row(0, named=True)
    sums = {
        "purchases": bought.height,
        "transfers": moves.height,
        "purchase_cents": int(bought["cost_cents"].sum()),
        "transfer_cents": int(moves["cost_cents"].sum()),
    }
    differ = [
        f"proposal_summary: {name} is {row[name]}, its lines say {value}"
        for name, value in sums.items()
        if row[name] != value
    ]
    if not row["bound_cents"] <= row["cost_cents"] <= row["baseline_cents"]:
        differ.append(
            f"proposal_summary: bound {row['bound_cents']}, cost {row['cost_cents']} and baseline {row['baseline_cents']} "
            "do not rise"
        )
    gap = (row["cost_cents"] - row["bound_cents"]) / row["cost_cents"] if row["cost_cents"] else 0.0
    if not abs(row["gap"] - gap) <= _GAP_SLACK:
        differ.append(f"proposal_summary: gap is {row['gap']}, recomputed {gap}")
    saved = int(bought["saved_cents"].sum()) + int(moves["saved_cents"].sum())
    saved -= int(night.table("supplier_orders")["order_cents"].sum())
    # Each line is rounded to the cent, and so are cost and baseline.
    if abs(row["baseline_cents"] - row["cost_cents"] - saved) > lines + 2:
        differ.append(
            f"proposal_summary: {row['baseline_cents'] - row['cost_cents']} cents are saved, by its lines {saved}"
        )
    return named("proposals.summary", told(differ, len(row)))


def check_health(night: Night) -> Check:
    """Check that stock health proposes what the proposals do, and that its money adds up and is ranked by.

    Parameters
    ----------
    night
        The run.
    """
    health = night.table("stock_health")
    bought = night.table("replenishment").select(*_PAIR, bought="buy_units")
    lines = pl.concat([bought.select(_PAIR), moved_units(night).select(_PAIR)]).unique(maintain_order=True)
    beside = (
        health.join(bought, on=_PAIR, how="left", maintain_order="left")
        .join(moved_units(night), on=_PAIR, how="left", maintain_order="left")
        .with_columns(pl.col("bought", "moved").fill_null(0), before=pl.col("money_cents").shift(1))
        .with_columns(paid=pl.sum_horizontal(_PAID), sum=pl.sum_horizontal(*_MONEY, "plan_cost_cents"))
    )
    return named(
        "proposals.health",
        must(
            beside,
            (pl.col("buy_units") == pl.col("bought")) & (pl.col("transfer_units") == pl.col("moved")),
            "{sku} in {warehouse_id}: stock_health buys {buy_units} and moves {transfer_units}, the proposals {bought} and {moved}",
        ),
        must(
            beside,
            (pl.col("plan_cost_cents") == pl.col("paid")) & (pl.col("money_cents") == pl.col("sum")),
            "{sku} in {warehouse_id}: the plan paid {plan_cost_cents}, in parts {paid}; {money_cents} in all, in parts {sum}",
        ),
        must(
            beside,
            (pl.col("rank") == pl.int_range(1, pl.len() + 1))
            & (pl.col("money_cents") <= pl.col("before").fill_null(2**62)),
            "{sku} in {warehouse_id}: rank {rank} with {money_cents} cents after {before}",
        ),
        none_of(
            lines.join(health, on=_PAIR, how="anti", maintain_order="left"),
            "{sku} in {warehouse_id} is in the proposals and not in stock_health",
            lines.height,
        ),
    )
