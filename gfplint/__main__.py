"""The entry point of ``gfplint`` and of ``python -m gfplint``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command and leave with its exit status.

    An interrupt that comes while modules are still being imported ends as quietly as a later one.
    """
    try:
        from gfplint import cli

        status = cli.main()
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


if __name__ == "__main__":
    main()
