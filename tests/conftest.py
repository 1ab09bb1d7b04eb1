"""Tests call the front end directly, on stacks as deep as the command's: see gfplint.api."""

import os
import sys
import tempfile

# What the developer's own runs have kept is neither used nor touched.
os.environ["GFPLINT_CACHE_DIR"] = tempfile.mkdtemp(prefix="gfplint-tests-")
sys.setrecursionlimit(60_000)
