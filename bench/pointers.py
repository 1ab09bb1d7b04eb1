"""What calls through pointers are resolved to, folder by folder.

    python bench/pointers.py TREE FOLDER… [--kconfig FILE]

Counted are the call sites of the functions that a folder's ``.c`` files define, as ``gfplint --dump calls``
shows them: with one target, a few (2 to 4), many (5 and more, or more than are followed), with what the
function's caller passes, and with none. A call that is never reached counts, too.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.callgraph import Call, dumped

_FEW = 4
KINDS = ("by name", "pointers", "one", "few", "many", "passed", "none")


def kind(call: Call) -> str:
    """Which of ``KINDS`` a call is."""
    target = call.target
    if not call.indirect:
        return "by name"
    if target.startswith("what callers pass"):
        return "passed"
    if target.endswith("no target is known"):
        return "none"
    if target.endswith("functions are possible"):
        return "many"
    count = target.count(", ") + 1
    return "one" if count == 1 else "few" if count <= _FEW else "many"


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tree", type=Path, help="a kernel tree")
    parser.add_argument("folders", nargs="+", help="folders of it")
    parser.add_argument("--kconfig", type=Path, help="a .config")
    options = parser.parse_args()
    print(f"{'folder':28}" + "".join(f"{each:>10}" for each in KINDS))
    total: Counter[str] = Counter()
    for folder in (each.strip("/") for each in options.folders):
        base = options.tree / folder
        paths = sorted(str(path.relative_to(options.tree)) for path in base.rglob("*.c"))
        count: Counter[str] = Counter()
        for calls in dumped(options.tree, options.kconfig, paths).values():
            count.update(kind(call) for call in calls)
        count["pointers"] = sum(count.values()) - count["by name"]
        total.update(count)
        print(f"{folder:28}" + "".join(f"{count[each]:10}" for each in KINDS), flush=True)
    print(f"{'all':28}" + "".join(f"{total[each]:10}" for each in KINDS))


if __name__ == "__main__":
    main()
