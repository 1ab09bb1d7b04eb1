"""Scopes that change every mask inside them: ``memalloc_*_save()`` and ``PF_MEMALLOC`` by hand.

A function's state says which scopes it entered and which of its caller's it left; the effective mask of
an allocation is worked out where both are known.
"""

from __future__ import annotations

from gfplint import ir
from gfplint.analysis.state import State
from gfplint.analysis.summary import NOFS, NOIO, NORECLAIM, SCOPES
from gfplint.analysis.values import Cookie, Value

# include/linux/sched.h: task flags that current_gfp_context() and the allocator's slow path look at.
TASK_FLAGS = {"PF_MEMALLOC": NORECLAIM, "PF_MEMALLOC_NOFS": NOFS, "PF_MEMALLOC_NOIO": NOIO}


def enter(scope: int, state: State) -> Cookie:
    """Enter a scope; the result is what ``memalloc_*_save()`` returns."""
    cookie = Cookie(scope, bool(state.entered & scope))
    state.entered |= scope
    return cookie


def leave(scope: int, cookie: Value | None, state: State) -> None:
    """Leave a scope with the cookie of its entry; an unknown cookie counts as the right one. The cookie of
    several scopes (``memalloc_flags_save()``) leaves them all, whatever restore it is given to.
    """
    if isinstance(cookie, Cookie):
        if cookie.scope == scope and cookie.was_entered:
            return
        scope |= cookie.scope
    if state.entered & scope:
        state.entered &= ~scope
    else:
        state.left |= scope


def assign_task_flags(instruction: ir.Assign, state: State) -> bool:
    """``current->flags |= PF_MEMALLOC`` and its like; False where the assignment is something else."""
    target = instruction.target
    if not task_flags(target):
        return False
    value = instruction.value
    if isinstance(value, ir.Binary) and value.op == "|" and value.left == target:
        for scope in _scopes(value.right):
            enter(scope, state)
    elif isinstance(value, ir.Binary) and value.op == "&" and value.left == target:
        mask = value.right.operand if isinstance(value.right, ir.Unary) else value.right
        for scope in _scopes(mask):
            leave(scope, None, state)
    else:
        # Anything else puts back what was saved: the scopes entered here end.
        state.entered = 0
    return True


def named_by(args: tuple[ir.Expr, ...]) -> int:
    """The scopes whose task flags the arguments of ``memalloc_flags_save()`` name, as bits."""
    return sum({bit for arg in args for bit in _scopes(arg)})


def task_flags(target: ir.Expr) -> bool:
    """Whether an expression is ``current->flags``."""
    if not (isinstance(target, ir.Field) and target.name == "flags" and isinstance(target.base, ir.Deref)):
        return False
    pointer = target.base.pointer
    return pointer == ir.Global("current")


def _scopes(expr: ir.Expr) -> list[int]:
    if isinstance(expr, ir.Global):
        return [TASK_FLAGS[expr.name]] if expr.name in TASK_FLAGS else []
    if isinstance(expr, ir.Binary):
        return _scopes(expr.left) + _scopes(expr.right)
    return _scopes(expr.operand) if isinstance(expr, (ir.Unary, ir.Cast)) else []


def scopes_of_flags(instruction: ir.Assign) -> list[str] | None:
    """The kinds of the scopes whose task flags an assignment to ``current->flags`` sets or clears; None where
    it puts back what the flags were.
    """
    value = instruction.value
    if not isinstance(value, ir.Binary) or value.left != instruction.target or value.op not in ("|", "&"):
        return None
    mask = value.right.operand if value.op == "&" and isinstance(value.right, ir.Unary) else value.right
    bits = _scopes(mask)
    return [kind for kind, bit in SCOPES.items() if bit in bits]
