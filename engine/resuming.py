"""Which night a run was asked for, kept until it ends, so that an interrupted one is taken up for the same night."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from engine.errors import OrdermillError, UsageError
from engine.runs.folders import DIRECTORY, STAGING

FILE_NAME: Final = "question.json"


@dataclass(frozen=True)
class Question:
    """What a run was asked for.

    Parameters
    ----------
    as_of
        The night.
    seed
        Seed of the solvers.
    """

    as_of: datetime
    seed: int


def interrupted(workspace: Path) -> Question | None:
    """Give what an interrupted run was asked for; None where none was interrupted.

    Raises
    ------
    UsageError
        When the note it left cannot be read.
    """
    path = _note(workspace)
    if not path.is_file():
        return None
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        return Question(datetime.fromisoformat(note["as_of"]), int(note["seed"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} cannot be read ({error}). Plan the night with its time: ordermill run --as-of …"
        ) from error


@contextmanager
def noted(workspace: Path, question: Question) -> Iterator[None]:
    """Keep a note of the question while it is worked on.

    It outlives the process only where that is killed or stopped by a signal; an error that has been told needs none.
    """
    path = _note(workspace)
    path.parent.mkdir(parents=True, exist_ok=True)
    note = {"as_of": question.as_of.astimezone(UTC).isoformat(), "seed": question.seed}
    path.write_text(json.dumps(note), encoding="utf-8")
    try:
        yield
    except OrdermillError:
        _remove(path)
        raise
    _remove(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    with suppress(OSError):  # a plan that failed its verification is still there, to be looked at
        path.parent.rmdir()


def _note(workspace: Path) -> Path:
    return workspace / DIRECTORY / STAGING / FILE_NAME
