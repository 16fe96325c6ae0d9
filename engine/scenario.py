"""What if: the night of a published run planned again with something changed, in memory; nothing is written anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import polars as pl

from engine.code import code_digest
from engine.comparison import Comparison, compare
from engine.config import RecordedSettings
from engine.contracts import INPUTS, TABLES, Table
from engine.contracts.inputs import RATES, SERVICES, STOCK, SURCHARGES, ZONES
from engine.errors import InputError, UsageError
from engine.holds import HoldReason
from engine.inputs import Inputs
from engine.reading import SUFFIXES, RawFile, files_of, read_raw
from engine.runs import SETTINGS, Run
from engine.stages.assign import assign
from engine.stages.quote import Quotes, quote
from engine.stages.receive import receive
from engine.stages.ship import ship
from engine.summary import plan_summary
from engine.validation import check_file, reject_orphans, reject_repeats

_TARIFF: Final = (SERVICES, ZONES, RATES, SURCHARGES)
_PLACE: Final = ["warehouse_id", "sku"]
_BOOK_HOLDS: Final = tuple(
    reason.value for reason in (HoldReason.ORDER_REJECTED, HoldReason.LINE_REJECTED, HoldReason.DUPLICATE)
)
"""Holds that a run's inputs alone do not explain: the book knew them."""
_SHOWN: Final = 5


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
    tariff: Path | Sequence[Path] | Mapping[str, pl.DataFrame] | None = None,
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
    capacity = capacity or {}
    _require_same_program(run)
    inputs = run.inputs
    _require_known(inputs, [*close, *capacity])
    for warehouse_id, units in capacity.items():
        if units is not None and units < 0:
            raise UsageError(f"capacity {units} of {warehouse_id} is below 0; 0 is a warehouse that sends nothing.")
    settings = RecordedSettings.model_validate_json((run.directory / SETTINGS).read_bytes())
    zone = settings.night.timezone
    told: list[str] = []
    if tariff is not None:
        frames = read_tariff(tariff, inputs, zone)
        inputs = replace(inputs, **frames)
        told.append(f"{', '.join(frames)} replaced")
    if stock is not None:
        inputs, num_places = with_stock(inputs, stock, zone)
        told.append(f"stock of {num_places} places replaced")
    if capacity:
        inputs = replace(inputs, warehouses=_with_capacity(inputs.warehouses, capacity))
        told += [
            f"{name} sends {'without limit' if units is None else f'at most {units} units'}"
            for name, units in capacity.items()
        ]
    if close:
        inputs = _without(inputs, close)
        told.append(f"{', '.join(close)} closed")
    if not told:
        raise UsageError("nothing changes; name a warehouse to close, a stock or tariff file, or a capacity.")
    return _planned(run, inputs, settings, "what if " + "; ".join(told))


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


def _require_known(inputs: Inputs, warehouses: Sequence[str]) -> None:
    known = inputs.warehouses["warehouse_id"].to_list()
    unknown = [name for name in warehouses if name not in known]
    if unknown:
        raise UsageError(f"no warehouse is called {', '.join(unknown)}; the run has {', '.join(known)}.")


def _without(inputs: Inputs, closed: Sequence[str]) -> Inputs:
    is_open = ~pl.col("warehouse_id").is_in(closed)
    return replace(inputs, stock=inputs.stock.filter(is_open), inbound=inputs.inbound.filter(is_open))


def _with_capacity(warehouses: pl.DataFrame, capacity: Mapping[str, int | None]) -> pl.DataFrame:
    name, units = pl.col("warehouse_id"), pl.col("daily_capacity_units")
    for warehouse_id, limit in capacity.items():
        units = pl.when(name == warehouse_id).then(pl.lit(limit, pl.Int64)).otherwise(units)
    return warehouses.with_columns(units.alias("daily_capacity_units"))


def with_stock(inputs: Inputs, stock: Path | pl.DataFrame, timezone: str) -> tuple[Inputs, int]:
    """Give the night with the stock of some places replaced, and how many places those are.

    Parameters
    ----------
    inputs
        The night's tables.
    stock
        Table `stock` of the places that change; what it has no column for stays as it was, such as what earlier nights
        reserved.
    timezone
        IANA zone of times written without an offset.

    Raises
    ------
    InputError
        When the file cannot be read or a row of it is bad.
    """
    raw = _raw(stock, STOCK)
    frame = _checked([raw], STOCK, inputs.frames(), timezone)
    absent = [name for name in STOCK.schema if name not in raw.frame.columns]
    kept = frame.join(
        inputs.stock.select(*_PLACE, *absent), on=_PLACE, how="left", maintain_order="left", suffix="_was"
    )
    kept = kept.with_columns(pl.coalesce(f"{name}_was", name).alias(name) for name in absent).select(frame.columns)
    others = inputs.stock.join(kept, on=_PLACE, how="anti", maintain_order="left")
    return replace(inputs, stock=pl.concat([others, kept]).sort(_PLACE)), kept.height


def read_tariff(
    tariff: Path | Sequence[Path] | Mapping[str, pl.DataFrame], inputs: Inputs, timezone: str
) -> dict[str, pl.DataFrame]:
    """Give the tables of a tariff that change, checked in the contracts' order so that references meet their new tables.

    Parameters
    ----------
    tariff
        A folder, files, or frames by table name.
    inputs
        The night's tables, which the new ones refer to.
    timezone
        IANA zone of times written without an offset.

    Raises
    ------
    UsageError
        When a file or frame belongs to no table of the tariff.
    InputError
        When a file cannot be read or a row of it is bad.
    """
    found = _tariff_frames(tariff) if isinstance(tariff, Mapping) else _tariff_files(tariff)
    known = inputs.frames()
    changed: dict[str, pl.DataFrame] = {}
    for table in INPUTS:
        if sources := found.get(table.name):
            changed[table.name] = _checked([_raw(source, table) for source in sources], table, known, timezone)
            known[table.name] = changed[table.name]
    return changed


def _tariff_frames(frames: Mapping[str, pl.DataFrame]) -> dict[str, list[Path | pl.DataFrame]]:
    names = [table.name for table in _TARIFF]
    unknown = [name for name in frames if name not in names]
    if unknown or not frames:
        raise UsageError(f"{', '.join(unknown) or 'nothing'} is no table of the tariff; these are: {', '.join(names)}.")
    return {name: [frame] for name, frame in frames.items()}


def _tariff_files(tariff: Path | Sequence[Path]) -> dict[str, list[Path | pl.DataFrame]]:
    found: dict[str, list[Path | pl.DataFrame]] = {}
    for place in [tariff] if isinstance(tariff, Path) else tariff:
        files = {table.name: files_of(place if place.is_dir() else place.parent, table) for table in _TARIFF}
        if not place.is_dir():
            files = {name: [place] for name, paths in files.items() if place in paths}
        if not any(files.values()):
            raise UsageError(
                f"{place} is neither a table of the tariff nor a folder with one. Name files "
                f"{', '.join(table.name for table in _TARIFF)}, as .csv or .parquet."
            )
        for name, paths in files.items():
            found.setdefault(name, []).extend(paths)
    return {name: sources for name, sources in found.items() if sources}


def _raw(source: Path | pl.DataFrame, table: Table) -> RawFile:
    if isinstance(source, Path):
        if source.suffix.lower() not in SUFFIXES:
            raise UsageError(f"{source} is neither .csv nor .parquet; export table {table.name} as one of them.")
        return read_raw(source, table)
    # A frame goes through a file, so that it is read and judged exactly as one.
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{table.name}.parquet"
        source.write_parquet(path)
        return read_raw(path, table)


def _checked(files: list[RawFile], table: Table, known: dict[str, pl.DataFrame], timezone: str) -> pl.DataFrame:
    """Judge files as the load stage does, but refuse them for one bad row.

    Raises
    ------
    InputError
        When a row is bad.
    """
    good: dict[str, pl.DataFrame] = {}
    for number, raw in enumerate(files):
        checked = reject_orphans(check_file(raw, table, timezone), table, raw.source, known)
        if table.key:
            checked = reject_repeats(checked, table, raw.source, good)
        if checked.rejects.height:
            raise InputError(_complaint(checked.rejects))
        good[f"{raw.source} {number}"] = checked.frame
    frame = pl.concat(list(good.values())).select(list(TABLES[table.name].schema))
    return frame.sort(table.key) if table.key else frame


def _complaint(rejects: pl.DataFrame) -> str:
    examples = "\n".join(
        f"  {row['source']} row {row['row']}, column {row['column'] or '-'}, value {row['value']!r}: {row['reason']}"
        for row in rejects.head(_SHOWN).iter_rows(named=True)
    )
    return f"{rejects['row'].n_unique()} rows of {rejects['source'][0]} are bad; a what-if takes all rows or none.\n{examples}"
