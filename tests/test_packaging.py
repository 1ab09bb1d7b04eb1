"""The wheel: everything that a run needs is in it, and nothing of the checkout is needed beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the contents of a wheel that was built from this checkout."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    subprocess.run(
        [*command, "--wheel-dir", str(folder), str(ROOT)], check=True, capture_output=True, timeout=120
    )
    (wheel,) = folder.glob("gfplint-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_every_rule_and_model_is_in_the_wheel(installed: Path) -> None:
    def files(folder: Path) -> list[str]:
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.toml"))

    assert files(installed / "gfplint" / "_rules") == files(ROOT / "rules")
    assert "GFP001.toml" in files(ROOT / "rules")


def test_everything_beside_the_code_of_the_reports_is_in_the_wheel(installed: Path) -> None:
    def files(folder: Path) -> list[str]:
        found = [path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
        return sorted(str(path.relative_to(folder)) for path in found)

    assert files(installed / "gfplint" / "report") == files(ROOT / "gfplint" / "report")
    assert "html/page.html.j2" in files(ROOT / "gfplint" / "report")
    assert "json-1.schema.json" in files(ROOT / "gfplint" / "report")


def test_no_test_data_is_in_the_wheel(installed: Path) -> None:
    top = sorted(path.name.split("-")[0] for path in installed.iterdir())
    assert top == ["gfplint", "gfplint", "gfplint"], (
        "the package, its .data (the man page) and its .dist-info"
    )


def test_the_man_page_goes_where_man_looks(installed: Path) -> None:
    (data,) = installed.glob("gfplint-*.data")
    files = [path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file()]
    assert files == ["data/share/man/man1/gfplint.1"]


def test_the_command_works_outside_of_the_checkout(installed: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-m", "gfplint", "--list-rules"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("GFP001  ")
    where = "import gfplint.resources as r; print(r.rules_directory())"
    found = subprocess.run(
        [sys.executable, "-c", where],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == str(installed / "gfplint" / "_rules")
