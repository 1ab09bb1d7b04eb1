"""The entry point of ``gfplint`` and of ``python -m gfplint``."""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command and leave with its exit status.

    An interrupt that comes while modules are still being imported ends as quietly as a later one.
    """
    try:
        from gfplint import cli, ending

        ending.soon = True
        status = cli.main()
    except KeyboardInterrupt:
        status = 130
    _leave(status)


def _leave(status: int) -> NoReturn:
    """End the process at once, without letting go of all that it has: what was to be written is written."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        sys.exit(status)
    os._exit(status)


if __name__ == "__main__":
    main()
