"""Hand-made reports for the tests of the printers.

The balloon deadlock of Linux before 4.15, in a 6.12 tree.
"""

from __future__ import annotations

from gfplint.findings import (
    Confidence,
    Finding,
    Lock,
    Mask,
    Note,
    Place,
    Report,
    Statistics,
    Step,
    Thread,
    Way,
)

BALLOON = "drivers/virtio/virtio_balloon.c"
COMPACTION = "mm/balloon_compaction.c"
LOCK = "struct virtio_balloon.balloon_lock"


def balloon_finding() -> Finding:
    """The finding of issue 2, as the analysis is meant to fill it."""
    return Finding(
        rule="GFP001",
        place=Place(BALLOON, 171, 23, 43),
        function="fill_balloon",
        message=(
            f"balloon_page_enqueue() allocates with direct reclaim while {LOCK} is held, "
            "and an OOM notifier waits for that lock"
        ),
        confidence=Confidence.HIGH,
        facts=("Every call on both ways is direct.", "The lock is the same field of the same struct."),
        threads=(
            Thread(
                "allocates under the lock",
                (
                    Step("acquire", "fill_balloon", f"takes {LOCK}", Place(BALLOON, 168, 2)),
                    Step("call", "fill_balloon", "calls balloon_page_enqueue()", Place(BALLOON, 171, 23)),
                    Step("allocate", "balloon_page_enqueue", "calls alloc_page()", Place(COMPACTION, 31, 22)),
                    Step(
                        "reclaim",
                        "balloon_page_enqueue",
                        "waits in direct reclaim",
                        Place(COMPACTION, 31, 22),
                    ),
                ),
            ),
            Thread(
                "OOM notifier",
                (
                    Step("enter", "out_of_memory", "calls blocking_notifier_call_chain()", None),
                    Step("register", "virtballoon_probe", "registered the callback", Place(BALLOON, 962, 9)),
                    Step("callback", "virtballoon_oom_notify", "is called", Place(BALLOON, 602, 12)),
                    Step("call", "virtballoon_oom_notify", "calls leak_balloon()", Place(BALLOON, 610, 26)),
                    Step("wait", "leak_balloon", f"waits for {LOCK}", Place(BALLOON, 262, 2)),
                ),
            ),
        ),
        lock=Lock(LOCK, "mutex", Place(BALLOON, 168, 2), "fill_balloon"),
        mask=Mask(
            "balloon_mapping_gfp_mask() | __GFP_NOMEMALLOC | __GFP_NORETRY",
            ("__GFP_DIRECT_RECLAIM", "__GFP_FS", "__GFP_IO", "__GFP_NOMEMALLOC", "__GFP_NORETRY"),
            (),
            "direct reclaim, IO and FS",
        ),
        ways=(
            Way(
                "reclaim dependency",
                "Direct reclaim waits for filesystem locks and I/O; the thread that holds them may stand in "
                "out_of_memory() and wait for the lock.",
            ),
        ),
        unsaved=(
            "__GFP_NORETRY keeps the allocation out of the OOM path, not out of direct reclaim.",
            "__GFP_NOMEMALLOC only forbids the reserves.",
        ),
        fixes=("Allocate before taking the lock, and only enqueue the page under it.",),
        fingerprint="1f0c7a2b9d3e4f56",
    )


def chain_finding() -> Finding:
    """A second one with the other optional parts.

    Undecided bits, further places, a call through a pointer.
    """
    return Finding(
        rule="GFP002",
        place=Place("drivers/gpu/drm/i915/gem/i915_gem_shrinker.c", 412, 9),
        function="i915_gem_shrinker_oom",
        message="kvmalloc() allocates with direct reclaim inside an OOM notifier",
        confidence=Confidence.MEDIUM,
        facts=("One call goes through an ops table.",),
        threads=(Thread("", (Step("callback", "i915_gem_shrinker_oom", "is called", None),)),),
        mask=Mask("flags", ("__GFP_DIRECT_RECLAIM",), ("__GFP_FS", "__GFP_IO"), "direct reclaim"),
        also=(
            (Place("drivers/gpu/drm/i915/gem/i915_gem_shrinker.c", 420, 3), "kzalloc() in the same region"),
        ),
    )


def report(*findings: Finding, notes: tuple[Note, ...] = (), tree: bool = True) -> Report:
    """A report of the given findings as a run on drivers/virtio would make it."""
    return Report(
        findings=list(findings),
        notes=list(notes),
        statistics=Statistics(
            files_analysed=16,
            files_read=51,
            functions_listed=1200,
            functions_lowered=1199,
            functions_with_errors=1,
            callbacks=5,
            locks=12,
            calls_direct=12304,
        ),
        root="/kernels/linux-6.12" if tree else "/drivers/out of tree",
        kernel_version="6.12.48" if tree else None,
        paths=["drivers/virtio"],
    )


NOTES = (
    Note("syntax", "drivers/virtio/virtio_mem.c", 90, "virtio_mem_probe() has a syntax error"),
    Note("unresolved-call", BALLOON, 300, "nothing is known to be stored in struct virtio_config_ops.get"),
    Note("unresolved-call", BALLOON, 240, "nothing is known to be stored in struct virtio_config_ops.set"),
)
