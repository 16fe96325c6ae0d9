"""Check digits of every carrier, and numbers that are unique for ever."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from engine.verify import verify_unique_for_ever
from engine.verify.check_digits import is_valid

VALID = {
    "ups_1z": ["1Z5R89390357567127", "1Z879E930346834440"],
    "usps_impb": ["9400111201080805483016", "92748931507708513018050063", "420221539400111201080805483016"],
    "fedex_12": ["986578788855", "974367662710"],
    "fedex_ground_96": ["9611020987654312345672"],
    "s10": ["RB123456785GB"],
    "sscc_18": ["000123450000000027", "00000123450000000027"],
    "dhl_express_10": ["3318810025", "8487135506"],
    "dpd": ["008182709980000020033350276C", "008182709980000020045327276N"],
}


@pytest.mark.parametrize("rule", VALID)
def test_valid_numbers_of_each_carrier_are_accepted(rule: str) -> None:
    assert all(is_valid(number, rule) for number in VALID[rule])


@pytest.mark.parametrize("rule", VALID)
def test_every_other_check_digit_is_refused(rule: str) -> None:
    at = 10 if rule == "s10" else -1
    for number in VALID[rule]:
        right = number[at]
        for digit in "0123456789":
            changed = list(number)
            changed[at] = digit
            assert is_valid("".join(changed), rule) == (digit == right)


@pytest.mark.parametrize("rule", VALID)
@pytest.mark.parametrize("number", ["", "1", "1Z", "x" * 22, "9" * 40, "\uff11" * 10])
def test_other_shapes_are_refused(rule: str, number: str) -> None:
    assert not is_valid(number, rule)


def test_post_of_an_unknown_country_is_refused() -> None:
    assert not is_valid("RB123456785XX", "s10")


def test_numbers_of_different_nights_are_compared(run_files, tmp_path: Path) -> None:
    first = run_files.write(tmp_path / "first")
    run_files.set("shipments", pl.lit(value=True), tracking_number=pl.concat_str(pl.lit("N"), "tracking_number"))
    other = run_files.write(tmp_path / "other")
    run_files.set("shipments", pl.col("shipment_id") == "O3-1", tracking_number="1Z5R89390357567127")
    third = run_files.write(tmp_path / "third")
    assert verify_unique_for_ever([first, other]).is_ok
    report = verify_unique_for_ever([first, third])
    assert not report.is_ok
    assert "1Z5R89390357567127" in report.render()
    assert not verify_unique_for_ever([first, tmp_path]).is_ok
