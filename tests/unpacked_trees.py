"""Where unpacked kernel trees lie on this machine, for tests that want a real one."""

from __future__ import annotations

import os
from pathlib import Path


def unpacked_trees() -> list[Path]:
    """The trees named ``linux-source-6.1`` and ``-6.12``, of ``$GFPLINT_TREES`` or of the cache folder."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folders = [Path(os.environ["GFPLINT_TREES"])] if "GFPLINT_TREES" in os.environ else []
    folders += [cache / "gfplint" / "trees", cache / "gfplint-trees"]
    names = ("linux-source-6.1", "linux-source-6.12")
    found = {
        name: folder / name for name in names for folder in reversed(folders) if (folder / name).is_dir()
    }
    return [found[name] for name in names if name in found]
