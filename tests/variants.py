"""Every way to plant the balloon deadlock in a real driver, and to almost do so.

What comes in: the texts of a tree's files (``planting.Files``); what goes out: ``VARIANTS``, each a small
edit with what must be found after it. Issue 2's list "must be true" is here, entry by entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.planting import (
    ALLOCATION,
    BALLOON,
    CALL,
    COMPACTION,
    TAKEN,
    WAITS,
    Files,
    at_probe,
    core_helper,
    driver_field,
    driver_helper,
    fill_balloon,
)

Edit = Callable[[Files], None]


@dataclass(frozen=True)
class Variant:
    """One edit of the driver with what must be found: nothing, or exactly one finding at the marked call.

    ``way`` are the functions from the one that holds the lock to the one that allocates; ``ways`` and
    ``bits`` as in ``expectations.py``; ``since`` the first kernel that has what the edit uses.
    """

    name: str
    edit: Edit
    found: bool
    way: tuple[str, ...] = ("fill_balloon",)
    allocates_in: str = BALLOON
    callback_way: tuple[str, ...] = ("virtio_balloon_oom_notify", "leak_balloon")
    ways: tuple[str, ...] = ()
    bits: tuple[str, ...] = ()
    since: tuple[int, int] = (0, 0)
    rule: str = "GFP001"


VARIANTS: list[Variant] = []


def found(
    *way: str,
    allocates_in: str = BALLOON,
    callback_way: tuple[str, ...] = ("virtio_balloon_oom_notify", "leak_balloon"),
    ways: tuple[str, ...] = (),
    bits: tuple[str, ...] = (),
    since: tuple[int, int] = (0, 0),
    rule: str = "GFP001",
) -> Callable[[Edit], Edit]:
    """Register an edit after which the deadlock is there. ``way`` leads on from ``fill_balloon()``, or for
    ``GFP002`` from the callback."""

    def register(edit: Edit) -> Edit:
        first = "fill_balloon" if rule == "GFP001" else callback_way[0]
        name = edit.__name__
        VARIANTS.append(
            Variant(name, edit, True, (first, *way), allocates_in, callback_way, ways, bits, since, rule)
        )
        return edit

    return register


def silent(since: tuple[int, int] = (0, 0)) -> Callable[[Edit], Edit]:
    """Register an edit after which nothing may be reported."""

    def register(edit: Edit) -> Edit:
        VARIANTS.append(Variant(edit.__name__, edit, False, since=since))
        return edit

    return register


OLD_HELPER = f"""
struct page *balloon_page_fill(struct balloon_dev_info *b_dev_info)
{{
	struct page *page = alloc_page({ALLOCATION}
		balloon_mapping_gfp_mask() | __GFP_NOMEMALLOC | __GFP_NORETRY);

	if (page)
		balloon_page_enqueue(b_dev_info, page);
	return page;
}}
"""


@found(
    "balloon_page_fill",
    allocates_in=COMPACTION,
    ways=("reclaim", "!self", "!retry"),
    bits=(
        "__GFP_FS",
        "__GFP_IO",
        "__GFP_DIRECT_RECLAIM",
        "__GFP_NORETRY",
        "__GFP_NOMEMALLOC",
        "__GFP_HIGHMEM",
    ),
)
def undone_fix(files: Files) -> None:
    core_helper(
        files,
        "balloon_page_fill",
        OLD_HELPER,
        "struct page *balloon_page_fill(struct balloon_dev_info *b_dev_info)",
    )
    fill_balloon(files, "balloon_page_fill(&vb->vb_dev_info)")


@found("balloon_page_alloc", allocates_in=COMPACTION, ways=("reclaim", "!self", "!retry"))
def lock_moved_up(files: Files) -> None:
    """The smallest edit: today's driver with the lock taken before the loop that allocates."""
    files.inside(
        BALLOON,
        "fill_balloon",
        r"\tmutex_lock\(&vb->balloon_lock\);\n\n\tvb->num_pfns = 0;",
        "\tvb->num_pfns = 0;",
    )
    files.inside(
        BALLOON,
        "fill_balloon",
        r"\n\tfor \(num_pfns = 0;",
        f"\n\tmutex_lock(&vb->balloon_lock);\t{TAKEN}\n\tfor (num_pfns = 0;",
    )
    files.inside(BALLOON, "fill_balloon", r"= balloon_page_alloc\(\);", f"= balloon_page_alloc();\t{CALL}")
    files.inside(
        COMPACTION,
        "balloon_page_alloc",
        r"= alloc_page\(balloon_mapping_gfp_mask\(\) \|",
        f"= alloc_page({ALLOCATION} balloon_mapping_gfp_mask() |",
    )
    files.inside(
        BALLOON,
        "leak_balloon",
        r"mutex_lock\(&vb->balloon_lock\);",
        f"mutex_lock(&vb->balloon_lock);\t{WAITS}",
    )


def direct(files: Files, mask: str, **slots: str) -> None:
    """The allocation in ``fill_balloon()`` itself."""
    fill_balloon(files, f"alloc_page({mask})", marker=f"{CALL} {ALLOCATION}", **slots)


@found(ways=("self", "retry", "reclaim"), bits=("__GFP_DIRECT_RECLAIM", "!__GFP_NORETRY"))
def right_under_the_lock(files: Files) -> None:
    direct(files, "GFP_KERNEL")


def deep(files: Files, depth: int) -> tuple[str, ...]:
    """A chain of static functions in the driver; the last one allocates. Returns their names."""
    names = [f"balloon_level_{number}" for number in range(1, depth + 1)]
    texts = []
    for number, name in reversed(list(enumerate(names))):
        if number == depth - 1:
            texts.append(
                f"static struct page *{name}(struct virtio_balloon *vb)\n{{\n"
                f"\treturn alloc_page(GFP_HIGHUSER | __GFP_NOWARN);\t{ALLOCATION}\n}}\n"
            )
        else:
            texts.append(
                f"static struct page *{name}(struct virtio_balloon *vb)\n{{\n"
                f"\tif (vb->num_pages > VIRTIO_BALLOON_ARRAY_PFNS_MAX)\n\t\treturn NULL;\n"
                f"\treturn {names[number + 1]}(vb);\n}}\n"
            )
    fill_balloon(files, f"{names[0]}(vb)")
    driver_helper(files, "\n".join(texts))
    return tuple(names)


@found("balloon_level_1")
def one_deep(files: Files) -> None:
    deep(files, 1)


@found("balloon_level_1", "balloon_level_2", "balloon_level_3")
def three_deep(files: Files) -> None:
    deep(files, 3)


@found("balloon_level_1", "balloon_level_2", "balloon_level_3", "balloon_level_4", "balloon_level_5")
def five_deep(files: Files) -> None:
    deep(files, 5)


def mask_helper(files: Files, mask: str) -> None:
    """A helper in the balloon core that gets its mask from the driver."""
    core_helper(
        files,
        "balloon_page_get",
        f"""
struct page *balloon_page_get(unsigned int order, gfp_t gfp)
{{
	return alloc_pages(gfp | __GFP_COMP, order);	{ALLOCATION}
}}
""",
        "struct page *balloon_page_get(unsigned int order, gfp_t gfp)",
    )
    fill_balloon(files, f"balloon_page_get(0, {mask})")


@found("balloon_page_get", allocates_in=COMPACTION, bits=("__GFP_FS", "__GFP_COMP"))
def mask_parameter(files: Files) -> None:
    mask_helper(files, "GFP_KERNEL")


@silent()
def mask_parameter_atomic(files: Files) -> None:
    mask_helper(files, "GFP_ATOMIC")


@found("balloon_ops_get_page")
def const_ops_table(files: Files) -> None:
    fill_balloon(files, "vb->page_ops->get_page(vb)")
    driver_helper(
        files,
        f"""
static struct page *balloon_ops_get_page(struct virtio_balloon *vb)
{{
	return alloc_page(GFP_HIGHUSER);	{ALLOCATION}
}}

static const struct balloon_page_ops balloon_page_ops = {{
	.get_page = balloon_ops_get_page,
}};
""",
    )
    driver_field(files, "const struct balloon_page_ops *page_ops;")
    files.replace(
        BALLOON,
        r"\nstruct virtio_balloon \{\n",
        "\nstruct virtio_balloon;\n\nstruct balloon_page_ops {\n"
        "\tstruct page *(*get_page)(struct virtio_balloon *vb);\n};\n\nstruct virtio_balloon {\n",
    )
    at_probe(files, "vb->page_ops = &balloon_page_ops;")


@found("balloon_get_page_now")
def pointer_at_probe(files: Files) -> None:
    fill_balloon(files, "vb->get_balloon_page(vb)")
    driver_helper(
        files,
        f"""
static struct page *balloon_get_page_now(struct virtio_balloon *vb)
{{
	return alloc_page(GFP_HIGHUSER);	{ALLOCATION}
}}
""",
    )
    driver_field(files, "struct page *(*get_balloon_page)(struct virtio_balloon *vb);")
    at_probe(files, "vb->get_balloon_page = balloon_get_page_now;")


NOTIFY = ("virtio_balloon_oom_notify", "balloon_deflate", "balloon_deflate_some", "leak_balloon")


@found("balloon_page_fill", allocates_in=COMPACTION, callback_way=NOTIFY)
def notifier_three_deep(files: Files) -> None:
    undone_fix(files)
    files.inside(
        BALLOON, "virtio_balloon_oom_notify", r"leak_balloon\(vb, VIRTIO", "balloon_deflate(vb, VIRTIO"
    )
    files.before(
        BALLOON,
        "virtio_balloon_oom_notify",
        """
static unsigned int balloon_deflate_some(struct virtio_balloon *vb, size_t num)
{
	return num ? leak_balloon(vb, num) : 0;
}

static unsigned int balloon_deflate(struct virtio_balloon *vb, size_t num)
{
	return balloon_deflate_some(vb, num * VIRTIO_BALLOON_PAGES_PER_PAGE);
}
""",
    )


@found("balloon_page_fill", allocates_in=COMPACTION)
def registered_in_warn_on(files: Files) -> None:
    undone_fix(files)
    files.inside(
        BALLOON,
        "virtballoon_probe",
        r"err = register_oom_notifier\(&vb->oom_nb\);",
        "err = 0;\n\t\tWARN_ON(register_oom_notifier(&vb->oom_nb));",
    )


@silent()
def not_registered(files: Files) -> None:
    undone_fix(files)
    files.inside(BALLOON, "virtballoon_probe", r"err = register_oom_notifier\(&vb->oom_nb\);", "err = 0;")


# -- flags that don't help


@found(ways=("self", "retry", "reclaim"), bits=("__GFP_IO", "!__GFP_FS"))
def gfp_nofs(files: Files) -> None:
    direct(files, "GFP_NOFS")


@found(ways=("self", "retry", "!reclaim"), bits=("!__GFP_IO", "!__GFP_FS"))
def gfp_noio(files: Files) -> None:
    direct(files, "GFP_NOIO | __GFP_NOWARN")


@found(ways=("reclaim", "!self", "!retry"), bits=("__GFP_NORETRY",))
def gfp_noretry(files: Files) -> None:
    direct(files, "GFP_KERNEL | __GFP_NORETRY")


@found(bits=("__GFP_IO", "!__GFP_FS"))
def nofs_scope(files: Files) -> None:
    direct(
        files,
        "GFP_KERNEL",
        declare="unsigned int cookie;",
        before="cookie = memalloc_nofs_save();",
        after="memalloc_nofs_restore(cookie);",
    )


@found(bits=("!__GFP_IO", "!__GFP_FS"))
def noio_scope(files: Files) -> None:
    direct(
        files,
        "GFP_KERNEL",
        declare="unsigned int cookie;",
        first="cookie = memalloc_noio_save();",
        unlock="mutex_unlock(&vb->balloon_lock);\n\tmemalloc_noio_restore(cookie);",
    )


# -- what does


@silent()
def gfp_atomic(files: Files) -> None:
    direct(files, "GFP_ATOMIC")


@silent()
def gfp_nowait(files: Files) -> None:
    direct(files, "GFP_NOWAIT | __GFP_NOWARN")


@silent()
def no_direct_reclaim(files: Files) -> None:
    direct(files, "GFP_HIGHUSER & ~__GFP_DIRECT_RECLAIM")


@silent()
def no_direct_reclaim_in_local(files: Files) -> None:
    direct(
        files, "gfp", declare="gfp_t gfp = balloon_mapping_gfp_mask();", first="gfp &= ~__GFP_DIRECT_RECLAIM;"
    )


@silent()
def lock_dropped(files: Files) -> None:
    direct(
        files, "GFP_KERNEL", before="mutex_unlock(&vb->balloon_lock);", after="mutex_lock(&vb->balloon_lock);"
    )


@silent()
def notifier_tries(files: Files) -> None:
    undone_fix(files)
    files.inside(
        BALLOON,
        "leak_balloon",
        r"mutex_lock\(&vb->balloon_lock\);",
        "if (!mutex_trylock(&vb->balloon_lock))\n\t\treturn 0;",
    )


@silent()
def noreclaim_scope(files: Files) -> None:
    direct(
        files,
        "GFP_KERNEL",
        declare="unsigned int cookie;",
        before="cookie = memalloc_noreclaim_save();",
        after="memalloc_noreclaim_restore(cookie);",
    )


@silent()
def pf_memalloc(files: Files) -> None:
    direct(
        files,
        "GFP_KERNEL",
        before="current->flags |= PF_MEMALLOC;",
        after="current->flags &= ~PF_MEMALLOC;",
    )


@silent()
def other_lock(files: Files) -> None:
    undone_fix(files)
    driver_field(files, "struct mutex fill_lock;")
    at_probe(files, "mutex_init(&vb->fill_lock);")
    files.inside(BALLOON, "fill_balloon", r"mutex_lock\(&vb->balloon_lock\);", "mutex_lock(&vb->fill_lock);")
    files.inside(
        BALLOON, "fill_balloon", r"mutex_unlock\(&vb->balloon_lock\);", "mutex_unlock(&vb->fill_lock);"
    )


def constant(files: Files, pages: str) -> None:
    """An allocation that is made only for more than one page, the number being a constant three calls up."""
    fill_balloon(files, "balloon_page_set(vb, GFP_KERNEL)")
    driver_helper(
        files,
        f"""
static struct page *balloon_page_table(unsigned int pages, gfp_t gfp)
{{
	if (pages > 1)
		return alloc_pages(gfp, 1);	{ALLOCATION}
	return NULL;
}}

static struct page *balloon_page_some(struct virtio_balloon *vb, unsigned int pages, gfp_t gfp)
{{
	return vb->num_pages ? balloon_page_table(pages, gfp) : NULL;
}}

static struct page *balloon_page_set(struct virtio_balloon *vb, gfp_t gfp)
{{
	return balloon_page_some(vb, {pages}, gfp);
}}
""",
    )


@found("balloon_page_set", "balloon_page_some", "balloon_page_table")
def constant_argument_two(files: Files) -> None:
    constant(files, "2")


@silent()
def constant_argument_one(files: Files) -> None:
    constant(files, "1")


@silent()
def indirect_table_ruled_out(files: Files) -> None:
    """DOMAIN's first trap twice over: one more buffer handed to the host under the lock."""
    fill_balloon(files, "balloon_page_pop(&vb->free_page_list)", before="tell_host(vb, vb->inflate_vq);")


@found("virtqueue_add_sgs", allocates_in="drivers/virtio/virtio_ring.c")
def indirect_table(files: Files) -> None:
    """Two buffers at once: now the ring does allocate its table."""
    fill_balloon(
        files,
        "balloon_page_pop(&vb->free_page_list)",
        declare="struct scatterlist two[2], *sgs[1] = { two };",
        first="sg_init_table(two, 2);",
        before=f"virtqueue_add_sgs(vb->inflate_vq, sgs, 1, 0, vb, GFP_KERNEL);\t{CALL}",
        marker="",
    )


# -- other ways to hold the lock


@found("balloon_page_alloc", allocates_in=COMPACTION)
def lock_interruptible(files: Files) -> None:
    fill_balloon(
        files,
        "balloon_page_alloc()",
        lock=f"if (mutex_lock_interruptible(&vb->balloon_lock))\t{TAKEN}\n\t\treturn 0;",
    )


@found("balloon_page_alloc", allocates_in=COMPACTION)
def lock_by_function(files: Files) -> None:
    # Where the lock was taken may be said to be in the wrapper or at its call: no marker.
    fill_balloon(files, "balloon_page_alloc()", lock="balloon_hold(vb);", unlock="balloon_let_go(vb);")
    driver_helper(
        files,
        """
static void balloon_hold(struct virtio_balloon *vb)
{
	mutex_lock(&vb->balloon_lock);
}

static void balloon_let_go(struct virtio_balloon *vb)
{
	mutex_unlock(&vb->balloon_lock);
}
""",
    )


@found("balloon_page_alloc", allocates_in=COMPACTION)
def lock_by_macro(files: Files) -> None:
    fill_balloon(
        files, "balloon_page_alloc()", lock=f"BALLOON_HOLD(vb);\t{TAKEN}", unlock="BALLOON_LET_GO(vb);"
    )
    driver_helper(
        files,
        """
#define BALLOON_HOLD(b) do { might_sleep(); mutex_lock(&(b)->balloon_lock); } while (0)
#define BALLOON_LET_GO(b) mutex_unlock(&(b)->balloon_lock)

""",
    )


@found("balloon_page_alloc", allocates_in=COMPACTION, since=(6, 12))
def guard(files: Files) -> None:
    fill_balloon(files, "balloon_page_alloc()", lock=f"guard(mutex)(&vb->balloon_lock);\t{TAKEN}", unlock="")


@silent(since=(6, 12))
def scoped_guard_over(files: Files) -> None:
    direct(
        files, "GFP_KERNEL", lock="scoped_guard(mutex, &vb->balloon_lock)\n\t\tvb->num_pages++;", unlock=""
    )


# -- allocation inside the notifier


@found(rule="GFP002", callback_way=("virtio_balloon_oom_notify",))
def notifier_allocates(files: Files) -> None:
    in_notifier(files, "GFP_KERNEL")


@silent()
def notifier_allocates_nowait(files: Files) -> None:
    in_notifier(files, "GFP_NOWAIT")


def in_notifier(files: Files, mask: str) -> None:
    """A small allocation at the notifier's end, with no lock held but the OOM path's own."""
    files.inside(
        BALLOON,
        "virtio_balloon_oom_notify",
        r"\treturn NOTIFY_OK;",
        f"\tkfree(kmalloc(64, {mask}));\t{CALL} {ALLOCATION}\n\treturn NOTIFY_OK;",
    )
