"""One family of errors. Each carries the exit code the command ends with and tells its reader what to do."""

from __future__ import annotations

from typing import ClassVar


class OrdermillError(Exception):
    """What the command shows without a traceback: what was wrong, where, and the remedy."""

    exit_code: ClassVar[int] = 1


class UsageError(OrdermillError):
    """The call or the configuration is off."""

    exit_code = 2


class InputError(OrdermillError):
    """The input as a whole cannot be used: a table or column is missing, or too many rows are bad."""

    exit_code = 3


class NoPlanError(OrdermillError):
    """No feasible plan exists for the night."""

    exit_code = 4


class VerificationError(OrdermillError):
    """The independent checker found a plan that breaks an invariant. Nothing was published."""

    exit_code = 6


class LockedError(OrdermillError):
    """Another run holds the workspace."""

    exit_code = 75


class Interrupted(BaseException):
    """A signal stopped the run.

    Not an `Exception`: whatever code is under way must not take it for a failure of its own and go on.

    Parameters
    ----------
    signal_number
        The signal.
    outcome
        What had become of the run by then.
    """

    def __init__(
        self, signal_number: int, outcome: str = "nothing was published. Take the night up with: ordermill run --resume"
    ) -> None:
        super().__init__(f"stopped by signal {signal_number}; {outcome}")
        self.signal_number = signal_number
