"""Tracking numbers of past parcels, with true check digits, from ranges that no carrier gave."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

Integers = NDArray[np.int64]

FORMATS: Final = {"Postilio": "s10", "Nordpak": "sscc_18", "Volante": "ups_1z"}
PREFIXES: Final = {"Postilio": "LXDE", "Nordpak": "4099999", "Volante": "5Y5N50"}
"""What the carrier would have given: service letters and posting country, GS1 company prefix, shipper number."""
FIRST_SERIAL_TONIGHT: Final = 5_000_001
"""Past parcels are numbered below this, so that tonight's numbers are new."""
S10_WEIGHTS: Final = (8, 6, 4, 2, 3, 5, 9, 7)


def tracking_numbers(carrier: Integers, serial: Integers) -> pl.Series:
    """Give a number for each parcel.

    Parameters
    ----------
    carrier
        (parcels,) position in `FORMATS`.
    serial
        (parcels,) serial number, unique, below `FIRST_SERIAL_TONIGHT`.
    """
    makers = (_s10, _sscc_18, _ups_1z)
    numbers = [maker(serial, prefix) for maker, prefix in zip(makers, PREFIXES.values(), strict=True)]
    frame = pl.DataFrame({"carrier": carrier, "0": numbers[0], "1": numbers[1], "2": numbers[2]})
    by_carrier = pl.when(pl.col("carrier") == 0).then("0").when(pl.col("carrier") == 1).then("1").otherwise("2")
    return frame.select(by_carrier.alias("tracking_number")).to_series()


def _digits(values: Integers, width: int) -> Integers:
    """Give the decimal digits of each value, shape (values, width), the first digit first."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return np.asarray(values[:, None] // powers % 10)


def _text(values: Integers, width: int) -> pl.Series:
    return pl.Series(values, dtype=pl.Int64).cast(pl.String).str.zfill(width)


def _s10(serial: Integers, prefix: str) -> pl.Series:
    remainder = 11 - _digits(serial, 8) @ np.array(S10_WEIGHTS) % 11
    check = np.where(remainder == 10, 0, np.where(remainder == 11, 5, remainder))
    return prefix[:2] + _text(serial, 8) + _text(check, 1) + prefix[2:]


def _sscc_18(serial: Integers, prefix: str) -> pl.Series:
    body = np.int64(int(f"3{prefix}") * 10**9) + serial
    weights = np.where(np.arange(17) % 2 == 0, 3, 1)
    check = -(_digits(body, 17) @ weights) % 10
    return _text(body, 17) + _text(check, 1)


def _ups_1z(serial: Integers, prefix: str) -> pl.Series:
    service = "03"
    head = [int(c) if c.isdigit() else (ord(c) - 3) % 10 for c in prefix + service]
    digits = np.concatenate([np.tile(head, (serial.size, 1)), _digits(serial, 7)], axis=1)
    check = -(digits @ np.where(np.arange(15) % 2 == 1, 2, 1)) % 10
    return "1Z" + prefix + service + _text(serial, 7) + _text(check, 1)
