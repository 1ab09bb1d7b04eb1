"""``gfplint-kbuild``: the checker that a kernel's build calls, as it calls sparse.

``make C=1 CHECK=gfplint-kbuild`` runs it once for each file that is compiled (``C=2``: for all files),
with the compiler's arguments behind gfplint's own. What comes in: these arguments and what the kernel's top
Makefile exports (``srctree``, ``objtree``, ``SRCARCH``, ``KCONFIG_CONFIG``). What goes out: findings on
standard error, as compilers print warnings. The exit status is 0 whatever happens: a checker breaks no build.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_INCLUDED = re.compile(r"(?P<root>.*?)/?\barch/(?P<arch>\w+)/include\Z")
"""The folder of an architecture's headers, which every file of a kernel is compiled with."""


@dataclass(frozen=True, slots=True)
class Call:
    """What one call is about. ``own`` are gfplint's arguments; None stands for what isn't known."""

    own: tuple[str, ...]
    source: Path | None
    kernel: Path | None
    kconfig: Path | None
    arch: str | None


def main() -> None:
    """The entry point. Leaves with status 0 whatever happened."""
    try:
        run(sys.argv[1:], os.environ)
    except KeyboardInterrupt:
        pass  # make ends the build itself
    except Exception as error:  # whatever it is, the build goes on
        from gfplint.command import failure

        failure.fail(failure.internal(error), error)
    sys.exit(0)


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Check the file of one call and print what is found."""
    from gfplint import cli
    from gfplint.output import write_stderr

    call = understand(arguments, environment)
    if call.source is None:
        if {"--help", "-h", "--version"} & {*call.own}:
            cli.main([argument for argument in call.own if argument in ("--help", "-h", "--version")])
            return
        write_stderr("gfplint-kbuild: warning: there is no C file to check among the arguments.\n")
        return
    if _no_kernel_code(call):
        return
    given = [
        "--output-format",
        "gcc",
        "--output-file",
        "-",
        "--no-statistics",
        "--color",
        "never",
        "--jobs",
        "1",
    ]
    if call.kernel is not None:
        given += ["--kernel", str(call.kernel)]
    if call.kconfig is not None:
        given += ["--kconfig", str(call.kconfig)]
    if call.arch is not None:
        given += ["--arch", call.arch]
    with contextlib.redirect_stdout(sys.stderr):
        cli.main([*given, *call.own, "--", str(call.source)])


def understand(arguments: Sequence[str], environment: Mapping[str, str]) -> Call:
    """Tell gfplint's arguments from the compiler's, and find the tree, its configuration and the file."""
    count = _own(arguments)
    compiler = arguments[count:]
    source = next((Path(word) for word in reversed(compiler) if _is_source(word)), None)
    roots = [
        (match["root"], match["arch"]) for word in _folders(compiler) if (match := _INCLUDED.match(word))
    ]
    candidates = [environment.get("abs_srctree", ""), environment.get("srctree", "")]
    candidates += [root or "." for root, _ in roots]
    kernel = next((Path(root) for root in candidates if root and _is_kernel(Path(root))), None)
    arch = environment.get("SRCARCH") or next((arch for _, arch in roots), None)
    return Call(tuple(arguments[:count]), source, kernel, _kconfig(environment), arch)


def _own(arguments: Sequence[str]) -> int:
    """How many of the first arguments are options of gfplint's. The compiler's own begin with a ``-D``."""
    from gfplint.command.options import OPTIONS

    flags = {"-h": False, "--help": False}
    for option in OPTIONS:
        for name in (*option.opts, *option.secondary_opts):
            flags[name] = not option.is_flag
    count = 0
    while count < len(arguments):
        name, equals, _ = arguments[count].partition("=")
        if name not in flags:
            break
        count += 2 if flags[name] and not equals else 1
    return min(count, len(arguments))


def _is_source(word: str) -> bool:
    return word.endswith(".c") and not word.startswith("-")


def _folders(compiler: Sequence[str]) -> list[str]:
    """The folders of ``-I``, in order."""
    folders = []
    for word, following in zip(compiler, [*compiler[1:], ""], strict=False):
        if word == "-I":
            folders.append(following)
        elif word.startswith("-I"):
            folders.append(word[2:])
    return [folder.rstrip("/") for folder in folders]


def _is_kernel(root: Path) -> bool:
    return (root / "include" / "linux").is_dir() and (root / "Makefile").is_file()


def _kconfig(environment: Mapping[str, str]) -> Path | None:
    """The build's configuration: ``.config``, or what the build made of it."""
    build = Path(environment.get("objtree") or ".")
    for name in (environment.get("KCONFIG_CONFIG") or ".config", "include/config/auto.conf"):
        path = build / name
        if path.is_file():
            return path
    return None


def _no_kernel_code(call: Call) -> bool:
    """Whether the file is one of the build's own programs and tables, not part of a kernel."""
    from gfplint.kernel.files import SIDE_FOLDERS

    assert call.source is not None
    if call.source.name.endswith(".mod.c"):
        return True
    root = os.path.realpath(call.kernel or ".")
    inside = os.path.relpath(os.path.realpath(call.source), root)
    return inside.split(os.sep, 1)[0] in SIDE_FOLDERS


if __name__ == "__main__":
    main()
