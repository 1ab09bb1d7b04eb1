"""The part of an item in front of its body, made plain C at the same length.

What comes in: a draft and the item it is of. What goes out: the offset in the draft from which
statements and expressions may stand. Function headers lose attribute macros that no table knows;
headers that are macros (``SYSCALL_DEFINE3(open, …) {``) become headers of functions; declarations by
macro lose what stands before the macro.
"""

from __future__ import annotations

import re

from gfplint.frontend.dialect import Draft, Shape
from gfplint.frontend.items import SECOND_ARGUMENT, Item, ItemKind
from gfplint.frontend.lexical import group_end, split_arguments
from gfplint.frontend.marks import MarkKind
from gfplint.frontend.words import ATTRIBUTE_CALLS, ATTRIBUTES, HEADER_ATTRIBUTES, PRIMITIVES, TYPE_WORDS

_WORD = re.compile(rb"[A-Za-z_]\w*")
_CALL = re.compile(rb"([A-Za-z_]\w*)\s*\(")
_STORAGE = re.compile(rb"\s*(?:(?:static|extern|const|inline|volatile|__\w+)\s+)*")
_ARRAY_TYPE = re.compile(rb"\[[^][]*\]")
_PAIR_TYPE = re.compile(rb"[\w\s*\[\]]+\Z")
_TYPE_NAME = re.compile(rb"__(?:[su]|be|le|sum|wsum|kernel_)\d*\w*\Z|\w+_t\Z|[US]\d+\Z")
_BRACE = re.compile(rb"\s*\{")
_WORD_END = re.compile(rb"\s*\(")


def prepare(draft: Draft, item: Item) -> int:
    """Make the header of ``item`` plain and return where its body begins."""
    kind = item.kind
    if kind is ItemKind.FUNCTION:
        return _function(draft, item.name_at - item.start)
    if kind is ItemKind.VARIABLE or kind is ItemKind.OTHER or kind is ItemKind.GUARD:
        return _by_macro(draft, item)
    if kind is ItemKind.PROTOTYPE:
        plain_words(draft, 0, item.name_at - item.start)
    elif kind is ItemKind.RECORD or kind is ItemKind.TYPEDEF:
        members(draft)
    return len(draft.original)


def _function(draft: Draft, name_at: int) -> int:
    """Header of a function whose name stands at ``name_at``."""
    text = draft.original
    brace = text.find(b"{", name_at)
    if brace < 0:
        return len(text)
    opening = text.rfind(b"(", 0, name_at)
    if opening >= 0 and not text[opening + 1 : name_at].strip():
        call = _call_before(text, opening)
        if call >= 0:
            plain_words(draft, 0, call, typed=True)
            _macro_header(draft, call, opening)
            return brace
    plain_words(draft, 0, name_at)
    return brace


def _call_before(text: bytes, opening: int) -> int:
    """The start of the identifier in front of the bracket at ``opening``; -1 where none stands there."""
    start = opening
    while start and text[start - 1] in b" \t":
        start -= 1
    end = start
    while start and (text[start - 1 : start].isalnum() or text[start - 1] == 0x5F):
        start -= 1
    return start if start < end else -1


def plain_words(draft: Draft, start: int, end: int, typed: bool = False) -> None:
    """Between ``start`` and ``end`` stand storage words and a type: blank every word that is neither.

    C has room for one type name there. Where there are more, known attributes go first, then what the
    program calls an attribute, then names in capitals or with two underscores, then the first ones.
    ``typed``: a type comes from elsewhere.
    """
    out = draft.out
    if out.find(b"{", start, end) >= 0:
        return  # ``struct x {…} f(void)``
    names: list[tuple[int, int, bytes]] = []
    tagged = False
    text = bytes(out[:end])
    match = _WORD.search(text, start)
    while match is not None:
        word = match.group()
        stop = match.end()
        following = _WORD_END.match(text, stop)
        if following is not None:
            closed = group_end(text, following.end() - 1)
            stop = closed if closed > 0 else end
        if word in ATTRIBUTES:
            draft.blank(match.start(), match.end())
        elif tagged:
            tagged = False
        elif word in TYPE_WORDS:
            typed = typed or word in PRIMITIVES
            if word == b"struct" or word == b"union" or word == b"enum":
                typed = tagged = True
        else:
            names.append((match.start(), stop, word))
        match = _WORD.search(text, stop)
    if not names and not typed:
        storage = out.find(b"static", start, end)
        if storage >= 0:
            out[storage : storage + 6] = b"int   "
        return
    allowed = 0 if typed else 1
    if len(names) <= allowed and not (names and names[0][2] in HEADER_ATTRIBUTES):
        return
    for number, test in enumerate((_is_attribute, _looks_like_attribute, None)):
        for place in list(names):
            if number and len(names) <= allowed:
                return
            if test is None or test(draft, place[2]):
                names.remove(place)
                draft.blank(place[0], place[1])
                if place[1] - place[0] > len(place[2]):
                    draft.mark(MarkKind.ATTRIBUTE, place[0], place[1], place[2])


def _is_attribute(draft: Draft, word: bytes) -> bool:
    return word in HEADER_ATTRIBUTES or word in ATTRIBUTE_CALLS or draft.shape(word) is Shape.ATTRIBUTE


def _looks_like_attribute(_: Draft, word: bytes) -> bool:
    return (word.startswith(b"__") or word.isupper()) and not _TYPE_NAME.match(word)


def _macro_header(draft: Draft, call: int, opening: int) -> None:
    """``MACRO(name, …) {`` at ``call``: parameters come as (type, name) pairs, or whole, or not at all."""
    text = draft.original
    end = group_end(text, opening)
    if end < 0:
        return
    arguments = split_arguments(text, opening, end)
    macro = text[call:opening].strip()
    draft.mark(MarkKind.DECLARATION, call, end, macro)
    name = text[arguments[0][0] : arguments[0][1]]
    out = draft.out
    rest = arguments[1:]
    if not rest or not re.match(rb"\w+\Z", name) or not all(_PAIR_TYPE.match(text[a:b]) for a, b in rest):
        room = draft.room(call, end)
        header = b"int " + name + b"()"
        if len(header) > room:
            header = b"int " + name[: max(1, room - 6)] + b"()"
        draft.put(call, end, header)
        return
    # ``MACRO(name, a, b)``: the macro's name makes room for a type, the first comma is the bracket.
    draft.blank(call, opening + 1)
    if opening + 1 - call >= 4:
        draft.put(call, opening, b"long"[: opening - call] if opening - call >= 4 else b"int")
    comma = text.index(b",", arguments[0][1])
    out[comma] = 0x28
    paired = len(rest) % 2 == 0 and all(_WORD.fullmatch(text[a:b]) for a, b in rest[1::2])
    if paired:
        for index in range(0, len(rest), 2):
            comma = text.index(b",", rest[index][1])
            out[comma] = 0x20


def _by_macro(draft: Draft, item: Item) -> int:
    """A variable, perhaps declared by a macro; anything else at top level is a macro's use."""
    text = draft.original
    storage = _STORAGE.match(text)
    start = storage.end() if storage is not None else 0
    call = _CALL.match(text, start)
    if call is None or call.start(1) == item.name_at - item.start:
        return _initialiser(draft, item)
    end = group_end(text, call.end() - 1)
    if item.kind is not ItemKind.VARIABLE or end < 0:
        draft.blank(0, start)
        return start
    word = call.group(1)
    if not call.end() <= item.name_at - item.start < end:
        return _initialiser(draft, item)
    if _BRACE.match(text, end):
        # ``define_machine(x) { .f = 1 }``: C wants a type and an equals sign.
        header = b"struct T " + text[item.name_at - item.start : end - 1].split(b",")[0].strip() + b"="
        if len(header) <= draft.room(call.start(1), end):
            draft.put(call.start(1), end, header)
        draft.mark(MarkKind.DECLARATION, call.start(1), end, word)
        return end
    draft.mark(MarkKind.DECLARATION, call.start(1), end, word)
    if SECOND_ARGUMENT.match(word):
        arguments = split_arguments(text, call.end() - 1, end)
        if len(arguments) == 2:
            draft.blank(call.start(1), call.end())
            for array in _ARRAY_TYPE.finditer(text, *arguments[0]):
                draft.blank(array.start(), array.end())
            draft.out[text.index(b",", arguments[0][1])] = 0x20
            draft.out[end - 1] = 0x20
            return _initialiser(draft, item)
    draft.blank(0, start)
    return start


def _initialiser(draft: Draft, item: Item) -> int:
    """Where the initialiser of a plain declaration begins."""
    text = draft.original
    at = text.find(b"=")
    if text.find(b"{", 0, at if at > 0 else len(text)) >= 0:
        members(draft)
    if item.kind is ItemKind.VARIABLE:
        end = item.name_at - item.start
        if text.find(b",", 0, end) < 0 and text.find(b"{", 0, end) < 0 and text.find(b"(", 0, end) < 0:
            plain_words(draft, 0, end)
    return at if at >= 0 else len(text)


_MEMBER_MACRO = re.compile(
    rb"\b(?:(__struct_group|struct_group(?:_attr|_tagged)?)|(DECLARE_BITMAP)|(_*DECLARE_FLEX_ARRAY)"
    rb"|(DECLARE_HASHTABLE)|(DECLARE_KFIFO(?:_PTR)?))\s*\("
)
_GROUP_HEADS = {b"struct_group": 1, b"struct_group_attr": 2, b"struct_group_tagged": 2, b"__struct_group": 3}
_RANDOM = re.compile(rb"\brandomized_struct_fields_(?:start|end)\b")


def members(draft: Draft) -> None:
    """Members that macros declare: groups become their members, the others plain arrays.

    Kernel facts: include/linux/stddef.h (struct_group, 5.16 and newer), types.h, hashtable.h, kfifo.h.
    """
    text = draft.original
    for match in _RANDOM.finditer(text):
        draft.blank(match.start(), match.end())
    for match in _MEMBER_MACRO.finditer(text):
        end = group_end(text, match.end() - 1)
        if end < 0:
            continue
        arguments = split_arguments(text, match.end() - 1, end)
        start = match.start()
        if match.group(1):
            heads = _GROUP_HEADS[match.group(1)]
            if len(arguments) > heads:
                draft.blank(start, arguments[heads][0])
                draft.blank(end - 1, _semicolon(text, end))
            continue
        pieces = [text[a:b] for a, b in arguments]
        if len(pieces) < 2:
            continue
        if match.group(2):
            member = b"long " + pieces[0] + b"[1]"
        elif match.group(3):
            member = pieces[0] + b" " + pieces[1] + b"[]"
        elif match.group(4):
            member = b"struct hlist_head " + pieces[0] + b"[1]"
        else:
            member = b"struct kfifo " + pieces[0]
        if len(member) <= end - start and b"\n" not in member and len(member) <= draft.room(start, end):
            draft.put(start, end, member)
            draft.mark(MarkKind.DECLARATION, start, end, match.group().rstrip(b"( \t"))


def _semicolon(text: bytes, at: int) -> int:
    """Behind the semicolon that follows ``at``, or ``at``."""
    following = re.compile(rb"[^;{}]*;").match(text, at)
    return following.end() if following is not None else at
