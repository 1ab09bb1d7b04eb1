"""The one vocabulary that every room below the front end speaks.

What comes in: nothing; this module imports nothing of gfplint.
What goes out: types, expressions, instructions, basic blocks and functions.

A function is a control-flow graph of basic blocks. What C hides is plain here:

* ``&&``, ``||`` and ``?:`` with a call inside, statement expressions, loops, ``switch``, ``goto``
  and clean-up at the end of a scope (``guard()``, ``__free()``) are blocks and edges;
* macros that are not API models are already expanded, at the place of their use;
* every call is a :class:`Call` instruction of its own, in order of evaluation. Its result is a
  :class:`Temp`, so expressions have no side effects at all.

What is *not* here: what a call means. ``mutex_lock(&x->lock)`` is a call like any other; the API
models (``rules/``) and the analysis say what it does.

Positions (``at``) are byte offsets into the untouched source file of the function. Inside a macro's
expansion they are the offset of the macro's use. The classes are immutable by convention: they are
hashed and shared, and nobody assigns to their fields after construction (``frozen=True`` would
triple the cost of making one, and a run makes millions).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

# --------------------------------------------------------------------------------------- types


@dataclass(slots=True, unsafe_hash=True)
class Basic:
    """An arithmetic type or ``void``, spelled as C spells it: ``unsigned int``, ``void``, ``bool``."""

    name: str


@dataclass(slots=True, unsafe_hash=True)
class Named:
    """A typedef's name, not yet looked up: ``gfp_t``, ``spinlock_t``."""

    name: str


@dataclass(slots=True, unsafe_hash=True)
class Record:
    """``struct tag`` or ``union tag`` by name, or an unnamed one with its fields inline.

    ``tag`` is ``""`` for an unnamed one, and ``fields`` then holds (name, type) pairs in order.
    A member that has no name of its own (C11 anonymous struct or union) is the pair ("", Record).
    A use by name has no fields here; the program looks the definition up.
    ``keyword`` is ``struct`` or ``union``.
    """

    keyword: str
    tag: str
    fields: tuple[tuple[str, Type], ...] = ()


@dataclass(slots=True, unsafe_hash=True)
class Pointer:
    """Pointer to ``to``."""

    to: Type


@dataclass(slots=True, unsafe_hash=True)
class Array:
    """Array of ``of``; the length is not kept."""

    of: Type


@dataclass(slots=True, unsafe_hash=True)
class FunctionType:
    """A function that returns ``returns``. Parameter types are kept without their names."""

    returns: Type
    params: tuple[Type, ...] = ()


@dataclass(slots=True, unsafe_hash=True)
class TypeOf:
    """``typeof(expression)``: the program works it out when asked."""

    operand: Expr


@dataclass(slots=True, unsafe_hash=True)
class UnknownType:
    """Nothing is known (a macro's untyped temporary, a type that did not parse)."""


Type: TypeAlias = Basic | Named | Record | Pointer | Array | FunctionType | TypeOf | UnknownType

BOOLEAN: tuple[Type, ...] = (Basic("_Bool"), Basic("bool"), Named("bool"))
"""Types whose values are 0 and 1."""

# --------------------------------------------------------------------------------- expressions
# Free of side effects. Lvalues (what an Assign may have on the left and AddressOf may enclose) are
# Local, Global, Field, Deref and Index.


@dataclass(slots=True, unsafe_hash=True)
class Const:
    """An integer (character constants, enumerators and ``NULL`` too), in the sign it has in C."""

    value: int


@dataclass(slots=True, unsafe_hash=True)
class String:
    """A string literal; its contents do not matter."""


@dataclass(slots=True, unsafe_hash=True)
class Local:
    """A parameter or a local variable.

    Names are unique within a function: a variable that shadows another is renamed ``name@N``.
    """

    name: str


@dataclass(slots=True, unsafe_hash=True)
class Global:
    """Any other identifier: a global variable, a function, an enumerator, an object-like macro
    that the front end left alone (all ``GFP_*`` and ``__GFP_*`` among them).
    """

    name: str


@dataclass(slots=True, unsafe_hash=True)
class Temp:
    """The result of call number ``number``, or a value that control flow chose (``a ? f() : b``)."""

    number: int


@dataclass(slots=True, unsafe_hash=True)
class Field:
    """``base.name``. ``p->name`` is ``Field(Deref(p), name)``."""

    base: Expr
    name: str


@dataclass(slots=True, unsafe_hash=True)
class Deref:
    """``*pointer``."""

    pointer: Expr


@dataclass(slots=True, unsafe_hash=True)
class Index:
    """``base[index]``."""

    base: Expr
    index: Expr


@dataclass(slots=True, unsafe_hash=True)
class AddressOf:
    """``&operand``."""

    operand: Expr


@dataclass(slots=True, unsafe_hash=True)
class Unary:
    """``op operand`` with op one of ``-``, ``~``, ``!``."""

    op: str
    operand: Expr


@dataclass(slots=True, unsafe_hash=True)
class Binary:
    """``left op right``: arithmetic, bitwise, shifts, comparisons, and ``&&``/``||`` where neither
    side has a call in it.
    """

    op: str
    left: Expr
    right: Expr


@dataclass(slots=True, unsafe_hash=True)
class Select:
    """``condition ? then : otherwise`` where none of the three has a call in it."""

    condition: Expr
    then: Expr
    otherwise: Expr


@dataclass(slots=True, unsafe_hash=True)
class Cast:
    """``(type)operand``."""

    type: Type
    operand: Expr


@dataclass(slots=True, unsafe_hash=True)
class Container:
    """``container_of(pointer, type, member)``; ``member`` may be dotted (``mm.oom_notifier``)."""

    pointer: Expr
    type: Type
    member: str


@dataclass(slots=True, unsafe_hash=True)
class Sizeof:
    """``sizeof(type)`` or ``sizeof expression``."""

    of: Type


@dataclass(slots=True, unsafe_hash=True)
class Opaque:
    """A value nobody knows (assembly, an initialiser list used as a value, a failed parse). Its address is a
    pointer to something: the entry that a loop over a list is at.
    """


Expr: TypeAlias = (
    Const
    | String
    | Local
    | Global
    | Temp
    | Field
    | Deref
    | Index
    | AddressOf
    | Unary
    | Binary
    | Select
    | Cast
    | Container
    | Sizeof
    | Opaque
)

# -------------------------------------------------------------------------------- instructions


@dataclass(slots=True, unsafe_hash=True)
class Call:
    """``result = function(args…)``.

    ``function`` is ``Global(name)`` for a direct call and any other expression for a call through a
    pointer. ``via`` names the macro whose expansion holds the call ("" where the source has it
    itself), outermost first, joined with ``>``.
    """

    function: Expr
    args: tuple[Expr, ...]
    result: Temp
    at: int
    via: str = ""


@dataclass(slots=True, unsafe_hash=True)
class Assign:
    """``target = value``. Compound assignments and ``++`` are written out: ``x |= y`` is
    ``Assign(x, Binary("|", x, y))``.
    """

    target: Expr
    value: Expr
    at: int


Instruction: TypeAlias = Call | Assign

# --------------------------------------------------------------------------------- terminators


@dataclass(slots=True, unsafe_hash=True)
class Jump:
    """Go to block ``target`` (an index into ``Function.blocks``)."""

    target: int


@dataclass(slots=True, unsafe_hash=True)
class Branch:
    """Go to ``then`` where ``condition`` is not zero, to ``otherwise`` where it is."""

    condition: Expr
    then: int
    otherwise: int
    at: int


@dataclass(slots=True, unsafe_hash=True)
class Switch:
    """``cases`` are (low, high, block) with low == high but for GNU ranges; a case label whose value
    is not a constant expression is an Expr all the same.
    """

    value: Expr
    cases: tuple[tuple[Expr, Expr, int], ...]
    default: int
    at: int


@dataclass(slots=True, unsafe_hash=True)
class Return:
    """Leave the function; ``value`` is None in a void one. Scope clean-ups ran before."""

    value: Expr | None
    at: int


@dataclass(slots=True, unsafe_hash=True)
class Stop:
    """Control never gets past here (``for (;;);``, ``__builtin_unreachable()``, ``unreachable()``)."""


Terminator: TypeAlias = Jump | Branch | Switch | Return | Stop


@dataclass(slots=True)
class Block:
    """A basic block: instructions in order, then one terminator."""

    instructions: list[Instruction]
    end: Terminator


@dataclass(slots=True)
class Function:
    """One function definition, lowered.

    ``blocks[0]`` is the entry. ``types`` has the declared type of every parameter and local, under
    its unique name. ``statics`` are the locals with static storage, ``errors`` the number of syntax
    errors that the parser met inside it (parts of such a function may be missing).
    ``path`` is relative to the tree's root.
    """

    name: str
    path: str
    start: int
    end: int
    name_at: int
    static: bool
    params: tuple[str, ...]
    types: dict[str, Type]
    returns: Type
    blocks: list[Block] = field(default_factory=list)
    statics: frozenset[str] = frozenset()
    errors: int = 0
    static_values: dict[str, tuple[Initialiser, ...]] = field(default_factory=dict)
    """Initialisers of locals with static storage, under their unique names, flattened."""


@dataclass(slots=True, unsafe_hash=True)
class Initialiser:
    """One scalar of a static initialiser: ``path`` is the chain of fields down to it (array
    positions as ``[]``; ``#N`` for the N-th member of a struct, from 0, where the value stands by position
    and the struct is declared elsewhere; ``?`` for a position nobody knows), ``value`` the expression that
    is stored there.
    """

    path: tuple[str, ...]
    value: Expr
    at: int


@dataclass(slots=True)
class Variable:
    """A file-scope variable with its type and, flattened, its initialiser."""

    name: str
    path: str
    at: int
    static: bool
    type: Type
    values: tuple[Initialiser, ...] = ()
