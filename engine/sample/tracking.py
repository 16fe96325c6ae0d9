"""How the sample's carriers number parcels: by true rules, from ranges that no carrier gave."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.config import Carrier
from engine.stages.tracking import tracking_number

Integers = NDArray[np.int64]

FIRST_SERIAL_TONIGHT: Final = 5_000_001
"""Past parcels are numbered below this, so that tonight's numbers are new."""
CARRIERS: Final = {
    "Postilio": Carrier(tracking="s10", prefix="LXDE", first_serial=FIRST_SERIAL_TONIGHT),
    "Nordpak": Carrier(tracking="sscc_18", prefix="4099999", first_serial=FIRST_SERIAL_TONIGHT),
    "Volante": Carrier(tracking="ups_1z", prefix="5Y5N50", first_serial=FIRST_SERIAL_TONIGHT),
}
"""The prefixes stand for service letters and posting country, GS1 company prefix and shipper number."""


def tracking_numbers(carrier: Integers, serial: Integers) -> pl.Series:
    """Give a number for each parcel.

    Parameters
    ----------
    carrier
        (parcels,) position in `CARRIERS`.
    serial
        (parcels,) serial number, unique, below `FIRST_SERIAL_TONIGHT`.
    """
    rules = list(CARRIERS.values())
    numbers = [tracking_number(rules[at], number) for at, number in zip(carrier.tolist(), serial.tolist(), strict=True)]
    return pl.Series(numbers, dtype=pl.String)


def carrier_settings(carriers: dict[str, Carrier]) -> str:
    """Give the section of `ordermill.toml` for the carriers."""
    return "\n".join(
        f'[carriers.{name}]\ntracking = "{carrier.tracking}"\nprefix = "{carrier.prefix}"\n'
        f"first_serial = {carrier.first_serial}\nis_synthetic = {str(carrier.is_synthetic).lower()}\n"
        for name, carrier in carriers.items()
    )
