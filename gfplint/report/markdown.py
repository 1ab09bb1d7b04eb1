"""Markdown for a terminal: paragraphs, lists and tables laid out anew in the width there is, code left alone.

Enough of Markdown for the help of rules, which this project writes itself: headings, paragraphs, lists,
tables with pipes, fenced and indented code. Backquotes stay, because they are what code in prose looks like;
stars of emphasis go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

from gfplint.report.layout import style, wrap

_HEADING = re.compile(r"(#{1,6}) +(.*?) *#*$")
_ITEM = re.compile(r"( *)([*+-]|\d+[.)]) +")
_EMPHASIS = re.compile(r"(`[^`]*`)|(?<![\w*])(\*{1,2})(?=\S)([^*`]+?)(?<=\S)\2(?![\w*])")
_TABLE_RULE = re.compile(r"\|?[\s:|-]*-[\s:|-]*\|?$")


def layout(text: str, *, width: int = 80, colour: bool = False) -> str:
    """The text in lines of at most `width` characters, except for code, which is never broken."""
    lines: list[str] = []
    for block in _blocks(text.splitlines()):
        heading = _HEADING.match(block[0])
        if heading:
            lines.append(style(heading[2], "bold", colour) if colour else _heading(heading[2]))
        elif _is_code(block[0]) or block[0].startswith("    "):
            lines += [line for line in block if not _is_code(line)]
        elif block[0].lstrip().startswith("|"):
            lines += _table(block, width, colour)
        else:
            item = _ITEM.match(block[0])
            indent, hang = (len(item[1]), len(item[0])) if item else (0, 0)
            wrapped = wrap(_plain(" ".join(block)), width - indent, hang=hang - indent)
            lines += [" " * indent + line for line in wrapped]
    return "\n".join(lines).strip("\n") + "\n"


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """Lines that belong together; an empty one is a block of its own, so that space between blocks stays."""
    block: list[str] = []
    in_code = False
    for line in lines:
        if in_code:
            block.append(line)
            if _is_code(line):
                yield block
                block, in_code = [], False
            continue
        row = line.lstrip().startswith("|")
        starts = _is_code(line) or bool(_HEADING.match(line)) or bool(_ITEM.match(line))
        if block and (starts or not line.strip() or row != block[0].lstrip().startswith("|")):
            yield block
            block = []
        if not line.strip():
            yield [""]
        elif _HEADING.match(line):
            yield [line]
        else:
            block.append(line)
            in_code = _is_code(line)
    if block:
        yield block


def _is_code(line: str) -> bool:
    return line.lstrip().startswith("```")


def _plain(text: str) -> str:
    """The text without the stars of emphasis; what stands between backquotes is left alone."""
    return _EMPHASIS.sub(lambda match: match[1] or match[3], text)


def _heading(text: str) -> str:
    """As manual pages have it; a heading with code in it keeps its letters, since C tells them apart."""
    return text if "`" in text else text.upper()


def _table(rows: list[str], width: int, colour: bool) -> list[str]:
    """Columns as wide as their contents where that fits, else all shrunk alike; cells wrap."""
    cells = [_cells(row) for row in rows if not _TABLE_RULE.match(row.strip())]
    columns = max((len(row) for row in cells), default=0)
    if not columns:
        return rows
    wanted = [max(len(row[i]) if i < len(row) else 0 for row in cells) for i in range(columns)]
    room = max(width - 3 * (columns - 1), 8 * columns)
    widths = _shares(wanted, room)
    lines: list[str] = []
    for number, row in enumerate(cells):
        wrapped = [wrap(cell, size) for cell, size in zip(_padded(row, columns), widths, strict=True)]
        for parts in zip_longest(*wrapped, fillvalue=""):
            line = " | ".join(f"{part:<{size}}" for part, size in zip(parts, widths, strict=True)).rstrip()
            lines.append(style(line, "bold", colour and number == 0))
        if number == 0:
            lines.append("-+-".join("-" * size for size in widths))
    return lines


def _cells(row: str) -> list[str]:
    return [
        _plain(cell.strip().replace("\\|", "|")) for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))
    ]


def _padded(row: list[str], columns: int) -> list[str]:
    return [*row, *[""] * (columns - len(row))]


def _shares(wanted: list[int], room: int) -> list[int]:
    """Widths that add up to at most `room`: narrow columns get what they want, the others share the rest."""
    widths = [0] * len(wanted)
    left = sorted(range(len(wanted)), key=lambda i: wanted[i])
    while left:
        share = room // len(left)
        column = left.pop(0)
        widths[column] = max(min(wanted[column], share), 1)
        room -= widths[column]
    return widths
