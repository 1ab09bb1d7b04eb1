from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gfplint import ir
from gfplint.cexpr import kernel_version
from gfplint.errors import ModelError
from gfplint.models import SCOPES
from gfplint.rule_scopes import PROBLEMS
from gfplint.rules import Context, Registration, Rule, Rules

ROOT = Path(__file__).parents[1]
RULES = ROOT / "rules"

# A 6.12 tree's bits and an older one's, for evaluating conditions; names that a tree lacks are 0.
NEW = {"__GFP_DMA": 1, "__GFP_DMA32": 4, "__GFP_IO": 0x40, "__GFP_FS": 0x80, "__GFP_DIRECT_RECLAIM": 0x400}
NEW |= {
    "__GFP_RETRY_MAYFAIL": 0x4000,
    "__GFP_NOFAIL": 0x8000,
    "__GFP_NORETRY": 0x10000,
    "__GFP_NOMEMALLOC": 0x80000,
}
NEW |= {"__GFP_THISNODE": 0x200000}
KERNEL = 0x400 | 0x40 | 0x80


@pytest.fixture(scope="module")
def bundled() -> Rules:
    return Rules.load([RULES])


def evaluate(expression: ir.Expr, names: dict[str, int]) -> int:
    """Plain C arithmetic: enough for the conditions, where everything is known."""
    match expression:
        case ir.Const(value):
            return value
        case ir.Local(name) | ir.Global(name):
            return names.get(name, 0)
        case ir.Unary("!", operand):
            return int(not evaluate(operand, names))
        case ir.Binary("&&", left, right):
            return int(bool(evaluate(left, names)) and bool(evaluate(right, names)))
        case ir.Binary("||", left, right):
            return int(bool(evaluate(left, names)) or bool(evaluate(right, names)))
        case ir.Binary(op, left, right):
            operations: dict[str, Callable[[int, int], int]] = {
                "&": int.__and__,
                "|": int.__or__,
                "<": lambda a, b: int(a < b),
                "<=": lambda a, b: int(a <= b),
                ">=": lambda a, b: int(a >= b),
            }
            return operations[op](evaluate(left, names), evaluate(right, names))
    raise AssertionError(expression)


def ways(rule: Rule, mask: int, order: int = 0, version: tuple[int, int] = (6, 12), **bits: int) -> set[str]:
    names = NEW | bits | {"mask": mask, "order": order, "version": kernel_version(*version)}
    return {way.name for way in rule.ways if evaluate(way.when, names)}


@pytest.mark.parametrize("version", [None, (4, 1, 0), (4, 19, 0), (5, 3, 0), (6, 1, 0), (6, 12, 0)])
def test_everything_bundled_is_well_formed(version: tuple[int, int, int] | None) -> None:
    rules = Rules.load([RULES], version)
    rules.check()
    assert {"GFP001", "GFP002"} <= set(rules.ids)
    assert {"migration", "mmu-interval-notifier", "mmu-notifier", "oom-notifier", "shrinker"} <= set(
        rules.context_ids
    )


def test_the_ways_of_gfp001(bundled: Rules) -> None:
    rule = bundled.rule("GFP001")
    every = {"self", "retry", "reclaim"}
    assert ways(rule, KERNEL) == every
    assert ways(rule, KERNEL | NEW["__GFP_NORETRY"]) == {"reclaim"}
    assert ways(rule, KERNEL | NEW["__GFP_RETRY_MAYFAIL"]) == {"retry", "reclaim"}
    assert ways(rule, KERNEL | NEW["__GFP_THISNODE"]) == {"retry", "reclaim"}
    assert ways(rule, KERNEL | NEW["__GFP_DMA32"]) == {"retry", "reclaim"}
    assert ways(rule, KERNEL | NEW["__GFP_NOMEMALLOC"]) == every
    assert ways(rule, KERNEL & ~NEW["__GFP_FS"]) == every  # GFP_NOFS
    assert ways(rule, NEW["__GFP_DIRECT_RECLAIM"]) == {"self", "retry"}  # GFP_NOIO
    assert ways(rule, NEW["__GFP_DIRECT_RECLAIM"] | NEW["__GFP_NORETRY"]) == set()
    assert ways(rule, KERNEL, order=3) == every
    assert ways(rule, KERNEL, order=4) == {"reclaim"}
    assert ways(rule, KERNEL | NEW["__GFP_RETRY_MAYFAIL"], order=4) == {"retry", "reclaim"}


def test_what_older_allocators_did_differently(bundled: Rules) -> None:
    rule = bundled.rule("GFP001")
    nofs = KERNEL & ~NEW["__GFP_FS"]
    # The test of __GFP_FS moved behind the notifier chain in 4.7.
    assert "self" not in ways(rule, nofs, version=(4, 6))
    assert "self" in ways(rule, nofs, version=(4, 7))
    # Costly orders reached the trylock of oom_lock between 4.2 and 4.6.
    assert [("retry" in ways(rule, KERNEL, 5, (4, minor))) for minor in (1, 2, 6, 7)] == [
        False,
        True,
        True,
        False,
    ]
    # __GFP_NOFAIL overrode the tests up to 4.10; __GFP_RETRY_MAYFAIL's bit was __GFP_REPEAT's before 4.13.
    nofail = KERNEL | NEW["__GFP_NOFAIL"]
    assert "self" in ways(rule, nofail, 5, (4, 10))
    assert "self" not in ways(rule, nofail, 5, (4, 11))
    repeat = NEW["__GFP_RETRY_MAYFAIL"]
    old = {"__GFP_RETRY_MAYFAIL": 0, "__GFP_REPEAT": repeat}
    assert "self" in ways(rule, KERNEL | repeat, version=(4, 12), **old)


def test_the_ways_of_gfp002_need_no_self(bundled: Rules) -> None:
    rule = bundled.rule("GFP002")
    assert rule.kind == "inside"
    assert ways(rule, KERNEL) == {"retry", "reclaim"}
    assert ways(rule, NEW["__GFP_DIRECT_RECLAIM"]) == {"retry"}


def test_flags_that_look_as_if_they_helped_are_explained(bundled: Rules) -> None:
    rule = bundled.rule("GFP001")

    def words(mask: int, version: tuple[int, int] = (6, 12)) -> list[str]:
        names = NEW | {"mask": mask, "version": kernel_version(*version)}
        return [each.why for each in rule.unsaved if evaluate(each.when, names)]

    assert words(KERNEL) == []
    (noretry,) = words(KERNEL | NEW["__GFP_NORETRY"])
    assert noretry.startswith("__GFP_NORETRY")
    assert [why.split()[0] for why in words(KERNEL & ~NEW["__GFP_FS"])] == ["GFP_NOFS"]
    assert [why.split()[0] for why in words(NEW["__GFP_DIRECT_RECLAIM"])] == ["GFP_NOIO"]
    (old,) = words(NEW["__GFP_DIRECT_RECLAIM"], (4, 4))
    assert "Without __GFP_FS" in old


def test_masks_that_matter(bundled: Rules) -> None:
    for rule in bundled:
        if "oom-notifier" in rule.contexts:
            assert evaluate(rule.allocation, NEW | {"mask": KERNEL})
            assert not evaluate(rule.allocation, NEW | {"mask": 0x800})  # GFP_NOWAIT
            assert rule.aliases == (("__GFP_DIRECT_RECLAIM", "__GFP_WAIT"),)


def test_pages_say_what_the_rules_say(bundled: Rules) -> None:
    for rule in bundled:
        page = (ROOT / "docs" / "rules" / f"{rule.id}.md").read_text(encoding="utf-8")
        assert page.startswith(f"# {rule.id}: {rule.title}\n"), rule.id
        assert rule.name in page
        assert rule.help.strip() in page, f"docs/rules/{rule.id}.md differs from the rule's help"


def registrations(context: Context) -> dict[str, Registration]:
    return {each.function: each for each in context.registrations if each.function is not None}


def test_the_oom_notifiers_context(bundled: Rules) -> None:
    context = bundled.context("oom-notifier")
    register = registrations(context)["register_oom_notifier"]
    assert register.callbacks == (ir.Field(ir.Deref(ir.Local("nb")), "notifier_call"),)
    assert context.callback("notifier_call").params == ("nb", "action", "data")
    assert [step.function for step in context.steps] == [
        *("__alloc_pages_slowpath", "__alloc_pages_may_oom", "out_of_memory", "blocking_notifier_call_chain")
    ]
    assert context.holds[0] == "oom_lock"


def test_contexts_follow_the_version() -> None:
    old, new = (Rules.load([RULES], version) for version in ((4, 1, 0), (6, 12, 0)))
    assert "zones" in old.context("oom-notifier").steps[1].text
    assert "oom_lock" in new.context("oom-notifier").steps[1].text
    assert not registrations(old.context("shrinker"))["register_shrinker"].variadic
    assert "register_shrinker" in registrations(Rules.load([RULES], (6, 1, 0)).context("shrinker"))
    assert "shrinker_register" in registrations(new.context("shrinker"))
    assert old.context("mmu-notifier").callback("invalidate_range_start").params == (
        "mn",
        "mm",
        "start",
        "end",
    )
    assert new.context("mmu-notifier").callback("invalidate_range_start").params == ("mn", "range")
    assert registrations(old.context("mmu-interval-notifier")) == {}
    tables = {str(each.table): each.names for each in new.context("migration").registrations}
    assert ("migrate_folio",) in tables.values()


RULE = """
id = "X001"
name = "x"
title = "T"
summary = "S"
message = "{function} and {lock}"
kind = "lock-held"
contexts = ["c"]
allocation = "mask & __GFP_IO"
severity = "error"
help = "H"
"""
CONTEXT = """
id = "c"
title = "C"
thread = "t"
[[callback]]
prototype = "int call(struct s *s);"
[[registration]]
prototype = "int register_s(struct s *s);"
callbacks = ["s->call"]
"""


def load(tmp_path: Path, rule: str = RULE, context: str = CONTEXT) -> Rules:
    (tmp_path / "contexts").mkdir()
    (tmp_path / "contexts" / "c.toml").write_text(context, encoding="utf-8")
    (tmp_path / "x.toml").write_text(rule, encoding="utf-8")
    rules = Rules.load([tmp_path])
    rules.check()
    return rules


def test_a_rule_of_ones_own(tmp_path: Path) -> None:
    rules = load(tmp_path)
    assert rules.rule("X001").ways == ()
    assert rules.context("c").registrations[0].names == ("call",)


def test_a_later_folder_adds_to_an_earlier_one(tmp_path: Path) -> None:
    load(tmp_path)
    both = Rules.load([RULES, tmp_path])
    assert {"GFP001", "X001"} <= set(both.ids)
    with pytest.raises(KeyError):
        both.rule("X002")


@pytest.mark.parametrize(
    ("change", "where", "words"),
    [
        (("kind =", "kin ="), "x.toml:7", "unknown key 'kin'; did you mean 'kind'?"),
        (('"lock-held"', '"lock-hold"'), "x.toml:7", "unknown kind 'lock-hold'; did you mean 'lock-held'?"),
        (('["c"]', '["d"]'), "x.toml:8", "unknown context 'd'"),
        (("mask &", "msk &"), "x.toml:9", "unknown name 'msk'; did you mean 'mask'?"),
        (("mask &", "mask | |"), "x.toml:9", "is not C that can be read here"),
        (("{lock}", "{look}"), "x.toml:6", "unknown placeholder in 'message' 'look'; did you mean 'lock'?"),
        (('name = "x"', 'name = "X y"'), "x.toml:3", "is no name for a rule"),
        (('title = "T"', ""), "x.toml:", "the field 'title' is missing"),
        (
            ('severity = "error"', 'severity = "eror"'),
            "x.toml:10",
            "unknown severity 'eror'; did you mean 'error'?",
        ),
    ],
)
def test_mistakes_in_a_rule(tmp_path: Path, change: tuple[str, str], where: str, words: str) -> None:
    with pytest.raises(ModelError, match=re.escape(words)) as caught:
        load(tmp_path, rule=RULE.replace(*change))
    assert f"{tmp_path}/{where}" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "where", "words"),
    [
        (('["s->call"]', '["t->call"]'), "c.toml:9", "unknown parameter 't'; known are s."),
        (('["s->call"]', '["s->cal"]'), "c.toml:9", "unknown callback 'cal'; did you mean 'call'?"),
        (("callbacks =", "callback ="), "c.toml:9", "unknown key 'callback'; did you mean 'callbacks'?"),
        (
            ("register_s(struct s *s)", "register_s(struct s *)"),
            "c.toml:8",
            "parameter 1 of register_s() has no name",
        ),
        (("[[callback]]", '[[callback]]\nmask = "t->m"'), "c.toml:6", "unknown parameter 't'"),
        (
            ("[[callback]]", 'only_through = ["s.call"]\n[[callback]]'),
            "c.toml:5",
            "'s.call' is no field of a struct: write 'struct tag.field'",
        ),
        (("[[callback]]", "only_trough = []\n[[callback]]"), "c.toml:5", "did you mean 'only_through'?"),
    ],
)
def test_mistakes_in_a_context(tmp_path: Path, change: tuple[str, str], where: str, words: str) -> None:
    with pytest.raises(ModelError, match=re.escape(words)) as caught:
        load(tmp_path, context=CONTEXT.replace(*change))
    assert f"{tmp_path}/contexts/{where}" in str(caught.value)


def test_fields_of_all_contexts_are_theirs_alone(tmp_path: Path) -> None:
    own = CONTEXT.replace("[[callback]]", 'only_through = ["struct s.call"]\n[[callback]]')
    rules = load(tmp_path, context=own)
    assert rules.context("c").only_through == (("s", "call"),)
    assert rules.only_through() == {("s", "call")}
    assert ("s", "call") in Rules.load([RULES, tmp_path]).only_through()
    assert ("shrinker", "scan_objects") in Rules.load([RULES]).only_through()


SCOPE_RULE = """
id = "X006"
name = "x"
title = "T"
summary = "S"
kind = "scope"
severity = "note"
cwe = []
help = "H"
"""


def scope_rule(**change: str) -> str:
    parts = [SCOPE_RULE]
    for name in PROBLEMS:
        message = change.get(name, "{function} leaves {scope}")
        parts.append(f'[[problem]]\nname = "{name}"\nmessage = "{message}"\nwhy = "W"\nfixes = []\n')
    parts += [f'[[scope]]\nname = "{name}"\nflag = "PF_X"\nwhy = "W"\n' for name in SCOPES]
    return "".join(parts)


def test_a_rule_about_scopes_has_no_context(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(scope_rule(), encoding="utf-8")
    rule = Rules.load([tmp_path]).rule("X006")
    assert (rule.kind, rule.contexts, rule.fixes) == ("scope", (), ())
    assert [each.name for each in rule.problems] == list(PROBLEMS)
    assert [each.name for each in rule.scopes] == list(SCOPES)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (scope_rule(order="{lock}"), "unknown placeholder in 'message' 'lock'"),
        (scope_rule().replace('name = "order"', 'name = "odrer"'), "did you mean 'order'?"),
        (scope_rule().replace('name = "noio"', 'name = "noi"'), "did you mean 'noio'?"),
        (SCOPE_RULE, "needs a [[problem]] of the name 'left-open'"),
        (SCOPE_RULE + 'contexts = ["c"]\n', "unknown key 'contexts'"),
    ],
)
def test_mistakes_in_a_rule_about_scopes(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=re.escape(words)) as caught:
        Rules.load([tmp_path]).rule("X006")
    assert f"{tmp_path}/x.toml:" in str(caught.value)
