"""Tests call the front end directly, on stacks as deep as the command's: see gfplint.api."""

import sys

sys.setrecursionlimit(60_000)
