"""Top-level scanning: where one item ends and the next begins, and what each is called.

What comes in: text without comments and directives. What goes out: items. A small tokeniser reads
only what stands outside all brackets; bodies and argument lists are jumped over.
"""

from __future__ import annotations

import re

from gfplint.frontend.items import (
    BESIDE_DECLARATORS,
    DECLARING_MACROS,
    GUARD_MACROS,
    RECORD_WORDS,
    SECOND_ARGUMENT,
    STORAGE,
    Item,
    ItemKind,
)
from gfplint.frontend.lexical import STRING, body_end, group_end, split_arguments

_Token = tuple[bytes, int, int]
"""An identifier's text, or ``(``, ``[``, ``{``, ``"`` for a whole group or string, or one character;
with start and end."""

_TOKEN = re.compile(
    rb"[\s\\\x00]*(?:([A-Za-z_$\x80-\xff][\w$\x80-\xff]*)"
    rb"|(\((?>(?:[^()\"'{}]++|\((?>(?:[^()\"'{}]++|\([^()\"'{}]*+\))*)\))*)\))"
    rb"|(" + STRING + rb")"
    rb"|([^\s\\\x00]))",
    re.DOTALL,
)
_IDENTIFIER = re.compile(rb"[A-Za-z_]\w*")
_NESTED_RECORD = re.compile(rb"\b(struct|union|enum)\s+(?:__packed\s+)?([A-Za-z_]\w*)\s*\{")
_POINTER_NAME = re.compile(
    rb"\(\s*(?:[A-Za-z_]\w*\s+)?[*^][\s*]*(?:(?:const|volatile|__\w+)\s+)*([A-Za-z_]\w*)"
)
_POINTED = re.compile(rb"\(\s*\*")
_FIELD = re.compile(rb"\s*\.\s*[A-Za-z_]")
_PLAIN_NAME = re.compile(rb"\(\s*([A-Za-z_]\w*)\s*\)\Z")
_FUNCTION_IN_POINTER = re.compile(rb"\(\s*\*?\s*(?:(?:const|volatile|__\w+)\s+)*([A-Za-z_]\w*)\s*\(")
_OLD_STYLE = re.compile(rb"(?:\s*[A-Za-z_][\w\s*,\[\]]*;)*\s*\{")
_NAME_LIST = re.compile(rb"\(\s*[A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*\s*\)\Z")
_SYSCALL = re.compile(rb"(COMPAT_)?SYSCALL(?:32)?_DEFINE\d\Z")
_TYPE_END = frozenset([b"*", b"(", b"{"])
_KEYWORDS = frozenset(
    b"""static extern inline typedef register const volatile struct union enum int char long short void
    unsigned signed float double bool _Bool if for while do switch return sizeof else goto case
    default __inline __inline__ restrict __extension__ __const __volatile__ __signed__""".split()
)


def scan_items(text: bytes, start: int, end: int, active: bool, items: list[Item], base: int = 0) -> None:
    """Append the items of ``text[start:end]`` to ``items``; ``base`` is added to their offsets."""
    match_token = _TOKEN.match
    tokens: list[_Token] = []
    assigned = False
    at = start
    while True:
        match = match_token(text, at, end)
        if match is None:
            break
        kind = match.lastindex
        at = match.end()
        if kind == 1:
            word = match.group(1)
            if tokens and tokens[-1][0] == b"(" and not assigned and _cut(text, tokens, word, match.start(1)):
                _macro_use(text, tokens, tokens[-1][2], active, items, base)
                tokens = []
            tokens.append((word, match.start(1), at))
            continue
        if kind == 2:
            tokens.append((b"(", match.start(2), at))
            continue
        if kind == 3:
            tokens.append((b'"', match.start(3), at))
            continue
        character = match.group(4)
        here = at - 1
        if character == b";":
            if tokens:
                if not assigned and _old_style_follows(text, tokens, at, end):
                    continue
                _declaration(text, tokens, at, active, items, base)
                tokens = []
                assigned = False
        elif character == b"{":
            if not assigned and _is_linkage(tokens):
                tokens = []
                continue
            record = not assigned and _is_record(tokens)
            stop = body_end(text, here, end, not assigned and not record)
            if stop < 0:
                # The rest of the file has no end: go on behind the brace, as if it were not there.
                tokens = []
                assigned = False
                continue
            if assigned or record:
                tokens.append((b"{", here, stop))
            else:
                _function(text, tokens, here, stop, active, items, base)
                tokens = []
            at = stop
        elif character == b"}":
            tokens = []
            assigned = False
        elif character == b"(" or character == b"[":
            stop = group_end(text, here, end)
            if stop < 0:
                tokens.append((character + character, here, at))
            else:
                tokens.append((character, here, stop))
                at = stop
        else:
            if character == b"=":
                assigned = True
            tokens.append((character, here, at))
    if tokens and tokens[-1][0] == b"(" and not assigned:
        _macro_use(text, tokens, tokens[-1][2], active, items, base)


def _cut(text: bytes, tokens: list[_Token], word: bytes, at: int) -> bool:
    """Do the tokens so far make a whole macro use without semicolon, ``FOO(x)`` before ``word``?"""
    first = tokens[0][0]
    if len(tokens) == 2:
        return (first not in BESIDE_DECLARATORS and first not in _KEYWORDS and first[0:1].isalpha()) or (
            first[0:1] == b"_" and first not in BESIDE_DECLARATORS
        )
    if word in (b"static", b"extern", b"typedef") and tokens[-2][0] not in BESIDE_DECLARATORS:
        return not _NAME_LIST.match(text, tokens[-1][1], tokens[-1][2]) or len(tokens) == 3
    if len(tokens) == 3 and first in STORAGE and tokens[1][0] not in BESIDE_DECLARATORS:
        return b"\n" in text[tokens[-1][2] : at] and text[at - 1 : at] == b"\n" and tokens[1][0].isupper()
    return False


def _old_style_follows(text: bytes, tokens: list[_Token], at: int, end: int) -> bool:
    """Is this ``;`` behind the first parameter declaration of ``int f(a, b) int a; char b; {``?"""
    for index in range(2, len(tokens) - 1):
        if tokens[index][0] == b"(":
            following = tokens[index + 1][0]
            return (
                (following[0:1].isalpha() or following[0:1] == b"_")
                and following not in BESIDE_DECLARATORS
                and _NAME_LIST.match(text, tokens[index][1], tokens[index][2]) is not None
                and _OLD_STYLE.match(text, at, end) is not None
            )
    return False


def _is_linkage(tokens: list[_Token]) -> bool:
    """``extern "C" {``"""
    return len(tokens) == 2 and tokens[0][0] == b"extern" and tokens[1][0] == b'"'


def _is_record(tokens: list[_Token]) -> bool:
    """Is the ``{`` behind these tokens the body of a struct, union or enum?"""
    for index in range(len(tokens) - 1, -1, -1):
        word = tokens[index][0]
        if word in RECORD_WORDS:
            return True
        if word == b"(":
            if not index or tokens[index - 1][0] not in BESIDE_DECLARATORS:
                return False
        elif word == b"*" or word == b"{":
            return False
    return False


def _is_word(word: bytes) -> bool:
    first = word[0] if word else 0
    return first == 0x5F or 0x41 <= first <= 0x5A or 0x61 <= first <= 0x7A or first == 0x24 or first >= 0x80


def _text(word: bytes) -> str:
    return word.decode("utf-8", "replace")


def _is_static(tokens: list[_Token]) -> bool:
    for word, _, _ in tokens:
        if word == b"static":
            return True
        if word == b"(" or word == b"=":
            return False
    return False


def _declarator(tokens: list[_Token], stop: int) -> tuple[int, bool]:
    """Which token before ``stop`` is the name in front of the parameter list, and has it a type in
    front of it? -1 where there is none.

    Of several names with an argument list the first that has a type before it is meant: behind it
    stand attributes, before it attributes or macros that make a type.
    """
    bare = -1
    for index in range(1, stop):
        if tokens[index][0] != b"(":
            continue
        word = tokens[index - 1][0]
        if not _is_word(word) or word in BESIDE_DECLARATORS or word in _KEYWORDS:
            continue
        for before in range(index - 2, -1, -1):
            previous = tokens[before][0]
            if previous in _TYPE_END or (_is_word(previous) and previous not in STORAGE):
                beside = tokens[before - 1][0] if previous == b"(" and before else b""
                if beside in BESIDE_DECLARATORS and b"typeof" not in beside:
                    continue
                if _is_word(previous) and previous.startswith(b"__") and not before:
                    continue
                return index - 1, True
        if bare < 0:
            bare = index - 1
    return bare, False


def _function(
    text: bytes, tokens: list[_Token], brace: int, end: int, active: bool, items: list[Item], base: int
) -> None:
    """The tokens before the body at ``brace`` make a function, a variable (``define_machine(x) { .f = 1 }``),
    or something unheard of.
    """
    start = tokens[0][1] if tokens else end
    static = _is_static(tokens)
    index, typed = _declarator(tokens, len(tokens))
    if index >= 0 and not typed and _POINTED.match(text, tokens[index + 1][1]):
        index = -1  # ``static u16 (*f(int x))[4] {``
    if index < 0:
        for word, first, last in tokens:
            if word == b"(":
                match = _FUNCTION_IN_POINTER.match(text, first, last) or _PLAIN_NAME.match(text, first, last)
                if match is not None:
                    name = _text(match.group(1))
                    items.append(
                        Item(
                            ItemKind.FUNCTION,
                            name,
                            start + base,
                            end + base,
                            match.start(1) + base,
                            static,
                            active,
                        )
                    )
                    return
        if tokens:
            word, first, _ = tokens[0]
            items.append(
                Item(ItemKind.OTHER, _text(word), start + base, end + base, first + base, static, active)
            )
        return
    word, name_at, _ = tokens[index]
    name = _text(word)
    if not typed and _FIELD.match(text, brace + 1):
        _macro_use(text, [*tokens[: index + 2], (b"=", brace, brace)], end, active, items, base)
        return
    if not typed:
        argument = _IDENTIFIER.match(text, _skip(text, tokens[index + 1][1] + 1))
        if (argument is not None and word.isupper()) or (argument is not None and b"DEFINE" in word):
            name_at = argument.start()
            name = _text(argument.group())
            call = _SYSCALL.match(word)
            if call is not None:
                name = ("compat_sys_" if call.group(1) else "sys_") + name
    items.append(Item(ItemKind.FUNCTION, name, start + base, end + base, name_at + base, static, active))


def _skip(text: bytes, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at


def _macro_use(
    text: bytes, tokens: list[_Token], end: int, active: bool, items: list[Item], base: int
) -> None:
    """``FOO(args)`` on its own at top level, with or without a semicolon."""
    start = tokens[0][1]
    for index in range(1, len(tokens)):
        if tokens[index][0] == b"(" and _is_word(tokens[index - 1][0]):
            word = tokens[index - 1][0]
            if word in BESIDE_DECLARATORS and index + 1 < len(tokens):
                continue
            group = tokens[index]
            break
    else:
        return
    static = _is_static(tokens)
    kind = ItemKind.OTHER
    name, name_at = word, tokens[index - 1][1]
    if GUARD_MACROS.match(word):
        kind = ItemKind.GUARD
    elif index > 1 or tokens[-1][0] == b"=" or DECLARING_MACROS.match(word):
        kind = ItemKind.VARIABLE
    if kind is not ItemKind.OTHER:
        arguments = split_arguments(text, group[1], group[2])
        wanted = 1 if SECOND_ARGUMENT.match(word) and len(arguments) > 1 else 0
        argument = _IDENTIFIER.match(text, *arguments[wanted])
        if argument is None or argument.group() in _KEYWORDS:
            kind = ItemKind.OTHER
        else:
            name, name_at = argument.group(), argument.start()
    items.append(Item(kind, _text(name), start + base, end + base, name_at + base, static, active))


def _declaration(
    text: bytes, tokens: list[_Token], end: int, active: bool, items: list[Item], base: int
) -> None:
    """The tokens before a ``;``: records, typedefs, variables, prototypes, macro uses."""
    start = tokens[0][1]
    static = _is_static(tokens)
    typedef = tokens[0][0] == b"typedef" or (len(tokens) > 1 and tokens[1][0] == b"typedef")
    first = 0  # the first token that may belong to a declarator
    for index, (word, _, _) in enumerate(tokens):
        if word == b"=":
            break
        if word == b"{":
            _record(text, tokens, index, end, active, items, base)
            first = index + 1
            break
    if first and first == len(tokens):
        return
    # Declarators: split at commas outside brackets.
    kind = ItemKind.TYPEDEF if typedef else ItemKind.VARIABLE
    begin = first
    count = len(tokens)
    index = first
    while begin < count:
        index = begin
        while index < count and tokens[index][0] != b",":
            index += 1
        _one_declarator(text, tokens, first, begin, index, kind, (start, end, static, active, base), items)
        begin = index + 1


def _one_declarator(
    text: bytes,
    tokens: list[_Token],
    first: int,
    begin: int,
    stop: int,
    kind: ItemKind,
    place: tuple[int, int, bool, bool, int],
    items: list[Item],
) -> None:
    """The declarator in ``tokens[begin:stop]`` of a declaration whose declarators start at ``first``."""
    start, end, static, active, base = place
    equals = stop
    for index in range(begin, stop):
        if tokens[index][0] == b"=":
            equals = index
            break
    name: bytes | None = None
    name_at = 0
    for index in range(begin, equals):
        if tokens[index][0] != b"(":
            continue
        before = tokens[index - 1][0] if index > begin else b""
        if before in BESIDE_DECLARATORS:
            continue
        match = _POINTER_NAME.match(text, tokens[index][1], tokens[index][2])
        if match is not None and (index + 1 < equals or not _is_word(before) or before in _KEYWORDS):
            name, name_at = match.group(1), match.start(1)
            if kind is ItemKind.VARIABLE and _FUNCTION_IN_POINTER.match(
                text, tokens[index][1], tokens[index][2]
            ):
                kind = ItemKind.PROTOTYPE
            break
        if _is_word(before) and before not in _KEYWORDS:
            chosen, typed = _declarator(tokens, equals) if begin == first else (index - 1, True)
            if chosen < 0:
                continue
            if not typed and kind is ItemKind.VARIABLE and not first:
                _macro_use(text, tokens, end, active, items, base)
                return
            name, name_at = tokens[chosen][0], tokens[chosen][1]
            if kind is ItemKind.VARIABLE:
                kind = ItemKind.PROTOTYPE if equals == stop else ItemKind.VARIABLE
            if kind is ItemKind.PROTOTYPE and DECLARING_MACROS.match(name):
                _macro_use(text, tokens, end, active, items, base)
                return
            break
    if name is None:
        words = 0
        for index in range(begin, equals):
            word, at, _ = tokens[index]
            if word == b"[" or word == b":":
                if name is not None:
                    break
            elif _is_word(word) and word not in _KEYWORDS:
                following = tokens[index + 1][0] if index + 1 < equals else b""
                if following == b"(" and word in BESIDE_DECLARATORS:
                    continue
                words += 1
                if word.startswith(b"__") and name is not None and index + 1 == equals:
                    continue  # ``int x __read_mostly``
                previous = tokens[index - 1][0] if index > begin else b""
                if previous in RECORD_WORDS:
                    continue
                name, name_at = word, at
    if name is not None:
        items.append(Item(kind, _text(name), start + base, end + base, name_at + base, static, active))


def _record(
    text: bytes, tokens: list[_Token], brace: int, end: int, active: bool, items: list[Item], base: int
) -> None:
    """The record or enumeration whose body is ``tokens[brace]``, and those inside it that have a name."""
    start = tokens[0][1]
    kind = ItemKind.RECORD
    tag = b""
    tag_at = tokens[brace][1]
    for index in range(brace - 1, -1, -1):
        word, at, _ = tokens[index]
        if word in RECORD_WORDS:
            if word == b"enum":
                kind = ItemKind.ENUM
            if not tag:
                tag_at = at
            break
        if _is_word(word) and word not in BESIDE_DECLARATORS and not (tag and word.startswith(b"__")):
            tag, tag_at = word, at
    items.append(Item(kind, _text(tag), start + base, end + base, tag_at + base, False, active))
    inner_start, inner_end = tokens[brace][1] + 1, tokens[brace][2]
    if kind is ItemKind.ENUM:
        return
    for match in _NESTED_RECORD.finditer(text, inner_start, inner_end):
        stop = group_end(text, match.end() - 1, inner_end)
        if stop > 0:
            inner = ItemKind.ENUM if match.group(1) == b"enum" else ItemKind.RECORD
            items.append(
                Item(
                    inner,
                    _text(match.group(2)),
                    match.start() + base,
                    stop + base,
                    match.start(2) + base,
                    False,
                    active,
                )
            )
