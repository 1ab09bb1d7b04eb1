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
from collections import defaultdict
from collections.abc import Callable, Iterator

FUNCTION, STATIC, MACRO, RECORD, ENUM, TYPEDEF, VARIABLE, PROTOTYPE, ENUMERATOR, PASTED = "fsmretvpnx"
"""The kinds of a row, one letter each; ``s`` is a static function in a header, ``x`` the beginning of the
names that macros in a list of enumerators paste together.
"""

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
    PASTED: "pasted",
}

# A line in the first column up to its first punctuation, and what follows there: an argument list up to the
# body, the `;` or the initialiser; an array's length; a body; further declarators. Nothing goes back, and
# what has no name is left out before anything is kept: `};`, and in headers most structs, which are looked
# for wherever they are.
_TOP_C = re.compile(
    rb"\n([A-Za-z_](?!(?<=s)tatic\b|(?<=e)xtern\b|(?<=E)XPORT_|(?<=M)ODULE_)[\w \t*]*+)"
    rb"(\([^;{}=]*+[;{=]|[=;\[]|,[^;{}()=]*+[;=]|\n[ \t]++\([^;{}=]*+[;{=])"
).findall
_TOP_H = re.compile(
    rb"\n((?:[A-Za-z_](?!(?<=s)truct[ \t]\w++[ \t]*+\{[ \t]*+\n)|\}(?!;|[ \t]*while\b))[\w \t*]*+)"
    rb"(\([^;{}=]*+[;{=]|[=;\[]|\n?\{|,[^;{}()=]*+[;=]|\n[ \t]++\([^;{}=]*+[;{=])"
).findall
_MACRO = re.compile(rb"#[ \t]*+define[ \t]++(\w++)").findall
_ENUM_BRACE = re.compile(rb"enum[ \t\w]*+\n?[ \t]*+\{").finditer
_ENUMERATOR = re.compile(rb"[,\n/][ \t]*+([A-Za-z_]\w*+)[ \t]*+(?=[,=\n}]|/\*|$)").findall
_CLOSING = re.compile(rb"\n[ \t]*\}").search
_LISTING = re.compile(rb"(?:^|[,\n])[ \t]*([A-Za-z_]\w*)\(").search
_LISTED = re.compile(rb"(?<=[(,])[ \t]*([A-Z_]\w*)[ \t]*(?=[,)])").findall
_PASTED = re.compile(rb"\b([A-Za-z_]\w*_)[ \t]*##").findall
_DECLARING = re.compile(rb"[A-Z][A-Z0-9_]*\Z").match
_ARGUMENT = re.compile(rb"[(,]\s*(?:struct[ \t]+\w+[ \t*]+)?([A-Za-z_]\w*)\s*(?=[,)])").findall
_BEHIND = re.compile(
    rb"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\s*(?:/\*.*?\*/\s*)*([A-Za-z_][\w\s*]*)(.+)", re.DOTALL
).match
_POINTER = re.compile(rb"\(\s*(?:__(?![usbl]e?\d)\w+\s+)?\*+\s*(?:const\s+)?(\w+)\s*([(\[)])").match
_TYPEDEF_NAME = re.compile(rb"\(\s*(?:__\w+\s+)?\**\s*(\w+)\s*[)\[]").match
_FURTHER = re.compile(rb",[\s*]*(?:\w+[\s*]+)?(\w+)").findall
_STRUCT = re.compile(rb"struct[ \t]++(\w++)[ \t]*+\{").findall
_UNION = re.compile(rb"union[ \t]++(\w++)[ \t]*+\{").findall
_TYPEDEF_LINE = re.compile(rb"\ntypedef\b[^\n;]*\{[^\n]*\}[ \t]*(\w+)[ \t]*;").findall
_TAGGED = frozenset({b"struct", b"union", b"enum"})
_TYPE_WORDS = frozenset(
    {b"int", b"long", b"char", b"short", b"unsigned", b"signed", b"void", b"bool", b"const"}
)
_ANNOTATIONS = frozenset({b"__acquires", b"__releases", b"__must_hold", b"__cond_acquires", b"__attribute__"})

Found = dict[str, set[bytes]]


def scan(path: str, data: bytes) -> Found:
    """Names that a file may define for others, by kind."""
    if data[:1].isalpha() or data[:1] in (b"_", b"}"):
        data = b"\n" + data  # seldom: a comment comes first
    header = path.endswith(".h")
    found: Found = defaultdict(set)
    one_line = False
    functions: list[bytes] = []
    statics: list[bytes] = []
    prototypes: list[bytes] = []
    for head, tail in (_TOP_H if header else _TOP_C)(data):
        if tail[0] == 0x28 and tail[1] not in _ODD and head[0] != 0x7D:  # `(`, `}`
            # Nearly all: what _place() says of a plain function, by the shortest way.
            name = head.rsplit(None, 1)[-1]
            if b"*" in name:
                name = name[name.rfind(b"*") + 1 :]
            if name and name[:2] != b"__" and not name.isupper() and head[:7] not in _OTHER:
                end = tail[-1]
                if end == 0x7B:  # `{`
                    (statics if head[:7] == b"static " else functions).append(name)
                elif header and end == 0x3B:  # `;`
                    prototypes.append(name)
                continue
        words = head.replace(b"*", b" ").replace(b"}", b"} ").split()
        one_line |= words[0] == b"typedef" and tail[-1] == 0x7B
        _place(found, words, tail.lstrip(b"\n\t "), header)
    if functions:
        found[FUNCTION].update(functions)
    if not header:
        return found
    if statics:
        found[STATIC].update(statics)
    if prototypes:
        found[PROTOTYPE].update(prototypes)
    found[MACRO].update(_MACRO(data))
    # Records inside others, too.
    found[RECORD].update(_STRUCT(data), _UNION(data))
    if one_line:
        found[TYPEDEF].update(_TYPEDEF_LINE(data))
    _place_enumerators(found, data)
    return found


_ODD = b"*_ \t\n"
"""What a pointer's parentheses, or an attribute, begin with."""
_OTHER = frozenset({b"typedef", b"static\t", b"static*"})


def _place_enumerators(found: Found, data: bytes) -> None:
    for brace in _ENUM_BRACE(data):
        at = brace.end()
        end = data.find(b"}", at)
        if end < 0:
            end = len(data)
        body = data[at:end]
        if b"\n" in body or body.rfind(b"/*") > body.rfind(b"*/"):
            # Of several lines, the brace that begins a line ends it: comments have braces too.
            closing = _CLOSING(data, at)
            body = data[at : closing.start() if closing else end]
        found[ENUMERATOR].update(_ENUMERATOR(b"\n" + body))
        if b"(" in body and _LISTING(body):
            # Macros write the list: LIST() or EACH_ZONE(NAME), which paste names together, BIT(NAME).
            arguments = _LISTED(body)
            found[ENUMERATOR].update(arguments)
            found[PASTED].update(_PASTED(data), (each + b"_" for each in arguments))


def _place(found: Found, words: list[bytes], tail: bytes, header: bool) -> None:
    """Decide what begins in the first column.

    ``words`` are those before the first punctuation, ``tail`` is that punctuation and what follows it.
    """
    first = words[0]
    name = words[-1]
    mark = tail[0]
    if first == b"typedef" or first == b"}":
        if header:
            _place_typedef(found, words, tail)
    elif mark == 0x7B:  # `{`
        if header and len(words) > 1:
            _place_tagged(found, words)
    elif mark == 0x28:  # `(`
        if name[:2] == b"__" or (len(words) == 1 and _DECLARING(name)):
            # An attribute before what it belongs to, `__printf(1, 2) void f(…) {`, or a macro without its
            # `;`.
            behind = _BEHIND(tail)
            if behind:
                words_behind = behind[1].replace(b"*", b" ").split()
                if words_behind[-1] not in _ANNOTATIONS:
                    _place(found, [*words[:-1], *words_behind], behind[2], header)
        _place_call(found, words, tail, header)
    elif len(words) > 1 and not (len(words) == 2 and first in _TAGGED):
        # `extern struct mutex x;` in a header counts: it says which type x has.
        variables = found[VARIABLE]
        variables.add(name)
        if name[:2] == b"__" and len(words) > 2 and words[-2] not in _TYPE_WORDS:
            variables.add(words[-2])  # int x __read_mostly;
        if mark == 0x2C:
            variables.update(_FURTHER(tail))


def _place_call(found: Found, words: list[bytes], tail: bytes, header: bool) -> None:
    """A name and an argument list: a definition, a declaration or the use of a declaring macro."""
    name = words[-1]
    body = tail[-1] == 0x7B
    pointer = _POINTER(tail) if len(words) > 1 or name in _TYPE_WORDS else None
    if pointer:
        if pointer[2] != b"(":
            found[VARIABLE].add(pointer[1])  # int (*x)(void);
            return
        name = pointer[1]  # int (*f(int))(void) {
    if body:
        found[STATIC if header and words[0] == b"static" else FUNCTION].add(name)
        if _DECLARING(name):
            # DEFINE_IDTENTRY(exc_divide_error) {: the function is named by an argument.
            found[FUNCTION].update(_ARGUMENT(tail)[:1])
    elif _DECLARING(name) and not (header and len(words) > 1 and words[-2] in _TYPE_WORDS):
        # DEFINE_MUTEX(x); DEFINE_PER_CPU(type, x) = …: one of the first two arguments is the variable.
        found[VARIABLE].update(_ARGUMENT(tail)[:2])
    elif tail[-1] == 0x3D:
        if name[:2] == b"__" and len(words) > 1:
            found[VARIABLE].add(words[-2])  # int x __section(".data") = 1;
    elif header:
        found[PROTOTYPE].add(name)


def _place_tagged(found: Found, words: list[bytes]) -> None:
    """``struct x {``, ``typedef union x {``, ``enum x {``, attributes between."""
    keyword = words[1] if words[0] == b"typedef" else words[0]
    tag = words[-1]
    if keyword not in _TAGGED or tag == keyword:
        return
    kind = ENUM if keyword == b"enum" else RECORD
    found[kind].add(tag)
    if tag[:2] == b"__" and len(words) > 2 and words[-2] not in _TAGGED:
        found[kind].add(words[-2])  # struct x __packed {


def _place_typedef(found: Found, words: list[bytes], tail: bytes) -> None:
    """``typedef … name;``, ``typedef int (*name)(…);``, ``typedef struct x {``, ``} name;``."""
    mark = tail[0]
    if mark == 0x7B:
        if len(words) > 2:
            _place_tagged(found, words)
        return
    names = found[TYPEDEF]
    if mark == 0x28:
        pointer = _TYPEDEF_NAME(tail)
        if pointer:
            names.add(pointer[1])
        if words[-1].startswith(b"__"):
            behind = _BEHIND(tail)
            if behind:
                names.add(behind[1].replace(b"*", b" ").split()[-1])
                return
    if len(words) > 1:
        names.add(words[-1])
        if mark == 0x2C:
            names.update(_FURTHER(tail))
        if words[0] == b"}":
            found[VARIABLE].add(words[-1])  # extern struct x { … } name;


# ------------------------------------------------------------------------- where in the file a name is

_BODY = re.compile(rb"[ \t]*\([^;{}=]*\{").match
_SEMICOLON = re.compile(rb"[ \t]*\([^;{}=]*;").match
_RECORD_BODY = re.compile(rb"[ \t]*(?:__\w+(?:\([^\n]*\))?[ \t]*)*\n?[ \t]*\{").match
_RECORD_HEAD = re.compile(rb"(?:typedef[ \t]+)?(?:struct|union)\b[\w \t]*\Z").match
_ENUM_HEAD = re.compile(rb"(?:typedef[ \t]+)?enum[ \t]+\Z").match
_DEFINE_HEAD = re.compile(rb"[ \t]*#[ \t]*define[ \t]+\Z").match
_TYPEDEF_TAIL = re.compile(rb"(?:\[\w*\])*[ \t]*[,;)]").match
_TYPEDEF_HEAD = re.compile(rb"typedef\b|\}").match
_VARIABLE_TAIL = re.compile(rb"[ \t]*(?:[=;,\[)]|__\w)").match
_ENUMERATOR_HEAD = re.compile(rb"(?:.*[,{/])?[ \t]*\Z").match
_ENUMERATOR_TAIL = re.compile(rb"\s*(?:[,=}]|/\*|#|\Z|\w)").match
_ARGUMENT_TAIL = re.compile(rb"\s*[,)]").match
WORD_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


_END = {FUNCTION: re.compile(rb"\n\}").search, MACRO: re.compile(rb"(?<!\\)\n").search}


def occurrences(data: bytes, word: bytes) -> Iterator[int]:
    """Offsets at which ``word`` stands as a whole identifier."""
    length = len(word)
    size = len(data)
    at = data.find(word)
    while at >= 0:
        end = at + length
        if (at == 0 or data[at - 1] not in WORD_BYTES) and (end >= size or data[end] not in WORD_BYTES):
            yield at
        at = data.find(word, end)


def definitions(data: bytes, name: bytes, kind: str) -> Iterator[bytes]:
    """The functions or macros (``kind``) of that name, each from its name to its end, as their text tells."""
    for at, _ in locate(data, name, kind):
        end = _END[kind](data, at)
        yield data[at : end.start() if end else len(data)]


def locate(data: bytes, name: bytes, kind: str) -> list[tuple[int, bool]]:
    """Offsets of ``name`` where a definition of that kind may stand, and whether it is static.

    Where no place looks like one (an unusual layout), the first place that has the name at all; empty only if
    the file no longer has it.
    """
    fits = _FITS[kind]
    found: list[tuple[int, bool]] = []
    fallback = -1
    for at in occurrences(data, name):
        start = data.rfind(b"\n", 0, at) + 1
        if fallback < 0:
            fallback = at
        if fits(data, start, at, at + len(name)):
            found.append((at, _is_static(data, start, at)))
    return found or ([(fallback, False)] if fallback >= 0 else [])


def _fits_function(data: bytes, start: int, at: int, end: int) -> bool:
    if data[start] not in WORD_BYTES:
        return False
    if _BODY(data, end):
        return True
    return data[start:at].rstrip().endswith(b"(") and bool(_ARGUMENT_TAIL(data, end))


def _fits_prototype(data: bytes, start: int, at: int, end: int) -> bool:
    return data[start] in WORD_BYTES and bool(_SEMICOLON(data, end)) and b"(" not in data[start:at]


def _fits_macro(data: bytes, start: int, at: int, _end: int) -> bool:
    return bool(_DEFINE_HEAD(data[start:at]))


def _fits_record(data: bytes, start: int, at: int, end: int) -> bool:
    return bool(_RECORD_BODY(data, end) and _RECORD_HEAD(data[start:at].lstrip()))


def _fits_enum(data: bytes, start: int, at: int, end: int) -> bool:
    return bool(_RECORD_BODY(data, end) and _ENUM_HEAD(data[start:at].lstrip()))


def _fits_typedef(data: bytes, start: int, _at: int, end: int) -> bool:
    return bool(_TYPEDEF_TAIL(data, end) and _TYPEDEF_HEAD(data, start))


def _fits_variable(data: bytes, start: int, _at: int, end: int) -> bool:
    return data[start] in WORD_BYTES and bool(_VARIABLE_TAIL(data, end))


def _fits_enumerator(data: bytes, start: int, at: int, end: int) -> bool:
    return bool(_ENUMERATOR_TAIL(data, end) and _ENUMERATOR_HEAD(data[start:at]))


_FITS: dict[str, Callable[[bytes, int, int, int], bool]] = {
    FUNCTION: _fits_function,
    STATIC: _fits_function,
    MACRO: _fits_macro,
    RECORD: _fits_record,
    ENUM: _fits_enum,
    TYPEDEF: _fits_typedef,
    VARIABLE: _fits_variable,
    PROTOTYPE: _fits_prototype,
    ENUMERATOR: _fits_enumerator,
}


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
_ELEMENT = rb"(?:[ \t]*\[[^\]\n;]*\])?"
"""`->f[i] = g;`"""
_FURTHER_TARGETS = rb"(?>(?:[A-Za-z_][\w.>\[\]-]*[ \t]*=(?!=)\s*)*)"
"""`x->f = y->g = h;`"""
_BEFORE_VALUE = rb"(?>(?:\((?:[^(){};\"?]|\([^(){};\"?]*\))*\)\s*)?)(?:\w*ptr\(\s*)?&?"
"""A cast; `pm_sleep_ptr(` and its like, which give their argument or NULL."""
_LIST = rb"(?:\{\s*(?:\[[^\]\n]*\]\s*=\s*)?)?"
"""`.f = { g, h }`, `.f = { [A] = g }`"""
_ARMS = rb"\?(?:[^;{},\"]*[?:])?\s*&?" + _VALUE + rb"\s*[:;,})\n]"
_STORED_DOT = (
    _ELEMENT + rb"[ \t]*=(?!=)\s*" + _FURTHER_TARGETS
    + rb"(?:" + _LIST + _BEFORE_VALUE + _VALUE + rb"[ \t)]*[,;}\n]|[^;{},\"?]*" + _ARMS + rb")"
)  # fmt: skip
_STORED_ARROW = (
    _ELEMENT + rb"[ \t]*=(?!=)\s*" + _FURTHER_TARGETS
    + rb"(?:" + _BEFORE_VALUE + _VALUE + rb"[ \t)]*;|[^;{}\"?]*" + _ARMS + rb")"
)  # fmt: skip
# What both have in common, without ever going back: three times as fast, and a third more fields.
_STORED = (
    rb"(\w++)[ \t]*+(?>(?:\[[^\]\n;]*+\][ \t]*+)?)=(?!=)\s*+"
    rb"(?![\"'-]|\d[^,;}\n?]*+[,;}\n]|(?:[A-Z0-9_]++|true|false)[ \t)]*+[,;}\n])"
)
_STORE_DOT = re.compile(rb"\." + _STORED).findall
_STORE_ARROW = re.compile(rb"->" + _STORED).findall
_STORE_TAIL = re.compile(_STORED_DOT).match
_ARROW_TAIL = re.compile(_STORED_ARROW).match
_PLAIN_STORE = re.compile(
    _ELEMENT
    + rb"[ \t]*=\s*"
    + _FURTHER_TARGETS
    + _LIST
    + _BEFORE_VALUE
    + rb"("
    + _VALUE
    + rb")[ \t)]*[,;}\n]"
).match
_CHOICE = re.compile(rb"[^;{}]*?\?([^;{}]*)").match
_WORD = re.compile(rb"(?<![\w.>])[A-Za-z_]\w*").findall


def scan_stores(data: bytes) -> set[bytes]:
    """Names of fields that a file may store a function into; :func:`locate_stores` tells for one of them."""
    return set(_STORE_DOT(data)) | set(_STORE_ARROW(data))


def locate_stores(data: bytes, field: bytes) -> list[int]:
    """Offsets of ``field`` in ``.field = value`` and ``->field = value``."""
    found: list[int] = []
    for at in occurrences(data, field):
        end = at + len(field)
        if (data[at - 1 : at] == b"." and _STORE_TAIL(data, end)) or (
            data[at - 2 : at] == b"->" and _ARROW_TAIL(data, end)
        ):
            found.append(at)
    return found


def stored_words(data: bytes, end: int) -> list[str]:
    """The identifiers one of which is stored into what ends at ``end``, as far as that can be told from text:
    the value itself, or those in the arms of ``?:``.
    """
    plain = _PLAIN_STORE(data, end)
    if plain is not None:
        return [plain[1].decode()]
    choice = _CHOICE(data, end)
    return [word.decode() for word in _WORD(choice[1])] if choice is not None else []
