"""How fast functions are lowered, and whether the IR keeps its promises.

    python bench/lowering.py KERNEL_TREE [FOLDER ...] [--profile] [--check]

For each folder: files, functions, seconds for splitting and for lowering, functions lowered a second, how
many functions have a syntax error, how many break an invariant. Macros are taken from the folder's own files,
``include/`` and ``arch/x86/include``, the first definition that is not empty.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import re
import time
from collections.abc import Callable
from pathlib import Path

from gfplint.frontend.dialect import Shape
from gfplint.frontend.guards import GuardDefinition, parse_free_text, parse_guard_text
from gfplint.frontend.lower import lower_function
from gfplint.frontend.macros import MacroDefinition, parse_define
from gfplint.frontend.source import ItemKind, SourceFile, split
from gfplint.irprint import check_function

_DEFINE = re.compile(rb"^[ \t]*#[ \t]*define[ \t]+\w+(?:[^\n\\]|\\.|\\\r?\n)*", re.M | re.S)
_GUARD = re.compile(rb"^DEFINE_(?:GUARD|LOCK_GUARD|CLASS|FREE)\w*\(", re.M)
_PROTOTYPE = re.compile(r"^(?:prototype\s*=\s*\")?[\w][\w \t*]*?(\w+)\s*\([^\n]*\);", re.M)
_PATTERN = re.compile(r"^pattern\s*=\s*\"(\w+)\*\"", re.M)


class Everything:
    """The configuration in which every option is on."""

    def enabled(self, name: str) -> bool:  # noqa: ARG002
        return True

    def decide(self, directive: str, defined: Callable[[str], bool | None]) -> bool:
        words = directive.split()
        if words[0] in ("ifdef", "ifndef"):
            on = words[1].startswith("CONFIG_") or bool(defined(words[1]))
            return on == (words[0] == "ifdef")
        return not re.match(r"if\s+(0|!?defined\(__)", directive)


class Names:
    """Macros, guards and models by name, wherever they are defined."""

    def __init__(self, root: Path, models: Path) -> None:
        self.root = root
        self.macros: dict[str, MacroDefinition] = {}
        self.guards: dict[str, GuardDefinition] = {}
        self.frees: dict[str, bytes] = {}
        self.own: dict[str, MacroDefinition] = {}
        texts = [path.read_text() for path in sorted(models.glob("*.toml"))]
        self.models = {name for text in texts for name in _PROTOTYPE.findall(text)}
        self.prefixes = tuple(name for text in texts for name in _PATTERN.findall(text))

    def read_headers(self, folder: Path) -> None:
        for path in sorted(folder.rglob("*.h")):
            data = path.read_bytes()
            if len(data) < 400_000:
                self.read(str(path.relative_to(self.root)), data, self.macros)

    def read(self, path: str, data: bytes, into: dict[str, MacroDefinition]) -> None:
        for match in _DEFINE.finditer(data):
            macro = parse_define(match.group(), path, match.start())
            if macro is not None and (macro.name not in into or not into[macro.name].body):
                into[macro.name] = macro
        for match in _GUARD.finditer(data):
            text = data[match.start() : match.start() + 1000]
            free = parse_free_text(text)
            if free is not None:
                self.frees.setdefault(*free)
            guard = parse_guard_text(text)
            if guard is not None:
                base = self.guards.get(guard.base)
                self.guards.setdefault(guard.name, guard.completed(base) if base else guard)

    def shape(self, name: str, path: str) -> Shape | None:  # noqa: ARG002
        return None

    def macro(self, name: str, path: str) -> MacroDefinition | None:  # noqa: ARG002
        return self.own.get(name) or self.macros.get(name)

    def modelled(self, name: str) -> bool:
        return name in self.models or name.startswith(self.prefixes)

    def function(self, name: str, path: str) -> bool:  # noqa: ARG002
        return False

    def guard(self, name: str, path: str) -> GuardDefinition | None:  # noqa: ARG002
        return self.guards.get(name)

    def free(self, name: str, path: str) -> bytes | None:  # noqa: ARG002
        return self.frees.get(name)

    def config(self, name: str) -> bool | None:  # noqa: ARG002
        return True


def run(root: Path, folder: str, names: Names, check: bool) -> None:
    """Lower every function of ``folder`` and print one line of figures."""
    began = time.perf_counter()
    files: list[SourceFile] = []
    for path in sorted((root / folder).rglob("*.c")):
        files.append(split(str(path.relative_to(root)), path.read_bytes(), Everything()))
    splitting = time.perf_counter() - began
    names.read_headers(root / folder)
    spent = 0.0
    count = size = errors = broken = longest = 0
    worst = ""
    for source in files:
        names.own = {}
        names.read(source.path, source.data, names.own)
        for item in source.items:
            if item.kind is not ItemKind.FUNCTION:
                continue
            began = time.perf_counter()
            function = lower_function(source, item, names)
            took = time.perf_counter() - began
            spent += took
            if took * 1e6 > longest:
                longest, worst = int(took * 1e6), f"{source.path}:{item.name}"
            count += 1
            size += item.end - item.start
            errors += function.errors > 0
            if check:
                wrong = check_function(function)
                broken += bool(wrong)
                for sentence in wrong[:2]:
                    print(f"  {source.path}: {item.name}: {sentence}")
    print(
        f"{folder}: {len(files)} files split in {splitting:.2f} s; {count} functions "
        f"({size / 1e6:.2f} MB) lowered in "
        f"{spent:.2f} s, {count / spent:.0f}/s, {size / 1e6 / spent:.2f} MB/s; "
        f"{errors} with errors, {broken} broken; "
        f"longest {longest / 1e3:.0f} ms ({worst})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kernel", type=Path)
    parser.add_argument("folders", nargs="*", default=["drivers/virtio", "mm", "drivers/gpu/drm/i915"])
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    names = Names(options.kernel, Path(__file__).parent.parent / "rules" / "models")
    began = time.perf_counter()
    for folder in ("include/linux", "include", "arch/x86/include"):
        names.read_headers(options.kernel / folder)
    print(
        f"{len(names.macros)} macros read in {time.perf_counter() - began:.1f} s, {len(names.models)} models"
    )
    profile = cProfile.Profile() if options.profile else None
    for folder in options.folders:
        if profile is not None:
            profile.enable()
        run(options.kernel, folder, names, options.check)
        if profile is not None:
            profile.disable()
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)


if __name__ == "__main__":
    main()
