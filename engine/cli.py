"""The command. Everything heavy is imported inside the commands, so that `ordermill --help` answers at once."""

from __future__ import annotations

import errno
import json
import os
import shlex
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from engine.errors import Interrupted, OrdermillError, UsageError, VerificationError

app = typer.Typer(
    name="ordermill",
    help="Plan a night of e-commerce orders: which warehouse ships what, in which carton, with which carrier, and the proof.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
orders_app = typer.Typer(help="See and handle orders.", no_args_is_help=True)
app.add_typer(orders_app, name="orders")

Workspace = Annotated[Path, typer.Argument(help="The workspace.")]
Json = Annotated[bool, typer.Option("--json", help="Print one machine-readable object on standard output.")]


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(help="Where the workspace is to be.")],
    *,
    sample: Annotated[bool, typer.Option("--sample", help="Fill it with a generated night.")] = False,
    orders: Annotated[int, typer.Option(help="Orders of the generated night.", min=1, max=1_000_000)] = 20_000,
    seed: Annotated[int, typer.Option(help="Seed of the generated night.", min=0)] = 0,
    from_olist: Annotated[
        Path | None, typer.Option(help="Folder of the public Olist CSV files to replay as one night.")
    ] = None,
) -> None:
    """Make a workspace: ordermill.toml, inbox/ and the book."""
    from engine.workspace import make_workspace

    make_workspace(directory, sample_orders=orders if sample else None, seed=seed, olist=from_olist)
    typer.echo(f"{directory} is ready. Plan its night with: ordermill run {shlex.quote(str(directory))}", err=True)


@app.command()
def run(
    directory: Workspace = Path(),
    *,
    as_of: Annotated[str | None, typer.Option(help="The night, such as 2026-11-22T22:00:00Z.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the solvers.", min=0)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan and verify, publish nothing.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Take up the night and seed of a run that was killed or stopped.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run the nightly batch."""
    from engine.batch import run_batch
    from engine.reading.files import unclaimed_files
    from engine.terminal import batch_json, batch_table

    for name in unclaimed_files(directory / "inbox"):
        typer.echo(
            f"ordermill: inbox/{name} is not named after a table, so it is not read; docs/tables.md lists the names.",
            err=True,
        )
    result = run_batch(directory, as_of=_instant(as_of), seed=seed, dry_run=dry_run, resume=resume)
    if as_json:
        _print_json(batch_json(result))
    else:
        typer.echo(batch_table(result))


@app.command()
def verify(
    place: Annotated[Path, typer.Argument(help="A run directory, or a workspace for its latest run.")] = Path(),
    *,
    as_json: Json = False,
) -> None:
    """Prove a run's invariants from its published files alone."""
    from engine.runs.folders import find_run
    from engine.verify import verify_run

    report = verify_run(find_run(place))
    if as_json:
        checks = [
            {"name": c.name, "checked": c.num_checked, "violations": c.num_violations, "examples": list(c.examples)}
            for c in report.checks
        ]
        _print_json({"run": str(report.run), "ok": report.is_ok, "checks": checks})
    else:
        typer.echo(str(report))
    if not report.is_ok:
        raise typer.Exit(VerificationError.exit_code)


@app.command()
def report(
    place: Annotated[Path, typer.Argument(help="A run directory, or a workspace for its latest run.")] = Path(),
) -> None:
    """Print where the morning page of a run is."""
    from engine.runs.folders import PAGE, find_run

    typer.echo(find_run(place) / PAGE)


@app.command()
def explain(
    place: Annotated[Path, typer.Argument(help="A run directory, or a workspace for its latest run.")],
    order: Annotated[str, typer.Argument(help="The order.")],
    *,
    view: Annotated[
        Path | None, typer.Option(help="Write its parcels to this HTML file, to turn and to step through.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say why an order ships as it does, and what the alternatives cost."""
    from engine.runs import open_run
    from engine.runs.explanation import explain_order

    run = open_run(place)
    explanation = explain_order(run, order)
    if view is not None:
        typer.echo(f"its parcels are in {run.draw(order).save(view)}", err=True)
    if as_json:
        _print_json(explanation.as_dict())
    else:
        typer.echo(str(explanation))


_Run = Annotated[Path, typer.Argument(help="A run directory, or a workspace for its latest run.")]


@app.command("compare")
def compare_runs(before: _Run, after: _Run, *, as_json: Json = False) -> None:
    """Say what changed between two runs and what it cost, with both gaps."""
    from engine.runs import open_run
    from engine.runs.comparison import compare

    found = compare(open_run(before), open_run(after))
    if as_json:
        _print_json(found.as_dict())
    else:
        typer.echo(str(found))


@app.command("backtest")
def backtest_proposals(
    place: _Run,
    later: Annotated[
        Path | None, typer.Argument(help="The later run; without it, the two latest nights of the workspace.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Set an earlier night's proposals to buy and to move against what then happened."""
    from engine.reports.backtest import backtest, latest_two
    from engine.runs import open_run

    before, after = latest_two(place) if later is None else (open_run(place), open_run(later))
    found = backtest(before, after)
    if as_json:
        _print_json(found.as_dict())
    else:
        typer.echo(str(found))


@app.command("what-if")
def ask_what_if(
    place: _Run,
    *,
    close: Annotated[list[str] | None, typer.Option(help="A warehouse that sends nothing; may be repeated.")] = None,
    stock: Annotated[Path | None, typer.Option(help="Table stock of the places that change.")] = None,
    tariff: Annotated[
        list[Path] | None,
        typer.Option(help="Folder or files of services, zones, rates, surcharges; may be repeated."),
    ] = None,
    capacity: Annotated[
        list[str] | None, typer.Option(help="WAREHOUSE=UNITS it can send, or WAREHOUSE=none; may be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Plan a run's night again with something changed, and compare; nothing is published."""
    from engine.runs import open_run
    from engine.scenario import what_if

    run = open_run(place)
    limits = dict(_limit(text) for text in capacity or [])
    found = what_if(run, close=close or [], stock=stock, tariff=tariff, capacity=limits).compare(run)
    if as_json:
        _print_json(found.as_dict())
    else:
        typer.echo(str(found))


def _limit(text: str) -> tuple[str, int | None]:
    warehouse, _, units = text.rpartition("=")
    if not warehouse or not (units == "none" or (units.isascii() and units.isdigit())):
        raise UsageError(f"--capacity {text!r} is not WAREHOUSE=UNITS, such as LYON=1200 or LYON=none.")
    return warehouse, None if units == "none" else int(units)


@orders_app.command("list")
def list_orders(
    directory: Workspace = Path(),
    *,
    state: Annotated[
        str | None, typer.Option(help="Only orders in this state: planned, short, waiting, held, cancelled, new.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the orders of the book with their state."""
    from engine.orders import list_orders as listed
    from engine.terminal import frame_table

    frame = listed(directory, state)
    if as_json:
        _print_json(frame.to_dicts())
    else:
        typer.echo(frame_table(frame))


@orders_app.command("show")
def show_order(
    directory: Workspace, order: Annotated[str, typer.Argument(help="The order.")], *, as_json: Json = False
) -> None:
    """Show an order: its lines, its history and what a planner decided."""
    from engine.orders import show_order as shown
    from engine.terminal import order_text

    details = shown(directory, order)
    if as_json:
        _print_json(details)
    else:
        typer.echo(order_text(details))


def _act(directory: Path, order: str, action: str, note: str | None) -> None:
    from engine.orders import act_on_order

    act_on_order(directory, order, action, note)
    typer.echo(f"{order}: {action}, from the next run on.", err=True)


_Order = Annotated[str, typer.Argument(help="The order.")]
_Note = Annotated[str | None, typer.Option(help="Why.")]


@orders_app.command()
def hold(directory: Workspace, order: _Order, *, note: _Note = None) -> None:
    """Hold an order back."""
    _act(directory, order, "hold", note)


@orders_app.command()
def release(directory: Workspace, order: _Order, *, note: _Note = None) -> None:
    """Release an order that a planner, its payment or a suspected duplicate holds."""
    _act(directory, order, "release", note)


@orders_app.command()
def cancel(directory: Workspace, order: _Order, *, note: _Note = None) -> None:
    """Cancel an order."""
    _act(directory, order, "cancel", note)


def _instant(text: str | None) -> datetime | None:
    from engine.config import plausible_night

    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--as-of {text!r} is not a time like 2026-11-22T22:00:00Z.") from error
    try:
        return plausible_night(found if found.tzinfo else found.replace(tzinfo=UTC))
    except ValueError as error:
        raise UsageError(f"--as-of {error}.") from error


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, default=str, ensure_ascii=False))


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    raise Interrupted(number)


def _keep_output_to_ourselves() -> None:
    """Give native libraries an output that nobody reads: a solver prints lines of its own, which would break --json."""
    given = sys.__stdout__
    if given is None or sys.stdout is not given:
        return
    given.flush()
    ours = os.fdopen(os.dup(given.fileno()), "w", encoding=given.encoding, errors=given.errors)
    ours.reconfigure(line_buffering=given.line_buffering)
    nobody = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nobody, given.fileno())
    os.close(nobody)
    sys.stdout = ours


def _use_writable_cache() -> None:
    """Keep compiled kernels between runs also where the program's own folder cannot be written."""
    here = Path(__file__).resolve().parent
    if "NUMBA_CACHE_DIR" not in os.environ and not os.access(here, os.W_OK):
        cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
        os.environ["NUMBA_CACHE_DIR"] = str(cache / "ordermill" / "numba")


def main() -> None:
    """Run the command; every end has its exit code."""
    _use_writable_cache()
    _keep_output_to_ourselves()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        code = app(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except Interrupted as error:
        _fail(str(error), 128 + error.signal_number)
    except typer.Abort:
        _fail("stopped; nothing was published.", 130)
    except OrdermillError as error:
        _fail(str(error), error.exit_code)
    except typer.TyperException as error:
        _fail(f"{error.format_message()} See: ordermill --help", UsageError.exit_code)
    except OSError as error:
        _fail(_told(error), 1)


def _told(error: OSError) -> str:
    """Say what the operating system refused, where, and what to do."""
    what = f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
    remedy = {
        errno.ENOSPC: "Make room on that disk, then try again; what was published before stays whole.",
        errno.EDQUOT: "Make room on that disk, then try again; what was published before stays whole.",
        errno.ENOENT: "Make its folder, or name another place.",
        errno.ENOTDIR: "Name a place in a folder.",
        errno.EISDIR: "That is a folder; name a file.",
        errno.EACCES: "Let this user read and write there, or name another place.",
        errno.EPERM: "Let this user read and write there, or name another place.",
        errno.EROFS: "It cannot be written to; name another place.",
    }.get(error.errno or 0)
    return f"{what}. {remedy}" if remedy else what


def _fail(message: str, code: int) -> NoReturn:
    typer.echo(f"ordermill: {message}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
