"""How the cost of a cold run grows with files, callbacks and locks, on a synthetic kernel that doubles.

    python -m bench.growth [--svg docs/growth.svg] [--rounds 3]

The kernel is testdata's, with drivers made by :func:`driver` in the place of its own. Three things grow, each
with the others kept: files, callbacks of reclaim, locks that such callbacks wait for. The cost is CPU time of
one process without a cache. The exponent p is that of ``a + b * n**p`` where it fits best, relative to the
costs: 1 is linear.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.measure import run

_KERNEL = Path(__file__).resolve().parent.parent / "testdata" / "kernel"
_TIMES = (1, 2, 4, 8, 16)
_FILES = 1024
"""Files where something else grows."""
_FOLDER = 16
"""Files in one folder."""
_FILLERS = 12
"""Functions in each file that have nothing to do with locks."""


def driver(number: int, locks: int, callback: bool) -> str:
    """A driver with so many locks, under each of which it allocates; with a shrinker that takes them all, or
    without.
    """
    me = f"gen{number}"
    text = [
        "".join(f"#include <linux/{each}.h>\n" for each in ("list", "mutex", "shrinker", "slab")),
        f"struct {me} {{",
        *(f"\tstruct mutex {me}_lock{lock};" for lock in range(locks)),
        "\tstruct list_head unused;\n\tunsigned long nr_unused;\n\tstruct shrinker *shrinker;\n};\n",
    ]
    for filler in range(_FILLERS):
        text.append(
            f"static int {me}_filler{filler}(struct {me} *g, int n)\n{{\n\tint i, sum = 0;\n\n"
            "\tfor (i = 0; i < n; i++) {\n\t\tif (g->nr_unused > i)\n\t\t\tsum += i;\n"
            f"\t\telse if (sum > n)\n\t\t\tbreak;\n\t}}\n"
            + (f"\tsum += {me}_filler{filler - 1}(g, n - 1);\n" if filler else "")
            + "\treturn sum;\n}\n"
        )
    for lock in range(locks):
        text.append(
            f"void *{me}_insert{lock}(struct {me} *g)\n{{\n\tvoid *entry;\n\n"
            f"\tmutex_lock(&g->{me}_lock{lock});\n\tentry = kmalloc(64, GFP_KERNEL);\n"
            f"\tif (entry)\n\t\tg->nr_unused += {me}_filler{_FILLERS - 1}(g, 3);\n"
            f"\tmutex_unlock(&g->{me}_lock{lock});\n\treturn entry;\n}}\n\n"
            f"static void {me}_drop{lock}(struct {me} *g)\n{{\n\tmutex_lock(&g->{me}_lock{lock});\n"
            f"\tg->nr_unused--;\n\tmutex_unlock(&g->{me}_lock{lock});\n}}\n"
        )
    if callback:
        drops = "".join(f"\t{me}_drop{lock}(g);\n" for lock in range(locks))
        text.append(
            f"static unsigned long {me}_scan(struct shrinker *shrinker, struct shrink_control *sc)\n{{\n"
            f"\tstruct {me} *g = shrinker->private_data;\n\n{drops}\treturn 1;\n}}\n\n"
            f'int {me}_start(struct {me} *g)\n{{\n\tg->shrinker = shrinker_alloc(0, "{me}");\n'
            f"\tg->shrinker->scan_objects = {me}_scan;\n\tg->shrinker->private_data = g;\n"
            f"\tshrinker_register(g->shrinker);\n\treturn 0;\n}}\n"
        )
    return "\n".join(text)


@dataclass(slots=True)
class Series:
    """What grows from ``least`` on, how a file of so many is made, and what was measured."""

    name: str
    least: int
    files: Callable[[int], int]
    make: Callable[[int, int], str]
    """(number of the file, size) → its text."""
    costs: dict[int, float]
    """CPU seconds by how many times ``least`` there are."""

    @property
    def exponent(self) -> float:
        """p of ``a + b * n**p``, to two digits."""
        return fit(sorted(self.costs.items()))


def series() -> list[Series]:
    """The three that are measured."""
    return [
        Series("files", 256, lambda size: size, lambda number, _: driver(number, 1, number % 16 == 0), {}),
        Series("callbacks", 64, lambda _: _FILES, lambda number, size: driver(number, 1, number < size), {}),
        Series(
            "locks",
            64,
            lambda _: _FILES,
            lambda number, size: driver(number, size // 32 if number < 32 else 1, number < 32),
            {},
        ),
    ]


def fit(points: Sequence[tuple[int, float]]) -> float:
    """The exponent with which ``a + b * n**p`` is nearest to the points, in relative terms, ``a`` >= 0."""

    def error(p: float) -> float:
        rows: list[tuple[float, float]] = [(1 / cost, size**p / cost) for size, cost in points]
        aa = sum(one * one for one, _ in rows)
        ab = sum(one * other for one, other in rows)
        bb = sum(other * other for _, other in rows)
        ya, yb = sum(one for one, _ in rows), sum(other for _, other in rows)
        determinant = aa * bb - ab * ab
        a = (ya * bb - yb * ab) / determinant if determinant else 0.0
        a = max(a, 0.0)
        b = (yb - a * ab) / bb
        return sum((a * one + b * other - 1) ** 2 for one, other in rows)

    found: float = min((number / 100 for number in range(30, 301)), key=error)
    return found


def measure(rounds: int, times: Sequence[int] = _TIMES) -> list[Series]:
    """Make and check every tree, several times over; the least cost counts: noise only adds."""
    found = series()
    with tempfile.TemporaryDirectory(prefix="gfplint-growth-") as work:
        for each in found:
            for factor in times:
                size = each.least * factor
                tree = Path(work) / f"{each.name}-{size}"
                shutil.copytree(_KERNEL, tree, ignore=shutil.ignore_patterns("drivers"))
                for number in range(each.files(size)):
                    folder = tree / "drivers" / f"gen{number // _FOLDER}"
                    folder.mkdir(parents=True, exist_ok=True)
                    (folder / f"gen{number}.c").write_text(each.make(number, size), encoding="ascii")
                command = [sys.executable, "-m", "gfplint", "--no-config", "--no-cache", "-j1", str(tree)]
                figures = [run(command) for _ in range(rounds)]
                if any(one.status != 1 for one in figures):
                    raise SystemExit(f"bench: {' '.join(command)} should have found something.")
                each.costs[factor] = min(one.cpu for one in figures)
                shutil.rmtree(tree)
    return found


def table(found: Sequence[Series]) -> str:
    """CPU seconds by size, and exponents, in Markdown."""
    times = sorted(found[0].costs)
    lines = [
        f"| growing | {' | '.join(f'{factor}×' for factor in times)} | exponent |",
        f"| --- |{' ---: |' * (len(times) + 1)}",
    ]
    for each in found:
        costs = " | ".join(f"{each.costs[factor]:.2f}" for factor in times)
        lines.append(f"| {each.name}, from {each.least} | {costs} | {each.exponent:.2f} |")
    return "\n".join(lines)


_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 640, 360, 60, 20, 130, 45
_COLOURS = ("#0072b2", "#d55e00", "#009e73")  # distinguishable for everyone (Okabe and Ito)


def plot(found: Sequence[Series]) -> str:
    """The series as an SVG picture, both axes linear from nought: what is linear looks it."""
    most = max(cost for each in found for cost in each.costs.values())
    widest = max(size for each in found for size in each.costs)
    step = next(each for each in (0.5, 1, 2, 5, 10, 20, 50, 100) if most / each <= 8)

    def x(size: float) -> float:
        return _LEFT + size / widest * (_WIDTH - _LEFT - _RIGHT)

    def y(cost: float) -> float:
        return _HEIGHT - _BOTTOM - cost / most * (_HEIGHT - _TOP - _BOTTOM)

    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        "<title>CPU time of a cold run by number of files, callbacks and locks</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
    ]
    cost = 0.0
    while cost <= most:
        parts.append(f'<path d="M{_LEFT} {y(cost):.1f}H{right}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y(cost) + 4:.1f}" text-anchor="end">{cost:g}</text>')
        cost += step
    for size in sorted({size for each in found for size in each.costs}):
        parts.append(f'<text x="{x(size):.1f}" y="{bottom + 16}" text-anchor="middle">{size}×</text>')
    parts.append(f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" fill="none" stroke="black"/>')
    parts.append(f'<text x="{_LEFT}" y="{_TOP - 6}" text-anchor="middle">CPU, s</text>')
    parts.append(
        f'<text x="{(_LEFT + right) / 2}" y="{_HEIGHT - 8}" text-anchor="middle">times as many</text>'
    )
    for each, colour in zip(found, _COLOURS, strict=True):
        points = [(x(size), y(cost)) for size, cost in sorted(each.costs.items())]
        line = " ".join(f"{across:.1f},{down:.1f}" for across, down in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{one:.1f}" cy="{two:.1f}" r="3" fill="{colour}"/>' for one, two in points]
        last = points[-1]
        parts.append(
            f'<text x="{last[0] + 8:.1f}" y="{last[1] + 4:.1f}" fill="{colour}">{each.name}: '
            f"n^{each.exponent:.2f}</text>"
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> int:
    """Measure, print the table and draw the plot."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "--rounds", type=int, default=3, help="runs of each size; the least counts (%(default)s)"
    )
    parser.add_argument("--svg", type=Path, help="also draw a plot into this file")
    options = parser.parse_args()
    found = measure(options.rounds)
    print(table(found))
    if options.svg is not None:
        options.svg.write_text(plot(found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
