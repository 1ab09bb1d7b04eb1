"""Times gfplint on a copy of a kernel tree, cold, warm and after edits, beside ripgrep and Coccinelle.

    python -m bench [KERNEL_TREE] [--folder drivers/virtio] [--rounds 3] [--whole-tree] [--svg FILE]

Commands take turns, for several rounds; the table has medians of wall and CPU time, the highest peak of a
process, and the ratio of wall times to ripgrep's search of the whole tree for one name. Times on a shared
machine are noisy: compare ratios of one run. ripgrep and Coccinelle's ``spatch`` are used where they are
installed. Then :mod:`bench.growth` says how costs grow.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench import growth
from bench.measure import Figures, run

_TREES = ("linux-source-6.12", "linux-source-6.1")
_EDITED = ("drivers/virtio/virtio_balloon.c", "mm/balloon_compaction.c")
_PATTERN = "scripts/coccinelle/locks/call_kern.cocci"


@dataclass
class Row:
    """One line of the table: a command, and what has to happen before it."""

    name: str
    command: list[str]
    before: Callable[[], None] = lambda: None
    figures: list[Figures] = field(default_factory=list)

    def run(self) -> None:
        self.before()
        self.figures.append(run(self.command))


def main() -> int:
    """Run the rounds and print the table; 2 where there is no tree."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.split("\n", 1)[0])
    parser.add_argument("tree", nargs="?", type=Path, help="a kernel tree; default: one that the tests use")
    parser.add_argument("--folder", default="drivers/virtio", help="what to check in it (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds that are counted (%(default)s)")
    parser.add_argument("--whole-tree", action="store_true", help="also check the whole tree, cold and warm")
    parser.add_argument("--svg", type=Path, help="draw how costs grow into this file")
    parser.add_argument("--no-growth", action="store_true", help="leave out how costs grow")
    options = parser.parse_args()
    tree = options.tree or _default_tree()
    if tree is None or not (tree / "Makefile").is_file():
        print("bench: no kernel tree; name one, or set GFPLINT_TREES.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="gfplint-bench-") as work:
        copy = Path(work) / "linux"
        # Files are edited, so in a copy. Links would change the time of the original's inodes.
        subprocess.run(["cp", "-a", str(tree), str(copy)], check=True)
        _compile(Path(work) / "bytecode")
        # Copying has filled the page cache.
        rows = _rows(copy, options.folder, Path(work) / "store", options.whole_tree)
        for number in range(options.rounds):
            for row in rows:
                row.run()
            print(f"bench: round {number + 1} of {options.rounds} is done", file=sys.stderr)
    print(_table(rows), flush=True)
    if not options.no_growth:
        found = growth.measure(options.rounds)
        print(f"\n{growth.table(found)}")
        if options.svg is not None:
            options.svg.write_text(growth.plot(found), encoding="utf-8")
    return 0


def _compile(folder: Path) -> None:
    """Let the commands have bytecode, as an installed gfplint has: without it, each run compiles its modules
    again, a quarter of a second.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)
    sources = Path(__file__).resolve().parent.parent / "gfplint"
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(sources)], check=True)


def _rows(tree: Path, folder: str, store: Path, whole: bool) -> list[Row]:
    gfplint = [sys.executable, "-m", "gfplint", "--no-config", "--cache-dir", str(store)]
    here = str(tree / folder)

    def cold() -> None:
        shutil.rmtree(store, ignore_errors=True)

    def edited(name: str) -> Callable[[], None]:
        def edit() -> None:
            path = tree / name
            path.write_bytes(path.read_bytes() + b"static int __used bench_%d;\n" % time.monotonic_ns())
            # Until its time of change says that it isn't about to change again.
            time.sleep(2.1)

        return edit

    rows = []
    ripgrep = shutil.which("rg")
    if ripgrep is not None:
        rows.append(Row("rg (one name, whole tree)", [ripgrep, "-c", "register_oom_notifier", str(tree)]))
    spatch = shutil.which("spatch")
    if spatch is not None and (tree / _PATTERN).is_file():
        command = [spatch, "-D", "report", "--very-quiet", "--no-includes", "--include-headers"]
        command += ["--jobs", str(os.cpu_count())]
        rows.append(
            Row(
                f"spatch call_kern.cocci {folder}",
                [*command, "--cocci-file", str(tree / _PATTERN), "--dir", here],
            )
        )
    rows.append(Row("gfplint --version", [*gfplint[:3], "--version"]))
    rows.append(Row(f"gfplint {folder}, cold", [*gfplint, here], cold))
    rows.append(Row("  nothing changed", [*gfplint, here]))
    if folder == "drivers/virtio":
        one = [*gfplint, str(tree / _EDITED[0])]
        rows += [
            Row(f"  after an edit of {Path(name).name}", [*gfplint, here], edited(name)) for name in _EDITED
        ]
        rows.append(Row("gfplint virtio_balloon.c, index kept", one))
        rows.append(Row("  nothing changed", one))
    if whole:
        rows.append(Row("gfplint ., cold", [*gfplint, str(tree)], cold))
        rows.append(Row("  nothing changed", [*gfplint, str(tree)]))
    return rows


def _table(rows: list[Row]) -> str:
    base = statistics.median(each.wall for each in rows[0].figures)
    lines = [
        f"| {'command':<40} | wall, s | CPU, s | peak of a process, MB | ratio |",
        f"| {'-' * 40} | ------: | -----: | --------------------: | ----: |",
    ]
    for row in rows:
        wall = statistics.median(each.wall for each in row.figures)
        cpu = statistics.median(each.cpu for each in row.figures)
        peak = max(each.peak for each in row.figures)
        lines.append(f"| {row.name:<40} | {wall:7.2f} | {cpu:6.2f} | {peak:21.0f} | {wall / base:5.1f} |")
    return "\n".join(lines)


def _default_tree() -> Path | None:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.get("GFPLINT_TREES") or cache / "gfplint" / "trees")
    return next((folder / name for name in _TREES if (folder / name).is_dir()), None)


if __name__ == "__main__":
    sys.exit(main())
