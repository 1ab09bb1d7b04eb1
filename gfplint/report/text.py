"""The report for people: findings with both threads side by side, as wide as the terminal (80 in a pipe).

A finding starts with ``path:line:column: RULE: message``, so that editors and grep find it; everything else
is indented. Only ASCII is added to what the finding itself says, because kernel developers' pipes and mails
are not all UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest

from gfplint.findings import Finding, Lock, Mask, Place, Report, Step, Thread
from gfplint.report import statistics as counts
from gfplint.report.layout import printable, style, wrap

SIDE_BY_SIDE = 80
"""The narrowest width at which two threads stand beside each other; below, one stands under the other."""

_MOST_OTHERS = 12
"""Further places of a finding that are listed."""

_INDENT = 2
_LABEL = 12
_GUTTER = " | "

_TELLING = re.compile(r"(?<![A-Za-z0-9_])GFP_|gfp_mask\(|__GFP_(DIRECT_RECLAIM|RECLAIM|WAIT)\b")
"""In a mask as written: what says whether it reclaims."""

_Line = tuple[str, str]
"""Text and the name of its style ("" for none): widths are counted on the text alone."""


def render(
    report: Report,
    *,
    width: int = 80,
    colour: bool = False,
    verbose: bool = False,
    with_statistics: bool = False,
) -> str:
    """The whole report.

    Findings that call for action by place, comments for gfplint that are wrong, on request what couldn't be
    analysed and the counts, then the summary.
    """
    blocks = [render_finding(finding, width=width, colour=colour) for finding in ordered(report.active)]
    blocks.append("".join(f"{line}\n" for line in counts.listing(counts.comments(report.notes))))
    if verbose and report.notes:
        blocks.append("".join(f"{line}\n" for line in counts.listing(counts.unanalysed(report.notes))))
    if with_statistics:
        blocks.append("".join(f"{line}\n" for line in counts.statistics(report)))
    lines = counts.summary(report, width=width, listed=verbose)
    bold = style(lines[0], "bold", colour)
    blocks.append("\n".join([bold, *lines[1:]]) + "\n")
    return "\n".join(block for block in blocks if block)


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """The findings by path, line, column, rule and message: the order of every report."""
    return sorted(
        findings,
        key=lambda f: (
            f.place.path,
            f.place.line,
            f.place.column,
            f.rule,
            f.lock.name if f.lock else "",
            f.message,
        ),
    )


def render_finding(finding: Finding, *, width: int = 80, colour: bool = False) -> str:
    """One finding, ending in a newline."""
    facts = " ".join(fact if fact.endswith(".") else f"{fact}." for fact in finding.facts)
    before = {
        "lock": _lock(finding.lock) if finding.lock else [],
        "mask": mask_lines(finding.mask) if finding.mask else [],
    }
    after = {
        "deadlock" if finding.mask else "effect": [f"{way.name}: {way.why}" for way in finding.ways],
        "flags": finding.unsaved,
        "fix": finding.fixes,
        "also": _also(finding),
        "confidence": [finding.confidence.word + (f": {facts}" if facts else "")],
    }
    lines = _head(finding, width, colour)
    lines += _labelled(before, width, colour)
    if finding.threads:
        lines += ["", *_threads(finding, width, colour), ""]
    lines += _labelled(after, width, colour)
    return "\n".join(lines) + "\n"


def _also(finding: Finding) -> list[str]:
    """The other places, as many as a reader looks at: what to do about them is the same."""
    shown = [f"{position(place)}: {text}" for place, text in finding.also[:_MOST_OTHERS]]
    rest = len(finding.also) - len(shown)
    return [*shown, f"and {rest} more places (all of them with --output-format json)"] if rest else shown


def position(place: Place) -> str:
    """``path:line:column``, or ``path:line`` where the column isn't known."""
    text = f"{place.path}:{place.line}"
    return printable(f"{text}:{place.column}" if place.column else text)


def phrase(step: Step) -> str:
    """``function(): what``; the function is not named twice where the text begins with it."""
    if not step.function or step.text.startswith(f"{step.function}()"):
        return step.text
    return f"{step.function}(): {step.text}"


def _head(finding: Finding, width: int, colour: bool) -> list[str]:
    """The finding's first lines. The place is never broken, however long: editors must be able to read it."""
    where = f"{position(finding.place)}:"
    rule = f"{finding.rule}:"
    start = f"{where} {rule}"
    room = width - len(start) - 1
    words = printable(finding.message).split()
    first: list[str] = []
    while words and len(" ".join([*first, words[0]])) <= room:
        first.append(words.pop(0))
    lines = [" ".join([style(where, "bold", colour), style(rule, "red", colour), *first])]
    if words:
        indent = " " * (2 * _INDENT)
        lines += [indent + line for line in wrap(" ".join(words), width - len(indent))]
    return lines


def _labelled(parts: Mapping[str, Sequence[str]], width: int, colour: bool) -> list[str]:
    """Sentences in a column of their own, the first of a part beside its label; empty parts are left out."""
    lines = []
    for label, sentences in parts.items():
        head = style(f"{label:<{_LABEL}}", "cyan", colour)
        for sentence in sentences:
            for line in wrap(printable(sentence), width - _INDENT - _LABEL, hang=2):
                lines.append(f"{'':<{_INDENT}}{head}{line}".rstrip())
                head = " " * _LABEL
    return lines


def _lock(lock: Lock) -> list[str]:
    return [f"{lock.name} ({lock.kind})", f"taken in {lock.taken_in}() at {position(lock.taken)}"]


def mask_lines(mask: Mask) -> list[str]:
    """As written, then in words. The flags stand in between where what is written doesn't tell them.

    A variable's name doesn't, nor does ``__GFP_NOWARN``, to which a macro adds the rest.
    """
    undecided = f" (undecided: {', '.join(mask.undecided)})" if mask.undecided else ""
    flags = [f"= {' | '.join(mask.flags)}"] if mask.flags and not _TELLING.search(mask.written) else []
    return [mask.written, *flags, f"-> {mask.words}{undecided}"]


# ------------------------------------------------------------------------------------- threads


def _threads(finding: Finding, width: int, colour: bool) -> list[str]:
    """Two threads as a table where there is room, else every thread under the one before."""
    indent = " " * _INDENT
    threads, own = finding.threads, finding.place.path
    if len(threads) == 2 and width >= SIDE_BY_SIDE:
        table = _table(threads[0], threads[1], own, width - _INDENT, colour)
        return [(indent + line).rstrip() for line in table]
    lines: list[str] = []
    for number, thread in enumerate(threads, 1):
        lines += [""] if lines else []
        title = _title(thread, number if len(threads) > 1 else 0, width - _INDENT)
        lines += [indent + style(line, "bold", colour) for line in title]
        for step in thread.steps:
            cell = _cell(step, own, width - 2 * _INDENT)
            lines += [2 * indent + style(text, name, colour) for text, name in cell]
    return lines


def _table(left: Thread, right: Thread, own: str, width: int, colour: bool) -> list[str]:
    """Both threads, step beside step. Their last steps, the two waits, share the last row."""
    column = (width - len(_GUTTER)) // 2
    titles = [
        [(line, "bold") for line in _title(thread, number, column)]
        for number, thread in ((1, left), (2, right))
    ]
    rule = [("-" * column, "")]
    rows = [(titles[0], titles[1]), (rule, rule)]
    rows += zip(_cells(left, right, own, column), _cells(right, left, own, column), strict=True)
    return [
        style(f"{a:<{column}}", a_style, colour) + _GUTTER + style(b, b_style, colour)
        for cell, other in rows
        for (a, a_style), (b, b_style) in zip_longest(cell, other, fillvalue=("", ""))
    ]


def _cells(thread: Thread, other: Thread, own: str, column: int) -> list[list[_Line]]:
    """The cells of one column, filled up with empty ones before the last where the other thread is longer."""
    cells = [_cell(step, own, column) for step in thread.steps]
    missing = max(len(other.steps) - len(cells), 0)
    return [*cells[:-1], *[[] for _ in range(missing)], *cells[-1:]]


def _cell(step: Step, own: str, width: int) -> list[_Line]:
    """``function(): what`` and, indented below, where."""
    lines: list[_Line] = [(line, "") for line in wrap(printable(phrase(step)), width, hang=2)]
    if step.place is not None:
        where = _where(step.place, own, width - _INDENT)
        lines += [(" " * _INDENT + line, "dim") for line in where]
    return lines


def _where(place: Place, own: str, width: int) -> list[str]:
    """``path:line`` in one line where possible, because what is broken can't be searched for.

    Of the finding's own file, which its first line names in full, the last part is enough; another path is
    broken behind a slash.
    """
    where = printable(f"{place.path}:{place.line}")
    short = where.rpartition("/")[2]
    if len(where) <= width:
        return [where]
    if place.path == own and len(short) <= width:
        return [short]
    lines, line = [], ""
    for part in re.findall(r"[^/]*/|[^/]+$", where):
        if line and len(line) + len(part) > width:
            lines.append(line)
            line = ""
        line += part
    return [piece for each in [*lines, line] for piece in wrap(each, width)]


def thread_title(thread: Thread, number: int) -> str:
    """``thread 2: a thread that runs out of memory``; with 0, of the only thread, what stands behind that."""
    if thread.title.lower().startswith("thread"):
        return thread.title
    if not number:
        return thread.title or "thread"
    return f"thread {number}: {thread.title}" if thread.title else f"thread {number}"


def _title(thread: Thread, number: int, width: int) -> list[str]:
    return wrap(printable(thread_title(thread, number)), width, hang=2)
