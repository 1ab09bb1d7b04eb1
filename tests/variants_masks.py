"""The balloon deadlock planted with different masks and inside different scopes."""

from __future__ import annotations

from tests.planting import (
    ALLOCATION,
    BALLOON,
    CALL,
    Files,
    at_probe,
    direct,
    driver_field,
    driver_helper,
    fill_balloon,
)
from tests.variant import found, silent

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


# -- masks that take some working out


@silent()
def scope_of_every_caller(files: Files) -> None:
    """Nobody calls ``fill_balloon()`` but inside a scope that keeps the task out of reclaim."""
    direct(files, "GFP_KERNEL")
    files.inside(
        BALLOON,
        "update_balloon_size_func",
        r"\t\tdiff -= fill_balloon\(vb, diff\);",
        "\t{\n\t\tunsigned int cookie = memalloc_noreclaim_save();\n\n"
        "\t\tdiff -= fill_balloon(vb, diff);\n\t\tmemalloc_noreclaim_restore(cookie);\n\t}",
    )


@found(ways=("self", "retry", "reclaim"))
def scope_left_before(files: Files) -> None:
    direct(
        files,
        "GFP_KERNEL",
        declare="unsigned int cookie;",
        before="cookie = memalloc_noreclaim_save();\n\t\tset_page_pfns(vb, vb->pfns, NULL);"
        "\n\t\tmemalloc_noreclaim_restore(cookie);",
    )


@found()
def mask_of_one_arm(files: Files) -> None:
    direct(files, "num > 1 ? GFP_KERNEL : GFP_ATOMIC")


@silent()
def mask_of_either_arm(files: Files) -> None:
    direct(files, "num > 1 ? GFP_NOWAIT : GFP_ATOMIC")


@silent()
def mask_said_to_block(files: Files) -> None:
    """The question that the kernel itself asks, answered no by the caller's mask."""
    fill_balloon(files, "balloon_page_maybe(GFP_NOWAIT)")
    driver_helper(
        files,
        """
static struct page *balloon_page_maybe(gfp_t gfp)
{
	if (gfpflags_allow_blocking(gfp))
		return alloc_page(GFP_KERNEL);
	return NULL;
}
""",
    )


@found("balloon_page_maybe")
def mask_does_block(files: Files) -> None:
    fill_balloon(files, "balloon_page_maybe(GFP_NOIO)")
    driver_helper(
        files,
        f"""
static struct page *balloon_page_maybe(gfp_t gfp)
{{
	if (!gfpflags_allow_blocking(gfp))
		return NULL;
	return alloc_page(GFP_KERNEL);	{ALLOCATION}
}}
""",
    )


# -- other interfaces that allocate


def interface(files: Files, call: str) -> None:
    """Something other than a page is allocated under the lock, by ``call``."""
    fill_balloon(files, "balloon_page_pop(&vb->free_page_list)", marker="", before=f"{call};	{CALL}")


@found(allocates_in="")
def interface_kvcalloc(files: Files) -> None:
    interface(files, "kvfree(kvcalloc(num, sizeof(vb->pfns[0]), GFP_KERNEL))")


@found(allocates_in="")
def interface_vmalloc(files: Files) -> None:
    interface(files, "vfree(vmalloc(PAGE_SIZE))")


@found(allocates_in="")
def interface_kasprintf(files: Files) -> None:
    interface(files, 'kfree(kasprintf(GFP_KERNEL, "%zu", num))')


@found(allocates_in="")
def interface_kmemdup(files: Files) -> None:
    interface(files, "kfree(kmemdup(vb->pfns, sizeof(vb->pfns), GFP_KERNEL))")


@found(allocates_in="")
def interface_devm(files: Files) -> None:
    interface(files, "devm_kzalloc(&vb->vdev->dev, num, GFP_KERNEL)")


@found(allocates_in="")
def interface_percpu(files: Files) -> None:
    interface(files, "free_percpu(alloc_percpu(unsigned long))")


@found(allocates_in="")
def interface_workqueue(files: Files) -> None:
    interface(files, 'alloc_workqueue("balloon", WQ_UNBOUND, 0)')


@found(allocates_in="")
def interface_kthread(files: Files) -> None:
    interface(files, 'kthread_run(kthread_worker_fn, NULL, "balloon")')


@silent()
def interface_vmalloc_later(files: Files) -> None:
    """Queued under the lock, allocated by a worker that doesn't hold it."""
    fill_balloon(
        files,
        "balloon_page_pop(&vb->free_page_list)",
        marker="",
        before="queue_work(system_freezable_wq, &vb->grow_work);",
    )
    driver_field(files, "struct work_struct grow_work;")
    driver_helper(
        files,
        """
static void balloon_grow(struct work_struct *work)
{
	vfree(vmalloc(PAGE_SIZE));
}
""",
    )
    at_probe(files, "INIT_WORK(&vb->grow_work, balloon_grow);")
