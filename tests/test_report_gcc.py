"""The compiler's format: every line must be one that an editor can jump to."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from gfplint.findings import Note, Place, Step, Suppression, Thread
from gfplint.report.formats import FORMATS, Display
from gfplint.report.gcc import render
from gfplint.report.paths import reachable
from tests.reports import NOTES, balloon_finding, chain_finding, report

BALLOON = """\
drivers/virtio/virtio_balloon.c:171:23: warning: balloon_page_enqueue() allocates with direct reclaim while \
struct virtio_balloon.balloon_lock is held, and an OOM notifier waits for that lock [GFP001]
drivers/virtio/virtio_balloon.c:171:23: note: mask balloon_mapping_gfp_mask() | __GFP_NOMEMALLOC | \
__GFP_NORETRY -> direct reclaim, IO and FS
drivers/virtio/virtio_balloon.c:168:2: note: thread 1: allocates under the lock
drivers/virtio/virtio_balloon.c:168:2: note: thread 1: fill_balloon(): takes struct \
virtio_balloon.balloon_lock
drivers/virtio/virtio_balloon.c:171:23: note: thread 1: fill_balloon(): calls balloon_page_enqueue()
mm/balloon_compaction.c:31:22: note: thread 1: balloon_page_enqueue(): calls alloc_page()
mm/balloon_compaction.c:31:22: note: thread 1: balloon_page_enqueue(): waits in direct reclaim
drivers/virtio/virtio_balloon.c:962:9: note: thread 2: OOM notifier
drivers/virtio/virtio_balloon.c:962:9: note: thread 2: out_of_memory(): calls \
blocking_notifier_call_chain(); virtballoon_probe(): registered the callback
drivers/virtio/virtio_balloon.c:602:12: note: thread 2: virtballoon_oom_notify(): is called
drivers/virtio/virtio_balloon.c:610:26: note: thread 2: virtballoon_oom_notify(): calls leak_balloon()
drivers/virtio/virtio_balloon.c:262:2: note: thread 2: leak_balloon(): waits for struct \
virtio_balloon.balloon_lock
drivers/virtio/virtio_balloon.c:171:23: note: confidence high; gfplint --explain GFP001
"""

LINE = re.compile(r"[^:\n]+(:\d+){0,2}: (warning|note): .+")
"""What Vim's and Emacs's defaults for gcc read."""


def test_the_balloon_deadlock() -> None:
    assert render(report(balloon_finding()), folder="/kernels/linux-6.12") == BALLOON


def test_paths_are_those_that_an_editor_can_open() -> None:
    text = render(report(balloon_finding()), folder="/kernels/linux-6.12/drivers")
    assert text.startswith("virtio/virtio_balloon.c:171:23: warning: ")
    assert "\n/kernels/linux-6.12/mm/balloon_compaction.c:31:22: note: " in text


@pytest.mark.parametrize(
    ("root", "folder", "expected"),
    [
        ("/k", "/k", "a/b.c"),
        ("/k", "/", "k/a/b.c"),
        ("/k", "/k/a", "b.c"),
        ("/k", "/k/other", "/k/a/b.c"),
        ("/k", "/kk", "/k/a/b.c"),
        ("/", "/", "a/b.c"),
        (None, "/k", "a/b.c"),
    ],
)
def test_reachable(root: str | None, folder: str, expected: str) -> None:
    assert reachable(root, "a/b.c", folder) == expected


def test_a_link_to_the_tree_is_seen_through(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "link").symlink_to("tree")
    assert reachable(str(tmp_path / "link"), "a/b.c", str(tmp_path / "tree")) == "a/b.c"
    assert reachable(str(tmp_path / "tree"), "a/b.c", str(tmp_path / "link")) == "a/b.c"


def test_every_line_is_a_place_and_a_severity() -> None:
    hostile = replace(
        balloon_finding(),
        place=Place("a\nb.c", 1, 0),
        message="first\nsecond.c:1:1: error: third",
        threads=(Thread("", (Step("enter", "f", "only\r\nthe core", None),)), Thread("empty", ())),
    )
    text = render(report(hostile, balloon_finding(), chain_finding(), notes=NOTES), verbose=True)
    assert [line for line in text.splitlines() if not LINE.fullmatch(line)] == []
    assert "a\\x0ab.c:1: warning: first\\x0asecond.c:1:1: error: third [GFP001]" in text


def test_no_finding_is_silence() -> None:
    assert FORMATS["gcc"](report(notes=NOTES), Display()) == ""


def test_what_was_not_analysed_on_request() -> None:
    text = FORMATS["gcc"](report(notes=NOTES), Display(verbose=True))
    assert text.count(": note: ") == len(NOTES)
    assert "virtio_mem.c:90: note: virtio_mem_probe() has a syntax error [syntax]" in text


def test_only_what_calls_for_action_is_printed() -> None:
    allowed = replace(balloon_finding(), suppression=Suppression(Place("a.c", 1, 1), "tested"))
    known = replace(balloon_finding(), baseline="unchanged")
    comment = Note("unused-suppression", "a.c", 3, "this comment allows nothing")
    text = render(report(allowed, known, notes=(comment,)), folder="/kernels/linux-6.12")
    assert text == "a.c:3: warning: this comment allows nothing [unused-suppression]\n"


def test_one_thread_has_no_number() -> None:
    text = render(report(chain_finding()), folder="/kernels/linux-6.12")
    assert "note: thread\n" in text
    assert ": note: i915_gem_shrinker_oom(): is called\n" in text
