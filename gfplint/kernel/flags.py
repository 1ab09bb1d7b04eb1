"""What each GFP flag asks of the page allocator, in our words.

The facts are those of include/linux/gfp_types.h (gfp.h before 6.0) and of mm/page_alloc.c.
"""

from __future__ import annotations

MEANINGS = {
    "__GFP_DIRECT_RECLAIM": "The caller may reclaim by itself, and so sleep and wait for others.",
    "__GFP_WAIT": "The caller may sleep and reclaim by itself (the name before 4.4).",
    "__GFP_KSWAPD_RECLAIM": "kswapd is woken when memory runs low; the caller doesn't wait for it.",
    "__GFP_RECLAIM": "Direct reclaim, and waking kswapd.",
    "__GFP_IO": "Reclaim may start I/O, and wait for it.",
    "__GFP_FS": "Reclaim may call into file systems, and wait for their locks.",
    "__GFP_HIGH": "The request may use a part of the emergency reserves.",
    "__GFP_MEMALLOC": "The request may use all of the reserves.",
    "__GFP_NOMEMALLOC": "The emergency reserves are not used; says nothing about reclaim.",
    "__GFP_NORETRY": "Gives up after a round of reclaim, before the OOM path; that round may wait.",
    "__GFP_RETRY_MAYFAIL": "Retries while reclaim makes progress, then fails rather than kill.",
    "__GFP_REPEAT": "Tries harder for large requests (older trees).",
    "__GFP_NOFAIL": "Never fails: retries until there is memory.",
    "__GFP_NOWARN": "No warning in the log where the request fails.",
    "__GFP_ZERO": "The memory is zeroed.",
    "__GFP_COMP": "The pages are set up as one compound page.",
    "__GFP_MOVABLE": "The pages can be moved by compaction.",
    "__GFP_RECLAIMABLE": "The pages are given back by shrinkers.",
    "__GFP_HIGHMEM": "The pages may come from high memory.",
    "__GFP_DMA": "The pages come from the DMA zone.",
    "__GFP_DMA32": "The pages come from below 4 GiB.",
    "__GFP_HARDWALL": "The task's cpuset is obeyed.",
    "__GFP_THISNODE": "Only the given node is used, without the OOM path.",
    "__GFP_ACCOUNT": "The memory is charged to the task's memory cgroup.",
    "__GFP_WRITE": "The page is going to be dirtied.",
    "__GFP_NOLOCKDEP": "lockdep doesn't track this request.",
}
"""Flag → one sentence. A flag that isn't here is shown by its name alone."""
