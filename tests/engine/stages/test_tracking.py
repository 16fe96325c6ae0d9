"""Tracking numbers: public ones are recognised, ours are valid, unique and within the range."""

from __future__ import annotations

import pytest

from engine.config import Carrier, Settings
from engine.errors import UsageError
from engine.stages.tracking import first_serials, is_valid, tracking_number

PREFIX_OF = {
    "ups_1z": "5Y5N50",
    "usps_impb": "901234567",
    "fedex_12": "7905",
    "fedex_ground_96": "9876543",
    "s10": "CPFR",
    "sscc_18": "0614141",
    "dhl_express_10": "33",
    "dpd": "0998",
}

PUBLIC = [
    ("ups_1z", "1Z5R89390357567127"),
    ("ups_1z", "1Z410E7W0392751591"),
    ("usps_impb", "9400 1112 0108 0805 4830 16"),
    ("usps_impb", "420787459400111206206406260787"),
    ("fedex_12", "986578788855"),
    ("fedex_12", "477179081230"),
    ("fedex_ground_96", "9611020987654312345672"),
    ("s10", "RB123456785GB"),
    ("sscc_18", "00 0123 4500 0000 0027"),
    ("dhl_express_10", "3318810025"),
    ("dpd", "09 9800 0002 0033 F"),
    ("dpd", "00 81827 0998 0000 0200 33 350 276 C"),
]


@pytest.mark.parametrize(("tracking", "number"), PUBLIC)
def test_public_numbers_are_valid(tracking, number):
    assert is_valid(tracking, number)


@pytest.mark.parametrize(("tracking", "number"), PUBLIC)
def test_no_wrong_digit_before_the_check_goes_unseen(tracking, number):
    plain = number.replace(" ", "")
    at = len(plain) - (5 if tracking == "s10" else 3)
    wrong = plain[:at] + str((int(plain[at]) + 1) % 10) + plain[at + 1 :]
    assert not is_valid(tracking, wrong)


@pytest.mark.parametrize(
    ("tracking", "number"),
    [
        ("ups_1z", "2Z5R89390357567127"),
        ("ups_1z", "1Z1111111111111111"),
        ("s10", "RB123456785XX"),
        ("sscc_18", "000000000000000001"),
        ("fedex_ground_96", "9600000000000000000001"),
        ("usps_impb", "2334611306206407667222"),
        ("dhl_express_10", "33188100250"),
        ("fedex_12", ""),
        ("fedex_12", "٤٧٧١٧٩٠٨١٢٣٠"),
    ],
)
def test_what_is_not_of_the_form_is_not_valid(tracking, number):
    assert not is_valid(tracking, number)


@pytest.mark.parametrize("prefix", ["", None])
@pytest.mark.parametrize("tracking", PREFIX_OF)
def test_numbers_made_are_valid_and_unique(tracking, prefix):
    carrier = Carrier(tracking=tracking, prefix=PREFIX_OF[tracking] if prefix is None else prefix)
    numbers = [tracking_number(carrier, serial) for serial in range(2_000)]
    assert all(is_valid(tracking, number) for number in numbers)
    assert len(set(numbers)) == len(numbers)
    assert len({len(number) for number in numbers}) == 1


def test_a_number_carries_its_prefix_and_serial():
    assert tracking_number(Carrier(tracking="ups_1z", prefix="5Y5N50"), 42)[:-1] == "1Z5Y5N50030000042"
    assert tracking_number(Carrier(tracking="ups_1z", prefix="5y5n50YW"), 42)[:-1] == "1Z5Y5N50YW0000042"
    assert tracking_number(Carrier(tracking="s10", prefix="CPFR"), 12345678) == "CP123456785FR"
    assert tracking_number(Carrier(tracking="usps_impb", prefix="94001111206"), 1)[:-1] == "940011112060000000001"


@pytest.mark.parametrize(
    ("tracking", "prefix"), [("ups_1z", "5Y5"), ("s10", "LX"), ("s10", "LXXX"), ("sscc_18", "12A4"), ("dpd", "1")]
)
def test_a_prefix_of_the_wrong_form_is_refused_with_what_is_asked(tracking, prefix):
    with pytest.raises(UsageError, match=f"'{prefix}' does not suit {tracking}"):
        tracking_number(Carrier(tracking=tracking, prefix=prefix), 1)


@pytest.mark.parametrize("tracking", PREFIX_OF)
def test_a_serial_past_the_range_is_refused(tracking):
    with pytest.raises(UsageError, match="lies outside"):
        tracking_number(Carrier(tracking=tracking, prefix=PREFIX_OF[tracking]), 10**18)


def test_the_last_serial_of_a_range_is_valid():
    assert is_valid("s10", tracking_number(Carrier(tracking="s10", prefix="CPFR"), 99_999_999))


def test_carriers_that_share_a_range_follow_each_other():
    settings = Settings(
        carriers={
            "Apex": Carrier(tracking="s10", prefix="CPFR", first_serial=100),
            "Bolt": Carrier(tracking="s10", prefix="cpfr"),
            "Crow": Carrier(tracking="s10", prefix="CPDE"),
        }
    )
    first = first_serials({"Crow": 3, "Bolt": 10, "Apex": 5}, settings, {"Apex": 250, "Crow": 7})
    assert first == {"Apex": 250, "Bolt": 255, "Crow": 7}


def test_carriers_without_settings_never_share_a_number():
    settings = Settings()
    first = first_serials({"One": 4, "Other": 4}, settings, {})
    numbers = [tracking_number(settings.carrier(name), first[name] + one) for name in first for one in range(4)]
    assert len(set(numbers)) == 8


def test_a_range_used_by_another_carrier_before_is_not_used_again():
    first = first_serials({"New": 2}, Settings(), {"Old": 900})
    assert first == {"New": 900}
