"""The hook, run by pre-commit itself in repositories as its users have them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.changed_tree import git

ROOT = Path(__file__).resolve().parent.parent
TESTDATA = ROOT / "testdata"
pytest.importorskip("pre_commit")
yaml = pytest.importorskip("yaml")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the hook as this checkout declares it, and a package that is this checkout's.

    pre-commit clones it and installs it, as it does with any hook. Nothing is fetched: what is installed
    runs the checkout with the Python of the tests.
    """
    root = tmp_path_factory.mktemp("hooks")
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", root)
    (root / "setup.py").write_text(
        "from setuptools import setup\nsetup(name='gfplint', version='0', scripts=['gfplint'])\n"
    )
    (root / "gfplint").write_text(f'#!/bin/sh\nexec env PYTHONPATH={ROOT} {sys.executable} -m gfplint "$@"\n')
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "hooks")
    return root


class Repository:
    """A git repository with the hook installed."""

    def __init__(self, root: Path, hooks: Path, home: Path, *arguments: str) -> None:
        self.root, self.home = root, home
        root.mkdir(exist_ok=True)
        git(root, "init", "-q")
        hook = {"id": "gfplint", **({"args": list(arguments)} if arguments else {})}
        revision = git(hooks, "rev-parse", "HEAD").strip()
        config = {"repos": [{"repo": str(hooks), "rev": revision, "hooks": [hook]}]}
        (root / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
        git(root, "add", "-A", "-f")
        git(root, "commit", "-q", "-m", "base")
        self.run(sys.executable, "-m", "pre_commit", "install", check=True)

    def run(self, *command: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        environment = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
        environment |= {"PRE_COMMIT_HOME": str(self.home), "PRE_COMMIT_COLOR": "never"}
        environment |= {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org"}
        environment |= {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org"}
        return subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, check=check, timeout=300
        )

    def commit(self, path: str, text: str) -> subprocess.CompletedProcess[str]:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)
        git(self.root, "add", "-f", path)
        return self.run("git", "commit", "-m", path)


def driver(tree: str, name: str) -> str:
    return (TESTDATA / tree / "drivers" / name / f"{name}.c").read_text()


def test_a_kernel_tree(hooks: Path, home: Path, tmp_path: Path) -> None:
    root = tmp_path / "linux"
    shutil.copytree(TESTDATA / "kernel", root, ignore=shutil.ignore_patterns("drivers"))
    repository = Repository(root, hooks, home)
    done = repository.commit("drivers/balloon_fixed/balloon_fixed.c", driver("kernel", "balloon_fixed"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "gfplint" in done.stderr + done.stdout
    assert "Passed" in done.stderr + done.stdout
    done = repository.commit("drivers/balloon/balloon.c", driver("kernel", "balloon"))
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "drivers/balloon/balloon.c:29:" in said
    assert "struct balloon.lock" in said
    assert "thread 1: holds the lock" in said
    assert git(root, "log", "-1", "--format=%s").strip() == "drivers/balloon_fixed/balloon_fixed.c"
    git(root, "rm", "-q", "-f", "drivers/balloon/balloon.c")
    done = repository.commit("include/linux/more.h", "int more(void);\n")
    assert "no files to check" in done.stderr + done.stdout


def test_a_repository_of_one_driver(hooks: Path, home: Path, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "driver", hooks, home)
    text = driver("no-kernel", "balloon")
    bug = repository.commit("src/balloon.c", text)
    assert bug.returncode == 1
    assert "src/balloon.c:" in bug.stdout + bug.stderr
    clean = repository.commit("src/balloon.c", text.replace("mutex_lock(", "(void)("))
    assert clean.returncode == 0, clean.stdout + clean.stderr


def test_a_driver_with_a_kernel_elsewhere(hooks: Path, home: Path, tmp_path: Path) -> None:
    kernel = str(TESTDATA / "kernel")
    repository = Repository(tmp_path / "driver", hooks, home, "--kernel", kernel)
    done = repository.commit("balloon.c", driver("kernel", "balloon"))
    assert done.returncode == 1
    assert "of Linux 6.12" in done.stdout + done.stderr
