"""Registered callbacks: initialised, assigned, behind a table, passed down by callers."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from gfplint.program.registrations import Registered, Registrations
from gfplint.resources import rules_directory
from gfplint.rules import Rules
from tests.small_trees import SmallTree

HEADER = """
struct notifier_block { int (*notifier_call)(struct notifier_block *nb, unsigned long a, void *d); };
struct dev { struct notifier_block nb; struct notifier_block *behind; };
int register_oom_notifier(struct notifier_block *nb);
"""
CALLBACK = "static int oom(struct notifier_block *nb, unsigned long action, void *data) { return 0; }\n"
NB = "static struct notifier_block nb = { .notifier_call = oom };\n"
REGISTER = "void f(void)\n{\n\tregister_oom_notifier(&nb);\n}\n"
OTHER = "static int other(struct notifier_block *nb, unsigned long action, void *data) { return 0; }\n"
INCLUDE = "#include <linux/small.h>\n"


@cache
def rules() -> Rules:
    return Rules.load((rules_directory(),), (6, 12, 0))


def find(root: Path, *contexts: str, **files: str) -> tuple[list[Registered], SmallTree]:
    paths = {f"drivers/{name}/{name}.c": INCLUDE + text for name, text in files.items()}
    tree = SmallTree(root, {"include/linux/small.h": HEADER, **paths})
    registrations = Registrations(tree.program, tree.types, tree.pointers)
    wanted = [rules().context(name) for name in contexts or ("oom-notifier",)]
    return registrations.find(wanted), tree


def callbacks(root: Path, **files: str) -> list[str]:
    return [each.callback.name for each in find(root, **files)[0]]


@pytest.mark.parametrize(
    "text",
    [
        "static struct notifier_block nb = { .notifier_call = oom };\n"
        "void f(void) { register_oom_notifier(&nb); }\n",
        pytest.param(
            "static struct notifier_block nb = { oom };\n" + REGISTER,
        ),
        "void f(struct dev *d) { d->nb.notifier_call = oom; register_oom_notifier(&d->nb); }\n",
        "void f(struct dev *d) { d->nb.notifier_call = &oom; if (register_oom_notifier(&d->nb)) return; }\n",
        "static void set(struct dev *d) { d->nb.notifier_call = oom; }\n"
        "void f(struct dev *d) { set(d); register_oom_notifier(&d->nb); }\n",
        "static struct dev one = { .nb = { .notifier_call = oom } };\n"
        "void f(void) { register_oom_notifier(&one.nb); }\n",
        "static struct notifier_block nb = { .notifier_call = oom };\n"
        "static void reg(struct notifier_block *p) { register_oom_notifier(p); }\n"
        "void f(void) { reg(&nb); }\n",
        "static void reg(struct dev *d, int (*call)(struct notifier_block *, unsigned long, void *))\n"
        "{ d->nb.notifier_call = call; register_oom_notifier(&d->nb); }\n"
        "void f(struct dev *d) { reg(d, oom); }\n",
        "static struct notifier_block nb = { .notifier_call = oom };\n"
        "void f(struct dev *d) { d->behind = &nb; register_oom_notifier(d->behind); }\n",
    ],
    ids=[
        "initialised",
        "by position",
        "assigned",
        "assigned with &",
        "elsewhere",
        "nested",
        "object passed",
        "function passed",
        "behind",
    ],
)
def test_forms(tmp_path: Path, text: str) -> None:
    assert callbacks(tmp_path, a=CALLBACK + OTHER + text) == ["oom"]


def test_either_arm(tmp_path: Path) -> None:
    assign = "\td->nb.notifier_call = n ? oom : other;\n"
    text = f"void f(struct dev *d, int n)\n{{\n{assign}\tregister_oom_notifier(&d->nb);\n}}\n"
    assert sorted(callbacks(tmp_path, a=CALLBACK + OTHER + text)) == ["oom", "other"]


def test_places(tmp_path: Path) -> None:
    (found,), tree = find(tmp_path, a=CALLBACK + NB + REGISTER)
    assert (found.context, found.role, found.path) == ("oom-notifier", "notifier_call", "drivers/a/a.c")
    assert found.by == tree.ref("f", "drivers/a/a.c")
    assert found.callback == tree.ref("oom", "drivers/a/a.c")
    assert tree.program.position(found.path, found.at) == (6, 2)


def test_caller_in_another_file(tmp_path: Path) -> None:
    register = "void reg(struct notifier_block *p) { register_oom_notifier(p); }\n"
    use = "static struct notifier_block nb = { .notifier_call = oom };\nvoid f(void) { reg(&nb); }\n"
    found, _ = find(tmp_path, a=register, b=CALLBACK + use)
    assert [(each.callback.path, each.path) for each in found] == [("drivers/b/b.c", "drivers/a/a.c")]


def test_same_name_in_two_drivers(tmp_path: Path) -> None:
    text = CALLBACK + NB + REGISTER
    found, _ = find(tmp_path, a=text, b=text)
    assert [each.callback.path for each in found] == ["drivers/a/a.c", "drivers/b/b.c"]


def test_what_cannot_be_found_is_noted(tmp_path: Path) -> None:
    text = "void f(void) { register_oom_notifier(get()); }\n"
    found, tree = find(tmp_path, a=text)
    assert found == []
    (note,) = tree.notes("unresolved-callback")
    assert "register_oom_notifier()" in note


def test_unregistered_callback_is_none(tmp_path: Path) -> None:
    assert (
        callbacks(tmp_path, a=CALLBACK + "static struct notifier_block nb = { .notifier_call = oom };\n")
        == []
    )


def test_shrinker_of_6_7_and_newer(tmp_path: Path) -> None:
    text = """
struct shrink_control;
struct shrinker {
	unsigned long (*count_objects)(struct shrinker *s, struct shrink_control *sc);
	unsigned long (*scan_objects)(struct shrinker *s, struct shrink_control *sc);
};
static unsigned long count(struct shrinker *s, struct shrink_control *sc) { return 0; }
static unsigned long scan(struct shrinker *s, struct shrink_control *sc) { return 0; }
void f(void)
{
	struct shrinker *s = shrinker_alloc(0, "x");

	s->count_objects = count;
	s->scan_objects = scan;
	shrinker_register(s);
}
"""
    found, _ = find(tmp_path, "shrinker", a=text)
    assert {(each.role, each.callback.name) for each in found} == {
        ("count_objects", "count"),
        ("scan_objects", "scan"),
    }


def test_order_does_not_depend_on_the_contexts_order(tmp_path: Path) -> None:
    text = CALLBACK + NB + REGISTER
    found, tree = find(tmp_path, "oom-notifier", "shrinker", a=text)
    again = Registrations(tree.program, tree.types, tree.pointers)
    assert again.find([rules().context("shrinker"), rules().context("oom-notifier")]) == found
