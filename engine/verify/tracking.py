"""Invariant 6: tracking numbers are valid, unique for ever, and say where they come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from engine.config import Settings
from engine.verify.check_digits import is_valid
from engine.verify.checks import Check, VerificationReport, must, named, none_of
from engine.verify.files import Night, read_night


def check_tracking(night: Night) -> Iterator[Check]:
    """Check the tracking number of every parcel.

    Parameters
    ----------
    night
        The run.
    """
    shipments = night.table("shipments")
    yield check_numbers(shipments, night.settings)
    yield check_unique(shipments, night.table("past_shipments"))


def check_numbers(shipments: pl.DataFrame, settings: Settings) -> Check:
    """Check digits are right, and numbers from a made-up range are marked so.

    Parameters
    ----------
    shipments
        Parcels.
    settings
        How carriers number their parcels.
    """
    carriers = {name: settings.carrier(name) for name in shipments["carrier"].unique().to_list()}
    numbered = zip(shipments["tracking_number"].to_list(), shipments["carrier"].to_list(), strict=True)
    valid = [is_valid(number, carriers[carrier].tracking) for number, carrier in numbered]
    synthetic = {name: carrier.is_synthetic for name, carrier in carriers.items()}
    told_of = shipments.select("shipment_id", "carrier", "tracking_number", "tracking_is_synthetic").with_columns(
        valid=pl.Series(valid, dtype=pl.Boolean),
        rule=pl.col("carrier").replace_strict({n: c.tracking for n, c in carriers.items()}, return_dtype=pl.String),
        synthetic=pl.col("carrier").replace_strict(synthetic, return_dtype=pl.Boolean),
    )
    return named(
        "tracking.numbers",
        must(
            told_of,
            pl.col("valid"),
            "shipment {shipment_id}: {tracking_number} is not a valid {rule} number of {carrier}",
        ),
        must(
            told_of,
            pl.col("tracking_is_synthetic") == pl.col("synthetic"),
            "shipment {shipment_id}: {tracking_number} is marked synthetic={tracking_is_synthetic}, the settings of "
            "{carrier} say {synthetic}",
        ),
    )


def check_unique(shipments: pl.DataFrame, past_shipments: pl.DataFrame) -> Check:
    """No number is used twice, tonight or before.

    Parameters
    ----------
    shipments
        Parcels of tonight.
    past_shipments
        Parcels sent before.
    """
    repeated = shipments.group_by("tracking_number", maintain_order=True).agg(
        pl.len().alias("times"), pl.col("shipment_id").first()
    )
    before = shipments.join(
        past_shipments.select("tracking_number", past_id="shipment_id"),
        on="tracking_number", how="inner", maintain_order="left",
    )  # fmt: skip
    return named(
        "tracking.unique",
        must(repeated, pl.col("times") == 1, "{tracking_number} is on {times} parcels, the first is {shipment_id}"),
        none_of(before, "shipment {shipment_id}: {tracking_number} was on parcel {past_id} before", shipments.height),
    )


def verify_unique_for_ever(runs: Sequence[Path]) -> VerificationReport:
    """Check that no tracking number is in two of the runs.

    Parameters
    ----------
    runs
        Run directories of different nights.
    """
    checks: list[Check] = []
    numbers: list[pl.DataFrame] = []
    for run in runs:
        night, file_checks = read_night(run)
        checks += [check for check in file_checks if not check.is_ok]
        if night is not None and "shipments" in night.outputs:
            shipments = night.outputs["shipments"].select("tracking_number", "shipment_id")
            numbers.append(shipments.with_columns(run=pl.lit(str(run))))
    if not numbers:
        return VerificationReport(Path(), tuple(checks))
    used = (
        pl.concat(numbers)
        .group_by("tracking_number", maintain_order=True)
        .agg(
            pl.len().alias("times"),
            pl.col("run").unique(maintain_order=True).str.join(", "),
            pl.col("shipment_id").first(),
        )
    )
    found = must(used, pl.col("times") == 1, "{tracking_number} is on {times} parcels, first {shipment_id}, in {run}")
    return VerificationReport(Path(), (*checks, named("tracking.unique_for_ever", found)))
