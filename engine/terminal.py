"""What the command prints: tables for people, one object for programs."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from engine.batch import BatchResult
from engine.contracts.outputs import SHIPMENT_COSTS
from engine.runs.folders import PAGE

_COMPONENTS: Final = [
    *(name for name, _ in SHIPMENT_COSTS),
    "lateness_cents",
    "backorder_cents",
    "split_cents",
    "reserve_cents",
    "churn_cents",
]


def batch_json(result: BatchResult) -> dict[str, Any]:
    """Give the machine-readable summary of a batch."""
    return {
        "run_id": result.run_id,
        "directory": None if result.directory is None else str(result.directory),
        "is_repeat": result.is_repeat,
        "checks": result.num_checks,
        "summary": result.summary,
        "baselines": result.baselines.to_dicts(),
        "proposals": result.proposals.to_dicts(),
        "stages": {row["stage"]: row["seconds"] for row in result.stages.to_dicts()},
        "peak_memory_mib": int(max(result.stages["peak_memory_mib"].to_list(), default=0)),
    }


def batch_table(result: BatchResult) -> str:
    """Give the summary of a batch for a reader."""
    summary, currency = result.summary, result.summary["currency"]
    rows = [f"{name.removesuffix('_cents'):<12}{summary[name] / 100:>16,.2f} {currency}" for name in _COMPONENTS]
    text = [
        f"The night of {summary['as_of']:%Y-%m-%d %H:%M} UTC, run {result.run_id}",
        "",
        *rows,
        f"{'cost':<12}{summary['cost_cents'] / 100:>16,.2f} {currency}",
        f"{'bound':<12}{summary['bound_cents'] / 100:>16,.2f} {currency}   gap {100 * summary['gap']:.2f} %, {summary['status']}",
        "",
        f"orders   {summary['orders']} open: {summary['orders_released']} released, {summary['orders_held']} held",
        f"         {summary['orders_shipped']} ship in {summary['shipments']} parcels",
        f"         {summary['orders_split']} split, {summary['orders_late']} late, {summary['orders_short']} short",
        f"units    {summary['units_shipped']} of {summary['units_released']} ship, {summary['units_backordered']} wait",
        f"rejects  {summary['rejects']}",
        *_notes(summary),
        *savings_lines(result.baselines),
        *proposal_lines(result.proposals, currency),
        "",
    ]
    if result.is_repeat:
        text.append("This very night is published already: same input, same settings. Nothing was done.")
    else:
        stages = ", ".join(f"{row['stage']} {row['seconds']:.1f}" for row in result.stages.to_dicts())
        total = sum(result.stages["seconds"].to_list())
        text.append(f"seconds  {total:.1f}: {stages}")
        text.append(f"memory   {max(result.stages['peak_memory_mib'].to_list(), default=0)} MiB at its peak")
        text.append(f"verified {result.num_checks} checks, all hold")
    text.append("published nothing (dry run)" if result.directory is None else f"report   {result.directory / PAGE}")
    return "\n".join(text)


def _notes(summary: dict[str, Any]) -> list[str]:
    """Say what moved since the earlier plan of the night, and of which orders the bound knows a part of the offers only."""
    notes = []
    if summary["lines_moved"]:
        saved = summary["moves_saved_cents"] / 100
        notes.append(
            f"moved    {summary['lines_moved']} lines of {summary['orders_moved']} orders since the earlier plan of tonight: "
            f"{saved:,.2f} {summary['currency']} less than if they could only stay or wait"
        )
    if summary["orders_offered_in_part"]:
        notes.append(
            f"bound    over the offers listed: of {summary['orders_offered_in_part']} orders of many lines these are not every set of "
            "lines"
        )
    return notes


def proposal_lines(proposals: pl.DataFrame, currency: str) -> list[str]:
    """Say what is proposed to be bought and moved, and what that is expected to save."""
    return [
        f"stock    buy {row['purchases']} lines for {row['purchase_cents'] / 100:,.2f} {currency}, move {row['transfers']}: "
        f"saves {(row['baseline_cents'] - row['cost_cents']) / 100:,.2f}, gap {100 * row['gap']:.2f} %"
        for row in proposals.iter_rows(named=True)
        if row["purchases"] or row["transfers"]
    ]


def savings_lines(baselines: pl.DataFrame) -> list[str]:
    """Say what the plan saves against each common rule on the same night, the dearest rule first."""
    rows = baselines.filter(pl.col("cost_cents") > 0).sort("cost_cents", "baseline", descending=[True, False])
    return [_saving(row["saving_share"], row["baseline"].replace("_", " ")) for row in rows.iter_rows(named=True)]


def _saving(saved: float, rule: str) -> str:
    told = f"saves    {100 * saved:.1f} % against" if saved >= 0 else f"loses    {-100 * saved:.1f} % to"
    return f"{told} {rule}"


def frame_table(frame: pl.DataFrame) -> str:
    """Give all rows of a frame as text."""
    with pl.Config(
        tbl_rows=-1,
        tbl_cols=-1,
        tbl_hide_dataframe_shape=True,
        tbl_hide_column_data_types=True,
        fmt_str_lengths=60,
        tbl_width_chars=200,
    ):
        return f"{frame}\n{frame.height} rows"


def order_text(details: dict[str, Any]) -> str:
    """Give an order for a reader."""
    order = details["order"]
    text = [
        f"Order {order['order_id']}",
        *(f"  {name}: {value}" for name, value in order.items() if value is not None and name != "order_id"),
    ]
    for title in ("lines", "history", "actions"):
        text.append(f"{title}:" if details[title] else f"{title}: none")
        text += [
            "  " + ", ".join(f"{name} {value}" for name, value in row.items() if value is not None)
            for row in details[title]
        ]
    return "\n".join(text)
