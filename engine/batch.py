"""The nightly batch: load, receive, quote, assign, pick, ship, report, verify, publish."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from engine.baselines import baselines
from engine.book import FILE_NAME, Book
from engine.book.recording import adopt_published_runs, record
from engine.config import Settings, read_settings
from engine.contracts.reports import PROPOSAL_SUMMARY
from engine.errors import Interrupted, UsageError
from engine.locking import only_writer
from engine.progress import StageClock
from engine.reports.currency import check_rates
from engine.reports.morning import morning_tables
from engine.reports.page import morning_page
from engine.reports.terms import check_one_purse
from engine.resuming import Question, interrupted, noted
from engine.runs import Run
from engine.runs.folders import MANIFEST, run_directory
from engine.stages.assign import assign
from engine.stages.load import load
from engine.stages.pick import pick
from engine.stages.publish import StagedRun
from engine.stages.quote import quote
from engine.stages.receive import receive
from engine.stages.ship import ship
from engine.summary import plan_summary


@dataclass(frozen=True)
class BatchResult:
    """How a batch ended.

    Parameters
    ----------
    run_id
        Identifier of the run.
    directory
        The published run; None after a dry run.
    summary
        The row of `plan_summary`.
    baselines
        Contract `baselines`: what common rules would have made of the night.
    stages
        Contract `stage_seconds`; empty for a repeat.
    num_checks
        How many checks the verifier made, all of which held; 0 for a repeat.
    is_repeat
        Whether this very night was published before, so that nothing had to be done.
    proposals
        Contract `proposal_summary`: what to buy and to move, and what that saves.
    """

    run_id: str
    directory: Path | None
    summary: dict[str, Any]
    baselines: pl.DataFrame
    stages: pl.DataFrame
    num_checks: int
    is_repeat: bool
    proposals: pl.DataFrame = field(default_factory=PROPOSAL_SUMMARY.empty)


def run_batch(
    workspace: Path,
    *,
    as_of: datetime | None = None,
    seed: int | None = None,
    dry_run: bool = False,
    resume: bool = False,
    clock: StageClock | None = None,
) -> BatchResult:
    """Plan a night and publish it.

    Parameters
    ----------
    workspace
        A folder with ordermill.toml and inbox/.
    as_of
        The night; what the settings pin where absent, and the present minute where they pin none.
    seed
        Seed of the solvers; the settings' where absent.
    dry_run
        Plan and verify, but publish and remember nothing.
    resume
        Take up the night and seed of a run that was interrupted; stages are done anew, and give the same plan.
    clock
        Times the stages.

    Raises
    ------
    OrdermillError
        One of its family, with its exit code; nothing is published then.
    """
    if resume and (as_of is not None or seed is not None or dry_run):
        raise UsageError(
            "--resume takes night and seed from the run that was interrupted; leave out --as-of, --seed, --dry-run."
        )
    clock = clock or StageClock()
    settings = _with_seed(read_settings(workspace), seed)
    with only_writer(workspace), _book_of(workspace, dry_run=dry_run) as book:
        adopted = adopt_published_runs(workspace, book)
        question = interrupted(workspace) if resume else Question(the_night(settings, as_of), settings.night.seed)
        if question is None:
            if adopted:
                return _repeat(adopted[-1])
            raise UsageError("no run was interrupted, so there is nothing to take up. Plan a night with: ordermill run")
        settings = _with_seed(settings, question.seed)
        with nullcontext() if dry_run else noted(workspace, question):
            return _plan_night(workspace, book, settings, question.as_of, clock, dry_run=dry_run)


def _plan_night(
    workspace: Path, book: Book, settings: Settings, night: datetime, clock: StageClock, *, dry_run: bool
) -> BatchResult:
    """Run the stages."""
    with clock.stage("load"):
        loaded = load(workspace / "inbox", book, settings, night)
        current = _current_run(workspace, book, night)
        staged = StagedRun.begin(workspace, loaded.inputs, settings, night, current, loaded.tonights_plan)
        inputs = staged.tables
        check_rates(inputs.suppliers, inputs.exchange_rates, settings.night.currency, night)
        check_one_purse(inputs.suppliers, settings.inventory.purchase_budget_cents)
    if staged.target.exists() and not dry_run:
        staged.discard()
        return _repeat(Run(staged.target))
    with clock.stage("receive"):
        received = receive(inputs, loaded.book_holds, settings, night)
    with clock.stage("quote"):
        quotes = quote(received, inputs, settings, night)
    with clock.stage("assign"):
        plan = assign(received.orders, quotes, inputs, settings, night)
    with clock.stage("pick"):
        parcels, lines = plan.parcels.shipments, plan.parcels.shipment_lines
        picked = pick(parcels, lines, inputs.locations, inputs.warehouses, settings)
    with clock.stage("ship"):
        shipped = ship(plan, quotes, received.orders, settings, book.next_serials(staged.run_id))
    with clock.stage("report"):
        summary = plan_summary(staged.run_id, night, inputs, received, plan, shipped, loaded.rejects, settings)
        tables = {
            "plan_summary": summary,
            "baselines": baselines(plan, received.orders, inputs.warehouses),
            "holds": received.holds,
            "rejects": loaded.rejects,
            **plan.tables(),
            **picked.tables(),
            **shipped.tables(),
            **morning_tables(inputs, plan, settings, night),
        }
        staged.write(tables)
        staged.write_page(morning_page(tables))
    with clock.stage("verify"):
        staged.write({"stage_seconds": clock.frame()})
        staged.write_manifest(plan.outcome, shipped.serials)
        report = staged.verify()
    directory = None
    if dry_run:
        staged.discard()
    else:
        with clock.stage("publish"):
            directory = _publish(staged, book)
    return BatchResult(
        staged.run_id,
        directory,
        summary.row(0, named=True),
        tables["baselines"],
        clock.frame(),
        len(report.checks),
        is_repeat=False,
        proposals=tables["proposal_summary"],
    )


def _current_run(workspace: Path, book: Book, night: datetime) -> Run | None:
    """Give the run whose place tonight's takes; None where there is none, or its directory was removed."""
    before = book.run_of(night)
    if before is None:
        return None
    directory = run_directory(workspace, night, before.run_id)
    return Run(directory) if (directory / MANIFEST).is_file() else None


def _publish(staged: StagedRun, book: Book) -> Path:
    """Make the run visible and remember it; a signal in between must not say that nothing was published."""
    try:
        directory = staged.publish()
        record(book, Run(directory))
    except Interrupted as signal:
        if not staged.target.exists():
            raise
        outcome = f"run {staged.run_id} was published before; the order book learns of it with the next run."
        raise Interrupted(signal.signal_number, outcome) from None
    return directory


@contextmanager
def _book_of(workspace: Path, *, dry_run: bool) -> Iterator[Book]:
    """Open the order book; a dry run works on a copy that is thrown away."""
    path = workspace / "book" / FILE_NAME
    if not dry_run:
        with Book(path) as book:
            yield book
        return
    with TemporaryDirectory(prefix="ordermill-") as folder:
        for file in path.parent.glob(f"{FILE_NAME}*"):
            copyfile(file, Path(folder) / file.name)
        with Book(Path(folder) / FILE_NAME) as book:
            yield book


def the_night(settings: Settings, as_of: datetime | None) -> datetime:
    """Give the night to plan: the one asked for, the one the settings pin, or the present minute."""
    chosen = as_of or settings.night.as_of or datetime.now(UTC).replace(second=0, microsecond=0)
    return (chosen if chosen.tzinfo else chosen.replace(tzinfo=UTC)).astimezone(UTC)


def _with_seed(settings: Settings, seed: int | None) -> Settings:
    if seed is None:
        return settings
    return settings.model_copy(update={"night": settings.night.model_copy(update={"seed": seed})})


def _repeat(run: Run) -> BatchResult:
    nothing = StageClock(shows_bars=False).frame()
    return BatchResult(
        run.run_id,
        run.directory,
        run.summary,
        run.table("baselines"),
        nothing,
        0,
        is_repeat=True,
        proposals=run.table("proposal_summary"),
    )
