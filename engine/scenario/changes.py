"""Changes to a night: warehouses closed, stock and tariff replaced, capacities set; a bad row refuses the whole change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import polars as pl

from engine.contracts import INPUTS, TABLES, Table
from engine.contracts.goods import STOCK
from engine.contracts.tariff import RATES, SERVICES, SURCHARGES, ZONES
from engine.errors import InputError, UsageError
from engine.inputs import Inputs
from engine.reading.files import SUFFIXES, RawFile, files_of, read_raw
from engine.reading.validation import check_file, reject_orphans, reject_repeats

Tariff = Path | Sequence[Path] | Mapping[str, pl.DataFrame]
_TARIFF: Final = (SERVICES, ZONES, RATES, SURCHARGES)
_PLACE: Final = ["warehouse_id", "sku"]
_SHOWN: Final = 5


def changed_night(
    inputs: Inputs,
    timezone: str,
    *,
    close: Sequence[str],
    stock: Path | pl.DataFrame | None,
    tariff: Tariff | None,
    capacity: Mapping[str, int | None],
) -> tuple[Inputs, str]:
    """Give a night's tables with something changed, and the changes in words.

    Parameters
    ----------
    inputs
        The night's tables.
    timezone
        IANA zone of times written without an offset.
    close, stock, tariff, capacity
        As in `what_if`.

    Raises
    ------
    UsageError
        When nothing changes, a warehouse is unknown, a capacity is negative, or a file belongs to no table.
    InputError
        When a file cannot be read or a row of it is bad.
    """
    _require_known(inputs, [*close, *capacity])
    _require_capacities(capacity)
    told: list[str] = []
    if tariff is not None:
        frames = read_tariff(tariff, inputs, timezone)
        inputs = replace(inputs, **frames)
        told.append(f"{', '.join(frames)} replaced")
    if stock is not None:
        inputs, num_places = with_stock(inputs, stock, timezone)
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
    return inputs, "; ".join(told)


def _require_known(inputs: Inputs, warehouses: Sequence[str]) -> None:
    known = inputs.warehouses["warehouse_id"].to_list()
    unknown = [name for name in warehouses if name not in known]
    if unknown:
        raise UsageError(f"no warehouse is called {', '.join(unknown)}; the run has {', '.join(known)}.")


def _require_capacities(capacity: Mapping[str, int | None]) -> None:
    for warehouse_id, units in capacity.items():
        if units is not None and units < 0:
            raise UsageError(f"capacity {units} of {warehouse_id} is below 0; 0 is a warehouse that sends nothing.")


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


def read_tariff(tariff: Tariff, inputs: Inputs, timezone: str) -> dict[str, pl.DataFrame]:
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
