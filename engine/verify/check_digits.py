"""Check digits of tracking numbers, by each carrier's rule.

References
----------
UPU S10; ISO/IEC 7064 (mod 37, 36); GS1 General Specifications (mod 10); the carriers' label guides.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_COUNTRIES: Final = frozenset(
    re.findall(
        "[A-Z]{2}",
        "AD AE AF AG AI AL AM AN AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ CA "
        "CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG ER ES ET FI FJ FK FM FO FR GA "
        "GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE "
        "KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS "
        "MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO "
        "RS RU RW SA SB SC SD SE SG SH SI SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TG TH TJ TL TM TN TO TR TT TV TW TZ "
        "UA UG US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW ",
    )
)
"""Territories with a post of their own: ISO 3166 alpha-2, and XK in use for Kosovo."""
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def is_valid(number: str, rule: str) -> bool:
    """Tell whether a tracking number has the shape and the check digit of its carrier.

    Parameters
    ----------
    number
        The number, without blanks.
    rule
        Name of the numbering, as in the settings.

    Raises
    ------
    KeyError
        When no such numbering is known.
    """
    return _RULES[rule](number)


def _mod_10(digits: str) -> str:
    """Weights 3, 1, 3, … from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def _ups_1z(number: str) -> bool:
    if not re.fullmatch("1Z[0-9A-Z]{15}[0-9]", number):
        return False
    values = [int(c) if c.isdigit() else (ord(c) - 3) % 10 for c in number[2:-1]]
    return number[-1] == str(-(sum(values[0::2]) + 2 * sum(values[1::2])) % 10)


def _usps_impb(number: str) -> bool:
    # A routing code of 420 and a ZIP of 5 or 9 digits may stand in front; the check digit does not cover it.
    match = re.fullmatch("(?:420[0-9]{5}(?:[0-9]{4})?)?(9[2-5](?:[0-9]{20}|[0-9]{24}))", number)
    return match is not None and match[1][-1] == _mod_10(match[1][:-1])


def _fedex_12(number: str) -> bool:
    if not re.fullmatch("[0-9]{12}", number):
        return False
    total = sum(int(digit) * (3, 1, 7)[place % 3] for place, digit in enumerate(number[:11]))
    return number[-1] == str(total % 11 % 10)


def _fedex_ground_96(number: str) -> bool:
    # Only shipper and package, the last 14 digits before it, are covered.
    return bool(re.fullmatch("96[0-9]{20}", number)) and number[-1] == _mod_10(number[7:21])


def _s10(number: str) -> bool:
    if not re.fullmatch("[A-Z]{2}[0-9]{9}[A-Z]{2}", number) or number[-2:] not in _COUNTRIES:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number[2:10], (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
    check = 11 - total % 11
    return int(number[10]) == {10: 0, 11: 5}.get(check, check)


def _sscc_18(number: str) -> bool:
    # The application identifier 00 may stand in front.
    match = re.fullmatch("(?:00)?([0-9]{18})", number)
    return match is not None and match[1][-1] == _mod_10(match[1][:-1])


def _dhl_express_10(number: str) -> bool:
    return bool(re.fullmatch("[0-9]{10}", number)) and int(number[:-1]) % 7 == int(number[-1])


def _dpd(number: str) -> bool:
    # Either the parcel number alone or the whole label: postcode, parcel number, service and country.
    if not re.fullmatch("[0-9]{14}[0-9A-Z]|[0-9A-Z]{7}[0-9]{20}[0-9A-Z]", number):
        return False
    remainder = 36
    for character in number[:-1]:
        remainder = (remainder + _ALPHABET.index(character)) % 36 or 36
        remainder = remainder * 2 % 37
    return number[-1] == _ALPHABET[(37 - remainder) % 36]


_RULES: Final[dict[str, Callable[[str], bool]]] = {
    "ups_1z": _ups_1z,
    "usps_impb": _usps_impb,
    "fedex_12": _fedex_12,
    "fedex_ground_96": _fedex_ground_96,
    "s10": _s10,
    "sscc_18": _sscc_18,
    "dhl_express_10": _dhl_express_10,
    "dpd": _dpd,
}
