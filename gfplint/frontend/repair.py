"""What is still a syntax error after normalising: guesses, kept where they help.

What comes in: a normalised draft and its tree with errors. What goes out: a draft with fewer of them and
its tree. First come rewrites of the whole text that would be too dear or too bold to make everywhere;
then each error is looked at where it is. A rewrite that does not lower the number of errors is undone.
Nothing is lost but to the grammar: marks tell what stood there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import tree_sitter

from gfplint.frontend.dialect import Draft, finish_statement, opening_bracket, statement_calls, word_before
from gfplint.frontend.lexical import STRING, group_end, split_arguments
from gfplint.frontend.marks import MarkKind
from gfplint.frontend.words import KEYWORDS

MAX_ROUNDS = 40
"""How often a text is parsed again for the sake of single errors."""

MAX_ERRORS = 24
"""How many errors of one tree are counted, and looked at, in a round."""

_SIMPLE_GROUP = rb"\((?>(?:[^();{}]++|\((?>(?:[^();{}]++|\([^();{}]*+\))*)\))*)\)"
_OPERATOR = re.compile(
    rb"(?:,\s*([=!<>]=|<<=?|>>=?|[-+|&^*/%]=|&&|\|\||[<>=|&^+*/%~!-])\s*(?=[,)])|\(\s*([=!<>]=|<<|>>|[<>=|&^+/%])\s*(?=[,)]))"
)
_HALF_NAME = re.compile(rb"(?<=[(, ])(?!0[xX])\d+(?![uUlL]{1,3}\b|[eE][-+]?\d)[A-Za-z_]\w*")
_STATEMENT_ARGUMENT = re.compile(STRING + rb"|[(,]\s*((?:return|goto|break|continue|if|do|for|while)\b)|;")
_BARE_CONDITION = re.compile(rb"\b(?:if|while|switch)\s+([A-Za-z_]\w*\s*" + _SIMPLE_GROUP + rb")")
_EMPTY = re.compile(rb"([(,])(\s*)(?=,)|,(\s*)(?=\))")
_KERN = re.compile(rb"\bKERN_[A-Z]+\b(?!\s*[,)])")
_TWO_CAPITALS = re.compile(rb"(?<=[(,\"])\s*([A-Z][A-Z0-9_]+)\s+(?=[A-Z]\w*\s*[\",)])")
_CALL_BEFORE_STRING = re.compile(rb"\b([A-Za-z_]\w*\s*" + _SIMPLE_GROUP + rb")(?=\s*\")")
_CALL_AFTER_STRING = re.compile(rb"\"\s*([A-Za-z_]\w*\s*" + _SIMPLE_GROUP + rb")")
_CALL_MAY_LEAD = re.compile(rb"(?:return|if|while|switch|sizeof|for)\b")
_MIDDLE_ATTRIBUTE = re.compile(rb"(?<=[\w*])(\s+)(_\w+)(?=\s+[\w*]|\s*\*)")
_LAST_ATTRIBUTE = re.compile(rb"(?<=[\w\])])\s+(__\w+)(?=\s*[;=,])")
_PARAMETER_ATTRIBUTE = re.compile(rb"[\w*]\s+([A-Z][A-Z0-9_]*)\s+(?=\w+\s*[,)])")
_DESIGNATED = re.compile(rb"[(,]\s*((?:\.\w+)+\s*=)(?!=)")
_NUMBER_UNIT = re.compile(rb"\b\d\w*(\s+[A-Z]\w*)\b(?!\s*\()")
_LONE_CAPITALS = re.compile(
    rb"[;{}:]\s*([A-Z][A-Z0-9_]{2,}\w*)"
    rb"(?=\s+(?:if|for|while|switch|return|case|default|do|goto|break|continue|\})"
    rb"|[ \t]*\n\s*\w+\s*[(\-.=:\[+])"
)
_CALL_BEFORE_BRACE = re.compile(rb"[;{})]\s*([A-Za-z_]\w*)\s*" + _SIMPLE_GROUP + rb"(?=\s*\})")
_CALLS_IN_ROW = re.compile(rb"([A-Z]\w*)\s*" + _SIMPLE_GROUP + rb"(?=\s+\1\s*\()")
_UNNAMED_BITS = re.compile(rb",\s*?([ \t])(?=:)")
_RECORD_MACRO = re.compile(
    rb"[;{]\s*((?!if|for|while|switch|return)[A-Za-z_]\w*\s*" + _SIMPLE_GROUP + rb"\s*;)"
)
_UNNAMED_FIELD = re.compile(rb"(?<=[;{])\s*((?:unsigned\s+)?\w+\s*:\s*\w+\s*;)")
_LOCAL_RECORD = re.compile(rb"\b(?:struct|union)\s*\w*\s*\{")


def repair(draft: Draft, root: tree_sitter.Node, parser: tree_sitter.Parser) -> tuple[tree_sitter.Node, int]:
    """Lower the number of errors; the tree of ``draft.out`` as it is then, and how many are left."""
    count = count_errors(root)
    for rewrite in _REWRITES:
        before, marks = bytes(draft.out), dict(draft.marks)
        rewrite(draft)
        if draft.out == before:
            continue
        tree = parser.parse(bytes(draft.out)).root_node
        left = count_errors(tree)
        if left < count or (left == count and _first_error(tree) > _first_error(root)):
            root, count = tree, left
            if not count:
                return root, 0
        else:
            draft.out[:] = before
            draft.marks = marks
    tried: set[tuple[int, int]] = set()
    for _ in range(MAX_ROUNDS):
        better = _one_error(draft, root, count, parser, tried)
        if better is None:
            break
        root, count = better
        if not count:
            break
    return root, count


def _one_error(
    draft: Draft,
    root: tree_sitter.Node,
    count: int,
    parser: tree_sitter.Parser,
    tried: set[tuple[int, int]],
) -> tuple[tree_sitter.Node, int] | None:
    """Try each local remedy at each error until one helps; None where none does."""
    for node in list(errors(root))[:MAX_ERRORS]:
        for number, remedy in enumerate(_REMEDIES):
            key = (node.start_byte, number)
            if key in tried:
                continue
            tried.add(key)
            before, marks = bytes(draft.out), dict(draft.marks)
            remedy(draft, node)
            if draft.out == before:
                continue
            tree = parser.parse(bytes(draft.out)).root_node
            left = count_errors(tree)
            if left < count or (left == count and _first_error(tree) > _first_error(root)):
                return tree, left
            draft.out[:] = before
            draft.marks = marks
    return None


def errors(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """ERROR and MISSING nodes under ``root`` in order, an ERROR before those inside it."""
    if not root.has_error:
        return
    stack = [root]
    while stack:
        node = stack.pop()
        if node.is_error or node.is_missing:
            yield node
        stack.extend(reversed([child for child in node.children if child.has_error or child.is_missing]))


def count_errors(root: tree_sitter.Node) -> int:
    """The number of ERROR and MISSING nodes under ``root``."""
    return sum(1 for _ in errors(root))


def _first_error(root: tree_sitter.Node) -> int:
    for node in errors(root):
        return node.start_byte
    return root.end_byte


# ------------------------------------------------------------------ rewrites of the whole text


def _strings(draft: Draft) -> None:
    """String literals joined with more than single names."""
    text = bytes(draft.out)
    for match in _KERN.finditer(text):
        draft.blank(match.start(), match.end())
    for match in _TWO_CAPITALS.finditer(text, draft.body):
        draft.blank(match.start(1), match.end(1))
    for pattern in (_CALL_BEFORE_STRING, _CALL_AFTER_STRING):
        for match in pattern.finditer(bytes(draft.out), draft.body):
            if not _CALL_MAY_LEAD.match(match.group(1)):
                draft.blank(match.start(1), match.end(1))


def _operators(draft: Draft) -> None:
    """Operators as macro arguments, ``ASSERTCMP(a, ==, b)``."""
    for match in _OPERATOR.finditer(bytes(draft.out), draft.body):
        group = 1 if match.group(1) else 2
        start, end = match.span(group)
        draft.out[start:end] = b"_" * (end - start)
        draft.mark(MarkKind.TYPE, start, end, b"operator")


def _numbers(draft: Draft) -> None:
    """Half names that begin with a digit, for ``##``: ``add_mode(ks, 10baseT_Half)``."""
    for match in _HALF_NAME.finditer(bytes(draft.out), draft.body):
        draft.out[match.start()] = 0x5F
        draft.mark(MarkKind.TYPE, match.start(), match.end(), b"half name")


def _statement_arguments(draft: Draft) -> None:
    """Statements as macro arguments, ``CHECK(a, return b)``, become identifiers."""
    text = bytes(draft.out)
    done = draft.body
    for match in _STATEMENT_ARGUMENT.finditer(text, draft.body):
        at = match.start(1) if match.group(1) else match.start()
        if text[match.start()] in b"\"'" or at < done:
            continue
        opening = opening_bracket(text, at, draft.body)
        if opening < 0 or text[opening] != 0x28:
            continue
        name = word_before(text, opening)
        end = group_end(text, opening)
        if not name or name in KEYWORDS or end < 0:
            continue
        for start, stop in split_arguments(text, opening, end):
            if start <= at < stop:
                hide(draft, start, stop, b"argument")
                done = stop
    if done > draft.body:
        statement_calls(draft, draft.body)  # those whose arguments hid them


def _empty_arguments(draft: Draft) -> None:
    """Empty macro arguments get a name where a blank has room for it, else their comma goes."""
    for match in _EMPTY.finditer(bytes(draft.out), draft.body):
        white = 2 if match.group(1) is not None else 3
        start, end = match.span(white)
        spot = next((at for at in range(start, end) if draft.out[at] in b" \t"), -1)
        if spot >= 0:
            draft.out[spot] = 0x30
        elif match.group(1) is not None:
            draft.out[match.end()] = 0x20  # the comma that follows
        else:
            draft.out[match.start()] = 0x20


def _attributes(draft: Draft) -> None:
    """Words with underscores, or in capitals, between a type and a name."""
    text = bytes(draft.out)
    for match in _MIDDLE_ATTRIBUTE.finditer(text):
        start, end = match.span(2)
        if _word_or_star(text, match.start(1)):
            draft.blank(start, end)
    for match in _PARAMETER_ATTRIBUTE.finditer(text, 0, draft.body):
        draft.blank(match.start(1), match.end(1))


def _last_attributes(draft: Draft) -> None:
    """``int x __foo = 1;``"""
    for match in _LAST_ATTRIBUTE.finditer(bytes(draft.out)):
        draft.blank(match.start(1), match.end(1))


def _word_or_star(text: bytes, end: int) -> bool:
    """Is what ends at ``end`` a type's last word or ``*``, and no keyword of a statement?"""
    if text[end - 1] == 0x2A:
        return True
    start = end
    while start and (text[start - 1 : start].isalnum() or text[start - 1] == 0x5F):
        start -= 1
    return text[start:end] not in (b"return", b"goto", b"case", b"else", b"do", b"struct", b"union", b"enum")


def _designators(draft: Draft) -> None:
    """``CONFIG(.event = 1)``: what is named does not matter to the grammar, what it is set to does."""
    for match in _DESIGNATED.finditer(bytes(draft.out), draft.body):
        draft.blank(match.start(1), match.end(1))


def _units(draft: Draft) -> None:
    """``16 KB`` where KB is a macro that starts with an operator."""
    for match in _NUMBER_UNIT.finditer(bytes(draft.out), draft.body):
        draft.blank(match.start(1), match.end(1))


def _semicolons(draft: Draft) -> None:
    """Macros that are statements by themselves."""
    for match in _LONE_CAPITALS.finditer(bytes(draft.out), draft.body):
        finish_statement(draft, match.start(1), match.end(1))
    for match in _CALLS_IN_ROW.finditer(bytes(draft.out), draft.body):
        finish_statement(draft, match.start(1), match.end())
    for match in _CALL_BEFORE_BRACE.finditer(bytes(draft.out), draft.body):
        finish_statement(draft, match.start(1), match.end())


def _conditions(draft: Draft) -> None:
    """``if MACRO(x) {``, whose brackets are the macro's: the condition becomes an identifier."""
    for match in _BARE_CONDITION.finditer(bytes(draft.out), draft.body):
        start, end = match.span(1)
        if draft.room(start, end) > 3:
            draft.put(start, end, b"(" + b"_" * (draft.room(start, end) - 2) + b")")
            draft.mark(MarkKind.TYPE, start + 1, end, b"condition")


def _members(draft: Draft) -> None:
    """Macros that declare members of a record inside a function, and members without a name."""
    text = bytes(draft.out)
    for match in _UNNAMED_BITS.finditer(text):
        draft.out[match.start(1)] = 0x5F
    for record in _LOCAL_RECORD.finditer(text):
        end = group_end(text, record.end() - 1)
        for match in _RECORD_MACRO.finditer(text, record.end() - 1, max(end, record.end())):
            draft.blank(match.start(1), match.end(1))
        for match in _UNNAMED_FIELD.finditer(bytes(draft.out), record.end() - 1, max(end, record.end())):
            draft.blank(match.start(1), match.end(1))


_REWRITES: tuple[Callable[[Draft], None], ...] = (
    _strings,
    _operators,
    _numbers,
    _statement_arguments,
    _empty_arguments,
    _semicolons,
    _designators,
    _attributes,
    _last_attributes,
    _units,
    _members,
    _conditions,
)

# --------------------------------------------------------------------------- one error at a time


def _missing_semicolon(draft: Draft, node: tree_sitter.Node) -> None:
    """A statement macro without its semicolon."""
    if node.is_missing and node.type == ";":
        before = bytes(draft.out)
        stop = node.start_byte
        finish_statement(draft, stop, stop)
        if draft.out == before:  # no blank for a semicolon: the statement goes
            finish_statement(draft, stop - len(word_before(before, stop)), stop)


def _bad_argument(draft: Draft, node: tree_sitter.Node) -> None:
    """The innermost macro argument around the error becomes an identifier."""
    at = node.start_byte
    text = bytes(draft.out)
    for _ in range(6):
        opening = opening_bracket(text, at, draft.body)
        if opening < 0:
            return
        name = word_before(text, opening) if text[opening] == 0x28 else b""
        if name and name not in KEYWORDS:
            end = group_end(text, opening)
            if end < 0:
                return
            for start, stop in split_arguments(text, opening, end):
                if stop > start and start <= node.end_byte and stop >= node.start_byte:
                    hide(draft, start, stop, b"argument")
            return
        at = opening


def hide(draft: Draft, start: int, stop: int, name: bytes) -> None:
    """Make ``[start, stop)`` one identifier, with a mark; marks inside it go."""
    for key in [key for key in draft.marks if start <= key < stop]:
        del draft.marks[key]
    room = draft.room(start, stop)
    draft.put(start, stop, b"_" * max(1, min(room, stop - start)))
    draft.mark(MarkKind.TYPE, start, stop, name)


def _bad_arguments(draft: Draft, node: tree_sitter.Node) -> None:
    """All arguments of the macro around the error become identifiers."""
    text = bytes(draft.out)
    at = node.start_byte
    for _ in range(6):
        opening = opening_bracket(text, at, draft.body)
        if opening < 0:
            return
        name = word_before(text, opening) if text[opening] == 0x28 else b""
        if name and name not in KEYWORDS:
            end = group_end(text, opening)
            if end > 0:
                for start, stop in split_arguments(text, opening, end):
                    if stop > start:
                        hide(draft, start, stop, b"argument")
            return
        at = opening


_BRACKETS = re.compile(rb"[{};]")
_LONE = re.compile(rb"\s*,?\s*([A-Za-z_]\w*)(?:\s*\([^()]*\))?\s*,?\s*\Z")


def _lone_word(draft: Draft, node: tree_sitter.Node) -> None:
    """An ERROR that is one word (or one macro use): an attribute nobody knows."""
    start, end = node.start_byte, node.end_byte
    match = _LONE.match(bytes(draft.out[start:end])) if node.is_error else None
    if match is not None and match.group(1) not in KEYWORDS:
        _drop(draft, MarkKind.ATTRIBUTE, start, end)


def _drop(draft: Draft, kind: MarkKind, start: int, end: int) -> None:
    """Blank ``[start, end)``, with a mark instead of those inside it."""
    for key in [key for key in draft.marks if start <= key < end]:
        del draft.marks[key]
    draft.blank(start, end)
    draft.mark(kind, start, end, draft.original[start:end].strip(b" \t\r\n,"))


def _comma(draft: Draft, node: tree_sitter.Node) -> None:
    """Elements of an initialiser list that are macros with a comma of their own."""
    at = node.start_byte
    while at > 0 and draft.out[at - 1] in b" \t\n\r":
        at -= 1
    opening = opening_bracket(draft.out, at, 0)
    if opening >= 0 and draft.out[opening] == 0x7B and node.is_error and _in_list(draft.out, opening):
        for spot in (
            *range(node.end_byte, min(node.end_byte + 2, len(draft.out))),
            *range(at, node.start_byte),
        ):
            if draft.out[spot] in b" \t":
                draft.out[spot] = 0x2C
                return


def _in_list(text: bytearray, opening: int) -> bool:
    """Is the ``{`` at ``opening`` that of an initialiser list, or inside one?"""
    while opening > 0:
        at = opening
        while at and text[at - 1] in b" \t\r\n":
            at -= 1
        if not at or text[at - 1] not in b"=,{":
            return False
        if text[at - 1] != 0x7B:
            return True
        opening = at - 1
    return False


def _whole(draft: Draft, node: tree_sitter.Node) -> None:
    """A short ERROR without brackets or braces is blanked."""
    start, end = node.start_byte, node.end_byte
    piece = bytes(draft.out[start:end])
    balanced = not _BRACKETS.search(piece) and piece.count(b"(") == piece.count(b")")
    if node.is_error and end - start < 80 and balanced:
        _drop(draft, MarkKind.STATEMENT, start, end)


_REMEDIES: tuple[Callable[[Draft, tree_sitter.Node], None], ...] = (
    _missing_semicolon,
    _comma,
    _bad_argument,
    _lone_word,
    _bad_arguments,
    _whole,
)
