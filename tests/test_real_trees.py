"""Real kernel trees: silent as they are, and right about every bug that is planted in them.

The trees are read, never written: bugs are planted in overlays of hard links (``planting.py``). Whole trees
are used for what issue 2 calls the main job; the variants run in slim overlays, which have all that the
driver's calls lead to and are indexed in a fraction of the time. ``GFPLINT_FULL_VARIANTS=1`` runs them in
whole trees as well.

Skipped where no tree is unpacked: ``GFPLINT_TREES`` names the folder that holds ``linux-source-6.1`` and
``linux-source-6.12``; without it, gfplint's cache folder is looked into.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from gfplint import api
from gfplint.findings import CallbackLocks, Finding, Report, Step
from tests.expectations import Want, details, same_lock
from tests.planting import (
    ALLOCATION,
    BALLOON,
    CALL,
    LOCK,
    SLIM,
    TAKEN,
    WAITS,
    Files,
    Overlay,
    PlantingError,
)
from tests.variants import VARIANTS, Variant, undone_fix

VERSIONS = ("6.1", "6.12")
RULES = frozenset({"GFP001", "GFP002"})

pytestmark = pytest.mark.slow


def tree_of(version: str) -> Path | None:
    """The unpacked tree of a version, or None."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    places = [
        caches / "gfplint" / "trees",
        caches / "gfplint-trees",
        Path.home() / ".cache" / "gfplint-trees",
    ]
    if "GFPLINT_TREES" in os.environ:
        places = [Path(os.environ["GFPLINT_TREES"])]
    for place in places:
        if (place / f"linux-source-{version}" / "Makefile").is_file():
            return place / f"linux-source-{version}"
    return None


@pytest.fixture(scope="session", params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def tree(version: str) -> Path:
    found = tree_of(version)
    if found is None:
        pytest.skip(f"no tree linux-source-{version}; GFPLINT_TREES names the folder that has it")
    return found


def overlay_of(tree: Path, temporary: Path, folders: tuple[str, ...]) -> Iterator[Overlay]:
    """An overlay in the temporary folder, or beside the tree where that is on another file system."""
    root = temporary / tree.name
    try:
        overlay = Overlay(tree, root, folders)
    except OSError:
        shutil.rmtree(root, ignore_errors=True)
        root = tree.parent / f".overlay-{os.getpid()}-{len(folders)}" / tree.name
        overlay = Overlay(tree, root, folders)
    try:
        yield overlay
    finally:
        shutil.rmtree(root)
        if root.parent.name.startswith(".overlay-"):
            root.parent.rmdir()


@pytest.fixture(scope="session")
def whole(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Overlay]:
    yield from overlay_of(tree, tmp_path_factory.mktemp("whole"), ())


@pytest.fixture(scope="session")
def slim(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Overlay]:
    yield from overlay_of(tree, tmp_path_factory.mktemp("slim"), SLIM)


def options(path: Path) -> api.CheckOptions:
    return api.CheckOptions(
        paths=(path,), kernel=None, kconfig=None, arch="x86", jobs=1, select=RULES, ignore=frozenset()
    )


@cache
def check_driver(root: Path) -> Report:
    """What is found in drivers/virtio of an untouched tree."""
    return api.check(options(root / "drivers" / "virtio"))


@cache
def oom_callbacks(root: Path) -> list[CallbackLocks]:
    return api.show_locks(options(root))


def run(overlay: Overlay, variant: Variant) -> tuple[Files, Report]:
    """Plant a variant, check drivers/virtio, and make the files the tree's again."""
    files = Files(overlay.tree)
    variant.edit(files)
    try:
        for path, text in files.changed.items():
            overlay.write(path, text)
        return files, api.check(options(overlay.root / "drivers" / "virtio"))
    finally:
        for path in files.changed:
            overlay.restore(path)


def is_subsequence(wanted: tuple[str, ...], given: list[str]) -> bool:
    rest = iter(given)
    return all(name in rest for name in wanted)


def functions(steps: tuple[Step, ...]) -> list[str]:
    """The functions of a thread's steps and those that they name as called, in order."""
    names: list[str] = []
    for step in steps:
        if not names or names[-1] != step.function:
            names.append(step.function)
    return names


def where(files: Files, marker: str) -> tuple[str, int] | None:
    """Path and line of a marker in the edited files; None where the variant has no such line."""
    for path, text in files.changed.items():
        if marker in text:
            return path, files.line(path, marker)
    return None


def last_place(steps: tuple[Step, ...]) -> tuple[str, int]:
    place = [step.place for step in steps if step.place is not None][-1]
    return place.path, place.line


def assert_found(variant: Variant, files: Files, report: Report) -> Finding:
    """Exactly one finding, at the marked call, with the facts that the variant states."""
    described = [f"{one.rule} {one.place.path}:{one.place.line} {one.message}" for one in report.findings]
    assert len(report.findings) == 1, described
    (finding,) = report.findings
    path, line = where(files, CALL) or ("", 0)
    assert (finding.rule, finding.place.path, finding.place.line) == (variant.rule, path, line), described
    text = files.text(path).split("\n")[line - 1]
    assert text[finding.place.column - 1 :].strip(), "the column is behind the line's end"

    want = Want(variant.rule, LOCK, Path(path), line, text, variant.ways, variant.bits)
    if variant.rule == "GFP002":
        want = Want(variant.rule, None, Path(path), line, text, variant.ways, variant.bits)
    assert not details(want, finding)

    allocating = finding.threads[0].steps if variant.rule == "GFP001" else finding.threads[-1].steps
    assert is_subsequence(variant.way, functions(allocating)), functions(allocating)
    assert variant.allocates_in in ("", last_place(allocating)[0])
    if (allocation := where(files, ALLOCATION)) is not None:
        assert last_place(allocating) == allocation
    if variant.rule == "GFP001":
        assert_both_threads(variant, files, finding)
    return finding


def assert_both_threads(variant: Variant, files: Files, finding: Finding) -> None:
    assert finding.lock is not None
    assert finding.lock.kind == "mutex"
    if (taken := where(files, TAKEN)) is not None:
        assert (finding.lock.taken.path, finding.lock.taken.line) == taken
    assert len(finding.threads) == 2
    notifier = finding.threads[1].steps
    assert is_subsequence(variant.callback_way, functions(notifier)), functions(notifier)
    assert last_place(notifier) == where(files, WAITS)


# ------------------------------------------------------------------------------------ untouched trees


def test_untouched_driver_is_silent(tree: Path) -> None:
    report = check_driver(tree)
    assert [f"{one.rule} {one.place.path}:{one.place.line} {one.message}" for one in report.findings] == []


def test_version_is_read(tree: Path, version: str) -> None:
    found = check_driver(tree).kernel_version
    assert found is not None
    assert found.startswith(version + ".")


def test_command_on_untouched_driver(tree: Path) -> None:
    done = command(tree, "drivers/virtio/")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings" in done.stdout


def test_callbacks_of_oom_notifiers(tree: Path) -> None:
    callbacks = oom_callbacks(tree)
    registered = sorted((one.callback, one.defined.path) for one in callbacks)
    for expected in [
        ("cmm_oom_notify", "arch/powerpc/platforms/pseries/cmm.c"),
        ("cmm_oom_notify", "arch/s390/mm/cmm.c"),
        ("i915_gem_shrinker_oom", "drivers/gpu/drm/i915/gem/i915_gem_shrinker.c"),
        ("rcutorture_oom_notify", "kernel/rcu/rcutorture.c"),
        ("virtio_balloon_oom_notify", BALLOON),
    ]:
        assert expected in registered


@pytest.mark.parametrize(
    ("callback", "path", "lock", "waits_in"),
    [
        ("virtio_balloon_oom_notify", BALLOON, LOCK, "leak_balloon"),
        ("rcutorture_oom_notify", "kernel/rcu/rcutorture.c", "rcu_fwd_mutex", "rcutorture_oom_notify"),
    ],
)
def test_locks_of_oom_notifiers(tree: Path, callback: str, path: str, lock: str, waits_in: str) -> None:
    (found,) = (one for one in oom_callbacks(tree) if (one.callback, one.defined.path) == (callback, path))
    waits = [(held, steps) for held, steps in found.locks if same_lock(lock, held.name)]
    assert len(waits) == 1, [held.name for held, _ in found.locks]
    assert waits[0][0].kind == "mutex"
    assert waits[0][1][-1].function == waits_in


@pytest.mark.parametrize("path", ["arch/powerpc/platforms/pseries/cmm.c", "arch/s390/mm/cmm.c"])
def test_notifiers_without_a_sleeping_lock(tree: Path, path: str) -> None:
    (found,) = (one for one in oom_callbacks(tree) if one.defined.path == path)
    assert [lock.name for lock, _ in found.locks if lock.kind == "mutex"] == []


# ------------------------------------------------------------------------------- the fix, undone


def command(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gfplint", *arguments],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_undone_fix(whole: Overlay) -> None:
    """What issue 2 asks of the main job, fact by fact."""
    variant = next(one for one in VARIANTS if one.edit is undone_fix)
    files, report = run(whole, variant)
    finding = assert_found(variant, files, report)
    line, column = files.position(BALLOON, CALL, "balloon_page_fill")
    assert (finding.place.line, finding.place.column) == (line, column)
    assert finding.function == "fill_balloon"
    assert finding.lock is not None
    assert (finding.lock.name, finding.lock.taken_in) == (LOCK, "fill_balloon")

    registration = files.line(BALLOON, "err = register_oom_notifier(&vb->oom_nb);")
    steps = finding.threads[1].steps
    assert registration in [
        step.place.line for step in steps if step.place and step.function == "virtballoon_probe"
    ]
    assert any("out_of_memory" in step.function + step.text for step in finding.threads[1].steps)

    assert finding.mask is not None
    assert "balloon_mapping_gfp_mask()" in finding.mask.written
    assert not finding.mask.undecided
    words = finding.mask.words.lower()
    assert all(word in words for word in ("direct reclaim", "io", "fs"))
    assert any("__GFP_NORETRY" in sentence for sentence in finding.unsaved)
    assert finding.fixes
    assert all(step.place or step.function for thread in finding.threads for step in thread.steps)


def test_command_on_undone_fix(whole: Overlay) -> None:
    files = Files(whole.tree)
    undone_fix(files)
    try:
        for path, text in files.changed.items():
            whole.write(path, text)
        done = command(whole.root, "drivers/virtio/")
        assert done.returncode == 1, done.stdout + done.stderr
        line, column = files.position(BALLOON, CALL, "balloon_page_fill")
        assert f"{BALLOON}:{line}:{column}" in done.stdout
        for word in (LOCK, "fill_balloon", "leak_balloon", "virtio_balloon_oom_notify", "out_of_memory"):
            assert word in done.stdout
        assert max(map(len, done.stdout.split("\n"))) <= 80

        sarif = json.loads(command(whole.root, "--output-format", "sarif", "drivers/virtio/").stdout)
        (result,) = sarif["runs"][0]["results"]
        assert result["ruleId"] == "GFP001"
        assert len(result["codeFlows"][0]["threadFlows"]) == 2
        region = result["locations"][0]["physicalLocation"]["region"]
        assert (region["startLine"], region["startColumn"]) == (line, column)
    finally:
        for path in files.changed:
            whole.restore(path)


# --------------------------------------------------------------------------------------- variants


@pytest.mark.parametrize("variant", VARIANTS, ids=[one.name for one in VARIANTS])
def test_variant(slim: Overlay, version: str, variant: Variant) -> None:
    check_variant(slim, version, variant)


@pytest.mark.skipif("GFPLINT_FULL_VARIANTS" not in os.environ, reason="GFPLINT_FULL_VARIANTS isn't set")
@pytest.mark.parametrize("variant", VARIANTS, ids=[one.name for one in VARIANTS])
def test_variant_in_whole_tree(whole: Overlay, version: str, variant: Variant) -> None:
    check_variant(whole, version, variant)


def check_variant(overlay: Overlay, version: str, variant: Variant) -> None:
    if tuple(int(part) for part in version.split(".")) < variant.since:
        pytest.skip(f"{variant.name} needs Linux {variant.since[0]}.{variant.since[1]}")
    files, report = run(overlay, variant)
    if variant.found:
        assert_found(variant, files, report)
    else:
        described = [f"{one.rule} {one.place.path}:{one.place.line} {one.message}" for one in report.findings]
        assert described == []


# ------------------------------------------------------------------------------- planting itself


@pytest.mark.parametrize("variant", VARIANTS, ids=[one.name for one in VARIANTS])
def test_variant_can_be_planted(tree: Path, variant: Variant) -> None:
    """Every pattern is where the edit needs it, and what is found has all its markers."""
    files = Files(tree)
    variant.edit(files)
    assert BALLOON in files.changed
    for path, text in files.changed.items():
        assert text.count("{") == text.count("}"), path
    if variant.found:
        assert where(files, CALL) is not None
        assert variant.rule == "GFP002" or where(files, WAITS) is not None


def test_overlay_never_writes_through(tree: Path, tmp_path: Path) -> None:
    for overlay in overlay_of(tree, tmp_path, ("drivers/virtio",)):
        before = (tree / BALLOON).read_bytes()
        overlay.write(BALLOON, "changed\n")
        assert (overlay.root / BALLOON).read_text() == "changed\n"
        assert (tree / BALLOON).read_bytes() == before
        overlay.restore(BALLOON)
        assert (overlay.root / BALLOON).samefile(tree / BALLOON)


def test_missing_pattern_is_an_error(tree: Path) -> None:
    files = Files(tree)
    with pytest.raises(PlantingError, match="matches 0 times"):
        files.replace(BALLOON, r"no such text", "")
    with pytest.raises(PlantingError, match="defined 0 times"):
        files.body(BALLOON, "no_such_function", "")
    assert not files.changed


def test_markers_are_found_once(tree: Path) -> None:
    files = Files(tree)
    undone_fix(files)
    assert files.line(BALLOON, CALL) > files.line(BALLOON, TAKEN)
    with pytest.raises(PlantingError, match="stands on"):
        files.line(BALLOON, "mutex_unlock")
