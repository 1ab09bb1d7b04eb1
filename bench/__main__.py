"""Times gfplint on a kernel tree beside ripgrep's search for one name, in turn, several rounds.

    python -m bench [KERNEL_TREE] [--folder drivers/virtio] [--rounds 3]

Prints one table: the median wall time and peak memory of each command, and the ratio to ripgrep's time. Times
on a shared machine are noisy; compare ratios of one run. The tree's files should be in the page
cache, so the first round is not counted.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

_TREES = ("linux-source-6.12", "linux-source-6.1")


def main() -> int:
    """Run the rounds and print the table; 2 where there is no tree."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.split("\n", 1)[0])
    parser.add_argument("tree", nargs="?", type=Path, help="a kernel tree; default: one that the tests use")
    parser.add_argument("--folder", default="drivers/virtio", help="what to check in it (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds that are counted (%(default)s)")
    options = parser.parse_args()
    tree = options.tree or _default_tree()
    if tree is None or not (tree / "Makefile").is_file():
        print("bench: no kernel tree; name one, or set GFPLINT_TREES.", file=sys.stderr)
        return 2
    gfplint = [sys.executable, "-m", "gfplint"]
    commands = {
        "gfplint --version": [*gfplint, "--version"],
        f"gfplint {options.folder}": [*gfplint, str(tree / options.folder)],
    }
    ripgrep = shutil.which("rg")
    if ripgrep is not None:
        commands = {
            "rg (one name, whole tree)": [ripgrep, "-c", "register_oom_notifier", str(tree)],
            **commands,
        }
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for number in range(options.rounds + 1):
        for name, command in commands.items():
            figures = _run(command)
            if number:
                measured[name].append(figures)
    print(f"{'command':<32}  {'wall s':>8}  {'peak MB':>8}  {'x rg':>8}")
    base = statistics.median(wall for wall, _ in next(iter(measured.values())))
    for name, figures_of in measured.items():
        wall = statistics.median(wall for wall, _ in figures_of)
        peak = statistics.median(peak for _, peak in figures_of)
        ratio = f"{wall / base:8.1f}" if ripgrep is not None else f"{'-':>8}"
        print(f"{name:<32}  {wall:8.2f}  {peak:8.0f}  {ratio}")
    return 0


def _default_tree() -> Path | None:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.get("GFPLINT_TREES") or cache / "gfplint" / "trees")
    return next((folder / name for name in _TREES if (folder / name).is_dir()), None)


def _run(command: list[str]) -> tuple[float, float]:
    """Wall seconds, and the peak of the largest single process in MB, of one run of a command."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    return time.perf_counter() - start, usage.ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
