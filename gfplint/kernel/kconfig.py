"""Which options of a kernel configuration are on, and which arms of ``#if`` that chooses.

What comes in: a ``.config`` file, or nothing. Without one everything is on, so that as much code as possible
is seen, except what excludes the ordinary kernel: :data:`OFF` and the other architectures' options.
What goes out: answers about ``CONFIG_…`` names and about directives.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from gfplint.errors import ConfigError
from gfplint.kernel.condition import ConditionError, evaluate

OFF: tuple[tuple[str, str], ...] = (
    (r"PREEMPT_RT(_FULL|_BASE)?", "turns spinlocks into sleeping locks"),
    (r"K[MCA]SAN\w*|KMEMCHECK|UBSAN\w*", "replaces accesses and copies by instrumented ones"),
    (r"SLOB|SLAB|SLUB_TINY", "SLUB is the slab allocator; the others define its functions again"),
    (r"TINY_RCU|TINY_SRCU|TINY_PREEMPT_RCU", "one RCU can be built, the one for SMP"),
    (r"FLATMEM|DISCONTIGMEM", "one memory model can be built, SPARSEMEM"),
    (
        r"(32BIT|X86_32|PPC32|SPARC32|CPU_BIG_ENDIAN|HIGHMEM(4G|64G)?|X86_PAE|GENERIC_ATOMIC64)",
        "the kernel is a 64-bit one",
    ),
    (r"TRACE_BRANCH_PROFILING|PROFILE_(ANNOTATED|ALL)_BRANCHES", "redefines `if`"),
    (r"BROKEN|COMPILE_TEST", "not for a kernel that runs"),
    (r"CC_IS_CLANG|CFI_CLANG|LTO\w*", "the compiler is gcc"),
    (r"NO_(?!HZ)\w+|ARCH_NO_\w+", "says that something is missing"),
    (r"CC_OPTIMIZE_FOR_SIZE|UML|PREEMPT_NONE|M[3-6]86", "contradicts its commoner alternative"),
    (r"\w+_MODULE", "everything is built in"),
)
"""Options, without ``CONFIG_``, that are off where no ``.config`` is given, as regular expressions with the
reason. An option that has an arm of its own for being off is the ordinary kernel then.
"""

ARCHITECTURES: Mapping[str, str] = {
    "alpha": r"ALPHA(_\w+)?",
    "arc": r"ARC(_\w+)?",
    "arm": r"ARM",
    "arm64": r"ARM64(_\w+)?",
    "avr32": r"AVR32",
    "blackfin": r"BLACKFIN",
    "c6x": r"C6X",
    "cris": r"CRIS",
    "csky": r"CSKY",
    "frv": r"FRV",
    "h8300": r"H8300",
    "hexagon": r"HEXAGON(_\w+)?",
    "ia64": r"IA64(_\w+)?",
    "loongarch": r"LOONGARCH",
    "m32r": r"M32R",
    "m68k": r"M68K|COLDFIRE",
    "metag": r"METAG",
    "microblaze": r"MICROBLAZE",
    "mips": r"MIPS(_\w+)?",
    "mn10300": r"MN10300",
    "nds32": r"NDS32",
    "nios2": r"NIOS2(_\w+)?",
    "openrisc": r"OPENRISC(_\w+)?",
    "parisc": r"PARISC|PA\d+",
    "powerpc": r"PPC(_\w+|\d\w*)?|POWERPC",
    "riscv": r"RISCV(_\w+)?",
    "s390": r"S390(_\w+)?",
    "score": r"SCORE",
    "sh": r"SUPERH(32|64)?|SH",
    "sparc": r"SPARC(32|64)?",
    "tile": r"TILE(GX|PRO)?",
    "um": r"UML(_\w+)?",
    "unicore32": r"UNICORE32",
    "x86": r"X86(_\w+)?",
    "xtensa": r"XTENSA(_\w+)?",
}
"""Folder below ``arch/`` → its own options, a regular expression. Options that only begin with an
architecture's name by tradition (``ARM_AMBA``, ``SPARC_…`` devices) are drivers' and not in it.
"""

_NUMBERS: Mapping[str, int] = {"HZ": 250, "NR_CPUS": 64, "NODES_SHIFT": 6, "PGTABLE_LEVELS": 5}
"""Values, where no ``.config`` is given, of options that are numbers and stand in ``#if``; others are 1."""

_LINE = re.compile(r"^(CONFIG_\w+)=(.*)$", re.MULTILINE)
_SIMPLE = re.compile(r"(if|elif)(n?)def\s+(\w+)\s*$")
_UNDEFINED = frozenset(
    {
        "__ASSEMBLY__",
        "__ASSEMBLER__",
        "__CHECKER__",
        "__cplusplus",
        "MODULE",
        "__clang__",
        "__GENKSYMS__",
        "__KCSAN__",
    }
)
_DEFINED = frozenset({"__KERNEL__", "__GNUC__", "__STDC__", "__linux__", "__SIZEOF_INT128__"})


class Config:
    """A configuration. ``options`` are the lines of a ``.config`` (``CONFIG_X`` → ``y``, ``m``, a number or a
    quoted string), None for everything on. ``arch`` is a folder below ``arch/``; ``version`` that of the
    tree, for ``LINUX_VERSION_CODE``.
    """

    def __init__(
        self,
        options: Mapping[str, str] | None = None,
        arch: str = "x86",
        version: tuple[int, int, int] | None = None,
    ) -> None:
        self.options = options
        self.arch = arch
        self.version = version
        self._builtin: dict[str, bool] = {}
        self._decided: dict[str, bool] = {}

    @cached_property
    def _off(self) -> re.Pattern[str]:
        """Options that are off where no ``.config`` is given."""
        others = "|".join(names for folder, names in ARCHITECTURES.items() if folder != self.arch)
        off = "|".join(f"(?:{names})" for names, _ in OFF)
        return re.compile(f"CONFIG_(?:{off}|{others})\\Z")

    @classmethod
    def from_file(cls, path: Path, arch: str = "x86", version: tuple[int, int, int] | None = None) -> Config:
        """Read a ``.config``. Raises :class:`ConfigError` if it can't be read or isn't one."""
        try:
            if path.exists() and not path.is_file():
                raise ConfigError(f"The configuration {path} can't be read: it is not a regular file.")
            text = path.read_text("utf-8", "replace")
        except OSError as error:
            raise ConfigError(f"The configuration {path} can't be read: {error.strerror}.") from error
        options = dict(_LINE.findall(text))
        if not options:
            raise ConfigError(f"{path} is no kernel configuration: it has no line of the form CONFIG_X=y.")
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip() and not line.startswith(("#", "CONFIG_")):
                raise ConfigError(
                    f"{path}:{number}: this is no line of a kernel configuration: {line[:40]!r}."
                )
        return cls(options, arch, version)

    def enabled(self, name: str) -> bool:
        """Whether the option (with its ``CONFIG_``) is y or m, or has a value."""
        if self.options is not None:
            return name in self.options and self.options[name] != "n"
        return self.builtin(name)

    def builtin(self, name: str) -> bool:
        """``IS_BUILTIN()``: whether a macro of that name is defined, by y, a number or a string."""
        if self.options is not None:
            value = self.options.get(name)
            if value is None:
                return name.endswith("_MODULE") and self.options.get(name[:-7]) == "m"
            return value not in ("m", "n")
        answer = self._builtin.get(name)
        if answer is None:
            answer = self._builtin[name] = not self._off.match(name)
        return answer

    def module(self, name: str) -> bool:
        """``IS_MODULE()``: whether the option is m; never without a ``.config``."""
        return self.options is not None and self.options.get(name) == "m"

    def decide(self, directive: str, defined: Callable[[str], bool | None]) -> bool:
        """Whether the arm behind a directive is chosen, given that none before it was.

        ``directive`` is its text without ``#`` (``ifdef CONFIG_X``, ``elif A && B >= 3``, ``else``), on one
        line and without comments. ``defined`` says whether a name that isn't an option is defined; None: it
        doesn't know. Such a name is undefined, and an identifier that isn't a number is 1 if defined and 0 if
        not. An expression that makes no sense is true: the first arm wins.
        """
        simple = _SIMPLE.match(directive)
        if simple:
            return self._defined(simple[3], defined) != bool(simple[2])
        keyword, _, text = directive.strip().partition(" ")
        if keyword == "else":
            return True
        if not text and "(" in keyword:
            keyword, parenthesis, text = directive.strip().partition("(")
            text = parenthesis + text
        try:
            return evaluate(text, lambda name: self._defined(name, defined), self._value, self._call) != 0
        except ConditionError:
            return True

    def _defined(self, name: str, defined: Callable[[str], bool | None]) -> bool:
        if name.startswith("CONFIG_"):
            return self.builtin(name)
        answer = defined(name)
        if answer is not None:
            return answer
        return name not in _UNDEFINED and (name in _DEFINED or self._value(name) is not None)

    def _value(self, name: str) -> int | None:
        """The value of an identifier in ``#if``; None where only being defined or not can say."""
        if name.startswith("CONFIG_"):
            if self.options is None:
                return _NUMBERS.get(name[7:]) if self.builtin(name) else 0
            try:
                return int(self.options.get(name, ""), 0)
            except ValueError:
                return None
        if name == "LINUX_VERSION_CODE" and self.version is not None:
            major, minor, patch = self.version
            return (major << 16) + (minor << 8) + min(patch, 255)
        if name in ("BITS_PER_LONG", "__BITS_PER_LONG"):
            return 64 if self.builtin("CONFIG_64BIT") else 32
        return _COMPILER.get(name)

    def _call(self, name: str, arguments: list[str]) -> int | None:
        """The value of ``NAME(arguments)`` in ``#if``; None where unknown."""
        if name == "KERNEL_VERSION" and len(arguments) == 3 and all(part.isdecimal() for part in arguments):
            major, minor, patch = (int(part) for part in arguments)
            return (major << 16) + (minor << 8) + min(patch, 255)
        if len(arguments) == 1:
            option = arguments[0]
            if name == "IS_ENABLED":
                return int(self.enabled(option))
            if name in ("IS_BUILTIN", "IS_REACHABLE"):
                return int(self.builtin(option))
            if name == "IS_MODULE":
                return int(self.module(option))
            if name in ("__has_attribute", "__has_builtin", "__has_include"):
                return 1
        return None


_COMPILER: Mapping[str, int] = {
    "__GNUC__": 13,
    "__GNUC_MINOR__": 2,
    "GCC_VERSION": 130200,
    "__STDC_VERSION__": 201112,
    "PAGE_SHIFT": 12,
    "PAGE_SIZE": 4096,
}
"""What the compiler of an ordinary build and the commonest architectures define as numbers."""
