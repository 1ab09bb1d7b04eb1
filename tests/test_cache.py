"""The command with a cache: the same bytes as without, whatever changed in between."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gfplint import api
from gfplint.analysis import relevant
from gfplint.findings import Confidence, Report

ROOT = Path(__file__).parent.parent
FILE = "drivers/balloon/balloon.c"


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    """A copy of the small kernel, old enough that its files' times can be trusted."""
    tree = tmp_path / "kernel"
    shutil.copytree(ROOT / "testdata" / "kernel", tree)
    return tree


def gfplint(*words: str | Path, cache: Path | None) -> str:
    """What the command prints, SARIF by default."""
    given = ["--no-cache"] if cache is None else ["--cache-dir", str(cache)]
    command = [sys.executable, "-m", "gfplint", "--no-config", "--output-format", "sarif", *given]
    done = subprocess.run([*command, *map(str, words)], text=True, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode in (0, 1)
    assert done.stderr == ""
    return done.stdout


def test_cold_warm_and_without_are_equal(kernel: Path, tmp_path: Path) -> None:
    plain = gfplint(kernel, cache=None)
    for jobs in ("1", "2", "3"):
        cache = tmp_path / jobs
        assert gfplint(kernel, "-j", jobs, cache=cache) == plain
        assert [path.name for path in cache.iterdir() if path.name.startswith("report-")]
        assert gfplint(kernel, "-j", "1", cache=cache) == plain
        assert gfplint(kernel, "-j", "2", cache=cache) == plain


def test_a_warm_run_reads_no_source(kernel: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = gfplint(kernel / FILE, cache=cache)
    time.sleep(2.1)  # until no file could have changed without its time
    gfplint(kernel / FILE, cache=cache)
    code = f"""
import sys
sys.argv[1:] = ["--no-config", "--cache-dir", {str(cache)!r}, "--output-format", "sarif",
                {str(kernel / FILE)!r}]
from gfplint import cli
from gfplint.kernel import files
read = files.examine
def examine(root, path):
    assert not path.endswith((".c", ".h")), path
    return read(root, path)
files.examine = examine
status = cli.main()
assert "tree_sitter" not in sys.modules and "gfplint.analysis.run" not in sys.modules
sys.exit(status)
"""
    done = subprocess.run([sys.executable, "-c", code], text=True, cwd=ROOT, capture_output=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 1
    assert done.stdout == first


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_callbacks_wait_for_is_found_out_once(
    kernel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    monkeypatch.setattr(relevant, "MOST_FILES", 0)
    cache = tmp_path / "cache"

    def check(path: Path, folder: Path | None, **more: Any) -> Report:
        options = api.CheckOptions((path,), jobs=jobs, min_confidence=Confidence.LOW, cache=folder, **more)
        return api.check(options)

    def found() -> list[str]:
        return sorted(path.name for path in cache.iterdir() if path.name.startswith("callbacks-"))

    check(kernel / FILE, cache)
    kept = found()
    assert len(kept) == 1
    for name in ("chain", "mmu_release", "scope_goto", "balloon_fixed"):
        path = kernel / "drivers" / name
        assert check(path, cache) == check(path, None)
    assert found() == kept
    check(kernel / "drivers" / "chain", cache, select=frozenset({"GFP001"}))
    assert len(found()) == 2
    edit(kernel / FILE, "mutex_lock(&vb->lock);\t/* want-callback", "mutex_trylock(&vb->lock);\t/* was")
    path = kernel / "drivers" / "chain"
    assert check(path, cache) == check(path, None)
    assert len(found()) == 3


def edit(path: Path, old: str, new: str, keep_times: bool = False) -> None:
    status = path.stat()
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    if keep_times:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_every_change_counts(kernel: Path, tmp_path: Path) -> None:
    """After each change the cached run says what a run without a cache says, and not what it said before."""
    cache = tmp_path / "cache"
    first = gfplint(kernel / "drivers/balloon", cache=cache)
    said = [first]

    def changed() -> None:
        now = gfplint(kernel / "drivers/balloon", cache=cache)
        assert now == gfplint(kernel / "drivers/balloon", cache=None)
        assert now != said[-1]
        said.append(now)

    # Same length, same modification time.
    edit(kernel / FILE, "mutex_lock(&vb->lock)", "mutex_init(&vb->lock)", keep_times=True)
    changed()
    edit(kernel / FILE, "mutex_init(&vb->lock)", "mutex_lock(&vb->lock)", keep_times=True)
    assert gfplint(kernel / "drivers/balloon", cache=cache) == first
    shutil.copytree(kernel / "drivers" / "balloon", kernel / "drivers/balloon/new/below")
    said.append(first)
    changed()
    (kernel / "drivers/balloon/new").rename(kernel / "drivers/balloon/renamed")
    changed()
    shutil.rmtree(kernel / "drivers/balloon/renamed")
    assert gfplint(kernel / "drivers/balloon", cache=cache) == first
    (kernel / FILE).rename(kernel / "drivers" / "balloon" / "other.c")
    changed()
    (kernel / "drivers" / "balloon" / "other.c").rename(kernel / FILE)
    edit(kernel / "Makefile", "PATCHLEVEL = ", "PATCHLEVEL = 1")
    said.append(first)
    assert gfplint(kernel / "drivers/balloon", cache=cache) == gfplint(kernel / "drivers/balloon", cache=None)


def test_options_and_rules_count(kernel: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    rules = tmp_path / "rules"
    (rules / "models").mkdir(parents=True)
    config = tmp_path / ".config"
    config.write_text("CONFIG_SMP=y\n")
    for words in (
        [],
        ["--select", "GFP002"],
        ["--min-confidence", "low"],
        ["--kconfig", config],
        ["--rules", rules],
    ):
        assert gfplint(kernel / "drivers/balloon", *words, cache=cache) == gfplint(
            kernel / "drivers/balloon", *words, cache=None
        )
    before = gfplint(kernel / "drivers/balloon", "--rules", rules, cache=cache)
    (rules / "models" / "mine.toml").write_text("[[function]]\nnames = 'mutex_lock'\nleaf = true\n")
    after = gfplint(kernel / "drivers/balloon", "--rules", rules, cache=cache)
    assert after == gfplint(kernel / "drivers/balloon", "--rules", rules, cache=None)
    assert after != before
    config.write_text("CONFIG_SMP=n\nCONFIG_BALLOON=n\n")
    again = gfplint(kernel / "drivers/balloon", "--kconfig", config, cache=cache)
    assert again == gfplint(kernel / "drivers/balloon", "--kconfig", config, cache=None)


def test_no_cache_leaves_nothing_and_clear_removes_all(kernel: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    environment = {**os.environ, "GFPLINT_CACHE_DIR": str(cache)}
    command = [sys.executable, "-m", "gfplint", "--no-config"]

    def run(*words: str) -> int:
        return subprocess.run(
            [*command, *words], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=False
        ).returncode

    assert run("--no-cache", str(kernel / FILE)) == 1
    assert not cache.exists()
    assert run(str(kernel / FILE)) == 1
    assert list(cache.iterdir())
    assert run("--clear-cache") == 0
    assert list(cache.iterdir()) == []
    assert run("--clear-cache", str(kernel / FILE)) == 1
    assert list(cache.iterdir())


def test_what_a_list_of_registers_says_counts(kernel: Path, tmp_path: Path) -> None:
    """The snapshot doesn't look into such a header; but a driver that includes it is read with it."""
    driver, cache = kernel / "drivers" / "registers", tmp_path / "cache"
    driver.mkdir()
    source = (kernel / FILE).read_text()
    (driver / "registers.c").write_text(source.replace("#include", '#include "registers.h"\n#include', 1))
    registers = "".join(f"#define REGISTER_{number} {number:#x}\n" for number in range(4096))
    header = driver / "registers.h"
    header.write_text(f"{registers}#define REGISTERS_FLAGS GFP_KERNEL\n")
    (driver / "registers.c").write_text(
        (driver / "registers.c").read_text() + "gfp_t registers_flags(void) { return REGISTERS_FLAGS; }\n"
    )
    for _ in range(2):
        assert gfplint(driver, cache=cache) == gfplint(driver, cache=None)
    (entry,) = (path for path in cache.iterdir() if path.name.startswith("report-"))
    kept = entry.stat().st_mtime_ns
    assert gfplint(driver, cache=cache) == gfplint(driver, cache=None)
    assert entry.stat().st_mtime_ns == kept
    header.write_text(f"{registers}#define REGISTERS_FLAGS GFP_ATOMIC\n")
    assert gfplint(driver, cache=cache) == gfplint(driver, cache=None)
