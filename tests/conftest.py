"""Tests call the front end directly, on stacks as deep as the command's: see gfplint.api."""

import atexit
import os
import shutil
import sys
import tempfile

# What the developer's own runs have kept is neither used nor touched.
_cache = tempfile.mkdtemp(prefix="gfplint-tests-")
atexit.register(shutil.rmtree, _cache, ignore_errors=True)
os.environ["GFPLINT_CACHE_DIR"] = _cache
sys.setrecursionlimit(60_000)
