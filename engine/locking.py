"""One writer at a time: a lock that the operating system releases even when its holder is killed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import LockedError


@contextmanager
def only_writer(workspace: Path) -> Iterator[None]:
    """Hold the workspace for writing.

    Raises
    ------
    LockedError
        At once, when another process holds it.
    """
    path = workspace / "book" / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            handle.seek(0)
            holder = handle.read().strip() or "unknown"
            raise LockedError(
                f"another run holds {workspace} (process {holder}). Wait for it to end, then run again."
            ) from error
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield
