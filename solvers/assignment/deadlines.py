"""The point in time at which a solve is to end."""

from __future__ import annotations

import time


def has_passed(deadline: float | None) -> bool:
    """Tell whether a deadline lies behind.

    Parameters
    ----------
    deadline
        In `time.monotonic()`; None: never.
    """
    return deadline is not None and time.monotonic() > deadline
