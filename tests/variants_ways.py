"""The balloon deadlock planted along different ways: from the lock to the allocation, from the kernel to the
notifier's lock, and ways that look alike but lead nowhere."""

from __future__ import annotations

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
    direct,
    driver_field,
    driver_helper,
    fill_balloon,
)
from tests.variant import found, silent

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
