"""The documentation: its commands do what it shows, and it builds as a site."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import PAGES, ROOT, SCRIPTS, Command, blocks, commands, files, matches, unmarked
from tests.small_trees import write
from tests.unpacked_trees import unpacked_trees

KERNEL = ROOT / "testdata" / "kernel"
COMMANDS = [command for page in PAGES for command in commands(page)]


@pytest.fixture(scope="module")
def homes() -> dict[Path, Path]:
    return {}


@pytest.fixture
def home(command: Command, homes: dict[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder for all commands of one page."""
    if command.page not in homes:
        homes[command.page] = _made(tmp_path_factory.mktemp("home"))
        write(homes[command.page] / "src" / "linux", files(command.page))
    return homes[command.page]


def _made(folder: Path) -> Path:
    """The folder with gfplint's commands in ``bin`` and a kernel tree in ``src/linux``."""
    (folder / "bin").mkdir()
    (folder / ".config" / "fish" / "completions").mkdir(parents=True)
    for name, entry in SCRIPTS.items():
        module = entry.partition(":")[0]
        script = folder / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m {module} "$@"\n')
        script.chmod(0o755)
    tree = folder / "src" / "linux"
    shutil.copytree(KERNEL, tree, symlinks=True)
    shutil.copytree(KERNEL / "drivers" / "balloon", tree / "drivers" / "virtio")
    (tree / ".config").write_text("CONFIG_MODULES=y\nCONFIG_SMP=y\n")
    shutil.copy(next((KERNEL / "drivers" / "balloon").glob("*.c")), tree / "my_driver.c")
    history = """
        git init -q -b main; git add -A; git commit -q -m 'A tree'
        git tag v6.12; git update-ref refs/remotes/origin/master HEAD
        git commit -q --allow-empty -m One; git commit -q --allow-empty -m Two
        for name in fix.patch series.mbox; do
            for file in drivers/virtio/*.c; do echo "/* $name */" >> $file; done
            git commit -q -a -m "$name"; git format-patch -q -1 --stdout > $name
        done
        git reset -q --hard HEAD~1    # the series is there to be applied
    """
    subprocess.run(["bash", "-ec", history], cwd=tree, env=_environment(folder), check=True, timeout=60)
    return folder


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("LANG", "LC_ALL", "TMPDIR")}
    author = {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    paths = f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**kept, **author, "HOME": str(home), "PATH": paths, "PYTHONPATH": str(ROOT), "TERM": "dumb"}


def _folder(command: Command, home: Path) -> Path:
    if command.tree is None:
        return home / "src" / "linux"
    for tree in unpacked_trees():
        if tree.name == command.tree:
            return tree
    pytest.skip(f"there is no {command.tree} here")


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_a_command_does_what_the_page_shows(command: Command, home: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", command.text],
        cwd=_folder(command, home),
        env=_environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    expected = (2,) if (command.output or "").startswith("gfplint: ") else (0, 1)
    assert done.returncode in expected, done.stdout
    if command.output is not None:
        assert matches(command.output, done.stdout), done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_command_that_is_not_run_says_why(page: Path) -> None:
    assert unmarked(page) == []
    reasons = [block.mark for block in blocks(page) if block.mark.startswith("not run:")]
    assert all(len(reason.split()) >= 4 for reason in reasons)


def test_few_are_not_run() -> None:
    left_out = [block for page in PAGES for block in blocks(page) if block.mark.startswith("not run:")]
    assert len(left_out) <= len(COMMANDS) / 3


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    for page in (ROOT / "docs").rglob("*.md"):
        assert page.name == "index.md" or f"]({page.relative_to(ROOT / 'docs')})" in index


def test_matching() -> None:
    assert matches("a\n…\nd e…f", "a\nb\nc\nd e.+f\n")
    assert matches("a\n…", "a\nb")
    assert not matches("a\n…\nd", "a\nb\nc")
    assert not matches("a.", "ab")


def test_the_site_builds_without_warnings(tmp_path: Path) -> None:
    if importlib.util.find_spec("mkdocs") is None:
        pytest.skip("mkdocs is not installed: pip install '.[docs]'")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    for page in (ROOT / "docs").rglob("*.md"):
        name = page.relative_to(ROOT / "docs").with_suffix("")
        target = name.with_suffix(".html") if name.name == "index" else name / "index.html"
        assert (tmp_path / "site" / target).is_file()
