"""What taking and letting go of a lock does to a state, and what a call may have written."""

from __future__ import annotations

from gfplint import ir
from gfplint.analysis.state import State, fields_in, indexed, root
from gfplint.analysis.summary import Held, LockClass

_AT_ONCE = 2
"""Locks of one class, taken at one place, that are counted: going down a tree, a node's and its parent's."""


def hold(held: Held, state: State) -> None:
    """A lock is taken: a new one, or one of the caller's that was dropped before. Those that a loop takes of
    an array's elements count as one, which the loop that lets go of them does first; of others that a loop
    takes at one place, the latest two are told apart.
    """
    if held.lock.name in state.dropped:
        state.dropped -= {held.lock.name}  # dropped and taken again: the caller's lock, as before
        return
    same = [each.pointer for each in state.held if each.at == held.at and each.lock.name == held.lock.name]
    several = held.pointer is not None and indexed(held.pointer) and held.pointer in same
    if not several and len(same) < _AT_ONCE:
        state.held = (*state.held, held)


def release(lock: LockClass, pointer: ir.Expr | None, state: State) -> None:
    """A lock is let go: the one taken through the same expression, else the latest of its class."""
    for position in range(len(state.held) - 1, -1, -1):
        held = state.held[position]
        if held.lock.name == lock.name and held.pointer is not None and held.pointer == pointer:
            state.held = state.held[:position] + state.held[position + 1 :]
            return
    if any(held.lock.name == lock.name for held in state.held) or not lock.name.startswith("?"):
        release_named(lock.name, state)
        return
    # A lock that can't be named: the latest of its kind that is held, rather than none at all.
    for position in range(len(state.held) - 1, -1, -1):
        if state.held[position].lock.kind == lock.kind:
            state.held = state.held[:position] + state.held[position + 1 :]
            return


def release_named(name: str, state: State) -> None:
    """The latest lock of a class is let go; one that is not held here is the caller's."""
    for position in range(len(state.held) - 1, -1, -1):
        if state.held[position].lock.name == name:
            state.held = state.held[:position] + state.held[position + 1 :]
            return
    state.dropped |= {name}


def forget_outputs(args: tuple[ir.Expr, ...], state: State) -> None:
    """Variables and fields whose address is passed may come back changed."""
    for arg in args:
        while isinstance(arg, ir.Cast):
            arg = arg.operand
        if isinstance(arg, ir.AddressOf):
            forget_output(arg.operand, state)


def forget_output(operand: ir.Expr, state: State) -> None:
    """The same for one lvalue whose address is passed."""
    if isinstance(operand, ir.Local):
        state.assign(operand, None)
    elif isinstance(operand, ir.Field):
        for key in [key for key in state.facts if operand.name in fields_in(key)]:
            del state.facts[key]
        local = root(operand)
        if isinstance(local, ir.Local):
            state.forget_fields(local, frozenset((operand.name,)))
