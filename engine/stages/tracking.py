"""Tracking numbers, made and checked by each carrier's rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Final

from engine.config import Carrier, Settings
from engine.errors import UsageError

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SSCC_EXTENSION_DIGIT: Final = "3"
"""Free for the owner of the company prefix to choose; it only lengthens the serial."""
_S10_WEIGHTS: Final = (8, 6, 4, 2, 3, 5, 9, 7)
_POSTS: Final = frozenset(
    re.findall(
        "[A-Z]{2}",
        "AD AE AF AG AI AL AM AN AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BM BN BO BQ BR BS BT BW BY BZ CA CD CF CG "
        "CH CI CK CL CM CN CO CR CU CV CW CY CZ DE DJ DK DM DO DZ EC EE EG ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI "
        "GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ "
        "LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI "
        "NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SK SL SM SN "
        "SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK "
        "YE YT ZA ZM ZW",
    )
)
"""Territories with a postal operator of their own (ISO 3166 alpha-2; XK is in use for Kosovo)."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """A number's fixed head, the width of its serial and its fixed tail; the check digit stands before the tail."""

    head: str
    serial_width: int
    tail: str = ""


@dataclass(frozen=True, slots=True)
class _Rule:
    """How a carrier numbers parcels.

    Parameters
    ----------
    prefix
        Pattern of what the carrier gives a shop.
    prefix_meaning
        The same in words, for an error.
    synthetic_prefix
        Stands in where a shop has none.
    layout
        From the prefix to the layout of its numbers.
    unchecked
        Characters of the head that do not count for the check digit.
    check
        From the characters that count to the check digit.
    number
        Pattern of a whole number with the groups `body`, what counts for the check digit, and `check`.
    """

    prefix: str
    prefix_meaning: str
    synthetic_prefix: str
    layout: Callable[[str], _Layout]
    unchecked: int
    check: Callable[[str], str]
    number: re.Pattern[str]


def tracking_number(carrier: Carrier, serial: int) -> str:
    """Give the number of a parcel.

    Parameters
    ----------
    carrier
        The carrier's rule and the prefix it gave the shop; without a prefix a made-up one stands in.
    serial
        The parcel's serial in the shop's range, from 0.

    Raises
    ------
    UsageError
        When the prefix is not of the carrier's form, or the serial does not fit the range.
    """
    rule = _RULES[carrier.tracking]
    prefix = carrier.prefix.strip().upper() or rule.synthetic_prefix
    if not re.fullmatch(rule.prefix, prefix):
        raise UsageError(
            f"the prefix {carrier.prefix!r} does not suit {carrier.tracking} tracking numbers: it must be "
            f"{rule.prefix_meaning}. Set it under [carriers] in ordermill.toml."
        )
    layout = rule.layout(prefix)
    if not 0 <= serial < 10**layout.serial_width:
        raise UsageError(
            f"serial {serial} lies outside the {carrier.tracking} range of prefix {prefix}, which ends at "
            f"{10**layout.serial_width - 1}. Ask the carrier for a new range and set its prefix and first_serial."
        )
    body = f"{layout.head}{serial:0{layout.serial_width}d}"
    return f"{body}{rule.check(body[rule.unchecked :])}{layout.tail}"


def is_valid(tracking: str, number: str) -> bool:
    """Tell whether a number is of the carrier's form and its check digit is right.

    Parameters
    ----------
    tracking
        Name of the rule, as in the settings of a carrier.
    number
        The number; blanks do not count.

    Raises
    ------
    KeyError
        When no rule has that name.
    """
    rule = _RULES[tracking]
    match = rule.number.fullmatch(re.sub(r"\s", "", number))
    if match is None or match["check"] != rule.check(match["body"]):
        return False
    return tracking != "s10" or match["post"] in _POSTS


def first_serials(parcels: Mapping[str, int], settings: Settings, next_serials: Mapping[str, int]) -> dict[str, int]:
    """Give where each carrier's serials begin, so that no number is ever given twice.

    Carriers with the same rule and prefix draw from one range: they follow each other in the order of their names.

    Parameters
    ----------
    parcels
        Number of parcels of each carrier tonight.
    settings
        How carriers number their parcels.
    next_serials
        The first serial of each carrier that was never used; carriers without any may be left out.
    """
    free: dict[tuple[str, str], int] = {}
    for name in sorted({*parcels, *next_serials, *settings.carriers}):
        of = settings.carrier(name)
        key = _range_of(of)
        free[key] = max(free.get(key, 0), of.first_serial, next_serials.get(name, 0))
    first: dict[str, int] = {}
    for name in sorted(parcels):
        key = _range_of(settings.carrier(name))
        first[name] = free[key]
        free[key] += parcels[name]
    return first


def _range_of(carrier: Carrier) -> tuple[str, str]:
    return carrier.tracking, carrier.prefix.strip().upper() or _RULES[carrier.tracking].synthetic_prefix


def _value(character: str) -> int:
    """Give a digit's value, and that of a letter in the numbers of UPS."""
    return int(character) if character.isdigit() else (ord(character) - 3) % 10


def _modulo_10(*weights: int) -> Callable[[str], str]:
    """Give the check that brings the weighted sum, weights repeating from the left, to a multiple of ten."""

    def check(body: str) -> str:
        total = sum(weight * _value(character) for character, weight in zip(body, cycle(weights), strict=False))
        return str(-total % 10)

    return check


def _fedex_12(body: str) -> str:
    total = sum(weight * int(digit) for digit, weight in zip(body, cycle((3, 1, 7)), strict=False))
    return str(total % 11 % 10)


def _s10(body: str) -> str:
    remainder = 11 - sum(weight * int(digit) for digit, weight in zip(body, _S10_WEIGHTS, strict=True)) % 11
    return {10: "0", 11: "5"}.get(remainder, str(remainder))


def _modulo_7(body: str) -> str:
    return str(int(body) % 7)


def _modulo_37_36(body: str) -> str:
    """Give the check character of ISO/IEC 7064 MOD 37,36."""
    product = 36
    for character in body:
        total = (product + _ALPHABET.index(character)) % 36 or 36
        product = total * 2 % 37
    return _ALPHABET[(37 - product) % 36]


def _ups_layout(prefix: str) -> _Layout:
    return _Layout(f"1Z{prefix if len(prefix) == 8 else prefix + '03'}", 7)


def _usps_layout(prefix: str) -> _Layout:
    # Nine digits for a mailer id that starts with 9, six otherwise; the application identifier says which.
    if len(prefix) in (6, 9):
        prefix = f"{'92' if len(prefix) == 9 else '93'}055{prefix}"
    return _Layout(prefix, 21 - len(prefix))


_RULES: Final[Mapping[str, _Rule]] = {
    "ups_1z": _Rule(
        "[A-Z0-9]{6}([A-Z0-9]{2})?",
        "the six characters of the shipper number, or these and the two of the service (03 where left out)",
        "000000",
        _ups_layout,
        2,
        _modulo_10(1, 2),
        re.compile("1Z(?P<body>[A-Z0-9]{15})(?P<check>[0-9])"),
    ),
    "usps_impb": _Rule(
        "(9[2-5][0-9]{3})?(9[0-9]{8}|[0-8][0-9]{5})",
        "a mailer id of nine digits from 9 or six from 0 to 8, or these after application identifier and service type",
        "900000000",
        _usps_layout,
        0,
        _modulo_10(3, 1),
        re.compile(
            "(420[0-9]{5}([0-9]{4})?)?"
            "(?P<body>(92[0-9]{3}9|93[0-9]{3}[0-8]|9[45][0-9]{4})[0-9]{15}([0-9]{4})?)(?P<check>[0-9])"
        ),
    ),
    "fedex_12": _Rule(
        "[0-9]{0,8}",
        "at most eight digits that the range begins with",
        "",
        lambda prefix: _Layout(prefix, 11 - len(prefix)),
        0,
        _fedex_12,
        re.compile("(?P<body>[0-9]{11})(?P<check>[0-9])"),
    ),
    "fedex_ground_96": _Rule(
        "([0-9]{5})?[0-9]{7}",
        "the seven digits of the shipper, or these after the two of the label and three of the service (11020)",
        "0000000",
        lambda prefix: _Layout(f"96{prefix if len(prefix) == 12 else '11020' + prefix}", 7),
        7,
        _modulo_10(1, 3),
        re.compile("96[0-9]{5}(?P<body>[0-9]{14})(?P<check>[0-9])"),
    ),
    "s10": _Rule(
        f"[A-Z]{{2}}({'|'.join(sorted(_POSTS))})",
        "the two letters of the service and the two of the posting country, such as LXDE",
        "LXDE",
        lambda prefix: _Layout(prefix[:2], 8, prefix[2:]),
        2,
        _s10,
        re.compile("[A-Z]{2}(?P<body>[0-9]{8})(?P<check>[0-9])(?P<post>[A-Z]{2})"),
    ),
    "sscc_18": _Rule(
        "[0-9]{4,12}",
        "the GS1 company prefix of four to twelve digits",
        "0000000",
        lambda prefix: _Layout(_SSCC_EXTENSION_DIGIT + prefix, 16 - len(prefix)),
        0,
        _modulo_10(3, 1),
        re.compile("(?P<body>[0-9]{17})(?P<check>[0-9])"),
    ),
    "dhl_express_10": _Rule(
        "[0-9]{0,6}",
        "at most six digits that the range begins with",
        "",
        lambda prefix: _Layout(prefix, 9 - len(prefix)),
        0,
        _modulo_7,
        re.compile("(?P<body>[0-9]{9})(?P<check>[0-9])"),
    ),
    "dpd": _Rule(
        "[0-9]{4,10}",
        "the four digits of the depot, or these and those that the range begins with",
        "0000",
        lambda prefix: _Layout(prefix, 14 - len(prefix)),
        0,
        _modulo_37_36,
        re.compile("(?P<body>([0-9A-Z]{7}[0-9]{6})?[0-9]{14})(?P<check>[0-9A-Z])"),
    ),
}
