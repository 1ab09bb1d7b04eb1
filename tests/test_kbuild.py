"""``gfplint-kbuild``: a kernel's build calls it for each file; it reports, and never breaks the build."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gfplint.kbuild import understand

ROOT = Path(__file__).resolve().parent.parent
KERNEL = ROOT / "testdata" / "kernel"
FLAGS = ["-D__linux__", "-Dlinux", "--arch=x86", "-m64", "-Wp,-MMD,drivers/.x.o.d", "-nostdinc"]

BUILD = """\
# What a kernel's scripts/Makefile.build does with CHECK, without the rest.
export srctree := {srctree}
export objtree := .
export SRCARCH := x86
export KCONFIG_CONFIG := .config
FLAGS := -D__linux__ -Dlinux --arch=x86 -nostdinc \\
  -I$(srctree)/arch/x86/include -I./arch/x86/include/generated \\
  -I$(srctree)/include -include $(srctree)/include/linux/kconfig.h -DKBUILD_MODNAME='"x"' -DMODULE
objects := drivers/balloon/balloon.o drivers/balloon_fixed/balloon_fixed.o

all: $(objects)
$(objects): %.o: $(srctree)/%.c
	@mkdir -p $(@D)
	@$(CHECK) $(FLAGS) $<
	@touch $@
"""


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from gfplint.kbuild import main; main()", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(cwd / ".cache"), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    root = tmp_path / "linux"
    shutil.copytree(KERNEL, root, ignore=shutil.ignore_patterns("drivers"))
    for name in ("balloon", "balloon_fixed"):
        shutil.copytree(KERNEL / "drivers" / name, root / "drivers" / name)
    return root


def test_arguments_of_a_build_in_the_tree(kernel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(kernel)
    (kernel / ".config").write_text("CONFIG_MODULES=y\n")
    call = understand(["--select", "GFP001", *FLAGS, "-I./arch/x86/include", "drivers/balloon/balloon.c"], {})
    assert call.own == ("--select", "GFP001")
    assert call.source == Path("drivers/balloon/balloon.c")
    assert (call.kernel, call.kconfig, call.arch) == (Path(), Path(".config"), "x86")


def test_arguments_of_a_build_elsewhere(
    kernel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = tmp_path / "build"
    (build / "include" / "config").mkdir(parents=True)
    (build / "include" / "config" / "auto.conf").write_text("CONFIG_MODULES=y\n")
    monkeypatch.chdir(build)
    source = str(kernel / "drivers" / "balloon" / "balloon.c")
    call = understand([*FLAGS, f"-I{kernel}/arch/arm64/include", "-I", f"{kernel}/include", source], {})
    assert (call.kernel, call.arch) == (kernel, "arm64")
    assert call.kconfig == Path("include/config/auto.conf")
    exported = {"srctree": str(kernel), "objtree": str(build), "SRCARCH": "s390", "KCONFIG_CONFIG": "own"}
    (build / "own").write_text("CONFIG_MODULES=y\n")
    call = understand([*FLAGS, source], exported)
    assert (call.own, call.kernel, call.arch, call.kconfig) == ((), kernel, "s390", build / "own")


@pytest.mark.parametrize(
    ("given", "own"),
    [
        ([], 0),
        (["--min-confidence", "low"], 2),
        (["--min-confidence=low", "-v"], 2),
        (["--no-config", "--rules", "x"], 3),
        (["--what"], 0),
        (["--select"], 1),
    ],
)
def test_gfplint_s_own_options_come_first(given: list[str], own: int) -> None:
    call = understand([*given, *(FLAGS if given != ["--select"] else ()), *(["x.c"] if own != 1 else ())], {})
    assert len(call.own) == own


def test_the_bug_is_a_warning_and_no_error(kernel: Path) -> None:
    done = run(*FLAGS, "-I./arch/x86/include", "drivers/balloon/balloon.c", cwd=kernel)
    assert (done.returncode, done.stdout) == (0, "")
    first = done.stderr.split("\n")[0]
    assert first.startswith("drivers/balloon/balloon.c:29:")
    assert "warning: fill_balloon() allocates with" in first
    assert first.endswith("[GFP001]")


def test_a_clean_file_says_nothing(kernel: Path) -> None:
    done = run(*FLAGS, "-I./arch/x86/include", "drivers/balloon_fixed/balloon_fixed.c", cwd=kernel)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_own_options_count(kernel: Path) -> None:
    done = run("--ignore", "GFP001", *FLAGS, "drivers/balloon/balloon.c", cwd=kernel, srctree=str(kernel))
    assert (done.returncode, done.stderr) == (0, "")


def test_the_build_s_configuration_decides(kernel: Path) -> None:
    path = kernel / "drivers" / "balloon" / "balloon.c"
    lock = "\tmutex_lock(&vb->lock);\t/* want-taken"
    text = path.read_text().replace(lock, f"#ifdef CONFIG_HOLD\n{lock}")
    text = text.replace(
        ": struct balloon.lock */\n\tfor (got", ": struct balloon.lock */\n#endif\n\tfor (got"
    )
    assert "#endif" in text
    path.write_text(text)
    (kernel / ".config").write_text("CONFIG_MODULES=y\n")
    assert run(*FLAGS, "drivers/balloon/balloon.c", cwd=kernel, srctree=".", objtree=".").stderr == ""
    (kernel / ".config").write_text("CONFIG_MODULES=y\nCONFIG_HOLD=y\n")
    assert "[GFP001]" in run(*FLAGS, "drivers/balloon/balloon.c", cwd=kernel, srctree=".", objtree=".").stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "gfplint-kbuild: warning: there is no C file to check among the arguments."),
        (["-D__linux__", "none.c"], "gfplint: There is no file or folder none.c."),
        (
            ["--min-confidence", "some", "-D__linux__", "drivers/balloon/balloon.c"],
            "gfplint: Invalid value for",
        ),
        (
            ["--rules", "none", "-D__linux__", "drivers/balloon/balloon.c"],
            "gfplint: --rules must name a folder",
        ),
    ],
)
def test_what_goes_wrong_breaks_no_build(kernel: Path, arguments: list[str], says: str) -> None:
    done = run(*arguments, cwd=kernel)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith(says)
    assert done.stderr.count("\n") == 1


def test_the_build_s_own_programs_are_passed_over(kernel: Path) -> None:
    (kernel / "scripts" / "mod").mkdir()
    (kernel / "scripts" / "mod" / "empty.c").write_text("/* empty */\n")
    done = run(*FLAGS, "scripts/mod/empty.c", cwd=kernel, srctree=str(kernel))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_module_outside_of_the_tree(kernel: Path, tmp_path: Path) -> None:
    module = tmp_path / "module"
    module.mkdir()
    shutil.copy(kernel / "drivers" / "balloon" / "balloon.c", module / "mine.c")
    shutil.rmtree(kernel / "drivers")
    done = run(*FLAGS, str(module / "mine.c"), cwd=kernel, srctree=".", KBUILD_EXTMOD=str(module))
    assert done.returncode == 0
    assert done.stderr.startswith(f"{module}/mine.c:29:")


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
@pytest.mark.parametrize("jobs", [1, 2])
def test_make(kernel: Path, tmp_path: Path, jobs: int) -> None:
    build = tmp_path / "build"
    build.mkdir()
    (build / "Makefile").write_text(BUILD.format(srctree=kernel))
    (build / ".config").write_text("CONFIG_MODULES=y\n")
    checker = build / "gfplint-kbuild"
    checker.write_text(
        f"#!/bin/sh\nexport PYTHONPATH={ROOT}\n"
        f"exec {sys.executable} -c 'from gfplint.kbuild import main; main()' \"$@\"\n"
    )
    checker.chmod(0o755)
    done = subprocess.run(
        ["make", f"-j{jobs}", f"CHECK={checker} --select GFP001"],
        cwd=build,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    warnings = [line for line in done.stderr.split("\n") if ": warning: " in line]
    assert [line.split(":")[0] for line in warnings] == [str(kernel / "drivers/balloon/balloon.c")]
    assert (build / "drivers/balloon_fixed/balloon_fixed.o").exists()
