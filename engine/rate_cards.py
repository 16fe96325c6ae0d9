"""Services, rates and surcharges as frames, resolved for the days parcels leave, into the arrays that rating takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.inputs import Inputs
from solvers.tariff import NO_LIMIT, Basis, Tariff, Trigger

_TRIGGERS: Final = {
    "always": Trigger.ALWAYS,
    "weight_g": Trigger.WEIGHT_G,
    "billable_g": Trigger.BILLABLE_G,
    "longest_mm": Trigger.LONGEST_MM,
    "second_longest_mm": Trigger.SECOND_LONGEST_MM,
    "length_plus_girth_mm": Trigger.LENGTH_PLUS_GIRTH_MM,
    "volume_cm3": Trigger.VOLUME_CM3,
    "zone": Trigger.ZONE,
}
_BASES: Final = {"flat": Basis.FLAT, "per_cent": Basis.PER_CENT}


@dataclass(frozen=True)
class RateCards:
    """What carriers charge on the days parcels leave.

    Parameters
    ----------
    tariff
        The arrays; one service entry for each service and day.
    services
        day, service_id, service (position in the tariff), carrier, hazard_classes, surcharge_set.
    groups
        day, service_id, zone, rate_group.
    surcharge_ids
        Name of each surcharge of the tariff.
    """

    tariff: Tariff
    services: pl.DataFrame
    groups: pl.DataFrame
    surcharge_ids: list[str]


def rate_cards(inputs: Inputs, days: list[date]) -> RateCards:
    """Resolve what is valid on each of the days; of several versions the one with the latest start.

    Parameters
    ----------
    inputs
        Tables services, rates and surcharges.
    days
        Local days of dispatch, without repeats.
    """
    services = _valid(inputs.services, days, ["service_id"]).sort("day", "service_id").with_row_index("service")
    services = services.with_columns(pl.col("service").cast(pl.Int64))
    on_offer = services.select("day", "service_id", "service")
    rates = _valid(inputs.rates, days, ["service_id", "zone", "up_to_g"]).join(on_offer, on=["day", "service_id"])
    rates = rates.sort("service", "zone", "up_to_g")
    groups = (
        rates.group_by("day", "service_id", "service", "zone", maintain_order=True)
        .len("breaks")
        .with_row_index("rate_group")
    )
    surcharges = _valid(inputs.surcharges, days, ["service_id", "surcharge_id"]).join(
        on_offer, on=["day", "service_id"]
    )
    surcharges = surcharges.sort("service", "surcharge_id")
    tariff = Tariff(
        **_service_columns(services),
        rate_start=_starts(groups["breaks"].to_numpy()),
        rate_up_to_g=rates["up_to_g"].to_numpy(),
        rate_price_cents=rates["price_cents"].to_numpy(),
        zone=groups["zone"].to_numpy(),
        **_surcharge_columns(surcharges, services.height),
    )
    return RateCards(
        tariff,
        services.select(
            "day", "service_id", "service", "carrier", "hazard_classes", pl.col("service").alias("surcharge_set")
        ),
        groups.select("day", "service_id", "zone", pl.col("rate_group").cast(pl.Int64)),
        surcharges["surcharge_id"].to_list(),
    )


def _valid(frame: pl.DataFrame, days: list[date], key: list[str]) -> pl.DataFrame:
    on_days = frame.join(pl.DataFrame({"day": days}, schema={"day": pl.Date}), how="cross")
    started = pl.col("valid_from") <= pl.col("day")
    not_ended = pl.col("valid_to").is_null() | (pl.col("valid_to") >= pl.col("day"))
    return (
        on_days.filter(started & not_ended)
        .sort("valid_from")
        .unique(subset=["day", *key], keep="last", maintain_order=True)
    )


def _starts(counts: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


def _service_columns(services: pl.DataFrame) -> dict[str, npt.NDArray[np.int64]]:
    columns = {
        "dim_divisor_cm3_per_kg": pl.col("dim_divisor_cm3_per_kg").fill_null(0),
        "dim_from_cm3": pl.col("dim_from_cm3"),
        "weight_step_g": pl.col("weight_step_g"),
        "max_weight_g": pl.col("max_weight_g"),
        "max_length_mm": pl.col("max_length_mm"),
        "max_length_plus_girth_mm": pl.col("max_length_plus_girth_mm").fill_null(NO_LIMIT),
        "preference": pl.col("preference"),
    }
    return {name: services.select(column).to_series().to_numpy() for name, column in columns.items()}


def _surcharge_columns(surcharges: pl.DataFrame, num_services: int) -> dict[str, npt.NDArray[np.int64]]:
    counts = np.bincount(surcharges["service"].to_numpy(), minlength=num_services).astype(np.int64)
    group = pl.when(pl.col("group").is_not_null()).then(pl.col("group").rank("dense")).otherwise(0).cast(pl.Int64)
    columns = surcharges.select(
        surcharge_group=group,
        surcharge_basis=pl.col("basis").replace_strict({k: int(v) for k, v in _BASES.items()}, return_dtype=pl.Int64),
        surcharge_amount=pl.col("amount"),
        surcharge_trigger=pl.col("trigger").replace_strict(
            {k: int(v) for k, v in _TRIGGERS.items()}, return_dtype=pl.Int64
        ),
        surcharge_threshold=pl.col("threshold").fill_null(0),
    )
    return {"set_start": _starts(counts), **{name: columns[name].to_numpy() for name in columns.columns}}
