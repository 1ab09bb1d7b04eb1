"""``--dump``: what each stage says about functions of the small kernels, word for word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gfplint import api, cli
from gfplint.command import options
from gfplint.errors import UsageError

DRIVERS = Path(__file__).resolve().parent.parent / "testdata" / "kernel" / "drivers"
STAGES = ("ir", "calls", "locks", "masks")


def dump(stage: str, *paths: str | Path) -> str:
    return api.dump(stage, api.CheckOptions(paths=tuple(DRIVERS / path for path in paths)))


def lines(stage: str, case: str, function: str) -> list[str]:
    """What a stage says about one function, without its header."""
    header, *rest = dump(stage, f"{case}/{case}.c:{function}").splitlines()
    assert header.endswith(f": {function}()")
    assert all(line.startswith("    ") for line in rest)
    return [line[4:] for line in rest]


# ---------------------------------------------------------------------------- which functions


def test_stages_of_the_command_are_those_of_the_library() -> None:
    from gfplint.analysis.dump import STAGES as KNOWN

    assert tuple(KNOWN) == options.STAGES == STAGES


@pytest.mark.parametrize("stage", STAGES)
def test_equal_runs_print_equal_text(stage: str) -> None:
    assert dump(stage, "const_ops") == dump(stage, "const_ops")


@pytest.mark.parametrize("stage", STAGES)
def test_a_function_is_printed_as_in_its_file(stage: str) -> None:
    one = dump(stage, "const_ops/const_ops.c:ops_pool_oom_notify")
    whole = dump(stage, "const_ops/const_ops.c")
    assert one.startswith("drivers/const_ops/const_ops.c:60:12: ops_pool_oom_notify()\n")
    if stage == "masks":  # nothing to say, and so said only where it was asked for
        assert one.splitlines()[1:] == ["    allocates nothing itself"]
        assert "ops_pool_oom_notify" not in whole
    else:
        assert one in whole


def test_functions_stand_in_source_order_one_paragraph_each() -> None:
    headers = [block.splitlines()[0] for block in dump("calls", "const_ops").split("\n\n")]
    numbers = [int(header.split(":")[1]) for header in headers]
    assert len(numbers) == 5
    assert numbers == sorted(numbers)


def test_several_paths_and_functions() -> None:
    text = dump("calls", "const_ops/const_ops.c:ops_pool_add", "balloon")
    assert "ops_pool_add()" in text
    assert "ops_pool_start()" not in text
    assert "drivers/balloon/" in text


def test_a_function_of_a_folder() -> None:
    assert dump("calls", "const_ops:ops_pool_add").count("()\n") == 1


def test_a_folder_beside_a_function_of_it() -> None:
    assert dump("calls", "const_ops/const_ops.c:ops_pool_add", "const_ops") == dump("calls", "const_ops")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ops_pool_ad", "Did you mean ops_pool_add?"),
        ("zzz", "There is no function zzz in "),
        ("", "There is no function without a name"),
    ],
)
def test_no_such_function(name: str, words: str) -> None:
    with pytest.raises(UsageError) as error:
        dump("ir", f"const_ops/const_ops.c:{name}")
    assert words in str(error.value)


def test_no_such_stage() -> None:
    with pytest.raises(UsageError, match="the stages are calls, ir, locks, masks"):
        dump("ast", "const_ops")


def test_the_command(capfd: pytest.CaptureFixture[str]) -> None:
    path = DRIVERS / "const_ops" / "const_ops.c"
    assert cli.main(["--dump", "calls", f"{path}:ops_pool_page_grow"]) == 0
    out, err = capfd.readouterr()
    assert out.splitlines()[0] == "drivers/const_ops/const_ops.c:28:22: ops_pool_page_grow()"
    assert err == ""
    assert cli.main(["--dump", "calls", f"{path}:nothing"]) == 2


def test_progress_is_told() -> None:
    heard: list[tuple[str, int, int]] = []
    progress: Callable[[str, int, int], None] = lambda what, done, total: heard.append((what, done, total))  # noqa: E731
    api.dump("calls", api.CheckOptions(paths=(DRIVERS / "const_ops",), progress=progress))
    assert heard == [("dumping calls", 0, 1)]


# ------------------------------------------------------------------------------------- stages


def test_ir_has_blocks_with_lines_and_columns() -> None:
    found = lines("ir", "const_ops", "ops_pool_add")
    assert "    $1 = pool->ops->grow(pool)  @48:9" in found
    assert "    if addr goto 1 else 2  @49:6" in found


def test_ir_has_the_variables_of_a_file() -> None:
    text = dump("ir", "const_ops")
    assert "    .grow = ops_pool_page_grow\n" in text
    assert ".grow" not in dump("ir", "const_ops/const_ops.c:ops_pool_add")


def test_calls_of_every_kind() -> None:
    assert lines("calls", "const_ops", "ops_pool_add")[1] == (
        "48:9 pool->ops->grow -> stored ops_pool_page_grow drivers/const_ops/const_ops.c:28"
    )
    modelled = lines("calls", "const_ops", "ops_pool_add")[0]
    assert modelled.startswith("47:2 mutex_lock -> model mutex.toml:")
    assert lines("calls", "const_ops", "ops_pool_start")[-1] == (
        "77:9 register_oom_notifier -> register_oom_notifier mm/oom_kill.c:32"
    )
    assert lines("calls", "callback_argument", "visited_each") == ["25:9 visit -> what callers pass: visit"]
    assert lines("calls", "flag_mask", "may_sleep_get")[1].startswith(
        "24:29 BIT via may_sleep_ATOMIC -> model "
    )
    assert lines("calls", "const_ops", "ops_pool_bind") == ["calls nothing"]


def test_calls_of_what_the_tree_does_not_have(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text(
        "void outside(void);\n"
        "struct ops { void (*go)(void); };\n"
        "void f(struct ops *o, int n)\n"
        "{\n"
        "\toutside();\n"
        "\to->go();\n"
        "\tn = 0;\n"
        "\tif (n)\n"
        "\t\tf(o, n);\n"
        "}\n"
    )
    assert dump("calls", tmp_path / "a.c").splitlines() == [
        "a.c:3:6: f()",
        "    5:2 outside -> unresolved: the tree has no definition",
        "    6:2 o->go -> unresolved: no target is known",
        "    9:3 f -> f a.c:3 [never reached]",
    ]


def test_locks_held_at_calls() -> None:
    assert lines("locks", "const_ops", "ops_pool_add") == [
        "48:9 pool->ops->grow under struct ops_pool.lock (mutex) taken at 47:2",
        "51:2 mutex_unlock under struct ops_pool.lock (mutex) taken at 47:2",
    ]


def test_locks_that_a_callee_takes_and_drops() -> None:
    case = "lock_wrapper_function"
    assert lines("locks", case, "wrapped_lock") == [
        "returns anything: holds struct wrapped.lock (mutex) taken at 22:2"
    ]
    assert lines("locks", case, "wrapped_unlock") == ["returns anything: dropped struct wrapped.lock"]
    assert lines("locks", case, "wrapped_add")[0] == (
        "35:9 __get_free_page under struct wrapped.lock (mutex) taken at 34:2"
        f" in wrapped_lock() at drivers/{case}/{case}.c:22:2"
    )


def test_locks_on_some_paths_only(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text(
        "struct mutex { int x; };\n"
        "struct s { struct mutex one; };\n"
        "void g(void);\n"
        "void f(struct s *s, int n)\n"
        "{\n"
        "\tif (n)\n"
        "\t\tmutex_lock(&s->one);\n"
        "\tg();\n"
        "\tif (n)\n"
        "\t\tmutex_unlock(&s->one);\n"
        "}\n"
    )
    found = dump("locks", tmp_path / "a.c").splitlines()[1:]
    assert found == [
        "    8:2 g under struct s.one (mutex) taken at 7:3 | none",
        "    10:3 mutex_unlock under struct s.one (mutex) taken at 7:3",
    ]


def test_locks_that_a_callback_waits_for() -> None:
    found = lines("locks", "notifier_three_deep", oom_notifier("notifier_three_deep"))
    at = next(number for number, line in enumerate(found) if line.startswith("callback of OOM notifier"))
    (wait,) = found[at + 1 :]
    assert wait.startswith("    waits for struct ")
    assert wait.count("() at drivers/notifier_three_deep/") == 4


def oom_notifier(case: str) -> str:
    from gfplint.findings import CallbackLocks

    found: list[CallbackLocks] = api.show_locks(api.CheckOptions(paths=(DRIVERS / case,)))
    (name,) = {each.callback for each in found if each.defined.path.startswith(f"drivers/{case}/")}
    return name


def test_masks() -> None:
    assert lines("masks", "flag_mask", "may_sleep_get") == [
        "24:9 kzalloc: flags & may_sleep_ATOMIC ? GFP_ATOMIC : GFP_KERNEL is GFP_ATOMIC (no direct reclaim),"
        " depends on flags",
        "24:9 kzalloc: flags & may_sleep_ATOMIC ? GFP_ATOMIC : GFP_KERNEL is GFP_KERNEL"
        " (direct reclaim, IO and FS), depends on flags",
    ]
    assert lines("masks", "mask_parameter", "mask_param_fill") == [
        "22:23 __get_free_page: gfp | __GFP_NOWARN is __GFP_NOWARN (direct reclaim, IO and FS undecided),"
        " most flags undecided, order 0, depends on gfp"
    ]


def test_masks_inside_a_scope() -> None:
    (found,) = lines("masks", "noreclaim_wrapper", "saved_pool_add")
    assert found.endswith("(no direct reclaim), order 0, inside noreclaim")
