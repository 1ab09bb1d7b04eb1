"""Pages that are made from the code: they are up to date, and the man page is a well-formed one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import click
import pytest

from gfplint import cli
from gfplint.command import config
from tools import manual, pages

MAN = pages.ROOT / "share" / "man" / "man1" / "gfplint.1"
OPTIONS = [parameter for parameter in cli.command.params if isinstance(parameter, click.Option)]


@pytest.mark.parametrize(
    ("path", "text"), list(pages.pages()), ids=lambda value: Path(str(value)[:99]).name[:20]
)
def test_page_is_what_the_code_says(path: Path, text: str) -> None:
    assert manual.undated(path.read_text("utf-8")) == manual.undated(text), "run: make pages"


def test_the_man_page_has_every_option() -> None:
    text = MAN.read_text("utf-8")
    for option in OPTIONS:
        for name in (*option.opts, *option.secondary_opts):
            assert rf"\fB{manual.escape(name)}\fP" in text
    for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES"):
        assert f"\n.SH {heading}\n" in text


@pytest.mark.parametrize(
    "checker",
    [["groff", "-ww", "-man", "-Tutf8"], ["mandoc", "-Tlint"], ["man", "--warnings", "-l"]],
    ids=lambda command: command[0],
)
def test_the_man_page_is_free_of_warnings(checker: list[str]) -> None:
    if shutil.which(checker[0]) is None:
        pytest.skip(f"there is no {checker[0]} here")
    done = subprocess.run([*checker, str(MAN)], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    if checker[0] == "mandoc":
        assert done.stdout == ""


def test_roff_prints_what_the_text_says() -> None:
    assert manual.escape("don't -x \\n ~") == r"don\(aqt \-x \en \(ti"
    assert manual.escape(".config") == r"\&.config"


def test_every_key_is_in_the_documentation() -> None:
    text = pages.CONFIGURATION.read_text("utf-8")
    for option in set(config.keys(cli.command).values()):
        assert f"\n| `{manual.long_names(option)[0][2:]}` |" in text  # type: ignore[arg-type]


def test_help_lists_every_option_and_says_what_a_file_may_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    text = capsys.readouterr().out
    for option in OPTIONS:
        assert max(option.opts, key=len) in text
    assert "Options under Rules, Kernel" in text
    assert ".gfplint.toml" in text
