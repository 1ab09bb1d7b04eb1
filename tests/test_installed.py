"""The wheel and the checkout, installed as a user does, run in an environment that has nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DRIVER = ROOT / "testdata" / "no-kernel" / "drivers" / "balloon" / "balloon.c"

pytestmark = pytest.mark.slow


def pip(*arguments: str) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            *arguments,
            "--quiet",
            "--no-deps",
            "--no-index",
            "--no-build-isolation",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module", params=["wheel", "checkout"])
def scripts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands in a virtual environment with nothing but gfplint.

    Its dependencies are those of the Python that runs the tests: nothing is fetched.
    """
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp(str(request.param))
    what = ROOT
    if request.param == "wheel":
        pip("wheel", "--wheel-dir", str(folder), str(ROOT))
        (what,) = folder.glob("gfplint-*.whl")
    environment = folder / "venv"
    venv.create(environment, with_pip=False, symlinks=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    # What this lists is searched behind the environment's own packages, and .pth files in it aren't read:
    # an editable install of gfplint there is no help.
    (packages / "tests.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    pip("--python", str(environment / "bin" / "python"), "install", str(what))
    return environment / "bin"


def run(program: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """As ``env -i`` does, in a folder that has nothing to do with the checkout."""
    return subprocess.run(
        [str(program), *arguments], cwd=cwd, env={}, capture_output=True, text=True, check=False, timeout=120
    )


def test_it_comes_from_the_environment(scripts: Path, tmp_path: Path) -> None:
    where = "import gfplint.resources as r; print(r.__file__, r.rules_directory())"
    done = run(scripts / "python", "-c", where, cwd=tmp_path)
    assert [Path(path).is_relative_to(scripts.parent) for path in done.stdout.split()] == [True, True]


def test_it_finds_the_bug(scripts: Path, tmp_path: Path) -> None:
    shutil.copy(DRIVER, tmp_path / "driver.c")
    done = run(scripts / "gfplint", "driver.c", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("driver.c:30:")
    for name in ("sarif", "json", "gcc", "html"):
        assert run(scripts / "gfplint", "--output-format", name, "driver.c", cwd=tmp_path).returncode == 1


def test_its_other_commands_start(scripts: Path, tmp_path: Path) -> None:
    shutil.copy(DRIVER, tmp_path / "driver.c")
    done = run(scripts / "gfplint-kbuild", "-D__KERNEL__", "driver.c", cwd=tmp_path)
    assert done.returncode == 0
    assert "[GFP001]" in done.stderr
    assert run(scripts / "gfplint", "--version", cwd=tmp_path).stdout.startswith("gfplint ")
    assert run(scripts / "gfplint", "--explain", "GFP001", cwd=tmp_path).returncode == 0
    assert (scripts / "gfplint-lsp").exists()
