"""The IR as text, and a check that a function keeps the IR's promises.

``format_function`` is stable and diffable: what it prints depends on nothing but the function. One line
for each instruction, positions as ``@offset`` (left out with ``places=False``).
"""

from __future__ import annotations

from collections.abc import Iterator

from gfplint import ir

_BINDING = {
    op: level
    for level, ops in enumerate(
        ("||", "&&", "|", "^", "&", "== !=", "< > <= >=", "<< >>", "+ -", "* / %"), start=2
    )
    for op in ops.split()
}
_UNARY, _POSTFIX = 20, 21


def format_type(type_: ir.Type, inner: str = "") -> str:
    """A type as C writes it, around the declarator ``inner``."""
    gap = f" {inner}" if inner else ""
    if isinstance(type_, (ir.Basic, ir.Named)):
        return type_.name + gap
    if isinstance(type_, ir.Record):
        if type_.fields and not type_.tag:
            fields = " ".join(f"{format_type(field, name)};" for name, field in type_.fields)
            return f"{type_.keyword} {{ {fields} }}{gap}"
        return f"{type_.keyword} {type_.tag or '{}'}{gap}"
    if isinstance(type_, ir.Pointer):
        pointed = f"*{inner}"
        if isinstance(type_.to, (ir.Array, ir.FunctionType)):
            pointed = f"({pointed})"
        return format_type(type_.to, pointed)
    if isinstance(type_, ir.Array):
        return format_type(type_.of, f"{inner}[]")
    if isinstance(type_, ir.FunctionType):
        params = ", ".join(format_type(param) for param in type_.params) or "void"
        return format_type(type_.returns, f"{inner}({params})")
    if isinstance(type_, ir.TypeOf):
        return f"typeof({format_expr(type_.operand)}){gap}"
    return "?" + gap


def format_expr(expr: ir.Expr, around: int = 0) -> str:
    """An expression as C writes it; temporaries are ``$N``, unknown values ``?``."""
    if isinstance(expr, ir.Const):
        return str(expr.value)
    if isinstance(expr, (ir.Local, ir.Global)):
        return expr.name
    if isinstance(expr, ir.Temp):
        return f"${expr.number}"
    if isinstance(expr, ir.String):
        return '""'
    if isinstance(expr, ir.Field):
        if isinstance(expr.base, ir.Deref):
            return f"{format_expr(expr.base.pointer, _POSTFIX)}->{expr.name}"
        return f"{format_expr(expr.base, _POSTFIX)}.{expr.name}"
    if isinstance(expr, ir.Index):
        return f"{format_expr(expr.base, _POSTFIX)}[{format_expr(expr.index)}]"
    if isinstance(expr, ir.Container):
        return f"container_of({format_expr(expr.pointer)}, {format_type(expr.type)}, {expr.member})"
    if isinstance(expr, ir.Sizeof):
        return f"sizeof({format_type(expr.of)})"
    if isinstance(expr, ir.Opaque):
        return "?"
    level, text = _operator(expr)
    return f"({text})" if level < around else text


def _operator(expr: ir.Expr) -> tuple[int, str]:
    if isinstance(expr, ir.Deref):
        return _UNARY, f"*{format_expr(expr.pointer, _UNARY)}"
    if isinstance(expr, ir.AddressOf):
        return _UNARY, f"&{format_expr(expr.operand, _UNARY)}"
    if isinstance(expr, ir.Unary):
        return _UNARY, f"{expr.op}{format_expr(expr.operand, _UNARY)}"
    if isinstance(expr, ir.Cast):
        return _UNARY, f"({format_type(expr.type)}){format_expr(expr.operand, _UNARY)}"
    if isinstance(expr, ir.Binary):
        level = _BINDING.get(expr.op, 1)
        return level, f"{format_expr(expr.left, level)} {expr.op} {format_expr(expr.right, level + 1)}"
    if isinstance(expr, ir.Select):
        parts = (format_expr(expr.condition, 2), format_expr(expr.then, 2), format_expr(expr.otherwise, 1))
        return 1, f"{parts[0]} ? {parts[1]} : {parts[2]}"
    return 0, repr(expr)


def format_instruction(instruction: ir.Instruction, places: bool = True) -> str:
    """One instruction."""
    at = f"  @{instruction.at}" if places else ""
    if isinstance(instruction, ir.Assign):
        return f"{format_expr(instruction.target)} = {format_expr(instruction.value)}{at}"
    args = ", ".join(format_expr(arg) for arg in instruction.args)
    via = f"  via {instruction.via}" if instruction.via else ""
    return (
        f"{format_expr(instruction.result)} = {format_expr(instruction.function, _POSTFIX)}({args}){at}{via}"
    )


def format_end(end: ir.Terminator, places: bool = True) -> str:
    """One terminator."""
    if isinstance(end, ir.Jump):
        return f"goto {end.target}"
    if isinstance(end, ir.Stop):
        return "stop"
    at = f"  @{end.at}" if places else ""
    if isinstance(end, ir.Branch):
        return f"if {format_expr(end.condition)} goto {end.then} else {end.otherwise}{at}"
    if isinstance(end, ir.Return):
        return ("return" if end.value is None else f"return {format_expr(end.value)}") + at
    cases = []
    for low, high, block in end.cases:
        label = format_expr(low) if low == high else f"{format_expr(low)} ... {format_expr(high)}"
        cases.append(f"{label}: {block}")
    return f"switch {format_expr(end.value)} {{{', '.join([*cases, f'default: {end.default}'])}}}{at}"


def format_function(function: ir.Function, places: bool = True) -> str:
    """A whole function: its header, its locals, its blocks."""
    params = ", ".join(
        format_type(function.types.get(name, ir.UnknownType()), name) for name in function.params
    )
    static = "static " if function.static else ""
    lines = [static + format_type(function.returns, f"{function.name}({params or 'void'})")]
    for name, type_ in function.types.items():
        if name not in function.params:
            lines.append(f"    {'static ' if name in function.statics else ''}{format_type(type_, name)};")
            for value in function.static_values.get(name, ()):
                lines.append(f"        {_path(value.path)} = {format_expr(value.value)}")
    for number, block in enumerate(function.blocks):
        lines.append(f"{number}:")
        lines.extend(f"    {format_instruction(instruction, places)}" for instruction in block.instructions)
        lines.append(f"    {format_end(block.end, places)}")
    return "\n".join(lines) + "\n"


def format_variable(variable: ir.Variable) -> str:
    """A file-scope variable with its flattened initialiser."""
    static = "static " if variable.static else ""
    lines = [f"{static}{format_type(variable.type, variable.name)};"]
    lines.extend(f"    {_path(value.path)} = {format_expr(value.value)}" for value in variable.values)
    return "\n".join(lines) + "\n"


def _path(path: tuple[str, ...]) -> str:
    return "".join(step if step == "[]" else f".{step}" for step in path) or "."


# ------------------------------------------------------------------------------- invariants

_LVALUES = (ir.Local, ir.Global, ir.Field, ir.Deref, ir.Index, ir.Temp)


def _operands(expr: ir.Expr) -> tuple[ir.Expr, ...]:
    if isinstance(expr, ir.Field):
        return (expr.base,)
    if isinstance(expr, (ir.Deref, ir.Container)):
        return (expr.pointer,)
    if isinstance(expr, ir.Index):
        return (expr.base, expr.index)
    if isinstance(expr, (ir.AddressOf, ir.Unary, ir.Cast)):
        return (expr.operand,)
    if isinstance(expr, ir.Binary):
        return (expr.left, expr.right)
    if isinstance(expr, ir.Select):
        return (expr.condition, expr.then, expr.otherwise)
    return ()


def leaves(expr: ir.Expr) -> Iterator[ir.Expr]:
    """``expr`` and everything inside it."""
    stack = [expr]
    while stack:
        found = stack.pop()
        yield found
        stack.extend(_operands(found))


def _targets(end: ir.Terminator) -> tuple[int, ...]:
    if isinstance(end, ir.Jump):
        return (end.target,)
    if isinstance(end, ir.Branch):
        return (end.then, end.otherwise)
    if isinstance(end, ir.Switch):
        return (*(case[2] for case in end.cases), end.default)
    return ()


def _end_values(end: ir.Terminator) -> list[ir.Expr]:
    if isinstance(end, ir.Branch):
        return [end.condition]
    if isinstance(end, ir.Switch):
        return [end.value, *(value for case in end.cases for value in case[:2])]
    if isinstance(end, ir.Return) and end.value is not None:
        return [end.value]
    return []


def check_function(function: ir.Function) -> list[str]:
    """What is wrong with ``function``, a sentence each; empty where it keeps every promise:

    there is an entry; every block can be reached and every target exists; a temporary is defined on every
    way to its use; locals are declared; targets of assignments are lvalues; positions are inside the
    function.
    """
    wrong: list[str] = []
    count = len(function.blocks)
    if not count:
        return [f"{function.name} has no blocks."]
    for number, block in enumerate(function.blocks):
        for target in _targets(block.end):
            if not 0 <= target < count:
                wrong.append(f"Block {number} goes to {target}, which does not exist.")
    if wrong:
        return wrong
    before = _temps_before(function)
    for number, block in enumerate(function.blocks):
        known = before[number]
        if known is None:
            wrong.append(f"Block {number} cannot be reached.")
            continue
        known = set(known)
        for instruction in block.instructions:
            if isinstance(instruction, ir.Call):
                used = [instruction.function, *instruction.args]
            else:
                used = [instruction.value]
                if not isinstance(instruction.target, ir.Temp):
                    used.append(instruction.target)
                if not isinstance(instruction.target, _LVALUES):
                    wrong.append(f"Block {number} assigns to {format_expr(instruction.target)}.")
            if not function.start <= instruction.at <= function.end:
                wrong.append(f"Block {number}: position {instruction.at} is outside of {function.name}.")
            wrong.extend(_check_values(function, number, used, known))
            result = instruction.result if isinstance(instruction, ir.Call) else instruction.target
            if isinstance(result, ir.Temp):
                known.add(result.number)
        wrong.extend(_check_values(function, number, _end_values(block.end), known))
    for name in function.params:
        if name not in function.types:
            wrong.append(f"Parameter {name} has no type.")
    return wrong


def _check_values(function: ir.Function, number: int, used: list[ir.Expr], known: set[int]) -> list[str]:
    wrong = []
    for value in used:
        for leaf in leaves(value):
            if isinstance(leaf, ir.Temp) and leaf.number not in known:
                wrong.append(f"Block {number} uses ${leaf.number} before it has a value.")
            elif isinstance(leaf, ir.Local) and leaf.name not in function.types:
                wrong.append(f"Block {number} uses {leaf.name}, which is not declared.")
    return wrong


def _temps_before(function: ir.Function) -> list[set[int] | None]:
    """The temporaries that have a value on every way to each block; None where no way leads."""
    made: list[set[int]] = []
    for block in function.blocks:
        made.append(
            {
                result.number
                for instruction in block.instructions
                if isinstance(
                    result := instruction.result if isinstance(instruction, ir.Call) else instruction.target,
                    ir.Temp,
                )
            }
        )
    before: list[set[int] | None] = [None] * len(function.blocks)
    before[0] = set()
    pending = [0]
    while pending:
        number = pending.pop()
        known = before[number]
        after = (known or set()) | made[number]
        for target in _targets(function.blocks[number].end):
            old = before[target]
            new = after if old is None else old & after
            if old is None or new != old:
                before[target] = set(new)
                pending.append(target)
    return before
