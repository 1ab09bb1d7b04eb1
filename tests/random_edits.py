"""Edits of a tree of C files as people make them, and as nobody would: chosen at random, but repeatably."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

_WORD = re.compile(r"\b[A-Za-z_]\w*\b")
_CALL = re.compile(r"\b([a-z_]\w{3,})\(")
_FUNCTION = re.compile(r"^[a-z][\w \t*]*?\b(\w+)\([^;{}]*\)\n\{.*?^\}\n", re.M | re.S)
_MASKS = ("GFP_KERNEL", "GFP_NOIO", "GFP_NOFS", "GFP_ATOMIC", "GFP_NOWAIT")


class RandomEdits:
    """Edits the tree at ``root``, differently for each ``seed``."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self._random = random.Random(seed)
        self._edits: tuple[Callable[[], str], ...] = (
            self._lines_move,
            self._line_goes,
            self._line_twice,
            self._word_changes,
            self._word_changes,
            self._mask_changes,
            self._function_goes,
            self._function_elsewhere,
            self._name_defined,
            self._name_defined,
            self._macro_defined,
            self._file_goes,
            self._file_renamed,
            self._file_copied,
            self._store_added,
            self._lock_added,
            self._body_grows,
            self._end_grows,
            self._constant_listed,
            self._field_added,
            self._functions_swap,
            self._function_under_if,
            self._lines_join,
        )

    def edit(self) -> str:
        """Make one edit; what it was."""
        while True:
            done = self._random.choice(self._edits)()
            if done:
                return done

    def files(self, *kinds: str) -> list[Path]:
        """The C files, sorted."""
        wanted = kinds or (".c", ".h")
        return sorted(path for path in self.root.rglob("*.[ch]") if path.suffix in wanted and path.is_file())

    def _file(self, *kinds: str) -> tuple[Path, str]:
        path = self._random.choice(self.files(*kinds))
        return path, path.read_text(errors="replace")

    def _function(self) -> tuple[Path, str, re.Match[str] | None]:
        """A file with its text, and one of the functions in it, if there is any."""
        path, text = self._file()
        functions = list(_FUNCTION.finditer(text))
        return path, text, self._random.choice(functions) if functions else None

    def _said(self, what: str, path: Path) -> str:
        return f"{what} ({path.relative_to(self.root)})"

    def _lines_move(self) -> str:
        path, text = self._file()
        path.write_text("/* one line more */\n" + text)
        return self._said("all lines move", path)

    def _line_goes(self) -> str:
        path, text = self._file()
        lines = text.splitlines(keepends=True)
        gone = lines.pop(self._random.randrange(len(lines))) if lines else ""
        path.write_text("".join(lines))
        return self._said(f"without {gone.strip()!r}", path)

    def _line_twice(self) -> str:
        path, text = self._file(".c")
        lines = text.splitlines(keepends=True)
        if not lines:
            return ""
        at = self._random.randrange(len(lines))
        lines.insert(self._random.randrange(len(lines)), lines[at])
        path.write_text("".join(lines))
        return self._said(f"twice {lines[at].strip()!r}", path)

    def _word_changes(self) -> str:
        path, text = self._file()
        _, other = self._file()
        words, others = list(_WORD.finditer(text)), _WORD.findall(other)
        if not words or not others:
            return ""
        match, new = self._random.choice(words), self._random.choice(others)
        path.write_text(text[: match.start()] + new + text[match.end() :])
        return self._said(f"{match[0]} becomes {new}", path)

    def _mask_changes(self) -> str:
        path, text = self._file()
        old, new = self._random.sample(_MASKS, 2)
        path.write_text(text.replace(old, new, 1))
        return self._said(f"{old} becomes {new}", path) if old in text else ""

    def _function_goes(self) -> str:
        path, text, match = self._function()
        if match is None:
            return ""
        path.write_text(text[: match.start()] + text[match.end() :])
        return self._said(f"without {match[1]}()", path)

    def _function_elsewhere(self) -> str:
        _, _, match = self._function()
        if match is None:
            return ""
        other, there = self._file()
        other.write_text(there + "\n" + match[0])
        return self._said(f"a second {match[1]}()", other)

    def _name_defined(self) -> str:
        """What somebody calls and nobody defined, or another definition of what somebody calls."""
        _, text = self._file(".c")
        called = _CALL.findall(text)
        if not called:
            return ""
        name = self._random.choice(called)
        body = self._random.choice(
            ("return kmalloc(8, GFP_KERNEL) != 0;", "return 0;", "mutex_lock(&the_mutex);", "schedule();")
        )
        folder = self._random.choice(self.files()).parent
        path = folder / f"new_{self._random.randrange(10**6)}{self._random.choice(('.c', '.h'))}"
        before = "static inline " if path.suffix == ".h" else ""
        path.write_text(f"{before}int {name}(void *arg)\n{{\n\t{body}\n}}\n")
        return self._said(f"{name}() is defined", path)

    def _macro_defined(self) -> str:
        _, text = self._file()
        words = _WORD.findall(text)
        if not words:
            return ""
        name = self._random.choice(words)
        path, there = self._file()
        value = self._random.choice(("0", "1", "GFP_NOIO", "do { } while (0)", "x"))
        arguments = self._random.choice(("", "(x)"))
        path.write_text(f"#define {name}{arguments} {value}\n" + there)
        return self._said(f"{name} is a macro", path)

    def _file_goes(self) -> str:
        path, _ = self._file()
        path.unlink()
        return self._said("gone", path)

    def _file_renamed(self) -> str:
        path, _ = self._file()
        new = path.with_name(f"renamed_{self._random.randrange(10**6)}{path.suffix}")
        path.rename(new)
        return self._said(f"{new.name}, once", path)

    def _file_copied(self) -> str:
        path, _ = self._file(".c")
        folder = self._random.choice(self.files()).parent
        new = folder / f"copy_{self._random.randrange(10**6)}.c"
        shutil.copyfile(path, new)
        return self._said(f"copy of {path.name}", new)

    def _store_added(self) -> str:
        """A function stored in a field that somebody stores one in."""
        path, text = self._file(".c")
        stores = re.findall(r"\.(\w+)\s*=\s*&?(\w+)", text)
        functions = [match[1] for match in _FUNCTION.finditer(text)]
        if not stores or not functions:
            return ""
        field, value = self._random.choice(stores)
        path.write_text(text.replace(value, self._random.choice(functions), 1))
        return self._said(f".{field} gets another function", path)

    def _lock_added(self) -> str:
        path, text = self._file(".c")
        locks = re.findall(r"mutex_lock\((&[\w>.-]+)\);", text)
        functions = list(_FUNCTION.finditer(text))
        if not locks or not functions:
            return ""
        match, lock = self._random.choice(functions), self._random.choice(locks)
        at = text.index("\n{\n", match.start()) + 3
        path.write_text(text[:at] + f"\tmutex_lock({lock});\n" + text[at:])
        return self._said(f"{match[1]}() takes {lock}", path)

    def _body_grows(self) -> str:
        """A statement more in a function: what is behind it in the file moves."""
        path, text, match = self._function()
        if match is None:
            return ""
        at = text.index("\n{\n", match.start()) + 3
        line = self._random.choice(("barrier();", "might_sleep();", "schedule();", "kmalloc(8, GFP_KERNEL);"))
        path.write_text(text[:at] + f"\t{line}\n" + text[at:])
        return self._said(f"{match[1]}() has {line}", path)

    def _end_grows(self) -> str:
        """A definition more at the end of a file: nothing moves."""
        path, text = self._file()
        _, other = self._file()
        name = self._random.choice([*_CALL.findall(other), "extra"])
        line = self._random.choice(
            (
                f"static inline int {name}(void)\n{{\n\treturn 1;\n}}\n",
                f"static int {name};\n",
                f"#define {name}(...) 0\n",
                f"int {name}(void *x);\n",
            )
        )
        path.write_text(text + line)
        return self._said(f"{name} at the end", path)

    def _constant_listed(self) -> str:
        """An enumerator more, of a name that is used somewhere, in a list of its own or first in another."""
        path, text = self._file()
        _, other = self._file()
        words = [word for word in _WORD.findall(other) if word.isupper()]
        if not words:
            return ""
        word = self._random.choice(words)
        lists = list(re.finditer(r"\benum\b[^{;()]*\{", text))
        at = self._random.choice(lists).end() if lists else 0
        added = f" {word}," if lists else f"enum {{ {word} = 3 }};\n"
        path.write_text(text[:at] + added + text[at:])
        return self._said(f"{word} is an enumerator", path)

    def _field_added(self) -> str:
        """Another first field in a struct."""
        path, text = self._file()
        records = list(re.finditer(r"\bstruct (\w+) \{\n", text))
        if not records:
            return ""
        match = self._random.choice(records)
        line = self._random.choice(("int extra;", "struct mutex lock;", "gfp_t flags;", "void (*ops)(void);"))
        path.write_text(text[: match.end()] + f"\t{line}\n" + text[match.end() :])
        return self._said(f"struct {match[1]} has {line}", path)

    def _functions_swap(self) -> str:
        path, text = self._file()
        functions = list(_FUNCTION.finditer(text))
        if len(functions) < 2:
            return ""
        at = self._random.randrange(len(functions) - 1)
        one, other = functions[at], functions[at + 1]
        between = text[one.end() : other.start()]
        path.write_text(text[: one.start()] + other[0] + between + one[0] + text[other.end() :])
        return self._said(f"{one[1]}() behind {other[1]}()", path)

    def _function_under_if(self) -> str:
        """A second function of the name before the first, in an arm that is built or isn't."""
        path, text, match = self._function()
        if match is None:
            return ""
        condition = self._random.choice(("CONFIG_NUMA", "CONFIG_NOBODY_HAS", "__KERNEL__"))
        twin = f"#ifdef {condition}\n{match[0]}#endif\n"
        path.write_text(text[: match.start()] + twin + text[match.start() :])
        return self._said(f"{match[1]}() if {condition}", path)

    def _lines_join(self) -> str:
        """Two definitions on one line, or apart again."""
        path, text, match = self._function()
        if match is None:
            return ""
        path.write_text(text[: match.end() - 1] + text[match.end() :].lstrip("\n"))
        return self._said("two definitions share a line", path)
