from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import LockedError
from engine.locking import only_writer

HOLD = """
import sys
from pathlib import Path
from engine.locking import only_writer
with only_writer(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def holder(workspace: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(workspace)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


def test_a_second_writer_is_refused_at_once_and_told_who_writes(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        for _ in range(2):
            with pytest.raises(LockedError, match=f"process {process.pid}") as error, only_writer(tmp_path):
                pytest.fail("two writers at once")
            assert error.value.exit_code == 75
        process.kill()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_lock_of_a_killed_process_is_free(tmp_path: Path, how: signal.Signals) -> None:
    with holder(tmp_path) as process:
        process.send_signal(how)
        process.wait()
        with only_writer(tmp_path):
            assert (tmp_path / "book" / "lock").read_text(encoding="utf-8") == str(os.getpid())


def test_the_lock_is_free_after_an_error_and_for_other_workspaces(tmp_path: Path) -> None:
    with pytest.raises(KeyError), only_writer(tmp_path / "one"), only_writer(tmp_path / "two"):
        raise KeyError
    with only_writer(tmp_path / "one"), only_writer(tmp_path / "two"):
        pass
