"""Invariant 0: the files are those the manifest names, whole, unaltered and of the contracted shape."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from engine.config import RecordedSettings, Settings
from engine.contracts import INPUTS, OUTPUTS, REPORTS, TABLES
from engine.verify.checks import Check, Findings, named, told

_READERS = 2


class _Entry(BaseModel):
    """A file as the manifest describes it."""

    model_config = ConfigDict(frozen=True)
    file: str
    sha256: str
    rows: int | None = None


class _Solve(BaseModel):
    """How a solve ended, as the manifest says."""

    model_config = ConfigDict(frozen=True)
    name: str
    status: str
    stop: str
    cost: int | None = None
    bound: int | None = None


class Manifest(BaseModel):
    """What the verifier reads of manifest.json."""

    model_config = ConfigDict(frozen=True)
    run_id: str
    as_of: AwareDatetime
    inputs: dict[str, _Entry]
    outputs: dict[str, _Entry]
    settings: _Entry
    solves: tuple[_Solve, ...] = ()


class UnreadableTable(Exception):  # noqa: N818 - named for what it says
    """A check needs a table that could not be read; the file check says why."""


@dataclass(frozen=True)
class Night:
    """A run as its files tell it.

    Parameters
    ----------
    manifest
        The manifest.
    settings
        The settings of the run.
    inputs, outputs
        The tables that could be read, by name.
    """

    manifest: Manifest
    settings: Settings
    inputs: dict[str, pl.DataFrame]
    outputs: dict[str, pl.DataFrame]

    @property
    def as_of(self) -> datetime:
        """The night that was planned."""
        return self.manifest.as_of

    def table(self, name: str) -> pl.DataFrame:
        """Give a table of the run.

        Raises
        ------
        UnreadableTable
            When it could not be read.
        """
        frame = self.outputs.get(name)
        frame = self.inputs.get(name) if frame is None else frame
        if frame is None:
            raise UnreadableTable(f"table {name} could not be read; see the check named files")
        return frame


def read_night(run: Path) -> tuple[Night | None, list[Check]]:
    """Read a run directory and check every file of it.

    Parameters
    ----------
    run
        The run directory.

    Returns
    -------
    The run, None where manifest or settings cannot be read, and the checks of the files.
    """
    try:
        manifest = Manifest.model_validate_json((run / "manifest.json").read_bytes())
    except FileNotFoundError:
        return None, [_failed("files.manifest", f"{run} holds no manifest.json: it is not a published run")]
    except (OSError, ValueError) as error:
        return None, [_failed("files.manifest", f"manifest.json cannot be read: {_first_line(error)}")]
    problems: list[str] = []
    settings = _read_settings(run, manifest.settings, problems)
    tables, findings = _read_tables(run, manifest)
    listing = told([*problems, *_misplaced(run, manifest)], len(INPUTS) + len(OUTPUTS) + len(REPORTS) + 2)
    checks = [named("files.manifest", listing), named("files.content", *findings)]
    if settings is None:
        return None, checks
    inputs = {name: tables[entry.file] for name, entry in manifest.inputs.items() if entry.file in tables}
    outputs = {name: tables[entry.file] for name, entry in manifest.outputs.items() if entry.file in tables}
    return Night(manifest, settings, inputs, outputs), checks


def _failed(name: str, message: str) -> Check:
    return Check(name, 1, 1, (message,))


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _read_settings(run: Path, entry: _Entry, problems: list[str]) -> Settings | None:
    try:
        content = (run / entry.file).read_bytes()
        if hashlib.sha256(content).hexdigest() != entry.sha256:
            problems.append(f"{entry.file} was altered: its sha256 is not the manifest's")
        return RecordedSettings.model_validate_json(content)
    except (OSError, ValidationError, ValueError) as error:
        problems.append(f"{entry.file} cannot be read: {_first_line(error)}")
        return None


def _misplaced(run: Path, manifest: Manifest) -> Iterator[str]:
    """Name tables that are not listed, files that are listed twice, and Parquet files that nothing lists."""
    for kind, wanted, have in (
        ("input", INPUTS, manifest.inputs),
        ("output", (*OUTPUTS, *REPORTS), manifest.outputs),
    ):
        names = {table.name for table in wanted}
        yield from (f"{kind} table {name} is not in the manifest" for name in sorted(names - have.keys()))
        yield from (f"the manifest lists {kind} {name}, no such table is known" for name in sorted(have.keys() - names))
    files = [entry.file for entry in (*manifest.inputs.values(), *manifest.outputs.values())]
    yield from (f"{file} is listed {files.count(file)} times" for file in sorted(set(files)) if files.count(file) > 1)
    listed = {(run / file).resolve() for file in files}
    for path in sorted(run.rglob("*.parquet")):
        if path.resolve() not in listed:
            yield f"{path.relative_to(run)} is not in the manifest"
    for solve in manifest.solves:
        if solve.cost is not None and solve.bound is not None and solve.bound > solve.cost:
            yield f"solve {solve.name}: bound {solve.bound} lies above cost {solve.cost}"


def _read_tables(run: Path, manifest: Manifest) -> tuple[dict[str, pl.DataFrame], list[Findings]]:
    entries = [*manifest.inputs.items(), *manifest.outputs.items()]
    with ThreadPoolExecutor(_READERS) as pool:
        results = list(pool.map(lambda item: _read_table(run, *item), entries))
    tables = {entry.file: frame for (_, entry), (frame, _) in zip(entries, results, strict=True) if frame is not None}
    return tables, [told([] if problem is None else [problem], 1) for _, problem in results]


def _read_table(run: Path, name: str, entry: _Entry) -> tuple[pl.DataFrame | None, str | None]:
    """Give the table, or what is wrong with its file. Bytes are read once, so that what is hashed is what is read."""
    if not (run / entry.file).resolve().is_relative_to(run.resolve()):
        return None, f"{entry.file} lies outside the run directory"
    try:
        content = (run / entry.file).read_bytes()
    except OSError as error:
        return None, f"{entry.file} cannot be opened: {error.strerror}"
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        return None, f"{entry.file} was altered or cut off: its sha256 is not the manifest's ({len(content)} bytes)"
    try:
        source = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
        frame = pl.from_arrow(source.read())
    except (pa.ArrowException, OSError, ValueError, pl.exceptions.PolarsError) as error:
        return None, f"{entry.file} is not readable Parquet: {_first_line(error)}"
    assert isinstance(frame, pl.DataFrame)
    if frame.height != entry.rows:
        return None, f"{entry.file} has {frame.height} rows, the manifest says {entry.rows}"
    expected = TABLES[name].schema if name in TABLES else {}
    if dict(frame.schema) != expected or frame.columns != list(expected):
        return None, f"{entry.file} has columns {_difference(frame.schema, expected)}"
    return frame, None


def _difference(have: pl.Schema, want: dict[str, pl.DataType]) -> str:
    wrong = [
        f"{column}: {have.get(column)} instead of {dtype}"
        for column, dtype in want.items()
        if have.get(column) != dtype
    ]
    wrong += [f"{column}, which the contract does not know" for column in have if column not in want]
    return "; ".join(wrong) or "in another order than the contract"
