"""Invariant 4, second part: what the carrier charges, from its own tables."""

from __future__ import annotations

from typing import Final

import polars as pl

from engine.verify.checks import Check, must, named, none_of

_PARCEL_DAY: Final = ["service_id", "dispatch_date"]


def with_zones(parcels: pl.DataFrame, zones: pl.DataFrame) -> pl.DataFrame:
    """Add `expected_zone` and `transit_days`: those of the longest prefix that the postcode begins with.

    Parameters
    ----------
    parcels
        Columns service_id, warehouse_id, ship_country, ship_postcode.
    zones
        The zones table.
    """
    lane = ["service_id", "warehouse_id"]
    wanted = parcels.select(*lane, "ship_country", "ship_postcode").unique(maintain_order=True)
    known = zones.rename({"dest_country": "ship_country", "zone": "expected_zone"})
    found = wanted.with_columns(expected_zone=pl.lit(None, pl.Int64), transit_days=pl.lit(None, pl.Int64)).clear()
    open_ = wanted
    lengths = known["dest_postcode_prefix"].str.len_chars().unique().sort(descending=True).to_list()
    for length in lengths:
        of_length = known.filter(pl.col("dest_postcode_prefix").str.len_chars() == length)
        key = [*lane, "ship_country", "dest_postcode_prefix"]
        begun = open_.filter(pl.col("ship_postcode").str.len_chars() >= length).with_columns(
            dest_postcode_prefix=pl.col("ship_postcode").str.head(length)
        )
        matched = begun.join(of_length, on=key, how="inner", maintain_order="left").select(found.columns)
        found = found.vstack(matched)
        open_ = open_.join(matched, on=wanted.columns, how="anti", maintain_order="left")
    return parcels.join(found, on=wanted.columns, how="left", maintain_order="left")


def _valid_on(table: pl.DataFrame, days: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Repeat a dated table for every day, with the rows valid then; of two versions the one that began last."""
    valid = (pl.col("valid_from") <= pl.col("dispatch_date")) & (
        pl.col("valid_to").is_null() | (pl.col("dispatch_date") <= pl.col("valid_to"))
    )
    return (
        table.join(days, how="cross", maintain_order="left_right")
        .filter(valid)
        .sort("valid_from", maintain_order=True)
        .unique(["dispatch_date", *key], keep="last", maintain_order=True)
        .drop("valid_from", "valid_to")
    )


def with_service(parcels: pl.DataFrame, services: pl.DataFrame) -> pl.DataFrame:
    """Add what the service says on the day of hand-over, and `expected_billable_g`.

    Parameters
    ----------
    parcels
        The parcels with their day of hand-over.
    services
        The services table.
    """
    days = parcels.select("dispatch_date").drop_nulls().unique(maintain_order=True)
    valid = _valid_on(services, days, ["service_id"]).select(
        *_PARCEL_DAY, "dim_divisor_cm3_per_kg", "dim_from_cm3", "weight_step_g", "max_length_mm", "max_length_plus_girth_mm",
        "hazard_classes", service_carrier="carrier", service_max_weight_g="max_weight_g", has_service=pl.lit(value=True),
    )  # fmt: skip
    edges = [pl.col(f"outer_{side}_mm") for side in ("length", "width", "height")]
    longest, total = pl.max_horizontal(edges), edges[0] + edges[1] + edges[2]
    volume = edges[0] * edges[1] * edges[2]
    divisor, step = pl.col("dim_divisor_cm3_per_kg"), pl.col("weight_step_g")
    # mm3 divided by cm3 a kilogram is grams: both thousands cancel.
    by_volume = (volume + divisor - 1) // divisor
    counts = divisor.is_not_null() & (volume > 1000 * pl.col("dim_from_cm3"))
    heavier = pl.when(counts).then(pl.max_horizontal("weight_g", by_volume)).otherwise(pl.col("weight_g"))
    return parcels.join(valid, on=_PARCEL_DAY, how="left", maintain_order="left").with_columns(
        longest_mm=longest,
        second_longest_mm=total - longest - pl.min_horizontal(edges),
        length_plus_girth_mm=longest + 2 * (total - longest),
        volume_mm3=volume,
        expected_billable_g=(heavier + step - 1) // step * step,
    )


def with_freight(parcels: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """Add `expected_freight_cents`: the first weight break of the zone that carries the weight billed.

    Parameters
    ----------
    parcels
        The parcels with `expected_zone` and `expected_billable_g`.
    rates
        The rates table.
    """
    days = parcels.select("dispatch_date").drop_nulls().unique(maintain_order=True)
    valid = _valid_on(rates, days, ["service_id", "zone", "up_to_g"])
    lane = [*_PARCEL_DAY, "zone"]
    wanted = parcels.select(*_PARCEL_DAY, zone="expected_zone", billable="expected_billable_g").drop_nulls().unique()
    priced = wanted.sort("billable", *lane).join_asof(
        valid.select(*lane, billable="up_to_g", expected_freight_cents="price_cents").sort("billable", *lane),
        on="billable", by=lane, strategy="forward", check_sortedness=False,
    )  # fmt: skip
    return parcels.join(
        priced.rename({"zone": "expected_zone", "billable": "expected_billable_g"}),
        on=[*_PARCEL_DAY, "expected_zone", "expected_billable_g"], how="left", maintain_order="left",
    )  # fmt: skip


def check_rating(parcels: pl.DataFrame) -> Check:
    """Carrier, zone, billable weight and freight are the tariff's.

    Parameters
    ----------
    parcels
        The parcels with what is expected of them.
    """
    return named(
        "prices.freight",
        *(
            must(
                parcels,
                pl.col(name) == pl.col(expected),
                f"shipment {{shipment_id}} by {{service_id}} on {{dispatch_date}}: {name} is {{{name}}}, recomputed {{{expected}}}",
            )
            for name, expected in (
                ("carrier", "service_carrier"),
                ("zone", "expected_zone"),
                ("billable_g", "expected_billable_g"),
                ("freight_cents", "expected_freight_cents"),
            )
        ),
    )


def check_services(parcels: pl.DataFrame, hazards: pl.DataFrame) -> Check:
    """Check that the service runs on that day and takes parcels of that weight, size and hazard class.

    Parameters
    ----------
    parcels
        The parcels with their service.
    hazards
        Columns shipment_id and hazard_class, for parcels with dangerous goods.
    """
    dangerous = hazards.join(parcels, on="shipment_id", how="left", maintain_order="left", suffix="_parcel")
    longest_girth = pl.col("max_length_plus_girth_mm")
    return named(
        "prices.services",
        must(
            parcels,
            pl.col("has_service"),
            "shipment {shipment_id}: service {service_id} is not offered on {dispatch_date}",
        ),
        must(
            parcels,
            pl.col("weight_g") <= pl.col("service_max_weight_g"),
            "shipment {shipment_id}: {weight_g} g by {service_id}, which takes {service_max_weight_g}",
        ),
        must(
            parcels,
            (pl.col("longest_mm") <= pl.col("max_length_mm"))
            & (longest_girth.is_null() | (pl.col("length_plus_girth_mm") <= longest_girth)),
            "shipment {shipment_id}: {longest_mm} mm long, {length_plus_girth_mm} mm with girth, by {service_id}, which takes "
            "{max_length_mm} and {max_length_plus_girth_mm}",
        ),
        must(
            dangerous,
            pl.col("hazard_classes").str.split(" ").list.contains(pl.col("hazard_class")),
            "shipment {shipment_id} holds class {hazard_class}, {service_id} takes {hazard_classes}",
        ),
    )


def applicable_surcharges(parcels: pl.DataFrame, surcharges: pl.DataFrame) -> pl.DataFrame:
    """Give every surcharge whose trigger a parcel meets, with what it costs; `is_charged` where none of its group is dearer.

    Parameters
    ----------
    parcels
        The parcels with sizes, `expected_billable_g`, `expected_zone` and `expected_freight_cents`.
    surcharges
        The surcharges table.

    Returns
    -------
    Columns shipment_id, surcharge_id, choice (what only one surcharge of is charged), expected_cents, is_charged.
    """
    days = parcels.select("dispatch_date").drop_nulls().unique(maintain_order=True)
    valid = _valid_on(surcharges, days, ["service_id", "surcharge_id"])
    values = {
        "weight_g": pl.col("weight_g"),
        "billable_g": pl.col("expected_billable_g"),
        "longest_mm": pl.col("longest_mm"),
        "second_longest_mm": pl.col("second_longest_mm"),
        "length_plus_girth_mm": pl.col("length_plus_girth_mm"),
        "zone": pl.col("expected_zone"),
    }
    # In cubic millimetres, so that 1000.5 cm3 is above a threshold of 1000.
    above = (pl.col("trigger") == "always") | (
        (pl.col("trigger") == "volume_cm3") & (pl.col("volume_mm3") > 1000 * pl.col("threshold"))
    )
    for trigger, value in values.items():
        above |= (pl.col("trigger") == trigger) & (value > pl.col("threshold"))
    met = parcels.select(
        "shipment_id", *_PARCEL_DAY, "volume_mm3", "expected_freight_cents", "weight_g", "expected_billable_g", "longest_mm",
        "second_longest_mm", "length_plus_girth_mm", "expected_zone",
    ).join(valid, on=_PARCEL_DAY, how="inner", maintain_order="left_right").filter(above)  # fmt: skip
    alone = pl.concat_str(pl.lit("surcharge "), "surcharge_id")
    met = met.with_columns(choice=pl.coalesce(pl.concat_str(pl.lit("group "), "group"), alone))
    dearest = pl.col("amount") == pl.col("amount").max().over("shipment_id", "choice", "basis")
    flat = pl.col("basis") == "flat"
    # Surcharges of a group that cost the same count once.
    flat_sum = (
        met.filter(dearest & flat)
        .unique(["shipment_id", "choice"], maintain_order=True)
        .group_by("shipment_id", maintain_order=True)
        .agg(flat_cents=pl.col("amount").sum())
    )
    met = met.with_columns(is_charged=dearest).join(flat_sum, on="shipment_id", how="left", maintain_order="left")
    base = pl.col("expected_freight_cents") + pl.col("flat_cents").fill_null(0)
    cents = pl.when(flat).then("amount").otherwise((base * pl.col("amount") + 5_000) // 10_000)
    return met.select("shipment_id", "surcharge_id", "choice", "is_charged", expected_cents=cents)


def check_surcharges(parcels: pl.DataFrame, charged: pl.DataFrame, applicable: pl.DataFrame) -> Check:
    """Every surcharge that applies is charged, of a group the dearest alone, at its price, and nothing else is.

    Parameters
    ----------
    parcels
        The parcels.
    charged
        The surcharges published.
    applicable
        The surcharges that apply.
    """
    lines = charged.join(applicable, on=["shipment_id", "surcharge_id"], how="left", maintain_order="left")
    owed = applicable.filter("is_charged").unique(["shipment_id", "choice"], maintain_order=True)
    missing = owed.join(lines, on=["shipment_id", "choice"], how="anti", maintain_order="left")
    twice = lines.group_by("shipment_id", "choice", maintain_order=True).len("times").filter(pl.col("times") > 1)
    stray = charged.join(parcels, on="shipment_id", how="anti", maintain_order="left")
    sums = parcels.join(
        charged.group_by("shipment_id").agg(itemised=pl.col("cents").sum()),
        on="shipment_id", how="left", maintain_order="left",
    ).with_columns(pl.col("itemised").fill_null(0))  # fmt: skip
    return named(
        "prices.surcharges",
        must(
            lines,
            pl.col("is_charged") & (pl.col("cents") == pl.col("expected_cents")),
            "shipment {shipment_id}: surcharge {surcharge_id} of {cents} cents, recomputed {expected_cents}, charged: {is_charged}",
        ),
        none_of(
            missing,
            "shipment {shipment_id}: surcharge {surcharge_id} of {expected_cents} cents is missing",
            owed.height,
        ),
        none_of(twice, "shipment {shipment_id}: {times} surcharges of {choice}", lines.height),
        none_of(stray, "surcharge {surcharge_id}: there is no shipment {shipment_id}", charged.height),
        must(
            sums,
            pl.col("surcharge_cents") == pl.col("itemised"),
            "shipment {shipment_id}: surcharge_cents is {surcharge_cents}, its surcharges sum to {itemised}",
        ),
    )
