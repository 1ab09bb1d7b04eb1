"""The balloon deadlock planted with different ways to hold the lock, and to let go of it in time."""

from __future__ import annotations

from tests.planting import (
    ALLOCATION,
    BALLOON,
    CALL,
    COMPACTION,
    TAKEN,
    Files,
    at_probe,
    direct,
    driver_field,
    driver_helper,
    fill_balloon,
)
from tests.variant import found, silent
from tests.variants_ways import undone_fix

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
def other_lock(files: Files) -> None:
    undone_fix(files)
    driver_field(files, "struct mutex fill_lock;")
    at_probe(files, "mutex_init(&vb->fill_lock);")
    files.inside(BALLOON, "fill_balloon", r"mutex_lock\(&vb->balloon_lock\);", "mutex_lock(&vb->fill_lock);")
    files.inside(
        BALLOON, "fill_balloon", r"mutex_unlock\(&vb->balloon_lock\);", "mutex_unlock(&vb->fill_lock);"
    )


@found(ways=("self", "retry", "reclaim"))
def lock_dropped_on_one_way(files: Files) -> None:
    direct(
        files,
        "GFP_KERNEL",
        before="if (vb->stop_update)\n\t\t\tmutex_unlock(&vb->balloon_lock);",
        after="if (vb->stop_update)\n\t\t\tmutex_lock(&vb->balloon_lock);",
    )


@silent()
def lock_dropped_by_callee(files: Files) -> None:
    fill_balloon(files, "balloon_page_unlocked(vb)")
    driver_helper(
        files,
        """
static struct page *balloon_page_unlocked(struct virtio_balloon *vb)
{
	struct page *page;

	mutex_unlock(&vb->balloon_lock);
	page = alloc_page(GFP_KERNEL);
	mutex_lock(&vb->balloon_lock);
	return page;
}
""",
    )


@silent()
def lock_dropped_before_goto(files: Files) -> None:
    """The only way to the allocation goes over the label behind the release."""
    fill_balloon(
        files,
        "balloon_page_pop(&vb->free_page_list)",
        marker="",
        after="if (!page)\n\t\t\tgoto spare;",
        unlock="mutex_unlock(&vb->balloon_lock);\n\treturn num_allocated_pages;\nspare:\n"
        "\tmutex_unlock(&vb->balloon_lock);\n\tnum_allocated_pages = alloc_page(GFP_KERNEL) ? 1 : 0;",
    )


@found()
def lock_kept_at_goto(files: Files) -> None:
    """The same with the release behind the allocation."""
    fill_balloon(
        files,
        "balloon_page_pop(&vb->free_page_list)",
        marker="",
        after="if (!page)\n\t\t\tgoto spare;",
        unlock="mutex_unlock(&vb->balloon_lock);\n\treturn num_allocated_pages;\nspare:\n"
        f"\tnum_allocated_pages = alloc_page(GFP_KERNEL) ? 1 : 0;	{CALL} {ALLOCATION}\n"
        "\tmutex_unlock(&vb->balloon_lock);",
    )


@found()
def lock_from_last_turn(files: Files) -> None:
    """Taken at the loop's end, held when it comes round to the allocation."""
    direct(
        files,
        "GFP_KERNEL",
        lock="vb->num_pages++;",
        after=f"if (!vb->num_pfns)\n\t\t\tmutex_lock(&vb->balloon_lock);	{TAKEN}",
    )


@silent()
def lock_remembered(files: Files) -> None:
    """A flag says whether the lock is held, and the allocation asks it."""
    fill_balloon(
        files,
        "locked ? NULL : alloc_page(GFP_KERNEL)",
        declare="bool locked = false;",
        lock="if (vb->stop_update) {\n\t\tmutex_lock(&vb->balloon_lock);\n\t\tlocked = true;\n\t}",
        unlock="if (locked)\n\t\tmutex_unlock(&vb->balloon_lock);",
        marker="",
    )


@found()
def lock_tried(files: Files) -> None:
    """Who holds it after a trylock holds it all the same."""
    direct(files, "GFP_KERNEL", lock=f"if (!mutex_trylock(&vb->balloon_lock))	{TAKEN}\n\t\treturn 0;")


@found()
def lock_by_pointer(files: Files) -> None:
    direct(
        files,
        "GFP_KERNEL",
        declare="struct mutex *lock = &vb->balloon_lock;",
        lock=f"mutex_lock(lock);	{TAKEN}",
        unlock="mutex_unlock(lock);",
    )


@found()
def lock_by_pointer_parameter(files: Files) -> None:
    direct(
        files,
        "GFP_KERNEL",
        lock="balloon_hold(&vb->balloon_lock);",
        unlock="mutex_unlock(&vb->balloon_lock);",
    )
    driver_helper(files, "static void balloon_hold(struct mutex *lock)\n{\n\tmutex_lock(lock);\n}\n")


@found("fill_balloon", holder="update_balloon_size_func")
def lock_of_caller(files: Files) -> None:
    fill_balloon(files, "alloc_page(GFP_KERNEL)", lock="", unlock="", marker=ALLOCATION)
    files.inside(
        BALLOON,
        "update_balloon_size_func",
        r"\t\tdiff -= fill_balloon\(vb, diff\);",
        f"\t{{\n\t\tmutex_lock(&vb->balloon_lock);	{TAKEN}\n\t\tdiff -= fill_balloon(vb, diff);	{CALL}\n"
        "\t\tmutex_unlock(&vb->balloon_lock);\n\t}",
    )


@found(since=(6, 12))
def scoped_guard_around(files: Files) -> None:
    fill_balloon(
        files,
        "balloon_page_pop(&vb->free_page_list)",
        marker="",
        lock=f"scoped_guard(mutex, &vb->balloon_lock)	{TAKEN}\n"
        f"\t\tvb->num_pages += !!alloc_page(GFP_KERNEL);	{CALL} {ALLOCATION}",
        unlock="",
    )
