"""For each callback of reclaim, the locks that it waits for and the way to each: ``--show-locks``."""

from __future__ import annotations

from collections.abc import Iterable

from gfplint.findings import CallbackLocks, Lock, Step
from gfplint.report.layout import count, printable, style, wrap
from gfplint.report.text import phrase, position


def render(callbacks: Iterable[CallbackLocks], *, width: int = 80, colour: bool = False) -> str:
    """Callbacks by context, then place; under each its locks by name; under each lock the way there."""
    entries = sorted(
        callbacks, key=lambda entry: (entry.context, entry.defined.path, entry.defined.line, entry.callback)
    )
    blocks = [_callback(entry, width, colour) for entry in entries]
    numbers = len({lock.name for entry in entries for lock, _ in entry.locks})
    verb = "it waits" if len(entries) == 1 else "they wait"
    summary = f"{count(len(entries), 'callback')} of reclaim, {count(numbers, 'lock')} {verb} for."
    blocks.append(style(summary[0].upper() + summary[1:], "bold", colour) + "\n")
    return "\n".join(blocks)


def _callback(entry: CallbackLocks, width: int, colour: bool) -> str:
    name = style(f"{printable(entry.callback)}()", "bold", colour)
    lines = [f"{position(entry.defined)}: {name}"]
    lines += _indented(f"{entry.context}, registered at {position(entry.registered)}", 2, width)
    for lock, steps in sorted(entry.locks, key=_by_name):
        text = f"waits for {lock.name} ({lock.kind}) in {lock.taken_in}() at {position(lock.taken)}"
        lines += [style(line, "cyan", colour) for line in _indented(text, 2, width)]
        for step in steps:
            if step.kind == "wait":  # said by the line above
                continue
            where = f" at {step.place.path}:{step.place.line}" if step.place else ""
            lines += _indented(f"{phrase(step)}{where}", 4, width)
    if not entry.locks:
        lines += _indented("waits for no lock that is known", 2, width)
    return "\n".join(lines) + "\n"


def _by_name(pair: tuple[Lock, tuple[Step, ...]]) -> tuple[str, str, str, int]:
    lock = pair[0]
    return lock.name, lock.kind, lock.taken.path, lock.taken.line


def _indented(text: str, indent: int, width: int) -> list[str]:
    return [" " * indent + line for line in wrap(printable(text), width - indent, hang=2)]
