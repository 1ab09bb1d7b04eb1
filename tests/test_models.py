from __future__ import annotations

from pathlib import Path

import pytest

from gfplint import ir
from gfplint.errors import ModelError
from gfplint.models import (
    Acquire,
    Allocate,
    AssignTo,
    CallBack,
    EnterScope,
    LeaveScope,
    Model,
    Models,
    Release,
)

RULES = Path(__file__).parents[1] / "rules"

KINDS = '[[kind]]\nname = "mutex"\nsleeps = true\n\n'


@pytest.fixture(scope="module")
def bundled() -> Models:
    return Models.load([RULES])


def models(tmp_path: Path, text: str, version: tuple[int, int, int] | None = None) -> Models:
    folder = tmp_path / "models"
    folder.mkdir(exist_ok=True)
    (folder / "a.toml").write_text(KINDS + text, encoding="utf-8")
    return Models.load([tmp_path], version)


def model(found: Models, name: str) -> Model:
    result = found.get(name)
    assert result is not None, name
    return result


# ------------------------------------------------------------------------------------------- the bundled ones


@pytest.mark.parametrize("version", [None, (4, 1, 0), (4, 19, 0), (6, 1, 0)])
def test_every_bundled_model_is_well_formed(version: tuple[int, int, int] | None) -> None:
    found = Models.load([RULES], version)
    found.check()
    assert len(found) > 4000
    assert all(model(found, name).line > 1 for name in found)


def test_locks(bundled: Models) -> None:
    lock = ir.Local("lock")
    assert model(bundled, "mutex_lock").effects == (Acquire(lock, None, "mutex", False, None, True),)
    result = ir.Local("result")
    zero, taken = ir.Binary("==", result, ir.Const(0)), ir.Binary("!=", result, ir.Const(0))
    assert model(bundled, "mutex_lock_interruptible").effects == (
        Acquire(lock, None, "mutex", False, zero, True),
    )
    assert model(bundled, "mutex_trylock").effects == (Acquire(lock, None, "mutex", False, taken, False),)
    # The one trylock that is the other way round.
    assert model(bundled, "down_trylock").effects == (
        Acquire(ir.Local("sem"), None, "semaphore", False, zero, False),
    )
    assert model(bundled, "up_read").effects == (Release(ir.Local("sem"), None, "rwsem", None),)
    assert model(bundled, "lock_page").effects == (Acquire(None, "page lock", "bit", False, None, True),)
    rtnl = ir.AddressOf(ir.Global("rtnl_mutex"))
    assert model(bundled, "rtnl_lock").effects == (Acquire(rtnl, None, "mutex", False, None, True),)


def test_whatever_is_taken_by_a_model_can_be_released_by_one(bundled: Models) -> None:
    taken, released = set(), set()
    for name in bundled:
        for effect in model(bundled, name).effects:
            if isinstance(effect, Acquire):
                taken.add(effect.kind)
                assert effect.kind in bundled.kinds
            elif isinstance(effect, Release):
                released.add(effect.kind)
    assert taken == released == set(bundled.kinds)


def test_kinds_that_sleep(bundled: Models) -> None:
    asleep = {name for name, kind in bundled.kinds.items() if kind.sleeps}
    assert asleep == {
        "mutex",
        "rt_mutex",
        "ww_mutex",
        "rwsem",
        "percpu_rwsem",
        "semaphore",
        "bit",
        "sock",
        "srcu",
    }


def test_allocators(bundled: Models) -> None:
    flags, size = ir.Local("flags"), ir.Local("size")
    for name in ("kmalloc", "kmalloc_noprof", "kzalloc", "__kmalloc"):
        assert model(bundled, name).effects == (Allocate(flags, None, size, None),)
    assert model(bundled, "alloc_page").effects == (Allocate(ir.Local("gfp"), ir.Const(0), None, None),)
    assert model(bundled, "vmalloc").effects == (Allocate(ir.Global("GFP_KERNEL"), None, None, None),)
    (percpu,) = model(bundled, "__alloc_percpu_gfp").effects
    assert isinstance(percpu, Allocate)
    assert percpu.when is not None


@pytest.mark.parametrize(
    "name",
    [
        "kmalloc",
        "kzalloc",
        "kcalloc",
        "kmalloc_array",
        "krealloc",
        "kmem_cache_alloc",
        "kmem_cache_zalloc",
        "kvmalloc",
        "kvzalloc",
        "kstrdup",
        "kasprintf",
        "kmemdup",
        "devm_kzalloc",
        "devm_kcalloc",
        "devm_kasprintf",
        "dma_alloc_coherent",
        "vmalloc",
        "vzalloc",
        "alloc_pages",
        "__get_free_pages",
        "get_zeroed_page",
        "alloc_percpu",
        "mempool_alloc",
        "mempool_create",
        "alloc_skb",
        "skb_clone",
        "nlmsg_new",
        "idr_alloc",
        "idr_preload",
        "radix_tree_preload",
        "xa_store",
        "xa_alloc",
        "ida_alloc",
        "alloc_workqueue",
        "create_singlethread_workqueue",
        "kthread_create_on_node",
        "kthread_run",
        "bio_alloc",
        "alloc_netdev_mqs",
        "usb_alloc_urb",
        "usb_submit_urb",
        "sg_alloc_table",
        "request_firmware",
    ],
)
def test_allocation_interfaces_of_common_drivers_are_there(bundled: Models, name: str) -> None:
    assert any(isinstance(effect, Allocate) for effect in model(bundled, name).effects)


def test_functions_that_must_be_read_from_their_definitions(bundled: Models) -> None:
    # Whether they allocate or lock depends on arguments in ways that a model can't say.
    for name in (
        "virtqueue_add_outbuf",
        "virtqueue_add_sgs",
        "kref_put_mutex",
        "swap",
    ):
        assert bundled.get(name) is None, name


def test_scopes(bundled: Models) -> None:
    for scope in ("nofs", "noio", "noreclaim"):
        assert model(bundled, f"memalloc_{scope}_save").effects == (EnterScope(scope),)
        assert model(bundled, f"memalloc_{scope}_restore").effects == (LeaveScope(scope, ir.Local("flags")),)


def test_values_callbacks_loops_leaves(bundled: Models) -> None:
    assert model(bundled, "likely").returns == ir.Local("x")
    assert model(bundled, "WARN_ON").returns == ir.Local("condition")
    assert model(bundled, "WRITE_ONCE").effects == (AssignTo(ir.Local("x"), ir.Local("val")),)
    assert model(bundled, "get_user").effects == (AssignTo(ir.Local("x"), ir.Opaque()),)
    assert model(bundled, "kref_put").effects == (CallBack(ir.Local("release"), (ir.Local("kref"),)),)
    assert model(bundled, "device_for_each_child").effects == (
        CallBack(ir.Local("fn"), (None, ir.Local("data"))),
    )
    assert model(bundled, "list_for_each_entry").loop
    assert model(bundled, "printk").leaf
    assert model(bundled, "BUG").noreturn
    assert model(bundled, "BUG_ON").stops == ir.Local("condition")


def test_a_pattern_matches_what_no_model_names(bundled: Models) -> None:
    trace = model(bundled, "trace_mm_page_alloc")
    assert trace.leaf
    assert trace.pattern == "trace_*"
    assert model(bundled, "trace_printk").pattern == ""
    assert "trace_mm_page_alloc" not in bundled
    assert bundled.get("mytrace_x") is None


@pytest.mark.parametrize(
    ("version", "mask_at", "members"),
    [((5, 17, 0), 0, 2), ((5, 18, 0), 3, 4), (None, 3, 4)],
)
def test_models_follow_the_version(version: tuple[int, int, int] | None, mask_at: int, members: int) -> None:
    found = model(Models.load([RULES], version), "bio_alloc")
    assert len(found.params) == members
    assert found.params[mask_at] == "gfp_mask"


def test_inode_locks_follow_the_version() -> None:
    old = model(Models.load([RULES], (4, 6, 0)), "inode_lock").effects
    new = model(Models.load([RULES], (4, 7, 0)), "inode_lock").effects
    assert isinstance(old[0], Acquire)
    assert isinstance(new[0], Acquire)
    assert (old[0].kind, new[0].kind) == ("mutex", "rwsem")


# --------------------------------------------------------------------------------------------- files of one's
# own


def test_effects_stay_in_the_order_in_which_they_are_written(tmp_path: Path) -> None:
    found = models(
        tmp_path,
        """
[[function]]
prototype = "void f(struct mutex *m, gfp_t gfp);"
acquires = { lock = "m", kind = "mutex" }
allocates = [{ mask = "gfp & ~__GFP_FS" }]
releases = [{ lock = "m", kind = "mutex" }]
""",
    )
    assert [type(effect) for effect in model(found, "f").effects] == [Acquire, Allocate, Release]
    assert model(found, "f").line == 7


def test_a_later_folder_replaces_a_model(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mine.toml").write_text('[[function]]\nnames = "kmalloc"\nleaf = true\n')
    found = Models.load([RULES, tmp_path])
    assert model(found, "kmalloc").leaf
    assert not model(found, "kmalloc_noprof").leaf


def test_several_prototypes_share_one_table(tmp_path: Path) -> None:
    found = models(
        tmp_path, "[[function]]\nprototypes = '''\nvoid a(int x);\nlong b(long x)\n'''\nreturns = \"x\"\n"
    )
    assert [model(found, name).line for name in ("a", "b")] == [7, 8]
    assert list(found) == ["a", "b"]


def test_since_and_until_bound_versions(tmp_path: Path) -> None:
    text = (
        '[[function]]\nprototype = "void f(gfp_t gfp);"\nuntil = "5.0"\nallocates = [{ mask = "gfp" }]\n'
        '[[function]]\nprototype = "void f(int n, gfp_t g);"\nsince = "5.0"\nallocates = [{ mask = "g" }]\n'
    )
    for version, params in [((4, 20, 17), 1), ((5, 0, 0), 2), ((6, 0, 0), 2), (None, 2)]:
        assert len(model(models(tmp_path, text, version), "f").params) == params


INVARIANT = '[[invariant]]\nstruct = "x"\nsource = "y.c"\n'
GOOD = '[[function]]\nprototype = "int f(struct mutex *lock, gfp_t gfp);"\n'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (
            GOOD + 'aquires = [{ lock = "lock", kind = "mutex" }]',
            7,
            "unknown key 'aquires'; did you mean 'acquires'?",
        ),
        (
            GOOD + 'acquires = [{ lok = "lock", kind = "mutex" }]',
            7,
            "unknown key 'lok'; did you mean 'lock'?",
        ),
        (GOOD + 'acquires = [{ lock = "lock" }]', 7, "the field 'kind' is missing"),
        (GOOD + 'acquires = [{ kind = "mutex" }]', 7, 'a lock needs either "lock"'),
        (
            GOOD + 'acquires = [{ lock = "lock", kind = "mutx" }]',
            7,
            "unknown kind of lock 'mutx'; did you mean 'mutex'?",
        ),
        (
            GOOD + 'acquires = [{ lock = "loc", kind = "mutex" }]',
            7,
            "unknown parameter 'loc'; did you mean 'lock'?",
        ),
        (GOOD + 'allocates = [{ mask = "gfp", size = "result" }]', 7, "unknown parameter 'result'"),
        (GOOD + 'allocates = [{ mask = "gfp |" }]', 6, "is not C that can be read here"),
        (GOOD + 'enters = "noreclam"', 7, "unknown scope 'noreclam'; did you mean 'noreclaim'?"),
        (GOOD + 'leaf = "yes"', 7, "'leaf' must be true or false"),
        (GOOD + 'leaf = true\nsince = "new"', 8, "must be a kernel version"),
        (GOOD, 5, "says nothing about the function"),
        (GOOD + "leaf = true\n" + GOOD + "leaf = true", 9, "f() has a model already, at"),
        ('[[function]]\nnames = "a*"\nleaf = true', 6, '"pattern" is for names with *'),
        ('[[function]]\nprototype = "int f(int)"\nleaf = true', 6, "parameter 1 of f() has no name"),
        ("[[function]]\nleaf = true", 5, "needs one of prototype, prototypes, names, pattern"),
        ("[[functions]]\nleaf = true", 5, "unknown key 'functions'; did you mean 'function'?"),
        ("[[function]\n", 0, "not TOML"),
        (INVARIANT + 'when = "a"\nthn = "b"', 9, "unknown key 'thn'; did you mean 'then'?"),
        (INVARIANT + 'when = "a"', 5, "the field 'then' is missing"),
        (INVARIANT + 'when = "VM_X"\nthen = "!b"', 8, '"when" names no field of the struct'),
        (INVARIANT + 'when = "a &"\nthen = "!b"', 8, "is not C that can be read here"),
        ('[[invariant]]\nstruct = "struct x"\nsource = "y"', 6, '"struct" is the tag alone'),
        ('[[invariant]]\nstruct = "x"\nwhen = "a"\nthen = "b"', 5, "the field 'source' is missing"),
    ],
)
def test_mistakes_are_shown_with_file_and_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(ModelError) as caught:
        models(tmp_path, text).check()
    message = str(caught.value)
    assert words in message
    assert message.startswith(f"{tmp_path / 'models' / 'a.toml'}:{line or ''}")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "a.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ModelError, match="can't be read"):
        Models.load([tmp_path])
