"""The printed words, held still: whoever changes them sees what people will read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gfplint.findings import Finding, Mask, Place, Step, Thread
from gfplint.report.layout import count, printable, wrap
from gfplint.report.statistics import statistics, summary
from gfplint.report.text import mask_lines, render, render_finding
from tests.reports import NOTES, balloon_finding, chain_finding, report

EIGHTY = """\
drivers/virtio/virtio_balloon.c:171:23: GFP001: balloon_page_enqueue() allocates
    with direct reclaim while struct virtio_balloon.balloon_lock is held, and an
    OOM notifier waits for that lock
  lock        struct virtio_balloon.balloon_lock (mutex)
              taken in fill_balloon() at drivers/virtio/virtio_balloon.c:168:2
  mask        balloon_mapping_gfp_mask() | __GFP_NOMEMALLOC | __GFP_NORETRY
              -> direct reclaim, IO and FS

  thread 1: allocates under the lock    | thread 2: OOM notifier
  ------------------------------------- | -------------------------------------
  fill_balloon(): takes struct          | out_of_memory(): calls
    virtio_balloon.balloon_lock         |   blocking_notifier_call_chain()
    drivers/virtio/virtio_balloon.c:168 |
  fill_balloon(): calls                 | virtballoon_probe(): registered the
    balloon_page_enqueue()              |   callback
    drivers/virtio/virtio_balloon.c:171 |   drivers/virtio/virtio_balloon.c:962
  balloon_page_enqueue(): calls         | virtballoon_oom_notify(): is called
    alloc_page()                        |   drivers/virtio/virtio_balloon.c:602
    mm/balloon_compaction.c:31          |
                                        | virtballoon_oom_notify(): calls
                                        |   leak_balloon()
                                        |   drivers/virtio/virtio_balloon.c:610
  balloon_page_enqueue(): waits in      | leak_balloon(): waits for struct
    direct reclaim                      |   virtio_balloon.balloon_lock
    mm/balloon_compaction.c:31          |   drivers/virtio/virtio_balloon.c:262

  deadlock    reclaim dependency: Direct reclaim waits for filesystem locks and
                I/O; the thread that holds them may stand in out_of_memory() and
                wait for the lock.
  flags       __GFP_NORETRY keeps the allocation out of the OOM path, not out of
                direct reclaim.
              __GFP_NOMEMALLOC only forbids the reserves.
  fix         Allocate before taking the lock, and only enqueue the page under
                it.
  confidence  high: Every call on both ways is direct. The lock is the same
                field of the same struct.
"""

SIXTY = """\
drivers/virtio/virtio_balloon.c:171:23: GFP001:
    balloon_page_enqueue() allocates with direct reclaim
    while struct virtio_balloon.balloon_lock is held, and an
    OOM notifier waits for that lock
  lock        struct virtio_balloon.balloon_lock (mutex)
              taken in fill_balloon() at
                drivers/virtio/virtio_balloon.c:168:2
  mask        balloon_mapping_gfp_mask() | __GFP_NOMEMALLOC
                | __GFP_NORETRY
              -> direct reclaim, IO and FS

  thread 1: allocates under the lock
    fill_balloon(): takes struct virtio_balloon.balloon_lock
      drivers/virtio/virtio_balloon.c:168
    fill_balloon(): calls balloon_page_enqueue()
      drivers/virtio/virtio_balloon.c:171
    balloon_page_enqueue(): calls alloc_page()
      mm/balloon_compaction.c:31
    balloon_page_enqueue(): waits in direct reclaim
      mm/balloon_compaction.c:31

  thread 2: OOM notifier
    out_of_memory(): calls blocking_notifier_call_chain()
    virtballoon_probe(): registered the callback
      drivers/virtio/virtio_balloon.c:962
    virtballoon_oom_notify(): is called
      drivers/virtio/virtio_balloon.c:602
    virtballoon_oom_notify(): calls leak_balloon()
      drivers/virtio/virtio_balloon.c:610
    leak_balloon(): waits for struct
      virtio_balloon.balloon_lock
      drivers/virtio/virtio_balloon.c:262

  deadlock    reclaim dependency: Direct reclaim waits for
                filesystem locks and I/O; the thread that
                holds them may stand in out_of_memory() and
                wait for the lock.
  flags       __GFP_NORETRY keeps the allocation out of the
                OOM path, not out of direct reclaim.
              __GFP_NOMEMALLOC only forbids the reserves.
  fix         Allocate before taking the lock, and only
                enqueue the page under it.
  confidence  high: Every call on both ways is direct. The
                lock is the same field of the same struct.
"""


def test_the_balloon_deadlock_in_80_columns() -> None:
    assert render_finding(balloon_finding()) == EIGHTY


def test_a_narrow_terminal_gets_one_thread_under_the_other() -> None:
    assert render_finding(balloon_finding(), width=60) == SIXTY


def test_the_other_parts() -> None:
    assert render_finding(chain_finding()) == (
        """\
drivers/gpu/drm/i915/gem/i915_gem_shrinker.c:412:9: GFP002: kvmalloc() allocates
    with direct reclaim inside an OOM notifier
  mask        flags
              = __GFP_DIRECT_RECLAIM
              -> direct reclaim (undecided: __GFP_FS, __GFP_IO)

  thread
    i915_gem_shrinker_oom(): is called

  also        drivers/gpu/drm/i915/gem/i915_gem_shrinker.c:420:3: kzalloc() in
                the same region
  confidence  medium: One call goes through an ops table.
"""
    )


def test_a_path_is_broken_only_behind_a_slash() -> None:
    """A name cut in two can be neither clicked nor searched for."""
    own = "drivers/gpu/drm/amd/display/amdgpu_dm/amdgpu_dm_irq.c"
    other = "drivers/gpu/drm/amd/amdgpu/amdgpu_amdkfd_gpuvm.c"
    steps = (
        Step("acquire", "f", "takes it", Place(own, 10, 2)),
        Step("call", "f", "calls g()", Place(other, 2000, 2)),
    )
    finding = replace(
        balloon_finding(), place=Place(own, 11, 2), threads=(Thread("a", steps), Thread("b", steps))
    )
    lines = [line.partition("|")[0].strip() for line in render_finding(finding).splitlines()]
    assert "amdgpu_dm_irq.c:10" in lines, "the first line has the folder"
    assert lines[lines.index("drivers/gpu/drm/amd/amdgpu/") + 1] == "amdgpu_amdkfd_gpuvm.c:2000"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("GFP_KERNEL", True),
        ("x ? GFP_NOFS : GFP_KERNEL", True),
        ("mapping_gfp_mask(mapping) | __GFP_NOWARN", True),
        ("~__GFP_DIRECT_RECLAIM & m", True),
        ("__GFP_NOWARN", False),
        ("gfp", False),
        ("MY_GFP_MASK", False),
    ],
)
def test_flags_are_spelled_out_where_the_source_does_not_tell(written: str, told: bool) -> None:
    mask = Mask(written, ("GFP_KERNEL",), (), "direct reclaim, IO and FS")
    assert mask_lines(mask) == [written, *([] if told else ["= GFP_KERNEL"]), "-> direct reclaim, IO and FS"]


@pytest.mark.parametrize("width", [40, 41, 60, 79, 80, 81, 100, 120])
@pytest.mark.parametrize("finding", [balloon_finding(), chain_finding()])
def test_no_line_is_wider_than_asked(finding: Finding, width: int) -> None:
    lines = render(report(finding, notes=NOTES), width=width).splitlines()
    # A place is never broken: editors and grep read it.
    assert [line for line in lines if len(line) > width and not line.startswith(finding.place.path)] == []
    assert [line for line in lines if line != line.rstrip()] == []


def test_colour_changes_nothing_but_colour() -> None:
    import re

    plain = render(report(balloon_finding(), chain_finding(), notes=NOTES))
    coloured = render(report(balloon_finding(), chain_finding(), notes=NOTES), colour=True)
    assert coloured != plain
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in stripped.splitlines()] == plain.splitlines()


def test_what_was_added_to_the_findings_is_ascii() -> None:
    assert render(
        report(balloon_finding(), chain_finding(), notes=NOTES), with_statistics=True, verbose=True
    ).isascii()


def test_findings_come_in_the_order_of_places() -> None:
    first = replace(balloon_finding(), place=Place("a.c", 9, 1))
    second = replace(balloon_finding(), place=Place("a.c", 10, 1))
    text = render(report(second, balloon_finding(), first))
    assert text.index("a.c:9:1") < text.index("a.c:10:1") < text.index("virtio_balloon.c:171:23")


def test_a_file_name_cannot_talk_to_the_terminal() -> None:
    finding = replace(balloon_finding(), place=Place("a\x1b]0;x\x07\u202e.c", 1, 1), message="evil\x1b[2J")
    text = render(report(finding))
    assert "\x1b" not in text
    assert "a\\x1b]0;x\\x07\\x202e.c:1:1: GFP001: evil\\x1b[2J" in text


# ------------------------------------------------------------------------------------- summary


def test_summary_of_a_clean_run() -> None:
    assert summary(report()) == [
        "No findings in 16 files of Linux 6.12.48.",
        "5 callbacks of reclaim, 12 locks they wait for.",
    ]


def test_summary_of_what_was_not_analysed() -> None:
    assert summary(report(balloon_finding(), notes=NOTES))[:1] == ["1 finding in 16 files of Linux 6.12.48."]
    assert summary(report(notes=NOTES))[2:] == [
        "Not analysed: 2 calls without a known target, 1 function with a syntax error",
        "  (--verbose lists them).",
    ]


def test_summary_without_a_tree() -> None:
    lines = summary(report(tree=False))
    assert lines[0] == "No findings in 16 files."
    assert " ".join(line.strip() for line in lines[2:]) == (
        "There was no kernel tree around these files: what they call elsewhere is known only as far as the "
        "API models go, and masks have built-in values (--kernel DIR names a tree)."
    )


def test_statistics_name_every_count() -> None:
    lines = statistics(report(notes=NOTES))
    assert "files analysed                                   16" in lines
    assert "calls, direct                                12,304" in lines
    assert "not analysed: calls without a known target        2" in lines
    assert lines[-1] == "functions lowered without an error           99.83 %"


# -------------------------------------------------------------------------------------- layout


@given(st.text(alphabet="ab_./-> ", max_size=200), st.integers(5, 60), st.integers(0, 4))
def test_wrapping_keeps_every_character_and_the_width(text: str, width: int, hang: int) -> None:
    lines = wrap(text, width, hang=hang)
    assert all(len(line) <= width for line in lines)
    assert all(line.startswith(" " * hang) for line in lines[1:])
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_long_word_breaks_at_a_joint() -> None:
    assert wrap("drivers/gpu/drm/i915/gem/i915_gem_shrinker.c:412", 30) == [
        "drivers/gpu/drm/i915/gem/i915_",
        "gem_shrinker.c:412",
    ]
    assert wrap("abcdefgh", 3) == ["abc", "def", "gh"]
    assert wrap("", 10) == [""]


def test_counts_read_as_english() -> None:
    assert [count(n, "file") for n in (0, 1, 2, 12304)] == ["no files", "1 file", "2 files", "12,304 files"]
    assert printable("tab\there") == "tab\\x09here"
