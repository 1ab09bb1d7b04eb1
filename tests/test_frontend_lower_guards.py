"""Clean-up at the end of a scope runs on every way out of it, innermost first."""

from __future__ import annotations

import pytest

from gfplint.frontend.guards import parse_free_text, parse_guard_text
from tests.lowering import CLEANUP, body, calls, function, traces


def _traces(code: str) -> set[tuple[str, ...]]:
    return traces(function(CLEANUP + code))


def test_guard_unlocks_at_the_end_and_on_return() -> None:
    found = _traces("int f(struct s *p, int a) { guard(mutex)(&p->m); if (a) return g(); h(); return 0; }")
    assert found == {("mutex_lock", "g", "mutex_unlock"), ("mutex_lock", "h", "mutex_unlock")}


def test_guards_undo_in_reverse() -> None:
    found = _traces("void f(struct s *p) { guard(mutex)(&p->m); guard(spinlock)(&p->s); g(); }")
    assert found == {("mutex_lock", "spin_lock", "g", "spin_unlock", "mutex_unlock")}


def test_the_lock_is_evaluated_once() -> None:
    lines = body(CLEANUP + "void f(struct s *p) { guard(mutex)(&p->m); p = g(); }")
    assert lines[1:] == [
        "guard@1 = &p->m",
        "$0 = mutex_lock(guard@1)",
        "$1 = g()",
        "p = $1",
        "$2 = mutex_unlock(guard@1)",
        "return",
    ]


def test_the_returned_value_is_taken_before_unlocking() -> None:
    lines = body(CLEANUP + "int f(struct s *p) { guard(spinlock)(&p->s); return p->x; }")
    assert lines[-3:] == ["$1 = p->x", "$2 = spin_unlock(guard@1.lock)", "return $1"]


@pytest.mark.parametrize(
    ("leave", "after"),
    [("break;", ("l",)), ("continue;", ("l",)), ("goto out;", ()), ("return;", ())],
)
def test_scoped_guard_unlocks_however_it_is_left(leave: str, after: tuple[str, ...]) -> None:
    found = _traces(
        f"void f(struct s *p, int a) {{ scoped_guard(mutex, &p->m) {{ if (a) {leave} h(); }} l(); out:; }}"
    )
    assert found == {("mutex_lock", "mutex_unlock", *after), ("mutex_lock", "h", "mutex_unlock", "l")}


def test_a_goto_inside_the_scope_keeps_the_lock() -> None:
    found = _traces("void f(struct s *p, int a) { guard(mutex)(&p->m); if (a) goto out; g(); out: h(); }")
    assert found == {("mutex_lock", "h", "mutex_unlock"), ("mutex_lock", "g", "h", "mutex_unlock")}


def test_leaving_a_loop_releases_what_the_loop_took() -> None:
    found = _traces("void f(struct s *p) { while (a()) { guard(mutex)(&p->m); if (b()) break; } c(); }")
    assert found == {("a", "c"), ("a", "mutex_lock", "b", "mutex_unlock", "c")}


def test_scoped_cond_guard() -> None:
    text = "int f(struct s *p) { scoped_cond_guard(mutex_try, return -1, &p->m) { g(); } return 0; }"
    assert _traces(text) == {("mutex_trylock",), ("mutex_trylock", "g", "mutex_unlock")}


def test_scoped_guard_of_a_conditional_class_skips_its_body() -> None:
    found = _traces("void f(struct s *p) { scoped_guard(mutex_try, &p->m) g(); h(); }")
    assert found == {("mutex_trylock", "h"), ("mutex_trylock", "g", "mutex_unlock", "h")}


def test_guards_without_arguments_and_classes() -> None:
    assert _traces("void f(void) { guard(rcu)(); g(); }") == {("rcu_read_lock", "g", "rcu_read_unlock")}
    assert _traces("int f(int n) { CLASS(fd, x)(n); return g(x); }") == {("fdget", "g", "fdput")}


def test_an_unknown_class_is_still_entered_and_left() -> None:
    found = traces(function("void f(struct s *p) { guard(strange)(&p->m); g(); }"))
    assert found == {("class_strange_constructor", "g", "class_strange_destructor")}


def test_free_runs_at_the_end_unless_the_pointer_was_given_away() -> None:
    kept = _traces("int f(void) { void *p __free(kfree) = g(); return 0; }")
    assert kept == {("g",), ("g", "kfree")}
    given = body(CLEANUP + "void *f(void) { void *p __free(kfree) = g(); return no_free_ptr(p); }")
    assert given[1:6] == ["$0 = g()", "p = $0", "$1 = p", "p = 0", "if p goto 1 else 2"]


def test_the_statement_expression_value_is_taken_before_its_scope_ends() -> None:
    lines = body(CLEANUP + "int f(struct s *p) { return ({ guard(mutex)(&p->m); p->x; }); }")
    assert lines[-3:] == ["$1 = p->x", "$2 = mutex_unlock(guard@1)", "return $1"]


def test_calls_of_a_guard_stand_at_its_use() -> None:
    text = CLEANUP + "void f(struct s *p) { guard(mutex)(&p->m); }"
    lowered = calls(function(text))
    assert {(call.at, call.via) for call in lowered} == {(text.index("guard(mutex)"), "guard")}


def test_reading_definitions() -> None:
    guard = parse_guard_text(
        b"DEFINE_LOCK_GUARD_1(l, t, lock(_T->lock,\n  _T->flags), unlock(_T->lock), int flags)"
    )
    assert guard is not None
    assert (guard.name, guard.kind, guard.type, guard.lock) == (
        "l",
        "lock1",
        b"t",
        b"lock(_T->lock, _T->flags)",
    )
    newer = parse_guard_text(b"DEFINE_GUARD_COND(mutex, _intr, mutex_lock_interruptible(_T), _RET == 0)")
    assert newer is not None
    assert newer.lock == b"(mutex_lock_interruptible(_T)) == 0"
    assert parse_free_text(b"DEFINE_FREE(x, void *, if (_T) put(_T, 1))") == ("x", b"if (_T) put(_T, 1)")
    assert parse_guard_text(b"DEFINE_GUARD(broken") is None
