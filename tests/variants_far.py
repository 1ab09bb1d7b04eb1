"""The balloon deadlock planted in headers, in macros, in the balloon core, and in words of old kernels."""

from __future__ import annotations

import re

from tests.planting import (
    ALLOCATION,
    BALLOON,
    COMPACTION,
    HEADER,
    TAKEN,
    Files,
    at_probe,
    core_helper,
    fill_balloon,
)
from tests.variant import found, silent
from tests.variants_ways import undone_fix

DEQUEUE = "extern struct page *balloon_page_dequeue(struct balloon_dev_info *b_dev_info);\n"
"""A line of the header behind which declarations of the balloon core can stand."""


def in_header(files: Files, text: str) -> None:
    """Put text into the balloon core's header."""
    files.replace(HEADER, re.escape(DEQUEUE), f"{DEQUEUE}\n{text.strip()}\n\n")


# -- headers and macros


@found("balloon_page_take", allocates_in=HEADER)
def inline_in_header(files: Files) -> None:
    in_header(
        files,
        f"""
static inline struct page *balloon_page_take(gfp_t extra)
{{
	return alloc_page(GFP_HIGHUSER | extra);	{ALLOCATION}
}}
""",
    )
    fill_balloon(files, "balloon_page_take(__GFP_NOWARN)")


@silent()
def inline_in_header_of_other_configuration(files: Files) -> None:
    """Of two bodies the one that isn't built allocates."""
    in_header(
        files,
        """
#ifdef CONFIG_MMU
static inline struct page *balloon_page_take(gfp_t extra)
{
	return NULL;
}
#else
static inline struct page *balloon_page_take(gfp_t extra)
{
	return alloc_page(GFP_HIGHUSER | extra);
}
#endif
""",
    )
    fill_balloon(files, "balloon_page_take(__GFP_NOWARN)")


@found(allocates_in="")
def macro_in_header(files: Files) -> None:
    in_header(
        files,
        """
#define balloon_page_take(balloon, extra)				\\
({									\\
	struct page *__page = alloc_page(GFP_HIGHUSER | (extra));	\\
									\\
	if (__page)							\\
		balloon_page_enqueue(balloon, __page);			\\
	__page;								\\
})
""",
    )
    fill_balloon(files, "balloon_page_take(&vb->vb_dev_info, __GFP_NOWARN)")


@silent()
def macro_in_header_atomic(files: Files) -> None:
    in_header(files, "#define balloon_page_take(gfp) alloc_page((gfp) & ~__GFP_RECLAIM)")
    fill_balloon(files, "balloon_page_take(GFP_KERNEL)")


@found("balloon_page_alloc", allocates_in=COMPACTION)
def lock_macro_in_header(files: Files) -> None:
    in_header(
        files,
        """
#define balloon_hold(b)		mutex_lock(&(b)->balloon_lock)
#define balloon_let_go(b)	mutex_unlock(&(b)->balloon_lock)
""",
    )
    fill_balloon(
        files, "balloon_page_alloc()", lock=f"balloon_hold(vb);	{TAKEN}", unlock="balloon_let_go(vb);"
    )


@found("balloon_page_alloc", allocates_in=COMPACTION)
def lock_macros_two_deep(files: Files) -> None:
    """The macro that takes the lock names neither it nor the function that does."""
    in_header(
        files,
        """
#define __balloon_lock(lock, how)	mutex_##how(lock)
#define balloon_hold(b)			__balloon_lock(&(b)->balloon_lock, lock)
#define balloon_let_go(b)		__balloon_lock(&(b)->balloon_lock, unlock)
""",
    )
    fill_balloon(
        files, "balloon_page_alloc()", lock=f"balloon_hold(vb);	{TAKEN}", unlock="balloon_let_go(vb);"
    )


# -- the notifier's way to the lock


def shrink_in_core(files: Files, pages: str) -> None:
    """The notifier asks the balloon core, three functions there, and the last one calls the driver back."""
    undone_fix(files)
    files.inside(
        BALLOON,
        "virtio_balloon_oom_notify",
        r"leak_balloon\(vb, VIRTIO_BALLOON_OOM_NR_PAGES\)",
        f"balloon_shrink(&vb->vb_dev_info, {pages})",
    )
    files.before(
        BALLOON,
        "virtio_balloon_oom_notify",
        """
static unsigned int virtballoon_shrink(struct balloon_dev_info *info, size_t pages)
{
	return leak_balloon(container_of(info, struct virtio_balloon, vb_dev_info), pages);
}
""",
    )
    at_probe(files, "vb->vb_dev_info.shrink = virtballoon_shrink;")
    files.replace(
        HEADER,
        r"\tstruct list_head pages;",
        "\tunsigned int (*shrink)(struct balloon_dev_info *info, size_t pages);\n\tstruct list_head pages;",
    )
    in_header(files, "extern unsigned int balloon_shrink(struct balloon_dev_info *info, size_t pages);")
    files.before(
        COMPACTION,
        "balloon_page_enqueue",
        """
static unsigned int __balloon_shrink(struct balloon_dev_info *info, size_t pages)
{
	return info->shrink(info, pages);
}

static unsigned int balloon_shrink_some(struct balloon_dev_info *info, size_t pages)
{
	if (!pages)
		return 0;
	return __balloon_shrink(info, pages);
}

unsigned int balloon_shrink(struct balloon_dev_info *info, size_t pages)
{
	return balloon_shrink_some(info, pages);
}
EXPORT_SYMBOL_GPL(balloon_shrink);
""",
    )


SHRINK = (
    "virtio_balloon_oom_notify",
    "balloon_shrink",
    "balloon_shrink_some",
    "__balloon_shrink",
    "virtballoon_shrink",
    "leak_balloon",
)


@found("balloon_page_fill", allocates_in=COMPACTION, callback_way=SHRINK)
def notifier_through_core(files: Files) -> None:
    shrink_in_core(files, "VIRTIO_BALLOON_OOM_NR_PAGES")


@silent()
def notifier_through_core_for_nothing(files: Files) -> None:
    """A constant that rules the way out, on the notifier's side and in another file."""
    shrink_in_core(files, "0")


@silent()
def other_chain(files: Files) -> None:
    """The same callback on a chain that reclaim doesn't call."""
    undone_fix(files)
    files.inside(
        BALLOON,
        "virtballoon_probe",
        r"err = register_oom_notifier\(&vb->oom_nb\);",
        "err = register_reboot_notifier(&vb->oom_nb);",
    )


@found("balloon_page_fill", allocates_in=COMPACTION)
def registered_through_core(files: Files) -> None:
    """A function of another file registers the block that it is given."""
    undone_fix(files)
    in_header(files, "extern int balloon_register_oom(struct notifier_block *nb, notifier_fn_t call);")
    files.replace(
        HEADER, r"#include <linux/list.h>\n", "#include <linux/list.h>\n#include <linux/notifier.h>\n"
    )
    files.before(
        COMPACTION,
        "balloon_page_enqueue",
        """
int balloon_register_oom(struct notifier_block *nb, notifier_fn_t call)
{
	nb->notifier_call = call;
	return register_oom_notifier(nb);
}
EXPORT_SYMBOL_GPL(balloon_register_oom);
""",
    )
    files.inside(
        BALLOON,
        "virtballoon_probe",
        r"\t\tvb->oom_nb.notifier_call = virtio_balloon_oom_notify;\n",
        "",
    )
    files.inside(
        BALLOON,
        "virtballoon_probe",
        r"err = register_oom_notifier\(&vb->oom_nb\);",
        "err = balloon_register_oom(&vb->oom_nb, virtio_balloon_oom_notify);",
    )


# -- older words


@found(
    "balloon_page_new", allocates_in=COMPACTION, ways=("reclaim", "!self", "!retry"), bits=("__GFP_NORETRY",)
)
def old_words(files: Files) -> None:
    """As kernels before 4.4 wrote it: the allocation in a function that then takes the page's lock and a
    spinlock with interrupts off, the flag by its old name, and ``BUG_ON`` around what must succeed."""
    in_header(
        files,
        """
#ifndef __GFP_WAIT
#define __GFP_WAIT	__GFP_DIRECT_RECLAIM
#endif
#define GFP_BALLOON	(__GFP_WAIT | __GFP_IO | __GFP_FS | __GFP_HIGHMEM)
""",
    )
    core_helper(
        files,
        "balloon_page_new",
        f"""
struct page *balloon_page_new(struct balloon_dev_info *info)
{{
	unsigned long flags;
	struct page *page = alloc_page({ALLOCATION}
		GFP_BALLOON | __GFP_NOMEMALLOC | __GFP_NORETRY);

	if (!page)
		return NULL;
	BUG_ON(!trylock_page(page));
	spin_lock_irqsave(&info->pages_lock, flags);
	balloon_page_insert(info, page);
	spin_unlock_irqrestore(&info->pages_lock, flags);
	unlock_page(page);
	return page;
}}
""",
        "struct page *balloon_page_new(struct balloon_dev_info *info)",
    )
    fill_balloon(
        files,
        "balloon_page_new(vb_dev_info)",
        declare="struct balloon_dev_info *vb_dev_info = &vb->vb_dev_info;",
    )


@silent()
def old_words_without_wait(files: Files) -> None:
    in_header(
        files,
        """
#ifndef __GFP_WAIT
#define __GFP_WAIT	__GFP_DIRECT_RECLAIM
#endif
#define GFP_BALLOON	(GFP_HIGHUSER & ~__GFP_WAIT)
""",
    )
    fill_balloon(files, "alloc_page(GFP_BALLOON)", marker="")
