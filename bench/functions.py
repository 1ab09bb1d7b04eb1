"""How many of a tree's functions the front end finds, parses and lowers without error.

What comes in: a kernel tree and folders in it. What goes out: a table with one line per folder:
functions that universal-ctags lists (uses of macros that it takes for functions left out, where the
splitter sees such a use on that line), those the splitter finds too, those parsed without a syntax error,
bytes and speed; then failures by cause. With ``--lower`` functions are lowered as a run of gfplint does it,
with all that the tree knows of macros, and those count that have no syntax error inside and keep the IR's
invariants; ``--macros`` only parses them so, five times as fast; without either no macro is known.

A function of ctags' list is found where an item of its kind has its name or starts on its line. In
headers function-like macros count too. Run: ``python bench/functions.py TREE FOLDER…``.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gfplint.frontend.dialect import Shape
from gfplint.frontend.parse import Parsed, parse_item
from gfplint.frontend.source import Item, ItemKind, SourceFile, split
from gfplint.kernel.tree import KernelTree
from gfplint.models import Models
from gfplint.program.program import Program
from gfplint.resources import rules_directory

if TYPE_CHECKING:
    import tree_sitter

    from gfplint.frontend.symbols import Symbols


class ListedLoops:
    """Shapes from nothing but the tree's own list of loop macros, ``.clang-format``; no macro is known."""

    def __init__(self, root: Path) -> None:
        text = (
            (root / ".clang-format").read_text("utf-8", "replace")
            if (root / ".clang-format").exists()
            else ""
        )
        self.loops = frozenset(re.findall(r"^  - '?(\w+)'?$", text, re.MULTILINE))

    def shape(self, name: str, path: str) -> Shape | None:  # noqa: ARG002
        """LOOP for a listed name, else nothing."""
        return Shape.LOOP if name in self.loops else None

    def macro(self, name: str, path: str) -> None:
        """No macro is expanded."""

    def modelled(self, name: str) -> bool:  # noqa: ARG002
        """No function has a model."""
        return False

    def function(self, name: str, path: str) -> bool:  # noqa: ARG002
        """No function is known."""
        return False

    def guard(self, name: str, path: str) -> None:
        """No guard is known."""

    def free(self, name: str, path: str) -> None:
        """No clean-up is known."""

    def config(self, name: str) -> None:
        """Nothing is known of the configuration."""


def listed(root: Path, files: list[str]) -> dict[str, list[tuple[str, int, str]]]:
    """What ctags lists: file → (name, line, "function" or "macro")."""
    run = subprocess.run(
        ["ctags", "-x", "--c-kinds=fd", "--_xformat=%N|%n|%K|%F|%S", "-L", "-"],
        cwd=root, input="\n".join(files), capture_output=True, text=True, errors="replace", check=True,
    )  # fmt: skip
    result: dict[str, list[tuple[str, int, str]]] = defaultdict(list)
    for line in run.stdout.splitlines():
        name, number, kind, path, signature = line.split("|", 4)
        if kind == "macro" and (not path.endswith(".h") or not signature.startswith("(")):
            continue
        result[path].append((name, int(number), kind))
    return result


def lookup(source: SourceFile, name: str, line: int, kind: str, by_line: dict[int, Item]) -> Item | None:
    """The item that ctags means."""
    wanted = ItemKind.FUNCTION if kind == "function" else ItemKind.MACRO
    for item in source.find(name, wanted):
        if source.position(item.start)[0] <= line <= source.position(item.end)[0]:
            return item
    other = by_line.get(line)
    return other if other is not None and other.kind is wanted else None


def lines_of_functions(source: SourceFile) -> dict[int, Item]:
    """First line, and line of the name, of every function → item."""
    result: dict[int, Item] = {}
    for item in source.items:
        if item.kind is ItemKind.FUNCTION:
            for offset in (item.start, item.name_at):
                result[source.position(offset)[0]] = item
    return result


def errors(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """ERROR and MISSING nodes under ``root``, outermost first."""
    if not root.has_error:
        return
    stack = [root]
    while stack:
        node = stack.pop()
        if node.is_error or node.is_missing:
            yield node
            continue
        stack.extend(reversed([child for child in node.children if child.has_error or child.is_missing]))


def cause(parsed: Parsed) -> tuple[str, int]:
    """Words for the first error of ``parsed``, and its offset in the slice."""
    for node in errors(parsed.root):
        parent = node.parent
        what = f"missing {node.type}" if node.is_missing else "error"
        return f"{what} in {parent.type if parent else 'nothing'}", node.start_byte
    return "none", 0


WIDTHS = (6, 7, 8, 8, 8, 8, 10, 10)


def lowering_errors(source: SourceFile, item: Item, shapes: Symbols) -> str:
    """What is wrong with the IR of ``item``, in a few words; "" where nothing is."""
    from gfplint import irprint
    from gfplint.frontend import lower

    try:
        function = lower.lower_function(source, item, shapes)
    except Exception as error:  # a benchmark counts crashes, whatever they are
        return f"{type(error).__name__}: {error}"
    if function.errors:
        return f"{function.errors} syntax errors"
    complaints = irprint.check_function(function)
    return re.sub(r"\S*\d\S*", "N", complaints[0]) if complaints else ""


SUSPICIOUS = (
    "macro_type_specifier",
    "function_definition",
    "preproc_call",
    "preproc_def",
    "linkage_specification",
)


def suspects(parsed: Parsed, item: Item) -> Iterator[tuple[str, int]]:
    """Places in a tree without errors that hardly mean what the source means."""
    top = [node for node in parsed.root.named_children if node.type != "comment"]
    if item.kind is ItemKind.FUNCTION:
        if len(top) != 1 or top[0].type != "function_definition":
            yield f"suspect: item is {'+'.join(node.type for node in top)}"[:80], 0
            return
        body = top[0].child_by_field_name("body")
        stack = [body] if body is not None else []
        if body is None or body.end_byte != len(parsed.text):
            yield "suspect: body ends early", 0
    else:
        stack = list(top)
    while stack:
        node = stack.pop()
        kind = node.type
        if kind in SUSPICIOUS:
            yield f"suspect: {kind}", node.start_byte
            continue
        if kind == "declaration":
            declarator = node.child_by_field_name("declarator")
            if (
                declarator is not None
                and declarator.type == "function_declarator"
                and item.kind is ItemKind.FUNCTION
            ):
                yield "suspect: local function_declarator", node.start_byte
        elif kind == "expression_statement" and node.named_child_count and item.kind is ItemKind.FUNCTION:
            inner = node.named_child(0)
            if inner is not None and inner.type in (
                "identifier",
                "binary_expression",
                "number_literal",
                "comma_expression",
            ):
                parent = node.parent
                following = node.next_named_sibling
                outer = parent.parent if parent is not None else None
                if following is not None or outer is None or outer.type != "parenthesized_expression":
                    yield f"suspect: statement is {inner.type}", node.start_byte
        stack.extend(node.named_children)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tree", type=Path, help="a kernel tree")
    parser.add_argument("folders", nargs="+", help="folders in it")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print N failures of each cause")
    parser.add_argument("--no-ctags", action="store_true", help="take the splitter's own list as the list")
    parser.add_argument("--lower", action="store_true", help="lower every function and check its IR")
    parser.add_argument("--macros", action="store_true", help="parse with what the tree says of macros")
    parser.add_argument("--no-parse", action="store_true", help="only split")
    parser.add_argument(
        "--kinds", default="FUNCTION", help="with --no-ctags: kinds of items, joined with commas"
    )
    parser.add_argument(
        "--suspects", action="store_true", help="look for trees without error that are wrong all the same"
    )
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth file")
    parser.add_argument("--sources", action="store_true", help="only .c files")
    options = parser.parse_args()
    tree = KernelTree.discover(options.tree, kernel=options.tree, kconfig=None, arch="x86", jobs=1)
    shapes: Symbols = ListedLoops(options.tree)
    if options.lower or options.macros:
        shapes = Program(tree, Models.load([rules_directory()], tree.version)).symbols
    kinds = {ItemKind[name] for name in options.kinds.split(",")}
    heads = ("files", "MB", "listed", "found", "parsed", "clean %", "split MB/s", "parse MB/s")
    print(f"{'folder':28} " + " ".join(f"{head:>{width}}" for head, width in zip(heads, WIDTHS, strict=True)))
    causes: Counter[str] = Counter()
    shown: dict[str, list[str]] = defaultdict(list)
    pattern = "*.c" if options.sources else "*.[ch]"
    for folder in options.folders:
        base = options.tree / folder
        files = sorted(
            str(path.relative_to(options.tree)) for path in base.rglob(pattern) if path.is_file()
        )[:: options.every]  # fmt: skip
        names = {} if options.no_ctags else listed(options.tree, files)
        total = found = clean = size = parsed_size = macros = 0
        split_time = parse_time = lower_time = 0.0
        lowered = 0
        for path in files:
            data = (options.tree / path).read_bytes()
            size += len(data)
            begin = time.perf_counter()
            source = split(path, data, tree.config_for(path))
            split_time += time.perf_counter() - begin
            by_line = lines_of_functions(source)
            uses = {
                source.position(item.start)[0]
                for item in source.items
                if item.kind in (ItemKind.OTHER, ItemKind.VARIABLE, ItemKind.GUARD)
            }
            if options.no_ctags:
                wanted = [item for item in source.items if item.kind in kinds]
                total += len(wanted)
            else:
                wanted = []
                for name, line, kind in names.get(path, ()):
                    total += 1
                    item = lookup(source, name, line, kind, by_line)
                    if item is None and line in uses:
                        total -= 1
                    elif item is None:
                        causes[f"not found: {kind}"] += 1
                        shown[f"not found: {kind}"].append(f"{path}:{line}: {name}")
                    elif item.kind is ItemKind.MACRO:
                        macros += 1
                        found += 1
                        clean += 1
                        continue
                    else:
                        wanted.append(item)
            found += len(wanted)
            if options.no_parse:
                continue
            for item in wanted:
                parsed_size += item.end - item.start
                begin = time.perf_counter()
                parsed = parse_item(source, item, shapes)
                parse_time += time.perf_counter() - begin
                if options.lower and item.kind is ItemKind.FUNCTION:
                    begin = time.perf_counter()
                    broken = lowering_errors(source, item, shapes)
                    lower_time += time.perf_counter() - begin
                    lowered += not broken
                    if broken:
                        causes[f"lowering: {broken}"] += 1
                        shown[f"lowering: {broken}"].append(f"{path}: {item.name}")
                if not parsed.errors:
                    clean += 1
                    if options.suspects:
                        for words, offset in suspects(parsed, item):
                            causes[words] += 1
                            line, _ = source.position(item.start + offset)
                            snippet = parsed.text[max(0, offset - 40) : offset + 80].decode(
                                "utf-8", "replace"
                            )
                            shown[words].append(f"{path}:{line}: {item.name}: {' '.join(snippet.split())}")
                    continue
                words, offset = cause(parsed)
                causes[words] += 1
                number, _ = source.position(item.start + offset)
                snippet = parsed.text[max(0, offset - 60) : offset + 60].decode("utf-8", "replace")
                shown[words].append(f"{path}:{number}: {item.name}: {' '.join(snippet.split())}")
        share = 100 * clean / total if total else 100.0
        print(
            f"{folder:28} {len(files):6} {size / 1e6:7.1f} {total:8} {found:8} {clean:8} {share:8.3f} "
            f"{size / 1e6 / (split_time or 1):10.1f} {parsed_size / 1e6 / (parse_time or 1):10.1f}",
            flush=True,
        )
        if options.lower:
            functions = total - macros
            share = 100 * lowered / functions if functions else 100.0
            speed = parsed_size / 1e6 / (lower_time or 1)
            print(
                f"{'':28} lowered {lowered} of {functions} functions, {share:.3f} %, {speed:.1f} MB/s",
                flush=True,
            )
    for words, count in causes.most_common():
        print(f"{count:6} {words}")
        step = max(1, len(shown[words]) // options.show) if options.show else 1
        for text in shown[words][::step][: options.show]:
            print(f"         {text}")


if __name__ == "__main__":
    main()
