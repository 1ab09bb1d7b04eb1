"""Commands in README and docs/, as a reader would copy them.

A ``console`` block has lines that start with ``$ `` (and go on behind ``> ``), each followed by what it
prints: the whole of it, where ``…`` on a line of its own stands for any lines and inside of one for anything.
A command with nothing behind it may print what it likes. Code in running text that starts with one of
gfplint's commands counts too, unless a word of it is a placeholder (``FILE``, ``DIR``).

The line before a block may say ``<!-- not run: why -->``, or ``<!-- in linux-source-6.12 -->`` for the real
tree that it is about, or ``<!-- file drivers/x.c -->`` where the block is a file that the page's commands
need.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SCRIPTS: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]

_FENCE = re.compile(
    r"^(?:<!-- (?P<mark>.*?) -->\n)?(?P<indent> *)```(?P<kind>\w*)\n(?P<body>.*?)^(?P=indent)```$",
    re.M | re.S,
)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_PLACEHOLDER = re.compile(r"(?<![\w$])[A-Z]{3,}(?![\w=])")
_LOOKS_LIKE_A_COMMAND = re.compile(r"\s*(?:\$ |(?:sudo|pip|pipx|python3?|make|git|npm|npx|gfplint[\w-]*) )")


@dataclass(frozen=True)
class Command:
    """A command of a page, the output it is shown with (None: not shown), and the real tree it is for."""

    page: Path
    line: int
    text: str
    output: str | None = None
    tree: str | None = None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@dataclass(frozen=True)
class Block:
    """A fenced block; `mark` is the comment before it."""

    page: Path
    line: int
    kind: str
    mark: str
    body: str


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page."""
    text = page.read_text("utf-8")
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start("kind")) + 1
        yield Block(page, line, match["kind"], match["mark"] or "", match["body"])


def commands(page: Path) -> Iterator[Command]:
    """The commands that a page shows and that can be run, in order."""
    for block in blocks(page):
        if block.kind == "console" and not block.mark.startswith("not run:"):
            tree = block.mark.removeprefix("in ") if block.mark.startswith("in ") else None
            yield from _of_block(block, tree)
    yield from _inline(page)


def files(page: Path) -> dict[str, str]:
    """The files that a page shows, by their path in the tree."""
    return {
        block.mark.removeprefix("file "): block.body
        for block in blocks(page)
        if block.mark.startswith("file ")
    }


def unmarked(page: Path) -> list[str]:
    """Lines that look like commands in blocks that aren't ``console`` and don't say why they can't be run."""
    return [
        f"{page.name}:{block.line}: {line.strip()}"
        for block in blocks(page)
        if block.kind in ("", "sh", "bash", "shell", "text") and not block.mark
        for line in block.body.splitlines()
        if _LOOKS_LIKE_A_COMMAND.match(line)
    ]


def _of_block(block: Block, tree: str | None) -> Iterator[Command]:
    lines = block.body.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        text = lines[start][2:]
        rest = lines[start + 1 : end]
        while rest and rest[0].startswith("> "):
            text += "\n" + rest.pop(0)[2:]
        output = "\n".join(rest).strip("\n")
        yield Command(block.page, block.line + 1 + start, text, output or None, tree)


def _inline(page: Path) -> Iterator[Command]:
    text = page.read_text("utf-8")
    plain = _FENCE.sub(lambda match: "\n" * match[0].count("\n"), text)
    seen = set()
    for match in _INLINE.finditer(plain):
        command = match[1].replace("\\|", "|")
        words = command.split()
        named = next((word for word in words if not re.match(r"\w+=", word)), "")
        if named not in SCRIPTS or len(words) < 2 or _PLACEHOLDER.search(command) or command in seen:
            continue
        seen.add(command)
        yield Command(page, plain.count("\n", 0, match.start()) + 1, command)


def matches(shown: str, printed: str) -> bool:
    """Whether the output is what a page shows; ``…`` stands for whatever is left out."""
    lines = [re.escape(line).replace("…", ".*?") + "\n" for line in shown.strip().splitlines()]
    pattern = "".join("(?:.*\n)*?" if line == ".*?\n" else line for line in lines)
    return re.fullmatch(pattern, f"{printed.strip()}\n") is not None
