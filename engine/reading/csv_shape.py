"""What a CSV file looks like: whether a columnar reader would split it exactly as one that goes character by character."""

from __future__ import annotations

import csv
from typing import Final

import numpy as np
import numpy.typing as npt

_QUOTE: Final = ord('"')
_LINE_END: Final = ord("\n")
_RETURN: Final = ord("\r")


def is_utf8(content: bytes) -> bool:
    """Tell whether bytes are UTF-8 text."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def has_plain_lines(content: bytes) -> bool:
    """Tell whether every line is text, ends in a line end, and none is blank."""
    return (
        content.endswith(b"\n")
        and b"\n\n" not in content
        and b"\n\r\n" not in content
        and b"\r" not in content.replace(b"\r\n", b"\n")
        and is_utf8(content)
    )


def is_regular(content: bytes, delimiter: str) -> bool:
    """Tell whether every line has as many values as the first one, without any quotation mark.

    Parameters
    ----------
    content
        The file, with plain lines.
    delimiter
        What stands between values.
    """
    if b'"' in content:
        return False
    mark = delimiter.encode()
    wanted = content.split(b"\n", 1)[0].count(mark)
    return content.count(mark) == wanted * content.count(b"\n") and all(
        line.count(mark) <= wanted for line in content.split(b"\n")
    )


def is_regularly_quoted(content: bytes, delimiter: str) -> bool:
    """Tell whether quotation marks enclose whole values, each within its line, and every line has as many values as the first.

    A mark within a value is written twice. Values too long for the slower reader are left to it, since it refuses them.

    Parameters
    ----------
    content
        The file, with plain lines.
    delimiter
        What stands between values.
    """
    data = np.frombuffer(content, np.uint8)
    is_mark = data == _QUOTE
    is_inside = np.bitwise_xor.accumulate(is_mark.view(np.uint8)).view(np.bool_)
    ends = np.flatnonzero(data == _LINE_END)
    starts = np.concatenate(([0], ends[:-1] + 1))
    if is_inside[ends].any() or int((ends - starts).max()) > csv.field_size_limit():
        return False
    between = ord(delimiter)
    values = np.add.reduceat((data == between) & ~is_inside, starts, dtype=np.int64)
    return bool((values == values[0]).all()) and _encloses_values(data, is_mark, is_inside, between)


def _encloses_values(
    data: npt.NDArray[np.uint8], is_mark: npt.NDArray[np.bool_], is_inside: npt.NDArray[np.bool_], between: int
) -> bool:
    """Tell whether what opens follows a delimiter or a line, and what closes precedes one; or the two are one mark doubled."""
    marks = np.flatnonzero(is_mark)
    opening, closing = marks[is_inside[marks]], marks[~is_inside[marks]]
    before = data[opening[opening > 0] - 1]
    after = data[closing + 1]  # the file ends in a line end
    begins = (before == between) | (before == _LINE_END) | (before == _QUOTE)
    ends = (after == between) | (after == _LINE_END) | (after == _RETURN) | (after == _QUOTE)
    return bool(begins.all() and ends.all())
