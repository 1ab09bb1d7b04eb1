"""What one file defines, by regular expressions over its bytes; no parsing.

What comes in: the bytes of a ``.c`` or ``.h`` file. What goes out: names with their kind, as text rows, and
later, for one name, the offsets of its definitions. Everything rests on the kernel's coding style: what is
defined at file scope begins in the first column. All patterns start with a newline, which lets the regular
expression engine skip from line to line at the speed of ``memchr``.

A ``.c`` file gives its functions and variables with external linkage only. Its static functions, its types
and its macros can't be meant by another file, and whoever reads the file finds them by splitting it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

FUNCTION, STATIC, MACRO, RECORD, ENUM, TYPEDEF, VARIABLE, PROTOTYPE, ENUMERATOR = "fsmretvpn"
"""The kinds of a row, one letter each; ``s`` is a static function in a header."""

KIND_WORDS = {
    FUNCTION: "function",
    STATIC: "function",
    MACRO: "macro",
    RECORD: "record",
    ENUM: "enum",
    TYPEDEF: "typedef",
    VARIABLE: "variable",
    PROTOTYPE: "prototype",
    ENUMERATOR: "enumerator",
}

REGISTER_LIST_SIZE = 1 << 16
"""Headers at least this big (bytes) of which six lines in ten are ``#define`` outside ``include/`` are taken
for lists of a device's registers. 6.12 has 370 of them, 470 MB, three quarters of all header bytes, and five
million macros; nothing in them is a function, a type or a mask."""

_ATTRIBUTE = rb"(?:__\w+[ \t]*\((?:[^()\n]|\([^()\n]*\))*\)[ \t\n]*)?"
# What follows the name: an argument list up to the body, the `;` or the initialiser; or, of a variable, its
# end, its initialiser, an array's length, the next declarator, or an attribute such as __read_mostly.
_TAIL = rb"(?:\([^;{}=]*[;{=]|[=;,\[]|(?=[ \t]__\w))"
_TOP_C = re.compile(
    rb"\n(?!static\b|extern\b|typedef\b|EXPORT_|MODULE_)(?=[A-Za-z_])"
    + _ATTRIBUTE
    + rb"[\w \t*]*(?:\([ \t]*\*[ \t*]*)?\b(\w+)[ \t]*("
    + _TAIL
    + rb")"
).findall
_TOP_H = re.compile(
    rb"\n(?!typedef\b|EXPORT_|MODULE_)(?=[A-Za-z_])"
    + _ATTRIBUTE
    + rb"(static\b|extern\b)?[\w \t*]*(?:\([ \t]*\*[ \t*]*)?\b(\w+)[ \t]*("
    + _TAIL
    + rb")"
).findall
_MACRO = re.compile(rb"\n[ \t]*#[ \t]*define[ \t]+(\w+)").findall
_RECORD = re.compile(
    rb"\n(?:typedef[ \t]+)?(?:struct|union)[ \t]+(?:__\w+[ \t]+)*(\w+)[ \t]*(?:__\w+(?:\([^\n]*\))?[ \t]*)*\n?\{"
).findall
_ENUM = re.compile(rb"\n[ \t]*(?:typedef[ \t]+)?enum\b([ \t\w]*)\n?[ \t]*\{([^{}]*)\}").findall
_ENUMERATOR = re.compile(rb"(?:^|[,\n/])[ \t]*([A-Za-z_]\w*)[ \t]*(?=[,=\n}]|/\*|$)").findall
_TYPEDEF = re.compile(
    rb"\ntypedef\b[^;{}()]*?(?:\([ \t]*(?:\w+[ \t]+)*\**[ \t]*(\w+)[ \t]*\)|\b(\w+)(?:\[\w*\])*[ \t]*;)"
    rb"|\n\}[ \t]*(?:__\w+(?:\([^\n()]*\))?[ \t]*)*(\w+)[ \t]*;"
).findall
_DECLARING = re.compile(rb"[A-Z][A-Z0-9_]*\Z").match
_ARGUMENT = re.compile(rb"[(,]\s*(?:struct[ \t]+\w+[ \t*]+)?([A-Za-z_]\w*)\s*(?=[,)])").findall


def is_register_list(path: str, data: bytes) -> bool:
    """Whether a header holds a device's registers and nothing else; see :data:`REGISTER_LIST_SIZE`."""
    return (
        len(data) >= REGISTER_LIST_SIZE
        and path.endswith(".h")
        and not path.startswith("include/")
        and data.count(b"\n#define ") * 10 >= data.count(b"\n") * 6
    )


def scan(path: str, data: bytes) -> dict[str, set[bytes]]:
    """Names that a file may define for others, by kind."""
    data = b"\n" + data
    if path.endswith(".c"):
        found: dict[str, set[bytes]] = {FUNCTION: set(), VARIABLE: set()}
        for name, tail in _TOP_C(data):
            _place(found, "", name, tail)
        return found
    found = {kind: set() for kind in KIND_WORDS}
    for keyword, name, tail in _TOP_H(data):
        _place(found, keyword, name, tail)
    found[MACRO].update(_MACRO(data))
    if b"\nstruct" in data or b"\nunion" in data or b"\ntypedef" in data:
        found[RECORD].update(_RECORD(data))
        for names in _TYPEDEF(data):
            found[TYPEDEF].update(name for name in names if name)
    if b"enum" in data:
        for tag, body in _ENUM(data):
            words = tag.split()
            if words:
                found[ENUM].add(words[-1])
            found[ENUMERATOR].update(_ENUMERATOR(body))
    return found


def _place(found: dict[str, set[bytes]], keyword: bytes | str, name: bytes, tail: bytes) -> None:
    """Decide what a line in the first column is by the words before and the text behind its last name."""
    if tail[:1] != b"(":
        # `extern struct mutex x;` in a header counts: it says which type x has.
        found[VARIABLE].add(name)
        return
    end = tail[-1:]
    declaring = _DECLARING(name)
    if end == b"{":
        if keyword == b"static":
            found[STATIC].add(name)
        else:
            found[FUNCTION].add(name)
        if declaring:
            # DEFINE_IDTENTRY(exc_divide_error) {: the function is named by an argument.
            found[FUNCTION].update(_ARGUMENT(tail)[:1])
    elif declaring:
        # DEFINE_MUTEX(x); DEFINE_PER_CPU(type, x) = …: one of the first two arguments is the variable.
        if keyword != b"static":
            found[VARIABLE].update(_ARGUMENT(tail)[:2])
    elif end == b";" and PROTOTYPE in found:
        found[PROTOTYPE].add(name)


# ------------------------------------------------------------------------- where in the file a name is

_BODY = re.compile(rb"[ \t]*\)?[ \t]*\([^;{}=]*\{").match
_SEMICOLON = re.compile(rb"[ \t]*\)?[ \t]*\([^;{}=]*;").match
_RECORD_BODY = re.compile(rb"[ \t]*(?:__\w+(?:\([^\n]*\))?[ \t]*)*\n?[ \t]*\{").match
_RECORD_HEAD = re.compile(rb"(?:typedef[ \t]+)?(?:struct|union)\b[\w \t]*\Z").match
_ENUM_HEAD = re.compile(rb"[ \t]*(?:typedef[ \t]+)?enum[ \t]+\Z").match
_DEFINE_HEAD = re.compile(rb"[ \t]*#[ \t]*define[ \t]+\Z").match
_TYPEDEF_TAIL = re.compile(rb"(?:\[\w*\])*[ \t]*[;)]").match
_VARIABLE_TAIL = re.compile(rb"[ \t]*(?:[=;,\[]|__\w)").match
_VARIABLE_ARGUMENT = re.compile(rb"\s*[,)]").match
_ENUMERATOR_TAIL = re.compile(rb"\s*(?:[,=}]|/\*|#|\Z|\w)").match
_WORD_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def occurrences(data: bytes, word: bytes) -> Iterator[int]:
    """Offsets at which ``word`` stands as a whole identifier."""
    length = len(word)
    size = len(data)
    at = data.find(word)
    while at >= 0:
        end = at + length
        if (at == 0 or data[at - 1] not in _WORD_BYTES) and (end >= size or data[end] not in _WORD_BYTES):
            yield at
        at = data.find(word, end)


def locate(data: bytes, name: bytes, kind: str) -> list[tuple[int, bool]]:
    """Offsets of ``name`` where a definition of that kind may stand, and whether it is static.

    Empty if the file has changed since it was scanned.
    """
    found: list[tuple[int, bool]] = []
    for at in occurrences(data, name):
        start = data.rfind(b"\n", 0, at) + 1
        end = at + len(name)
        first = data[start]
        if kind == MACRO:
            if _DEFINE_HEAD(data[start:at]):
                found.append((at, False))
            continue
        if kind == ENUMERATOR:
            if first != 0x23 and _ENUMERATOR_TAIL(data, end) and data[end : end + 1] not in (b".", b"-", b"("):
                found.append((at, False))
                break
            continue
        if first not in _WORD_BYTES and not (kind == ENUM or (kind == TYPEDEF and first == 0x7D)):
            if not (kind == TYPEDEF or kind == VARIABLE or (kind == FUNCTION and first in b" \t")):
                continue
        if kind in (FUNCTION, STATIC):
            if _BODY(data, end) or (data[start:at].rstrip().endswith(b"(") and _VARIABLE_ARGUMENT(data, end)):
                found.append((at, _is_static(data, start, at)))
        elif kind == PROTOTYPE:
            if _SEMICOLON(data, end):
                found.append((at, False))
        elif kind == RECORD:
            if _RECORD_BODY(data, end) and _RECORD_HEAD(data[start:at]):
                found.append((at, False))
        elif kind == ENUM:
            if _RECORD_BODY(data, end) and _ENUM_HEAD(data[start:at]):
                found.append((at, False))
        elif kind == TYPEDEF:
            if _TYPEDEF_TAIL(data, end):
                found.append((at, False))
        elif kind == VARIABLE:
            if _VARIABLE_TAIL(data, end) and first in _WORD_BYTES:
                found.append((at, _is_static(data, start, at)))
            elif _VARIABLE_ARGUMENT(data, end) and _DECLARING(data[start:at].split(b"(")[0].split(b" ")[-1]):
                found.append((at, _is_static(data, start, at)))
    return found


def _is_static(data: bytes, start: int, at: int) -> bool:
    """Whether the definition whose name stands at ``at``, on the line from ``start``, is static."""
    if data.startswith(b"static", start):
        return True
    if data[start:at].strip():
        return False
    # The return type has a line of its own.
    before = data.rfind(b"\n", 0, max(start - 1, 0)) + 1
    return data.startswith(b"static", before)


# --------------------------------------------------------------------------------- stores into a field

# A value that may name a function: no number, no constant in capitals. `true` and `false` are commonest.
_VALUE = rb"(?!true\b|false\b|[A-Z0-9_]+\b)[A-Za-z_]\w*"
_STORE_DOT = re.compile(rb"\.(\w+)[ \t]*=\s*&?" + _VALUE + rb"[ \t]*[,;}\n]").findall
_STORE_ARROW = re.compile(rb"->(\w+)[ \t]*=\s*&?" + _VALUE + rb"[ \t]*;").findall
_STORE_TAIL = re.compile(rb"[ \t]*=\s*&?" + _VALUE + rb"[ \t]*[,;}\n]").match


def scan_stores(data: bytes) -> set[bytes]:
    """Names of the fields that a file stores a plain identifier into."""
    return set(_STORE_DOT(data)) | set(_STORE_ARROW(data))


def locate_stores(data: bytes, field: bytes) -> list[int]:
    """Offsets of ``field`` in ``.field = value`` and ``->field = value``."""
    return [
        at
        for at in occurrences(data, field)
        if (data[at - 1 : at] == b"." or data[at - 2 : at] == b"->") and _STORE_TAIL(data, at + len(field))
    ]
