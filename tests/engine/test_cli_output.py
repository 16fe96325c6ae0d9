"""What stands on standard output is ours: native libraries that print there do not break it."""

import subprocess
import sys

_COMMAND = """
import os
import engine.cli as cli

def command(standalone_mode):
    os.write(1, b"a line of a native library\\n")
    cli.typer.echo("ours")

cli.app = command
cli.main()
"""


def test_lines_of_native_libraries_do_not_reach_standard_output():
    ended = subprocess.run([sys.executable, "-c", _COMMAND], capture_output=True, text=True, check=True)
    assert ended.stdout == "ours\n"
