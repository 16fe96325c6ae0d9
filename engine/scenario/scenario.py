"""What if: the night of a published run planned again with something changed, in memory; nothing is written anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.code import code_digest
from engine.config import RecordedSettings
from engine.errors import UsageError
from engine.holds import HoldReason
from engine.inputs import Inputs
from engine.runs import Run
from engine.runs.comparison import Comparison, compare
from engine.runs.folders import SETTINGS
from engine.scenario.changes import Tariff, changed_night
from engine.stages.assign import assign
from engine.stages.quote import Quotes, quote
from engine.stages.receive import receive
from engine.stages.ship import ship
from engine.summary import plan_summary

_BOOK_HOLDS: Final = tuple(
    reason.value for reason in (HoldReason.ORDER_REJECTED, HoldReason.LINE_REJECTED, HoldReason.DUPLICATE)
)
"""Holds that a run's inputs alone do not explain: the book knew them."""


@dataclass(frozen=True)
class WhatIf:
    """A night planned again with something changed.

    Parameters
    ----------
    run_id
        The changes in words.
    tables
        Output tables of the plan by their names; tracking numbers are not real.
    """

    run_id: str
    tables: dict[str, pl.DataFrame]

    @property
    def summary(self) -> dict[str, Any]:
        """Counts, cost by component, bound, gap: the one row of `plan_summary`."""
        return self.tables["plan_summary"].row(0, named=True)

    def table(self, name: str) -> pl.DataFrame:
        """Give an output table.

        Raises
        ------
        UsageError
            When a what-if has no such table.
        """
        if name not in self.tables:
            raise UsageError(f"a what-if has no table {name}; it has {', '.join(sorted(self.tables))}.")
        return self.tables[name]

    def compare(self, run: Run) -> Comparison:
        """Say what the changes do to a run's plan and what they cost."""
        return compare(run, self)


def what_if(
    run: Run,
    *,
    close: Sequence[str] = (),
    stock: Path | pl.DataFrame | None = None,
    tariff: Tariff | None = None,
    capacity: Mapping[str, int | None] | None = None,
) -> WhatIf:
    """Plan a run's night again with something changed, from the run's own inputs and settings.

    Parameters
    ----------
    run
        The run. It stays as it is, and so does its workspace.
    close
        Warehouses that send nothing and receive nothing.
    stock
        Table `stock` of the places that change, as a file or a frame: its rows replace those of the same warehouse and
        article, and what it has no column for stays as it was.
    tariff
        Tables services, zones, rates, surcharges, those that change, each whole: a folder, files named after their
        tables, or frames by table name.
    capacity
        Units a warehouse can send, by warehouse; None for no limit.

    Returns
    -------
    WhatIf
        The plan, to be compared with the run's.

    Raises
    ------
    UsageError
        When nothing changes, a warehouse is unknown, a capacity is negative, a file belongs to no table, or another
        version of the program made the run.
    InputError
        When a file cannot be read or a row of it is bad: half a change would answer another question.
    """
    _require_same_program(run)
    settings = RecordedSettings.model_validate_json((run.directory / SETTINGS).read_bytes())
    inputs, told = changed_night(
        run.inputs, settings.night.timezone, close=close, stock=stock, tariff=tariff, capacity=capacity or {}
    )
    return _planned(run, inputs, settings, f"what if {told}")


def _planned(run: Run, inputs: Inputs, settings: RecordedSettings, name: str) -> WhatIf:
    """Run the stages from receive on, as the batch does."""
    night = run.as_of
    book_holds = run.table("holds").filter(pl.col("reason").is_in(_BOOK_HOLDS))
    received = receive(inputs, book_holds, settings, night)
    quotes = _at_the_runs_waiting_prices(quote(received, inputs, settings, night), run)
    plan = assign(received.orders, quotes, inputs, settings, night)
    shipped = ship(plan, quotes, received.orders, settings, {})
    summary = plan_summary(name, night, inputs, received, plan, shipped, run.table("rejects"), settings)
    return WhatIf(name, {"plan_summary": summary, "holds": received.holds, **plan.tables(), **shipped.tables()})


def _at_the_runs_waiting_prices(quotes: Quotes, run: Run) -> Quotes:
    """Price what waits as the run did: sending it later is taken to cost the same.

    Otherwise an article that only a closed warehouse holds would seem cheaper to leave unsent, because no offer is left
    from which its later parcel could be priced, and a closure would look like a saving.
    """
    later = run.table("offer_pieces").select("order_id", "piece_number", "line_number", "quantity", run="later_cents")
    of_line = later.group_by("order_id", "line_number").agg(total=pl.col("run").sum())
    whole, upto = pl.col("quantity").sum().over("order_id", "line_number"), pl.col("quantity").cum_sum()
    upto = upto.over("order_id", "line_number", order_by="piece_number")
    part = pl.col("total") * upto // whole - pl.col("total") * (upto - pl.col("quantity")) // whole
    priced = (
        quotes.pieces.join(
            later, on=["order_id", "piece_number", "line_number", "quantity"], how="left", maintain_order="left"
        )
        .join(of_line, on=["order_id", "line_number"], how="left", maintain_order="left")
        .with_columns(is_same=pl.col("run").is_not_null().all().over("order_id", "line_number"))
        .with_columns(kept=pl.when("is_same").then("run").otherwise(part).fill_null(0))
        .with_columns(backorder_cents=pl.col("backorder_cents") - pl.col("later_cents") + pl.col("kept"))
        .with_columns(later_cents=pl.col("kept"))
    )
    return replace(quotes, pieces=priced.select(quotes.pieces.columns))


def _require_same_program(run: Run) -> None:
    """Refuse a run of another version: what the program learnt since would pass for an effect of the change."""
    then, now = run.manifest["versions"].get("ordermill"), version("ordermill")
    if then != now:
        raise UsageError(
            f"run {run.run_id} was planned by version {then}, this is {now}: the difference would be one of versions. "
            "Plan the night again first, with: ordermill run"
        )
    if run.manifest.get("code_sha256") != code_digest():
        raise UsageError(
            f"run {run.run_id} was planned by other sources of the same version: the difference would be one of code. "
            "Plan the night again first, with: ordermill run"
        )
